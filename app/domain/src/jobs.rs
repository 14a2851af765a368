//! What the service does by itself, and when: rules about names, days and instants. Who does it, once, is the engine's to see to.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};

use crate::time::{civil, instant};
use crate::words::words;

words! {
    /// Something that the service does by itself, once for all its processes.
    Job {
        /// Writes the windows of a new day.
        Schedule = "schedule",
        /// Sees to it that each booking of tomorrow has its reminder.
        Reminders = "reminders",
        /// Marks who did not come, and tells them.
        Missed = "missed",
        /// Takes away codes, sessions and counts that are over.
        Codes = "codes",
        /// Forgets what has been kept for long enough.
        Retention = "retention",
    }
}

words! {
    /// How a run of a job ended.
    Ended {
        /// All was done.
        Done = "done",
        /// Something failed; it is tried again.
        Failed = "failed",
    }
}

/// How often a job is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rhythm {
    /// So long after it was begun, again.
    Every(TimeDelta),
    /// Once each civil day, from this time of day on.
    Daily(NaiveTime),
}

/// What is known of a job's past.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// When it was last begun.
    pub started_at: Option<DateTime<Utc>>,
    /// The last civil day that it was done for; of daily jobs.
    pub done_on: Option<NaiveDate>,
    /// How often it has failed since it was last done.
    pub failed_in_row: u32,
}

const MINUTE: TimeDelta = TimeDelta::minutes(1);
const MIDNIGHT: NaiveTime = NaiveTime::MIN;
/// A moment after midnight: whoever books or records at the last second is through.
const AFTER_MIDNIGHT: NaiveTime = NaiveTime::from_hms_opt(0, 10, 0).expect("ten past midnight");
/// An hour before reminders go out.
const BEFORE_REMINDERS: NaiveTime = NaiveTime::from_hms_opt(16, 0, 0).expect("four in the afternoon");
/// The longest wait until what failed is tried again.
const LONGEST_WAIT: TimeDelta = TimeDelta::minutes(30);
/// A day that was done and lies further ahead than this was told by a clock that was wrong.
const CLOCKS_ERR_DAYS: i64 = 7;

/// How long whoever begins a job has it to themselves, and how much longer with each sign of life. Clocks of processes that share a database
/// must not differ by more; where they do, what is done is still done once or harmlessly twice, and one of them is told that it is not its.
pub const LEASE: TimeDelta = TimeDelta::minutes(2);
/// After so many failures one after the other somebody should look.
pub const FAILS_AGAIN_AND_AGAIN: u32 = 3;

impl Job {
    /// How often it is done.
    pub fn rhythm(self) -> Rhythm {
        match self {
            Self::Schedule | Self::Retention => Rhythm::Daily(MIDNIGHT),
            Self::Missed => Rhythm::Daily(AFTER_MIDNIGHT),
            Self::Reminders => Rhythm::Daily(BEFORE_REMINDERS),
            Self::Codes => Rhythm::Every(MINUTE),
        }
    }

    /// When it is to be done next; what has passed already is due. A clock that leaps over several days leads to one run, not to several; one
    /// that is put back does not lead to a second run for a day that is done.
    ///
    /// ```
    /// use domain::jobs::{Job, Past};
    /// let now = "2024-02-29T00:00:00Z".parse().unwrap();
    /// assert_eq!(Job::Missed.next(&Past::default(), now), now, "what was never done is due");
    /// ```
    pub fn next(self, past: &Past, now: DateTime<Utc>) -> DateTime<Utc> {
        let Some(started_at) = past.started_at else { return now };
        if past.failed_in_row > 0 {
            return after(started_at, wait(past.failed_in_row), now);
        }
        match self.rhythm() {
            Rhythm::Every(span) => after(started_at, span, now),
            Rhythm::Daily(at) => match past.done_on {
                Some(done) if (done - civil(now).date()).num_days() <= CLOCKS_ERR_DAYS => {
                    done.checked_add_days(Days::new(1)).map_or(DateTime::<Utc>::MAX_UTC, |day| instant(day, at))
                }
                // begun and never ended, or done on a day that is not to come for long
                _ => now,
            },
        }
    }

    /// Whether it is to be done now.
    pub fn is_due(self, past: &Past, now: DateTime<Utc>) -> bool {
        self.next(past, now) <= now
    }

    /// The civil day that a run which begins now is for: a daily job's day begins at its time of day.
    pub fn day(self, now: DateTime<Utc>) -> NaiveDate {
        let now = civil(now);
        match self.rhythm() {
            Rhythm::Daily(at) if now.time() < at => now.date().pred_opt().unwrap_or(NaiveDate::MIN),
            _ => now.date(),
        }
    }

