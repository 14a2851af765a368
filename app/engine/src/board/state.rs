//! The numbers of the board: every coming slot as it is shown, sums by site and day, and what has changed since they were told.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Instant;

use domain::availability::{Availability, DayRemaining, SiteChange, SiteDays, SiteSlots};
use domain::city::City;
use domain::slot::{Slot, SlotState, Terms, Window};
use domain::vaccine::Vaccine;
use domain::{DateTime, NaiveDate, Utc, Uuid};

use super::feed::{Event, frame};
use super::ready::{FOR_A_FEW, FOR_EVERYBODY, Ready};
use crate::store::entities::{site, slot};

/// What of a slot never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SlotFacts {
    pub id: Uuid,
    pub site_id: Uuid,
    pub vaccine_id: String,
    pub window: Window,
}

impl SlotFacts {
    pub(crate) fn of(row: &slot::Model) -> Self {
        Self { id: row.id, site_id: row.site_id, vaccine_id: row.vaccine_id.clone(), window: row.window() }
    }
}

/// A slot as the board keeps it.
struct Entry {
    site: usize,
    vaccine_id: Arc<str>,
    version: i32,
    terms: Terms,
    face: Face,
    /// Whether it is among its site's slots that the next event tells of.
    told: bool,
}

/// What changes about a slot as everybody sees it.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Face {
    window: Window,
    capacity: u32,
    remaining: u32,
    state: SlotState,
    opens_at: Option<DateTime<Utc>>,
}

/// A site's slots, in the order in which they are shown, and what is left by day.
#[derive(Default)]
struct Site {
    slots: Vec<Uuid>,
    days: BTreeMap<NaiveDate, Day>,
    vaccine_ids: BTreeSet<Arc<str>>,
    /// Slots that the next event tells of.
    untold: Vec<Uuid>,
    /// Whether its bytes are older than its numbers.
    changed: bool,
}

#[derive(Default)]
struct Day {
    windows: u32,
    remaining: u32,
}

/// All that the board's lock guards.
pub(super) struct State {
    /// Grows with every event and with every making of bytes: no two of them have the same.
    version: u64,
    /// Grows with every change that shows.
    changes: u64,
    today: NaiveDate,
    /// What `GET /availability` tells; its days and vaccines are brought up to date when it is made.
    shown: Availability,
    shown_changed: bool,
    /// In the order of `shown.sites`.
    sites: Vec<Site>,
    places: HashMap<Uuid, usize>,
    slots: HashMap<Uuid, Entry>,
    /// When the clock changes a slot next, unless it is set back.
    next_turn: DateTime<Utc>,
    last_turn: DateTime<Utc>,
    /// Before when no more events are sent.
    events_due: Option<Instant>,
}

impl State {
    pub(super) fn new(city: City, now: DateTime<Utc>) -> Self {
        let today = domain::time::civil(now).date();
        Self {
            version: u64::try_from(now.timestamp_millis()).unwrap_or(1),
            changes: 0,
            today,
            shown: Availability { version: 0, today, city, vaccines: vec![], sites: vec![] },
            shown_changed: false,
            sites: vec![],
            places: HashMap::new(),
            slots: HashMap::new(),
            next_turn: DateTime::<Utc>::MAX_UTC,
            last_turn: now,
            events_due: None,
        }
    }

    pub(super) fn version(&self) -> u64 {
        self.version
    }

    pub(super) fn changes(&self) -> u64 {
        self.changes
    }

    /// Whether there is anything to make into bytes or events.
    pub(super) fn is_pending(&self) -> bool {
        self.shown_changed || self.sites.iter().any(|site| site.changed || !site.untold.is_empty())
    }

    pub(super) fn events_due(&self) -> Option<Instant> {
        self.events_due
    }

    pub(super) fn events_sent(&mut self, next: Instant) {
        self.events_due = Some(next);
    }

    /// Replaces everything.
    pub(super) fn fill(&mut self, sites: &[site::Model], vaccines: &[Vaccine], slots: Vec<slot::Model>, now: DateTime<Utc>) {
        self.today = domain::time::civil(now).date();
        self.places = sites.iter().enumerate().map(|(place, site)| (site.id, place)).collect();
        self.sites = sites.iter().map(|_| Site::default()).collect();
        self.shown.sites = sites.iter().map(bare).collect();
        self.shown.vaccines = vaccines.to_vec();
        self.slots = HashMap::with_capacity(slots.len());
        self.last_turn = now;
        self.next_turn = DateTime::<Utc>::MAX_UTC;
        self.apply(slots, now);
        self.start_again();
    }

    /// Takes in rows that were committed. Tells whether all their sites are known, and whether anything shows differently.
    pub(super) fn apply(&mut self, rows: impl IntoIterator<Item = slot::Model>, now: DateTime<Utc>) -> (bool, bool) {
        let before = self.changes;
        let mut known = true;
        for row in rows {
            match self.places.get(&row.site_id) {
                _ if row.date < self.today => {}
                Some(&site) => self.take(site, &row, now),
                None => known = false,
            }
        }
        (known, self.changes > before)
    }

