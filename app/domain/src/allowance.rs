//! So many in a span of time: a bucket that so many fill, and that empties evenly within the span.
//!
//! All that is to be remembered of it is the instant at which it will be empty. Whoever has rested for a span has their full number again;
//! whoever has used it up gets one more whenever one has run out, and is told when that will be.

use chrono::{DateTime, TimeDelta, Utc};

/// So many in a span of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// How many; at least one.
    pub most: u32,
    /// In which time.
    pub span: TimeDelta,
}

impl Allowance {
    /// So many an hour.
    pub fn an_hour(most: u32) -> Self {
        Self { most, span: TimeDelta::hours(1) }
    }

    /// How much longer one more takes to run out, in milliseconds.
    pub fn each_ms(&self) -> i64 {
        (self.span.num_milliseconds() / i64::from(self.most.max(1))).max(1)
    }

    /// The latest instant at which a bucket may be empty that takes one more at `now`, in milliseconds since 1970.
    pub fn room_ms(&self, now: DateTime<Utc>) -> i64 {
        now.timestamp_millis() + self.each_ms() * (i64::from(self.most) - 1)
    }

    /// Whether at least half of it is used at `now`, where it will be empty at `empty_ms`.
    pub fn is_half_full(&self, empty_ms: i64, now: DateTime<Utc>) -> bool {
        // one is never half of anything: the first is not asked for
        2 * (empty_ms - now.timestamp_millis()) >= self.span.num_milliseconds().max(3 * self.each_ms())
    }

    /// Seconds until a bucket takes one more that will be empty at `empty_ms`.
    pub fn wait_s(&self, empty_ms: i64, now: DateTime<Utc>) -> u32 {
        let wait_ms = (empty_ms - self.room_ms(now)).max(1);
        u32::try_from((wait_ms - 1) / 1000 + 1).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn noon() -> DateTime<Utc> {
        "2026-03-02T12:00:00Z".parse().expect("an instant")
    }

    /// What the database does with a bucket: takes one at `now`, or tells how long to wait.
    fn take(allowance: Allowance, empty_ms: &mut i64, now: DateTime<Utc>) -> Result<(), u32> {
        if *empty_ms > allowance.room_ms(now) {
            return Err(allowance.wait_s(*empty_ms, now));
        }
        *empty_ms = (*empty_ms).max(now.timestamp_millis()) + allowance.each_ms();
        Ok(())
    }

    #[test]
    fn so_many_at_once_and_then_one_whenever_one_has_run_out() {
        let allowance = Allowance::an_hour(4);
        let mut empty = 0;
        for _ in 0..4 {
            assert_eq!(take(allowance, &mut empty, noon()), Ok(()));
        }
        assert_eq!(take(allowance, &mut empty, noon()), Err(900));
        assert_eq!(take(allowance, &mut empty, noon() + TimeDelta::milliseconds(899_001)), Err(1));
        let later = noon() + TimeDelta::seconds(900);
        assert_eq!((take(allowance, &mut empty, later), take(allowance, &mut empty, later)), (Ok(()), Err(900)));
        let rested = later + TimeDelta::hours(1);
        for _ in 0..4 {
            assert_eq!(take(allowance, &mut empty, rested), Ok(()));
        }
        assert!(take(allowance, &mut empty, rested).is_err());
    }

    proptest! {
        #[test]
        fn never_more_than_that_and_whoever_waits_as_told_gets_one(most in 1u32..50, steps in prop::collection::vec(0i64..400_000, 1..300)) {
            let allowance = Allowance::an_hour(most);
            let (mut empty, mut now, mut taken) = (0, noon(), Vec::new());
            for step in steps {
                now += TimeDelta::milliseconds(step);
                match take(allowance, &mut empty, now) {
                    Ok(()) => taken.push(now),
                    Err(wait_s) => {
                        let mut copy = empty;
                        prop_assert!(take(allowance, &mut copy, now + TimeDelta::seconds(i64::from(wait_s))).is_ok());
                    }
                }
            }
            // from a full rest on, an hour holds the full number and what has run out of it meanwhile
            for (at, from) in taken.iter().enumerate() {
                let within = taken[at..].iter().filter(|one| **one - *from < allowance.span).count();
                prop_assert!(within <= 2 * most as usize, "{within} of {most}");
            }
        }
    }
}
