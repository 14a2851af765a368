//! Booking, one question a page: whom for, details, dose, health, the notice, check, sign in.
//!
//! Each page knows only its own question; which one comes next follows from what the draft still lacks, so a reload or a
//! deep link lands where the answers end.

mod check;
mod consent;
mod details;
mod dose;
mod health;
mod next_best;
mod sensitive;
mod sign_in;
mod submit;
mod whom;

use domain::vaccine::Vaccine;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::draft::{Draft, Whom};
use super::missing;
use super::parts::{back, dose_words, shown_overview, site_path, when};
use super::state::State;
use crate::live::Overview;
use crate::ui::{heading, lang, nav, t, titled};

/// A question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Whom,
    Details,
    Dose,
    Health,
    Consent,
    Check,
    SignIn,
}

impl Step {
    const ALL: [Self; 7] = [Self::Whom, Self::Details, Self::Dose, Self::Health, Self::Consent, Self::Check, Self::SignIn];

    const fn word(self) -> &'static str {
        match self {
            Self::Whom => "whom",
            Self::Details => "details",
            Self::Dose => "dose",
            Self::Health => "health",
            Self::Consent => "consent",
            Self::Check => "check",
            Self::SignIn => "sign-in",
        }
    }

    fn read(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.word() == word)
    }

    fn path(self) -> String {
        format!("/book/{}", self.word())
    }
}

/// The questions that this draft takes, in their order.
fn steps(draft: &Draft, overview: &Overview, signed_in: bool) -> Vec<Step> {
    let known = matches!(draft.whom, Some(Whom::Known(_)));
    let vaccine = draft.slot.as_ref().and_then(|slot| overview.vaccine(&slot.vaccine_id));
    let dose_known = vaccine.is_some_and(|vaccine| draft.known_dose(vaccine, overview).is_some());
    Step::ALL
        .into_iter()
        .filter(|step| match step {
            Step::Details => !known,
            Step::Dose => !dose_known,
            // Who has signed in and is known agrees on the page where they check: the notice stands there too.
            Step::Consent => !(known && signed_in),
            Step::SignIn => !signed_in,
            _ => true,
        })
        .collect()
}

/// Whether the draft has an answer to a question.
fn is_answered(step: Step, draft: &Draft, overview: &Overview) -> bool {
    match step {
        Step::Whom => draft.whom.is_some(),
        Step::Details => {
            draft.relation().is_none_or(|relation| draft.typed().errors(relation, &overview.city, overview.today).is_empty())
        }
        Step::Dose => draft.dose.is_some(),
        Step::Health => draft.screening.is_some_and(|screening| screening.first_yes().is_none()),
        Step::Consent => draft.consent.is_some(),
        Step::Check | Step::SignIn => false,
    }
}

/// The page.
pub(crate) fn page() -> AnyView {
    let state = State::here();
    let params = use_params_map();
    let word = Memo::new(move |_| params.with(|params| params.get("step").unwrap_or_default()));
    (move || {
        let Some(step) = Step::read(&word.get()) else { return missing::page() };
        // The steps are drawn again with the overview, not with its numbers: those are signals of their own.
        shown_overview(state, move || of(state, step))
    })
    .into_any()
}

fn of(state: State, step: Step) -> AnyView {
    let place = state.draft.with_untracked(|draft| draft.slot.clone());
    let known = place.is_some_and(|slot| {
        state.overview_now(|now| now.site(slot.site_id).is_some() && now.vaccine(&slot.vaccine_id).is_some()) == Some(true)
    });
    if !known {
        return no_place();
    }
    if let Some(earlier) = first_open_before(state, step) {
        nav::replace(&earlier.path());
        return ().into_any();
    }
    match step {
        Step::Whom => whom::page(),
        Step::Details => details::page(),
        Step::Dose => dose::page(),
        Step::Health => health::page(),
        Step::Consent => consent::page(),
        Step::Check => check::page(),
        Step::SignIn => sign_in::page(),
    }
}

/// The first question before `step` that is still open.
fn first_open_before(state: State, step: Step) -> Option<Step> {
    fill_dose(state);
    with_steps(state, |steps, draft, overview| {
        let before = steps.iter().take_while(|before| **before != step);
        before.copied().find(|before| *before != Step::Check && !is_answered(*before, draft, overview))
    })
}

