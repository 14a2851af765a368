//! The lots that the site has open: a manager opens and closes them, everybody sees what is left.

use domain::Uuid;
use domain::access::Action;
use domain::error::Error;
use domain::lot::{Lot, Lots, OpenLot};
use domain::reason::Reason;
use domain::time::{civil, hour_minute};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::desk::{Desk, Session};
use crate::api;
use crate::ui::page::{heading, titled};
use crate::ui::{Field, Load, error_summary, lang, select_field, submit_button, t, text_field};

#[derive(Clone, Copy)]
struct Page {
    desk: Desk,
    list: RwSignal<Load<Lots>>,
    vaccine: RwSignal<String>,
    number: RwSignal<String>,
    expires_on: RwSignal<String>,
    doses: RwSignal<String>,
    errors: RwSignal<Vec<Error>>,
    busy: RwSignal<bool>,
    refusal: RwSignal<Option<Error>>,
}

/// The page.
pub(super) fn page() -> AnyView {
    let text = || RwSignal::new(String::new());
    let page = Page {
        desk: Desk::here(),
        list: RwSignal::new(Load::Waiting),
        vaccine: text(),
        number: text(),
        expires_on: text(),
        doses: text(),
        errors: RwSignal::new(vec![]),
        busy: RwSignal::new(false),
        refusal: RwSignal::new(None),
    };
    Effect::new(move |_| {
        page.desk.signed_in.track();
        page.desk.site_id.track();
        page.read();
    });
    titled(|| t("疫苗批号", "Lots").to_owned(), move || page.view())
}

impl Page {
    fn read(self) {
        let Some(site_id) = self.desk.site_id.get_untracked() else { return };
        spawn_local(async move {
            let answer = self.desk.ask(api::lots::list(site_id)).await;
            let _ = self.list.try_set(answer.map_or_else(Load::Failed, Load::Ready));
        });
    }

    fn view(self) -> AnyView {
        view! {
            <div class="list-page">
                <div class="list-head">
                    {heading(t("疫苗批号", "Lots"))}
                    <button type="button" class="pill" on:click=move |_| self.read()>{t("刷新", "Refresh")}</button>
                </div>
                <p class="list-sum">{t(
                    "启用批号后，核销时只能选这些批号；没有启用的疫苗不受影响。",
                    "Once a lot is open, jabs of its vaccine are recorded with open lots only; other vaccines go on as before.",
                )}</p>
                {move || self.refusal.get().map(|error| view! { <p class="note stop" role="alert">{error.text(lang())}</p> })}
                {move || self.body()}
                {move || (self.desk.site_id.get().is_some() && self.desk.may(Action::KeepLots)).then(|| self.form())}
            </div>
        }
        .into_any()
    }

