//! What two tablets disagree on: both records side by side, and what the manager found out.

use domain::Uuid;
use domain::booking::BookingState;
use domain::error::Error;
use domain::lang::Lang;
use domain::offline::conflict::{Conflict, ConflictKind, Conflicts, Decision, JabRecord, Settle, Settled};
use domain::time::{civil, day_text, hour_minute};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::desk::{Desk, Session};
use crate::api;
use crate::ui::page::{heading, titled};
use crate::ui::{Load, lang, t};

#[derive(Clone, Copy)]
struct Page {
    desk: Desk,
    list: RwSignal<Load<Conflicts>>,
    refusal: RwSignal<Option<(Uuid, Error)>>,
    /// The one that is being settled.
    busy: RwSignal<Option<Uuid>>,
}

/// The page.
pub(super) fn page() -> AnyView {
    let page =
        Page { desk: Desk::here(), list: RwSignal::new(Load::Waiting), refusal: RwSignal::new(None), busy: RwSignal::new(None) };
    Effect::new(move |_| {
        page.desk.signed_in.track();
        page.desk.site_id.track();
        page.read();
    });
    titled(|| t("离线冲突", "Offline conflicts").to_owned(), move || page.view())
}

impl Page {
    fn read(self) {
        let Some(site_id) = self.desk.site_id.get_untracked() else { return };
        spawn_local(async move {
            let answer = self.desk.ask(api::offline::conflicts(site_id)).await;
            if let Ok(list) = &answer {
                let open = list.rows.iter().filter(|row| row.settled.is_none()).count();
                let _ = self.desk.conflicts.try_set(Some(u32::try_from(open).unwrap_or(u32::MAX)));
            }
            let _ = self.list.try_set(answer.map_or_else(Load::Failed, Load::Ready));
        });
    }

