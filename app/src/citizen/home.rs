//! Look first: how many places are left in the city, and where, the nearest county first.

use domain::availability::DayRemaining;
use domain::division::{Division, nearest_first};
use domain::time::{near_day, plus_days};
use domain::{NaiveDate, chrono::Datelike};
use leptos::prelude::*;

use super::parts::{day_words, site_path, try_again, waiting};
use super::state::State;
use crate::live::{Overview, SHOWN_DAYS, SiteNow};
use crate::ui::icon::{ON, icon};
use crate::ui::{Load, dom, lang, page, t, titled};

const HOME: &str = "yizhen.county";

/// The page.
pub(crate) fn page() -> AnyView {
    let state = State::here();
    let home = RwSignal::new(dom::local(HOME).unwrap_or_default());
    state.live.watch();
    titled(
        || t("看号源", "Find a place").to_owned(),
        move || {
            let again = Callback::new(move |()| state.live.refresh());
            let content = state.live.overview.with(|now| match now {
                Load::Waiting => view! { {hero_waiting()} {waiting(4)} }.into_any(),
                Load::Failed(error) => {
                    view! { {page::heading(t("哪里还有号", "Where places are left"))} {try_again(error, again)} }.into_any()
                }
                Load::Ready(now) => ready(state, now, home),
            });
            view! {
                {super::arrival::greeting(state)}
                <div class="home">{content}</div>
            }
            .into_any()
        },
    )
}

fn hero_waiting() -> AnyView {
    view! {
        <section class="hero">
            <h1 id=page::TITLE tabindex="-1"><span>{t("哪里还有号", "Where places are left")}</span><b aria-hidden="true">"…"</b></h1>
        </section>
    }
    .into_any()
}

fn ready(state: State, now: &Overview, home: RwSignal<String>) -> AnyView {
    let groups = {
        let now = now.clone();
        move || groups(&now, &home.get())
    };
    view! {
        {hero(state, now)}
        <div class="places">
            {chips(&now.city.divisions, home)}
            {groups}
        </div>
    }
    .into_any()
}

/// The city's number, its days, and whether it is fresh.
fn hero(state: State, now: &Overview) -> AnyView {
    let (today, lang) = (now.today, lang());
    let days = {
        let sites = now.sites.clone();
        Memo::new(move |_| city_days(&sites, today))
    };
    let total = move || days.with(|days| grouped(days.iter().map(|day| day.remaining).sum()));
    let behind = state.live.behind;
    let fresh = move || {
        if behind.get() {
            t("网络不稳，数字可能不是最新的", "Connection lost, numbers may be old")
        } else {
            t("实时更新", "Live")
        }
    };
    let columns: Vec<AnyView> = (0..SHOWN_DAYS as usize)
        .map(|at| {
            let date = plus_days(today, at as u32);
            let left = Memo::new(move |_| days.with(|days| days.get(at).map_or(0, |day| day.remaining)));
            let most = Memo::new(move |_| days.with(|days| days.iter().map(|day| day.remaining).max().unwrap_or(0)));
            let words = day_words(date, Some(today), lang);
            view! {
                <li>
                    <svg viewBox="0 0 20 40" width="20" height="40" aria-hidden="true">
                        <path d=move || bar(left.get(), most.get(), 20.0, 40.0) class:none=move || left.get() == 0></path>
                    </svg>
                    <span aria-hidden="true">{short_day(date, today)}</span>
                    <span class="sr">{move || format!("{words} {}", super::parts::places(left.get(), lang))}</span>
                </li>
            }
            .into_any()
        })
        .collect();
    view! {
        <section class="hero">
            <h1 id=page::TITLE tabindex="-1">
                <span>{match lang {
                    domain::lang::Lang::Zh => format!("未来 {SHOWN_DAYS} 天，全市还有"),
                    domain::lang::Lang::En => format!("In the next {SHOWN_DAYS} days"),
                }}</span>
                <b class="num">{total}</b>
                <span>{t("个接种号", "places are left")}</span>
            </h1>
            <p class="fresh" class:behind=move || behind.get() role="status"><i aria-hidden="true"></i>{fresh}</p>
            <ul class="columns" aria-label=t("每天剩余", "Places left by day")>{columns}</ul>
        </section>
    }
    .into_any()
}

fn city_days(sites: &[SiteNow], today: NaiveDate) -> Vec<DayRemaining> {
    let mut days: Vec<DayRemaining> = (0..SHOWN_DAYS).map(|at| DayRemaining { date: plus_days(today, at), remaining: 0 }).collect();
    for site in sites {
        for day in site.coming(today) {
            if let Some(sum) = days.iter_mut().find(|sum| sum.date == day.date) {
                sum.remaining += day.remaining;
            }
        }
    }
    days
}

/// `今`, `明`, and then the day of the month.
fn short_day(date: NaiveDate, today: NaiveDate) -> String {
    match (date.signed_duration_since(today).num_days(), lang()) {
        (0, domain::lang::Lang::Zh) => "今".to_owned(),
        (1, domain::lang::Lang::Zh) => "明".to_owned(),
        _ => date.day().to_string(),
    }
}

