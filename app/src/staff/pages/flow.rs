//! What else staff do with somebody at the counter: receive them, let them go, send them home without the jab, accept what was booked elsewhere.

use domain::accept::Accept;
use domain::checkin::LookUp;
use domain::error::Error;
use domain::flow::{Next, TurnAway, TurnedAway};
use domain::lang::Lang;
use domain::reason::Reason;
use domain::time::{civil, hour_minute};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::counter::{Counter, Screen};
use super::shape;
use super::sound::{Sound, play};
use crate::api;
use crate::ui::form::field_id;
use crate::ui::{Field, dom, error_summary, lang, submit_button, t, text_field};

const REASON: &str = "accept.reason";
const DETAIL: &str = "detail";

/// What was said of somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// They have come.
    Arrived,
    /// They may go.
    Left,
    /// They go home without the jab.
    Home(TurnedAway),
}

/// The step that comes next, where it is not the jab.
pub(super) fn next_step(counter: Counter, found: &LookUp) -> Option<AnyView> {
    let (words, said) = match found.visit.next? {
        Next::Arrive if found.may_redeem => (t("已到，登记", "They are here: receive"), Said::Arrived),
        Next::Leave => (t("可以离开", "May leave"), Said::Left),
        _ => return None,
    };
    let found = StoredValue::new(Box::new(found.clone()));
    let errors = RwSignal::new(vec![]);
    let busy = RwSignal::new(false);
    let send = move |_| {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        spawn_local(async move {
            let code = found.with_value(|found| found.code.to_string());
            let answer = match said {
                Said::Left => counter.desk.ask(api::checkin::leave(code)).await,
                _ => counter.desk.ask(api::checkin::arrive(code, None)).await,
            };
            if busy.try_set(false).is_some() {
                return;
            }
            match answer {
                Ok(_) => counter.said(found.get_value(), said),
                Err(error) => errors.set(vec![error]),
            }
        });
    };
    Some(
        view! {
            {error_summary(errors)}
            <button type="button" class="btn redeem" disabled=move || busy.get() || !counter.armed.get() on:click=send>{words}</button>
        }
        .into_any(),
    )
}

/// How far they have come, in a line; nothing at sites that work with one step.
pub(super) fn so_far(found: &LookUp, lang: Lang) -> Option<String> {
    let at = |at| hour_minute(civil(at).time());
    let visit = &found.visit;
    if let Some(why) = visit.turned_away {
        return Some(why.text(lang).to_owned());
    }
    Some(match (visit.next?, visit.arrived_at, visit.observe_until) {
        (Next::Observe, _, Some(until)) => lang.pick(format!("留观到 {}", at(until)), format!("Stays until {}", at(until))),
        (Next::Leave, _, Some(until)) => lang.pick(format!("留观 {} 已满", at(until)), format!("Observation ended {}", at(until))),
        (Next::Jab, Some(came), _) => lang.pick(format!("{} 已到", at(came)), format!("Here since {}", at(came))),
        (Next::Arrive, ..) => lang.pick("还没有登记到场", "Not received yet").to_owned(),
        _ => return None,
    })
}

/// The way to send somebody home without the jab.
pub(super) fn turn_away(counter: Counter, found: Box<LookUp>) -> AnyView {
    let reason = RwSignal::new(None::<TurnedAway>);
    let detail = RwSignal::new(String::new());
    let errors = RwSignal::new(vec![]);
    let busy = RwSignal::new(false);
    let nonce = dom::new_id();
    let found = StoredValue::new(found);
    let send = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let Some(why) = reason.get_untracked() else {
            return errors.set(vec![Error::field("reason", Reason::Missing)]);
        };
        if busy.get_untracked() {
            return;
        }
        errors.set(vec![]);
        busy.set(true);
        let text = detail.get_untracked().trim().to_owned();
        spawn_local(async move {
            let code = found.with_value(|found| found.code.to_string());
            let detail = (!text.is_empty()).then_some(text);
            let answer = counter.desk.ask(api::checkin::turn_away(TurnAway { code, nonce, reason: why, detail })).await;
            if busy.try_set(false).is_some() {
                return;
            }
            match answer {
                Ok(home) => counter.said(found.get_value(), Said::Home(home.reason)),
                Err(error) => errors.set(vec![error]),
            }
        });
    };
    let form = move || {
        let lang = lang();
        let pills: Vec<AnyView> = TurnedAway::ALL
            .iter()
            .map(|why| {
                let why = *why;
                let pressed = move || (reason.get() == Some(why)).to_string();
                view! {
                    <button type="button" class="pill" aria-pressed=pressed on:click=move |_| reason.set(Some(why))>{why.text(lang)}</button>
                }
                .into_any()
            })
            .collect();
        let field = Field {
            most: 100,
            hint: t("可以不填，会记入日志，不要写号码", "Not needed; it is kept in the log. No numbers of people"),
            ..Field::text(DETAIL, t("补充说明", "More about it"))
        };
        view! {
            <form class="undo" novalidate=true on:submit=send>
                {error_summary(errors)}
                <p class="advice">{t(
                    "这个预约会取消，号源退回，本人马上可以重新预约。",
                    "The booking is cancelled, its place is free again, and the person can book anew at once.",
                )}</p>
                <div class="undo-usual" role="group" aria-label=t("不能接种的原因", "Why not") id=field_id("reason")>{pills}</div>
                {text_field(field, detail, errors)}
                <div class="actions">
                    {submit_button(t("确认今天不接种", "No jab today"), busy)}
                    <button type="button" class="btn quiet" on:click=move |_| counter.settling.set(false)>{t("返回", "Back")}</button>
                </div>
            </form>
        }
        .into_any()
    };
    opened_by(counter, || t("不能接种", "Cannot be vaccinated"), form)
}

