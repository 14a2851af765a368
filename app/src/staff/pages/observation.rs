//! Who is under observation: counted down by the server's clock, let go with one tap.

use std::time::Duration;

use domain::code::Code;
use domain::error::Error;
use domain::flow::{Observation, Observed, Steps};
use domain::lang::Lang;
use domain::time::{civil, hour_minute};
use domain::{DateTime, Utc};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::desk::{Desk, Session};
use crate::api;
use crate::ui::page::{heading, titled};
use crate::ui::{Load, dom, lang, t};

/// How often the list is read again by itself.
const READ_AGAIN: Duration = Duration::from_secs(20);
const SECOND: Duration = Duration::from_secs(1);

#[derive(Clone, Copy)]
struct Page {
    desk: Desk,
    list: RwSignal<Load<Observation>>,
    /// How far the server's clock is ahead of the tablet's, in milliseconds.
    ahead: RwSignal<i64>,
    /// Ticks by the second.
    now: RwSignal<DateTime<Utc>>,
    refusal: RwSignal<Option<Error>>,
    busy: RwSignal<Option<Code>>,
}

/// The page.
pub(super) fn page() -> AnyView {
    let page = Page {
        desk: Desk::here(),
        list: RwSignal::new(Load::Waiting),
        ahead: RwSignal::new(0),
        now: RwSignal::new(dom::now()),
        refusal: RwSignal::new(None),
        busy: RwSignal::new(None),
    };
    Effect::new(move |_| {
        page.desk.signed_in.track();
        page.desk.site_id.track();
        page.read(false);
    });
    let tick = move || {
        let _ = page.now.try_set(dom::now());
    };
    let ticks = set_interval_with_handle(tick, SECOND);
    let reads = set_interval_with_handle(
        move || {
            if dom::is_visible() {
                page.read(true)
            }
        },
        READ_AGAIN,
    );
    on_cleanup(move || {
        for handle in [ticks, reads].into_iter().flatten() {
            handle.clear();
        }
    });
    titled(|| t("留观", "Observation").to_owned(), move || page.view())
}

impl Page {
    fn read(self, by_itself: bool) {
        let Some(site_id) = self.desk.site_id.try_get_untracked().flatten() else { return };
        spawn_local(async move {
            let answer = self.desk.ask(api::checkin::observed(site_id, by_itself)).await;
            match answer {
                Ok(list) => {
                    let _ = self.ahead.try_set((list.now - dom::now()).num_milliseconds());
                    let _ = self.list.try_set(Load::Ready(list));
                }
                // what is on the screen goes on counting while the network is away
                Err(_) if by_itself => {}
                Err(error) => {
                    let _ = self.list.try_set(Load::Failed(error));
                }
            }
        });
    }

    fn view(self) -> AnyView {
        view! {
            <div class="list-page">
                <div class="list-head">
                    {heading(t("留观", "Observation"))}
                    <button type="button" class="pill" on:click=move |_| self.read(false)>{t("刷新", "Refresh")}</button>
                </div>
                <p class="list-sum">{t("接种后留观 30 分钟；时间到了会变绿。", "Thirty minutes after the jab; who may go turns green.")}</p>
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
            _ if self.desk.site_id.get().is_none() => {
                view! { <p class="list-note" role="status">{t("请先在上方选择接种点。", "Choose a site above first.")}</p> }
                    .into_any()
            }
            Load::Waiting => view! { <div class="wait" role="status" aria-label=t("正在读取", "Loading")></div> }.into_any(),
            Load::Failed(error) => view! { <p class="note stop" role="alert">{error.text(lang())}</p> }.into_any(),
            Load::Ready(list) if list.steps != Steps::Observe => {
                let words =
                    t("这座城市的接种点不登记留观。", "The sites of this city do not keep a list of those under observation.");
                view! { <p class="list-note" role="status">{words}</p> }.into_any()
            }
            Load::Ready(list) if list.people.is_empty() => {
                view! { <p class="list-note" role="status">{t("现在没有人在留观。", "Nobody is under observation.")}</p> }
                    .into_any()
            }
            Load::Ready(list) => {
                let lines: Vec<AnyView> = list.people.iter().map(|one| self.line(one)).collect();
                view! { <ul class="calls">{lines}</ul> }.into_any()
            }
        })
    }

    fn line(self, one: &Observed) -> AnyView {
        let lang = lang();
        let (code, until) = (one.code, one.until);
        let left = Memo::new(move |_| {
            let ahead = domain::chrono::TimeDelta::milliseconds(self.ahead.get());
            (until - (self.now.get() + ahead)).num_seconds().max(0)
        });
        let over = Memo::new(move |_| left.get() == 0);
        let vaccine = lang.pick(&one.vaccine_name, &one.vaccine_name_en).clone();
        let given = hour_minute(civil(one.redeemed_at).time());
        let what = match lang {
            Lang::Zh => format!("{given} 接种　{vaccine} 第 {} 剂", one.dose),
            Lang::En => format!("{given} · {vaccine}, dose {}", one.dose),
        };
        let age = lang.pick(format!("{} 岁", one.age), format!("{} years", one.age));
        let ends = lang.pick("尾号 ", "ends in ");
        let clock = move || {
            if over.get() {
                return t("时间到，可以离开", "Time is up: may leave").to_owned();
            }
            let (minutes, seconds) = (left.get() / 60, left.get() % 60);
            match lang {
                Lang::Zh => format!("还有 {minutes}:{seconds:02}"),
                Lang::En => format!("{minutes}:{seconds:02} left"),
            }
        };
        let button = move || if over.get() { "btn" } else { "btn quiet" };
        let words = move || if over.get() { t("可以离开", "May leave") } else { t("提前离开", "Leaves early") };
        let busy = move || self.busy.get().is_some();
        view! {
            <li class="call" class:go=move || over.get()>
                <div class="call-who">
                    <b class="row-name">{one.name.clone()}</b>
                    <span class="num">{age}" · "{ends}{one.document_last_four.clone()}</span>
                </div>
                <p class="call-what num" role="timer">{clock}</p>
                <p class="quiet-text num">{what}</p>
                <div class="actions">
                    <button type="button" class=button disabled=busy on:click=move |_| self.let_go(code)>{words}</button>
                </div>
            </li>
        }
        .into_any()
    }

    fn let_go(self, code: Code) {
        if self.busy.get_untracked().is_some() {
            return;
        }
        self.busy.set(Some(code));
        self.refusal.set(None);
        spawn_local(async move {
            let answer = self.desk.ask(api::checkin::leave(code.to_string())).await;
            if self.busy.try_set(None).is_some() {
                return;
            }
            match answer {
                Ok(_) => self.read(true),
                Err(error) => self.refusal.set(Some(error)),
            }
        });
    }
}