    fn take(&mut self, site: usize, row: &slot::Model, now: DateTime<Utc>) {
        let (terms, id) = (row.terms(), row.id);
        if let Some(turn) = next_turn(&terms, now) {
            self.next_turn = self.next_turn.min(turn);
        }
        let face = Face::of(&terms, now);
        let Some(entry) = self.slots.get_mut(&id) else {
            self.insert(site, row, terms, face);
            return;
        };
        if entry.version >= row.version {
            return;
        }
        entry.version = row.version;
        entry.terms = terms;
        self.show(id, face);
    }

    fn insert(&mut self, site: usize, row: &slot::Model, terms: Terms, face: Face) {
        let vaccine_id: Arc<str> = row.vaccine_id.as_str().into();
        let key = (terms.window.date, terms.window.start, &vaccine_id);
        let slots = &self.slots;
        let place = self.sites[site].slots.partition_point(|id| {
            slots.get(id).is_some_and(|other| (other.face.window.date, other.face.window.start, &other.vaccine_id) < key)
        });
        self.sites[site].slots.insert(place, row.id);
        self.sites[site].vaccine_ids.insert(vaccine_id.clone());
        let day = self.sites[site].days.entry(face.window.date).or_default();
        day.windows += 1;
        day.remaining += face.remaining;
        self.slots.insert(row.id, Entry { site, vaccine_id, version: row.version, terms, face, told: true });
        self.tell(site, row.id);
    }

    /// Lets a slot show another face.
    fn show(&mut self, id: Uuid, face: Face) {
        let Some(entry) = self.slots.get_mut(&id) else { return };
        if entry.face == face {
            return;
        }
        let (site, was) = (entry.site, std::mem::replace(&mut entry.face, face));
        let told = std::mem::replace(&mut entry.told, true);
        let days = &mut self.sites[site].days;
        if let Some(day) = days.get_mut(&was.window.date) {
            day.windows -= 1;
            day.remaining -= was.remaining;
            if day.windows == 0 {
                days.remove(&was.window.date);
            }
        }
        let day = days.entry(face.window.date).or_default();
        day.windows += 1;
        day.remaining += face.remaining;
        if told {
            self.mark(site);
        } else {
            self.tell(site, id);
        }
    }

    fn tell(&mut self, site: usize, id: Uuid) {
        self.sites[site].untold.push(id);
        self.mark(site);
    }

    fn mark(&mut self, site: usize) {
        self.sites[site].changed = true;
        self.shown_changed = true;
        self.changes += 1;
    }

    /// What of a slot never changes; `None` for one that is not shown.
    pub(super) fn facts(&self, id: Uuid) -> Option<SlotFacts> {
        let entry = self.slots.get(&id)?;
        let (site_id, vaccine_id) = (self.shown.sites[entry.site].id, entry.vaccine_id.to_string());
        Some(SlotFacts { id, site_id, vaccine_id, window: entry.terms.window })
    }

    /// Of these slots and versions, the slots that are not known in that version.
    pub(super) fn behind(&self, versions: &[(Uuid, i32)]) -> Vec<Uuid> {
        let is_behind = |(id, version): &&(Uuid, i32)| self.slots.get(id).is_none_or(|entry| entry.version < *version);
        versions.iter().filter(is_behind).map(|(id, _)| *id).collect()
    }

    /// Lets the clock's changes show; tells whether there were any.
    pub(super) fn turn(&mut self, now: DateTime<Utc>) -> bool {
        let due = now >= self.next_turn || now < self.last_turn;
        self.last_turn = now;
        if !due {
            return false;
        }
        let before = self.changes;
        self.next_turn =
            self.slots.values().filter_map(|entry| next_turn(&entry.terms, now)).min().unwrap_or(DateTime::<Utc>::MAX_UTC);
        let turned: Vec<_> = self
            .slots
            .iter()
            .map(|(id, entry)| (*id, Face::of(&entry.terms, now), entry.face))
            .filter(|(_, face, was)| face != was)
            .collect();
        for (id, face, _) in turned {
            self.show(id, face);
        }
        self.changes > before
    }

    /// Lets go of the days that are over; tells whether there is a new one.
    pub(super) fn new_day(&mut self, now: DateTime<Utc>) -> bool {
        let today = domain::time::civil(now).date();
        if today == self.today {
            return false;
        }
        self.today = today;
        let slots = &mut self.slots;
        slots.retain(|_, entry| entry.terms.window.date >= today);
        for site in &mut self.sites {
            site.slots.retain(|id| slots.contains_key(id));
            site.days.retain(|date, _| *date >= today);
            site.vaccine_ids = site.slots.iter().filter_map(|id| slots.get(id)).map(|entry| entry.vaccine_id.clone()).collect();
        }
        self.next_turn = DateTime::<Utc>::MIN_UTC;
        self.turn(now);
        self.start_again();
        true
    }

