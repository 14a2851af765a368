//! Booking at the desk: for somebody who walks in, or who calls. One form; who has walked in is looked up right away, for the jab.

mod fields;
mod typed;

use domain::Uuid;
use domain::access::Action;
use domain::at_desk::{AtDesk, BookAtDesk, Places};
use domain::booking::{Booking, Consent};
use domain::error::Error;
use domain::notice::Notice;
use domain::reason::Reason;
use domain::time::day_text;
use leptos::prelude::*;
use leptos::task::spawn_local;

use typed::Typed;

use super::desk::{Desk, Session};
use crate::api;
use crate::staff::scan::Scan;
use crate::ui::page::{TITLE, heading, titled};
use crate::ui::{Load, dom, error_summary, lang, load, nav, submit_button, t};

/// The field of the separate consent, as in refusals.
const SENSITIVE: &str = "sensitive";
/// The field of the consent to the notice.
const CONSENT: &str = "consent.version";
const BOOKED: &str = "booked-at-desk";

#[derive(Clone, Copy)]
struct Page {
    desk: Desk,
    how: RwSignal<AtDesk>,
    typed: Typed,
    places: RwSignal<Load<Places>>,
    notice: RwSignal<Load<Notice>>,
    errors: RwSignal<Vec<Error>>,
    busy: RwSignal<bool>,
    /// What was booked for somebody who called.
    booked: RwSignal<Option<Booking>>,
    /// What was sent last: the same again is the same request.
    sent: StoredValue<Option<BookAtDesk>>,
}

/// The page.
pub(super) fn page() -> AnyView {
    let page = Page {
        desk: Desk::here(),
        how: RwSignal::new(AtDesk::WalkIn),
        typed: Typed::new(),
        places: RwSignal::new(Load::Waiting),
        notice: RwSignal::new(Load::Waiting),
        errors: RwSignal::new(vec![]),
        busy: RwSignal::new(false),
        booked: RwSignal::new(None),
        sent: StoredValue::new(None),
    };
    load(page.notice, api::notices::current());
    Effect::new(move |_| {
        page.desk.signed_in.track();
        page.desk.site_id.track();
        page.how.track();
        page.read();
    });
    titled(|| t("现场登记和电话预约", "Book at the desk").to_owned(), move || page.view())
}

impl Page {
    fn read(self) {
        let Some(site_id) = self.desk.site_id.get_untracked() else { return };
        let how = self.how.get_untracked();
        spawn_local(async move {
            let answer = self.desk.ask(api::desk::places(site_id, how)).await;
            if self.how.try_get_untracked() == Some(how) {
                let _ = self.places.try_set(answer.map_or_else(Load::Failed, Load::Ready));
                let _ = self.typed.choose_most(&self.places);
            }
        });
    }

    fn view(self) -> AnyView {
        let note = |words: &'static str| view! { <p class="list-note" role="status">{words}</p> }.into_any();
        let body = move || {
            if self.desk.session.get() == Session::Locked || !self.desk.may(Action::BookAtDesk) {
                return ().into_any();
            }
            if self.desk.site_id.get().is_none() {
                return note(t("请先在上方选择接种点。", "Choose a site in the bar on top."));
            }
            match self.booked.get() {
                Some(booking) => self.said(&booking),
                None => self.form(),
            }
        };
        view! {
            <div class="list-page">
                <div class="list-head">{heading(t("现场登记和电话预约", "Book at the desk"))}</div>
                {body}
            </div>
        }
        .into_any()
    }

    fn form(self) -> AnyView {
        // a session that has ended is no reason to type it again, and none to leave it in sight
        let hidden = move || self.desk.session.get() != Session::In;
        view! {
            <form class="lot-form desk-form" novalidate=true hidden=hidden on:submit=move |event| self.send(&event)>
                {error_summary(self.errors)}
                {self.how_fields()}
                {move || self.place_fields()}
                <h2>{t("接种人", "Who it is")}</h2>
                {self.person_fields()}
                <h2>{t("请逐条问本人", "Ask them, one by one")}</h2>
                {self.questions()}
                {move || self.consents()}
                {move || submit_button(if self.how.get() == AtDesk::WalkIn { t("登记，去接种", "Book, and on to the jab") } else { t("预约", "Book") }, self.busy)}
            </form>
        }
        .into_any()
    }

