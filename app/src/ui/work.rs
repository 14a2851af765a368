//! Work that the service asks of a device, done between two pictures: the page goes on meanwhile.

use core::time::Duration;

use domain::work::{Challenge, Found, Search, Work};
use leptos::prelude::set_timeout;

/// Tries between two breaths: a fraction of a frame on a new phone, some frames on an old one.
const TRIES: u32 = 16;

/// Works it out and hands it to `then`; nothing where it cannot be done.
pub fn work_out(challenge: Challenge, then: impl FnOnce(Option<Work>) + 'static) {
    match Search::new(&challenge.parameters) {
        Some(search) => go_on(search, challenge, then),
        None => then(None),
    }
}

fn go_on(mut search: Search, challenge: Challenge, then: impl FnOnce(Option<Work>) + 'static) {
    match search.go_on(TRIES) {
        Found::Solution(solution) => then(Some(Work { challenge, solution })),
        Found::Nothing => then(None),
        Found::NotYet => set_timeout(move || go_on(search, challenge, then), Duration::ZERO),
    }
}
