//! The site's day in numbers: sums on top, a plot by window, the same as a table. It reads itself again, and keeps no screen open by that.

use core::time::Duration;

use domain::Uuid;
use domain::access::Action;
use domain::lang::Lang;
use domain::lot::Lot;
use domain::time::{civil, hour_minute};
use domain::today::{Numbers, Today, TodayWindow};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::desk::{Counts, Desk, Session};
use super::today_plot;
use crate::api;
use crate::ui::page::{heading, titled};
use crate::ui::{Load, dom, lang, t};

/// How often it is read again.
const AGAIN: Duration = Duration::from_secs(30);

#[derive(Clone, Copy)]
struct Day {
    desk: Desk,
    day: RwSignal<Load<Today>>,
    /// Whether what is shown could not be read again.
    stale: RwSignal<bool>,
    /// Of which site the plot has been moved to the present moment: later it stays where it was moved to.
    moved: StoredValue<Option<Uuid>>,
}

/// What stands below the heading.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shows {
    Nothing,
    NoSite,
    Waiting,
    Failed,
    Empty,
    Day,
}

/// The page.
pub(super) fn page() -> AnyView {
    let day =
        Day { desk: Desk::here(), day: RwSignal::new(Load::Waiting), stale: RwSignal::new(false), moved: StoredValue::new(None) };
    // for another site, after a sign-in, and when the network is back
    Effect::new(move |_| {
        day.desk.signed_in.track();
        day.desk.online.track();
        if let Some(site_id) = day.desk.site_id.get() {
            day.read(site_id);
        }
    });
    if let Ok(timer) = set_interval_with_handle(move || day.read_again(), AGAIN) {
        on_cleanup(move || timer.clear());
    }
    // a tablet that slept had no timers
    let awake = window_event_listener(leptos::ev::visibilitychange, move |_| day.read_again());
    on_cleanup(move || awake.remove());
    titled(|| t("今日进度", "Today").to_owned(), move || day.view())
}

impl Day {
    fn read_again(self) {
        if dom::is_visible()
            && self.desk.session.get_untracked() == Session::In
            && let Some(site_id) = self.desk.site_id.get_untracked()
        {
            self.read(site_id);
        }
    }

    fn read(self, site_id: Uuid) {
        let same = self.day.with_untracked(|day| day.ready().is_some_and(|day| day.site_id == site_id));
        if !same {
            self.day.set(Load::Waiting);
        }
        spawn_local(async move {
            let answer = self.desk.ask(api::checkin::today(site_id, true)).await;
            if self.desk.site_id.try_get_untracked().flatten() != Some(site_id) {
                return;
            }
            match answer {
                Ok(day) => {
                    let counts = Counts { done: day.sum.done as usize, expected: day.sum.expected as usize };
                    self.desk.counts.set(Some(counts));
                    let _ = self.stale.try_set(false);
                    let _ = self.day.try_set(Load::Ready(day));
                }
                // old numbers with their time are worth more than none
                Err(_) if same => drop(self.stale.try_set(true)),
                Err(error) => drop(self.day.try_set(Load::Failed(error))),
            }
        });
    }

    fn view(self) -> AnyView {
        view! {
            <div class="list-page">
                <div class="list-head">
                    {heading(t("今日进度", "Today"))}
                    {move || self.counted()}
                    <button type="button" class="pill" on:click=move |_| self.read_again()>{t("刷新", "Refresh")}</button>
                    {move || self.desk.may(Action::CallForLeftOver).then(|| {
                        view! { <a class="pill" href="/staff/left-over">{t("剩余疫苗：打电话", "Doses left: calls")}</a> }
                    })}
                </div>
                {move || self.body()}
            </div>
        }
        .into_any()
    }

    /// When the numbers were counted. Not announced: it changes twice a minute.
    fn counted(self) -> AnyView {
        let at = self.day.with(|day| day.ready().map(|day| hour_minute(civil(day.at).time())));
        let stale = self.stale.get().then(|| {
            view! { <span class="today-stale" role="status">{t("暂时读不到新的数字", "No newer numbers at the moment")}</span> }
        });
        let words = at.map(|at| lang().pick(format!("{at} 的数字，自动更新"), format!("as of {at}, updated by itself")));
        view! { <p class="quiet-text num">{words}</p> {stale} }.into_any()
    }

    fn shows(self) -> Shows {
        if self.desk.session.get() != Session::In {
            return Shows::Nothing;
        }
        if self.desk.site_id.get().is_none() {
            return Shows::NoSite;
        }
        self.day.with(|day| match day {
            Load::Waiting => Shows::Waiting,
            Load::Failed(_) => Shows::Failed,
            Load::Ready(day) if day.windows.is_empty() => Shows::Empty,
            Load::Ready(_) => Shows::Day,
        })
    }

