//! Whom to call for a dose that is left over: masked until a tap, in the order of calling, each call with what came of it.

use core::future::Future;

use domain::Uuid;
use domain::error::Error;
use domain::left_over::{CallOutcome, LeftOverList, ToCallForDose, WhomToCall};
use domain::time::{civil, day_text, hour_minute};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::desk::{Desk, Session};
use crate::api;
use crate::ui::page::{heading, titled};
use crate::ui::{Load, dom, lang, t};

const NUMBER: &str = "left-over-number";

#[derive(Clone, Copy)]
struct LeftOver {
    desk: Desk,
    list: RwSignal<Load<LeftOverList>>,
    /// Of one vaccine, or of all that the site gives today.
    vaccine: RwSignal<Option<String>>,
    /// Who is shown in full, one at a time, and for a moment.
    shown: RwSignal<Option<(Uuid, WhomToCall)>>,
    refusal: RwSignal<Option<Error>>,
    busy: RwSignal<Option<Uuid>>,
}

/// The page.
pub(super) fn page() -> AnyView {
    let page = LeftOver {
        desk: Desk::here(),
        list: RwSignal::new(Load::Waiting),
        vaccine: RwSignal::new(None),
        shown: RwSignal::new(None),
        refusal: RwSignal::new(None),
        busy: RwSignal::new(None),
    };
    Effect::new(move |_| {
        page.desk.signed_in.track();
        page.vaccine.track();
        if let Some(site_id) = page.desk.site_id.get() {
            page.read(site_id);
        }
    });
    let away = window_event_listener(leptos::ev::visibilitychange, move |_| {
        if !dom::is_visible() {
            page.shown.set(None);
        }
    });
    on_cleanup(move || away.remove());
    titled(|| t("剩余疫苗：打电话", "Doses left: calls").to_owned(), move || page.view())
}

impl LeftOver {
    fn read(self, site_id: Uuid) {
        let vaccine = self.vaccine.get_untracked();
        spawn_local(async move {
            let answer = self.desk.ask(api::left_over::call_list(site_id, vaccine)).await;
            let _ = self.list.try_set(answer.map_or_else(Load::Failed, Load::Ready));
        });
    }

    fn read_again(self) {
        if let Some(site_id) = self.desk.site_id.get_untracked() {
            self.read(site_id);
        }
    }

    fn view(self) -> AnyView {
        view! {
            <div class="list-page">
                <div class="list-head">
                    {heading(t("剩余疫苗：打电话", "Doses left: calls"))}
                    <button type="button" class="pill" on:click=move |_| self.read_again()>{t("刷新", "Refresh")}</button>
                    {self.vaccines()}
                </div>
                <p class="list-sum">{t(
                    "这些人约满时登记过，今天可以接种。请从上往下打；来的人到现场再问健康情况、核对证件。",
                    "These people asked when all was full and may have a dose today. Call from the top; health questions and the document wait until they are here.",
                )}</p>
                {move || self.refusal.get().map(|error| view! { <p class="note stop" role="alert">{error.text(lang())}</p> })}
                {move || self.body()}
            </div>
        }
        .into_any()
    }

    fn vaccines(self) -> AnyView {
        let options = move || {
            self.desk.overview.with(|overview| {
                let vaccines = overview.as_ref().map(|overview| overview.vaccines.clone()).unwrap_or_default();
                let option = |vaccine: domain::vaccine::Vaccine| {
                    let (id, title) = (vaccine.id.clone(), vaccine.title(lang()).to_owned());
                    view! { <option value=id>{title}</option> }.into_any()
                };
                vaccines.into_iter().map(option).collect::<Vec<_>>()
            })
        };
        let choose = move |event| {
            let value = event_target_value(&event);
            self.vaccine.set(Some(value).filter(|value| !value.is_empty()));
        };
        view! {
            <select class="bar-choice" aria-label=t("剩下的是哪种疫苗", "Which vaccine is left") on:change=choose>
                <option value="">{t("今天的任何疫苗", "Any vaccine of today")}</option>
                {options}
            </select>
        }
        .into_any()
    }

