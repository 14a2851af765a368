//! What is printed and kept: one line a figure, with its goal beside it. What was not measured in this run is kept from the last one.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use domain::time::{Clock, civil};
use engine::clock::SystemClock;
use serde::{Deserialize, Serialize};

use crate::plot::Point;
use crate::proc;

/// What a figure is to be.
#[derive(Clone, Copy)]
pub(crate) enum Goal {
    AtLeast(f64),
    AtMost(f64),
    Exactly(f64),
}

/// A figure.
#[derive(Serialize, Deserialize)]
pub(crate) struct Figure {
    pub(crate) name: String,
    pub(crate) value: f64,
    /// `ratio`, or the unit.
    pub(crate) unit: String,
    pub(crate) goal: Option<String>,
    pub(crate) met: Option<bool>,
}

/// One goal's figures.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Part {
    /// When they were measured: `2026-11-23 08:00`.
    pub(crate) at: String,
    pub(crate) machine: String,
    pub(crate) figures: Vec<Figure>,
    /// What was checked, and how.
    pub(crate) notes: Vec<String>,
}

/// All figures.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) parts: BTreeMap<String, Part>,
    /// The sweep of offered loads.
    pub(crate) points: Vec<Point>,
    #[serde(skip)]
    begun: Vec<String>,
}

impl Report {
    /// That of the last run, to be changed by this one.
    pub(crate) fn read(folder: &Path) -> Self {
        let text = std::fs::read(folder.join("results.json")).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    /// Keeps it for the next run.
    pub(crate) fn write(&self, folder: &Path) -> Result<()> {
        std::fs::write(folder.join("results.json"), serde_json::to_vec_pretty(self)?).context("the results are written")
    }

    /// The figures that follow belong to `name`; those of an earlier run are forgotten.
    pub(crate) fn part(&mut self, name: &str) {
        if !self.begun.iter().any(|begun| begun == name) {
            let now = civil(SystemClock.now());
            let at = now.format("%Y-%m-%d %H:%M").to_string();
            self.parts.insert(name.to_owned(), Part { at, machine: proc::machine(), ..Part::default() });
        }
        self.begun.retain(|begun| begun != name);
        self.begun.push(name.to_owned());
    }

    /// `name value unit`
    pub(crate) fn value(&mut self, name: &str, value: f64, unit: &str, goal: Option<Goal>) {
        let (goal, met) = match goal {
            None => (None, None),
            Some(Goal::AtLeast(bound)) => (Some(format!("≥ {}", short(bound))), Some(value >= bound)),
            Some(Goal::AtMost(bound)) => (Some(format!("≤ {}", short(bound))), Some(value <= bound)),
            Some(Goal::Exactly(bound)) => (Some(format!("= {}", short(bound))), Some((value - bound).abs() < 0.5)),
        };
        let part = self.begun.last().map_or("", String::as_str);
        let name = format!("{}_{name}", part.to_lowercase());
        let figure = Figure { name, value, unit: unit.to_owned(), goal, met };
        line(&figure.text());
        self.parts.entry(part.to_owned()).or_default().figures.push(figure);
    }

    /// `name ratio value`
    pub(crate) fn ratio(&mut self, name: &str, value: f64, goal: Option<Goal>) {
        self.value(name, value, "ratio", goal);
    }

    /// What was checked.
    pub(crate) fn note(&mut self, text: String) {
        note(&text);
        let part = self.begun.last().map_or("", String::as_str);
        self.parts.entry(part.to_owned()).or_default().notes.push(text);
    }
}

impl Figure {
    fn text(&self) -> String {
        let value = short(self.value);
        let figure = match self.unit.as_str() {
            "ratio" => format!("{} ratio {value}", self.name),
            unit => format!("{} {value} {unit}", self.name),
        };
        match (&self.goal, self.met) {
            (Some(goal), Some(met)) => format!("{figure:<52} # goal {goal}: {}", if met { "met" } else { "MISSED" }),
            _ => figure,
        }
    }
}

/// A number with as many digits as it deserves.
pub(crate) fn short(value: f64) -> String {
    let digits = match value.abs() {
        size if size >= 100.0 || value.fract() == 0.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 0.1 => 2,
        _ => 4,
    };
    format!("{value:.digits$}")
}

/// Prints a line that is no figure.
pub(crate) fn note(text: &str) {
    line(&format!("  {text}"));
}

/// Prints a line.
pub(crate) fn line(text: &str) {
    let mut out = std::io::stdout().lock();
    // whoever reads it may have gone; the benchmark goes on
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}
