//! The messages about a booking: which, when, to which number, and what became of each, in plain words.

use domain::code::Code;
use domain::lang::Lang;
use domain::message::{MessageState, MessageTold};
use domain::time::{civil, day_text, hour_minute, near_day};
use domain::{DateTime, NaiveDate, Utc};
use leptos::prelude::*;

use super::state::State;
use crate::api;
use crate::ui::{Load, dom, lang, load, t};

/// The part of the booking's page. Where they cannot be read the page stands without them.
pub(crate) fn part(code: Code) -> AnyView {
    let told = RwSignal::new(Load::<Vec<MessageTold>>::Waiting);
    load(told, async move { Ok(api::bookings::messages(code.to_string()).await?.messages) });
    let today = State::here().overview(|now| now.today);
    (move || {
        told.with(|told| {
            let told = told.ready().filter(|told| !told.is_empty())?;
            let lines: Vec<AnyView> = told.iter().map(|told| line(told, today)).collect();
            Some(
                view! {
                    <section class="told">
                        <h2>{t("短信", "Messages")}</h2>
                        <ul>{lines}</ul>
                        {numbers(told)}
                    </section>
                }
                .into_any(),
            )
        })
    })
    .into_any()
}

fn line(told: &MessageTold, today: Option<NaiveDate>) -> AnyView {
    let lang = lang();
    let class = match told.state {
        MessageState::Failed | MessageState::InDoubt => "told-state look",
        _ => "told-state",
    };
    view! {
        <li>
            <b>{told.kind.title(lang)}</b>
            <span class=class>{state_words(told, today, dom::now(), lang)}</span>
        </li>
    }
    .into_any()
}

/// The number once, where it is the same for all; it changes when the person's is corrected.
fn numbers(told: &[MessageTold]) -> AnyView {
    let mut numbers: Vec<&str> = told.iter().map(|told| told.to.as_str()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    view! { <p class="quiet-text">{t("发到 ", "Sent to ")}<span class="num">{numbers.join(t("、", ", "))}</span></p> }.into_any()
}

fn state_words(told: &MessageTold, today: Option<NaiveDate>, now: DateTime<Utc>, lang: Lang) -> String {
    let at = moment(told.at, today, lang);
    match (told.state, lang) {
        (MessageState::Queued, Lang::Zh) if told.at > now => format!("将在{at}发出"),
        (MessageState::Queued, Lang::En) if told.at > now => format!("Will be sent {at}"),
        (MessageState::Queued | MessageState::Sending | MessageState::Dropped, _) => lang.pick("正在发出", "On its way").to_owned(),
        (MessageState::Sent, Lang::Zh) => format!("{at}已发出"),
        (MessageState::Sent, Lang::En) => format!("Sent {at}"),
        (MessageState::Delivered, Lang::Zh) => format!("{at}已送达"),
        (MessageState::Delivered, Lang::En) => format!("Arrived {at}"),
        (MessageState::InDoubt, Lang::Zh) => format!("{at}发出，可能没有送到"),
        (MessageState::InDoubt, Lang::En) => format!("Sent {at}, may not have arrived"),
        (MessageState::Failed, _) => {
            lang.pick("没有送到，请核对手机号", "Could not be delivered; please check the phone number").to_owned()
        }
        (MessageState::Called, _) => lang.pick("工作人员已打电话告知", "Told by telephone").to_owned(),
    }
}

/// `今天 17:00`, `11月23日 周一 17:00`, `today at 17:00`
fn moment(at: DateTime<Utc>, today: Option<NaiveDate>, lang: Lang) -> String {
    let local = civil(at);
    let (date, time) = (local.date(), hour_minute(local.time()));
    let near = today.and_then(|today| near_day(date, today, lang));
    match lang {
        Lang::Zh => format!("{} {time} ", near.map_or_else(|| day_text(date, lang), str::to_owned)),
        Lang::En => match near {
            Some(near) => format!("{} at {time}", near.to_lowercase()),
            None => format!("on {} at {time}", day_text(date, lang)),
        },
    }
}