    /// What was booked for somebody who called, to be read out.
    fn said(self, booking: &Booking) -> AnyView {
        let lang = lang();
        let vaccine = lang.pick(&booking.vaccine.name, &booking.vaccine.name_en).clone();
        let when = format!("{} {}", day_text(booking.window.date, lang), booking.window.text());
        let what = lang.pick(format!("{vaccine}，第 {} 剂", booking.dose), format!("{vaccine}, dose {}", booking.dose));
        let again = move |_| {
            self.booked.set(None);
            dom::focus_soon(TITLE);
        };
        view! {
            <section class="desk-booked" id=BOOKED tabindex="-1" role="status">
                <h2>{t("约好了，请念给对方", "Booked: read it out")}</h2>
                <p class="code num">{booking.code.grouped()}</p>
                <p><b class="num">{when}</b></p>
                <p>{booking.person.name.clone()}" · "{what}</p>
                <p class="quiet-text">{t("短信会发到对方的手机。", "A message goes to their phone.")}</p>
                <button type="button" class="btn" on:click=again>{t("再登记一位", "Book for somebody else")}</button>
            </section>
        }
        .into_any()
    }

    /// What is typed as it is sent, or all that is wrong with it, by the rules that the server judges by.
    fn wanted(self) -> Result<BookAtDesk, Vec<Error>> {
        let typed = self.typed;
        let person = typed.person();
        let missing = |field| Error::field(field, Reason::Missing);
        let mut errors = vec![];
        let slot_id: Option<Uuid> = typed.slot.get_untracked().parse().ok();
        if slot_id.is_none() {
            errors.push(missing("slot_id"));
        }
        self.desk.overview.with_untracked(|overview| {
            if let Some(overview) = overview {
                errors.extend(person.wrong(&overview.city, overview.today));
            }
        });
        let screening = typed.screening.get_untracked();
        if let Some(group) = screening.first_yes() {
            errors.push(Error::new(Reason::Contraindicated { group }));
        }
        let notice = self.notice.with_untracked(|notice| notice.ready().cloned());
        if notice.is_none() || !typed.consent.get_untracked() {
            errors.push(Error::field(CONSENT, Reason::ConsentMissing));
        }
        let separate = notice.as_ref().is_some_and(|notice| notice.sensitive.is_some());
        if separate && !typed.sensitive.get_untracked() {
            errors.push(Error::field(SENSITIVE, Reason::SensitiveConsent));
        }
        let (Some(slot_id), Some(notice), true) = (slot_id, notice, errors.is_empty()) else { return Err(errors) };
        let wanted = BookAtDesk {
            request_id: dom::new_id(),
            slot_id,
            dose: typed.dose.get_untracked().parse().unwrap_or(1),
            how: self.how.get_untracked(),
            person,
            previous_dose_on: typed.previous_on.get_untracked().parse().ok().filter(|_| typed.dose.get_untracked() != "1"),
            screening,
            consent: Consent { version: notice.version },
            sensitive: typed.sensitive.get_untracked(),
        };
        let again = self.sent.with_value(|sent| sent.as_ref().map(|sent| sent.request_id));
        let same = again.map(|request_id| BookAtDesk { request_id, ..wanted.clone() });
        Ok(same.filter(|same| self.sent.with_value(|sent| sent.as_ref() == Some(same))).unwrap_or(wanted))
    }

    fn send(self, event: &leptos::ev::SubmitEvent) {
        event.prevent_default();
        if self.busy.get_untracked() {
            return;
        }
        let wanted = match self.wanted() {
            Ok(wanted) => wanted,
            Err(errors) => return self.errors.set(errors),
        };
        self.errors.set(vec![]);
        self.sent.set_value(Some(wanted.clone()));
        self.busy.set(true);
        spawn_local(async move {
            let how = wanted.how;
            let answer = self.desk.ask(api::desk::book(wanted)).await;
            if self.busy.try_set(false).is_some() {
                return;
            }
            match answer {
                Ok(one) => {
                    self.sent.set_value(None);
                    self.typed.clear();
                    self.desk.refresh();
                    match how {
                        AtDesk::WalkIn => {
                            self.desk.wanted.set(Some(Scan::Code(one.booking.code)));
                            nav::go("/");
                        }
                        AtDesk::Phone => {
                            self.read();
                            self.booked.set(Some(one.booking));
                            dom::focus_soon(BOOKED);
                        }
                    }
                }
                Err(error) => {
                    if matches!(error.reason, Some(Reason::SlotFull | Reason::SlotPast | Reason::SlotClosed)) {
                        self.read();
                    }
                    self.errors.set(vec![error]);
                }
            }
        });
    }
}
