//! The shapes of the three lights: a tick in a circle, a mark in a triangle, a bar in an octagon. Told apart without colour.

use domain::checkin::Light;
use leptos::prelude::*;

/// The shape of a light. The word beside it says the same.
pub(crate) fn light(light: Light) -> AnyView {
    match light {
        Light::Green => drawn("M24 3a21 21 0 1 0 0 42 21 21 0 0 0 0-42z", "m14 25 7 7 14-16"),
        Light::Amber => drawn("M24 4 46 43H2z", "M24 18v12M24 36.5v.01"),
        Light::Red => drawn("M15.3 3h17.4L45 15.3v17.4L32.7 45H15.3L3 32.7V15.3z", "M14 24h20"),
    }
}

/// A large tick for what is recorded.
pub(crate) fn tick() -> AnyView {
    drawn("M24 3a21 21 0 1 0 0 42 21 21 0 0 0 0-42z", "m14 25 7 7 14-16")
}

fn drawn(outline: &'static str, sign: &'static str) -> AnyView {
    view! {
        <svg class="shape" viewBox="0 0 48 48" aria-hidden="true">
            <path class="shape-ground" d=outline></path>
            <path class="shape-sign" d=sign></path>
        </svg>
    }
    .into_any()
}
