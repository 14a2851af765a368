//! The frame around every page: the bar on top with its switches, the three tabs, and the line that helps.

use domain::Uuid;
use domain::lang::Lang;
use leptos::prelude::*;
use leptos_router::hooks::use_location;

use super::state::State;
use crate::ui::icon::{PHONE, icon};
use crate::ui::prefs::{self, TextSize};
use crate::ui::{nav, now_lang, set_lang, t, text_size};

const LOOK: &str = "M4 6h16M4 12h16M4 18h9";
const TICKETS: &str =
    "M4 7a2 2 0 0 1 2-2h12a2 2 0 0 1 2 2v3a2 2 0 0 0 0 4v3a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2v-3a2 2 0 0 0 0-4zM14 6v12";
const INFO: &str = "M12 3a9 9 0 1 1 0 18 9 9 0 0 1 0-18zM12 11v5M12 8v.01";

/// The bar on top, and the tabs: at the bottom of a phone, in the bar of a wide screen.
pub(crate) fn header() -> AnyView {
    nav::start();
    let state = State::here();
    let city = move || state.overview(|now| now.city.title(crate::ui::lang()).to_owned());
    view! {
        <a class="skip" href="#main" on:click=skip>{move || t("跳到正文", "Skip to the page")}</a>
        <header class="top">
            <a class="mark" href="/">
                <svg viewBox="0 0 32 32" width="28" height="28" aria-hidden="true">
                    <rect class="mark-ground" width="32" height="32" rx="9"></rect>
                    <path class="mark-stroke" d="M6 16h13M19 12.5v7h4v-7zM23 16h4"></path>
                </svg>
                <span>{move || t("一针", "Yizhen")}<small>{city}</small></span>
            </a>
            {tabs()}
            {switches()}
        </header>
    }
    .into_any()
}

fn skip(event: leptos::ev::MouseEvent) {
    event.prevent_default();
    crate::ui::dom::focus("main");
}

fn tabs() -> AnyView {
    let path = use_location().pathname;
    let tab = move |href: &'static str, glyph: &'static str, zh: &'static str, en: &'static str| {
        let here = Memo::new(move |_| path.with(|path| tab_of(path) == href));
        view! {
            <li>
                <a href=href aria-current=move || here.get().then_some("page")>
                    {icon(glyph)}
                    <span>{move || t(zh, en)}</span>
                </a>
            </li>
        }
        .into_any()
    };
    view! {
        <nav class="tabs" aria-label=move || t("主要页面", "Main pages")>
            <ul>
                {tab("/", LOOK, "看号源", "Find a place")}
                {tab("/bookings", TICKETS, "我的预约", "My bookings")}
                {tab("/help", INFO, "须知与帮助", "Help")}
            </ul>
        </nav>
    }
    .into_any()
}

fn tab_of(path: &str) -> &'static str {
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    match first {
        "bookings" => "/bookings",
        "help" | "notice" => "/help",
        "" | "sites" | "book" => "/",
        _ => "",
    }
}

/// Elder mode and language, in words that say what a press does.
fn switches() -> AnyView {
    let elder = move || text_size() != TextSize::Standard;
    let other = move || match crate::ui::lang() {
        Lang::Zh => "EN",
        Lang::En => "中文",
    };
    view! {
        <div class="switches">
            <button type="button" class="pill" aria-pressed=move || elder().to_string() on:click=|_| prefs::toggle_elder()>
                {move || t("长辈版", "Large text")}
            </button>
            <button
                type="button"
                class="pill"
                lang=move || crate::ui::lang().pick("en", "zh-CN")
                aria-label=move || crate::ui::lang().pick("EN, English", "切换到中文")
                on:click=|_| set_lang(now_lang().pick(Lang::En, Lang::Zh))
            >
                {other}
            </button>
        </div>
    }
    .into_any()
}

/// The line that helps, at the same place of every page. Inside a host's frame it holds the switches too.
pub(crate) fn helpline() -> AnyView {
    let state = State::here();
    let line = move || {
        let hotline = state.overview(|now| now.city.hotline.clone())?;
        let dial = tel(&hotline);
        Some(
            view! {
                <p>
                    {icon(PHONE)}
                    <span>{t("不会用手机？拨打 ", "Need a hand? Call ")}<a href=dial>{hotline}</a>{t("，我们帮您约", " and we book for you")}</span>
                </p>
            }
            .into_any(),
        )
    };
    let path = use_location().pathname;
    let site = move || {
        let phone = path.with(|path| site_phone(state, path))?;
        let dial = tel(&phone);
        Some(view! { <p>{t("接种点电话 ", "The site's phone ")}<a href=dial>{phone}</a></p> }.into_any())
    };
    let hosted = prefs::host().map(|_| switches());
    view! { <footer class="help">{line}{site}{hosted}</footer> }.into_any()
}

/// The telephone of the site that a page is about.
fn site_phone(state: State, path: &str) -> Option<String> {
    let mut parts = path.trim_start_matches('/').split('/');
    let id = match (parts.next()?, parts.next()?) {
        ("sites", id) => Uuid::parse_str(id).ok()?,
        ("book", _) => state.draft.with(|draft| draft.slot.as_ref().map(|slot| slot.site_id))?,
        ("bookings", _) => return state.site_phone.get(),
        _ => return None,
    };
    state.overview(|now| now.site(id).map(|now| now.site.phone.clone()))?
}

/// The address that a tap on a telephone number calls.
pub(crate) fn tel(number: &str) -> String {
    let digits: String = number.chars().filter(|sign| sign.is_ascii_digit() || *sign == '+').collect();
    format!("tel:{digits}")
}
