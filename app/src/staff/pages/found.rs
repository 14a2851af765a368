//! Searching today's list from the scan page: by name, or by the last four signs of the document.

use domain::booking::BookingState;
use domain::checkin::RosterRow;
use domain::error::Error;
use domain::lang::Lang;
use domain::reason::Reason;
use domain::time::{civil, hour_minute};
use domain::{DateTime, Utc};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::counter::{Counter, Screen};
use crate::staff::offline;
use crate::staff::scan::Scan;
use crate::staff::search::fits;
use crate::ui::{now_lang, t};

/// Lines that are shown: of more than these nobody finds the right one.
const MOST: usize = 20;

/// Who fits, and what was sought.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Found {
    sought: String,
    rows: Vec<RosterRow>,
    more: usize,
    /// When the list was taken along, where the tablet searched its own.
    taken_at: Option<DateTime<Utc>>,
}

impl Counter {
    /// Lists who of today's list of the site fits.
    pub(super) fn search(self, sought: String) {
        let turn = self.next_turn();
        self.forget_scan();
        let Some(site_id) = self.desk.site_id.get_untracked() else {
            return self.answer(Screen::Refused(Error::new(Reason::SiteNotChosen)));
        };
        self.screen.set(Screen::Asking);
        spawn_local(async move {
            let answer = offline::list(self.desk, site_id).await;
            if !self.is_now(turn) {
                return;
            }
            match answer {
                Ok((rows, taken_at)) => {
                    let mut rows: Vec<RosterRow> = rows.into_iter().filter(|row| fits(row, &sought)).collect();
                    let more = rows.len().saturating_sub(MOST);
                    rows.truncate(MOST);
                    self.answer(Screen::Found(Found { sought, rows, more, taken_at }));
                }
                Err(error) => self.answer(Screen::Refused(error)),
            }
        });
    }
}

/// The lines; a tap on one leads to the answer.
pub(super) fn found(counter: Counter, found: Found, lang: Lang) -> AnyView {
    let Found { sought, rows, more, taken_at } = found;
    let title = match (rows.len() + more, lang) {
        (0, Lang::Zh) => format!("今天的名单里没有“{sought}”"),
        (0, Lang::En) => format!("Nobody on today's list fits “{sought}”"),
        (count, Lang::Zh) => format!("“{sought}”：今天有 {count} 位"),
        (1, Lang::En) => format!("“{sought}”: one person today"),
        (count, Lang::En) => format!("“{sought}”: {count} people today"),
    };
    let advice = match rows.is_empty() {
        true => t(
            "请核对证件上的姓名或尾号；也可能约的是别的日子或别的接种点，请扫码或输入预约码。",
            "Check the name or the last four; or it is for another day or site: scan the QR code, or type the booking code.",
        ),
        false => t("请对照证件，点这一位。", "Compare with the document, and tap the right one."),
    };
    let further = (more > 0).then(|| match lang {
        Lang::Zh => format!("还有 {more} 位，请输入更多字"),
        Lang::En => format!("{more} more: type more of the name"),
    });
    let old = taken_at.map(|at| {
        let at = hour_minute(civil(at).time());
        let words = lang.pick(
            format!("没有网络：这是 {at} 的名单，之后约的不在里面"),
            format!("No network: the list as of {at}, without later bookings"),
        );
        view! { <p class="found-more">{words}</p> }
    });
    let rows: Vec<AnyView> = rows.iter().map(|row| line(counter, row)).collect();
    view! {
        <div class="card found">
            <div class="head"><h2 class="title">{title}</h2><p class="advice">{advice}</p></div>
            {(!rows.is_empty()).then(|| view! { <ul class="found-list">{rows}</ul> })}
            {old}
            {further.map(|words| view! { <p class="found-more">{words}</p> })}
        </div>
    }
    .into_any()
}

fn line(counter: Counter, row: &RosterRow) -> AnyView {
    let lang = now_lang();
    let code = row.code;
    let (age, dose) = match lang {
        Lang::Zh => (format!("{} 岁", row.age), format!("第 {} 剂", row.dose)),
        Lang::En => (format!("{} y", row.age), format!("dose {}", row.dose)),
    };
    let state = match (row.state, row.redeemed_at) {
        (BookingState::Redeemed, Some(at)) => format!("{} {}", t("已完成", "Done"), hour_minute(civil(at).time())),
        (BookingState::Redeemed, None) => t("已完成", "Done").to_owned(),
        _ => row.window.text(),
    };
    let tone = if row.state == BookingState::Redeemed { "row-state done" } else { "row-state" };
    view! {
        <li>
            <button type="button" class="row" on:click=move |_| counter.look_up(Scan::Code(code))>
                <b class="row-name">{row.name.clone()}</b>
                <span class="num">{age}</span>
                <span class="row-last num"><span class="sr">{t("证件尾号", "Document ends in")}</span>{row.document_last_four.clone()}</span>
                <span class="row-vaccine">{lang.pick(&row.vaccine_name, &row.vaccine_name_en).clone()}" · "{dose}</span>
                <span class=tone>{state}</span>
            </button>
        </li>
    }
    .into_any()
}
