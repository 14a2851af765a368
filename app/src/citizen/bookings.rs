//! My bookings: the ones to come first, each with its next step.

use domain::booking::{Booking, BookingState};
use leptos::prelude::*;

use super::parts::{dose_words, shown, site_path, when};
use super::sign_in;
use super::state::State;
use crate::api;
use crate::ui::icon::{CROSS, LOOK, ON, TICK, icon};
use crate::ui::{Load, heading, lang, load, t, titled};

/// The page.
pub(crate) fn page() -> AnyView {
    let state = State::here();
    let bookings = RwSignal::new(Load::Waiting);
    let again = Callback::new(move |()| load(bookings, async { Ok(api::bookings::list().await?.bookings) }));
    if state.signed_in.get_untracked() {
        again.run(());
    }
    titled(
        || t("我的预约", "My bookings").to_owned(),
        move || {
            let content = move || match state.signed_in.get() {
                false => signed_out(again),
                true => shown(bookings, again, move |all| list(state, &all)),
            };
            view! { {heading(t("我的预约", "My bookings"))} {content} }.into_any()
        },
    )
}

fn signed_out(again: Callback<()>) -> AnyView {
    view! {
        <p>{t("用预约时的手机号登录，就能看到全部预约和二维码。", "Sign in with the phone you booked with to see all bookings and their QR codes.")}</p>
        {sign_in::panel(again)}
    }
    .into_any()
}

fn list(state: State, all: &[Booking]) -> AnyView {
    if all.is_empty() {
        return view! {
            <div class="empty">
                <p>{t("还没有预约。先看看哪里还有号吧。", "No bookings yet. See where places are left.")}</p>
                <a class="btn" href="/">{t("看号源", "Find a place")}</a>
            </div>
        }
        .into_any();
    }
    let (ahead, past): (Vec<&Booking>, Vec<&Booking>) = all.iter().partition(|booking| booking.state == BookingState::Booked);
    let part = |words: &'static str, bookings: Vec<&Booking>| {
        (!bookings.is_empty()).then(|| {
            let cards: Vec<AnyView> = bookings.into_iter().map(|booking| card(state, booking)).collect();
            view! { <section><h2>{words}</h2><ul class="cards">{cards}</ul></section> }.into_any()
        })
    };
    view! {
        {part(t("将要去的", "Coming up"), ahead)}
        {part(t("以前的", "Before"), past)}
        <a class="btn quiet wide" href="/">{t("再约一个", "Book another")}</a>
    }
    .into_any()
}

fn card(state: State, booking: &Booking) -> AnyView {
    let lang = lang();
    let today = state.overview(|now| now.today);
    let (href, words) = next_step(booking);
    let own = format!("/bookings/{}", booking.code);
    view! {
        <li class="card">
            <div class="card-top">
                <b class="name">{booking.person.name.clone()}</b>
                {badge(booking.state)}
            </div>
            <p class="when">{when(booking.window, today, lang)}</p>
            <p>{lang.pick(&booking.site.name, &booking.site.name_en).clone()}</p>
            <p class="quiet-text small">
                {lang.pick(&booking.vaccine.name, &booking.vaccine.name_en).clone()}" · "{dose_words(booking.dose, booking.vaccine.doses, lang)}
            </p>
            <div class="links">
                <a class="link-main" href=href>{words}{icon(ON)}</a>
                {(booking.state == BookingState::Cancelled || booking.state == BookingState::Missed).then(|| {
                    view! { <a href=own>{t("查看", "See it")}</a> }
                })}
            </div>
        </li>
    }
    .into_any()
}

/// What is next for a booking of this state: where, and in which words.
fn next_step(booking: &Booking) -> (String, &'static str) {
    let own = format!("/bookings/{}", booking.code);
    match booking.state {
        BookingState::Booked => (own, t("出示二维码", "Show the QR code")),
        BookingState::Redeemed => (own, t("看接种记录", "See the record")),
        BookingState::Cancelled => (site_path(booking.site.id), t("重新预约", "Book again")),
        BookingState::Missed => (site_path(booking.site.id), t("重新预约", "Book again")),
    }
}

/// A state as a word with a shape.
pub(crate) fn badge(state: BookingState) -> AnyView {
    let (class, glyph, words) = match state {
        BookingState::Booked => ("badge good", TICK, t("已预约", "Booked")),
        BookingState::Redeemed => ("badge done", TICK, t("已接种", "Done")),
        BookingState::Cancelled => ("badge off", CROSS, t("已取消", "Cancelled")),
        BookingState::Missed => ("badge look", LOOK, t("未到", "Missed")),
    };
    view! { <span class=class>{icon(glyph)}{words}</span> }.into_any()
}
