//! Writes the results down: as Markdown beside the JSON, and, when asked to, into `BENCHMARKS.md` with its plots in `.about/`.

use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, Result};

use crate::plot;
use crate::report::{Figure, Report, short};

/// What stands between these lines of `BENCHMARKS.md` is written by `make bench RECORD=1`.
const FROM: &str = "<!-- results: written by make bench RECORD=1 -->";
const TO: &str = "<!-- end of results -->";

/// Writes everything under `folder`; and into the project at `root` as well, if `record`.
pub(crate) fn write(report: &Report, folder: &Path, root: &Path, record: bool) -> Result<()> {
    report.write(folder)?;
    let text = markdown(report);
    std::fs::write(folder.join("results.md"), &text)?;
    let plots = plot::all(&report.points);
    for (name, svg) in &plots {
        std::fs::write(folder.join(name), svg)?;
    }
    if !record {
        return Ok(());
    }
    let file = root.join("BENCHMARKS.md");
    let page = std::fs::read_to_string(&file).context("BENCHMARKS.md is there")?;
    let (before, rest) = page.split_once(FROM).context("BENCHMARKS.md has the line where results begin")?;
    let (_, after) = rest.split_once(TO).context("BENCHMARKS.md has the line where results end")?;
    std::fs::write(&file, format!("{before}{FROM}\n{text}{TO}{after}"))?;
    for (name, svg) in &plots {
        std::fs::write(root.join(".about").join(name), svg)?;
    }
    Ok(())
}

fn markdown(report: &Report) -> String {
    let mut text = String::from("\n| | figure | goal | |\n|---|---|---|---|\n");
    let mut parts: Vec<_> = report.parts.iter().collect();
    // P10 after P9
    parts.sort_by_key(|(name, _)| (name.len(), *name));
    for (name, part) in &parts {
        for figure in &part.figures {
            let (Some(goal), Some(met)) = (&figure.goal, figure.met) else { continue };
            let verdict = if met { "met" } else { "**missed**" };
            let _ = writeln!(text, "| {name} | `{}` {} | {goal} | {verdict} |", figure.name, amount(figure));
        }
    }
    for (name, part) in &parts {
        let _ = writeln!(text, "\n### {name} · {} · {}\n\n| | |\n|---|---|", part.at, part.machine);
        for figure in &part.figures {
            let _ = writeln!(text, "| `{}` | {} |", figure.name, amount(figure));
        }
        text.push('\n');
        for note in &part.notes {
            let _ = writeln!(text, "- {note}");
        }
    }
    text.push('\n');
    text
}

/// `12345 bookings/s`, `8.4 ×`
fn amount(figure: &Figure) -> String {
    let unit = if figure.unit == "ratio" { "×" } else { &figure.unit };
    format!("{} {unit}", short(figure.value))
}
