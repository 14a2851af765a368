//! What each of the multitude does over the months: books, comes, stays away, calls off, comes again. Pure: a number always
//! leads the same life, so that nothing of it has to be kept.

use super::course::{Course, PUT_OFF, SPREAD};
use super::season::{DAY_S, DAYS, Season};
use crate::demo::invent::Dice;

/// Days between a booking and its day, at most.
const LEAD: u64 = 10;
/// People who live together at most.
pub(super) const HOUSEHOLD: u64 = 4;

/// What becomes of a booking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Redeemed,
    Missed,
    Cancelled,
    /// Its day is still to come.
    Waits,
}

/// A booking, from when it was made until it was over; moments in seconds from the beginning.
#[derive(Clone, Copy, Debug)]
pub(super) struct Visit {
    pub dose: u8,
    pub slot: usize,
    pub made: i64,
    pub end: End,
    pub ended: i64,
}

/// A booking that is wanted: so many days after the first one was made, and made so many days before.
struct Wish {
    dose: u8,
    day: u32,
    lead: u32,
    end: End,
}

/// The bookings of person `number`, in order.
pub(super) fn life(season: &Season, number: u64) -> Vec<Visit> {
    let count = season.size.bookings_of(number);
    if count == 0 || season.courses.is_empty() {
        return vec![];
    }
    let ahead = season.place_ahead(number).and_then(|slot| life_ahead(season, number, count, slot));
    ahead.unwrap_or_else(|| life_past(season, number, count))
}

/// When they were added to their account's list: before they booked.
pub(super) fn begins(season: &Season, number: u64, life: &[Visit]) -> i64 {
    let mut dice = dice("begins", number);
    let early = 600 + below(&mut dice, 3000);
    match life.first() {
        Some(visit) => visit.made - early,
        None => i64::from(days_in(season, number, DAYS)) * DAY_S + waking_hour(&mut dice) - early,
    }
}

/// The people of one account: `number` and those with whom they live.
pub(super) fn household(season: &Season, number: u64) -> std::ops::Range<u64> {
    let block = number - number % HOUSEHOLD;
    let cuts: &[u64] = match dice("household", block).below(5) {
        0 => &[0, 4],
        1 => &[0, 3, 4],
        2 => &[0, 2, 4],
        3 => &[0, 2, 3, 4],
        _ => &[0, 1, 2, 3, 4],
    };
    let at = cuts.partition_point(|cut| block + cut <= number);
    block + cuts[at - 1]..(block + cuts[at]).min(season.size.people)
}

/// Somebody whose last booking waits for its day; `None` when what went before would not be over by now.
fn life_ahead(season: &Season, number: u64, count: u64, slot: usize) -> Option<Vec<Visit>> {
    let mut dice = dice("life", number);
    let course = season.courses.iter().find(|course| course.vaccine.id == season.slots[slot].vaccine_id)?;
    let retries = count.saturating_sub(course.doses());
    let mut wishes = wishes(course, retries, count, &mut dice);
    let last = wishes.pop()?;
    let from = season.day(slot) - i64::from(last.day);
    let from = u32::try_from(from).ok()?;
    if wishes.last().is_some_and(|before| from + before.day + PUT_OFF >= DAYS) {
        return None;
    }
    let mut visits = visits(season, course, from, &wishes, &mut dice);
    let (begins, _, opens) = season.hours(slot);
    let now = season.seconds(season.now);
    let made =
        (now - 600 - below(&mut dice, 3 * 24 * 3600)).max(opens + 60).max(visits.last().map_or(0, |visit| visit.ended + 3600));
    (made < now && made < begins).then(|| {
        visits.push(Visit { dose: last.dose, slot, made, end: End::Waits, ended: made });
        visits
    })
}

/// Somebody whose bookings are all over.
fn life_past(season: &Season, number: u64, count: u64) -> Vec<Visit> {
    let mut dice = dice("life", number);
    let most = season.courses.iter().map(Course::doses).max().unwrap_or(1);
    let tried_in_vain = u64::from(count > 1 && dice.below(6) == 0);
    let retries = tried_in_vain.max(count.saturating_sub(most));
    let course = choose(season, count - retries, &mut dice);
    let mut wishes = wishes(course, retries, count, &mut dice);
    let Some(last) = wishes.last_mut() else { return vec![] };
    last.end = match dice.below(16) {
        0 => End::Missed,
        1 => End::Cancelled,
        _ => End::Redeemed,
    };
    let from = days_in(season, number, DAYS - PUT_OFF - last.day);
    visits(season, course, from, &wishes, &mut dice)
}

