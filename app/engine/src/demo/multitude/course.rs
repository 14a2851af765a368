//! A vaccine as the past months gave it: which of its doses fit into them, on which days, and how far apart.

use std::ops::Range;

use domain::vaccine::Vaccine;

/// The longest that a day without this vaccine is put off: a week has its day.
pub(super) const PUT_OFF: u32 = 6;
/// Days over which a dose's earliest day is spread.
pub(super) const SPREAD: u32 = 14;
/// The longest that dose 1 and its last dose may lie apart, in days; later doses are left out.
const LONGEST: u32 = 120;

/// One dose after the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gap {
    /// Days after the dose before, at least.
    pub after: u32,
    /// Days after dose 1, at most.
    pub by: Option<u32>,
}

/// A day on which a vaccine is given, and where.
#[derive(Clone, Debug)]
pub(super) struct Day {
    /// The first such day from this one on; none near the end.
    pub next: u32,
    /// The slots of this day, among all.
    pub slots: Range<usize>,
}

/// What can be had of one vaccine.
#[derive(Clone, Debug)]
pub(super) struct Course {
    pub vaccine: Vaccine,
    pub gaps: Vec<Gap>,
    pub days: Vec<Day>,
    /// Places in all, which is how often it is chosen.
    pub places: u64,
}

impl Course {
    /// A course of the slots of each past day; `None` when there is a week without it.
    pub(super) fn new(vaccine: &Vaccine, slots: Vec<Range<usize>>, places: u64) -> Option<Self> {
        let mut days: Vec<Day> = slots.into_iter().map(|slots| Day { next: u32::MAX, slots }).collect();
        let mut next = u32::MAX;
        for at in (0..days.len()).rev() {
            if !days[at].slots.is_empty() {
                next = u32::try_from(at).ok()?;
            }
            days[at].next = next;
        }
        let reached = days.iter().zip(0..).take(days.len().saturating_sub(PUT_OFF as usize));
        let every_week = reached.clone().count() > 0 && reached.into_iter().all(|(day, at)| day.next <= at + PUT_OFF);
        every_week.then(|| Self { gaps: gaps(vaccine), vaccine: vaccine.clone(), days, places })
    }

    /// How many doses of it one can have had by now.
    pub(super) fn doses(&self) -> u64 {
        1 + self.gaps.len() as u64
    }
}

/// The gaps of the doses that fit, whatever days they are put off to.
fn gaps(vaccine: &Vaccine) -> Vec<Gap> {
    let mut gaps = vec![];
    let mut latest = 0;
    for dose in 2..=vaccine.doses {
        let Some(window) = vaccine.window(dose) else { break };
        let after = window.after_days.max(window.offered_after_days.unwrap_or(0)).max(1);
        // the shortest months are the safe ones
        let by = window.by_days.into_iter().chain(window.by_months.map(|months| months * 28)).min();
        let earliest = latest + PUT_OFF + after;
        if earliest > LONGEST || by.is_some_and(|by| earliest + PUT_OFF > by) {
            break;
        }
        gaps.push(Gap { after, by });
        latest = earliest + SPREAD;
    }
    gaps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::city_file::CityFile;

    fn course(id: &str, days: &[usize]) -> Option<Course> {
        let file = CityFile::yongzhou();
        let mut at = 0;
        let slots = days.iter().map(|count| {
            at += count;
            at - count..at
        });
        Course::new(file.vaccine(id).expect("there"), slots.collect(), 1)
    }

    #[test]
    fn yongzhous_three_courses_fit_whole() {
        for (id, doses) in [("vero", 2), ("ad5", 1), ("cho", 3)] {
            assert_eq!(course(id, &[1; 20]).expect("daily").doses(), doses, "{id}");
        }
    }

    #[test]
    fn a_vaccine_that_is_not_given_every_week_is_left_out() {
        assert!(course("vero", &[1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]).is_some());
        assert!(course("vero", &[1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1]).is_none());
        assert!(course("vero", &[0; 20]).is_none());
        assert!(course("vero", &[]).is_none());
    }
}
