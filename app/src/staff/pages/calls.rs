//! Whom to call: people whom a message did not reach, while it still matters to them.

use domain::Uuid;
use domain::code::Code;
use domain::error::Error;
use domain::lang::Lang;
use domain::message::{CallList, MessageKind, NotArrived, ToCall};
use domain::reveal::{Purpose, Reveal, Secret};
use domain::time::day_text;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::desk::{Desk, Session};
use crate::api;
use crate::ui::page::{heading, titled};
use crate::ui::{Load, dom, lang, t};

#[derive(Clone, Copy)]
struct Calls {
    desk: Desk,
    list: RwSignal<Load<CallList>>,
    /// The number that is shown, and of which line; one at a time, and for a moment.
    shown: RwSignal<Option<(Uuid, String)>>,
    refusal: RwSignal<Option<Error>>,
    /// The line that is being asked about.
    busy: RwSignal<Option<Uuid>>,
}

/// The page.
pub(super) fn page() -> AnyView {
    let calls = Calls {
        desk: Desk::here(),
        list: RwSignal::new(Load::Waiting),
        shown: RwSignal::new(None),
        refusal: RwSignal::new(None),
        busy: RwSignal::new(None),
    };
    Effect::new(move |_| {
        calls.desk.signed_in.track();
        calls.read();
    });
    let away = window_event_listener(leptos::ev::visibilitychange, move |_| {
        if !dom::is_visible() {
            calls.shown.set(None);
        }
    });
    on_cleanup(move || away.remove());
    titled(|| t("要打的电话", "Calls to make").to_owned(), move || calls.view())
}

impl Calls {
    fn read(self) {
        spawn_local(async move {
            let answer = self.desk.ask(api::messages::to_call()).await;
            if let Ok(list) = &answer {
                let count = u32::try_from(list.rows.len()).unwrap_or(u32::MAX);
                let _ = self.desk.calls.try_set(Some(count));
            }
            let shown = self.list.try_with_untracked(|list| list.ready().is_some());
            match answer {
                // an old list is worth more than none
                Err(error) if shown == Some(true) => drop(self.refusal.try_set(Some(error))),
                answer => drop(self.list.try_set(answer.map_or_else(Load::Failed, Load::Ready))),
            }
        });
    }

    fn view(self) -> AnyView {
        view! {
            <div class="list-page">
                <div class="list-head">
                    {heading(t("要打的电话", "Calls to make"))}
                    <button type="button" class="pill" on:click=move |_| self.read()>{t("刷新", "Refresh")}</button>
                </div>
                <p class="list-sum" id=SAID tabindex="-1">{t(
                    "短信没有送到这些人，而事情还来得及：请打电话告诉他们。",
                    "No message reached these people, and there is still time: please call and tell them.",
                )}</p>
                {move || self.refusal.get().map(|error| view! { <p class="note stop" role="alert">{error.text(lang())}</p> })}
                {move || self.body()}
            </div>
        }
        .into_any()
    }

    fn body(self) -> AnyView {
        // while the session has ended nothing of anybody stands behind the form
        if self.desk.session.get() != Session::In {
            return ().into_any();
        }
        self.list.with(|list| match list {
            Load::Waiting => view! { <div class="wait" role="status" aria-label=t("正在读取", "Loading")></div> }.into_any(),
            Load::Failed(error) => view! { <p class="note stop" role="alert">{error.text(lang())}</p> }.into_any(),
            Load::Ready(list) if list.rows.is_empty() => {
                view! { <p class="list-note" role="status">{t("没有要打的电话。", "There is nobody to call.")}</p> }.into_any()
            }
            Load::Ready(list) => {
                let lines: Vec<AnyView> = list.rows.iter().map(|row| self.line(row)).collect();
                let more = list.more.then(|| t("还有更多，处理完这些后再刷新。", "There are more; refresh when these are done."));
                view! { <ul class="calls">{lines}</ul> <p class="quiet-text">{more}</p> }.into_any()
            }
        })
    }