    fn body(self) -> AnyView {
        // while the session has ended nothing of the site stands behind the form
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
            Load::Ready(list) if list.lots.is_empty() => {
                view! { <p class="list-note" role="status">{t("今天还没有启用批号。", "No lot is open yet.")}</p> }.into_any()
            }
            Load::Ready(list) => {
                let lines: Vec<AnyView> = list.lots.iter().map(|lot| self.line(lot, list.may_keep)).collect();
                view! { <ul class="calls">{lines}</ul> }.into_any()
            }
        })
    }

    fn line(self, lot: &Lot, may_keep: bool) -> AnyView {
        let lang = lang();
        let vaccine = lang.pick(&lot.vaccine_name, &lot.vaccine_name_en).clone();
        let (id, day) = (lot.id, lot.expires_on);
        let state = match (lot.closed_at, lot.expired) {
            (Some(at), _) => {
                let at = hour_minute(civil(at).time());
                lang.pick(format!("{at} 已停用"), format!("Closed {at}"))
            }
            (None, true) => lang.pick(format!("{day} 到期，不能再用，请停用"), format!("Expired {day}: close it")),
            (None, false) => lang.pick(format!("有效期到 {day}"), format!("Use by {day}")),
        };
        let left =
            lang.pick(format!("剩 {} 支，共 {} 支", lot.left, lot.doses), format!("{} of {} doses left", lot.left, lot.doses));
        let opened = hour_minute(civil(lot.opened_at).time());
        let by = lang.pick(format!("{} {opened} 启用", lot.opened_by), format!("Opened {opened} by {}", lot.opened_by));
        let stale = lot.expired && lot.closed_at.is_none();
        let close = (may_keep && lot.closed_at.is_none()).then(|| {
            let name = lang.pick(format!("停用 {}", lot.number), format!("Close {}", lot.number));
            view! {
                <div class="actions">
                    <button type="button" class="btn quiet" disabled=move || self.busy.get() on:click=move |_| self.close(id)>{name}</button>
                </div>
            }
        });
        view! {
            <li class="call" class:stop=stale>
                <div class="call-who"><b class="row-name num">{lot.number.clone()}</b><span>{vaccine}</span></div>
                <p class="call-what num">{left}</p>
                <p class="num">{state}</p>
                <p class="quiet-text">{by}</p>
                {close}
            </li>
        }
        .into_any()
    }

    fn form(self) -> AnyView {
        let lang = lang();
        let vaccines = self.desk.overview.with(|overview| {
            let all = overview.as_ref().map(|overview| overview.vaccines.clone()).unwrap_or_default();
            all.into_iter().map(|vaccine| (vaccine.id, lang.pick(vaccine.name, vaccine.name_en))).collect::<Vec<_>>()
        });
        let number =
            Field { most: 30, hint: t("照盒子上填写", "As on the box"), ..Field::text("number", t("批号", "Lot number")) };
        let expires = Field { kind: "date", ..Field::text("expires_on", t("有效期到", "Use by")) };
        let doses = Field { mode: "numeric", most: 5, ..Field::text("doses", t("支数", "Doses")) };
        view! {
            <form class="lot-form" novalidate=true on:submit=move |event| self.open(&event)>
                <h2>{t("启用批号", "Open a lot")}</h2>
                {error_summary(self.errors)}
                {select_field(Field::text("vaccine_id", t("疫苗", "Vaccine")), vaccines, self.vaccine, self.errors)}
                {text_field(number, self.number, self.errors)}
                {text_field(expires, self.expires_on, self.errors)}
                {text_field(doses, self.doses, self.errors)}
                {submit_button(t("启用", "Open"), self.busy)}
            </form>
        }
        .into_any()
    }

    /// What was typed, checked by the rules that the server judges by.
    fn typed(self) -> Result<OpenLot, Error> {
        let missing = |field| Error::field(field, Reason::Missing);
        let site_id = self.desk.site_id.get_untracked().ok_or_else(|| missing("site_id"))?;
        let vaccine_id = self.vaccine.get_untracked();
        if vaccine_id.is_empty() {
            return Err(missing("vaccine_id"));
        }
        let expires_on = self.expires_on.get_untracked().parse().map_err(|_| missing("expires_on"))?;
        let doses = self.doses.get_untracked().trim().parse().map_err(|_| missing("doses"))?;
        let lot = OpenLot { site_id, vaccine_id, number: self.number.get_untracked(), expires_on, doses };
        if let Some(today) = self.desk.today_now() {
            lot.checked(today)?;
        }
        Ok(lot)
    }

    fn open(self, event: &leptos::ev::SubmitEvent) {
        event.prevent_default();
        if self.busy.get_untracked() {
            return;
        }
        let lot = match self.typed() {
            Ok(lot) => lot,
            Err(error) => return self.errors.set(vec![error]),
        };
        self.errors.set(vec![]);
        self.busy.set(true);
        spawn_local(async move {
            let answer = self.desk.ask(api::lots::open(lot)).await;
            if self.busy.try_set(false).is_some() {
                return;
            }
            match answer {
                Ok(_) => {
                    self.number.set(String::new());
                    self.doses.set(String::new());
                    self.read();
                }
                Err(error) => self.errors.set(vec![error]),
            }
        });
    }

    fn close(self, id: Uuid) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        self.refusal.set(None);
        spawn_local(async move {
            let answer = self.desk.ask(api::lots::close(id)).await;
            if self.busy.try_set(false).is_some() {
                return;
            }
            match answer {
                Ok(_) => self.read(),
                Err(error) => self.refusal.set(Some(error)),
            }
        });
    }
}
