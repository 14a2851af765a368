//! The lots that the site has open, and the one that this tablet gives: chosen once a day and vaccine, and remembered.

use std::collections::HashMap;

use domain::checkin::LookUp;
use domain::lot::{Lot, Lots};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::desk::Desk;
use crate::api;
use crate::ui::{dom, lang, t};

/// The id of the list to choose from.
pub(super) const CHOICE: &str = "lot";
/// How long before its last day a lot is worth a look, in days.
const SOON_DAYS: i64 = 7;

/// They.
#[derive(Clone, Copy)]
pub(super) struct Shelf {
    desk: Desk,
    open: RwSignal<Vec<Lot>>,
    /// By vaccine.
    chosen: RwSignal<HashMap<String, String>>,
}

impl Shelf {
    pub(super) fn start(desk: Desk) -> Self {
        let shelf = Self { desk, open: RwSignal::new(vec![]), chosen: RwSignal::new(HashMap::new()) };
        Effect::new(move |_| {
            desk.signed_in.track();
            desk.site_id.track();
            shelf.read();
        });
        shelf
    }

    /// Reads again which are open.
    pub(super) fn read(self) {
        let Some(site_id) = self.desk.site_id.get_untracked() else { return };
        spawn_local(async move {
            // where this fails the server still says which lot it does not take
            if let Ok(Lots { lots, .. }) = self.desk.ask(api::lots::list(site_id)).await {
                let _ = self.open.try_set(lots.into_iter().filter(|lot| lot.closed_at.is_none()).collect());
            }
        });
    }

    /// Whether a jab of this vaccine needs a lot to be chosen first.
    pub(super) fn is_missing(self, vaccine_id: &str) -> bool {
        self.open.with(|open| open.iter().any(|lot| lot.vaccine_id == vaccine_id)) && self.of(vaccine_id).is_none()
    }

    /// The lot that was chosen, while it is open.
    pub(super) fn of(self, vaccine_id: &str) -> Option<Lot> {
        let chosen = self.chosen.with(|chosen| chosen.get(vaccine_id).cloned()).or_else(|| dom::session(&self.key(vaccine_id)))?;
        self.open.with(|open| open.iter().find(|lot| lot.vaccine_id == vaccine_id && lot.number == chosen).cloned())
    }

    /// The number of the lot that a jab is recorded with.
    pub(super) fn number(self, found: &LookUp) -> Option<String> {
        untrack(|| self.of(&found.vaccine.id).map(|lot| lot.number))
    }

    fn choose(self, vaccine_id: &str, number: String) {
        dom::keep_session(&untrack(|| self.key(vaccine_id)), Some(&number));
        self.chosen.update(|chosen| {
            chosen.insert(vaccine_id.to_owned(), number);
        });
    }

    /// A new day, and another site, begin with no lot.
    fn key(self, vaccine_id: &str) -> String {
        let day = self.desk.today().map(|day| day.to_string()).unwrap_or_default();
        let site = self.desk.site_id.get().map(|id| id.to_string()).unwrap_or_default();
        format!("lot:{day}:{site}:{vaccine_id}")
    }

    /// The list to choose from, where the site keeps lots of this vaccine; what was chosen, and how long it lasts.
    pub(super) fn view(self, vaccine_id: String) -> AnyView {
        let shown = move || {
            let lang = lang();
            let lots: Vec<Lot> = self.open.with(|open| open.iter().filter(|lot| lot.vaccine_id == vaccine_id).cloned().collect());
            if lots.is_empty() {
                return ().into_any();
            }
            let chosen = self.of(&vaccine_id);
            let now = chosen.as_ref().map(|lot| lot.number.clone());
            let options: Vec<AnyView> = lots
                .iter()
                .map(|lot| {
                    let words = match (lot.expired, lang) {
                        (true, domain::lang::Lang::Zh) => format!("{}（已过期）", lot.number),
                        (true, domain::lang::Lang::En) => format!("{} (expired)", lot.number),
                        (false, domain::lang::Lang::Zh) => format!("{}（剩 {} 支）", lot.number, lot.left),
                        (false, domain::lang::Lang::En) => format!("{} ({} left)", lot.number, lot.left),
                    };
                    let is_chosen = now.as_ref() == Some(&lot.number);
                    view! { <option value=lot.number.clone() disabled=lot.expired selected=is_chosen>{words}</option> }.into_any()
                })
                .collect();
            let vaccine = vaccine_id.clone();
            let choose = move |event| self.choose(&vaccine, event_target_value(&event));
            let (class, note) = self.note(chosen.as_ref());
            view! {
                <div class=class>
                    <label for=CHOICE>{t("批号", "Lot")}</label>
                    <select id=CHOICE on:change=choose>
                        <option value="" disabled=true selected=now.is_none()>{t("请对照盒子选择", "Choose as on the box")}</option>
                        {options}
                    </select>
                    <p class="num">{note}</p>
                </div>
            }
            .into_any()
        };
        shown.into_any()
    }

    fn note(self, chosen: Option<&Lot>) -> (&'static str, String) {
        let lang = lang();
        let Some(lot) = chosen else {
            return ("lot look", t("今天第一次要选，之后会记住。", "Choose once today; it is remembered.").to_owned());
        };
        let day = lot.expires_on;
        if lot.expired {
            return ("lot stop", lang.pick(format!("{day} 到期，不能再用，请换一盒"), format!("Expired {day}: take another box")));
        }
        let soon = self.desk.today_now().is_some_and(|today| (lot.expires_on - today).num_days() <= SOON_DAYS);
        (if soon { "lot look" } else { "lot" }, lang.pick(format!("有效期到 {day}"), format!("Use by {day}")))
    }
}
