//! The way to the booking's calendar file: a plain link, for webviews save no file that a page made.

use domain::booking::Booking;
use leptos::prelude::*;

use crate::ui::{dom, t};

/// The link, and in WeChat how to open it where its own browser does not.
pub(crate) fn button(booking: &Booking) -> AnyView {
    let file = format!("/bookings/{}/calendar.ics", booking.code);
    view! { <a class="btn quiet" href=file rel="external">{t("加到日历", "Add to calendar")}</a> }.into_any()
}

/// For whoever has the entry of a booking that is off: the same file takes it away.
pub(crate) fn remove(booking: &Booking) -> AnyView {
    let file = format!("/bookings/{}/calendar.ics", booking.code);
    view! { <a href=file rel="external">{t("从日历里删掉", "Take it off the calendar")}</a> }.into_any()
}

/// What to do where the browser around us opens no calendar file.
pub(crate) fn hint() -> Option<AnyView> {
    let wechat = dom::window().navigator().user_agent().is_ok_and(|agent| agent.contains("MicroMessenger"));
    wechat.then(|| {
        view! {
            <p class="quiet-text">{t(
                "微信里加不了日历时：点右上角“…”，选“在浏览器打开”，再点“加到日历”。",
                "If WeChat does not add it: tap “…” on top, choose “Open in browser”, then “Add to calendar”.",
            )}</p>
        }
        .into_any()
    })
}
