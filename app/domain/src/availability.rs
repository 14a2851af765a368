//! What everybody may see: where doses are left. The first thing that every visitor asks for, so it is small.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::city::City;
use crate::slot::Slot;
use crate::vaccine::Vaccine;

/// `GET /availability`: the city, its vaccines, and every site with the places left in the coming days.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Availability {
    /// Grows with every change; the ETag and the feed's event id.
    pub version: u64,
    /// The server's present day in the campaign's zone: what `today` means, wherever the browser is.
    pub today: NaiveDate,
    /// The city.
    pub city: City,
    /// The vaccines.
    pub vaccines: Vec<Vaccine>,
    /// The sites.
    pub sites: Vec<SiteDays>,
}

/// A site and its coming days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteDays {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// Its name in English.
    pub name_en: String,
    /// Its division.
    pub county: String,
    /// Its address.
    pub address: String,
    /// Its telephone.
    pub phone: String,
    /// Which vaccines it gives on these days.
    pub vaccine_ids: Vec<String>,
    /// The days on which it has windows, soonest first.
    pub days: Vec<DayRemaining>,
}

/// Places left on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayRemaining {
    /// The day.
    pub date: NaiveDate,
    /// Places that can be booked now.
    pub remaining: u32,
}

impl SiteDays {
    /// Places that can be booked on the listed days.
    pub fn remaining(&self) -> u32 {
        self.days.iter().map(|day| day.remaining).sum()
    }
}

/// `GET /availability/{site_id}`: a site's coming windows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteSlots {
    /// As in [`Availability::version`].
    pub version: u64,
    /// Its windows, soonest first.
    pub slots: Vec<Slot>,
}

/// An event of `GET /availability/feed`: what changed at one site. The event's id is the version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteChange {
    /// As in [`Availability::version`].
    pub version: u64,
    /// Which site.
    pub site_id: Uuid,
    /// The windows that changed, whole.
    pub slots: Vec<Slot>,
    /// The days that changed, whole.
    pub days: Vec<DayRemaining>,
}

impl SiteChange {
    /// Brings a site's days up to date.
    pub fn update_days(&self, days: &mut Vec<DayRemaining>) {
        for change in &self.days {
            match days.iter_mut().find(|day| day.date == change.date) {
                Some(day) => *day = *change,
                None => days.push(*change),
            }
        }
        days.sort_by_key(|day| day.date);
    }

    /// Brings a site's windows up to date.
    pub fn update_slots(&self, slots: &mut Vec<Slot>) {
        for change in &self.slots {
            match slots.iter_mut().find(|slot| slot.id == change.id) {
                Some(slot) => slot.clone_from(change),
                None => slots.push(change.clone()),
            }
        }
        slots.sort_by_key(|slot| (slot.window.date, slot.window.start));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_replaces_what_it_names_and_keeps_the_rest() {
        let day = |date: &str, remaining| DayRemaining { date: date.parse().expect("a date"), remaining };
        let mut days = vec![day("2021-05-08", 3), day("2021-05-09", 4)];
        let change =
            SiteChange { version: 2, site_id: Uuid::nil(), slots: vec![], days: vec![day("2021-05-10", 5), day("2021-05-08", 2)] };
        change.update_days(&mut days);
        assert_eq!(days, [day("2021-05-08", 2), day("2021-05-09", 4), day("2021-05-10", 5)]);
    }
}
