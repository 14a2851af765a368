//! The information notice as a page.

use domain::notice::Notice;
use leptos::prelude::*;

use super::parts::{back, shown};
use super::state::State;
use crate::ui::{heading, lang, t, titled};

/// The page.
pub(crate) fn page() -> AnyView {
    let state = State::here();
    state.need_notice();
    titled(
        || t("接种须知", "Information notice").to_owned(),
        move || {
            let again = Callback::new(move |()| state.load_notice());
            view! {
                {back("/help")}
                {move || shown(state.notice, again, |notice| {
                    let title = lang().pick(&notice.zh, &notice.en).title.clone();
                    view! { {heading(title)} {text_of(&notice)} }.into_any()
                })}
            }
            .into_any()
        },
    )
}

/// The notice's parts and its version.
pub(crate) fn text_of(notice: &Notice) -> AnyView {
    let lang = lang();
    let sections: Vec<AnyView> = lang
        .pick(&notice.zh, &notice.en)
        .sections
        .iter()
        .map(|section| {
            let paragraphs: Vec<AnyView> =
                section.paragraphs.iter().map(|words| view! { <p>{words.clone()}</p> }.into_any()).collect();
            view! { <section><h2>{section.heading.clone()}</h2>{paragraphs}</section> }.into_any()
        })
        .collect();
    let version = lang.pick(format!("版本 {}", notice.version), format!("Version {}", notice.version));
    view! { <article class="notice">{sections}<p class="small quiet-text">{version}</p></article> }.into_any()
}
