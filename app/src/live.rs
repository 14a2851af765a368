//! The availability feed in the browser: what is left where, brought up to date while one looks.
//!
//! First a plain GET, then server-sent events that change what is shown in place. Whenever the connection may have missed
//! something (reconnected, page back in sight, network back) the GET is repeated; where events do not get through, it is
//! repeated at intervals.

mod feed;

use domain::availability::{Availability, DayRemaining, SiteChange, SiteDays, SiteSlots};
use domain::city::City;
use domain::error::Error;
use domain::slot::Slot;
use domain::time::plus_days;
use domain::vaccine::Vaccine;
use domain::{NaiveDate, Uuid};
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::ui::{Load, call::get};
use feed::Feed;

/// How many days ahead the pages count and show.
pub const SHOWN_DAYS: u32 = 10;

/// The city and its sites, kept up to date.
#[derive(Clone, Copy)]
pub struct Live {
    /// All of it, or why not.
    pub overview: RwSignal<Load<Overview>>,
    /// Whether what is shown may be behind, because the connection is gone.
    pub behind: RwSignal<bool>,
    /// The version that is held.
    version: StoredValue<u64>,
}

/// What `GET /availability` told, the numbers apart so that only they are drawn again.
#[derive(Clone, Debug)]
pub struct Overview {
    /// The server's present day.
    pub today: NaiveDate,
    /// The city.
    pub city: City,
    /// Its vaccines.
    pub vaccines: Vec<Vaccine>,
    /// Its sites.
    pub sites: Vec<SiteNow>,
}

/// A site and its present numbers.
#[derive(Clone, Debug)]
pub struct SiteNow {
    /// What does not change from minute to minute; its `days` are those of the first look.
    pub site: SiteDays,
    /// The places left by day.
    pub days: ArcRwSignal<Vec<DayRemaining>>,
}

impl SiteNow {
    /// Places left on each of the coming days, from `today` on.
    pub fn coming(&self, today: NaiveDate) -> Vec<DayRemaining> {
        let end = plus_days(today, SHOWN_DAYS);
        self.days.with(|days| days.iter().filter(|day| day.date >= today && day.date < end).copied().collect())
    }

    /// Places left on the coming days in all.
    pub fn remaining(&self, today: NaiveDate) -> u32 {
        self.coming(today).iter().map(|day| day.remaining).sum()
    }
}

impl Overview {
    /// The site of an id.
    pub fn site(&self, id: Uuid) -> Option<&SiteNow> {
        self.sites.iter().find(|now| now.site.id == id)
    }

    /// The vaccine of an id.
    pub fn vaccine(&self, id: &str) -> Option<&Vaccine> {
        self.vaccines.iter().find(|vaccine| vaccine.id == id)
    }
}

impl Live {
    /// Asks for the overview at once.
    pub fn start() -> Self {
        let live = Self { overview: RwSignal::new(Load::Waiting), behind: RwSignal::new(false), version: StoredValue::new(0) };
        live.refresh();
        live
    }

    /// Asks again. What is shown stays until the answer is here.
    pub fn refresh(self) {
        spawn_local(async move {
            match get::<Availability>("/availability").await {
                Ok(fresh) => {
                    self.behind.set(false);
                    self.version.set_value(fresh.version);
                    self.take(fresh);
                }
                Err(error) => {
                    self.behind.set(true);
                    if !self.overview.with_untracked(|now| matches!(now, Load::Ready(_))) {
                        self.overview.set(Load::Failed(error));
                    }
                }
            }
        });
    }

    fn take(self, fresh: Availability) {
        let same = self.overview.with_untracked(|now| match now {
            Load::Ready(now) => {
                now.today == fresh.today
                    && now.city == fresh.city
                    && now.vaccines == fresh.vaccines
                    && now.sites.len() == fresh.sites.len()
                    && now.sites.iter().zip(&fresh.sites).all(|(now, site)| now.site.id == site.id)
            }
            _ => false,
        });
        if same {
            self.overview.with_untracked(|now| {
                let Load::Ready(now) = now else { return };
                for (now, site) in now.sites.iter().zip(fresh.sites) {
                    set_if_changed(&now.days, site.days);
                }
            });
            return;
        }
        let sites = fresh.sites.into_iter().map(|site| SiteNow { days: ArcRwSignal::new(site.days.clone()), site }).collect();
        let overview = Overview { today: fresh.today, city: fresh.city, vaccines: fresh.vaccines, sites };
        self.overview.set(Load::Ready(overview));
    }