    /// Whether it should have been done long ago: somebody should look.
    pub fn is_late(self, past: &Past, now: DateTime<Utc>) -> bool {
        let grace = match self.rhythm() {
            Rhythm::Every(span) => span * 10,
            // a walk in small steps that rests, and stands back while people book: it may take its day
            Rhythm::Daily(_) if self == Self::Retention => TimeDelta::days(2),
            Rhythm::Daily(_) => TimeDelta::hours(2),
        };
        // what is to be tried again after a failure is late by the failure's wait at most: the failures themselves tell
        past.failed_in_row == 0 && self.next(past, now).checked_add_signed(grace).is_some_and(|late| late < now)
    }
}

/// Whether a job that was taken until then is still somebody's. A lease further ahead than any can be was given by a clock that was wrong.
pub fn is_held(until: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    until.is_some_and(|until| now < until && until - now <= LEASE + MINUTE)
}

/// `span` after `at`; at once where the clock has been put back by more than that since.
fn after(at: DateTime<Utc>, span: TimeDelta, now: DateTime<Utc>) -> DateTime<Utc> {
    if at - now > span { now } else { at.checked_add_signed(span).unwrap_or(DateTime::<Utc>::MAX_UTC) }
}

/// How long to wait after so many failures: a minute, and each time twice as long, up to half an hour.
fn wait(failed_in_row: u32) -> TimeDelta {
    (MINUTE * (1 << failed_in_row.saturating_sub(1).min(5))).min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        let (date, time) = text.split_once(' ').expect("a day and a time");
        let time = NaiveTime::parse_from_str(time, "%H:%M:%S").expect("a time");
        instant(date.parse().expect("a date"), time)
    }

    /// A job that was done at a moment, for the day that it was then.
    fn done(job: Job, when: &str) -> Past {
        Past { started_at: Some(at(when)), done_on: Some(job.day(at(when))), failed_in_row: 0 }
    }

    #[test]
    fn a_daily_job_is_done_once_a_day_whatever_the_clock_does() {
        // done at, asked at, due
        for (job, then, now, due) in [
            // over midnight, to the second
            (Job::Missed, "2026-03-02 00:10:00", "2026-03-02 23:59:59", false),
            (Job::Missed, "2026-03-02 00:10:00", "2026-03-03 00:09:59", false),
            (Job::Missed, "2026-03-02 00:10:00", "2026-03-03 00:10:00", true),
            (Job::Schedule, "2026-03-02 00:00:00", "2026-03-02 23:59:59", false),
            (Job::Schedule, "2026-03-02 23:59:59", "2026-03-03 00:00:00", true),
            // begun late in the day: the day after it is due at its hour all the same
            (Job::Reminders, "2026-03-02 23:30:00", "2026-03-03 15:59:59", false),
            (Job::Reminders, "2026-03-02 23:30:00", "2026-03-03 16:00:00", true),
            // begun before its hour it was for the day before
            (Job::Reminders, "2026-03-02 08:00:00", "2026-03-02 15:59:59", false),
            (Job::Reminders, "2026-03-02 08:00:00", "2026-03-02 16:00:00", true),
            // a leap day, and the first of March of a common year
            (Job::Missed, "2024-02-28 00:10:00", "2024-02-29 00:10:00", true),
            (Job::Missed, "2024-02-29 00:10:00", "2024-02-29 12:00:00", false),
            (Job::Missed, "2024-02-29 00:10:00", "2024-03-01 00:10:00", true),
            (Job::Missed, "2023-02-28 00:10:00", "2023-03-01 00:10:00", true),
            (Job::Missed, "2025-12-31 00:10:00", "2026-01-01 00:10:00", true),
            // the clock leaps over days: due
            (Job::Missed, "2026-03-02 00:10:00", "2026-03-09 12:00:00", true),
            // and back: those days are done, or will come
            (Job::Missed, "2026-03-09 12:00:00", "2026-03-09 11:00:00", false),
            (Job::Missed, "2026-03-09 12:00:00", "2026-03-08 12:00:00", false),
            (Job::Missed, "2026-03-09 12:00:00", "2026-03-02 12:00:00", false),
            // by more than a week: that clock was wrong, and years of nothing would be worse than one run more
            (Job::Missed, "2026-03-09 12:00:00", "2026-03-01 12:00:00", true),
            (Job::Missed, "2036-03-09 12:00:00", "2026-03-09 12:00:00", true),
        ] {
            assert_eq!(job.is_due(&done(job, then), at(now)), due, "{job} done at {then}, asked at {now}");
        }
    }

    #[test]
    fn a_leap_over_several_days_is_one_run() {
        let late = at("2026-03-09 12:00:00");
        assert!(Job::Missed.is_due(&done(Job::Missed, "2026-03-02 00:10:00"), late));
        let then = done(Job::Missed, "2026-03-09 12:00:00");
        assert!(!Job::Missed.is_due(&then, late));
        assert_eq!(Job::Missed.next(&then, late), at("2026-03-10 00:10:00"));
    }

    #[test]
    fn a_job_of_minutes_follows_its_last_beginning() {
        for (then, now, due) in [
            ("2026-03-02 08:00:00", "2026-03-02 08:00:59", false),
            ("2026-03-02 08:00:00", "2026-03-02 08:01:00", true),
            ("2026-03-02 23:59:30", "2026-03-03 00:00:29", false),
            ("2026-03-02 23:59:30", "2026-03-03 00:00:30", true),
            ("2026-03-02 08:00:00", "2026-03-12 08:00:00", true),
            // another machine's clock is a little behind
            ("2026-03-02 08:00:00", "2026-03-02 07:59:30", false),
            // put back by more than a minute: it does not wait for the time to come again
            ("2026-03-02 08:00:00", "2026-03-02 07:58:59", true),
            ("2026-03-02 08:00:00", "2026-02-01 08:00:00", true),
        ] {
            assert_eq!(Job::Codes.is_due(&done(Job::Codes, then), at(now)), due, "begun at {then}, asked at {now}");
        }
    }

    #[test]
    fn what_failed_is_tried_again_after_a_minute_then_later_and_later() {
        for (failed_in_row, minutes) in [(1, 1), (2, 2), (3, 4), (5, 16), (6, 30), (60, 30), (u32::MAX, 30)] {
            let past = Past { failed_in_row, ..done(Job::Missed, "2026-03-02 00:10:00") };
            let due = at("2026-03-02 00:10:00") + TimeDelta::minutes(minutes);
            assert_eq!(Job::Missed.next(&past, at("2026-03-02 00:10:01")), due, "after {failed_in_row}");
        }
    }

    #[test]
    fn what_was_begun_and_never_ended_is_due() {
        let past = Past { started_at: Some(at("2026-03-02 00:10:00")), done_on: None, failed_in_row: 0 };
        assert!(Job::Missed.is_due(&past, at("2026-03-02 00:10:01")));
        let past = Past { done_on: Some("2026-03-01".parse().expect("a date")), ..past };
        assert!(Job::Missed.is_due(&past, at("2026-03-02 00:10:01")), "yesterday's was done");
    }

    #[test]
    fn a_lease_runs_out_and_one_of_a_wrong_clock_counts_for_nothing() {
        let given = at("2026-03-02 08:00:00");
        for (now, held) in [
            ("2026-03-02 08:00:00", true),
            ("2026-03-02 08:01:59", true),
            ("2026-03-02 08:02:00", false),
            ("2026-03-05 08:00:00", false),
            ("2026-03-02 07:59:00", true),
            ("2026-03-02 07:58:59", false),
            ("2026-02-25 08:00:00", false),
        ] {
            assert_eq!(is_held(Some(given + LEASE), at(now)), held, "{now}");
        }
        assert!(!is_held(None, given));
    }

    #[test]
    fn late_is_what_should_have_been_done_long_ago() {
        for (job, then, now, late) in [
            (Job::Codes, "2026-03-02 08:00:00", "2026-03-02 08:11:00", false),
            (Job::Codes, "2026-03-02 08:00:00", "2026-03-02 08:11:01", true),
            (Job::Missed, "2026-03-02 00:10:00", "2026-03-03 02:10:00", false),
            (Job::Missed, "2026-03-02 00:10:00", "2026-03-03 02:10:01", true),
            (Job::Retention, "2026-03-02 00:00:00", "2026-03-05 00:00:00", false),
            (Job::Retention, "2026-03-02 00:00:00", "2026-03-05 00:00:01", true),
        ] {
            assert_eq!(job.is_late(&done(job, then), at(now)), late, "{job} done at {then}, asked at {now}");
        }
        assert!(
            !Job::Missed.is_late(&Past::default(), at("2026-03-02 08:00:00")),
            "of what was never done nobody knows since when"
        );
    }
}
