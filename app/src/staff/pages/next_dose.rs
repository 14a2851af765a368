//! After a jab: the next dose, booked in two taps for whoever wants to, or left to them.

use domain::code::Code;
use domain::error::Error;
use domain::next_dose::{BookNext, NextDay, NextDose};
use domain::time::day_text;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::desk::Desk;
use crate::api;
use crate::ui::{dom, lang, t};

const BOOKED: &str = "next-dose-booked";

#[derive(Clone, Copy)]
struct Next {
    desk: Desk,
    code: Code,
    /// What can be had; nothing until it is asked for.
    offer: RwSignal<Option<NextDose>>,
    booked: RwSignal<Option<NextDay>>,
    refusal: RwSignal<Option<Error>>,
    busy: RwSignal<bool>,
    /// Of each window that was tried: the same tap again is the same request.
    tried: StoredValue<Option<BookNext>>,
}

/// The offer for the booking of a recorded jab.
pub(super) fn offer(desk: Desk, code: Code) -> AnyView {
    let next = Next {
        desk,
        code,
        offer: RwSignal::new(None),
        booked: RwSignal::new(None),
        refusal: RwSignal::new(None),
        busy: RwSignal::new(false),
        tried: StoredValue::new(None),
    };
    let refusal = move || next.refusal.get().map(|error| view! { <p class="note stop" role="alert">{error.text(lang())}</p> });
    view! { <section class="next-dose" aria-label=t("下一剂", "The next dose")>{refusal} {move || next.view()}</section> }
        .into_any()
}

impl Next {
    fn view(self) -> AnyView {
        if let Some(day) = self.booked.get() {
            let when = when(&day);
            let words = lang().pick(format!("下一剂约好了：{when}"), format!("The next dose is booked: {when}"));
            let told = t("短信会发到预约的手机号。", "A message goes to the phone of the booking.");
            return view! { <p class="next-dose-booked" id=BOOKED tabindex="-1" role="status"><b>{words}</b>" "{told}</p> }
                .into_any();
        }
        match self.offer.get() {
            None => {
                let busy = move || self.busy.get();
                view! {
                    <button type="button" class="btn quiet" disabled=busy on:click=move |_| self.ask()>{t("预约下一剂", "Book the next dose")}</button>
                }
                .into_any()
            }
            Some(offer) => self.offered(&offer),
        }
    }

    fn offered(self, offer: &NextDose) -> AnyView {
        let lang = lang();
        let words = match (offer.dose, offer.booked_on, offer.from) {
            (None, ..) => lang.pick("这个疫苗已经打完全程。", "The course is complete.").to_owned(),
            (Some(dose), Some(day), _) => {
                let day = day_text(day, lang);
                lang.pick(format!("第 {dose} 剂已经约在 {day}。"), format!("Dose {dose} is booked for {day} already."))
            }
            (Some(dose), None, from) => {
                let from = from.map(|day| day_text(day, lang)).unwrap_or_default();
                let words =
                    lang.pick(format!("第 {dose} 剂从 {from} 起可以打。"), format!("Dose {dose} can be given from {from}."));
                let none = lang.pick(
                    "那几天还没有放号，到时会发短信提醒本人预约。",
                    " Those days are not released yet; a message will remind them to book.",
                );
                if offer.days.is_empty() { words + none } else { words }
            }
        };
        let busy = move || self.busy.get();
        let days: Vec<AnyView> = offer
            .days
            .iter()
            .cloned()
            .map(|day| {
                let words = when(&day);
                view! {
                    <li><button type="button" class="btn quiet" disabled=busy on:click=move |_| self.book(day.clone())>{words}</button></li>
                }
                .into_any()
            })
            .collect();
        let rest = (!days.is_empty()).then(|| {
            view! {
                <ul class="next-dose-days">{days}</ul>
                <p class="quiet-text">{t("不约也可以：到时会发短信，本人自己约。", "Or leave it: a message will come in time, and they book themselves.")}</p>
            }
        });
        view! { <p role="status">{words}</p> {rest} }.into_any()
    }

    fn ask(self) {
        self.busy.set(true);
        self.refusal.set(None);
        spawn_local(async move {
            let answer = self.desk.ask(api::desk::next_dose(self.code.to_string())).await;
            if self.busy.try_set(false).is_some() {
                return;
            }
            match answer {
                Ok(offer) => self.offer.set(Some(offer)),
                Err(error) => self.refusal.set(Some(error)),
            }
        });
    }

    fn book(self, day: NextDay) {
        if self.busy.get_untracked() {
            return;
        }
        let again = self.tried.get_value().filter(|tried| tried.slot_id == day.slot_id);
        let book =
            again.unwrap_or_else(|| BookNext { request_id: dom::new_id(), code: self.code.to_string(), slot_id: day.slot_id });
        self.tried.set_value(Some(book.clone()));
        self.busy.set(true);
        self.refusal.set(None);
        spawn_local(async move {
            let answer = self.desk.ask(api::desk::book_next(book)).await;
            if self.busy.try_set(false).is_some() {
                return;
            }
            match answer {
                Ok(_) => {
                    self.booked.set(Some(day));
                    dom::focus_soon(BOOKED);
                }
                Err(error) => {
                    self.refusal.set(Some(error));
                    // what is offered may be gone
                    self.offer.set(None);
                }
            }
        });
    }
}

/// `3月23日 周二 09:00–09:30`
fn when(day: &NextDay) -> String {
    format!("{} {}", day_text(day.window.date, lang()), day.window.text())
}