/// A course of at least so many doses, as often as it has places.
fn choose<'a>(season: &'a Season, doses: u64, dice: &mut Dice) -> &'a Course {
    let fit = || season.courses.iter().filter(|course| course.doses() >= doses);
    let mut place = dice.below(fit().map(|course| course.places).sum());
    let chosen = fit().find(|course| {
        let here = place < course.places;
        place = place.saturating_sub(course.places);
        here
    });
    chosen.unwrap_or(&season.courses[0])
}

/// What somebody wants who makes `count` bookings, the first `retries` of them in vain. Each day leaves room for the one
/// before to be put off, and for itself.
fn wishes(course: &Course, retries: u64, count: u64, dice: &mut Dice) -> Vec<Wish> {
    let lead = 1 + small(dice, LEAD);
    let mut wishes = vec![Wish { dose: 1, day: lead, lead, end: End::Redeemed }];
    let mut day = lead;
    for _ in 0..retries {
        let end = if dice.below(2) == 0 { End::Missed } else { End::Cancelled };
        let lead = 1 + small(dice, LEAD);
        day += PUT_OFF + 1 + small(dice, 3) + lead;
        if let Some(in_vain) = wishes.last_mut() {
            in_vain.end = end;
        }
        wishes.push(Wish { dose: 1, day, lead, end: End::Redeemed });
    }
    let first = day;
    for (dose, gap) in (2..).zip(course.gaps.iter().take(usize::try_from(count - retries - 1).unwrap_or(0))) {
        let earliest = day + PUT_OFF + gap.after;
        let latest = gap.by.map_or(u32::MAX, |by| first + by - PUT_OFF).min(earliest + SPREAD);
        day = earliest + small(dice, u64::from(latest.saturating_sub(earliest)) + 1);
        // booked when the dose before has been given
        wishes.push(Wish { dose, day, lead: small(dice, LEAD.min(u64::from(gap.after))), end: End::Redeemed });
    }
    wishes
}

/// The wishes come true, in slots that there are, from day `from` on.
fn visits(season: &Season, course: &Course, from: u32, wishes: &[Wish], dice: &mut Dice) -> Vec<Visit> {
    let mut visits: Vec<Visit> = Vec::with_capacity(wishes.len() + 1);
    for wish in wishes {
        let wanted = &course.days[(from + wish.day) as usize];
        let slot = season.pick(&course.days[wanted.next as usize].slots, dice.roll());
        let (begins, length, opens) = season.hours(slot);
        let day = i64::from(wanted.next);
        let made = match visits.last() {
            // whoever calls off looks for another day at once
            Some(before) if before.end == End::Cancelled => before.ended + 300 + below(dice, 3000),
            _ => (day - i64::from(wish.lead)) * DAY_S + waking_hour(dice),
        };
        let made = made.max(opens + 60 + below(dice, 1800)).min(begins - 600);
        let ended = match wish.end {
            End::Redeemed => begins + below(dice, length),
            End::Missed => (day + 1) * DAY_S + 30,
            End::Cancelled => made + (begins - made) * (1 + below(dice, 8)) / 10,
            End::Waits => made,
        };
        visits.push(Visit { dose: wish.dose, slot, made, end: wish.end, ended });
    }
    visits
}

/// The day of person `number` when all come one after the other within `days`.
fn days_in(season: &Season, number: u64, days: u32) -> u32 {
    u32::try_from(u64::from(days) * number / season.size.people).unwrap_or(0)
}

fn dice(what: &str, number: u64) -> Dice {
    Dice::new(&[what, &number.to_string()])
}

fn below(dice: &mut Dice, sides: i64) -> i64 {
    i64::try_from(dice.below(u64::try_from(sides).unwrap_or(0))).unwrap_or(0)
}

fn small(dice: &mut Dice, sides: u64) -> u32 {
    u32::try_from(dice.below(sides)).unwrap_or(0)
}

/// A moment between seven in the morning and ten in the evening.
fn waking_hour(dice: &mut Dice) -> i64 {
    7 * 3600 + below(dice, 15 * 3600)
}