    fn view(self) -> AnyView {
        view! {
            <div class="list-page">
                <div class="list-head">
                    {heading(t("离线冲突", "Offline conflicts"))}
                    <button type="button" class="pill" on:click=move |_| self.read()>{t("刷新", "Refresh")}</button>
                </div>
                <p class="list-sum">{t(
                    "断网时记下的接种，与预约上的记录对不上。两边的记录都在下面，都没有改动：请问清楚，再写下结果。",
                    "Jabs recorded without a network that do not agree with the booking. Both records stand below, unchanged: find out what happened and write it down.",
                )}</p>
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
        if self.desk.site_id.get().is_none() {
            return view! { <p class="list-note">{t("请先在上方选择接种点。", "Choose a site above first.")}</p> }.into_any();
        }
        self.list.with(|list| match list {
            Load::Waiting => view! { <div class="wait" role="status" aria-label=t("正在读取", "Loading")></div> }.into_any(),
            Load::Failed(error) => view! { <p class="note stop" role="alert">{error.text(lang())}</p> }.into_any(),
            Load::Ready(list) if list.rows.is_empty() => {
                view! { <p class="list-note" role="status">{t("没有冲突。", "There are no conflicts.")}</p> }.into_any()
            }
            Load::Ready(list) => {
                let lines: Vec<AnyView> = list.rows.iter().map(|row| self.line(row)).collect();
                let more = list.more.then(|| t("还有更多，处理完这些后再刷新。", "There are more; refresh when these are done."));
                view! { <ul class="calls conflicts">{lines}</ul> <p class="quiet-text">{more}</p> }.into_any()
            }
        })
    }

    fn line(self, row: &Conflict) -> AnyView {
        let lang = lang();
        let id = row.id;
        let name = if row.name.is_empty() { t("（已删除个人信息）", "(forgotten)").to_owned() } else { row.name.clone() };
        let dose = match lang {
            Lang::Zh => format!("{} 第 {} 剂", row.vaccine_name, row.dose),
            Lang::En => format!("{}, dose {}", row.vaccine_name_en, row.dose),
        };
        let site = lang.pick(&row.site_name, &row.site_name_en);
        let when = format!("{} {} · {site}", day_text(row.window.date, lang), row.window.text());
        let first = match &row.first {
            Some(record) => record_view(t("预约上的记录", "The booking says"), record, false, lang),
            None => missing_view(row.state, lang),
        };
        let bottom = match &row.settled {
            Some(settled) => settled_view(settled, lang),
            None => self.form(id, row.kind, lang),
        };
        let title = format!("conflict-{id}");
        let titled = title.clone();
        view! {
            <li class="call conflict" aria-labelledby=titled>
                <div class="call-who" id=title>
                    <b class="row-name">{name}</b>
                    <span class="num">{row.code.grouped()}</span>
                </div>
                <p class="call-what">{what(row.kind, lang)}</p>
                <p class="num">{dose}" · "{when}</p>
                <div class="conflict-sides">
                    {first}
                    {record_view(t("断网时的记录", "Recorded offline"), &row.late, row.clamped, lang)}
                </div>
                {bottom}
            </li>
        }
        .into_any()
    }

    fn form(self, id: Uuid, kind: ConflictKind, lang: Lang) -> AnyView {
        let note = RwSignal::new(String::new());
        let field = format!("note-{id}");
        let busy = move || self.busy.get().is_some();
        let buttons: Vec<AnyView> = Decision::ALL
            .iter()
            .copied()
            .filter(|decision| decision.fits(kind))
            .map(|decision| {
                let send = move |_| self.settle(Settle { id, decision, note: Some(note.get_untracked()) });
                view! { <button type="button" class="btn quiet" disabled=busy on:click=send>{words(decision, lang)}</button> }
                    .into_any()
            })
            .collect();
        let refusal = move || {
            let error = self.refusal.get().filter(|(of, _)| *of == id)?.1;
            Some(view! { <p class="note stop" role="alert">{error.text(lang)}</p> })
        };
        view! {
            <div class="conflict-form">
                <label for=field.clone()>{t("说明（打了两针时必填）", "Note (needed where two jabs were given)")}</label>
                <input id=field type="text" maxlength="100" autocomplete="off" on:input=move |event| note.set(event_target_value(&event)) />
                {refusal}
                <div class="actions">{buttons}</div>
            </div>
        }
        .into_any()
    }

    fn settle(self, settle: Settle) {
        if self.busy.get_untracked().is_some() {
            return;
        }
        let id = settle.id;
        self.busy.set(Some(id));
        self.refusal.set(None);
        spawn_local(async move {
            let answer = self.desk.ask(api::offline::settle(settle)).await;
            if self.busy.try_set(None).is_some() {
                return;
            }
            match answer {
                Ok(_) => self.read(),
                Err(error) => self.refusal.set(Some((id, error))),
            }
        });
    }
}

fn record_view(title: &'static str, record: &JabRecord, clamped: bool, lang: Lang) -> AnyView {
    let at = civil(record.at);
    let at = format!("{} {}", day_text(at.date(), lang), hour_minute(at.time()));
    let lot = record.lot.clone().unwrap_or_else(|| t("没有记", "not noted").to_owned());
    let clock = clamped.then(|| t("平板时钟偏快，按上传时间记", "The tablet's clock was ahead: the time is when it was sent"));
    let device = record.device.clone();
    let scan: String = record.nonce.simple().to_string().chars().rev().take(6).collect::<Vec<_>>().into_iter().rev().collect();
    view! {
        <div class="conflict-side">
            <h3>{title}</h3>
            <p><b class="num">{at}</b></p>
            <p>{record.by.clone()}" · "{lang.pick(&record.site_name, &record.site_name_en).clone()}</p>
            <p class="quiet-text">{t("批号：", "Lot: ")}{lot}</p>
            <p class="quiet-text num">{device}" "{t("扫码号 …", "scan …")}{scan}</p>
            {clock.map(|words| view! { <p class="quiet-text">{words}</p> })}
        </div>
    }
    .into_any()
}

fn missing_view(state: BookingState, lang: Lang) -> AnyView {
    let words = match state {
        BookingState::Cancelled => lang.pick("已取消，没有接种记录", "Called off; no jab is recorded"),
        BookingState::Booked => lang.pick("还在等候，没有接种记录", "Still waiting; no jab is recorded"),
        BookingState::Redeemed => lang.pick("当时没有，现在已有接种记录", "None then; a jab is recorded now"),
        _ => lang.pick("没有接种记录", "No jab is recorded"),
    };
    view! {
        <div class="conflict-side">
            <h3>{t("预约上的记录", "The booking says")}</h3>
            <p>{words}</p>
        </div>
    }
    .into_any()
}

fn settled_view(settled: &Settled, lang: Lang) -> AnyView {
    let at = civil(settled.at);
    let at = format!("{} {}", day_text(at.date(), lang), hour_minute(at.time()));
    let note = (!settled.note.is_empty()).then(|| settled.note.clone());
    view! {
        <p class="note go"><b>{words(settled.decision, lang)}</b>" · "{settled.by.clone()}" · "<span class="num">{at}</span></p>
        {note.map(|note| view! { <p>{note}</p> })}
    }
    .into_any()
}

fn what(kind: ConflictKind, lang: Lang) -> &'static str {
    match kind {
        ConflictKind::DoneTwice => {
            lang.pick("两台平板都核销了：打了一针，还是两针？", "Two scans recorded it: was it one jab, or two?")
        }
        ConflictKind::NotWaiting => {
            lang.pick("上传时预约已经取消：这一针打了吗？", "The booking was called off before this came: was the jab given?")
        }
        ConflictKind::Elsewhere => {
            lang.pick("约的是别的日子或接种点：这一针打了吗？", "The booking is for another day or site: was the jab given?")
        }
        ConflictKind::BookedAgain => lang.pick(
            "第二天才上传，本人已重新预约：这一针打了吗？",
            "It came a day late, and they have booked again: was the jab given?",
        ),
    }
}

fn words(decision: Decision, lang: Lang) -> &'static str {
    match decision {
        Decision::OneJab => lang.pick("只打了一针", "One jab was given"),
        Decision::TwoJabs => lang.pick("打了两针", "Two jabs were given"),
        Decision::Given => lang.pick("打了", "It was given"),
        Decision::NotGiven => lang.pick("没有打", "It was not given"),
    }
}
