//! The next dose, booked at the desk right after a jab: for the same person, in the name of their own account.

use chrono::{NaiveDate, NaiveTime};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::slot::Window;

/// How many days are offered.
pub const DAYS: usize = 5;

/// A day on which the next dose can be had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextDay {
    /// A window with free places.
    pub slot_id: Uuid,
    /// When.
    #[serde(flatten)]
    pub window: Window,
    /// Places that are free in it.
    pub remaining: u32,
}

/// `desk/next_dose`: what comes after the jab of a booking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextDose {
    /// Which dose is next; nothing where the course is complete.
    pub dose: Option<u8>,
    /// The day that it is booked for already.
    pub booked_on: Option<NaiveDate>,
    /// The first day on which it may be given.
    pub from: Option<NaiveDate>,
    /// The last day.
    pub by: Option<NaiveDate>,
    /// The first good days at this site, soonest first.
    pub days: Vec<NextDay>,
}

/// `desk/book_next`: books the dose after that of a booking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookNext {
    /// As in [`crate::booking::Reserve::request_id`].
    pub request_id: Uuid,
    /// The booking whose jab was recorded.
    pub code: String,
    /// Where and when.
    pub slot_id: Uuid,
}

/// Of windows in the order of time one of each day, for so many days as are offered: the one nearest to the hour at which the person came
/// today, for that hour has suited them.
pub fn one_a_day(windows: impl IntoIterator<Item = NextDay>, hour: NaiveTime) -> Vec<NextDay> {
    let away = |day: &NextDay| (day.window.start - hour).abs();
    let mut days: Vec<NextDay> = vec![];
    for one in windows {
        if days.last().is_none_or(|last| last.window.date != one.window.date) {
            if days.len() == DAYS {
                break;
            }
            days.push(one);
        } else if let Some(last) = days.last_mut().filter(|last| away(&one) < away(last)) {
            *last = one;
        }
    }
    days
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_day_is_offered_once_at_the_hour_that_suited_before() {
        let time = |text: &str| crate::time::hhmm::parse(text).expect("a time");
        let day = |at: u32, start: &str| NextDay {
            slot_id: Uuid::from_u128(at.into()),
            window: Window { date: NaiveDate::from_ymd_opt(2026, 3, at).expect("a date"), start: time(start), end: time("17:00") },
            remaining: 1,
        };
        let windows = || (1..9).flat_map(|at| [day(at, "08:30"), day(at, "09:00"), day(at, "14:00")]);
        let at = |hour: &str| one_a_day(windows(), time(hour));
        assert_eq!(at("07:00"), (1..6).map(|at| day(at, "08:30")).collect::<Vec<_>>());
        assert_eq!(at("09:00"), (1..6).map(|at| day(at, "09:00")).collect::<Vec<_>>());
        assert_eq!(at("16:30"), (1..6).map(|at| day(at, "14:00")).collect::<Vec<_>>());
    }
}