    fn body(self) -> AnyView {
        // while the session has ended nothing of anybody stands behind the form
        if self.desk.session.get() != Session::In {
            return ().into_any();
        }
        if self.desk.site_id.get().is_none() {
            return note(t("请先在上方选择接种点。", "Choose a site in the bar on top."));
        }
        self.list.with(|list| match list {
            Load::Waiting => view! { <div class="wait" role="status" aria-label=t("正在读取", "Loading")></div> }.into_any(),
            Load::Failed(error) => view! { <p class="note stop" role="alert">{error.text(lang())}</p> }.into_any(),
            Load::Ready(list) if list.rows.is_empty() => {
                note(t("现在没有可以打电话的人。", "There is nobody to call at the moment."))
            }
            Load::Ready(list) => {
                let lines: Vec<AnyView> = list.rows.iter().map(|row| self.line(row)).collect();
                let more = list.more.then(|| t("还有更多，处理完这些后再刷新。", "There are more; refresh when these are done."));
                view! { <ol class="calls">{lines}</ol> <p class="quiet-text">{more}</p> }.into_any()
            }
        })
    }

    fn line(self, row: &ToCallForDose) -> AnyView {
        let lang = lang();
        let id = row.id;
        let titles: Vec<String> = self.desk.overview.with(|overview| {
            let all = overview.as_ref().map(|overview| overview.vaccines.as_slice()).unwrap_or_default();
            let title = |id: &String| all.iter().find(|vaccine| &vaccine.id == id).map(|vaccine| vaccine.title(lang).to_owned());
            row.vaccine_ids.iter().filter_map(title).collect()
        });
        let dose = lang.pick(format!("第 {} 剂：", row.dose), format!("Dose {}: ", row.dose)) + &titles.join(lang.pick("、", ", "));
        let near = if row.near { t("本县区", "this county") } else { t("其他县区", "another county") };
        let at = civil(row.asked_at);
        let asked = lang.pick(
            format!("{} {} 登记", day_text(at.date(), lang), hour_minute(at.time())),
            format!("asked {} {}", day_text(at.date(), lang), hour_minute(at.time())),
        );
        let comes = row.called.is_some_and(|called| called.outcome == CallOutcome::Comes);
        let state = row.called.map(|called| {
            let time = hour_minute(civil(called.at).time());
            let words = match called.outcome {
                CallOutcome::Comes => lang.pick(format!("{time} 说会来"), format!("{time}: is coming")),
                CallOutcome::Declined => lang.pick(format!("{time} 说今天不来"), format!("{time}: not today")),
                CallOutcome::NoAnswer => lang.pick(format!("{time} 没有接"), format!("{time}: no answer")),
            };
            view! { <span class="left-over-state">{words}</span> }
        });
        let busy = move || self.busy.get().is_some();
        let say = move |outcome: CallOutcome, words: &'static str, class: &'static str| {
            view! { <button type="button" class=class disabled=busy on:click=move |_| self.say(id, outcome)>{words}</button> }
                .into_any()
        };
        let outcomes = (!comes).then(|| {
            view! {
                {say(CallOutcome::Comes, t("会来", "Comes"), "btn")}
                {say(CallOutcome::NoAnswer, t("没有接", "No answer"), "btn quiet")}
                {say(CallOutcome::Declined, t("今天不来", "Not today"), "btn quiet")}
            }
        });
        view! {
            <li class="call" class:comes=comes>
                <div class="call-who"><b class="row-name">{row.name.clone()}</b>{state}</div>
                <p class="call-what">{dose}</p>
                <p class="quiet-text num">{near}" · "{asked}</p>
                {move || self.number(id)}
                <div class="actions">
                    <button type="button" class="btn quiet" disabled=busy on:click=move |_| self.show(id)>{t("显示姓名和号码", "Show name and number")}</button>
                    {outcomes}
                </div>
            </li>
        }
        .into_any()
    }

    fn number(self, id: Uuid) -> Option<AnyView> {
        let (of, whom) = self.shown.get()?;
        let dial = format!("tel:{}", whom.phone);
        (of == id).then(|| {
            view! { <p aria-live="off"><b>{whom.name}</b>" "<a class="revealed num" id=NUMBER href=dial>{whom.phone}</a></p> }
                .into_any()
        })
    }

    /// Shows who it is for as long as the house shows such things; asking is audited.
    fn show(self, id: Uuid) {
        self.ask(id, api::left_over::reveal(id), move |whom| {
            let seconds = whom.seconds;
            self.shown.set(Some((id, whom)));
            request_animation_frame(|| dom::focus(NUMBER));
            dom::after(seconds * 1000, move || {
                if self.shown.try_get_untracked().flatten().is_some_and(|(of, _)| of == id) {
                    let _ = self.shown.try_set(None);
                }
            });
        });
    }

    fn say(self, id: Uuid, outcome: CallOutcome) {
        self.ask(id, api::left_over::called(id, outcome), move |_| {
            self.shown.set(None);
            self.read_again();
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

fn note(words: &'static str) -> AnyView {
    view! { <p class="list-note" role="status">{words}</p> }.into_any()
}
