//! How large a multitude is, and how many bookings each of it has.

use crate::config::OpenError;
use crate::demo::invent::Dice;

/// Bookings of one person at most: a course of three doses, or one of two and a try that came to nothing.
pub(super) const MOST_EACH: u64 = 3;
/// People at most: so far invented documents differ, the demo's own people left room for.
const MOST_PEOPLE: u64 = 15_000_000;

/// How many people and bookings are added to the demo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MultitudeSize {
    /// People, each with a document of their own.
    pub people: u64,
    /// Bookings of theirs, at most three each.
    pub bookings: u64,
}

impl MultitudeSize {
    /// Refuses what cannot be.
    pub(super) fn check(self) -> Result<(), OpenError> {
        if !(1..=MOST_PEOPLE).contains(&self.people) {
            return Err(OpenError::Demo(format!("people must be 1 to {MOST_PEOPLE}, not {}", self.people)));
        }
        let most = MOST_EACH * self.people;
        if self.bookings > most {
            return Err(OpenError::Demo(format!("{} people make at most {most} bookings, not {}", self.people, self.bookings)));
        }
        Ok(())
    }

    /// How many bookings person `number` has. Over all people it is exactly what was asked for: each two neighbours get their
    /// share, and often one of them more than the other.
    pub(super) fn bookings_of(self, number: u64) -> u64 {
        let until = |number: u64| {
            let share = u128::from(number.min(self.people)) * u128::from(self.bookings) / u128::from(self.people);
            u64::try_from(share).unwrap_or(u64::MAX)
        };
        let first = number - number % 2;
        let both = until(first + 2) - until(first);
        if first + 1 == self.people {
            return both;
        }
        let mut dice = Dice::new(&["share", &first.to_string()]);
        let half = both / 2 + both % 2 * dice.below(2);
        let tilted = match dice.below(4) {
            0 => half + 1,
            1 => half.saturating_sub(1),
            _ => half,
        };
        let fits = tilted <= both.min(MOST_EACH) && both - tilted <= MOST_EACH;
        let of_first = if fits { tilted } else { half };
        if number == first { of_first } else { both - of_first }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybodys_bookings_add_up_to_what_was_asked_for() {
        for (people, bookings) in
            [(1, 0), (1, 3), (2, 5), (3, 8), (7, 3), (300, 600), (301, 900), (1000, 1), (1001, 2500), (5000, 0)]
        {
            let size = MultitudeSize { people, bookings };
            size.check().expect("possible");
            let each: Vec<_> = (0..people).map(|number| size.bookings_of(number)).collect();
            assert_eq!(each.iter().sum::<u64>(), bookings, "{size:?}");
            assert!(each.iter().all(|each| *each <= MOST_EACH), "{size:?} {each:?}");
        }
        let each: Vec<_> = (0..1000).map(|number| MultitudeSize { people: 1000, bookings: 2000 }.bookings_of(number)).collect();
        assert!((1..=MOST_EACH).all(|count| each.iter().filter(|each| **each == count).count() > 100), "they differ");
    }

    #[test]
    fn nobody_and_too_many_are_refused() {
        for (people, bookings) in [(0, 0), (MOST_PEOPLE + 1, 0), (10, 31)] {
            assert!(MultitudeSize { people, bookings }.check().is_err(), "{people} {bookings}");
        }
    }
}
