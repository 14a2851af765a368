//! Whom is it for? One tap, for oneself, somebody saved, or somebody new.

use domain::error::Error;
use domain::person::{Identity, Person, Relation};
use leptos::prelude::*;

use super::{Step, framed, go_on, vaccine_of};
use crate::citizen::draft::Whom;
use crate::citizen::parts::{refused, waiting};
use crate::citizen::state::State;
use crate::ui::icon::{ON, icon};
use crate::ui::{Load, dom, heading, lang, page, t, titled};

/// The page.
pub(super) fn page() -> AnyView {
    let state = State::here();
    let refusal = RwSignal::new(None::<Error>);
    titled(
        || t("给谁约？", "Whom is it for?").to_owned(),
        move || {
            framed(Step::Whom, move || {
                let said = move || refusal.get().map(|error| refused(&error, other_ways()));
                view! {
                    {heading(t("给谁约？", "Whom is it for?"))}
                    {said}
                    {move || choices(state, refusal)}
                }
                .into_any()
            })
        },
    )
}

fn other_ways() -> AnyView {
    view! {
        <a class="btn quiet" href="/bookings">{t("看我的预约", "See my bookings")}</a>
        <a class="btn quiet" href="/">{t("换个时间或接种点", "Another time or site")}</a>
    }
    .into_any()
}

fn choices(state: State, refusal: RwSignal<Option<Error>>) -> AnyView {
    let people = match (state.signed_in.get(), state.people.get()) {
        (false, _) | (true, Load::Failed(_)) => vec![],
        (true, Load::Waiting) => return waiting(2),
        (true, Load::Ready(people)) => people,
    };
    let has_self = people.iter().any(|person| person.relation == Relation::Myself);
    let identity = state.identity().filter(|_| !has_self);
    let vouched = identity.map(|identity| vouched_for(state, identity));
    let myself = (!has_self && vouched.is_none()).then(|| {
        new_person(
            state,
            Relation::Myself,
            t("给自己约", "For myself"),
            t("需要您的证件号码和住址", "Have your identity document ready"),
        )
    });
    let known: Vec<AnyView> = people.into_iter().map(|person| known_person(state, person, refusal)).collect();
    view! {
        <ul class="answers">
            {known}
            {vouched}
            {myself}
            {new_person(
                state,
                Relation::Other,
                t("给家人或别人约", "For somebody else"),
                t("老人、家属都可以，需要他们的证件号码", "A parent, a relative: have their identity document ready"),
            )}
        </ul>
    }
    .into_any()
}

/// Oneself, as an app has said it: only where one lives is left to ask.
fn vouched_for(state: State, identity: Identity) -> AnyView {
    let lang = lang();
    let words = lang.pick(format!("{}（本人）", identity.name), format!("{} (myself)", identity.name));
    let hint = format!("{} {} · {}", identity.document.kind.title(lang), identity.document.number, confirmed());
    let choose = move |_| {
        state.draft.update(|draft| {
            draft.choose_whom(Whom::New(Relation::Myself));
            draft.myself.identify(&identity);
        });
        go_on_to_details();
    };
    answer(words, hint, choose)
}

fn confirmed() -> &'static str {
    t("已核实", "confirmed")
}

fn new_person(state: State, relation: Relation, words: &'static str, hint: &'static str) -> AnyView {
    let choose = move |_| {
        state.draft.update(|draft| draft.choose_whom(Whom::New(relation)));
        go_on_to_details();
    };
    answer(words.to_owned(), hint.to_owned(), choose)
}

fn go_on_to_details() {
    crate::ui::nav::go(&Step::Details.path());
}

fn known_person(state: State, person: Person, refusal: RwSignal<Option<Error>>) -> AnyView {
    let lang = lang();
    let words = match person.relation {
        Relation::Myself => lang.pick(format!("{}（本人）", person.name), format!("{} (myself)", person.name)),
        Relation::Other => person.name.clone(),
    };
    let confirmed = if person.identified { format!(" · {}", confirmed()) } else { String::new() };
    let hint = format!("{} {}{confirmed}", person.document.kind.title(lang), person.document.number);
    let choose = move |_| {
        let chosen = Whom::Known(Box::new(person.clone()));
        state.draft.update(|draft| draft.choose_whom(chosen));
        match state.draft.with_untracked(|draft| state.overview_now(|now| (complete(draft, now), draft.judge(now)))) {
            Some((false, Err(error))) => {
                refusal.set(Some(error));
                dom::focus_soon(page::TITLE);
            }
            _ => go_on(state, Step::Whom),
        }
    };
    answer(words, hint, choose)
}

/// Whether the course is complete or booked to its end: the page about the dose says so.
fn complete(draft: &crate::citizen::draft::Draft, now: &crate::live::Overview) -> bool {
    vaccine_of(draft, now).is_some_and(|vaccine| {
        let history = draft.history(vaccine, now);
        !history.is_empty() && draft.known_dose(vaccine, now).is_none()
    })
}

/// An answer that leads on by one tap.
pub(super) fn answer(words: String, hint: String, choose: impl Fn(leptos::ev::MouseEvent) + 'static) -> AnyView {
    view! {
        <li>
            <button type="button" class="answer" on:click=choose>
                <b>{words}</b>
                <span>{hint}</span>
                {icon(ON)}
            </button>
        </li>
    }
    .into_any()
}