/// `12,345`
fn grouped(number: u32) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A bar that stands on the ground line, higher by the root of the number, so that few can still be told from none.
fn bar(left: u32, most: u32, width: f32, height: f32) -> String {
    let share = if most == 0 { 0.0 } else { (left as f32 / most as f32).sqrt() };
    let tall = if left == 0 { 2.0 } else { (share * height).max(4.0) };
    let round = (width / 2.0).min(3.0).min(tall / 2.0);
    format!(
        "M0 {height}v-{}q0-{round} {round}-{round}h{}q{round} 0 {round} {round}v{}z",
        tall - round,
        width - 2.0 * round,
        tall - round
    )
}

fn chips(divisions: &[Division], home: RwSignal<String>) -> AnyView {
    let lang = lang();
    let chips: Vec<AnyView> = divisions
        .iter()
        .map(|division| {
            let code = division.code.clone();
            let pressed = {
                let code = code.clone();
                move || (home.get() == code).to_string()
            };
            let choose = move |_| {
                let chosen = if home.get_untracked() == code { String::new() } else { code.clone() };
                dom::keep_local(HOME, Some(&chosen).filter(|code| !code.is_empty()).map(String::as_str));
                home.set(chosen);
            };
            view! { <li><button type="button" class="pill" aria-pressed=pressed on:click=choose>{division.title(lang).to_owned()}</button></li> }
                .into_any()
        })
        .collect();
    view! {
        <div class="chooser-county">
            <h2 id="county-label">{t("您在哪个县市区？", "Which county are you in?")}</h2>
            <ul class="chips" aria-labelledby="county-label">{chips}</ul>
        </div>
    }
    .into_any()
}

/// The sites by county. Their order is that of the moment of choosing: nothing moves under a finger.
fn groups(now: &Overview, home: &str) -> Vec<AnyView> {
    let most = now.sites.iter().flat_map(|site| site.coming(now.today)).map(|day| day.remaining).max().unwrap_or(0);
    nearest_first(&now.city.divisions, home)
        .iter()
        .filter_map(|division| {
            let mut sites: Vec<&SiteNow> = now.sites.iter().filter(|now| now.site.county == division.code).collect();
            sites.sort_by_key(|site| untrack(|| site.remaining(now.today)) == 0);
            (!sites.is_empty()).then(|| group(division, &sites, now.today, most))
        })
        .collect()
}

fn group(division: &Division, sites: &[&SiteNow], today: NaiveDate, most: u32) -> AnyView {
    let rows: Vec<AnyView> = sites.iter().map(|site| row(site, today, most)).collect();
    view! {
        <section class="county">
            <h2>{division.title(lang()).to_owned()}</h2>
            <ul class="list">{rows}</ul>
        </section>
    }
    .into_any()
}

fn row(now: &SiteNow, today: NaiveDate, most: u32) -> AnyView {
    let lang = lang();
    let days = {
        let now = now.clone();
        Memo::new(move |_| now.coming(today))
    };
    let left = Memo::new(move |_| days.with(|days| days.iter().map(|day| day.remaining).sum::<u32>()));
    let first = Memo::new(move |_| days.with(|days| days.iter().find(|day| day.remaining > 0).map(|day| day.date)));
    let number = move || {
        match left.get() {
        0 => view! { <span class="left none">{t("已约满", "Full")}<small>{t("看何时放号", "See when more open")}</small></span> }.into_any(),
        left => {
            view! { <span class="left"><b class="num">{grouped(left)}</b><small>{lang.pick("个号", if left == 1 { "place" } else { "places" })}</small></span> }
                .into_any()
        }
    }
    };
    let soonest = move || {
        first.get().map(|date| {
            let near = near_day(date, today, lang).map(str::to_lowercase);
            let day = near.unwrap_or_else(|| domain::time::day_text(date, lang));
            format!("{} {day}", t("最早", "From"))
        })
    };
    let path = move || days.with(|days| bars(days, today, most));
    view! {
        <li>
            <a class="site-row" href=site_path(now.site.id)>
                <span class="name">{lang.pick(&now.site.name, &now.site.name_en).clone()}</span>
                <span class="sub" lang="zh-CN">{now.site.address.clone()}</span>
                <span class="when">
                    <svg class="bars" viewBox="0 0 116 18" width="116" height="18" aria-hidden="true">
                        <path class="ground" d=ground()></path>
                        <path d=path></path>
                    </svg>
                    <span>{soonest}</span>
                </span>
                {number}
                <span class="go" aria-hidden="true">{icon(ON)}</span>
            </a>
        </li>
    }
    .into_any()
}

fn ground() -> String {
    (0..SHOWN_DAYS).map(|at| format!("M{} 18v-2h8v2z", at * 12)).collect()
}

fn bars(days: &[DayRemaining], today: NaiveDate, most: u32) -> String {
    days.iter()
        .filter(|day| day.remaining > 0)
        .map(|day| {
            let at = day.date.signed_duration_since(today).num_days() * 12;
            let tall = ((day.remaining as f32 / most.max(1) as f32).sqrt() * 18.0).clamp(4.0, 18.0);
            format!("M{at} 18v-{tall:.0}h8v{tall:.0}z")
        })
        .collect()
}