/// The way to accept what was booked for another site or day.
pub(super) fn accept(counter: Counter, found: Box<LookUp>) -> AnyView {
    let reason = RwSignal::new(String::new());
    let errors = RwSignal::new(vec![]);
    let idle = RwSignal::new(false);
    let found = StoredValue::new(found);
    let send = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let accept = Accept { reason: reason.get_untracked() };
        match accept.why() {
            Ok(_) => counter.accept(found.get_value(), accept),
            Err(error) => errors.set(vec![error]),
        }
    };
    let form = move || {
        let usual = [
            t("走错了接种点", "Came to the wrong site"),
            t("记错了日期", "Mistook the day"),
            t("行动不便，就近接种", "Hard to travel"),
        ];
        let usual = usual.map(|words| {
            view! { <button type="button" class="pill" on:click=move |_| reason.set(words.to_owned())>{words}</button> }.into_any()
        });
        let field = Field {
            most: 100,
            hint: t("会记入日志", "It is kept in the log"),
            ..Field::text(REASON, t("在这里接种的原因", "Reason for giving it here today"))
        };
        view! {
            <form class="undo" novalidate=true on:submit=send>
                {error_summary(errors)}
                {text_field(field, reason, errors)}
                <div class="undo-usual">{usual.into_iter().collect::<Vec<_>>()}</div>
                <div class="actions">
                    {submit_button(t("已在这里接种（核销）", "Jab given here: mark as done"), idle)}
                    <button type="button" class="btn quiet" on:click=move |_| counter.settling.set(false)>{t("返回", "Back")}</button>
                </div>
            </form>
        }
        .into_any()
    };
    opened_by(counter, || t("负责人同意在这里接种", "Accept it here, as manager"), form)
}

/// A button that opens a form, and the form; while it is open no scan sweeps it away.
fn opened_by(
    counter: Counter,
    words: impl Fn() -> &'static str + Copy + Send + 'static,
    form: impl Fn() -> AnyView + Send + 'static,
) -> AnyView {
    (move || {
        let _ = lang();
        if counter.settling.get() {
            form()
        } else {
            view! { <button type="button" class="btn quiet" on:click=move |_| counter.settling.set(true)>{words()}</button> }
                .into_any()
        }
    })
    .into_any()
}

/// What was said, as large as the answer.
pub(super) fn said(counter: Counter, found: &LookUp, said: Said, lang: Lang) -> AnyView {
    let (class, title, advice) = match said {
        Said::Arrived => (
            "card go done",
            t("已登记到场", "Received"),
            t("请到候种区等候叫号。", "Please wait to be called for the jab.").to_owned(),
        ),
        Said::Left => {
            ("card go done", t("可以离开", "May leave"), t("留观结束，祝健康。", "The observation is over. Stay well.").to_owned())
        }
        Said::Home(why) => (
            "card look",
            t("今天不接种", "No jab today"),
            lang.pick(
                format!("{}。号源已退回，本人现在就可以重新预约。", why.text(lang)),
                format!("{}. The place is free again; the person can book anew now.", why.text(lang)),
            ),
        ),
    };
    let sign = match said {
        Said::Home(_) => shape::light(domain::checkin::Light::Amber),
        Said::Arrived | Said::Left => shape::tick(),
    };
    let code = found.code;
    let on = (said == Said::Arrived).then(|| {
        view! {
            <button type="button" class="btn quiet" on:click=move |_| counter.look_again(code)>{t("马上接种这一位", "Give this person the jab now")}</button>
        }
    });
    view! {
        <div class=class>
            <div class="head alone">
                {sign}
                <h2 class="title">{title}</h2>
                <p class="name">{found.name.clone()}</p>
                <p class="advice">{advice}</p>
                <p class="next">{t("可以直接扫下一位", "Scan the next person right away")}</p>
            </div>
            <div class="foot">{on}</div>
        </div>
    }
    .into_any()
}

impl Counter {
    /// Something other than a jab was said of somebody.
    pub(super) fn said(self, found: Box<LookUp>, said: Said) {
        self.clear();
        if let Said::Home(_) = said {
            self.desk.refresh();
        }
        self.screen.set(Screen::Said(found, said));
        play(Sound::Done);
    }
}
