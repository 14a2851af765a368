//! The board: availability in memory, changed after each commit, served as ready-made bytes and as a feed.
//!
//! Readers never touch the database. A place that was taken here is on the board as soon as its transaction has
//! committed; what other processes commit is read from `slots.changed_at` within a second; what the clock changes (a
//! release, a window that begins) within a second as well.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use domain::availability::{Availability, DayRemaining, SiteChange, SiteDays, SiteSlots};
use domain::city::City;
use domain::slot::{Slot, SlotState, Terms, Window};
use domain::vaccine::Vaccine;
use domain::{DateTime, NaiveDate, Utc, Uuid};
use tokio::sync::broadcast;
use tokio_stream::Stream;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::BroadcastStream;

use crate::store::entities::{site, slot};

/// Changes that a reader who was cut off can catch up on.
const REMEMBERED: usize = 4096;
/// Readers of the feed that lag further than this are told to start again.
const LAG: usize = 1024;

/// A body that is ready to be sent.
#[derive(Clone, Debug)]
pub struct Ready {
    /// JSON.
    pub body: Bytes,
    /// The same, in brotli.
    pub brotli: Bytes,
    /// Strong entity tag, with its quotes.
    pub etag: String,
}

/// An event of the feed: its id is the board's version.
#[derive(Clone, Debug)]
pub struct Event {
    /// The board's version after it.
    pub version: u64,
    /// Which site; `None` tells every reader to fetch everything again.
    pub site_id: Option<Uuid>,
    /// `domain::availability::SiteChange` as JSON.
    pub data: Arc<str>,
}

/// A slot as the board keeps it.
#[derive(Clone, Debug)]
struct Entry {
    site_id: Uuid,
    vaccine_id: String,
    version: i32,
    terms: Terms,
    shown: Slot,
}

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

struct State {
    version: u64,
    today: NaiveDate,
    sites: Vec<site::Model>,
    vaccines: Vec<Vaccine>,
    slots: HashMap<Uuid, Entry>,
    remembered: VecDeque<Event>,
    overview: Option<Arc<Ready>>,
    by_site: HashMap<Uuid, Arc<Ready>>,
}

/// Availability in memory.
pub struct Board {
    city: City,
    state: Mutex<State>,
    feed: broadcast::Sender<Event>,
}

impl Board {
    /// An empty board. Versions begin at the start's milliseconds, so that no two runs give the same version to different content.
    pub(crate) fn new(city: City, now: DateTime<Utc>) -> Self {
        let state = State {
            version: u64::try_from(now.timestamp_millis()).unwrap_or(1),
            today: domain::time::civil(now).date(),
            sites: vec![],
            vaccines: vec![],
            slots: HashMap::new(),
            remembered: VecDeque::new(),
            overview: None,
            by_site: HashMap::new(),
        };
        Self { city, state: Mutex::new(state), feed: broadcast::channel(LAG).0 }
    }

    /// `GET /availability`
    ///
    /// # Panics
    /// Never: the types of the contract serialise.
    pub fn overview(&self) -> Arc<Ready> {
        let mut state = self.lock();
        if let Some(ready) = &state.overview {
            return ready.clone();
        }
        let availability = state.availability(&self.city);
        let ready = Arc::new(Ready::new(&availability, state.version));
        state.overview = Some(ready.clone());
        ready
    }

    /// `GET /availability/{site_id}`; `None` for a site that is not there.
    pub fn site(&self, site_id: Uuid) -> Option<Arc<Ready>> {
        let mut state = self.lock();
        if let Some(ready) = state.by_site.get(&site_id) {
            return Some(ready.clone());
        }
        state.sites.iter().find(|site| site.id == site_id)?;
        let slots = state.slots_of(site_id);
        let ready = Arc::new(Ready::new(&SiteSlots { version: state.version, slots }, state.version));
        state.by_site.insert(site_id, ready.clone());
        Some(ready)
    }

    /// The feed: what was missed since the version `after`, then what happens; of one site or of all.
    pub fn subscribe(&self, site_id: Option<Uuid>, after: Option<u64>) -> impl Stream<Item = Event> + Send + use<> {
        let (live, missed) = {
            let state = self.lock();
            // subscribed while nothing can be published: no gap, and no event twice
            (self.feed.subscribe(), after.map_or_else(Vec::new, |after| state.since(after)))
        };
        let start_again = || Event { version: 0, site_id: None, data: "{\"start_again\":true}".into() };
        let live = BroadcastStream::new(live).map(move |event| event.unwrap_or_else(|_| start_again()));
        let wanted = move |event: &Event| site_id.is_none() || event.site_id.is_none() || event.site_id == site_id;
        tokio_stream::iter(missed).chain(live).filter(wanted)
    }

