//! The scan page: the home of staff. Camera and field on one side, the answer on the other.

use leptos::prelude::*;
use web_sys::KeyboardEvent;

use super::answer::answer;
use super::camera::Camera;
use super::counter::{Counter, Screen};
use super::{field, photo, sound};
use crate::ui::{dom, t};

/// It.
pub(super) fn page() -> AnyView {
    Effect::new(|_| dom::title(t("扫码核销 · 接种点工作台", "Scan · Vaccination desk")));
    let counter = Counter::start();
    let camera = Camera::start(counter);
    let shortcuts = window_event_listener(leptos::ev::keydown, move |event: KeyboardEvent| match &*event.key() {
        "Enter" if event.ctrl_key() => counter.redeem(),
        "Escape" if !counter.screen.with_untracked(|screen| matches!(screen, Screen::Recording(..))) => counter.clear(),
        _ => {}
    });
    on_cleanup(move || shortcuts.remove());
    let waiting = move || counter.screen.with(|screen| *screen == Screen::Ready);
    view! {
        <div class="counter" class:waiting=waiting>
            <h1 class="sr">{move || t("扫码核销", "Scan and record")}</h1>
            <div class="side">
                {camera.view()}
                {field::field(counter)}
                <div class="side-more">{photo::photo(counter)} {sound_switch()} {clear(counter)}</div>
            </div>
            {answer(counter)}
        </div>
    }
    .into_any()
}

fn sound_switch() -> AnyView {
    let pressed = || if sound::is_on() { "true" } else { "false" };
    view! {
        <button type="button" class="pill" aria-pressed=pressed on:click=|_| sound::turn(!sound::is_on())>
            {move || if sound::is_on() { t("声音：开", "Sound: on") } else { t("声音：关", "Sound: off") }}
        </button>
    }
    .into_any()
}

fn clear(counter: Counter) -> AnyView {
    let off = move || counter.screen.with(|screen| matches!(screen, Screen::Ready | Screen::Recording(..)));
    view! {
        <button type="button" class="pill" aria-keyshortcuts="Escape" disabled=off on:click=move |_| counter.clear()>
            {move || t("清屏", "Clear")}
        </button>
    }
    .into_any()
}

/// An address of ours that leads nowhere.
pub(super) fn lost() -> AnyView {
    view! {
        <div class="nowhere">
            <h1>{move || t("没有这个页面", "There is no such page")}</h1>
            <a class="btn" href="/staff">{move || t("去扫码", "Go to scanning")}</a>
        </div>
    }
    .into_any()
}
