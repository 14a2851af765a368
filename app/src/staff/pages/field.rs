//! The one scan field: a scanner types into it as a keyboard does, and so does a hand. It keeps the focus by itself.

use leptos::html::Input;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, KeyboardEvent};

use super::counter::Counter;
use crate::staff::scan::is_whole_pass;
use crate::ui::{dom, t};

/// The id of the field.
pub(super) const FIELD: &str = "scan";

/// The field and its button.
pub(super) fn field(counter: Counter) -> AnyView {
    let input: NodeRef<Input> = NodeRef::new();
    let typed = RwSignal::new(String::new());
    // on a tablet the keys stay away until somebody taps into the field: they would cover half of the answer
    let keys = RwSignal::new(false);
    let submit = move || {
        let text = typed.get_untracked();
        if !text.trim().is_empty() && counter.scanned(&text) {
            typed.set(String::new());
            keys.set(false);
        }
    };
    let on_submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        submit();
        dom::focus(FIELD);
    };
    let on_input = move |event| {
        typed.set(event_target_value(&event));
        if typed.with_untracked(|text| is_whole_pass(text)) {
            submit();
        }
    };
    // some scanners end with a tab
    let on_key = move |event: KeyboardEvent| {
        if event.key() == "Tab"
            && !event.shift_key()
            && typed.with_untracked(|text| text.trim_start().to_ascii_uppercase().starts_with("YZ1."))
        {
            event.prevent_default();
            submit();
        }
    };
    keep_focus(input);
    view! {
        <form class="scan-form" novalidate=true on:submit=on_submit>
            <label for=FIELD>{move || t("扫码枪，或输入预约码、姓名、尾号", "Scanner; or type a code, a name or last four")}</label>
            <div class="scan-row">
                <input
                    id=FIELD
                    node_ref=input
                    type="text"
                    inputmode=move || if keys.get() { "text" } else { "none" }
                    autocomplete="off"
                    autocapitalize="characters"
                    spellcheck="false"
                    enterkeyhint="search"
                    maxlength="400"
                    placeholder="7K2-M9Q-X4TD"
                    prop:value=move || typed.get()
                    on:input=on_input
                    on:keydown=on_key
                    on:pointerdown=move |_| keys.set(true)
                />
                <button type="submit" class="btn">{move || t("查询", "Look up")}</button>
            </div>
            <p class="scan-held" role="status">
                {move || counter.held.get().then(|| t("请先等这一位处理完", "Finish with this person first"))}
            </p>
        </form>
    }
    .into_any()
}

/// Focus comes back whenever nothing else holds it; and a scanner that types while a button holds it is heard all the same.
fn keep_focus(input: NodeRef<Input>) {
    request_animation_frame(|| dom::focus(FIELD));
    let back = move || {
        if is_free() {
            dom::focus(FIELD);
        }
    };
    let out = window_event_listener(leptos::ev::focusout, move |_| request_animation_frame(back));
    let click = window_event_listener(leptos::ev::click, move |_| request_animation_frame(back));
    let key = window_event_listener(leptos::ev::keydown, move |event: KeyboardEvent| {
        let plain =
            event.key().chars().count() == 1 && event.key() != " " && !event.ctrl_key() && !event.meta_key() && !event.alt_key();
        if plain && !is_typing() && input.get_untracked().is_some() {
            // the key itself goes where the focus now is
            dom::focus(FIELD);
        }
    });
    let page_back = window_event_listener(leptos::ev::focus, move |_| request_animation_frame(back));
    on_cleanup(move || {
        out.remove();
        click.remove();
        key.remove();
        page_back.remove();
    });
}

fn active() -> Option<Element> {
    dom::document().active_element()
}

/// Nothing holds the focus, or something that only a pointer put it on.
fn is_free() -> bool {
    match active() {
        None => true,
        Some(element) => element.tag_name() == "BODY" || (element.dyn_ref::<HtmlElement>().is_some() && element.id() == "main"),
    }
}

fn is_typing() -> bool {
    active().is_some_and(|element| matches!(&*element.tag_name(), "INPUT" | "TEXTAREA" | "SELECT"))
}