    /// How many readers the feed has.
    pub fn readers(&self) -> usize {
        self.feed.receiver_count()
    }

    /// What of a slot never changes; `None` for one that is not shown.
    pub(crate) fn slot(&self, id: Uuid) -> Option<SlotFacts> {
        let state = self.lock();
        let entry = state.slots.get(&id)?;
        Some(SlotFacts { id, site_id: entry.site_id, vaccine_id: entry.vaccine_id.clone(), window: entry.terms.window })
    }

    /// The site of an id, as it stands on the pages.
    pub(crate) fn site_row(&self, id: Uuid) -> Option<site::Model> {
        self.lock().sites.iter().find(|site| site.id == id).cloned()
    }

    /// The vaccine of an id.
    pub(crate) fn vaccine(&self, id: &str) -> Option<Vaccine> {
        self.lock().vaccines.iter().find(|vaccine| vaccine.id == id).cloned()
    }

    /// The products of a course.
    pub(crate) fn vaccines_of(&self, course: &str) -> Vec<Vaccine> {
        self.lock().vaccines.iter().filter(|vaccine| vaccine.course == course).cloned().collect()
    }

    /// Replaces everything: at the start, and after content was seeded.
    pub(crate) fn fill(&self, sites: Vec<site::Model>, vaccines: Vec<Vaccine>, slots: Vec<slot::Model>, now: DateTime<Utc>) {
        let mut state = self.lock();
        state.sites = sites;
        state.vaccines = vaccines;
        state.today = domain::time::civil(now).date();
        state.slots = slots.into_iter().map(|row| (row.id, Entry::new(row, now))).collect();
        state.start_again();
        let event = Event { version: state.version, site_id: None, data: "{\"start_again\":true}".into() };
        // nobody listening is not an error
        let _ = self.feed.send(event);
    }

    /// Brings rows that were committed onto the board.
    pub(crate) fn apply(&self, rows: impl IntoIterator<Item = slot::Model>, now: DateTime<Utc>) {
        let mut state = self.lock();
        let today = state.today;
        let mut changed = Vec::new();
        for row in rows {
            let id = row.id;
            if state.slots.get(&id).is_some_and(|entry| entry.version >= row.version) {
                continue;
            }
            let was = state.slots.get(&id).map(|entry| entry.shown.clone());
            let entry = Entry::new(row, now);
            if was.as_ref() != Some(&entry.shown) && entry.terms.window.date >= today {
                changed.push(id);
            }
            state.slots.insert(id, entry);
        }
        self.publish(&mut state, &changed);
    }

    /// Lets the clock's changes show: releases, windows that begin, a new day.
    pub(crate) fn tick(&self, now: DateTime<Utc>) {
        let mut state = self.lock();
        let today = domain::time::civil(now).date();
        if today != state.today {
            state.today = today;
            state.slots.retain(|_, entry| entry.terms.window.date >= today);
            state.start_again();
            let _ = self.feed.send(Event { version: state.version, site_id: None, data: "{\"start_again\":true}".into() });
        }
        let mut changed = Vec::new();
        for (id, entry) in &mut state.slots {
            let shown = entry.show(*id, now);
            if shown != entry.shown {
                entry.shown = shown;
                changed.push(*id);
            }
        }
        self.publish(&mut state, &changed);
    }

