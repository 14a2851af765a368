//! Everything that happened, in the order in which it did: eight bytes a deed, four a person. Rows are written in this order,
//! as life would have written them.

use super::life::{self, End, HOUSEHOLD};
use super::season::{DAY_S, Season};

/// Bits of a deed that say whose it is.
const PERSON_BITS: u32 = 32;
/// Bits below them that say which of their deeds.
const KIND_BITS: u32 = 3;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// An account was made, and its people added.
    Register,
    /// The person made their booking of this number, from 0.
    Make(usize),
    /// That booking was redeemed or called off.
    Settle(usize),
}

/// All deeds, by day.
pub(super) struct Calendar {
    /// Second of the day, person, kind.
    days: Vec<Vec<u64>>,
    /// For each person, when their account was made, in seconds from the beginning.
    registered: Vec<u32>,
    /// For each slot, how many places are taken.
    pub taken: Vec<u32>,
}

impl Calendar {
    /// Lives all lives.
    pub(super) fn of(season: &Season) -> Self {
        let last = usize::try_from(season.seconds(season.now) / DAY_S).unwrap_or(0);
        let mut calendar = Self { days: vec![vec![]; last + 1], registered: vec![], taken: vec![0; season.slots.len()] };
        let mut number = 0;
        while number < season.size.people {
            let household = life::household(season, number);
            number = household.end;
            calendar.add(season, household);
        }
        for day in &mut calendar.days {
            day.sort_unstable();
        }
        calendar
    }

    fn add(&mut self, season: &Season, household: std::ops::Range<u64>) {
        let mut registered = i64::MAX;
        for number in household.clone() {
            let life = life::life(season, number);
            registered = registered.min(life::begins(season, number, &life));
            for (at, visit) in life.iter().enumerate() {
                self.note(visit.made, number, Deed::Make(at));
                if matches!(visit.end, End::Redeemed | End::Cancelled) {
                    self.note(visit.ended, number, Deed::Settle(at));
                }
                if visit.end != End::Cancelled {
                    self.taken[visit.slot] += 1;
                }
            }
        }
        self.note(registered, household.start, Deed::Register);
        let people = usize::try_from(household.end - household.start).unwrap_or(0);
        self.registered.extend(std::iter::repeat_n(u32::try_from(registered).unwrap_or(0), people));
        debug_assert!(people as u64 <= HOUSEHOLD && self.registered.len() as u64 == household.end);
    }

    fn note(&mut self, second: i64, number: u64, deed: Deed) {
        let kind = match deed {
            Deed::Register => 0,
            Deed::Make(at) => 1 + 2 * at as u64,
            Deed::Settle(at) => 2 + 2 * at as u64,
        };
        let of_day = u64::try_from(second.rem_euclid(DAY_S)).unwrap_or(0);
        let day = usize::try_from(second.div_euclid(DAY_S)).unwrap_or(0).min(self.days.len() - 1);
        self.days[day].push(of_day << (PERSON_BITS + KIND_BITS) | number << KIND_BITS | kind);
    }

    /// When the account of person `number` was made.
    pub(super) fn registered(&self, number: u64) -> i64 {
        usize::try_from(number).ok().and_then(|number| self.registered.get(number)).copied().unwrap_or(0).into()
    }

    /// Whose deed it was and which, first to last.
    pub(super) fn deeds(&self) -> impl Iterator<Item = (u64, Deed)> + '_ {
        self.days.iter().flatten().map(|packed| {
            let number = packed >> KIND_BITS & ((1 << PERSON_BITS) - 1);
            let kind = usize::try_from(packed & ((1 << KIND_BITS) - 1)).unwrap_or(0);
            let deed = match kind {
                0 => Deed::Register,
                odd if odd % 2 == 1 => Deed::Make((odd - 1) / 2),
                even => Deed::Settle((even - 2) / 2),
            };
            (number, deed)
        })
    }
}
