//! The day's list on paper: a line a person, with a box to tick. Made when it is asked for, and gone when it is printed.

use domain::booking::BookingState;
use domain::checkin::{Roster, RosterRow};
use domain::lang::Lang;
use domain::time::{civil, day_text, hour_minute};
use leptos::prelude::*;

use crate::ui::{dom, now_lang, t};

/// Whether the sheet is on the page.
#[derive(Clone, Copy)]
pub(super) struct Print(RwSignal<bool>);

impl Print {
    pub(super) fn new() -> Self {
        let asked = RwSignal::new(false);
        let after = window_event_listener_untyped("afterprint", move |_| {
            let _ = asked.try_set(false);
        });
        on_cleanup(move || after.remove());
        Self(asked)
    }

    pub(super) fn button(self) -> AnyView {
        let print = move |_| {
            self.0.set(true);
            // when it has been drawn
            dom::after(100, || {
                let _ = dom::window().print();
            });
        };
        view! { <button type="button" class="pill" on:click=print>{t("打印", "Print")}</button> }.into_any()
    }

    /// The sheet, where it was asked for. `by`: who prints it.
    pub(super) fn sheet(self, roster: &Roster, by: Option<String>) -> Option<AnyView> {
        self.0.get().then(|| sheet(roster, by.unwrap_or_default()))
    }
}

fn sheet(roster: &Roster, by: String) -> AnyView {
    let lang = now_lang();
    let now = civil(dom::now());
    let printed = format!("{} {}", day_text(now.date(), lang), hour_minute(now.time()));
    let count = roster.rows.len();
    let under = lang.pick(
        format!("共 {count} 人。{by} 于 {printed} 打印。含个人信息：请勿外传，用完销毁。"),
        format!("{count} people. Printed by {by}, {printed}. Personal data: keep it here, and destroy it after use."),
    );
    let heads = match lang {
        Lang::Zh => ["✓", "时段", "姓名", "年龄", "证件尾号", "疫苗、剂次", "备注"],
        Lang::En => ["✓", "Window", "Name", "Age", "Last four", "Vaccine, dose", "Remarks"],
    };
    let heads: Vec<AnyView> = heads.into_iter().map(|words| view! { <th scope="col">{words}</th> }.into_any()).collect();
    let lines: Vec<AnyView> = roster.rows.iter().map(|row| line(row, lang)).collect();
    view! {
        <section class="sheet print-only">
            <h2>{roster.site_name.clone()}" · "{day_text(roster.date, lang)}" · "{t("接种名单", "Roster")}</h2>
            <p>{under}</p>
            <table class="num"><thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table>
        </section>
    }
    .into_any()
}

fn line(row: &RosterRow, lang: Lang) -> AnyView {
    let vaccine =
        lang.pick(format!("{} 第 {} 剂", row.vaccine_name, row.dose), format!("{}, dose {}", row.vaccine_name_en, row.dose));
    let (tick, remark) = match (row.state, row.redeemed_at) {
        (BookingState::Redeemed, at) => ("☑", at.map(|at| format!("{} {}", t("已完成", "done"), hour_minute(civil(at).time())))),
        (BookingState::Missed, _) => ("☐", Some(t("没有来", "did not come").to_owned())),
        (BookingState::Booked | BookingState::Cancelled, _) => ("☐", None),
    };
    view! {
        <tr>
            <td class="sheet-tick">{tick}</td>
            <td>{row.window.text()}</td>
            <th scope="row">{row.name.clone()}</th>
            <td>{row.age}</td>
            <td>{row.document_last_four.clone()}</td>
            <td>{vaccine}</td>
            <td class="sheet-remark">{remark}</td>
        </tr>
    }
    .into_any()
}
