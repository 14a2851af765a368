//! Going to another page of ours, from anywhere.
//!
//! Links are plain `<a href>`: the router takes those of our own origin. `rel="external"` leaves the application.

use std::cell::RefCell;

use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

type Go = Box<dyn Fn(&str, NavigateOptions)>;

thread_local! {
    static GO: RefCell<Option<Go>> = const { RefCell::new(None) };
}

/// Remembers the router. Call once inside of it.
pub fn start() {
    let navigate = use_navigate();
    GO.with(|go| *go.borrow_mut() = Some(Box::new(navigate)));
}

/// Goes to a page, as a link would.
pub fn go(path: &str) {
    to(path, false);
}

/// Goes to a page in place of this one: going back will not come here again.
pub fn replace(path: &str) {
    to(path, true);
}

fn to(path: &str, replace: bool) {
    GO.with(|go| {
        if let Some(go) = go.borrow().as_ref() {
            go(path, NavigateOptions { replace, ..NavigateOptions::default() });
        }
    });
}
