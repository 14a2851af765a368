//! The day's plot: a bar a window, of those who are done, wait, have yet to come and did not come, and above them what is free. Drawn by hand: six
//! kinds of rectangles need no library. Each kind differs by its pattern as well as by its colour; the numbers stand in the table below.

use domain::today::{Numbers, TodayWindow};
use leptos::prelude::*;

use super::today::words;
use crate::staff::scale::scale;
use crate::ui::{dom, lang, t};

/// What the numbers above the bars and the hours below them need.
const ABOVE: f64 = 28.0;
const BELOW: f64 = 30.0;
/// The tallest bar.
const TALL: f64 = 200.0;
/// All bars together are about so wide, and each is within these bounds.
const WIDE: f64 = 940.0;
const NARROWEST: f64 = 46.0;
const WIDEST: f64 = 96.0;
/// Room for the numbers of the scale.
const SCALE: f64 = 44.0;

/// The parts of a bar from its foot up, with their classes.
const PARTS: [&str; 5] = ["plot-done", "plot-waiting", "plot-to-come", "plot-not-come", "plot-free"];

const fn parts(numbers: &Numbers) -> [u32; 5] {
    [numbers.done, numbers.waiting, numbers.to_come, numbers.not_come, numbers.free]
}

/// What holds the plot, and is scrolled where the day is wider than the screen.
const FRAME: &str = "plot";

/// The legend, and the frame around what is drawn again whenever the numbers change.
pub(super) fn figure(drawn: impl Fn() -> Option<AnyView> + Send + 'static) -> AnyView {
    view! {
        <figure class="plot">
            {legend()}
            <div class="plot-frame" id=FRAME tabindex="0" role="group" aria-label=t("按时段的柱状图", "Bars by window")>{drawn}</div>
        </figure>
    }
    .into_any()
}

/// Moves a window to the left edge.
pub(super) fn show_from(window: usize, windows: usize) {
    if let Some(frame) = dom::element(FRAME) {
        frame.set_scroll_left((step_of(windows) * window as f64) as i32);
    }
}

fn step_of(windows: usize) -> f64 {
    (WIDE / windows.max(1) as f64).clamp(NARROWEST, WIDEST)
}

/// The plot.
pub(super) fn drawn(windows: &[TodayWindow]) -> AnyView {
    let most = windows.iter().map(|one| parts(&one.numbers).iter().sum()).max().unwrap_or(0);
    let (top, steps) = scale(most);
    let step = step_of(windows.len());
    let (width, height) = (SCALE + step * windows.len() as f64, ABOVE + TALL + BELOW);
    let lines: Vec<AnyView> = (0..=steps).map(|at| grid(at, top, steps, width)).collect();
    let bars: Vec<AnyView> = windows.iter().enumerate().map(|(at, one)| bar(SCALE + step * at as f64, step, one, top)).collect();
    view! {
        <svg
            role="img"
            aria-label=t("按时段的柱状图，数字见下表", "Bars by window; the numbers are in the table below")
            aria-describedby="today-table"
            viewBox=format!("0 0 {width} {height}")
            width=width
            height=height
        >
            {patterns()}
            {lines}
            {bars}
        </svg>
    }
    .into_any()
}

/// Lines across for those who wait, stripes for those to come, dots for those who did not.
fn patterns() -> AnyView {
    view! {
        <defs>
            <pattern id="plot-stripes" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
                <rect class="plot-stripes-ground" width="8" height="8"></rect>
                <rect class="plot-stripe" width="3" height="8"></rect>
            </pattern>
            <pattern id="plot-lines" width="8" height="8" patternUnits="userSpaceOnUse">
                <rect class="plot-lines-ground" width="8" height="8"></rect>
                <rect class="plot-line" width="8" height="4"></rect>
            </pattern>
            <pattern id="plot-dots" width="8" height="8" patternUnits="userSpaceOnUse">
                <rect class="plot-dots-ground" width="8" height="8"></rect>
                <circle class="plot-dot" cx="4" cy="4" r="2"></circle>
            </pattern>
        </defs>
    }
    .into_any()
}

fn legend() -> AnyView {
    let words = words(lang());
    let one = |(word, class): (&'static str, &'static str)| {
        view! {
            <li>
                <svg width="22" height="22" viewBox="0 0 22 22" aria-hidden="true"><rect class=class x="1" y="1" width="20" height="20" rx="3"></rect></svg>
                {word}
            </li>
        }
        .into_any()
    };
    let all: Vec<AnyView> = words.into_iter().skip(1).zip(PARTS).map(one).collect();
    view! { <figcaption><ul class="plot-legend">{all}</ul></figcaption> }.into_any()
}

fn grid(at: u32, top: u32, steps: u32, width: f64) -> AnyView {
    let value = top / steps * at;
    let y = ABOVE + TALL - TALL * f64::from(value) / f64::from(top);
    view! {
        <line class="plot-grid" x1=SCALE x2=width y1=y y2=y></line>
        <text class="plot-scale" x=SCALE - 8.0 y=y + 5.0>{value}</text>
    }
    .into_any()
}

fn bar(left: f64, step: f64, one: &TodayWindow, top: u32) -> AnyView {
    let wide = step * 0.64;
    let x = left + (step - wide) / 2.0;
    let mut y = ABOVE + TALL;
    let mut rects: Vec<AnyView> = vec![];
    for (count, class) in parts(&one.numbers).into_iter().zip(PARTS) {
        if count > 0 {
            let tall = TALL * f64::from(count) / f64::from(top);
            y -= tall;
            rects.push(view! { <rect class=class x=x y=y width=wide height=tall data-count=count></rect> }.into_any());
        }
    }
    let middle = left + step / 2.0;
    let sum = format!("{}/{}", one.numbers.done, one.numbers.expected);
    let hour = domain::time::hour_minute(one.window.start);
    let named = hour.clone();
    view! {
        <g class="plot-bar" data-window=named>
            {rects}
            <text class="plot-sum" x=middle y=y - 8.0>{sum}</text>
            <text class="plot-hour" x=middle y=ABOVE + TALL + 21.0>{hour}</text>
        </g>
    }
    .into_any()
}
