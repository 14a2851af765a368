//! One booking: its ticket while it stands, and for each other state a page with its own next step.

use domain::booking::{Booking, BookingState};
use domain::error::ErrorCode;
use domain::message::{REMINDER_AT, reminder_due};
use domain::reason::Reason;
use domain::time::{day_text, hour_minute};
use domain::vaccine::Vaccine;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::parts::{back, dose_words, facts, shown, site_path, when as when_words, window_words};
use super::shell::tel;
use super::state::State;
use super::{calendar, kept, messages, picture, sheet, ticket};
use crate::api;
use crate::ui::icon::{CROSS, LOOK, TICK, icon};
use crate::ui::{Load, call, dom, heading, lang, load, t, titled};

/// The page.
pub(crate) fn page() -> AnyView {
    let fresh = dom::query("done").is_some();
    with_booking(move |booking| {
        let done = fresh && booking.state == BookingState::Booked;
        match booking.state {
            BookingState::Booked => standing(booking, done),
            BookingState::Redeemed => redeemed(booking),
            BookingState::Cancelled => cancelled(booking),
            BookingState::Missed => missed(booking),
        }
    })
}

/// A page about the booking of the address: signing in, not found and no network are dealt with here.
pub(crate) fn with_booking(ready: impl Fn(Booking) -> AnyView + Copy + Send + Sync + 'static) -> AnyView {
    let state = State::here();
    let params = use_params_map();
    let code = params.with_untracked(|params| params.get("code").unwrap_or_default());
    let booking = RwSignal::new(Load::Waiting);
    let again = Callback::new(move |()| {
        let code = code.clone();
        load(booking, async { Ok(api::bookings::show(code).await?.booking) });
    });
    let code = params.with_untracked(|params| params.get("code").unwrap_or_default());
    // What was just made is shown at once, once: later looks ask, since the site may have marked it done meanwhile.
    match state.last.try_update(Option::take).flatten().filter(|last| last.code.as_str() == code) {
        Some(last) => booking.set(Load::Ready(last)),
        None => again.run(()),
    }
    keep_fresh(booking, code.clone());
    let online = window_event_listener_untyped("online", move |_| {
        if booking.try_with_untracked(|now| matches!(now, Load::Failed(_))) == Some(true) {
            again.run(());
        }
    });
    on_cleanup(move || online.remove());
    Effect::new(move |_| {
        booking.with(|now| now.ready().map(kept::note));
    });
    Effect::new(move |_| state.site_phone.set(booking.with(|now| now.ready().map(|booking| booking.site.phone.clone()))));
    on_cleanup(move || state.site_phone.set(None));
    titled(
        move || title(&booking),
        move || {
            let missing = booking.with(|now| matches!(now, Load::Failed(error) if is_missing(error.code)));
            let cut_off = booking.with(|now| matches!(now, Load::Failed(error) if error.reason == Some(Reason::Network)));
            let content = match cut_off.then(|| kept::of(&code)).flatten() {
                Some(kept) => kept::view(&kept, again),
                None if missing => not_found(state),
                None => shown(booking, again, ready),
            };
            view! { {back("/bookings")} {content} }.into_any()
        },
    )
}

/// Looks again when the page comes back into sight, as after the jab.
fn keep_fresh(booking: RwSignal<Load<Booking>>, code: String) {
    let handle = window_event_listener_untyped("visibilitychange", move |_| {
        let code = code.clone();
        if dom::is_visible() {
            leptos::task::spawn_local(async move {
                let Ok(fresh) = api::bookings::show(code).await else { return };
                let changed = booking.try_with_untracked(|now| now.ready().is_some_and(|now| *now != fresh.booking));
                if changed == Some(true) {
                    booking.set(Load::Ready(fresh.booking));
                }
            });
        }
    });
    on_cleanup(move || handle.remove());
}

/// A code that is none and a code of somebody else are the same to a stranger.
fn is_missing(code: ErrorCode) -> bool {
    matches!(code, ErrorCode::NotFound | ErrorCode::Invalid | ErrorCode::Forbidden)
}

