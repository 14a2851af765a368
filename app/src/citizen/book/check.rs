//! Check the answers, each with a way to change it, and send. What is refused is said here, with the next best thing to do.

use domain::error::{Error, ErrorCode};
use domain::lang::Lang;
use domain::reason::Reason;
use leptos::prelude::*;

use super::submit::Submit;
use super::{Step, framed, next_best, vaccine_of};
use crate::citizen::draft::{Draft, Whom};
use crate::citizen::notice::text_of;
use crate::citizen::parts::{change_path, dose_words, refused, shown, when};
use crate::live::Overview;
use crate::ui::page::TITLE;
use crate::ui::{dom, heading, lang, nav, submit_button, t, titled};

/// The page.
pub(super) fn page() -> AnyView {
    let submit = Submit::new();
    let state = submit.state;
    state.need_notice();
    Effect::new(move |_| {
        let refused = submit.refusal.with(Option::is_some);
        crate::ui::page::title_with_errors(refused);
        if refused {
            dom::focus_soon("refusal");
        }
    });
    titled(
        || t("请核对", "Check your answers").to_owned(),
        move || {
            framed(Step::Check, move || {
                let said = move || submit.refusal.get().map(|error| refusal(submit, &error));
                let rows = move || state.draft.with(|draft| state.overview(|now| rows(draft, now, lang()))).unwrap_or_default();
                view! {
                    {heading(t("请核对，没问题就提交", "Check, then book"))}
                    <div id="refusal" tabindex="-1">{said}</div>
                    <dl class="facts change">{rows}</dl>
                    {consent_and_send(submit)}
                }
                .into_any()
            })
        },
    )
}

fn rows(draft: &Draft, now: &Overview, lang: Lang) -> Vec<AnyView> {
    let Some(slot) = &draft.slot else { return vec![] };
    let site = now.site(slot.site_id).map(|now| lang.pick(&now.site.name, &now.site.name_en).clone()).unwrap_or_default();
    let vaccine = vaccine_of(draft, now);
    let place = change_path(slot.site_id);
    let (document, home) = person_rows(draft, now, lang);
    let known = matches!(draft.whom, Some(Whom::Known(_)));
    let person = if known { Step::Whom } else { Step::Details }.path();
    let mut rows = vec![
        row(t("接种人", "For"), draft.name().to_owned(), Some((Step::Whom.path(), t("改接种人", "Change the person")))),
        row(t("证件", "Document"), document, (!known).then_some((person.clone(), t("改证件", "Change the document")))),
    ];
    if !known {
        rows.push(row(t("住址", "Address"), home, Some((person, t("改住址", "Change the address")))));
    }
    rows.push(row(
        t("时间", "When"),
        when(slot.window, Some(now.today), lang),
        Some((place.clone(), t("改时间", "Change the time"))),
    ));
    rows.push(row(t("地点", "Where"), site, Some((place, t("改地点", "Change the site")))));
    if let (Some(vaccine), Some(dose)) = (vaccine, draft.dose) {
        let words = format!("{} · {}", vaccine.title(lang), dose_words(dose, vaccine.doses, lang));
        let change = (draft.known_dose(vaccine, now).is_none()).then(|| (Step::Dose.path(), t("改剂次", "Change the dose")));
        rows.push(row(t("疫苗", "Vaccine"), words, change));
    }
    rows.push(row(
        t("健康情况", "Health"),
        t("五项都没有", "None of the five applies").to_owned(),
        Some((Step::Health.path(), t("改健康情况", "Change the answers about health"))),
    ));
    rows
}

fn person_rows(draft: &Draft, now: &Overview, lang: Lang) -> (String, String) {
    match &draft.whom {
        Some(Whom::Known(person)) => (format!("{} {}", person.document.kind.title(lang), person.document.number), String::new()),
        _ => {
            let typed = draft.typed();
            let county = now.city.division(&typed.county).map(|division| division.title(lang)).unwrap_or_default();
            let gap = lang.pick("", " ");
            (
                format!("{} {}", typed.document_kind().title(lang), typed.number.trim()),
                format!("{county}{gap}{}", typed.address.trim()),
            )
        }
    }
}

