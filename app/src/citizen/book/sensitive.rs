//! The separate consent to the processing of sensitive data: a text and a tick of their own, before anybody is written down.

use domain::consent::SeparateNotice;
use domain::error::Error;
use domain::person::Relation;
use domain::reason::Reason;
use leptos::prelude::*;

use crate::citizen::parts::shown;
use crate::citizen::state::State;
use crate::ui::form::{field_error, field_id};
use crate::ui::{lang, t};

/// The field's name, as in refusals.
const FIELD: &str = "sensitive";

/// The text and the tick. Whoever has agreed to this version for themself is only told so; for somebody else it is asked each time.
pub(super) fn part(state: State, relation: Relation, errors: RwSignal<Vec<Error>>) -> AnyView {
    (move || {
        if relation == Relation::Myself && has_agreed(state) {
            return told();
        }
        let again = Callback::new(move |()| state.load_notice());
        shown(state.notice, again, move |notice| match notice.sensitive {
            Some(notice) => asked(state, relation, errors, &notice),
            None => ().into_any(),
        })
    })
    .into_any()
}

fn asked(state: State, relation: Relation, errors: RwSignal<Vec<Error>>, notice: &SeparateNotice) -> AnyView {
    let lang = lang();
    let text = lang.pick(&notice.zh, &notice.en);
    let words = if relation == Relation::Other { &text.consent_for_other } else { &text.consent };
    let paragraphs: Vec<AnyView> = text.paragraphs.iter().map(|words| view! { <p>{words.clone()}</p> }.into_any()).collect();
    let version = notice.version.clone();
    let agreed = {
        let version = version.clone();
        move || state.draft.with(|draft| draft.sensitive.as_ref() == Some(&version))
    };
    let id = field_id(FIELD);
    let told = version.clone();
    let tick = move |event: leptos::ev::Event| {
        let ticked = event_target_checked(&event);
        state.draft.update(|draft| draft.sensitive = ticked.then(|| version.clone()));
        errors.update(|all| all.retain(|error| error.field.as_deref() != Some(FIELD)));
    };
    let error = format!("{id}-error");
    let wrong = move || errors.with(|all| all.iter().any(|error| error.field.as_deref() == Some(FIELD)));
    view! {
        <section class="separate field" class:wrong=wrong aria-labelledby="sensitive-title">
            <h2 id="sensitive-title">{text.title.clone()}</h2>
            {paragraphs}
            <p class="error" id=error.clone()>{field_error(errors, FIELD, String::new())}</p>
            <label class="choice" for=id.clone()>
                <input type="checkbox" id=id.clone() name=FIELD prop:checked=agreed on:change=tick
                    aria-describedby=error aria-invalid=move || wrong().then_some("true") />
                <span>{words.clone()}</span>
            </label>
            <p class="small quiet-text">{t("版本 ", "Version ")}<span class="num">{told}</span></p>
        </section>
    }
    .into_any()
}

fn told() -> AnyView {
    view! {
        <p class="small quiet-text">{t(
            "您已单独同意处理敏感个人信息，可以随时在“我的数据”里撤回。",
            "You have agreed, separately, to the use of sensitive data; you can take it back under “My data” at any time.",
        )}</p>
    }
    .into_any()
}

/// What is missing of it, as an error of the form.
pub(super) fn missing(state: State, relation: Relation) -> Option<Error> {
    let notice = state.notice.with_untracked(|notice| notice.ready().and_then(|notice| notice.sensitive.clone()));
    // a text that is not here yet is asked for by the server
    let notice = notice.filter(|_| relation == Relation::Other || !has_agreed_untracked(state))?;
    let agreed = state.draft.with_untracked(|draft| draft.sensitive.as_ref() == Some(&notice.version));
    (!agreed).then(|| Error::field(FIELD, Reason::SensitiveConsent))
}

fn has_agreed(state: State) -> bool {
    state.account.with(|account| account.as_ref().is_some_and(|account| account.sensitive_consent))
}

fn has_agreed_untracked(state: State) -> bool {
    state.account.with_untracked(|account| account.as_ref().is_some_and(|account| account.sensitive_consent))
}
