//! The day's list of a site, by window: who is expected, who is done; a tap leads to the answer.

use domain::booking::BookingState;
use domain::checkin::{Roster, RosterRow, RosterSlot};
use domain::error::Error;
use domain::lang::Lang;
use domain::slot::Window;
use domain::time::{civil, day_text, hour_minute, near_day};
use domain::{NaiveDate, Uuid};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::closing::Closing;
use super::desk::{Desk, Session};
use super::roster_print::Print;
use crate::staff::scan::Scan;
use crate::ui::page::{heading, titled};
use crate::ui::{Load, lang, nav, now_lang, t};

#[derive(Clone, Copy)]
struct List {
    desk: Desk,
    /// Days from today: -1, 0 or 1.
    day: RwSignal<i64>,
    roster: RwSignal<Load<Roster>>,
    search: RwSignal<String>,
    /// Only those who have not come yet.
    expected_only: RwSignal<bool>,
    closing: Closing,
    print: Print,
    asked: StoredValue<u32>,
}

/// The page.
pub(super) fn page() -> AnyView {
    let desk = Desk::here();
    let list = List {
        desk,
        day: RwSignal::new(0),
        roster: RwSignal::new(Load::Waiting),
        search: RwSignal::default(),
        expected_only: RwSignal::new(false),
        closing: Closing::new(desk),
        print: Print::new(),
        asked: StoredValue::new(0),
    };
    // again for another day or site, after a sign-in, and when the network is back
    Effect::new(move |_| {
        list.desk.signed_in.track();
        list.closing.changed.track();
        let online = list.desk.online.get();
        if let (Some(site_id), Some(date)) = (list.desk.site_id.get(), list.date())
            && (online || list.roster.with_untracked(|roster| roster.ready().is_none()))
        {
            list.read(site_id, date);
        }
    });
    titled(|| t("今日名单", "Roster").to_owned(), move || list.view())
}

impl List {
    fn date(self) -> Option<NaiveDate> {
        let day = self.day.get();
        self.desk.today().map(|today| today + domain::chrono::Duration::days(day))
    }

    fn read(self, site_id: Uuid, date: NaiveDate) {
        let turn = self.asked.try_update_value(|asked| {
            *asked += 1;
            *asked
        });
        let same = self
            .roster
            .with_untracked(|roster| roster.ready().is_some_and(|roster| roster.site_id == site_id && roster.date == date));
        if !same {
            self.closing.forget();
            self.roster.set(Load::Waiting);
        }
        spawn_local(async move {
            let answer = self.desk.roster(site_id, date).await;
            if self.asked.try_get_value() != turn {
                return;
            }
            match answer {
                Ok(roster) => drop(self.roster.try_set(Load::Ready(roster))),
                // an old list is worth more than none
                Err(_) if same => {}
                Err(error) => drop(self.roster.try_set(Load::Failed(error))),
            }
        });
    }

    fn view(self) -> AnyView {
        view! {
            <div class="list-page">
                <div class="list-head">{heading(t("名单", "Roster"))} {self.days()} {self.tools()}</div>
                {move || self.body()}
            </div>
        }
        .into_any()
    }

    fn days(self) -> AnyView {
        let words = move |by: i64| {
            let lang = lang();
            let today = self.desk.today()?;
            let date = today + domain::chrono::Duration::days(by);
            let near = if by < 0 { lang.pick("昨天", "Yesterday") } else { near_day(date, today, lang).unwrap_or_default() };
            Some(format!("{near} {}", day_text(date, lang)))
        };
        let button = |by: i64| {
            let pressed = move || if self.day.get() == by { "true" } else { "false" };
            view! { <button type="button" class="pill" aria-pressed=pressed on:click=move |_| self.day.set(by)>{move || words(by)}</button> }.into_any()
        };
        view! { <div class="list-days" role="group" aria-label=t("日期", "Day")>{[-1, 0, 1].map(button).into_iter().collect::<Vec<_>>()}</div> }.into_any()
    }

    fn tools(self) -> AnyView {
        let submit = move |event: leptos::ev::SubmitEvent| {
            event.prevent_default();
            // a scanner may be used here too
            if let Ok(scan) = Scan::read(&self.search.get_untracked()) {
                self.show(scan);
            }
        };
        let again = move |_| {
            if let (Some(site_id), Some(date)) = (self.desk.site_id.get_untracked(), untrack(|| self.date())) {
                self.read(site_id, date);
            }
        };
        let pressed = move || if self.expected_only.get() { "true" } else { "false" };
        view! {
            <form class="list-tools" role="search" on:submit=submit>
                <label class="sr" for="search">{t("按姓名或证件尾号查找", "Search by name or last four")}</label>
                <input
                    id="search"
                    type="search"
                    autocomplete="off"
                    spellcheck="false"
                    placeholder=t("姓名或证件尾号", "Name or last four")
                    prop:value=move || self.search.get()
                    on:input=move |event| self.search.set(event_target_value(&event))
                />
                <button type="button" class="pill" aria-pressed=pressed on:click=move |_| self.expected_only.update(|only| *only = !*only)>
                    {t("只看未到", "Not yet here")}
                </button>
                <button type="button" class="pill" on:click=again>{t("刷新", "Refresh")}</button>
                {self.print.button()}
            </form>
        }
        .into_any()
    }

    fn show(self, scan: Scan) {
        self.desk.wanted.set(Some(scan));
        // the router adds its base
        nav::go("/");
    }

    fn body(self) -> AnyView {
        // while the session has ended nothing of anybody stands behind the form
        if self.desk.session.get() != Session::In {
            return ().into_any();
        }
        if self.desk.site_id.get().is_none() {
            return note(t("请先在上方选择接种点。", "Choose a site in the bar on top."));
        }
        self.roster.with(|roster| match roster {
            Load::Waiting => view! { <div class="wait" role="status" aria-label=t("正在读取", "Loading")></div> }.into_any(),
            Load::Failed(error) => failed(error, lang()),
            Load::Ready(roster) => self.windows(roster),
        })
    }