#[cfg(test)]
mod tests {
    use domain::eligibility::{DoseRecord, Question};
    use domain::time::plus_days;

    use super::*;
    use crate::city_file::{CityFile, PlannedSlot};
    use crate::demo::multitude::size::MultitudeSize;
    use crate::schedule::planned_row;

    /// Yongzhou on a working day in November, with all places of the days to come free.
    fn season(people: u64, bookings: u64) -> Season {
        let file = CityFile::yongzhou();
        let now = "2026-11-23T02:10:00Z".parse().expect("an instant");
        let today = domain::time::civil(now).date();
        let slots = |from: u64, days: u32| -> Vec<PlannedSlot> {
            let first = today.checked_sub_days(domain::chrono::Days::new(from)).expect("a day");
            file.sites.iter().flat_map(|site| (0..days).flat_map(move |day| site.slots(plus_days(first, day)))).collect()
        };
        let coming = slots(0, 14).iter().map(|planned| planned_row(planned, now)).filter(|row| row.date > today).collect();
        Season::new(&file, MultitudeSize { people, bookings }, now, slots(u64::from(DAYS) + 1, DAYS), vec![], coming)
    }

    #[test]
    fn every_life_is_one_that_could_have_been() {
        for (people, bookings) in [(3000, 6000), (1000, 3000), (2000, 700)] {
            let season = season(people, bookings);
            let now = season.seconds(season.now);
            let mut waiting = vec![0; season.slots.len()];
            let mut made = 0;
            for number in 0..people {
                let life = life(&season, number);
                made += life.len() as u64;
                let mut before = begins(&season, number, &life);
                assert!(before > 0 && before < now, "{number}");
                let mut history: Vec<DoseRecord> = vec![];
                for visit in &life {
                    let (row, (begins, length, opens)) = (&season.slots[visit.slot], season.hours(visit.slot));
                    assert!(before < visit.made && visit.made <= visit.ended && visit.made < now, "{number} {life:?}");
                    assert!(opens < visit.made && visit.made < begins, "{number} {life:?}");
                    assert!(match visit.end {
                        End::Redeemed => (begins..begins + length).contains(&visit.ended),
                        End::Cancelled => visit.ended < begins,
                        End::Missed => visit.ended > begins + length,
                        End::Waits => begins > now,
                    });
                    assert_eq!(visit.end == End::Waits, visit.slot >= season.past);
                    waiting[visit.slot] += i32::from(visit.end == End::Waits);
                    let vaccine =
                        &season.courses.iter().find(|course| course.vaccine.id == row.vaccine_id).expect("a course").vaccine;
                    let question = Question {
                        born_on: "1960-01-01".parse().expect("a day"),
                        from_age: 18,
                        vaccine,
                        dose: visit.dose,
                        on: row.date,
                        today: row.date,
                        history: &history,
                        previous_dose_on: None,
                        screening: None,
                    };
                    assert_eq!(question.decide(), Ok(()), "{number} {life:?} {history:?}");
                    if matches!(visit.end, End::Redeemed | End::Waits) {
                        let given = visit.end == End::Redeemed;
                        history.push(DoseRecord { vaccine_id: vaccine.id.clone(), dose: visit.dose, on: row.date, given });
                    }
                    before = visit.ended;
                }
            }
            assert_eq!(made, bookings);
            assert!(season.slots.iter().zip(&waiting).all(|(row, waiting)| *waiting <= row.capacity / 4));
            let ahead: i32 = waiting.iter().sum();
            assert!(ahead > 0 && i64::from(ahead) <= bookings as i64 / 100, "{ahead} of {bookings} wait");
        }
    }

    #[test]
    fn everybody_lives_in_one_household() {
        let season = season(203, 0);
        let mut number = 0;
        let mut sizes = [0; 5];
        while number < 203 {
            let together = household(&season, number);
            assert_eq!(together.start, number);
            assert!(together.clone().all(|number| household(&season, number) == together));
            sizes[usize::try_from(together.end - together.start).expect("small")] += 1;
            number = together.end;
        }
        assert_eq!(number, 203);
        assert!(sizes[0] == 0 && sizes[1..].iter().all(|count| *count > 5), "{sizes:?}");
    }
}
