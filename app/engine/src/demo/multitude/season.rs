//! The past months of the city: the slots that its multitude had, and the places of the coming days that it takes.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use domain::chrono::Days;
use domain::error::{Error, Result};
use domain::time::{instant, plus_days};
use domain::{DateTime, NaiveDate, NaiveTime, Utc, Uuid};
use sea_orm::{ConnectionTrait, EntityTrait, QueryFilter};

use super::course::Course;
use super::size::MultitudeSize;
use crate::city_file::{CityFile, PlannedSlot};
use crate::error::internal;
use crate::schedule::{missing_slots, planned_row};
use crate::store::entities::{site, slot};

/// Days that the campaign has gone on for, up to the day before yesterday. Yesterday and what follows is the demo's.
pub(super) const DAYS: u32 = 180;
/// Of all bookings, one in so many waits for its day.
const ONE_AHEAD_IN: u64 = 100;
/// Of the free places of a window to come, one in so many is taken.
const ONE_FREE_IN: u64 = 4;
/// Seconds of a day.
pub(super) const DAY_S: i64 = 24 * 3600;

/// The past months, as they lie in the slots. Moments are seconds from [`Season::begins`].
pub(super) struct Season {
    pub size: MultitudeSize,
    pub now: DateTime<Utc>,
    /// Midnight of the first day.
    pub begins: DateTime<Utc>,
    first: NaiveDate,
    /// The past ones, then those to come that people take a place in.
    pub slots: Vec<slot::Model>,
    /// How many of them are past, and not in the database yet.
    pub past: usize,
    /// Places of the slots before each slot.
    before: Vec<u64>,
    pub courses: Vec<Course>,
    /// For each slot to come, how many people have been given a place when it is full.
    ahead: Vec<u64>,
    pub sites: HashMap<Uuid, site::Model>,
}

impl Season {
    /// Reads what is there and plans what is not.
    pub(super) async fn plan(db: &impl ConnectionTrait, city: &CityFile, size: MultitudeSize, now: DateTime<Utc>) -> Result<Self> {
        let missing = missing_slots(db, city, first_day(now), DAYS).await.map_err(internal)?;
        let missing = missing.into_iter().map(|(_, planned)| planned).collect();
        let sites = site::Entity::find().all(db).await.map_err(internal)?;
        let today = domain::time::civil(now).date();
        let coming = slot::Entity::find().filter(slot::COLUMN.date.gt(today)).all(db).await.map_err(internal)?;
        Ok(Self::new(city, size, now, missing, sites, coming))
    }

    /// A season of the past slots that are missing, and of places in the coming ones.
    pub(super) fn new(
        city: &CityFile,
        size: MultitudeSize,
        now: DateTime<Utc>,
        missing: Vec<PlannedSlot>,
        sites: Vec<site::Model>,
        coming: Vec<slot::Model>,
    ) -> Self {
        // written when it was over
        let rows = missing.iter().map(|planned| planned_row(planned, instant(planned.window.date, planned.window.end)));
        let mut slots: Vec<_> = rows.filter(|row| row.capacity > 0).collect();
        slots.sort_by(|a, b| {
            (&a.vaccine_id, a.date, a.site_id, a.start_time).cmp(&(&b.vaccine_id, b.date, b.site_id, b.start_time))
        });
        let first = first_day(now);
        let mut season = Self {
            size,
            now,
            begins: instant(first, NaiveTime::MIN),
            first,
            before: slots.iter().scan(0, |sum, row| Some(std::mem::replace(sum, *sum + places(row)))).collect(),
            past: slots.len(),
            slots,
            courses: vec![],
            ahead: vec![],
            sites: sites.into_iter().map(|site| (site.id, site)).collect(),
        };
        season.courses = season.courses_of(city);
        season.look_ahead(coming);
        season
    }

    fn courses_of(&self, city: &CityFile) -> Vec<Course> {
        let mut ranges: BTreeMap<(&str, NaiveDate), Range<usize>> = BTreeMap::new();
        for (at, row) in self.slots.iter().enumerate() {
            ranges.entry((&row.vaccine_id, row.date)).or_insert(at..at).end = at + 1;
        }
        let course = |vaccine: &domain::vaccine::Vaccine| {
            let of_day = |day| ranges.get(&(vaccine.id.as_str(), plus_days(self.first, day))).cloned().unwrap_or(0..0);
            let days: Vec<_> = (0..DAYS).map(of_day).collect();
            let places = days.iter().flat_map(|day| &self.slots[day.clone()]).map(places).sum();
            Course::new(vaccine, days, places)
        };
        city.vaccines.iter().filter_map(course).collect()
    }