    /// Whatever was to be told is in what everybody reads anew.
    fn start_again(&mut self) {
        self.version += 1;
        self.changes += 1;
        for site in &mut self.sites {
            site.untold.clear();
            site.changed = false;
        }
        for entry in self.slots.values_mut() {
            entry.told = false;
        }
        self.update_shown();
    }

    /// What each changed site has to tell, as frames of the feed.
    pub(super) fn events(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        for place in 0..self.sites.len() {
            let untold = std::mem::take(&mut self.sites[place].untold);
            if untold.is_empty() {
                continue;
            }
            self.version += 1;
            let mut dates = Vec::new();
            let mut slots = Vec::with_capacity(untold.len());
            for id in untold {
                let Some(entry) = self.slots.get_mut(&id) else { continue };
                entry.told = false;
                slots.push(entry.shown(id));
                if !dates.contains(&entry.face.window.date) {
                    dates.push(entry.face.window.date);
                }
            }
            dates.sort_unstable();
            let days = &self.sites[place].days;
            let days = dates.into_iter().filter_map(|date| days.get(&date).map(|day| day.shown(date))).collect();
            let site_id = self.shown.sites[place].id;
            let change = SiteChange { version: self.version, site_id, slots, days };
            events.push(Event { version: self.version, site_id, frame: frame(&change) });
        }
        events
    }

    /// The sites whose bytes are older than their numbers, from now on up to date.
    pub(super) fn changed_sites(&mut self) -> Vec<Uuid> {
        let changed = self.sites.iter_mut().zip(&self.shown.sites).filter_map(|(site, shown)| {
            let changed = std::mem::take(&mut site.changed);
            changed.then_some(shown.id)
        });
        changed.collect()
    }

    /// What `GET /availability` tells, if it differs from the last making.
    pub(super) fn overview_if_changed(&mut self) -> Option<Ready> {
        self.shown_changed.then(|| {
            self.update_shown();
            self.overview()
        })
    }

    /// What `GET /availability` tells.
    pub(super) fn overview(&mut self) -> Ready {
        self.version += 1;
        self.shown.version = self.version;
        Ready::new(&self.shown, self.version, FOR_EVERYBODY)
    }

    fn update_shown(&mut self) {
        self.shown_changed = false;
        self.shown.today = self.today;
        for (site, shown) in self.sites.iter().zip(&mut self.shown.sites) {
            shown.days = site.days.iter().map(|(date, day)| day.shown(*date)).collect();
            let given = |vaccine: &&Vaccine| site.vaccine_ids.contains(vaccine.id.as_str());
            shown.vaccine_ids = self.shown.vaccines.iter().filter(given).map(|vaccine| vaccine.id.clone()).collect();
        }
    }

    /// What `GET /availability/{site_id}` tells.
    pub(super) fn site(&mut self, site_id: Uuid) -> Option<Ready> {
        let place = *self.places.get(&site_id)?;
        self.version += 1;
        let slots = self.sites[place].slots.iter().filter_map(|id| self.slots.get(id).map(|entry| entry.shown(*id))).collect();
        Some(Ready::new(&SiteSlots { version: self.version, slots }, self.version, FOR_A_FEW))
    }
}

impl Entry {
    fn shown(&self, id: Uuid) -> Slot {
        let Face { window, capacity, remaining, state, opens_at } = self.face;
        Slot { id, vaccine_id: self.vaccine_id.to_string(), window, capacity, remaining, state, opens_at }
    }
}

impl Face {
    fn of(terms: &Terms, now: DateTime<Utc>) -> Self {
        let state = terms.state(now);
        Self {
            window: terms.window,
            capacity: terms.capacity,
            remaining: if state == SlotState::Open { terms.remaining() } else { 0 },
            state,
            opens_at: (state == SlotState::Later).then_some(terms.opens_at),
        }
    }
}

impl Day {
    fn shown(&self, date: NaiveDate) -> DayRemaining {
        DayRemaining { date, remaining: self.remaining }
    }
}

/// When the clock changes a slot next: at its release, and when its window begins.
fn next_turn(terms: &Terms, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let begins = domain::time::instant(terms.window.date, terms.window.start);
    [terms.opens_at, begins].into_iter().filter(|turn| *turn > now).min()
}

/// A site without its numbers.
fn bare(row: &site::Model) -> SiteDays {
    SiteDays {
        id: row.id,
        name: row.name.clone(),
        name_en: row.name_en.clone(),
        county: row.county.clone(),
        address: row.address.clone(),
        phone: row.phone.clone(),
        vaccine_ids: vec![],
        days: vec![],
    }
}