    fn windows(self, roster: &Roster) -> AnyView {
        let done = roster.rows.iter().filter(|row| row.state == BookingState::Redeemed).count();
        let sum = match lang() {
            Lang::Zh => format!("预约 {} 人，已完成 {done} 人，未到 {} 人", roster.rows.len(), roster.rows.len() - done),
            Lang::En => format!("{} booked, {done} done, {} not yet", roster.rows.len(), roster.rows.len() - done),
        };
        let closable = roster.slots.iter().any(|slot| slot.may_close);
        if roster.rows.is_empty() && !closable {
            return note(t("这一天没有预约。", "Nobody is booked on this day."));
        }
        let sought = self.search.get().trim().to_uppercase();
        let only = self.expected_only.get();
        let fits = |row: &&RosterRow| {
            (sought.is_empty()
                || row.name.to_uppercase().contains(&sought)
                || row.document_last_four.contains(&sought)
                || is_code(row, &sought))
                && (!only || row.state != BookingState::Redeemed)
        };
        let mut windows: Vec<Window> = roster.rows.iter().map(|row| row.window).collect();
        // windows in which nobody is booked are there for those who may close them
        windows.extend(roster.slots.iter().filter(|slot| slot.may_close && !only && sought.is_empty()).map(|slot| slot.window));
        windows.sort_by_key(|window| (window.start, window.end));
        windows.dedup();
        let mut groups: Vec<AnyView> = vec![];
        for window in windows {
            let rows: Vec<&RosterRow> = roster.rows.iter().filter(|row| row.window == window).collect();
            let slots: Vec<&RosterSlot> = roster.slots.iter().filter(|slot| slot.window == window).collect();
            let shown: Vec<AnyView> = rows.iter().copied().filter(fits).map(|row| self.row(row)).collect();
            if !shown.is_empty() || rows.is_empty() {
                groups.push(self.group(&window, &rows, &slots, shown));
            }
        }
        if groups.is_empty() {
            groups.push(note(t("没有符合的人，请换个姓名或尾号。", "Nobody fits; try another name or last four.")));
        }
        let by = self.desk.member.with_untracked(|member| member.as_ref().map(|member| member.name.clone()));
        view! { <p class="list-sum num" role="status">{sum}</p> {groups} {self.print.sheet(roster, by)} }.into_any()
    }

    fn group(self, window: &Window, rows: &[&RosterRow], slots: &[&RosterSlot], shown: Vec<AnyView>) -> AnyView {
        let done = rows.iter().filter(|row| row.state == BookingState::Redeemed).count();
        let sum = match rows.len() {
            0 => view! { <small>{t("没有预约", "Nobody booked")}</small> }.into_any(),
            all => view! { <small>{t("已完成", "Done")}" "{done}" / "{all}</small> }.into_any(),
        };
        let tools: Vec<AnyView> = slots
            .iter()
            .filter(|slot| slot.may_close || slot.closed)
            .map(|slot| self.closing.tools(slot, slots.len() > 1))
            .collect();
        let forms: Vec<AnyView> = slots.iter().filter(|slot| slot.may_close).map(|slot| self.closing.form(slot)).collect();
        let list = (!shown.is_empty()).then(|| view! { <ul>{shown}</ul> });
        view! {
            <section class="list-group">
                <div class="list-window"><h2 class="num">{window.text()}{sum}</h2> {tools}</div>
                {forms}
                {list}
            </section>
        }
        .into_any()
    }

    fn row(self, row: &RosterRow) -> AnyView {
        let lang = now_lang();
        let code = row.code;
        let (state, tone) = match (row.state, row.redeemed_at) {
            (BookingState::Redeemed, Some(at)) => {
                (format!("{} {}", t("已完成", "Done"), hour_minute(civil(at).time())), "row-state done")
            }
            (BookingState::Redeemed, None) => (t("已完成", "Done").to_owned(), "row-state done"),
            (BookingState::Missed, _) => (t("没有来", "Did not come").to_owned(), "row-state missed"),
            (BookingState::Cancelled, _) => (t("已取消", "Cancelled").to_owned(), "row-state missed"),
            (BookingState::Booked, _) => (t("未到", "Not yet").to_owned(), "row-state"),
        };
        let (age, dose) = match lang {
            Lang::Zh => (format!("{} 岁", row.age), format!("第 {} 剂", row.dose)),
            Lang::En => (format!("{} y", row.age), format!("dose {}", row.dose)),
        };
        let vaccine = lang.pick(&row.vaccine_name, &row.vaccine_name_en).clone();
        view! {
            <li>
                <button type="button" class="row" on:click=move |_| self.show(Scan::Code(code))>
                    <b class="row-name">{row.name.clone()}</b>
                    <span class="num">{age}</span>
                    <span class="row-last num"><span class="sr">{t("证件尾号", "Document ends in")}</span>{row.document_last_four.clone()}</span>
                    <span class="row-vaccine">{vaccine}" · "{dose}</span>
                    <span class=tone>{state}</span>
                </button>
            </li>
        }
        .into_any()
    }
}

fn is_code(row: &RosterRow, sought: &str) -> bool {
    domain::code::Code::parse(sought).is_ok_and(|code| code == row.code)
}

fn note(words: &'static str) -> AnyView {
    view! { <p class="list-note" role="status">{words}</p> }.into_any()
}

fn failed(error: &Error, lang: Lang) -> AnyView {
    view! { <p class="note stop" role="alert">{error.text(lang)}</p> }.into_any()
}
