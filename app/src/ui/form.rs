//! Fields, their errors, and the summary on top: the same words in both places, focus where the mistake is.
//!
//! A field is known by its path on the wire (`document.number`), so an error from the server finds its place by itself.

use domain::error::Error;
use domain::reason::Reason;
use leptos::prelude::*;

use super::page::title_with_errors;
use super::{dom, lang, t};

/// What a field is called and how it behaves.
#[derive(Clone, Copy)]
pub struct Field {
    /// Its path on the wire.
    pub name: &'static str,
    /// Its label, in the reader's language.
    pub label: &'static str,
    /// A line that helps; may be empty.
    pub hint: &'static str,
    /// `type` of the input.
    pub kind: &'static str,
    /// `inputmode`.
    pub mode: &'static str,
    /// `autocomplete` (WCAG 1.3.5).
    pub autocomplete: &'static str,
    /// The most characters that can be typed.
    pub most: u32,
}

impl Field {
    /// A plain field of text.
    pub const fn text(name: &'static str, label: &'static str) -> Self {
        Self { name, label, hint: "", kind: "text", mode: "text", autocomplete: "off", most: 200 }
    }

    /// The id of its input.
    pub fn id(&self) -> String {
        field_id(self.name)
    }
}

/// The id of the input of a field.
pub fn field_id(name: &str) -> String {
    format!("f-{}", name.replace('.', "-"))
}

/// The id of the error summary.
pub const SUMMARY: &str = "error-summary";

fn is_wrong(errors: RwSignal<Vec<Error>>, name: &str) -> bool {
    errors.with(|all| all.iter().any(|error| error.field.as_deref() == Some(name)))
}

/// The words of an error; where a field was left out, they name it.
fn words(error: &Error, label: Option<&str>) -> String {
    let lang = lang();
    match (&error.reason, label) {
        (Some(Reason::Missing), Some(label)) => lang.pick(format!("请填写{label}"), format!("Fill in: {label}")),
        _ => error.text(lang),
    }
}

/// A field of one line. What is typed goes into `value` at once.
pub fn text_field(field: Field, value: RwSignal<String>, errors: RwSignal<Vec<Error>>) -> AnyView {
    worded_field(field, field.label.to_owned(), field.hint.to_owned(), value, errors)
}

/// A field of one line whose label and hint are made of what is known at the moment.
pub fn worded_field(field: Field, label: String, hint: String, value: RwSignal<String>, errors: RwSignal<Vec<Error>>) -> AnyView {
    let id = field.id();
    let input = view! {
        <input
            id=id.clone()
            name=field.name
            type=field.kind
            inputmode=field.mode
            autocomplete=field.autocomplete
            autocapitalize="off"
            spellcheck="false"
            maxlength=field.most
            prop:value=move || value.get()
            on:input=move |event| value.set(event_target_value(&event))
            aria-describedby=described_by(&id, &hint)
            aria-invalid=move || is_wrong(errors, field.name).then_some("true")
        />
    };
    framed(field.name, id, label, hint, errors, input.into_any())
}

/// A field with a list to choose from: pairs of value and words. The first line asks to choose.
pub fn select_field(
    field: Field,
    options: Vec<(String, String)>,
    value: RwSignal<String>,
    errors: RwSignal<Vec<Error>>,
) -> AnyView {
    let id = field.id();
    let chosen = value.get_untracked();
    let lines: Vec<AnyView> = options
        .into_iter()
        .map(|(key, words)| {
            let selected = key == chosen;
            view! { <option value=key selected=selected>{words}</option> }.into_any()
        })
        .collect();
    let ask = chosen.is_empty().then(|| view! { <option value="" selected=true disabled=true>{t("请选择", "Choose")}</option> });
    let input = view! {
        <select
            id=id.clone()
            name=field.name
            autocomplete=field.autocomplete
            prop:value=move || value.get()
            on:change=move |event| value.set(event_target_value(&event))
            aria-describedby=described_by(&id, field.hint)
            aria-invalid=move || is_wrong(errors, field.name).then_some("true")
        >
            {ask}
            {lines}
        </select>
    };
    framed(field.name, id, field.label.to_owned(), field.hint.to_owned(), errors, input.into_any())
}

fn described_by(id: &str, hint: &str) -> String {
    if hint.is_empty() { format!("{id}-error") } else { format!("{id}-hint {id}-error") }
}

fn framed(name: &'static str, id: String, label: String, hint: String, errors: RwSignal<Vec<Error>>, input: AnyView) -> AnyView {
    let hint = (!hint.is_empty()).then(|| view! { <p class="hint" id=format!("{id}-hint")>{hint}</p> });
    view! {
        <div class="field" class:wrong=move || is_wrong(errors, name)>
            <label for=id.clone()>{label.clone()}</label>
            {hint}
            <p class="error" id=format!("{id}-error")>{field_error(errors, name, label)}</p>
            {input}
        </div>
    }
    .into_any()
}

/// The words of a field's error, or nothing.
pub fn field_error(errors: RwSignal<Vec<Error>>, name: &'static str, label: String) -> impl Fn() -> Option<String> + Clone {
    move || errors.with(|all| all.iter().find(|error| error.field.as_deref() == Some(name)).map(|error| words(error, Some(&label))))
}

/// The summary of errors on top of a form. It takes focus whenever errors arrive, and leads to each field.
pub fn error_summary(errors: RwSignal<Vec<Error>>) -> AnyView {
    Effect::new(move |_| {
        let wrong = errors.with(|all| !all.is_empty());
        title_with_errors(wrong);
        if wrong {
            dom::focus_soon(SUMMARY);
        }
    });
    (move || {
        let all = errors.get();
        if all.is_empty() {
            return ().into_any();
        }
        let lines: Vec<AnyView> = all.into_iter().map(|error| summary_line(&error)).collect();
        view! {
            <div class="summary" id=SUMMARY tabindex="-1" role="alert">
                <h2>{t("请先改好这几处", "Please put this right")}</h2>
                <ul>{lines}</ul>
            </div>
        }
        .into_any()
    })
    .into_any()
}

fn summary_line(error: &Error) -> AnyView {
    let Some(id) = error.field.as_deref().map(field_id).filter(|id| dom::element(id).is_some()) else {
        return view! { <li>{words(error, None)}</li> }.into_any();
    };
    let words = words(error, dom::label_of(&id).as_deref());
    let link = format!("#{id}");
    let lead = move |event: leptos::ev::MouseEvent| {
        event.prevent_default();
        dom::focus(&id);
    };
    view! { <li><a href=link on:click=lead>{words}</a></li> }.into_any()
}

/// The button that sends a form. While `busy` it says so and takes no second press.
pub fn submit_button(words: &'static str, busy: RwSignal<bool>) -> AnyView {
    view! {
        <button type="submit" class="btn wide" aria-disabled=move || busy.get().then_some("true")>
            {move || busy.get().then(|| view! { <span class="spin" aria-hidden="true"></span> })}
            <span>{words}</span>
        </button>
    }
    .into_any()
}