fn title(booking: &RwSignal<Load<Booking>>) -> String {
    booking
        .with(|now| match now {
            Load::Ready(booking) => match booking.state {
                BookingState::Booked => t("预约二维码", "Your booking"),
                BookingState::Redeemed => t("已经接种", "Vaccinated"),
                BookingState::Cancelled if booking.turned_away.is_some() => t("这次没有接种", "The jab was not given"),
                BookingState::Cancelled => t("预约已取消", "Booking cancelled"),
                BookingState::Missed => t("这一天已经过了", "The day is over"),
            },
            Load::Failed(error) if is_missing(error.code) => t("没有找到这个预约", "Booking not found"),
            _ => t("预约", "Booking"),
        })
        .to_owned()
}

/// Who, when, where, what: as a list of facts.
pub(crate) fn facts_of(booking: &Booking) -> AnyView {
    let lang = lang();
    let today = State::here().overview(|now| now.today);
    let when = view! {
        <b>{when_words(booking.window, today, lang)}</b>
        {(booking.state == BookingState::Booked).then(|| view! { <span>{t("请在这段时间内到", "Come within this time")}</span> })}
    };
    let site = view! {
        <b>{lang.pick(&booking.site.name, &booking.site.name_en).clone()}</b>
        <span lang="zh-CN">{booking.site.address.clone()}</span>
        <a class="num" href=tel(&booking.site.phone)>{booking.site.phone.clone()}</a>
    };
    let vaccine = view! {
        <b>{lang.pick(&booking.vaccine.name, &booking.vaccine.name_en).clone()}</b>
        <span>{dose_words(booking.dose, booking.vaccine.doses, lang)}</span>
    };
    facts(vec![
        (t("接种人", "For"), view! { <b>{booking.person.name.clone()}</b> }.into_any()),
        (t("时间", "When"), when.into_any()),
        (t("地点", "Where"), site.into_any()),
        (t("疫苗", "Vaccine"), vaccine.into_any()),
    ])
}

fn standing(booking: Booking, done: bool) -> AnyView {
    let head = if done { panel(&booking) } else { heading(t("到现场出示这个码", "Show this code at the site")) };
    let code = booking.code;
    let (move_path, cancel_path) = (format!("/bookings/{code}/move"), format!("/bookings/{code}/cancel"));
    view! {
        {head}
        {ticket::view(&booking)}
        {facts_of(&booking)}
        <section class="note">
            <h2>{t("请带上", "What to bring")}</h2>
            <ul class="dots">
                <li>{t("预约时填写的身份证件原件", "The identity document of the booking, the original")}</li>
                <li>{t("这个二维码：手机、截图、打印都可以", "This QR code: on the phone, as a screenshot or on paper")}</li>
                <li>{t("穿方便露出上臂的衣服，戴好口罩；接种后留观 30 分钟", "Clothes that bare the upper arm, and a mask; stay 30 minutes afterwards")}</li>
            </ul>
        </section>
        <div class="actions">
            {calendar::button(&booking)}
            {picture::button(&booking)}
        </div>
        {calendar::hint()}
        {sheet::part(&booking)}
        {messages::part(code)}
        <p class="cant-come">
            {t("来不了？", "Cannot come? ")}
            <a href=move_path>{t("改时间", "Move it")}</a>
            {t("或", " or ")}
            <a href=cancel_path>{t("取消预约", "cancel it")}</a>
            {t("，把号留给别人。", ", so that others get the place.")}
        </p>
    }
    .into_any()
}

fn panel(booking: &Booking) -> AnyView {
    let at = State::here().overview(|now| now.city.reminder_at).unwrap_or(REMINDER_AT);
    let reminded = reminder_due(&booking.window, at, dom::now()).filter(|due| *due > dom::now()).map(|_| {
        let at = hour_minute(at);
        lang().pick(format!("，前一天 {at} 再提醒一次"), format!(", and a reminder the day before at {at}"))
    });
    view! {
        <section class="panel">
            <span class="tick">{icon(TICK)}</span>
            {heading(t("约好了", "You are booked"))}
            <p>{t("短信会发到 ", "A message goes to ")}<span class="num">{booking.person.phone.clone()}</span>{reminded}</p>
        </section>
    }
    .into_any()
}

/// The head of the pages for states that are over: a shape, a heading, a line.
fn over(class: &'static str, glyph: &'static str, words: &'static str, line: String) -> AnyView {
    view! {
        <section class=class>
            <span class="tick">{icon(glyph)}</span>
            {heading(words)}
            <p>{line}</p>
        </section>
    }
    .into_any()
}

