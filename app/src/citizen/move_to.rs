//! Another time for a booking, at the same site or another: the old one is kept until the new one is taken.

use domain::booking::{Booking, BookingState, Move};
use domain::error::Error;
use domain::slot::Slot;
use domain::{NaiveDate, Uuid};
use leptos::prelude::*;

use super::booking::with_booking;
use super::cancel::gone;
use super::chooser::Chooser;
use super::parts::{day_words, refused, shown_overview, try_again, waiting, window_words};
use super::state::State;
use crate::api;
use crate::ui::{Field, Load, call, dom, heading, lang, nav, page, select_field, t};

const CONFIRM: &str = "confirm-move";

/// The page.
pub(crate) fn page() -> AnyView {
    with_booking(|booking| {
        if booking.state != BookingState::Booked {
            return gone(&booking);
        }
        let state = State::here();
        let booking = StoredValue::new(booking);
        shown_overview(state, move || choose(state, booking.get_value()))
    })
}

/// What is being chosen, and the request that was made for it.
#[derive(Clone, Copy)]
struct Choice {
    slot: RwSignal<Option<Slot>>,
    site: RwSignal<String>,
    request: StoredValue<Option<(Uuid, Uuid)>>,
    busy: RwSignal<bool>,
    refusal: RwSignal<Option<Error>>,
}

fn choose(state: State, booking: Booking) -> AnyView {
    let choice = Choice {
        slot: RwSignal::new(None),
        site: RwSignal::new(booking.site.id.to_string()),
        request: StoredValue::new(None),
        busy: RwSignal::new(false),
        refusal: RwSignal::new(None),
    };
    let lang = lang();
    let now = lang.pick(
        format!("现在：{} {}", window_words(booking.window, lang), booking.site.name),
        format!("Now: {}, {}", window_words(booking.window, lang), booking.site.name_en),
    );
    let field = Field {
        hint: t("要换地方可以在这里选", "Choose here to change the place too"),
        ..Field::text("site", t("接种点", "Site"))
    };
    let sites = state.overview_now(|now| {
        let given =
            |site: &domain::availability::SiteDays| site.vaccine_ids.contains(&booking.vaccine.id) || site.id == booking.site.id;
        now.sites
            .iter()
            .filter(|now| given(&now.site))
            .map(|now| (now.site.id.to_string(), lang.pick(&now.site.name, &now.site.name_en).clone()))
            .collect()
    });
    let of = booking.clone();
    let windows = move || match Uuid::parse_str(&choice.site.get()) {
        Ok(site) => windows(state, site, &of, choice),
        Err(_) => ().into_any(),
    };
    view! {
        {heading(t("改到什么时候？", "Move it to when?"))}
        <p class="about"><b class="name">{booking.person.name.clone()}</b><span class="num">{now}</span></p>
        <p class="quiet-text">{t("新时间约上以后，原来的号才会让出来。", "The old place is given up only once the new one is yours.")}</p>
        {confirm(state, &booking, choice)}
        {select_field(field, sites.unwrap_or_default(), choice.site, RwSignal::new(vec![]))}
        {windows}
    }
    .into_any()
}

fn windows(state: State, site: Uuid, booking: &Booking, choice: Choice) -> AnyView {
    let (slots, ask) = state.live.watch_site(site);
    let day = RwSignal::new(None::<NaiveDate>);
    let today = state.overview_now(|now| now.today).unwrap_or_default();
    let (vaccine, window, same_site) = (booking.vaccine.id.clone(), booking.window, booking.site.id == site);
    let pick = Callback::new(move |slot: Slot| {
        choice.refusal.set(None);
        choice.slot.set(Some(slot));
        dom::focus_soon(CONFIRM);
    });
    let again = Callback::new(move |()| {
        slots.set(Load::Waiting);
        ask.run(());
    });
    (move || match slots.get() {
        Load::Waiting => waiting(3),
        Load::Failed(error) => try_again(&error, again),
        Load::Ready(all) => {
            let slots: Vec<_> = all.into_iter().filter(|slot| slot.slot.vaccine_id == vaccine).collect();
            let held = slots.iter().find(|slot| same_site && slot.slot.window == window).map(|slot| slot.slot.id);
            let chooser = Chooser { slots, today, day, held, pick };
            if day.with_untracked(Option::is_none) {
                day.set(chooser.first_open());
            }
            chooser.view()
        }
    })
    .into_any()
}

/// What was chosen, to be confirmed; what was refused, said in place.
fn confirm(state: State, booking: &Booking, choice: Choice) -> AnyView {
    let code = booking.code.to_string();
    let drop_choice = move |_| {
        choice.slot.set(None);
        dom::focus_soon(page::TITLE);
    };
    (move || {
        let slot = choice.slot.get()?;
        let today = state.overview_now(|now| now.today);
        let when = format!("{} {}", day_words(slot.window.date, today, lang()), slot.window.text());
        let code = code.clone();
        let send = move |event: leptos::ev::SubmitEvent| {
            event.prevent_default();
            submit(state, code.clone(), slot.id, choice);
        };
        let said = move || {
            choice.refusal.get().map(|error| {
                let other = view! { <button type="button" class="btn quiet" on:click=drop_choice>{t("另选一个时间", "Choose another time")}</button> };
                refused(&error, other.into_any())
            })
        };
        Some(
            view! {
                <form class="note good confirm" id=CONFIRM tabindex="-1" on:submit=send>
                    <h2>{t("改到这个时间？", "Move it to this time?")}</h2>
                    <p class="num"><b>{when}</b></p>
                    {said}
                    <div class="actions">
                        <button type="submit" class="btn" aria-disabled=move || choice.busy.get().then_some("true")>{t("确认改时间", "Yes, move it")}</button>
                        <button type="button" class="btn quiet" on:click=drop_choice>{t("再看看", "Keep looking")}</button>
                    </div>
                </form>
            }
            .into_any(),
        )
    })
    .into_any()
}

/// The same choice again is the same request, so a retry after a lost network moves once.
fn submit(state: State, code: String, slot_id: Uuid, choice: Choice) {
    let kept = choice.request.get_value().filter(|(of, _)| *of == slot_id);
    let (_, request_id) = kept.unwrap_or_else(|| (slot_id, dom::new_id()));
    choice.request.set_value(Some((slot_id, request_id)));
    let request = Move { request_id, code, slot_id };
    call(choice.busy, async { api::bookings::move_to(request).await }, move |answer| match answer {
        Ok(answer) => {
            let path = format!("/bookings/{}", answer.booking.code);
            state.last.set(Some(answer.booking));
            state.load_people();
            nav::replace(&path);
        }
        Err(error) => {
            state.heed(&error);
            choice.refusal.set(Some(error));
            dom::focus_soon(CONFIRM);
        }
    });
}
