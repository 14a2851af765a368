//! The bar on top: where, which day, how far, whether the network holds, who is signed in.

use domain::access::{Action, Role};
use domain::flow::Steps;
use domain::lang::Lang;
use domain::time::day_text;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_location;

use super::desk::Desk;
use super::sign_in::mark;
use crate::api;
use crate::staff::offline::Offline;
use crate::ui::{lang, now_lang, set_lang, t};

/// The bar.
pub(crate) fn bar() -> AnyView {
    let desk = Desk::here();
    let other = move || lang().pick(Lang::En, Lang::Zh);
    view! {
        <header class="bar">
            <div class="bar-place">{mark()} <div class="bar-site">{site(desk)} {day(desk)}</div></div>
            <div class="bar-state">
                {counts(desk)}
                {network(desk)}
                <button type="button" class="pill" lang=move || other().tag() on:click=move |_| set_lang(now_lang().pick(Lang::En, Lang::Zh))>
                    {move || other().pick("中文", "English")}
                </button>
                {who(desk)}
            </div>
            {tabs(desk)}
        </header>
    }
    .into_any()
}

/// One's own site, or the office's choice of one.
fn site(desk: Desk) -> AnyView {
    let role = Memo::new(move |_| desk.member.with(|member| member.as_ref().map(|member| member.role)));
    (move || if role.get() == Some(Role::Office) { site_choice(desk) } else { own_site(desk) }).into_any()
}

fn own_site(desk: Desk) -> AnyView {
    let name = move || {
        let member = desk.member.get()?;
        let site = member.site_id.and_then(|id| desk.site(id));
        site.map(|site| lang().pick(site.name, site.name_en)).or(member.site_name)
    };
    view! { <p class="bar-name">{name}</p> }.into_any()
}

fn site_choice(desk: Desk) -> AnyView {
    let options = move || {
        let chosen = desk.site_id.get();
        let option = |site: &domain::availability::SiteDays| {
            let name = lang().pick(&site.name, &site.name_en).clone();
            view! { <option value=site.id.to_string() selected=chosen == Some(site.id)>{name}</option> }.into_any()
        };
        desk.overview.with(|overview| overview.as_ref().map(|overview| overview.sites.iter().map(option).collect::<Vec<_>>()))
    };
    let none = move || desk.site_id.get().is_none();
    view! {
        <select
            class="bar-choice"
            aria-label=move || t("接种点", "Site")
            on:change=move |event| desk.choose_site(event_target_value(&event).parse().ok())
        >
            <option value="" selected=none>{move || t("选择接种点", "Choose a site")}</option>
            {options}
        </select>
    }
    .into_any()
}

fn day(desk: Desk) -> AnyView {
    view! { <p class="bar-day">{move || desk.today().map(|today| day_text(today, lang()))}</p> }.into_any()
}

fn tabs(desk: Desk) -> AnyView {
    let path = use_location().pathname;
    let observes = observes(desk);
    let tab = move |href: &'static str, zh: &'static str, en: &'static str| {
        let here = Memo::new(move |_| path.with(|path| path.trim_end_matches('/') == href));
        view! { <a href=href aria-current=move || here.get().then_some("page")>{move || t(zh, en)}</a> }.into_any()
    };
    view! {
        <nav class="bar-tabs" aria-label=move || t("页面", "Pages")>
            {tab("/staff", "扫码", "Scan")}
            {move || desk.may(Action::BookAtDesk).then(|| tab("/staff/walk-in", "登记", "Book"))}
            {tab("/staff/roster", "名单", "Roster")}
            {move || desk.may(Action::ReadToday).then(|| tab("/staff/today", "今日", "Today"))}
            {move || observes.get().then(|| tab("/staff/observation", "留观", "Observation"))}
            {move || desk.may(Action::KeepLots).then(|| tab("/staff/lots", "批号", "Lots"))}
            {move || desk.may(Action::ReadCallList).then(|| calls_tab(desk))}
            {move || desk.may(Action::SettleConflict).then(|| conflicts_tab(desk))}
            {move || desk.may(Action::MessageTexts).then(|| tab("/staff/messages", "短信", "Texts"))}
        </nav>
    }
    .into_any()
}

/// Whether the site keeps people under observation: what it does not do is not offered.
fn observes(desk: Desk) -> RwSignal<bool> {
    let observes = RwSignal::new(false);
    Effect::new(move |_| {
        desk.signed_in.track();
        let Some(site_id) = desk.site_id.get() else { return };
        spawn_local(async move {
            if let Ok(list) = desk.ask(api::checkin::observed(site_id, true)).await {
                let _ = observes.try_set(list.steps == Steps::Observe);
            }
        });
    });
    observes
}

