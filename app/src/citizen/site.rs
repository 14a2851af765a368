//! One site: which vaccine, which day, what time. A tap on a time leads on to booking.

use domain::availability::SiteDays;
use domain::error::Error;
use domain::reason::Reason;
use domain::slot::{Slot, SlotState};
use domain::vaccine::Vaccine;
use domain::{NaiveDate, Uuid};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::chooser::Chooser;
use super::parts::{back, try_again, waiting};
use super::shell::tel;
use super::state::State;
use super::{left_over, missing};
use crate::live::{Overview, SlotNow};
use crate::ui::icon::{PHONE, icon};
use crate::ui::{Load, dom, heading, lang, nav, t, titled};

/// The page.
pub(crate) fn page() -> AnyView {
    let params = use_params_map();
    (move || match params.with(|params| params.get("id").and_then(|id| Uuid::parse_str(&id).ok())) {
        Some(id) => of(id),
        None => missing::page(),
    })
    .into_any()
}

fn of(id: Uuid) -> AnyView {
    let state = State::here();
    let (slots, ask) = state.live.watch_site(id);
    let vaccine = RwSignal::new(None::<String>);
    let day = RwSignal::new(None::<NaiveDate>);
    let name = move || state.overview(|now| now.site(id).map(|now| lang().pick(&now.site.name, &now.site.name_en).clone()));
    let again = Callback::new(move |()| {
        state.live.refresh();
        slots.set(Load::Waiting);
        ask.run(());
    });
    titled(
        move || name().flatten().unwrap_or_else(|| t("接种点", "Site").to_owned()),
        move || {
            let overview = state.live.overview.get();
            let content = match (&overview, slots.get()) {
                (Load::Failed(error), _) => try_again(error, again),
                (Load::Ready(now), _) if now.site(id).is_none() => {
                    view! { {heading(t("没有这个接种点", "No such site"))} <p>{Error::new(Reason::NotFound).text(lang())}</p> }
                        .into_any()
                }
                (Load::Ready(now), Load::Failed(error)) => view! { {facts_of(now, id)} {try_again(&error, again)} }.into_any(),
                (Load::Ready(now), Load::Ready(slots)) => ready(state, now, id, slots, vaccine, day),
                (Load::Ready(now), Load::Waiting) => view! { {facts_of(now, id)} {waiting(4)} }.into_any(),
                (Load::Waiting, _) => waiting(5),
            };
            view! { {back("/")} {content} }.into_any()
        },
    )
}

fn facts_of(now: &Overview, id: Uuid) -> AnyView {
    let Some(site) = now.site(id).map(|now| now.site.clone()) else { return ().into_any() };
    head(&site)
}

fn head(site: &SiteDays) -> AnyView {
    view! {
        <div class="site-head">
            {heading(lang().pick(&site.name, &site.name_en).clone())}
            <p class="quiet-text" lang="zh-CN">{site.address.clone()}</p>
            <a class="call" href=tel(&site.phone)>{icon(PHONE)}<span>{site.phone.clone()}</span></a>
        </div>
    }
    .into_any()
}

fn ready(
    state: State,
    now: &Overview,
    id: Uuid,
    slots: Vec<SlotNow>,
    vaccine: RwSignal<Option<String>>,
    day: RwSignal<Option<NaiveDate>>,
) -> AnyView {
    let given: Vec<Vaccine> =
        now.vaccines.iter().filter(|vaccine| slots.iter().any(|slot| slot.slot.vaccine_id == vaccine.id)).cloned().collect();
    if vaccine.with_untracked(Option::is_none) {
        vaccine.set(first_choice(state, &given, &slots));
    }
    let pick = Callback::new(move |slot: Slot| {
        state.draft.update(|draft| draft.choose(id, &slot));
        // In the middle of a booking back to the answers; the guard there asks what is still open.
        nav::go(if dom::query("change").is_some() { "/book/check" } else { "/book/whom" });
    });
    let today = now.today;
    let list = move || {
        let chosen = vaccine.get();
        let of_vaccine: Vec<SlotNow> =
            slots.iter().filter(|slot| Some(&slot.slot.vaccine_id) == chosen.as_ref()).cloned().collect();
        let offer = left_over::offer(id, of_vaccine.clone());
        let chooser = Chooser { slots: of_vaccine, today, day, held: None, pick };
        if day.with_untracked(Option::is_none) {
            day.set(chooser.first_open());
        }
        view! { {chooser.view()} {offer} }
    };
    view! {
        {facts_of(now, id)}
        {vaccines(&given, vaccine, day)}
        <section class="when-to-come">
            <h2>{t("哪一天、几点去方便？", "Which day and time suits you?")}</h2>
            <p class="behind" role="status">{move || state.live.behind.get().then(|| t("网络不稳，号数可能不是最新的", "Connection lost, numbers may be old"))}</p>
            {list}
        </section>
    }
    .into_any()
}

/// The vaccine of the booking in the making, or the first with places left.
fn first_choice(state: State, given: &[Vaccine], slots: &[SlotNow]) -> Option<String> {
    let kept = state.draft.with_untracked(|draft| draft.slot.as_ref().map(|slot| slot.vaccine_id.clone()));
    let open = |vaccine: &&Vaccine| {
        slots.iter().any(|slot| slot.slot.vaccine_id == vaccine.id && slot.now.with_untracked(|now| now.state == SlotState::Open))
    };
    let kept = given.iter().find(|vaccine| Some(&vaccine.id) == kept.as_ref());
    kept.or_else(|| given.iter().find(open)).or(given.first()).map(|vaccine| vaccine.id.clone())
}

/// Which vaccine, where the site gives several; its name where it gives one.
fn vaccines(given: &[Vaccine], chosen: RwSignal<Option<String>>, day: RwSignal<Option<NaiveDate>>) -> AnyView {
    let lang = lang();
    let doses = |vaccine: &Vaccine| {
        lang.pick(
            format!("打 {} 剂", vaccine.doses),
            format!("{} dose{}", vaccine.doses, if vaccine.doses == 1 { "" } else { "s" }),
        )
    };
    if let [only] = given {
        return view! { <p class="vaccine-only">{only.title(lang).to_owned()}<small>{doses(only)}</small></p> }.into_any();
    }
    let lines: Vec<AnyView> = given
        .iter()
        .map(|vaccine| {
            let (id, key) = (vaccine.id.clone(), vaccine.id.clone());
            let checked = move || chosen.with(|chosen| chosen.as_ref() == Some(&id));
            let choose = move |_| {
                day.set(None);
                chosen.set(Some(key.clone()));
            };
            view! {
                <label class="choice">
                    <input type="radio" name="vaccine" value=vaccine.id.clone() prop:checked=checked on:change=choose />
                    <span>{vaccine.title(lang).to_owned()}</span>
                    <span class="hint">{doses(vaccine)}</span>
                </label>
            }
            .into_any()
        })
        .collect();
    view! {
        <fieldset class="field vaccines">
            <legend>{t("打哪一种疫苗？", "Which vaccine?")}</legend>
            {lines}
        </fieldset>
    }
    .into_any()
}
