//! The board: availability in memory, changed after each commit, served as ready-made bytes and as a feed.
//!
//! Readers never touch the database, and never wait for a writer: they take bytes that lie ready. A commit changes numbers, and
//! no more than the numbers of its slots; one task, the keeper, makes them into bytes and events, at once when it is quiet and a
//! few times a second in a rush. So what is read is at most a tenth of a second old, whatever is booked and however many read.
//!
//! What other processes commit, and what the clock changes, is brought here by [`follow`].

mod feed;
mod follow;
mod ready;
mod state;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use domain::city::City;
use domain::vaccine::Vaccine;
use domain::{DateTime, Utc, Uuid};
use tokio::sync::{Notify, watch};

use crate::store::entities::{site, slot};
use feed::Channel;
pub use feed::Reader;
pub(crate) use follow::{Everything, follow, read_all};
pub use ready::Ready;
pub(crate) use state::SlotFacts;
use state::State;

/// Between two makings of the same bytes: at least so long …
const PAUSE: Duration = Duration::from_millis(40);
/// … and at most so long, so that with the making itself nothing is older than 200 ms.
const LONGEST_PAUSE: Duration = Duration::from_millis(120);
/// The keeper rests so many times as long as it worked: it never takes more than a twentieth of one core.
const REST: u32 = 20;
/// Between two events of a site: at least so long, which is five a second …
const EVENTS_APART: Duration = Duration::from_millis(200);
/// … and, where very many read, at most so long.
const EVENTS_APART_AT_MOST: Duration = Duration::from_secs(1);
/// Bytes a second that the feed may send to all its readers together, before its events come less often.
const FEED_BYTES_A_SECOND: usize = 64 << 20;
/// What is remembered of the feed for readers who come back: of all sites together, and of each.
const REMEMBERED_OF_ALL: usize = 4 << 20;
const REMEMBERED_OF_A_SITE: usize = 64 << 10;

/// What changes only with the city file.
#[derive(Default)]
struct Catalogue {
    sites: Vec<site::Model>,
    vaccines: Vec<Vaccine>,
    pages: HashMap<Uuid, Page>,
}

/// A site's bytes and its feed.
struct Page {
    /// `None` when they are old and nobody had asked for them: the next reader makes them.
    ready: RwLock<Option<Arc<Ready>>>,
    /// Whether somebody has asked since they were made.
    wanted: AtomicBool,
    feed: Arc<Channel>,
}

/// Availability in memory.
pub struct Board {
    catalogue: RwLock<Arc<Catalogue>>,
    state: Mutex<State>,
    overview: RwLock<Arc<Ready>>,
    feed: Arc<Channel>,
    /// Something is to be made into bytes or events.
    changed: Notify,
    /// How many changes the bytes hold.
    made: watch::Sender<u64>,
}

impl Board {
    /// An empty board. Versions begin at the start's milliseconds, so that no two runs give the same version to different content.
    pub(crate) fn new(city: City, now: DateTime<Utc>) -> Self {
        let mut state = State::new(city, now);
        Self {
            catalogue: RwLock::default(),
            overview: RwLock::new(Arc::new(state.overview())),
            feed: Channel::new(REMEMBERED_OF_ALL, state.version()),
            state: Mutex::new(state),
            changed: Notify::new(),
            made: watch::Sender::new(0),
        }
    }

    /// `GET /availability`
    pub fn overview(&self) -> Arc<Ready> {
        read(&self.overview, Arc::clone)
    }

    /// `GET /availability/{site_id}`; `None` for a site that is not there.
    pub fn site(&self, site_id: Uuid) -> Option<Arc<Ready>> {
        let catalogue = self.catalogue();
        let page = catalogue.pages.get(&site_id)?;
        if !page.wanted.load(Ordering::Relaxed) {
            page.wanted.store(true, Ordering::Relaxed);
        }
        if let Some(ready) = read(&page.ready, Option::clone) {
            return Some(ready);
        }
        let mut state = self.lock();
        write(&page.ready, |ready| match ready {
            Some(ready) => Some(ready.clone()),
            None => {
                *ready = state.site(site_id).map(Arc::new);
                ready.clone()
            }
        })
    }

