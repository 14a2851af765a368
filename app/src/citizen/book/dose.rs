//! Which dose? For products of several, where what is known here does not already tell.

use domain::eligibility::DoseRecord;
use domain::error::Error;
use domain::time::{day_text, plus_days};
use domain::vaccine::Vaccine;
use leptos::prelude::*;

use super::whom::answer;
use super::{Step, framed, go_on, vaccine_of};
use crate::citizen::parts::{change_path, refused};
use crate::citizen::state::State;
use crate::ui::{Field, dom, error_summary, heading, lang, page, submit_button, t, titled, worded_field};

const PREVIOUS: &str = "previous_dose_on";

/// The page.
pub(super) fn page() -> AnyView {
    let state = State::here();
    let errors = RwSignal::new(vec![]);
    let refusal = RwSignal::new(None::<Error>);
    // The later dose whose predecessor's date is being asked.
    let asking = RwSignal::new(state.draft.with_untracked(|draft| draft.dose.filter(|dose| *dose > 1)));
    let date = RwSignal::new(state.draft.with_untracked(|draft| draft.previous_on.clone()));
    titled(
        || t("打第几剂？", "Which dose?").to_owned(),
        move || {
            framed(Step::Dose, move || {
                let said = move || refusal.get().map(|error| refused(&error, ways(state)));
                let question = move || match asking.get() {
                    Some(dose) if needs_date(state, dose) => date_form(state, dose, date, asking, errors, refusal),
                    _ => doses(state, asking, refusal),
                };
                view! {
                    {heading(t("打第几剂？", "Which dose?"))}
                    {said}
                    {error_summary(errors)}
                    {question}
                }
                .into_any()
            })
        },
    )
}

fn ways(state: State) -> AnyView {
    let site = state.draft.with_untracked(|draft| draft.slot.as_ref().map(|slot| slot.site_id)).unwrap_or_default();
    view! {
        <a class="btn quiet" href=change_path(site)>{t("换个日子", "Another day")}</a>
        <a class="btn quiet" href="/bookings">{t("看我的预约", "See my bookings")}</a>
    }
    .into_any()
}

fn course(state: State) -> Option<(Vaccine, Vec<DoseRecord>)> {
    state
        .draft
        .with_untracked(|draft| {
            state.overview_now(|now| vaccine_of(draft, now).map(|vaccine| (vaccine.clone(), draft.history(vaccine, now))))
        })
        .flatten()
}

/// Whether the date of the dose before must be asked: it is not known here.
fn needs_date(state: State, dose: u8) -> bool {
    dose > 1 && course(state).is_some_and(|(_, history)| !history.iter().any(|record| record.dose == dose - 1))
}

fn doses(state: State, asking: RwSignal<Option<u8>>, refusal: RwSignal<Option<Error>>) -> AnyView {
    let lang = lang();
    let Some((vaccine, history)) = course(state) else { return ().into_any() };
    let last = history.iter().map(|record| record.dose).max().unwrap_or(0);
    let lines: Vec<AnyView> = (1..=vaccine.doses)
        .map(|dose| {
            let words = lang.pick(format!("第 {dose} 剂"), format!("Dose {dose}"));
            if dose <= last {
                let record = history.iter().find(|record| record.dose == dose);
                return passed(words, record, lang);
            }
            let hint = match dose {
                1 => t("还没有打过", "Nothing given yet"),
                _ if dose == last + 1 => t("接着上一剂", "After the one before"),
                _ => t("上一剂已在别处打过，要填它的日期", "The one before was given elsewhere; we ask for its date"),
            };
            answer(words, hint.to_owned(), move |_| choose(state, dose, asking, refusal))
        })
        .collect();
    let all_booked = (last >= vaccine.doses).then(|| {
        view! { <p class="note good">{t("这种疫苗的各剂都已接种或已约，不用再约。", "Every dose of this vaccine is given or booked; nothing is left to do.")}</p> }
    });
    view! { {all_booked} <ul class="answers">{lines}</ul> }.into_any()
}

/// A dose that is given or booked: it cannot be chosen, and says why.
fn passed(words: String, record: Option<&DoseRecord>, lang: domain::lang::Lang) -> AnyView {
    let day = record.map(|record| day_text(record.on, lang)).unwrap_or_default();
    let hint = match record {
        Some(record) if !record.given => lang.pick(format!("已约在 {day}"), format!("Booked for {day}")),
        _ => lang.pick(format!("已接种 {day}"), format!("Given {day}")),
    };
    let see = record
        .is_some_and(|record| !record.given)
        .then(|| view! { <a href="/bookings">{t("查看这个预约", "See this booking")}</a> });
    view! { <li class="answer off"><b>{words}</b><span>{hint}</span>{see}</li> }.into_any()
}

fn choose(state: State, dose: u8, asking: RwSignal<Option<u8>>, refusal: RwSignal<Option<Error>>) {
    refusal.set(None);
    if needs_date(state, dose) {
        asking.set(Some(dose));
        dom::focus_soon("f-previous_dose_on");
        return;
    }
    asking.set(None);
    state.draft.update(|draft| {
        draft.dose = Some(dose);
        draft.previous_on.clear();
    });
    judge(state, refusal);
}

fn judge(state: State, refusal: RwSignal<Option<Error>>) {
    match state.draft.with_untracked(|draft| state.overview_now(|now| draft.judge(now))) {
        Some(Err(error)) => {
            state.draft.update(|draft| draft.dose = None);
            refusal.set(Some(error));
            dom::focus_soon(page::TITLE);
        }
        _ => go_on(state, Step::Dose),
    }
}

fn date_form(
    state: State,
    dose: u8,
    date: RwSignal<String>,
    asking: RwSignal<Option<u8>>,
    errors: RwSignal<Vec<Error>>,
    refusal: RwSignal<Option<Error>>,
) -> AnyView {
    let lang = lang();
    let before = dose - 1;
    let label = lang.pick(format!("第 {before} 剂是哪天打的？"), format!("On which day was dose {before} given?"));
    let hint = hint_of(state, dose);
    let send = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let typed = date.get_untracked();
        state.draft.update(|draft| {
            draft.dose = Some(dose);
            draft.previous_on = typed.clone();
        });
        refusal.set(None);
        let wrong = state.draft.with_untracked(|draft| state.overview_now(|now| draft.judge(now))).and_then(Result::err);
        match wrong {
            Some(error) if error.field.is_some() => {
                state.draft.update(|draft| draft.dose = None);
                errors.set(vec![error]);
            }
            _ => {
                errors.set(vec![]);
                judge(state, refusal);
            }
        }
    };
    let field = Field { kind: "date", ..Field::text(PREVIOUS, "") };
    view! {
        <form class="form" novalidate=true on:submit=send>
            {worded_field(field, label, hint, date, errors)}
            {submit_button(t("下一步", "Continue"), RwSignal::new(false))}
            <button type="button" class="linkish" on:click=move |_| asking.set(None)>{t("不是这一剂，重新选", "Another dose")}</button>
        </form>
    }
    .into_any()
}

/// `与上一剂至少隔 21 天`
fn hint_of(state: State, dose: u8) -> String {
    let days = course(state).and_then(|(vaccine, _)| {
        let day = plus_days(domain::NaiveDate::default(), 0);
        vaccine.window(dose).map(|window| window.first_day(day).signed_duration_since(day).num_days())
    });
    match days {
        Some(days) => lang().pick(
            format!("看接种证或接种记录；两剂至少隔 {days} 天"),
            format!("See the vaccination record; doses are at least {days} days apart"),
        ),
        None => String::new(),
    }
}
