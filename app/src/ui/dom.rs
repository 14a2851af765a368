//! The few things that pages ask of the browser itself.

use domain::{DateTime, Utc, Uuid};
use leptos::prelude::{request_animation_frame, set_timeout};
use wasm_bindgen::JsCast;
use web_sys::{Document, FocusOptions, HtmlElement, Storage, VisibilityState, Window};

/// The window.
pub fn window() -> Window {
    web_sys::window().expect("this code runs in a browser's window")
}

/// The document.
pub fn document() -> Document {
    window().document().expect("a window has a document")
}

/// Reads from localStorage; nothing where storage is switched off.
pub fn local(key: &str) -> Option<String> {
    window().local_storage().ok().flatten()?.get_item(key).ok().flatten()
}

/// Writes to localStorage; `None` removes.
pub fn keep_local(key: &str, value: Option<&str>) {
    keep(window().local_storage().ok().flatten(), key, value);
}

/// Reads from sessionStorage: what this tab keeps through reloads.
pub fn session(key: &str) -> Option<String> {
    window().session_storage().ok().flatten()?.get_item(key).ok().flatten()
}

/// Writes to sessionStorage; `None` removes.
pub fn keep_session(key: &str, value: Option<&str>) {
    keep(window().session_storage().ok().flatten(), key, value);
}

fn keep(storage: Option<Storage>, key: &str, value: Option<&str>) {
    let Some(storage) = storage else { return };
    // A full or forbidden store only costs the comfort of a reload.
    let _ = match value {
        Some(value) => storage.set_item(key, value),
        None => storage.remove_item(key),
    };
}

/// A parameter of the address's query, as it stands there.
pub fn query(name: &str) -> Option<String> {
    let search = window().location().search().ok()?;
    let pairs = search.trim_start_matches('?').split('&');
    pairs.filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
}

/// Whether a cookie of a name is here, for scripts to see; it is taken away.
pub fn take_cookie(name: &str) -> bool {
    let (document, key) = (document(), "cookie".into());
    let all = js_sys::Reflect::get(&document, &key).ok().and_then(|all| all.as_string()).unwrap_or_default();
    let here = all.split(';').filter_map(|pair| pair.trim().split_once('=')).any(|(one, _)| one == name);
    if here {
        let _ = js_sys::Reflect::set(&document, &key, &format!("{name}=; Path=/; Max-Age=0").into());
    }
    here
}

/// The text of the element of an id.
pub fn text_of(id: &str) -> Option<String> {
    element(id)?.text_content()
}

/// A new id for what is asked for once. It begins with the time (UUID version 7), so that among ten million of them the database
/// writes those of a minute side by side.
pub fn new_id() -> Uuid {
    let drawn = Uuid::new_v4();
    // without the bytes that tell the version and the variant
    let [a, b, c, d, e, f, _, _, _, g, h, i, j, ..] = *drawn.as_bytes();
    let millis = u64::try_from(now().timestamp_millis()).unwrap_or_default();
    uuid::Builder::from_unix_timestamp_millis(millis, &[a, b, c, d, e, f, g, h, i, j]).into_uuid()
}

/// The element of an id.
pub fn element(id: &str) -> Option<HtmlElement> {
    document().get_element_by_id(id)?.dyn_into().ok()
}

/// The words of the label that belongs to the field of an id.
pub fn label_of(id: &str) -> Option<String> {
    document().query_selector(&format!("label[for={id}]")).ok()??.text_content()
}

/// Gives focus to the element of an id once the page that holds it is drawn.
pub fn focus_soon(id: &'static str) {
    request_animation_frame(move || focus(id));
}

/// Gives focus to the element of an id; the browser brings it into sight.
pub fn focus(id: &str) {
    if let Some(element) = element(id) {
        let _ = element.focus();
    }
}

/// Brings the top of the page into sight once what changed is drawn.
pub fn to_top_soon() {
    request_animation_frame(|| window().scroll_to_with_x_and_y(0.0, 0.0));
}

/// Runs `then` after `ms` milliseconds.
pub fn after(ms: u32, then: impl FnOnce() + 'static) {
    set_timeout(then, core::time::Duration::from_millis(u64::from(ms)));
}

/// The present instant by the browser's clock: good for what is shown, never for what is decided.
pub fn now() -> DateTime<Utc> {
    // Milliseconds since 1970 stay exact in a double for 285,000 years.
    DateTime::from_timestamp_millis(js_sys::Date::now() as i64).unwrap_or_default()
}

/// Gives focus without moving the page: where it stands is the router's and the browser's business.
pub fn focus_in_place(id: &str) {
    if let Some(element) = element(id) {
        let options = FocusOptions::new();
        options.set_prevent_scroll(true);
        let _ = element.focus_with_options(&options);
    }
}

/// Whether the page is in sight.
pub fn is_visible() -> bool {
    document().visibility_state() == VisibilityState::Visible
}

/// Sets the document's title, without touching what is not ours.
pub fn title(text: &str) {
    document().set_title(text);
}