fn row(word: &'static str, fact: impl IntoAny, change: Option<(String, &'static str)>) -> AnyView {
    let change = change.map(|(href, words)| view! { <a href=href aria-label=words>{t("改", "Change")}</a> });
    view! { <div><dt>{word}</dt><dd><span>{fact.into_any()}</span>{change}</dd></div> }.into_any()
}

/// The button that sends; for who agreed on the page before only that, otherwise the notice stands here as well.
fn consent_and_send(submit: Submit) -> AnyView {
    let state = submit.state;
    let again = Callback::new(move |()| state.load_notice());
    (move || {
        if state.draft.with(|draft| draft.consent.is_some()) {
            let words = t("提交预约", "Book");
            return send_form(submit, None, words);
        }
        shown(state.notice, again, move |notice| {
            let text = lang().pick(&notice.zh, &notice.en);
            let words = t("同意告知书并提交", "Agree and book");
            view! {
                <details class="more notice-inside">
                    <summary>{text.title.clone()}</summary>
                    {text_of(&notice)}
                </details>
                <p class="consent">{text.consent.clone()}</p>
                {send_form(submit, Some(notice.version.clone()), words)}
            }
            .into_any()
        })
    })
    .into_any()
}

fn send_form(submit: Submit, version: Option<String>, words: &'static str) -> AnyView {
    let send = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if let Some(version) = version.clone() {
            submit.state.draft.update(|draft| draft.consent = Some(version));
        }
        if submit.state.signed_in.get_untracked() {
            submit.send();
        } else {
            nav::go(&Step::SignIn.path());
        }
    };
    view! { <form on:submit=send>{submit_button(words, submit.busy)}</form> }.into_any()
}

/// Each refusal with its own way on.
fn refusal(submit: Submit, error: &Error) -> AnyView {
    let state = submit.state;
    let retry = move || {
        view! { <button type="button" class="btn" on:click=move |_| submit.send()>{t("再试一次", "Try again")}</button> }.into_any()
    };
    let actions = match (&error.code, &error.reason) {
        (ErrorCode::SlotFull, _)
        | (_, Some(Reason::SlotClosed | Reason::SlotPast | Reason::SlotLater { .. }))
        | (ErrorCode::NotFound, _) => {
            let then = Callback::new(move |()| {
                submit.refusal.set(None);
                dom::focus_soon(TITLE);
            });
            next_best::offers(state, then)
        }
        (ErrorCode::AlreadyBooked, Some(Reason::AlreadyBooked { code: Some(code) })) => {
            let href = format!("/bookings/{code}");
            view! {
                <a class="btn" href=href>{t("查看这个预约", "See this booking")}</a>
                <a class="btn quiet" href="/book/whom">{t("给别人约", "Book for somebody else")}</a>
            }
            .into_any()
        }
        (ErrorCode::AlreadyBooked, _) => {
            let hotline = state.overview_now(|now| now.city.hotline.clone()).unwrap_or_default();
            let dial = crate::citizen::shell::tel(&hotline);
            view! {
                <a class="btn" href="/bookings">{t("看我的预约", "See my bookings")}</a>
                <a class="btn quiet" href=dial>{t("拨打热线 ", "Call ")}{hotline}</a>
            }
            .into_any()
        }
        (_, Some(Reason::TooEarly { .. } | Reason::TooLate { .. } | Reason::UnderAge { .. })) => {
            let site = state.draft.with_untracked(|draft| draft.slot.as_ref().map(|slot| slot.site_id)).unwrap_or_default();
            view! { <a class="btn" href=change_path(site)>{t("换个日子", "Another day")}</a> }.into_any()
        }
        (_, Some(Reason::PreviousDose { .. } | Reason::DoseNumber | Reason::Date | Reason::MixedCourse)) => {
            view! { <a class="btn" href=Step::Dose.path()>{t("改剂次", "Change the dose")}</a> }.into_any()
        }
        (_, Some(Reason::Contraindicated { .. })) => {
            view! { <a class="btn" href=Step::Health.path()>{t("改健康情况", "Change the answers about health")}</a> }.into_any()
        }
        (_, Some(Reason::ConsentVersion)) => {
            view! { <a class="btn" href=Step::Consent.path()>{t("阅读新的告知书", "Read the new notice")}</a> }.into_any()
        }
        _ => retry(),
    };
    refused(error, actions)
}