    /// Spreads those who wait for their day evenly over the free places of the days to come.
    fn look_ahead(&mut self, mut coming: Vec<slot::Model>) {
        let day_ago = self.now - domain::chrono::Duration::days(1);
        let free = |row: &slot::Model| u64::try_from(row.capacity - row.taken).unwrap_or(0) / ONE_FREE_IN;
        coming.retain(|row| {
            let given = self.courses.iter().any(|course| course.vaccine.id == row.vaccine_id);
            given && !row.closed && row.opens_at < day_ago && free(row) > 0
        });
        coming.sort_by_key(|row| (row.date, row.id));
        let all: u64 = coming.iter().map(free).sum();
        let wanted = (self.size.bookings / ONE_AHEAD_IN).min(all).min(self.size.people);
        let mut sum = 0;
        for row in coming {
            sum += free(&row);
            self.ahead.push(share(sum, wanted, all));
            self.slots.push(row);
        }
    }

    /// The slot to come in which person `number` may have a place: the last of the people do.
    pub(super) fn place_ahead(&self, number: u64) -> Option<usize> {
        let wanted = *self.ahead.last()?;
        let place = number.checked_sub(self.size.people - wanted)?;
        Some(self.past + self.ahead.partition_point(|until| *until <= place))
    }

    /// One of the slots of a range, as often as it has places.
    pub(super) fn pick(&self, range: &Range<usize>, roll: u64) -> usize {
        let (from, last) = (self.before[range.start], range.end - 1);
        let all = self.before[last] + places(&self.slots[last]) - from;
        let place = from + roll % all.max(1);
        range.start + self.before[range.clone()].partition_point(|before| *before <= place) - 1
    }

    /// When a slot begins, how many seconds it lasts, and when it could first be booked.
    pub(super) fn hours(&self, slot: usize) -> (i64, i64, i64) {
        let row = &self.slots[slot];
        let begins = self.seconds(instant(row.date, row.start_time));
        (begins, row.end_time.signed_duration_since(row.start_time).num_seconds(), self.seconds(row.opens_at))
    }

    /// The day of a slot, from the first one.
    pub(super) fn day(&self, slot: usize) -> i64 {
        self.slots[slot].date.signed_duration_since(self.first).num_days()
    }

    /// Seconds from the beginning.
    pub(super) fn seconds(&self, at: DateTime<Utc>) -> i64 {
        at.signed_duration_since(self.begins).num_seconds()
    }

    /// The site of a slot.
    pub(super) fn site(&self, slot: usize) -> Result<&site::Model> {
        self.sites.get(&self.slots[slot].site_id).ok_or_else(Error::internal)
    }

    /// Writes down how many places of each slot are taken: the past ones get as many as they needed.
    pub(super) fn take(&mut self, taken: &[u32]) -> Vec<i32> {
        let taken: Vec<i32> = taken.iter().map(|count| i32::try_from(*count).unwrap_or(i32::MAX)).collect();
        for (row, taken) in self.slots[..self.past].iter_mut().zip(&taken) {
            row.taken = *taken;
            // rounded up, as places are given out
            row.capacity = row.capacity.max(taken.saturating_add(4) / 5 * 5);
            row.version = 1 + taken;
        }
        taken
    }
}

/// The first day of a season that is looked back on from `now`.
fn first_day(now: DateTime<Utc>) -> NaiveDate {
    let today = domain::time::civil(now).date();
    today.checked_sub_days(Days::new(u64::from(DAYS) + 1)).unwrap_or(today)
}

fn places(row: &slot::Model) -> u64 {
    u64::try_from(row.capacity).unwrap_or(0)
}

fn share(part: u64, of: u64, all: u64) -> u64 {
    u64::try_from(u128::from(part) * u128::from(of) / u128::from(all.max(1))).unwrap_or(0)
}