    fn apply(self, change: &SiteChange) {
        self.overview.with_untracked(|now| {
            let Load::Ready(now) = now else { return };
            if let Some(site) = now.site(change.site_id) {
                let mut days = site.days.get_untracked();
                change.update_days(&mut days);
                set_if_changed(&site.days, days);
            }
        });
    }

    /// Keeps the whole overview up to date for as long as the page that asks for it lives.
    pub fn watch(self) {
        let feed = Feed::new(None, self.behind, self.version, move |change| self.apply(&change), move || self.refresh());
        // What was missed since the overview was read comes with the feed's first breath.
        Effect::new(move |_| {
            if self.overview.with(|now| matches!(now, Load::Ready(_))) {
                feed.open();
            }
        });
    }

    /// A site's windows, kept up to date for as long as the page that asks for them lives; and the way to ask again.
    pub fn watch_site(self, id: Uuid) -> (RwSignal<Load<Vec<SlotNow>>>, Callback<()>) {
        let slots = RwSignal::new(Load::Waiting);
        let version = StoredValue::new(0);
        let refresh = move || {
            spawn_local(async move {
                let answer = get::<SiteSlots>(&format!("/availability/{id}")).await;
                let _ = self.behind.try_set(answer.is_err());
                match answer {
                    Ok(fresh) => {
                        let _ = version.try_set_value(fresh.version);
                        take_slots(slots, fresh.slots);
                    }
                    Err(error) => {
                        if slots.try_with_untracked(|now| matches!(now, Load::Ready(_))) == Some(false) {
                            let _ = slots.try_set(Load::Failed(error));
                        }
                    }
                }
            });
        };
        let change = move |change: SiteChange| {
            let now = slots.try_with_untracked(|now| match now {
                Load::Ready(now) => Some(now.iter().map(|slot| slot.now.get_untracked()).collect::<Vec<_>>()),
                _ => None,
            });
            if let Some(Some(mut now)) = now {
                change.update_slots(&mut now);
                take_slots(slots, now);
            }
        };
        let feed = Feed::new(Some(id), self.behind, version, change, refresh);
        Effect::new(move |_| {
            if slots.with(|now| matches!(now, Load::Ready(_))) {
                feed.open();
            }
        });
        refresh();
        (slots, Callback::new(move |()| refresh()))
    }
}

/// A window and its present state.
#[derive(Clone, Debug)]
pub struct SlotNow {
    /// Its id, vaccine and window stay; its numbers are those of the first look.
    pub slot: Slot,
    /// The present state.
    pub now: ArcRwSignal<Slot>,
}

impl SlotNow {
    /// A slot as it is now.
    pub fn of(slot: Slot) -> Self {
        Self { now: ArcRwSignal::new(slot.clone()), slot }
    }
}

fn take_slots(into: RwSignal<Load<Vec<SlotNow>>>, fresh: Vec<Slot>) {
    let fits = |now: &[SlotNow]| {
        now.len() == fresh.len() && now.iter().zip(&fresh).all(|(a, b)| a.slot.id == b.id && a.slot.window == b.window)
    };
    match into.try_with_untracked(|now| matches!(now, Load::Ready(now) if fits(now))) {
        None => {}
        Some(true) => into.with_untracked(|now| {
            let Load::Ready(now) = now else { return };
            for (now, slot) in now.iter().zip(fresh) {
                set_if_changed(&now.now, slot);
            }
        }),
        Some(false) => {
            into.set(Load::Ready(fresh.into_iter().map(SlotNow::of).collect()));
        }
    }
}

fn set_if_changed<T: PartialEq + Send + Sync + 'static>(signal: &ArcRwSignal<T>, value: T) {
    if signal.with_untracked(|now| *now != value) {
        signal.set(value);
    }
}

/// Reads a site's windows once.
///
/// # Errors
/// `not_found`, or `busy` where the network is gone.
pub async fn read_slots(site: Uuid) -> Result<Vec<Slot>, Error> {
    Ok(get::<SiteSlots>(&format!("/availability/{site}")).await?.slots)
}
