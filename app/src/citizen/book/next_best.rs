//! A place that is gone: the next best ones at once, everything else kept.

use domain::slot::{Slot, SlotState};
use domain::{NaiveDate, Uuid};
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::citizen::draft::Chosen;
use crate::citizen::parts::{change_path, day_words, places, waiting};
use crate::citizen::state::State;
use crate::live::read_slots;
use crate::ui::{lang, t};

/// How many are offered.
const OFFERED: usize = 6;

/// The windows of the same site and vaccine that lie nearest to the one that is gone. `then` runs once one was taken.
pub(super) fn offers(state: State, then: Callback<()>) -> AnyView {
    let Some(chosen) = state.draft.with_untracked(|draft| draft.slot.clone()) else { return ().into_any() };
    let found = RwSignal::new(None::<Vec<Slot>>);
    let site = chosen.site_id;
    spawn_local(async move {
        let slots = read_slots(site).await.unwrap_or_default();
        let _ = found.try_set(Some(nearest(slots, &chosen)));
    });
    let today = state.overview_now(|now| now.today);
    let list = move || match found.get() {
        None => waiting(1),
        Some(slots) if slots.is_empty() => {
            view! { <p>{t("这个接种点近期没有别的号了。", "This site has no other places soon.")}</p> }.into_any()
        }
        Some(slots) => list(state, site, slots, today, then),
    };
    view! {
        <div class="offers">
            <h3>{t("相近的时间", "Times close to it")}</h3>
            {list}
            <div class="actions">
                <a class="btn quiet" href=change_path(site)>{t("看这里的全部时间", "All times here")}</a>
                <a class="btn quiet" href="/">{t("换个接种点", "Another site")}</a>
            </div>
        </div>
    }
    .into_any()
}

fn list(state: State, site: Uuid, slots: Vec<Slot>, today: Option<NaiveDate>, then: Callback<()>) -> AnyView {
    let lang = lang();
    let lines: Vec<AnyView> = slots
        .into_iter()
        .map(|slot| {
            let day = day_words(slot.window.date, today, lang);
            let (time, left) = (slot.window.text(), places(slot.remaining, lang));
            let take = move |_| {
                state.draft.update(|draft| draft.choose(site, &slot));
                then.run(());
            };
            view! { <li><button type="button" class="win" on:click=take><span>{day}</span><b class="num">{time}</b><small>{left}</small></button></li> }
                .into_any()
        })
        .collect();
    view! { <ul class="wins">{lines}</ul> }.into_any()
}

fn nearest(slots: Vec<Slot>, gone: &Chosen) -> Vec<Slot> {
    let minutes = |slot: &Slot| {
        let from = gone.window.date.and_time(gone.window.start);
        slot.window.date.and_time(slot.window.start).signed_duration_since(from).num_minutes().abs()
    };
    let mut open: Vec<Slot> = slots
        .into_iter()
        .filter(|slot| slot.state == SlotState::Open && slot.vaccine_id == gone.vaccine_id && slot.id != gone.slot_id)
        .collect();
    open.sort_by_key(minutes);
    open.truncate(OFFERED);
    open.sort_by_key(|slot| (slot.window.date, slot.window.start));
    open
}