/// The calls to make, and how many there are.
fn calls_tab(desk: Desk) -> AnyView {
    let words = |lang: Lang, count: u32| lang.pick(format!("电话，{count} 个要打"), format!("Calls, {count} to make"));
    counted_tab("/staff/calls", desk.calls, || t("电话", "Calls"), words)
}

/// What tablets disagree on, and how much of it is open; nothing where nothing is.
fn conflicts_tab(desk: Desk) -> AnyView {
    let words = |lang: Lang, count: u32| lang.pick(format!("冲突，{count} 个要处理"), format!("Conflicts, {count} to settle"));
    let some = Memo::new(move |_| desk.conflicts.get().is_some_and(|count| count > 0));
    let tab = move || some.get().then(|| counted_tab("/staff/conflicts", desk.conflicts, || t("冲突", "Conflicts"), words));
    tab.into_any()
}

/// A tab with how much waits behind it: a number that is seen, and said in words.
fn counted_tab(
    href: &'static str,
    count: RwSignal<Option<u32>>,
    title: fn() -> &'static str,
    words: fn(Lang, u32) -> String,
) -> AnyView {
    let path = use_location().pathname;
    let here = Memo::new(move |_| path.with(|path| path.trim_end_matches('/') == href));
    let waiting = move || count.get().filter(|count| *count > 0);
    let number = move || {
        waiting().map(|count| {
            let shown = if count > 99 { "99+".to_owned() } else { count.to_string() };
            view! { <span class="bar-badge num" aria-hidden="true">{shown}</span> }
        })
    };
    let name = move || match waiting() {
        Some(count) => words(lang(), count),
        None => title().to_owned(),
    };
    view! {
        <a href=href aria-label=name aria-current=move || here.get().then_some("page")>
            {move || title()}{number}
        </a>
    }
    .into_any()
}

fn counts(desk: Desk) -> AnyView {
    (move || {
        let counts = desk.counts.get()?;
        let words = t("已完成", "Done");
        Some(view! { <p class="bar-count num">{words}" "<b>{counts.done}</b>" / "{counts.expected}</p> })
    })
    .into_any()
}

fn network(desk: Desk) -> AnyView {
    let offline = Offline::here();
    let off = move || !desk.online.get() || offline.slow.get();
    let waits = move || offline.waiting.get() > 0 || offline.refused.get() > 0;
    let words = move || {
        let state = match (desk.online.get(), offline.slow.get(), offline.prepared.get()) {
            (true, false, _) => t("网络正常", "Online"),
            (false, _, true) => t("离线工作", "Working offline"),
            (true, true, _) => t("网络太慢，离线工作", "Slow network: working offline"),
            (false, _, false) => t("网络不通", "No network"),
        };
        let (waiting, refused) = (offline.waiting.get(), offline.refused.get());
        let mut words = state.to_owned();
        if waiting > 0 {
            words += &lang().pick(format!("，{waiting} 条待上传"), format!(", {waiting} to send"));
        }
        if refused > 0 {
            words +=
                &lang().pick(format!("，{refused} 条没有记上，请告诉负责人"), format!(", {refused} not taken: tell the manager"));
        }
        words
    };
    view! {
        <p class="bar-network" class:off=off class:waits=waits role="status">
            <svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true">
                <path d="M4 9a12 12 0 0 1 16 0M7.5 13a7 7 0 0 1 9 0M12 17.5v.01"></path>
                <path class="bar-cut" d="M4 4l16 16"></path>
            </svg>
            <span class:sr=move || !off() && !waits()>{words}</span>
        </p>
    }
    .into_any()
}

fn who(desk: Desk) -> AnyView {
    let name = move || desk.member.with(|member| member.as_ref().map(|member| member.name.clone()));
    view! {
        <a class="pill bar-who" href="/staff/account" aria-label=move || lang().pick(
            format!("我的账号：{}", name().unwrap_or_default()),
            format!("My account: {}", name().unwrap_or_default()),
        )>{name}</a>
        <button type="button" class="pill" on:click=move |_| desk.lock()>{move || t("锁屏", "Lock")}</button>
        <button type="button" class="pill" on:click=move |_| desk.leave()>{move || t("退出", "Sign out")}</button>
    }
    .into_any()
}