    /// The feed: what was missed since the version `after`, then what happens; of one site or of all. `None` for a site that is
    /// not there.
    pub fn subscribe(&self, site_id: Option<Uuid>, after: Option<u64>) -> Option<Reader> {
        let version = self.lock().version();
        match site_id {
            None => Some(self.feed.reader(after, version)),
            Some(id) => self.catalogue().pages.get(&id).map(|page| page.feed.reader(after, version)),
        }
    }

    /// Ends every reader's feed: the service stops.
    pub fn end_feed(&self) {
        self.feed.end();
        self.catalogue().pages.values().for_each(|page| page.feed.end());
    }

    /// How many readers the feed has.
    pub fn readers(&self) -> usize {
        self.feed.readers() + self.catalogue().pages.values().map(|page| page.feed.readers()).sum::<usize>()
    }

    /// Waits until the bytes hold every change that the board knows by now.
    pub async fn settled(&self) {
        let known = self.lock().changes();
        // the board keeps the sender: it cannot be gone
        let _ = self.made.subscribe().wait_for(|made| *made >= known).await;
    }

    /// What of a slot never changes; `None` for one that is not shown.
    pub(crate) fn slot(&self, id: Uuid) -> Option<SlotFacts> {
        self.lock().facts(id)
    }

    /// The site of an id, as it stands on the pages.
    pub(crate) fn site_row(&self, id: Uuid) -> Option<site::Model> {
        self.catalogue().sites.iter().find(|site| site.id == id).cloned()
    }

    /// The site of a name, in either language.
    pub(crate) fn site_named(&self, name: &str) -> Option<Uuid> {
        self.catalogue().sites.iter().find(|site| site.name == name || site.name_en == name).map(|site| site.id)
    }

    /// The vaccine of an id.
    pub(crate) fn vaccine(&self, id: &str) -> Option<Vaccine> {
        self.catalogue().vaccines.iter().find(|vaccine| vaccine.id == id).cloned()
    }

    /// The courses that the city gives, each once.
    pub(crate) fn courses(&self) -> Vec<String> {
        let mut courses: Vec<String> = self.catalogue().vaccines.iter().map(|vaccine| vaccine.course.clone()).collect();
        courses.sort_unstable();
        courses.dedup();
        courses
    }

    /// The products of a course.
    pub(crate) fn vaccines_of(&self, course: &str) -> Vec<Vaccine> {
        self.catalogue().vaccines.iter().filter(|vaccine| vaccine.course == course).cloned().collect()
    }

    /// Replaces everything: at the start, and after content was seeded. Every reader of the feed starts again.
    pub(crate) fn fill(&self, sites: Vec<site::Model>, vaccines: Vec<Vaccine>, slots: Vec<slot::Model>, now: DateTime<Utc>) {
        let mut state = self.lock();
        state.fill(&sites, &vaccines, slots, now);
        let version = state.version();
        let page = |site: &site::Model| {
            let feed = Channel::new(REMEMBERED_OF_A_SITE, version);
            (site.id, Page { ready: RwLock::default(), wanted: AtomicBool::new(false), feed })
        };
        let pages = sites.iter().map(page).collect();
        let before = write(&self.catalogue, |now| std::mem::replace(now, Arc::new(Catalogue { sites, vaccines, pages })));
        self.start_again(&before, &mut state);
    }

    /// Brings rows that were committed onto the board. Tells whether one of them was of a site that the board does not know.
    pub(crate) fn apply(&self, rows: impl IntoIterator<Item = slot::Model>, now: DateTime<Utc>) -> bool {
        let (known, changed) = self.lock().apply(rows, now);
        if changed {
            self.changed.notify_one();
        }
        !known
    }

    /// Of these slots and versions, the slots that the board does not know in that version.
    pub(crate) fn behind(&self, versions: &[(Uuid, i32)]) -> Vec<Uuid> {
        self.lock().behind(versions)
    }

    /// Lets the clock's changes show: releases, windows that begin, a new day.
    pub(crate) fn tick(&self, now: DateTime<Utc>) {
        let mut state = self.lock();
        if state.new_day(now) {
            self.start_again(&self.catalogue(), &mut state);
        } else if state.turn(now) {
            self.changed.notify_one();
        }
    }

