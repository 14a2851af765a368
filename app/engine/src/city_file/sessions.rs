//! What a site's usual day looks like, and the slots that follow from it for a given day.

use domain::chrono::{Datelike, Days, TimeDelta, Weekday};
use domain::slot::Window;
use domain::time::{hhmm, hour_minute, instant};
use domain::{DateTime, NaiveDate, NaiveTime, Utc, Uuid};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{SiteEntry, stable_id};

/// Days before a window from which it can be booked, where the file says nothing.
const RELEASED_DAYS_BEFORE: u32 = 60;

/// One vaccine's hours on a site's usual day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Session {
    /// Which vaccine.
    pub vaccine: String,
    /// The hours, without overlap.
    pub hours: Vec<Hours>,
    /// Places in each window.
    pub capacity: u32,
    /// How long a window is, in minutes.
    #[serde(default = "half_an_hour")]
    pub window_minutes: u32,
    /// On which days of the week; every day when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<Weekday>,
    /// From when a day can be booked; long before when it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<Release>,
}

fn half_an_hour() -> u32 {
    30
}

/// From when a day's places can be booked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// That many days before.
    pub days_before: u32,
    /// From that time on, in the city's zone.
    #[serde(with = "hhmm")]
    pub at: NaiveTime,
}

/// A span within a day, written `08:00-11:30`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    /// When it begins.
    pub start: NaiveTime,
    /// When it ends, on the same day.
    pub end: NaiveTime,
}

impl Serialize for Hours {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&format_args!("{}-{}", hour_minute(self.start), hour_minute(self.end)))
    }
}

impl<'de> Deserialize<'de> for Hours {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        text.split_once('-')
            .and_then(|(start, end)| Some(Self { start: hhmm::parse(start)?, end: hhmm::parse(end)? }))
            .ok_or_else(|| serde::de::Error::custom(format!("write hours as 08:00-11:30, not {text:?}")))
    }
}

impl Hours {
    /// The windows of `minutes` that fit.
    pub fn windows(self, date: NaiveDate, minutes: u32) -> impl Iterator<Item = Window> {
        let step = TimeDelta::minutes(i64::from(minutes.max(1)));
        let mut start = self.start;
        core::iter::from_fn(move || {
            let (end, days) = start.overflowing_add_signed(step);
            let window = (days == 0 && end <= self.end).then_some(Window { date, start, end })?;
            start = end;
            Some(window)
        })
    }
}

/// A slot as the file plans it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedSlot {
    /// The same for the same site, vaccine and window, always.
    pub id: Uuid,
    /// Where.
    pub site_id: Uuid,
    /// Which vaccine.
    pub vaccine_id: String,
    /// When.
    pub window: Window,
    /// Places.
    pub capacity: u32,
    /// From when it can be booked.
    pub opens_at: DateTime<Utc>,
}

impl SiteEntry {
    /// The slots of a day, session by session, soonest first in each.
    pub fn slots(&self, date: NaiveDate) -> Vec<PlannedSlot> {
        let sessions = self.sessions.iter().filter(|session| session.is_on(date.weekday()));
        sessions.flat_map(|session| session.windows(date).map(move |window| self.slot(session, window))).collect()
    }

    fn slot(&self, session: &Session, window: Window) -> PlannedSlot {
        let (date, start) = (window.date.to_string(), hour_minute(window.start));
        PlannedSlot {
            id: stable_id(&["slot", &self.key, &session.vaccine, &date, &start]),
            site_id: self.id(),
            vaccine_id: session.vaccine.clone(),
            window,
            capacity: session.capacity,
            opens_at: session.opens_at(window.date),
        }
    }
}

impl Session {
    /// Whether it takes place on that day of the week.
    pub fn is_on(&self, day: Weekday) -> bool {
        self.days.is_empty() || self.days.contains(&day)
    }

    /// Its windows, as if it took place on `date`.
    pub fn windows(&self, date: NaiveDate) -> impl Iterator<Item = Window> {
        self.hours.iter().flat_map(move |hours| hours.windows(date, self.window_minutes))
    }

    fn opens_at(&self, date: NaiveDate) -> DateTime<Utc> {
        let (days, at) =
            self.release.as_ref().map_or((RELEASED_DAYS_BEFORE, NaiveTime::MIN), |release| (release.days_before, release.at));
        instant(date.checked_sub_days(Days::new(u64::from(days))).unwrap_or(date), at)
    }
}
