//! What the page of a ticket asks of the phone: that the screen stays on, and that the page opens again without a network.

use js_sys::{Function, Object, Promise, Reflect};
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::ui::dom;

/// What keeps the page's files for the next time; it works below [`BELOW`] only.
const WORKER: &str = "/bookings-sw.js";
/// Where tickets are.
const BELOW: &str = "/bookings";

type Held = StoredValue<Option<JsValue>, LocalStorage>;

/// Keeps the screen on for as long as the page is there and in sight. A browser that cannot, or a battery that is low, changes nothing else.
pub(crate) fn keep_awake() {
    let held = StoredValue::new_local(None);
    ask(held);
    // a browser lets go of the screen when the page goes out of sight
    let back = window_event_listener_untyped("visibilitychange", move |_| {
        if dom::is_visible() && held.try_with_value(|held| held.as_ref().is_none_or(is_released)) == Some(true) {
            ask(held);
        }
    });
    on_cleanup(move || {
        back.remove();
        if let Some(lock) = held.try_update_value(Option::take).flatten() {
            release(&lock);
        }
    });
}

fn ask(held: Held) {
    let navigator = dom::window().navigator();
    let Some(lock) = property(&navigator, "wakeLock") else { return };
    let Some(asked) = call(&lock, "request", &["screen".into()]) else { return };
    spawn_local(async move {
        let Ok(lock) = JsFuture::from(asked).await else { return };
        // whoever left the page meanwhile lets the screen go
        if let Some(Some(lock)) = held.try_set_value(Some(lock)) {
            release(&lock);
        }
    });
}

fn is_released(lock: &JsValue) -> bool {
    property(lock, "released").is_some_and(|released| released.is_truthy())
}

fn release(lock: &JsValue) {
    settle(call(lock, "release", &[]));
}

/// Has the page's files kept, so that it opens at the door without a network. No data is among them.
pub(crate) fn keep_page() {
    let Some(container) = property(&dom::window().navigator(), "serviceWorker") else { return };
    let options = Object::new();
    let _ = Reflect::set(&options, &"scope".into(), &BELOW.into());
    settle(call(&container, "register", &[WORKER.into(), options.into()]));
}

fn property(of: &JsValue, name: &str) -> Option<JsValue> {
    Reflect::get(of, &name.into()).ok().filter(|value| !value.is_undefined() && !value.is_null())
}

/// Calls a method that promises something.
fn call(of: &JsValue, name: &str, arguments: &[JsValue]) -> Option<Promise> {
    let method: Function = property(of, name)?.dyn_into().ok()?;
    method.apply(of, &arguments.iter().collect()).ok()?.dyn_into().ok()
}

/// Nothing follows from how it ends; a page that complains helps nobody.
fn settle(promised: Option<Promise>) {
    if let Some(promised) = promised {
        spawn_local(async move {
            let _ = JsFuture::from(promised).await;
        });
    }
}
