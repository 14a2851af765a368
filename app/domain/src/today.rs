//! A site's day in numbers, by window: how many are expected, are done, wait for their jab, have yet to come, did not come, went home without
//! it, and how many places are free; and the lots that are open. It names nobody who is vaccinated.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::lot::Lot;
use crate::slot::Window;
use crate::time::instant;

/// What is counted of one slot: a window of one vaccine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotCount {
    /// Its window.
    pub window: Window,
    /// Places in all.
    pub capacity: u32,
    /// Its bookings that are not cancelled.
    pub expected: u32,
    /// Of these, those whose jab was recorded.
    pub done: u32,
    /// Of these, those who were received and have no jab yet.
    pub waiting: u32,
    /// Of these, those who walked in.
    pub walk_ins: u32,
    /// Bookings that ended with somebody going home without the jab; none of `expected`.
    pub turned_away: u32,
    /// Closed by the site.
    pub closed: bool,
}

/// Numbers of a window, or of a day. Everybody who is expected is in exactly one of `done`, `waiting`, `to_come` and `not_come`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Numbers {
    /// Bookings that are not cancelled.
    pub expected: u32,
    /// Those whose jab was recorded.
    pub done: u32,
    /// Those who were received at the site and have no jab yet.
    pub waiting: u32,
    /// Those who were not received, and whose window is not over.
    pub to_come: u32,
    /// Those who were not received, and whose window is over. They may still come: late is not too late.
    pub not_come: u32,
    /// Places that nobody has, of windows that are neither over nor closed.
    pub free: u32,
    /// Of those expected, those who walked in without a booking.
    pub walk_ins: u32,
    /// Those who went home without the jab, with a reason. They are none of `expected`: their places are free again.
    pub turned_away: u32,
}

impl Numbers {
    fn of(slot: &SlotCount, now: DateTime<Utc>) -> Self {
        let left = slot.expected.saturating_sub(slot.done).saturating_sub(slot.waiting);
        let over = now >= instant(slot.window.date, slot.window.end);
        Self {
            expected: slot.expected,
            done: slot.done,
            waiting: slot.waiting,
            to_come: if over { 0 } else { left },
            not_come: if over { left } else { 0 },
            free: if over || slot.closed { 0 } else { slot.capacity.saturating_sub(slot.expected) },
            walk_ins: slot.walk_ins,
            turned_away: slot.turned_away,
        }
    }

    fn add(&mut self, other: &Self) {
        self.expected += other.expected;
        self.done += other.done;
        self.waiting += other.waiting;
        self.to_come += other.to_come;
        self.not_come += other.not_come;
        self.free += other.free;
        self.walk_ins += other.walk_ins;
        self.turned_away += other.turned_away;
    }
}

/// A window of the day, of all its vaccines together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TodayWindow {
    /// When.
    #[serde(flatten)]
    pub window: Window,
    /// Its numbers.
    #[serde(flatten)]
    pub numbers: Numbers,
    /// Whether all of it is closed by the site.
    pub closed: bool,
}

/// `checkin/today`: the site's day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Today {
    /// Which site.
    pub site_id: Uuid,
    /// Which day.
    pub date: NaiveDate,
    /// When it was counted.
    pub at: DateTime<Utc>,
    /// The whole day.
    pub sum: Numbers,
    /// Its windows, soonest first.
    pub windows: Vec<TodayWindow>,
    /// Those who were vaccinated here today and had booked for another site or day: they are none of `sum`.
    pub accepted: u32,
    /// The lots that are open here.
    pub lots: Vec<Lot>,
}

