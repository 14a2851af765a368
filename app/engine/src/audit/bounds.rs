//! How much of a kind is written down: what a citizen reads of their own once an hour, and so many refusals of each who is refused.

use std::collections::{HashMap, HashSet};

use domain::{DateTime, Utc};

use super::Actor;

/// Refusals of one caller that are written down an hour; for those who are not signed in, of one network.
const REFUSALS_AN_HOUR: u32 = 60;
/// Callers whose refusals are counted apart. Beyond, all others together are one: a million bogus callers fill neither disk nor memory.
const CALLERS: usize = 10_000;
/// Reads that are remembered an hour. Beyond, each is written again: it is no secret that a city came.
const READS: usize = 200_000;

/// What has been written down this hour.
#[derive(Default)]
pub(super) struct Bounds {
    hour: i64,
    reads: HashSet<(Actor, &'static str)>,
    refusals: HashMap<(Actor, Option<String>), u32>,
}

impl Bounds {
    /// Whether this is the first of the hour.
    pub(super) fn is_first_read(&mut self, actor: Actor, action: &'static str, now: DateTime<Utc>) -> bool {
        self.turn(now);
        if self.reads.len() < READS { self.reads.insert((actor, action)) } else { !self.reads.contains(&(actor, action)) }
    }

    /// Whether another refusal of this caller is written down.
    pub(super) fn has_room_for_refusal(&mut self, whose: (Actor, Option<String>), now: DateTime<Utc>) -> bool {
        self.turn(now);
        let known = self.refusals.len() < CALLERS || self.refusals.contains_key(&whose);
        let count = self.refusals.entry(if known { whose } else { (Actor::Nobody, None) }).or_default();
        *count = count.saturating_add(1);
        *count <= REFUSALS_AN_HOUR
    }

    /// Begins anew with each hour.
    fn turn(&mut self, now: DateTime<Utc>) {
        let hour = now.timestamp().div_euclid(3600);
        if hour != self.hour {
            *self = Self { hour, ..Self::default() };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Uuid;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(minute * 60, 0).expect("an instant")
    }

    #[test]
    fn a_read_is_written_once_an_hour_and_kind() {
        let (mut bounds, one, other) = (Bounds::default(), Actor::Citizen(Uuid::nil()), Actor::Citizen(Uuid::max()));
        for (actor, action, minute, first) in [
            (one, "list", 60, true),
            (one, "list", 119, false),
            (one, "show", 119, true),
            (other, "list", 119, true),
            (one, "list", 120, true),
        ] {
            assert_eq!(bounds.is_first_read(actor, action, at(minute)), first, "{actor:?} {action} {minute}");
        }
    }

    #[test]
    fn a_flood_of_refusals_is_written_down_in_part() {
        let mut bounds = Bounds::default();
        let mut written = |actor, times: u32| (0..times).filter(|_| bounds.has_room_for_refusal((actor, None), at(60))).count();
        assert_eq!(written(Actor::Staff(Uuid::nil()), 1000), 60);
        assert_eq!(written(Actor::Staff(Uuid::max()), 1), 1, "another's");
        let many: usize = (0..100_000).map(|id| written(Actor::Citizen(Uuid::from_u128(id)), 1)).sum();
        assert!(many < CALLERS + 100, "{many}");
        assert!(bounds.refusals.len() <= CALLERS + 1);
    }
}