fn redeemed(booking: Booking) -> AnyView {
    let lang = lang();
    let state = State::here();
    let day = day_text(booking.window.date, lang);
    let name = &booking.person.name;
    let line =
        lang.pick(format!("{name} 已于 {day} 接种第 {} 剂", booking.dose), format!("{name} had dose {} on {day}", booking.dose));
    let next = state.overview(|now| now.vaccine(&booking.vaccine.id).and_then(|vaccine| next_dose(vaccine, &booking))).flatten();
    view! {
        {over("panel", TICK, t("已经接种", "Vaccinated"), line)}
        {next}
        {facts_of(&booking)}
        <p class="quiet-text">{t(
            "接种后留观 30 分钟再走；有发热、红肿等不适，可以拨打接种点电话咨询。",
            "Stay 30 minutes after the jab; for fever, swelling or anything that worries you, call the site.",
        )}</p>
        <div class="stack">
            <a class="btn quiet wide" href="/bookings">{t("看全部预约", "All bookings")}</a>
        </div>
    }
    .into_any()
}

/// From when the next dose can be given, and the way to book it.
fn next_dose(vaccine: &Vaccine, booking: &Booking) -> Option<AnyView> {
    let lang = lang();
    let dose = booking.dose + 1;
    let window = vaccine.window(dose)?;
    let from = day_text(window.first_day(booking.window.date), lang);
    let words = lang.pick(format!("第 {dose} 剂从 {from} 起可以打"), format!("Dose {dose} can be given from {from}"));
    Some(
        view! {
            <section class="note good">
                <p><b>{words}</b></p>
                <div class="actions"><a class="btn" href=site_path(booking.site.id)>{t("预约下一剂", "Book the next dose")}</a></div>
            </section>
        }
        .into_any(),
    )
}

fn cancelled(booking: Booking) -> AnyView {
    let (title, line) = match booking.turned_away {
        // the same words as at the site
        Some(why) => (
            t("这次没有接种", "The jab was not given"),
            lang().pick(
                format!("原因：{}。号已经放回，好了以后可以重新预约；有疑问请先咨询接种点。", why.text(lang())),
                format!(
                    "Reason: {}. The place is free again: book anew when you are ready, or ask the site first.",
                    why.text(lang())
                ),
            ),
        ),
        None => (
            t("这个预约已取消", "This booking was cancelled"),
            t("号已经放回，二维码不能再用。", "The place is free again and the QR code no longer works.").to_owned(),
        ),
    };
    view! {
        {over("panel off", CROSS, title, line)}
        {facts_of(&booking)}
        <div class="stack">
            <a class="btn wide" href=site_path(booking.site.id)>{t("重新预约", "Book again")}</a>
            <a class="btn quiet wide" href="/bookings">{t("看全部预约", "All bookings")}</a>
        </div>
        <p class="cant-come">{t("加过日历？", "It is on your calendar? ")}{calendar::remove(&booking)}</p>
        {messages::part(booking.code)}
    }
    .into_any()
}

fn missed(booking: Booking) -> AnyView {
    let when = window_words(booking.window, lang());
    let line = lang().pick(
        format!("约的是 {when}，没有接种记录。没关系，可以重新约。"),
        format!("It was for {when} and no jab is recorded. Never mind, you can book again."),
    );
    let dial = tel(&booking.site.phone);
    view! {
        {over("panel look", LOOK, t("这一天已经过了", "The day is over"), line)}
        {facts_of(&booking)}
        <div class="stack">
            <a class="btn wide" href=site_path(booking.site.id)>{t("重新预约", "Book again")}</a>
            <a class="btn quiet wide" href=dial>{t("其实去了？打电话问接种点", "You did come? Call the site")}</a>
        </div>
        {messages::part(booking.code)}
    }
    .into_any()
}

fn not_found(state: State) -> AnyView {
    let busy = RwSignal::new(false);
    let other = move |_| {
        call(busy, api::accounts::sign_out(), move |_| {
            state.farewell();
            crate::ui::nav::go("/sign-in");
        });
    };
    view! {
        {heading(t("没有找到这个预约", "There is no such booking"))}
        <p>{t(
            "请核对预约码。如果是用另一个手机号约的，请换那个手机号登录。",
            "Compare the booking code. If it was made with another phone, sign in with that one.",
        )}</p>
        <div class="stack">
            <a class="btn wide" href="/bookings">{t("我的预约", "My bookings")}</a>
            <button type="button" class="btn quiet wide" on:click=other>{t("换个手机号登录", "Sign in with another phone")}</button>
        </div>
    }
    .into_any()
}
