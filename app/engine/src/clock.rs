//! The clocks: the machine's, and one that starts at a given instant for rehearsals.
#![expect(clippy::disallowed_methods, reason = "this is the one room that reads the machine's clock")]

use chrono::SubsecRound;
use domain::time::Clock;
use domain::{DateTime, Utc};

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        to_the_microsecond(Utc::now())
    }
}

/// A clock that showed `start` when it was made and has gone on at the machine's pace.
#[derive(Clone, Copy, Debug)]
pub struct RehearsalClock {
    start: DateTime<Utc>,
    made: std::time::Instant,
}

impl RehearsalClock {
    /// A clock that shows `start` now.
    pub fn starting_at(start: DateTime<Utc>) -> Self {
        Self { start, made: std::time::Instant::now() }
    }
}

impl Clock for RehearsalClock {
    fn now(&self) -> DateTime<Utc> {
        to_the_microsecond(self.start + self.made.elapsed())
    }
}

/// PostgreSQL keeps no more: an answer would otherwise be another one when it is read again.
fn to_the_microsecond(now: DateTime<Utc>) -> DateTime<Utc> {
    now.trunc_subsecs(6)
}