/// Where to go from a question that was answered: on, or back to where the answers are checked.
fn go_on(state: State, from: Step) {
    fill_dose(state);
    let next = with_steps(state, |steps, draft, overview| {
        let after = steps.iter().skip_while(|step| **step != from).skip(1);
        after.copied().find(|step| !is_answered(*step, draft, overview))
    });
    nav::go(&next.unwrap_or(Step::Check).path());
}

/// A dose that need not be asked is answered by itself.
fn fill_dose(state: State) {
    let known =
        state.draft.with_untracked(|draft| state.overview_now(|now| draft.known_dose(vaccine_of(draft, now)?, now))).flatten();
    if known.is_some() && state.draft.with_untracked(|draft| draft.dose != known) {
        state.draft.update(|draft| draft.dose = known);
    }
}

fn with_steps<T>(state: State, read: impl FnOnce(&[Step], &Draft, &Overview) -> Option<T>) -> Option<T> {
    let signed_in = state.signed_in.get_untracked();
    state.draft.with_untracked(|draft| state.overview_now(|now| read(&steps(draft, now, signed_in), draft, now))).flatten()
}

/// The vaccine of the chosen place.
fn vaccine_of<'a>(draft: &Draft, overview: &'a Overview) -> Option<&'a Vaccine> {
    overview.vaccine(&draft.slot.as_ref()?.vaccine_id)
}

fn no_place() -> AnyView {
    titled(
        || t("先选时间", "Choose a time first").to_owned(),
        || {
            view! {
                {heading(t("先选一个接种点和时间", "First choose a site and a time"))}
                <p>{t("选好时间后，再填写接种人的信息。", "Then we ask whom it is for.")}</p>
                <a class="btn wide" href="/">{t("看哪里还有号", "See where places are left")}</a>
            }
            .into_any()
        },
    )
}

/// The frame of a question: back, which step it is, whom and what it is about.
fn framed(step: Step, body: impl Fn() -> AnyView) -> AnyView {
    let state = State::here();
    let (at, of, before) = with_steps(state, |steps, _, _| {
        let at = steps.iter().position(|other| *other == step)?;
        Some((at + 1, steps.len(), at.checked_sub(1).map(|before| steps[before])))
    })
    .unwrap_or((1, 1, None));
    let site = state.draft.with_untracked(|draft| draft.slot.as_ref().map(|slot| slot.site_id)).unwrap_or_default();
    let href = before.map_or_else(|| site_path(site), Step::path);
    view! {
        {back(href)}
        {step_line(at, of)}
        {(step != Step::Check).then(|| about(state))}
        {body()}
    }
    .into_any()
}

fn step_line(at: usize, of: usize) -> AnyView {
    let words = lang().pick(format!("第 {at} 步，共 {of} 步"), format!("Step {at} of {of}"));
    let dots: Vec<AnyView> = (1..=of).map(|dot| view! { <i class:on=dot <= at></i> }.into_any()).collect();
    view! { <p class="step"><span aria-current="step">{words}</span><span class="dots" aria-hidden="true">{dots}</span></p> }
        .into_any()
}

/// The strip that keeps in sight whom it is for, when and where.
fn about(state: State) -> AnyView {
    (move || {
        let lang = lang();
        state
            .draft
            .with(|draft| {
                state.overview(|now| {
                    let slot = draft.slot.as_ref()?;
                    let site = now.site(slot.site_id)?;
                    let vaccine = now.vaccine(&slot.vaccine_id)?;
                    let name = draft.name().to_owned();
                    let whom = (!name.is_empty()).then(|| {
                        view! { <b class="name">{lang.pick(format!("为 {name} 预约"), format!("For {name}"))}</b> }.into_any()
                    });
                    let dose = draft
                        .dose
                        .filter(|_| vaccine.doses > 1)
                        .map(|dose| format!(" · {}", dose_words(dose, vaccine.doses, lang)));
                    Some(
                        view! {
                            <div class="about">
                                {whom}
                                {when(slot.window, None, lang)}
                                <span>{lang.pick(&site.site.name, &site.site.name_en).clone()}</span>
                                <span>{vaccine.title(lang).to_owned()}{dose}</span>
                            </div>
                        }
                        .into_any(),
                    )
                })
            })
            .flatten()
    })
    .into_any()
}
