//! What is printed and kept: one line a figure, with its goal beside it.

use std::io::Write;

use serde::Serialize;

/// What a figure is to be.
#[derive(Clone, Copy)]
pub(crate) enum Goal {
    AtLeast(f64),
    AtMost(f64),
    Exactly(f64),
}

/// A figure.
#[derive(Serialize)]
pub(crate) struct Figure {
    /// Which goal it belongs to: `P1`.
    pub(crate) part: String,
    pub(crate) name: String,
    pub(crate) value: f64,
    /// `ratio`, or the unit.
    pub(crate) unit: String,
    pub(crate) goal: Option<String>,
    pub(crate) met: Option<bool>,
}

/// All figures of a run.
#[derive(Default, Serialize)]
pub(crate) struct Report {
    pub(crate) figures: Vec<Figure>,
    /// What was checked, and how.
    pub(crate) notes: Vec<String>,
    #[serde(skip)]
    part: String,
}

impl Report {
    /// The figures that follow belong to `part`.
    pub(crate) fn part(&mut self, part: &str) {
        part.clone_into(&mut self.part);
    }

    /// `name value unit`
    pub(crate) fn value(&mut self, name: &str, value: f64, unit: &str, goal: Option<Goal>) {
        self.push(name, value, unit, goal);
    }

    /// `name ratio value`
    pub(crate) fn ratio(&mut self, name: &str, value: f64, goal: Option<Goal>) {
        self.push(name, value, "ratio", goal);
    }

    /// What was checked.
    pub(crate) fn note(&mut self, text: String) {
        note(&text);
        self.notes.push(format!("{}: {text}", self.part));
    }

    fn push(&mut self, name: &str, value: f64, unit: &str, goal: Option<Goal>) {
        let name = format!("{}_{name}", self.part.to_lowercase());
        let (goal, met) = match goal {
            None => (None, None),
            Some(Goal::AtLeast(bound)) => (Some(format!("≥ {}", short(bound))), Some(value >= bound)),
            Some(Goal::AtMost(bound)) => (Some(format!("≤ {}", short(bound))), Some(value <= bound)),
            Some(Goal::Exactly(bound)) => (Some(format!("= {}", short(bound))), Some((value - bound).abs() < 0.5)),
        };
        let figure = Figure { part: self.part.clone(), name, value, unit: unit.to_owned(), goal, met };
        line(&figure.text());
        self.figures.push(figure);
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
            (Some(goal), Some(met)) => format!("{figure:<56} # goal {goal}: {}", if met { "met" } else { "MISSED" }),
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