impl Today {
    /// Puts the slots of a day together; `accepted` and `lots` are put beside them.
    pub fn of(site_id: Uuid, date: NaiveDate, at: DateTime<Utc>, mut slots: Vec<SlotCount>) -> Self {
        slots.sort_by_key(|slot| (slot.window.start, slot.window.end));
        let (mut sum, mut windows) = (Numbers::default(), Vec::<TodayWindow>::new());
        for slot in slots {
            let numbers = Numbers::of(&slot, at);
            sum.add(&numbers);
            match windows.last_mut().filter(|last| last.window == slot.window) {
                Some(last) => {
                    last.numbers.add(&numbers);
                    last.closed &= slot.closed;
                }
                None => windows.push(TodayWindow { window: slot.window, numbers, closed: slot.closed }),
            }
        }
        Self { site_id, date, at, sum, windows, accepted: 0, lots: vec![] }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn window(start: &str, end: &str) -> Window {
        let time = |text: &str| crate::time::hhmm::parse(text).expect("a time");
        Window { date: "2026-03-02".parse().expect("a date"), start: time(start), end: time(end) }
    }

    fn at(time: &str) -> DateTime<Utc> {
        format!("2026-03-02T{time}:00+08:00").parse().expect("an instant")
    }

    fn day(now: &str, slots: Vec<SlotCount>) -> Today {
        Today::of(Uuid::nil(), "2026-03-02".parse().expect("a date"), at(now), slots)
    }

    #[test]
    fn vaccines_of_a_window_are_counted_together_and_a_window_that_is_over_has_no_free_places() {
        let slot = |start, end, capacity, expected, done| SlotCount {
            window: window(start, end),
            capacity,
            expected,
            done,
            waiting: 0,
            walk_ins: 0,
            turned_away: 0,
            closed: false,
        };
        let slots = vec![slot("09:00", "09:30", 10, 4, 1), slot("08:30", "09:00", 10, 6, 5), slot("09:00", "09:30", 5, 2, 0)];
        let day = day("09:00", slots);
        let numbers =
            |expected, done, to_come, not_come, free| Numbers { expected, done, to_come, not_come, free, ..Numbers::default() };
        assert_eq!(day.windows.len(), 2);
        assert_eq!(day.windows[0].numbers, numbers(6, 5, 0, 1, 0));
        assert_eq!(day.windows[1].numbers, numbers(6, 1, 5, 0, 9));
        assert_eq!(day.sum, numbers(12, 6, 5, 1, 9));
    }

    #[test]
    fn a_window_is_closed_when_all_of_it_is_and_what_is_closed_is_not_free() {
        let window = window("10:00", "10:30");
        let slot =
            |closed| SlotCount { window, capacity: 8, expected: 3, done: 0, waiting: 0, walk_ins: 0, turned_away: 0, closed };
        let half = day("09:00", vec![slot(true), slot(false)]);
        assert_eq!((half.windows[0].closed, half.sum.free, half.sum.to_come), (false, 5, 6));
        let whole = day("09:00", vec![slot(true), slot(true)]);
        assert_eq!((whole.windows[0].closed, whole.sum.free), (true, 0));
    }

    #[test]
    fn who_was_received_waits_whatever_the_hour_and_who_went_home_is_not_expected() {
        let window = window("09:00", "09:30");
        let slot = SlotCount { window, capacity: 10, expected: 6, done: 2, waiting: 3, walk_ins: 2, turned_away: 1, closed: false };
        for (now, to_come, not_come, free) in [("09:29", 1, 0, 4), ("09:30", 0, 1, 0)] {
            let sum = day(now, vec![slot]).sum;
            assert_eq!(
                sum,
                Numbers { expected: 6, done: 2, waiting: 3, to_come, not_come, free, walk_ins: 2, turned_away: 1 },
                "{now}"
            );
        }
    }

    proptest! {
        #[test]
        fn everybody_is_in_one_number_and_the_windows_add_up_to_the_day(
            slots in prop::collection::vec((8u32..17, 0u32..40, 0u32..40, (0u32..40, 0u32..40), any::<bool>()), 0..20),
            hour in 0u32..24,
        ) {
            let slots = slots.into_iter().map(|(start, capacity, taken, (done, waiting), closed)| {
                let expected = taken.min(capacity);
                let window = window(&format!("{start:02}:00"), &format!("{:02}:00", start + 1));
                let done = done.min(expected);
                SlotCount { window, capacity, expected, done, waiting: waiting.min(expected - done), walk_ins: done, turned_away: done, closed }
            });
            let day = day(&format!("{hour:02}:30"), slots.collect());
            let mut sum = Numbers::default();
            for one in &day.windows {
                prop_assert_eq!(one.numbers.done + one.numbers.waiting + one.numbers.to_come + one.numbers.not_come, one.numbers.expected);
                sum.add(&one.numbers);
            }
            prop_assert_eq!(sum, day.sum);
        }
    }
}
