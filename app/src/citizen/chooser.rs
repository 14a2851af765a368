//! Choosing a time: the days as a list, the windows of the chosen day under it, places left, live.

use domain::lang::Lang;
use domain::slot::{Slot, SlotState};
use domain::time::{civil, day_text, hour_minute, near_day};
use domain::{NaiveDate, Uuid, chrono::Timelike};
use leptos::prelude::*;

use super::parts::places;
use crate::live::{SHOWN_DAYS, SlotNow};
use crate::ui::{dom, lang, t};

/// Up to this many places, the number is said with weight.
const FEW: u32 = 3;

/// What a chooser needs.
#[derive(Clone)]
pub(crate) struct Chooser {
    /// The windows of one vaccine at one site.
    pub(crate) slots: Vec<SlotNow>,
    /// The server's present day.
    pub(crate) today: NaiveDate,
    /// The day whose windows are open to sight.
    pub(crate) day: RwSignal<Option<NaiveDate>>,
    /// The window that is held now, when it is about moving; it cannot be chosen again.
    pub(crate) held: Option<Uuid>,
    /// What happens with a window.
    pub(crate) pick: Callback<Slot>,
}

impl Chooser {
    /// The days with windows, soonest first; those beyond the tenth that can be booked are left out.
    fn days(&self) -> Vec<NaiveDate> {
        let mut days: Vec<NaiveDate> = self.slots.iter().map(|slot| slot.slot.window.date).collect();
        days.dedup();
        days.retain(|day| self.of_day(*day).next().is_some());
        let mut open = 0;
        days.retain(|day| {
            let keep = open < SHOWN_DAYS;
            open += u32::from(untrack(|| self.left(*day)) > 0);
            keep
        });
        days
    }

    /// The windows of a day; those that have begun are no longer of interest.
    fn of_day(&self, day: NaiveDate) -> impl Iterator<Item = &SlotNow> + use<'_> {
        let now = dom::now();
        self.slots.iter().filter(move |slot| slot.slot.window.date == day && !slot.slot.window.has_begun(now))
    }

    fn left(&self, day: NaiveDate) -> u32 {
        self.of_day(day).map(|slot| slot.now.with(|now| now.remaining)).sum()
    }

    /// The first day that can be booked.
    pub(crate) fn first_open(&self) -> Option<NaiveDate> {
        let open = |slot: &&SlotNow| slot.now.with_untracked(|now| now.state == SlotState::Open);
        self.slots.iter().find(open).map(|slot| slot.slot.window.date)
    }

    /// The list.
    pub(crate) fn view(self) -> AnyView {
        let days: Vec<AnyView> = self.days().into_iter().map(|day| self.day_view(day)).collect();
        if days.is_empty() {
            return view! { <p class="note">{t("这里近期没有安排这种疫苗，请看看别的接种点", "No sessions for this vaccine here soon; look at another site")}</p> }
                .into_any();
        }
        view! { <ol class="days">{days}</ol> }.into_any()
    }

    fn day_view(&self, day: NaiveDate) -> AnyView {
        let (lang, chosen) = (lang(), self.day);
        let near = near_day(day, self.today, lang);
        let open = Memo::new(move |_| chosen.get() == Some(day));
        let windows = {
            let this = self.clone();
            move || open.get().then(|| this.windows(day))
        };
        let said = {
            let this = self.clone();
            move || this.day_state(day)
        };
        let toggle = move |_| chosen.set(if open.get_untracked() { None } else { Some(day) });
        let region = format!("day-{day}");
        view! {
            <li class="day" class:open=move || open.get()>
                <h3>
                    <button type="button" class="day-head" aria-expanded=move || open.get().to_string() aria-controls=region.clone() on:click=toggle>
                        <span class="day-name">{near.map(|near| view! { <b>{near}</b> })}<span>{day_text(day, lang)}</span></span>
                        {said}
                    </button>
                </h3>
                <div id=region>{windows}</div>
            </li>
        }
        .into_any()
    }

    /// `42 个号`, or why there is none.
    fn day_state(&self, day: NaiveDate) -> AnyView {
        let left = self.left(day);
        if left > 0 {
            let words = lang().pick(format!("{left} 个号"), format!("{left} {}", if left == 1 { "place" } else { "places" }));
            return view! { <span class="day-left num">{words}</span> }.into_any();
        }
        let states: Vec<Slot> = self.of_day(day).map(|slot| slot.now.get()).collect();
        let words = match states.iter().find(|slot| slot.state == SlotState::Later) {
            Some(later) => state_words(later, lang()),
            None if states.iter().any(|slot| slot.state == SlotState::Full) => t("已约满", "Full").to_owned(),
            None => t("不可预约", "Not bookable").to_owned(),
        };
        view! { <span class="day-left none">{words}</span> }.into_any()
    }

    fn windows(&self, day: NaiveDate) -> AnyView {
        let part = |afternoon: bool| -> Vec<AnyView> {
            self.of_day(day)
                .filter(|slot| (slot.slot.window.start.hour() >= 12) == afternoon)
                .map(|slot| self.window(slot))
                .collect()
        };
        let list = |words: &'static str, windows: Vec<AnyView>| {
            (!windows.is_empty()).then(|| view! { <h4>{words}</h4><ul class="wins">{windows}</ul> }.into_any())
        };
        view! {
            <div class="wins-of-day">
                {list(t("上午", "Morning"), part(false))}
                {list(t("下午", "Afternoon"), part(true))}
            </div>
        }
        .into_any()
    }

    fn window(&self, slot: &SlotNow) -> AnyView {
        let (now, pick) = (slot.now.clone(), self.pick);
        let held = self.held == Some(slot.slot.id);
        let time = slot.slot.window.text();
        let state = {
            let now = now.clone();
            Memo::new(move |_| now.with(|now| (now.state, now.remaining <= FEW)))
        };
        let inside = move || {
            let words = {
                let now = now.clone();
                move || {
                    now.with(|now| if held { t("现在的时间", "Your present time").to_owned() } else { state_words(now, lang()) })
                }
            };
            let (open, few) = state.get();
            let time = view! { <b class="num">{time.clone()}</b> };
            if open == SlotState::Open && !held {
                let now = now.clone();
                let choose = move |_| pick.run(now.get_untracked());
                view! { <button type="button" class="win" class:few=few on:click=choose>{time}<small>{words}</small></button> }
                    .into_any()
            } else {
                view! { <div class="win off">{time}<small>{words}</small></div> }.into_any()
            }
        };
        view! { <li>{inside}</li> }.into_any()
    }
}

/// The words for a window's state.
pub(crate) fn state_words(slot: &Slot, lang: Lang) -> String {
    match (slot.state, slot.opens_at) {
        (SlotState::Open, _) if slot.remaining <= FEW => {
            lang.pick(format!("只剩 {} 个号", slot.remaining), format!("Only {} left", slot.remaining))
        }
        (SlotState::Open, _) => places(slot.remaining, lang),
        (SlotState::Full, _) => lang.pick("已约满", "Full").to_owned(),
        (SlotState::Later, Some(at)) => {
            let at = civil(at);
            let (day, time) = (day_text(at.date(), lang), hour_minute(at.time()));
            lang.pick(format!("{day} {time} 放号"), format!("Opens {day} {time}"))
        }
        (SlotState::Later | SlotState::Closed, _) => lang.pick("停约", "Closed").to_owned(),
    }
}
