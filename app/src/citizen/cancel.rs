//! Calling a booking off: its own page, so that nobody does it by a slip.

use domain::booking::{Booking, BookingState};
use domain::error::Error;
use leptos::prelude::*;

use super::booking::{facts_of, with_booking};
use super::parts::{refused, site_path};
use super::state::State;
use crate::api;
use crate::ui::{call, heading, nav, t};

/// The page.
pub(crate) fn page() -> AnyView {
    with_booking(|booking| if booking.state == BookingState::Booked { ask(booking) } else { gone(&booking) })
}

/// A booking that stands no more has a page that says why.
pub(crate) fn gone(booking: &Booking) -> AnyView {
    let own = format!("/bookings/{}", booking.code);
    nav::replace(&own);
    view! { <a href=own>{t("查看这个预约", "See this booking")}</a> }.into_any()
}

fn ask(booking: Booking) -> AnyView {
    let state = State::here();
    let busy = RwSignal::new(false);
    let refusal = RwSignal::new(None::<Error>);
    let own = format!("/bookings/{}", booking.code);
    let (code, then) = (booking.code.to_string(), own.clone());
    let cancel = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let (code, then) = (code.clone(), then.clone());
        call(busy, async { api::bookings::cancel(code).await }, move |answer| match answer {
            Ok(answer) => {
                state.last.set(Some(answer.booking));
                state.load_people();
                nav::replace(&then);
            }
            Err(error) => {
                state.heed(&error);
                refusal.set(Some(error));
            }
        });
    };
    let site = site_path(booking.site.id);
    let said = move || {
        let site = site.clone();
        refusal.get().map(|error| {
            refused(&error, view! { <a class="btn quiet" href=site>{t("看这个接种点", "See the site")}</a> }.into_any())
        })
    };
    view! {
        {heading(t("取消这个预约？", "Cancel this booking?"))}
        <p>{t("取消后号会马上放给别人；想换时间，可以直接改，不用取消。", "The place goes to others at once. To change the time there is no need to cancel: move it.")}</p>
        {facts_of(&booking)}
        {said}
        <form class="stack" on:submit=cancel>
            <button type="submit" class="btn stop wide" aria-disabled=move || busy.get().then_some("true")>{t("确认取消预约", "Yes, cancel it")}</button>
            <a class="btn quiet wide" href=format!("{own}/move")>{t("改时间", "Move it")}</a>
            <a class="btn quiet wide" href=own>{t("不取消，返回", "Keep it")}</a>
        </form>
    }
    .into_any()
}