    fn publish(&self, state: &mut State, changed: &[Uuid]) {
        let mut by_site: BTreeMap<Uuid, Vec<Slot>> = BTreeMap::new();
        for id in changed {
            if let Some(entry) = state.slots.get(id) {
                by_site.entry(entry.site_id).or_default().push(entry.shown.clone());
            }
        }
        for (site_id, slots) in by_site {
            state.version += 1;
            state.overview = None;
            state.by_site.remove(&site_id);
            let days =
                state.days_of(site_id).into_iter().filter(|day| slots.iter().any(|slot| slot.window.date == day.date)).collect();
            let change = SiteChange { version: state.version, site_id, slots, days };
            let data = serde_json::to_string(&change).expect("the types of the contract serialise").into();
            let event = Event { version: state.version, site_id: Some(site_id), data };
            if state.remembered.len() == REMEMBERED {
                state.remembered.pop_front();
            }
            state.remembered.push_back(event.clone());
            let _ = self.feed.send(event);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // a panic while the board was held leaves it whole: every change is a plain assignment
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn start_again(&mut self) {
        self.version += 1;
        self.overview = None;
        self.by_site.clear();
        self.remembered.clear();
    }

    /// What happened after a version; when that is not known any more, the word to start again.
    fn since(&self, after: u64) -> Vec<Event> {
        let oldest_known = self.remembered.front().map_or(self.version, |event| event.version - 1);
        if after == self.version {
            Vec::new()
        } else if (oldest_known..self.version).contains(&after) {
            self.remembered.iter().filter(|event| event.version > after).cloned().collect()
        } else {
            vec![Event { version: self.version, site_id: None, data: "{\"start_again\":true}".into() }]
        }
    }

    fn slots_of(&self, site_id: Uuid) -> Vec<Slot> {
        let mut slots: Vec<_> = self
            .slots
            .values()
            .filter(|entry| entry.site_id == site_id && entry.terms.window.date >= self.today)
            .map(|entry| entry.shown.clone())
            .collect();
        slots.sort_by(|a, b| (a.window.date, a.window.start, &a.vaccine_id).cmp(&(b.window.date, b.window.start, &b.vaccine_id)));
        slots
    }

    fn days_of(&self, site_id: Uuid) -> Vec<DayRemaining> {
        let mut days = BTreeMap::new();
        for entry in self.slots.values().filter(|entry| entry.site_id == site_id && entry.terms.window.date >= self.today) {
            *days.entry(entry.terms.window.date).or_insert(0) += entry.shown.remaining;
        }
        days.into_iter().map(|(date, remaining)| DayRemaining { date, remaining }).collect()
    }

    fn availability(&self, city: &City) -> Availability {
        let mut days: HashMap<Uuid, BTreeMap<NaiveDate, u32>> = HashMap::new();
        let mut vaccine_ids: HashMap<Uuid, Vec<String>> = HashMap::new();
        for entry in self.slots.values().filter(|entry| entry.terms.window.date >= self.today) {
            *days.entry(entry.site_id).or_default().entry(entry.terms.window.date).or_insert(0) += entry.shown.remaining;
            let ids = vaccine_ids.entry(entry.site_id).or_default();
            if !ids.contains(&entry.vaccine_id) {
                ids.push(entry.vaccine_id.clone());
            }
        }
        let order = |id: &String| self.vaccines.iter().position(|vaccine| vaccine.id == *id);
        let sites = self.sites.iter().map(|site| {
            let mut vaccine_ids = vaccine_ids.remove(&site.id).unwrap_or_default();
            vaccine_ids.sort_by_key(order);
            SiteDays {
                id: site.id,
                name: site.name.clone(),
                name_en: site.name_en.clone(),
                county: site.county.clone(),
                address: site.address.clone(),
                phone: site.phone.clone(),
                vaccine_ids,
                days: days
                    .remove(&site.id)
                    .unwrap_or_default()
                    .into_iter()
                    .map(|(date, remaining)| DayRemaining { date, remaining })
                    .collect(),
            }
        });
        Availability {
            version: self.version,
            today: self.today,
            city: city.clone(),
            sites: sites.collect(),
            vaccines: self.vaccines.clone(),
        }
    }
}

impl Entry {
    fn new(row: slot::Model, now: DateTime<Utc>) -> Self {
        let terms = row.terms();
        let shown = Slot {
            id: row.id,
            vaccine_id: row.vaccine_id.clone(),
            window: terms.window,
            capacity: terms.capacity,
            remaining: 0,
            state: SlotState::Closed,
            opens_at: None,
        };
        let mut entry = Self { site_id: row.site_id, vaccine_id: row.vaccine_id, version: row.version, terms, shown };
        entry.shown = entry.show(row.id, now);
        entry
    }

    fn show(&self, id: Uuid, now: DateTime<Utc>) -> Slot {
        let state = self.terms.state(now);
        Slot {
            id,
            vaccine_id: self.vaccine_id.clone(),
            window: self.terms.window,
            capacity: self.terms.capacity,
            remaining: if state == SlotState::Open { self.terms.remaining() } else { 0 },
            state,
            opens_at: (state == SlotState::Later).then_some(self.terms.opens_at),
        }
    }
}

impl Ready {
    fn new(body: &impl serde::Serialize, version: u64) -> Self {
        let body = serde_json::to_vec(body).expect("the types of the contract serialise");
        let mut brotli = Vec::with_capacity(body.len() / 4);
        let settings = brotli::enc::BrotliEncoderParams { quality: 5, lgwin: 18, size_hint: body.len(), ..Default::default() };
        brotli::BrotliCompress(&mut body.as_slice(), &mut brotli, &settings).expect("writing to memory does not fail");
        Self { body: body.into(), brotli: brotli.into(), etag: format!("\"{version}\"") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::time::hhmm;

    fn now() -> DateTime<Utc> {
        "2021-05-07T00:00:00Z".parse().expect("an instant")
    }

    fn row(id: u128, taken: i32) -> slot::Model {
        let time = |text| hhmm::parse(text).expect("a time");
        slot::Model {
            id: Uuid::from_u128(id),
            site_id: Uuid::from_u128(100),
            vaccine_id: "vero".into(),
            date: "2021-05-08".parse().expect("a date"),
            start_time: time("08:30"),
            end_time: time("09:00"),
            capacity: 5,
            taken,
            opens_at: now(),
            closed: false,
            version: taken + 1,
            changed_at: now(),
        }
    }

    fn board() -> Board {
        let city =
            City { name: "永州".into(), name_en: "Yongzhou".into(), hotline: "0746".into(), from_age: 18, divisions: vec![] };
        let site = site::Model {
            id: Uuid::from_u128(100),
            position: 1,
            name: "一".into(),
            name_en: "One".into(),
            county: "431103".into(),
            address: "路".into(),
            phone: "1".into(),
        };
        let board = Board::new(city, now());
        board.fill(vec![site], vec![], vec![row(1, 0), row(2, 0)], now());
        board
    }

    fn remaining(board: &Board) -> u32 {
        let overview: Availability = serde_json::from_slice(&board.overview().body).expect("JSON");
        overview.sites[0].remaining()
    }

    #[tokio::test]
    async fn a_change_shows_in_the_bytes_and_in_the_feed() {
        let board = board();
        let before = board.overview().etag.clone();
        let mut feed = Box::pin(board.subscribe(None, None));
        board.apply([row(1, 2)], now());
        assert_eq!(remaining(&board), 8);
        assert_ne!(board.overview().etag, before);
        let event = feed.next().await.expect("an event");
        let change: SiteChange = serde_json::from_str(&event.data).expect("JSON");
        assert_eq!((change.slots[0].remaining, change.days[0].remaining), (3, 8));
    }

    #[tokio::test]
    async fn a_reader_who_was_cut_off_catches_up_or_starts_again() {
        let board = board();
        board.apply([row(1, 1)], now());
        let seen = board.lock().version;
        board.apply([row(1, 2)], now());
        board.apply([row(2, 1)], now());
        let versions = |after| {
            let events = board.lock().since(after);
            events.iter().map(|event| (event.version, event.site_id.is_some())).collect::<Vec<_>>()
        };
        assert_eq!(versions(seen), [(seen + 1, true), (seen + 2, true)]);
        assert_eq!(versions(seen + 2), []);
        assert_eq!(versions(3), [(seen + 2, false)]);
        assert_eq!(versions(u64::MAX), [(seen + 2, false)]);
    }

    #[test]
    fn nothing_changes_where_nothing_changed() {
        let board = board();
        let etag = board.overview().etag.clone();
        board.apply([row(1, 0)], now());
        board.tick(now());
        assert_eq!(board.overview().etag, etag);
    }

    #[test]
    fn a_window_that_begins_is_no_longer_open() {
        let board = board();
        board.tick("2021-05-08T00:30:00Z".parse().expect("an instant"));
        assert_eq!(remaining(&board), 0);
    }

    #[test]
    fn the_compressed_bytes_say_the_same() {
        let ready = board().overview();
        let mut plain = Vec::new();
        brotli::BrotliDecompress(&mut &ready.brotli[..], &mut plain).expect("brotli");
        assert_eq!(plain, ready.body);
    }
}