    /// New numbers are put into what is there: what was scrolled or is in focus stays so.
    fn body(self) -> AnyView {
        let shows = Memo::new(move |_| self.shows());
        (move || match shows.get() {
            Shows::Nothing => ().into_any(),
            Shows::NoSite => note(t("请先在上方选择接种点。", "Choose a site in the bar on top.")),
            Shows::Waiting => view! { <div class="wait" role="status" aria-label=t("正在读取", "Loading")></div> }.into_any(),
            Shows::Failed => self.failed(),
            Shows::Empty => note(t("今天没有接种时段。", "There are no windows today.")),
            Shows::Day => {
                let drawn = move || self.with_day(|day| today_plot::drawn(&day.windows));
                request_animation_frame(move || self.move_to_now());
                view! {
                    {move || self.with_day(sums)}
                    {today_plot::figure(drawn)}
                    {move || self.with_day(lots)}
                    {move || self.with_day(table)}
                }
                .into_any()
            }
        })
        .into_any()
    }

    fn with_day(self, show: impl FnOnce(&Today) -> AnyView) -> Option<AnyView> {
        self.day.with(|day| day.ready().map(show))
    }

    fn failed(self) -> AnyView {
        let words = move || self.day.with(|day| if let Load::Failed(error) = day { error.text(lang()) } else { String::new() });
        view! { <p class="note stop" role="alert">{words}</p> }.into_any()
    }

    /// A day of many windows is wider than the screen: it begins shortly before the present one.
    fn move_to_now(self) {
        let Some((site_id, at)) = self.day.with_untracked(|day| {
            day.ready()
                .map(|day| (day.site_id, day.windows.iter().take_while(|one| one.window.end <= civil(day.at).time()).count()))
        }) else {
            return;
        };
        if self.moved.get_value() != Some(site_id) {
            self.moved.set_value(Some(site_id));
            let windows = self.day.with_untracked(|day| day.ready().map_or(0, |day| day.windows.len()));
            today_plot::show_from(at.saturating_sub(2), windows);
        }
    }
}

fn note(words: &'static str) -> AnyView {
    view! { <p class="list-note" role="status">{words}</p> }.into_any()
}

/// The words of the numbers, in the order in which they stand in the table.
pub(super) fn words(lang: Lang) -> [&'static str; 6] {
    match lang {
        Lang::Zh => ["预约", "已完成", "已到候种", "还没到", "过时未到", "空余号源"],
        Lang::En => ["Booked", "Done", "Waiting", "To come", "Not come", "Free"],
    }
}

fn values(numbers: &Numbers) -> [u32; 6] {
    [numbers.expected, numbers.done, numbers.waiting, numbers.to_come, numbers.not_come, numbers.free]
}

fn sums(day: &Today) -> AnyView {
    let one = |(word, value): (&'static str, u32)| view! { <div><dt>{word}</dt><dd class="num">{value}</dd></div> }.into_any();
    // what is not every day's is said where there is some
    let seldom = [
        (t("其中现场登记", "Of them walk-ins"), day.sum.walk_ins),
        (t("今天不接种", "Sent home"), day.sum.turned_away),
        (t("接收别处预约", "Booked elsewhere, given here"), day.accepted),
    ];
    let seldom = seldom.into_iter().filter(|(_, value)| *value > 0);
    let all: Vec<AnyView> = words(lang()).into_iter().zip(values(&day.sum)).chain(seldom).map(one).collect();
    view! { <dl class="today-sums" aria-label=t("全天", "The whole day")>{all}</dl> }.into_any()
}

/// The open lots, with what is left of each.
fn lots(day: &Today) -> AnyView {
    let lang = lang();
    let one = |lot: &Lot| {
        let vaccine = lang.pick(&lot.vaccine_name, &lot.vaccine_name_en).clone();
        let left = lang.pick(format!("剩 {} 支", lot.left), format!("{} doses left", lot.left));
        let expired = lot.expired.then(|| view! { <b class="today-stale">{t("已过期", "expired")}</b> });
        view! { <li><b class="num">{lot.number.clone()}</b><span>{vaccine}</span><span class="num">{left}</span>{expired}</li> }
            .into_any()
    };
    let lines: Vec<AnyView> = day.lots.iter().map(one).collect();
    if lines.is_empty() {
        return ().into_any();
    }
    let title = t("已启用的批号", "Open lots");
    view! { <section class="today-lots" aria-label=title><h2>{title}</h2><ul>{lines}</ul></section> }.into_any()
}

fn table(day: &Today) -> AnyView {
    let head: Vec<AnyView> = words(lang()).into_iter().map(|word| view! { <th scope="col">{word}</th> }.into_any()).collect();
    let cells =
        |numbers: &Numbers| values(numbers).map(|value| view! { <td>{value}</td> }.into_any()).into_iter().collect::<Vec<_>>();
    let line = |one: &TodayWindow| {
        let closed = one.closed.then(|| view! { <small>{t("停约", "closed")}</small> });
        view! { <tr><th scope="row">{one.window.text()}" "{closed}</th>{cells(&one.numbers)}</tr> }.into_any()
    };
    let lines: Vec<AnyView> = day.windows.iter().map(line).collect();
    view! {
        <div class="today-table">
            <table class="num" id="today-table">
                <caption>{t("按时段", "By window")}</caption>
                <thead><tr><th scope="col">{t("时段", "Window")}</th>{head}</tr></thead>
                <tbody>{lines}</tbody>
                <tfoot><tr><th scope="row">{t("全天", "The whole day")}</th>{cells(&day.sum)}</tr></tfoot>
            </table>
        </div>
    }
    .into_any()
}
