//! Plots of throughput and latency against offered load, as SVG that reads well on a light and on a dark page.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

use crate::report::short;

/// One offered load of the sweep.
#[derive(Serialize, Deserialize)]
pub(crate) struct Point {
    /// Reservations a second that were due.
    pub(crate) offered: f64,
    pub(crate) booked: f64,
    /// Answered 503.
    pub(crate) refused: f64,
    /// Of the booked, from the moment they were due.
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 400.0;
/// The plot's own edges: left, right, top, bottom.
const LEFT: f64 = 72.0;
const RIGHT: f64 = 596.0;
const TOP: f64 = 64.0;
const BOTTOM: f64 = 340.0;

const STYLE: &str = "\
.paper{fill:#fff}.grid{stroke:#e3e6ea}.axis{stroke:#8b95a1}text{font:13px system-ui,-apple-system,'Segoe UI','Noto Sans',sans-serif;fill:#4a5563}\
.title{font-size:16px;font-weight:600;fill:#17202a}.line{fill:none;stroke-width:2.5;stroke-linejoin:round;stroke-linecap:round}\
.a{stroke:#0b6bcb}.b{stroke:#c2410c}.c{stroke:#8b95a1;stroke-width:1.5;stroke-dasharray:2 5}\
.dot.a{fill:#0b6bcb;stroke:none}.dot.b{fill:#c2410c;stroke:none}text.a{fill:#0b6bcb;stroke:none;font-weight:600}text.b{fill:#c2410c;stroke:none;font-weight:600}text.c{stroke:none}\
@media(prefers-color-scheme:dark){.paper{fill:#0f151c}.grid{stroke:#26303b}.axis{stroke:#64707d}text{fill:#a8b3bf}.title{fill:#eef2f6}\
.a{stroke:#5eb0ff}.b{stroke:#ff9d5c}.c{stroke:#64707d}.dot.a{fill:#5eb0ff}.dot.b{fill:#ff9d5c}text.a{fill:#5eb0ff}text.b{fill:#ff9d5c}}";

/// How values become heights.
enum Scale {
    Linear(f64),
    /// From the one power of ten to the other.
    Log(i32, i32),
}

struct Series<'a> {
    class: &'a str,
    name: &'a str,
    values: Vec<(f64, f64)>,
}

/// Every plot with its file's name; none without points.
pub(crate) fn all(points: &[Point]) -> Vec<(&'static str, String)> {
    if points.is_empty() {
        return vec![];
    }
    let along = |value: fn(&Point) -> f64| points.iter().map(|point| (point.offered, value(point))).collect::<Vec<_>>();
    let most_offered = points.iter().map(|point| point.offered).fold(1.0, f64::max);
    let most_booked = points.iter().map(|point| point.booked.max(point.refused)).fold(1.0, f64::max);
    let top = nice_top(most_booked * 1.1);
    let diagonal = vec![(0.0, 0.0), (top.min(most_offered), top.min(most_offered))];
    let throughput = [
        Series { class: "c", name: "all of them", values: diagonal },
        Series { class: "b", name: "asked to come later", values: along(|point| point.refused) },
        Series { class: "a", name: "booked", values: along(|point| point.booked) },
    ];
    let latency = [
        Series { class: "c", name: "goal for 99 of 100", values: vec![(0.0, 250.0), (most_offered, 250.0)] },
        Series { class: "b", name: "99 of 100", values: along(|point| point.p99_ms.max(1.0)) },
        Series { class: "a", name: "half", values: along(|point| point.p50_ms.max(1.0)) },
    ];
    let slowest = points.iter().map(|point| point.p99_ms).fold(10.0, f64::max);
    let decades = Scale::Log(0, slowest.log10().ceil() as i32);
    vec![
        (
            "load-throughput.svg",
            draw("Reservations a second, answered against offered", most_offered, &Scale::Linear(top), &throughput),
        ),
        ("load-latency.svg", draw("How long a booking takes, against the load offered", most_offered, &decades, &latency)),
    ]
}

