//! The confirmation on paper: what the page shows, and below it the text that was agreed to, with its version.

use domain::booking::Booking;
use leptos::prelude::*;

use super::notice::text_of;
use super::state::State;
use crate::ui::{dom, lang, t};

/// The button, and what only paper shows.
pub(crate) fn part(booking: &Booking) -> AnyView {
    let state = State::here();
    state.need_notice();
    let agreed = booking.consent_version.clone();
    let text = move || {
        let agreed = agreed.clone();
        state.notice.with(|notice| {
            let notice = notice.ready()?;
            let words = match agreed {
                Some(version) if version == notice.version => lang().pick(
                    format!("预约时已阅读并同意（版本 {version}）："),
                    format!("Read and agreed to when booking (version {version}):"),
                ),
                // an older text than the one that is in force now
                Some(version) => lang().pick(
                    format!("预约时同意的是版本 {version}。下面是现行的版本 {}：", notice.version),
                    format!("Version {version} was agreed to when booking. Below is version {}, in force now:", notice.version),
                ),
                None => lang().pick(format!("现行版本 {}：", notice.version), format!("Version {}, in force now:", notice.version)),
            };
            let title = lang().pick(&notice.zh, &notice.en).title.clone();
            Some(view! { <h2>{title}</h2> <p>{words}</p> {text_of(notice)} }.into_any())
        })
    };
    let print = move |_| {
        // where a webview cannot print there is the picture
        let _ = dom::window().print();
    };
    view! {
        <div class="actions">
            <button type="button" class="btn quiet" on:click=print>{t("打印", "Print")}</button>
        </div>
        <section class="sheet print-only">{text}</section>
    }
    .into_any()
}
