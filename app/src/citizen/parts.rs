//! Pieces that several of the citizen's pages share.

use domain::error::{Error, ErrorCode};
use domain::lang::Lang;
use domain::slot::Window;
use domain::time::{day_text, near_day};
use domain::{NaiveDate, Uuid};
use leptos::prelude::*;

use super::sign_in;
use super::state::State;
use crate::ui::icon::{BACK, icon};
use crate::ui::{Load, lang, page, t};

/// The link back, on top of a page.
pub(crate) fn back(href: impl Into<String>) -> AnyView {
    view! { <a class="back" href=href.into()>{icon(BACK)}<span>{t("返回", "Back")}</span></a> }.into_any()
}

/// `明天 11月24日 周二`
pub(crate) fn day_words(date: NaiveDate, today: Option<NaiveDate>, lang: Lang) -> String {
    let day = day_text(date, lang);
    match today.and_then(|today| near_day(date, today, lang)) {
        Some(near) => format!("{near} {day}"),
        None => day,
    }
}

/// `11月24日 周二 09:30–10:00`
pub(crate) fn window_words(window: Window, lang: Lang) -> String {
    format!("{} {}", day_text(window.date, lang), window.text())
}

/// A day and a window that never break inside: `明天 11月24日 周二` `09:30–10:00`
pub(crate) fn when(window: Window, today: Option<NaiveDate>, lang: Lang) -> AnyView {
    view! { <span class="num"><span class="nb">{day_words(window.date, today, lang)}</span>" "<span class="nb">{window.text()}</span></span> }.into_any()
}

/// `还有 4 个号`
pub(crate) fn places(remaining: u32, lang: Lang) -> String {
    match (lang, remaining) {
        (Lang::Zh, left) => format!("还有 {left} 个号"),
        (Lang::En, 1) => "1 place left".to_owned(),
        (Lang::En, left) => format!("{left} places left"),
    }
}

/// `第 2 剂（共 3 剂）`
pub(crate) fn dose_words(dose: u8, of: u8, lang: Lang) -> String {
    match (lang, of) {
        (Lang::Zh, 1) => "共 1 剂".to_owned(),
        (Lang::En, 1) => "single dose".to_owned(),
        (Lang::Zh, _) => format!("第 {dose} 剂，共 {of} 剂"),
        (Lang::En, _) => format!("dose {dose} of {of}"),
    }
}

/// What stands where something is still under way.
pub(crate) fn waiting(lines: usize) -> AnyView {
    let bars: Vec<AnyView> = (0..lines).map(|_| view! { <div class="wait" aria-hidden="true"></div> }.into_any()).collect();
    view! { <div class="waiting" role="status"><span class="sr">{t("正在读取", "Loading")}</span>{bars}</div> }.into_any()
}

/// A refusal in place: its words, and what can be done about it.
pub(crate) fn refused(error: &Error, actions: AnyView) -> AnyView {
    let tone = match error.code {
        ErrorCode::Ineligible | ErrorCode::Internal | ErrorCode::Forbidden => "note stop",
        _ => "note look",
    };
    view! {
        <div class=tone role="alert">
            <p>{error.text(lang())}</p>
            <div class="actions">{actions}</div>
        </div>
    }
    .into_any()
}

/// A refusal with one way on: to try again.
pub(crate) fn try_again(error: &Error, again: Callback<()>) -> AnyView {
    let button =
        view! { <button type="button" class="btn quiet" on:click=move |_| again.run(())>{t("再试一次", "Try again")}</button> };
    refused(error, button.into_any())
}

/// Shows what was asked for: bars while it is under way, signing in where the session is over, the way on where it failed.
pub(crate) fn shown<T: Clone + Send + Sync + 'static>(
    what: RwSignal<Load<T>>,
    again: Callback<()>,
    ready: impl Fn(T) -> AnyView,
) -> AnyView {
    let state = State::here();
    match what.get() {
        Load::Waiting => waiting(3),
        Load::Ready(value) => {
            page::arrived();
            ready(value)
        }
        Load::Failed(error) if error.code == ErrorCode::SignInRequired => {
            state.heed(&error);
            sign_in::panel(again)
        }
        Load::Failed(error) => try_again(&error, again),
    }
}

/// A list of facts: pairs of a word and what is so.
pub(crate) fn facts(rows: Vec<(&'static str, AnyView)>) -> AnyView {
    let rows: Vec<AnyView> =
        rows.into_iter().map(|(word, fact)| view! { <div><dt>{word}</dt><dd>{fact}</dd></div> }.into_any()).collect();
    view! { <dl class="facts">{rows}</dl> }.into_any()
}

/// The page of a site.
pub(crate) fn site_path(id: Uuid) -> String {
    format!("/sites/{id}")
}

/// The same, to choose another time in the middle of a booking: it leads back to the answers.
pub(crate) fn change_path(id: Uuid) -> String {
    format!("/sites/{id}?change=1")
}

/// What needs the overview: bars until it is here, a way on where it failed.
pub(crate) fn shown_overview(state: State, ready: impl Fn() -> AnyView + Copy + Send + Sync + 'static) -> AnyView {
    #[derive(Clone, PartialEq)]
    enum Now {
        Waiting,
        Ready,
        Failed(Error),
    }
    let now = Memo::new(move |_| {
        state.live.overview.with(|now| match now {
            Load::Waiting => Now::Waiting,
            Load::Ready(_) => Now::Ready,
            Load::Failed(error) => Now::Failed(error.clone()),
        })
    });
    (move || match now.get() {
        Now::Waiting => waiting(4),
        Now::Ready => {
            page::arrived();
            ready()
        }
        Now::Failed(error) => try_again(&error, Callback::new(move |()| state.live.refresh())),
    })
    .into_any()
}
