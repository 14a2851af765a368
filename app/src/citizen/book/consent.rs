//! The information notice, in full, and consent to it.

use domain::notice::Notice;
use leptos::prelude::*;

use super::{Step, framed, go_on};
use crate::citizen::notice::text_of;
use crate::citizen::parts::shown;
use crate::citizen::state::State;
use crate::ui::{heading, lang, t, titled};

/// The page.
pub(super) fn page() -> AnyView {
    let state = State::here();
    state.need_notice();
    titled(
        || t("知情同意", "Information and consent").to_owned(),
        move || {
            framed(Step::Consent, move || {
                let again = Callback::new(move |()| state.load_notice());
                view! {
                    {heading(t("请读一下告知书", "Please read this notice"))}
                    {move || shown(state.notice, again, move |notice| ready(state, &notice))}
                }
                .into_any()
            })
        },
    )
}

fn ready(state: State, notice: &Notice) -> AnyView {
    let version = notice.version.clone();
    let agree = move |_| {
        let version = version.clone();
        state.draft.update(|draft| draft.consent = Some(version));
        go_on(state, Step::Consent);
    };
    let text = lang().pick(&notice.zh, &notice.en);
    view! {
        {text_of(notice)}
        <p class="consent">{text.consent.clone()}</p>
        <button type="button" class="btn wide big" on:click=agree>{t("我已阅读并同意", "I have read this and agree")}</button>
    }
    .into_any()
}