    /// Nothing that was said before holds any more.
    fn start_again(&self, catalogue: &Catalogue, state: &mut State) {
        let overview = Arc::new(state.overview());
        let (version, changes) = (state.version(), state.changes());
        write(&self.overview, |ready| *ready = overview);
        self.feed.forget(version);
        for page in catalogue.pages.values() {
            write(&page.ready, |ready| *ready = None);
            page.feed.forget(version);
        }
        self.made.send_replace(changes);
    }

    /// Makes bytes and events of what has changed, for as long as it is polled.
    pub(crate) async fn keep(&self) {
        loop {
            if !self.lock().is_pending() {
                self.changed.notified().await;
            }
            let began = Instant::now();
            self.make(began).await;
            tokio::time::sleep((began.elapsed() * REST).clamp(PAUSE, LONGEST_PAUSE)).await;
        }
    }

    /// One round of the keeper. Numbers are read while the board is held; they are compressed when it is free again.
    async fn make(&self, now: Instant) {
        let (catalogue, overview, pages, changes);
        {
            let mut state = self.lock();
            catalogue = self.catalogue();
            if state.events_due().is_none_or(|due| due <= now) {
                let sent = self.send_events(&catalogue, &mut state);
                let pause = Duration::from_secs_f64(sent as f64 / FEED_BYTES_A_SECOND as f64);
                state.events_sent(now + pause.clamp(EVENTS_APART, EVENTS_APART_AT_MOST));
            }
            changes = state.changes();
            pages = make_pages(&catalogue, &mut state);
            overview = state.overview_if_changed();
        }
        if let Some(overview) = overview {
            overview.brotli();
            newer(&self.overview, Arc::new(overview));
        }
        for (page, ready) in pages {
            ready.brotli();
            write(&page.ready, |now| {
                if now.as_ref().is_none_or(|now| now.version < ready.version) {
                    *now = Some(Arc::new(ready));
                }
            });
            // each takes a moment: others may go before
            tokio::task::yield_now().await;
        }
        self.made.send_if_modified(|made| {
            let more = *made < changes;
            *made = changes.max(*made);
            more
        });
    }

    /// Publishes an event for each site that has changed; gives the bytes that all readers together are sent.
    fn send_events(&self, catalogue: &Catalogue, state: &mut State) -> usize {
        let mut all = Vec::new();
        let mut sent = 0;
        for event in state.events() {
            if let Some(page) = catalogue.pages.get(&event.site_id) {
                sent += event.frame.len() * page.feed.readers();
                page.feed.publish(std::slice::from_ref(&event));
            }
            all.push(event);
        }
        sent += all.iter().map(|event| event.frame.len()).sum::<usize>() * self.feed.readers();
        self.feed.publish(&all);
        sent
    }

    fn catalogue(&self) -> Arc<Catalogue> {
        read(&self.catalogue, Arc::clone)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // a panic while the board was held leaves it whole: every change is a plain assignment
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The new bytes of the sites that have changed; those that nobody has asked for since the last time are taken away instead.
fn make_pages<'a>(catalogue: &'a Catalogue, state: &mut State) -> Vec<(&'a Page, Ready)> {
    let mut made = Vec::new();
    for site_id in state.changed_sites() {
        let Some(page) = catalogue.pages.get(&site_id) else { continue };
        match page.wanted.swap(false, Ordering::Relaxed) {
            true => made.extend(state.site(site_id).map(|ready| (page, ready))),
            false => write(&page.ready, |ready| *ready = None),
        }
    }
    made
}

fn newer(place: &RwLock<Arc<Ready>>, ready: Arc<Ready>) {
    write(place, |now| {
        if now.version < ready.version {
            *now = ready;
        }
    });
}

fn read<T, R>(lock: &RwLock<T>, take: impl FnOnce(&T) -> R) -> R {
    take(&lock.read().unwrap_or_else(PoisonError::into_inner))
}

fn write<T, R>(lock: &RwLock<T>, change: impl FnOnce(&mut T) -> R) -> R {
    change(&mut lock.write().unwrap_or_else(PoisonError::into_inner))
}
