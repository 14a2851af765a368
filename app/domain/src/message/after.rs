//! Messages about what comes after a day: whoever did not come is told, and whoever did hears when the next dose can be booked.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};

use crate::time::{instant, plus_days};
use crate::vaccine::Vaccine;

/// How long after the day somebody is still told that they have missed it. Later it helps nobody: a service that was down for a month, or a
/// database that is brought up to date, does not write to everybody of last year.
const MISSED_IS_TOLD_DAYS: i64 = 7;
/// How long before the first day of the next dose it is told. Windows are open for two weeks ahead by then, so there is a choice of windows on
/// that very day; much earlier it would be forgotten again, and on the day itself the day's windows are full.
const NEXT_DOSE_DAYS_BEFORE: u64 = 3;

/// Whether somebody is told today that they have missed `date`.
pub fn missed_is_told(date: NaiveDate, today: NaiveDate) -> bool {
    (1..=MISSED_IS_TOLD_DAYS).contains(&(today - date).num_days())
}

/// When somebody who got `dose` of a vaccine on `given` is told of the next one: three days before the first day on which it may be given, at
/// the hour `at` of reminders, but not on the day of the jab; `None` where no dose follows.
pub fn next_dose_due(vaccine: &Vaccine, dose: u8, given: NaiveDate, at: NaiveTime) -> Option<DateTime<Utc>> {
    let first = vaccine.window(dose.checked_add(1)?)?.first_day(given);
    let day = first.checked_sub_days(Days::new(NEXT_DOSE_DAYS_BEFORE)).unwrap_or(first);
    Some(instant(day.max(plus_days(given, 1)), at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vaccine::DoseWindow;
    use crate::vaccine::tests::courses;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    #[test]
    fn who_missed_a_day_is_told_within_a_week_of_it() {
        for (date, today, told) in [
            ("2026-03-02", "2026-03-02", false),
            ("2026-03-02", "2026-03-03", true),
            ("2026-03-02", "2026-03-09", true),
            ("2026-03-02", "2026-03-10", false),
            ("2024-02-28", "2024-02-29", true),
            ("2024-02-29", "2024-03-01", true),
            ("2025-12-31", "2026-01-01", true),
            // a clock that was put back
            ("2026-03-02", "2026-03-01", false),
        ] {
            assert_eq!(missed_is_told(day(date), day(today)), told, "{date}, on {today}");
        }
    }

    #[test]
    fn the_next_dose_is_told_of_three_days_before_it_may_be_given() {
        let [vero, ad5, cho] = courses();
        let five = NaiveTime::from_hms_opt(17, 0, 0).expect("a time");
        // dose, given on, due at five of
        for (vaccine, dose, given, due) in [
            (&vero, 1, "2026-03-02", Some("2026-03-20")),
            (&vero, 2, "2026-03-23", None),
            (&ad5, 1, "2026-03-02", None),
            (&cho, 1, "2026-03-02", Some("2026-03-27")),
            (&cho, 2, "2026-03-30", Some("2026-04-24")),
            (&cho, 3, "2026-04-27", None),
            // before, into and over a leap day
            (&vero, 1, "2024-02-08", Some("2024-02-26")),
            (&vero, 1, "2024-02-11", Some("2024-02-29")),
            (&vero, 1, "2024-02-12", Some("2024-03-01")),
            (&vero, 1, "2023-02-11", Some("2023-03-01")),
            (&vero, 1, "2025-12-14", Some("2026-01-01")),
            (&vero, u8::MAX, "2026-03-02", None),
        ] {
            let due = due.map(|due| instant(day(due), five));
            assert_eq!(next_dose_due(vaccine, dose, day(given), five), due, "{} dose {dose} given on {given}", vaccine.id);
        }
    }

    #[test]
    fn a_dose_that_may_follow_at_once_is_told_of_the_day_after_the_jab() {
        let [mut vero, ..] = courses();
        let nine = NaiveTime::from_hms_opt(9, 0, 0).expect("a time");
        for (after_days, due) in [(0, "2026-03-03"), (1, "2026-03-03"), (4, "2026-03-03"), (5, "2026-03-04")] {
            vero.windows = vec![DoseWindow { dose: 2, after_days, offered_after_days: None, by_days: None, by_months: None }];
            assert_eq!(next_dose_due(&vero, 1, day("2026-03-02"), nine), Some(instant(day(due), nine)), "{after_days}");
        }
    }
}
