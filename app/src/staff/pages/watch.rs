//! Whether somebody is at the screen: told to the server, which decides when a session locks, and the page locks by itself as well.
//!
//! A tablet that was signed out by the house finds out here, without anybody's touching it.

use core::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::desk::{Desk, Session};
use crate::api;
use crate::ui::dom;

/// How often it is looked whether the screen is to lock.
const LOOK_MS: u64 = 5_000;
/// How often the server is told that somebody is there, at most; and how often it is asked whether the session is still good.
const TELL_MS: f64 = 60_000.0;

#[derive(Clone, Copy)]
struct Watch {
    desk: Desk,
    /// When somebody last touched anything, in milliseconds.
    touched: StoredValue<f64>,
    told: StoredValue<f64>,
}

/// Begins. It lasts as long as the document.
pub(super) fn start(desk: Desk) {
    let now = js_sys::Date::now();
    let watch = Watch { desk, touched: StoredValue::new(now), told: StoredValue::new(now) };
    let _ = window_event_listener(leptos::ev::pointerdown, move |_| watch.touch());
    let _ = window_event_listener(leptos::ev::keydown, move |_| watch.touch());
    set_interval(move || watch.look(), Duration::from_millis(LOOK_MS));
    // a tablet that slept had no timers
    let _ = window_event_listener(leptos::ev::visibilitychange, move |_| {
        if dom::is_visible() {
            watch.look();
            watch.ask(false);
        }
    });
    // whoever has just signed in, or opened the screen, is there
    Effect::new(move |_| {
        desk.signed_in.track();
        watch.touched.set_value(js_sys::Date::now());
    });
}

impl Watch {
    fn touch(self) {
        let now = js_sys::Date::now();
        // whoever comes too late finds it locked
        self.look();
        self.touched.set_value(now);
        if now - self.told.get_value() >= TELL_MS {
            self.ask(true);
        }
    }

    fn look(self) {
        if self.desk.session.get_untracked() != Session::In {
            return;
        }
        let now = js_sys::Date::now();
        let after = self.desk.member.with_untracked(|member| member.as_ref().and_then(|member| member.lock_after_s));
        if after.is_some_and(|after| now - self.touched.get_value() >= f64::from(after) * 1_000.0) {
            return self.desk.lock();
        }
        if now - self.told.get_value() >= TELL_MS {
            self.ask(false);
        }
    }

    /// Asks whether the session is still good, and says whether somebody is there.
    fn ask(self, in_use: bool) {
        if self.desk.session.get_untracked() != Session::In {
            return;
        }
        self.told.set_value(js_sys::Date::now());
        spawn_local(async move {
            if let Ok(one) = self.desk.ask(api::staff::me(in_use)).await {
                self.desk.learn(one.staff);
            }
        });
    }
}