/// The next 1, 2, 2.5 or 5 times a power of ten.
fn nice_top(value: f64) -> f64 {
    let power = 10_f64.powf(value.log10().floor());
    [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().map(|step| step * power).find(|top| *top >= value).unwrap_or(value)
}

impl Scale {
    fn y(&self, value: f64) -> f64 {
        let part = match self {
            Self::Linear(top) => value / top,
            Self::Log(low, high) => (value.log10() - f64::from(*low)) / f64::from(high - low),
        };
        BOTTOM - part.clamp(0.0, 1.0) * (BOTTOM - TOP)
    }

    fn ticks(&self) -> Vec<(f64, String)> {
        match self {
            Self::Linear(top) => (0..=5).map(|n| top * f64::from(n) / 5.0).map(|value| (value, thousands(value))).collect(),
            Self::Log(low, high) => (*low..=*high).map(|power| 10_f64.powi(power)).map(|value| (value, time(value))).collect(),
        }
    }
}

fn time(ms: f64) -> String {
    if ms >= 1000.0 { format!("{} s", short(ms / 1000.0)) } else { format!("{} ms", short(ms)) }
}

fn thousands(value: f64) -> String {
    if value >= 1000.0 { format!("{}k", trimmed(value / 1000.0)) } else { trimmed(value) }
}

/// At most one decimal.
fn trimmed(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

fn draw(title: &str, most_offered: f64, scale: &Scale, series: &[Series<'_>]) -> String {
    let right = nice_top(most_offered);
    let x = |value: f64| LEFT + value / right * (RIGHT - LEFT);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{title}\"><style>{STYLE}</style>\
         <rect class=\"paper\" width=\"{WIDTH}\" height=\"{HEIGHT}\" rx=\"8\"/><text class=\"title\" x=\"{LEFT}\" y=\"34\">{title}</text>\n"
    );
    for (value, label) in scale.ticks() {
        let y = scale.y(value);
        let _ = writeln!(
            svg,
            "<path class=\"grid\" d=\"M{LEFT} {y:.1}H{RIGHT}\"/><text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>",
            LEFT - 10.0,
            y + 4.5
        );
    }
    for n in 0..=5 {
        let value = right * f64::from(n) / 5.0;
        let _ =
            writeln!(svg, "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>", x(value), BOTTOM + 22.0, thousands(value));
    }
    let _ = writeln!(
        svg,
        "<path class=\"axis\" d=\"M{LEFT} {BOTTOM}H{RIGHT}\"/><text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">reservations offered a second</text>",
        f64::midpoint(LEFT, RIGHT),
        BOTTOM + 46.0
    );
    let mut labels: Vec<(f64, &Series<'_>)> = Vec::new();
    for one in series {
        let path: Vec<String> = one.values.iter().map(|(at, value)| format!("{:.1} {:.1}", x(*at), scale.y(*value))).collect();
        let _ = writeln!(svg, "<path class=\"line {}\" d=\"M{}\"/>", one.class, path.join("L"));
        if one.class != "c" {
            for (at, value) in &one.values {
                let _ = writeln!(
                    svg,
                    "<circle class=\"dot {}\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"4\"/>",
                    one.class,
                    x(*at),
                    scale.y(*value)
                );
            }
        }
        if let Some((_, value)) = one.values.last() {
            labels.push((scale.y(*value), one));
        }
    }
    // each line's name stands at its end, the names never on each other
    labels.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut free = TOP;
    for (y, one) in labels {
        let y = y.max(free);
        free = y + 18.0;
        let end = one.values.last().map_or(RIGHT, |(at, _)| x(*at)) + 10.0;
        let _ = writeln!(svg, "<text class=\"{}\" x=\"{end:.1}\" y=\"{:.1}\">{}</text>", one.class, y + 4.5, one.name);
    }
    svg.push_str("</svg>\n");
    svg
}
