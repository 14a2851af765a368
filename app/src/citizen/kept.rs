//! The tickets that were opened last, kept on this phone so that they open at the door without a network.
//!
//! Kept are the pass and what it says anyway, and the site's name: no name of a person, no number. Signing out takes all of it away, and a ticket
//! goes when its booking stands no more. What is shown from here says so: the server has the last word at the counter.

use domain::NaiveDate;
use domain::booking::{Booking, BookingState};
use domain::code::Code;
use domain::slot::Window;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::parts::window_words;
use super::ticket;
use crate::ui::page::arrived;
use crate::ui::{dom, heading, lang, t};

const KEPT: &str = "yizhen.tickets";
/// A family's.
const MOST: usize = 6;

/// A ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept {
    code: Code,
    pass: String,
    #[serde(flatten)]
    window: Window,
    site: String,
    site_en: String,
}

/// Keeps the ticket of a booking that stands; takes away that of one that stands no more.
pub(crate) fn note(booking: &Booking) {
    let mut all = all();
    all.retain(|kept| kept.code != booking.code && kept.window.date >= today());
    if let Some(pass) = booking.pass.clone().filter(|_| booking.state == BookingState::Booked) {
        let (site, site_en) = (booking.site.name.clone(), booking.site.name_en.clone());
        all.insert(0, Kept { code: booking.code, pass, window: booking.window, site, site_en });
        all.truncate(MOST);
    }
    let text = serde_json::to_string(&all).ok().filter(|_| !all.is_empty());
    dom::keep_local(KEPT, text.as_deref());
}

/// Takes all of them away.
pub(crate) fn forget() {
    dom::keep_local(KEPT, None);
}

/// The ticket of a code, as it stands in an address.
pub(crate) fn of(code: &str) -> Option<Kept> {
    let code = Code::parse(code).ok()?;
    all().into_iter().find(|kept| kept.code == code)
}

fn all() -> Vec<Kept> {
    // what another version has written, or somebody else, is nothing
    dom::local(KEPT).and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}

fn today() -> NaiveDate {
    domain::time::civil(dom::now()).date()
}

/// The ticket, with the words that it is the one of before.
pub(crate) fn view(kept: &Kept, again: Callback<()>) -> AnyView {
    arrived();
    let lang = lang();
    view! {
        {heading(t("到现场出示这个码", "Show this code at the site"))}
        {ticket::of(Some(&kept.pass), kept.code)}
        <section class="note" role="status">
            <p><b>{window_words(kept.window, lang)}</b>" "{lang.pick(kept.site.clone(), kept.site_en.clone())}</p>
            <p>{t(
                "现在没有网络，这是上次打开时的二维码，现场照样可以扫。",
                "There is no network: this is the QR code of last time. It can be scanned at the site all the same.",
            )}</p>
            <div class="actions">
                <button type="button" class="btn quiet" on:click=move |_| again.run(())>{t("联网后刷新", "Refresh with a network")}</button>
            </div>
        </section>
    }
    .into_any()
}