    fn line(self, row: &ToCall) -> AnyView {
        let lang = lang();
        let (id, code) = (row.id, row.code);
        let site = lang.pick(&row.site_name, &row.site_name_en).clone();
        let when = format!("{} {}", day_text(row.window.date, lang), row.window.text());
        let busy = move || self.busy.get().is_some();
        view! {
            <li class="call">
                <div class="call-who">
                    <b class="row-name">{row.name.clone()}</b>
                    <span class="num">{code.grouped()}</span>
                </div>
                <p class="call-what">{says(row.kind, lang)}</p>
                <p class="num">{when}" · "{site}</p>
                <p class="quiet-text">{why(row.why, lang)}</p>
                {move || self.number(id)}
                <div class="actions">
                    <button type="button" class="btn quiet" disabled=busy on:click=move |_| self.show(id, code)>{t("显示号码", "Show the number")}</button>
                    <button type="button" class="btn" disabled=busy on:click=move |_| self.told(id)>{t("已电话告知", "Told by telephone")}</button>
                </div>
            </li>
        }
        .into_any()
    }

    fn number(self, id: Uuid) -> Option<AnyView> {
        let (of, number) = self.shown.get()?;
        let dial = format!("tel:{number}");
        (of == id).then(|| view! { <p aria-live="off"><a class="revealed num" id=NUMBER href=dial>{number}</a></p> }.into_any())
    }

    /// Shows the number for as long as the house shows such things; asking is audited.
    fn show(self, id: Uuid, code: Code) {
        self.ask(
            id,
            async move {
                let reveal = Reveal { code: code.to_string(), what: Secret::Phone, reason: Purpose::Contact, note: None };
                api::checkin::reveal(reveal).await
            },
            move |shown| {
                self.shown.set(Some((id, shown.value)));
                request_animation_frame(|| dom::focus(NUMBER));
                dom::after(shown.seconds * 1000, move || {
                    if self.shown.try_get_untracked().flatten().is_some_and(|(of, _)| of == id) {
                        let _ = self.shown.try_set(None);
                    }
                });
            },
        );
    }

    fn told(self, id: Uuid) {
        self.ask(id, api::messages::called(id), move |_| {
            self.shown.set(None);
            self.read();
            // the button goes with its line
            dom::focus(SAID);
        });
    }

    fn ask<T: 'static>(
        self,
        id: Uuid,
        call: impl Future<Output = Result<T, api::ApiError>> + 'static,
        then: impl FnOnce(T) + 'static,
    ) {
        if self.busy.get_untracked().is_some() {
            return;
        }
        self.busy.set(Some(id));
        self.refusal.set(None);
        spawn_local(async move {
            let answer = self.desk.ask(call).await;
            if self.busy.try_set(None).is_some() {
                return;
            }
            match answer {
                Ok(value) => then(value),
                Err(error) => self.refusal.set(Some(error)),
            }
        });
    }
}

const NUMBER: &str = "call-number";
const SAID: &str = "calls-said";

/// What to tell them.
fn says(kind: MessageKind, lang: Lang) -> &'static str {
    match kind {
        MessageKind::CancelledBySite => {
            lang.pick("告诉他们：接种点取消了这个预约", "Tell them: the site has cancelled this booking")
        }
        MessageKind::Moved => lang.pick("告诉他们：预约已改到这个时间", "Tell them: the booking was moved to this time"),
        MessageKind::Reminder => lang.pick("提醒他们：有这个预约", "Remind them of this booking"),
        _ => lang.pick("告诉他们：预约成功，时间地点如下", "Tell them: the booking is made, for this time and place"),
    }
}

fn why(why: NotArrived, lang: Lang) -> &'static str {
    match why {
        NotArrived::Failed => lang.pick("短信发不到这个号码", "No message could be delivered to this number"),
        NotArrived::InDoubt => {
            lang.pick("一个多小时了，不知道短信到了没有", "For more than an hour nobody knows whether the message arrived")
        }
    }
}
