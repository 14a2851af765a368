//! Line icons, drawn in the colour of the words around them. They never stand alone: a word says the same.

use leptos::prelude::*;

/// An icon of a 24 × 24 grid from one path.
pub fn icon(path: &'static str) -> AnyView {
    view! {
        <svg
            class="icon"
            viewBox="0 0 24 24"
            width="24"
            height="24"
            fill="none"
            stroke="currentColor"
            stroke-width="1.8"
            stroke-linecap="round"
            stroke-linejoin="round"
            aria-hidden="true"
        >
            <path d=path></path>
        </svg>
    }
    .into_any()
}

/// A tick.
pub const TICK: &str = "m5 12.5 4.5 4.5L19 7.5";
/// An arrow back.
pub const BACK: &str = "M15 5l-7 7 7 7";
/// A small arrow on.
pub const ON: &str = "m9 5 7 7-7 7";
/// A telephone receiver.
pub const PHONE: &str = "M6 3h3l2 5-2.5 1.5a12 12 0 0 0 6 6L16 13l5 2v3a3 3 0 0 1-3 3A15 15 0 0 1 3 6a3 3 0 0 1 3-3z";
/// A cross.
pub const CROSS: &str = "M6 6l12 12M18 6 6 18";
/// A mark that calls for attention.
pub const LOOK: &str = "M12 6v8M12 18v.01";
