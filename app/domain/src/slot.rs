//! Slots: a site's window for one vaccine, how many it takes, and when it can be booked.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::reason::Reason;
use crate::time::{hhmm, instant};
use crate::words::words;

words! {
    /// What a citizen sees of a slot.
    SlotState {
        /// Can be booked.
        Open = "open",
        /// All places are taken.
        Full = "full",
        /// Closed by the site, begun, or over.
        Closed = "closed",
        /// Not released yet.
        Later = "later",
    }
}

/// A span within one civil day, half open: a person may arrive from `start` until just before `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Window {
    /// The day, in the campaign's zone.
    pub date: NaiveDate,
    /// When it begins.
    #[serde(with = "hhmm")]
    pub start: NaiveTime,
    /// When it ends, after `start` on the same day.
    #[serde(with = "hhmm")]
    pub end: NaiveTime,
}

impl Window {
    /// Whether it has a length.
    pub fn is_sound(&self) -> bool {
        self.start < self.end
    }

    /// Whether two windows share a moment. Windows that only touch do not.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.date == other.date && self.start < other.end && other.start < self.end
    }

    /// Whether the window has begun: from then on it is a matter for the site, not for booking.
    pub fn has_begun(&self, now: DateTime<Utc>) -> bool {
        now >= instant(self.date, self.start)
    }

    /// Whether it is over.
    pub fn is_over(&self, now: DateTime<Utc>) -> bool {
        now >= instant(self.date, self.end)
    }

    /// `09:30–10:00`
    pub fn text(&self) -> String {
        format!("{}–{}", crate::time::hour_minute(self.start), crate::time::hour_minute(self.end))
    }
}

/// The first two windows that overlap; a site's windows for one vaccine must not.
pub fn find_overlap(windows: &[Window]) -> Option<(Window, Window)> {
    let mut ordered = windows.to_vec();
    ordered.sort_by_key(|window| (window.date, window.start, window.end));
    ordered.windows(2).find(|pair| pair[0].overlaps(&pair[1])).map(|pair| (pair[0], pair[1]))
}

/// All that decides whether a slot can be booked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Its window.
    pub window: Window,
    /// Places in all.
    pub capacity: u32,
    /// Places taken.
    pub taken: u32,
    /// When it can be booked from.
    pub opens_at: DateTime<Utc>,
    /// Closed by the site.
    pub closed: bool,
}

impl Terms {
    /// Places left, whatever the state.
    pub fn remaining(&self) -> u32 {
        self.capacity.saturating_sub(self.taken)
    }

    /// The state at an instant. What cannot be booked for longer comes first: over, closed, not yet released, full.
    pub fn state(&self, now: DateTime<Utc>) -> SlotState {
        match self.objection(now) {
            None => SlotState::Open,
            Some(Reason::SlotLater { .. }) => SlotState::Later,
            Some(Reason::SlotFull) => SlotState::Full,
            Some(_) => SlotState::Closed,
        }
    }

    /// Why a place cannot be taken at `now`, or `None`.
    pub fn objection(&self, now: DateTime<Utc>) -> Option<Reason> {
        if self.window.has_begun(now) { Some(Reason::SlotPast) } else { self.other_objection(now) }
    }

    /// The same for somebody who stands at the site: a window that has begun is as good as one that has not, until it is over.
    pub fn objection_to_walk_in(&self, now: DateTime<Utc>) -> Option<Reason> {
        if self.window.is_over(now) { Some(Reason::SlotPast) } else { self.other_objection(now) }
    }

    fn other_objection(&self, now: DateTime<Utc>) -> Option<Reason> {
        if self.closed {
            Some(Reason::SlotClosed)
        } else if now < self.opens_at {
            Some(Reason::SlotLater { opens_at: self.opens_at })
        } else if self.remaining() == 0 {
            Some(Reason::SlotFull)
        } else {
            None
        }
    }
}

/// A slot as everybody may see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// Its id.
    pub id: Uuid,
    /// Which vaccine.
    pub vaccine_id: String,
    /// When.
    #[serde(flatten)]
    pub window: Window,
    /// Places in all.
    pub capacity: u32,
    /// Places left to book: 0 unless `open`.
    pub remaining: u32,
    /// Whether it can be booked.
    pub state: SlotState,
    /// When it opens, while `later`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opens_at: Option<DateTime<Utc>>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(hour: u32, minute: u32) -> NaiveTime {
        NaiveTime::from_hms_opt(hour, minute, 0).expect("a time")
    }

    fn window(start: (u32, u32), end: (u32, u32)) -> Window {
        Window { date: "2021-05-08".parse().expect("a date"), start: at(start.0, start.1), end: at(end.0, end.1) }
    }

    #[test]
    fn windows_that_touch_do_not_overlap() {
        let half_past = window((8, 30), (9, 0));
        assert!(!half_past.overlaps(&window((9, 0), (9, 30))));
        assert!(half_past.overlaps(&window((8, 45), (9, 15))));
        assert!(half_past.overlaps(&window((8, 0), (12, 0))));
        assert!(!half_past.overlaps(&Window { date: "2021-05-09".parse().expect("a date"), ..half_past }));
        assert_eq!(
            find_overlap(&[window((10, 0), (11, 0)), half_past, window((8, 59), (9, 1))]),
            Some((half_past, window((8, 59), (9, 1))))
        );
        assert!(!window((9, 0), (9, 0)).is_sound());
    }

    #[test]
    fn a_slot_is_later_then_open_then_full_then_past() {
        let terms = Terms {
            window: window((8, 30), (9, 0)),
            capacity: 2,
            taken: 0,
            opens_at: "2021-05-07T00:00:00Z".parse().expect("an instant"),
            closed: false,
        };
        let state = |terms: Terms, now: &str| terms.state(now.parse().expect("an instant"));
        assert_eq!(state(terms, "2021-05-06T23:59:59Z"), SlotState::Later);
        assert_eq!(state(terms, "2021-05-07T00:00:00Z"), SlotState::Open);
        assert_eq!(state(Terms { taken: 2, ..terms }, "2021-05-07T00:00:00Z"), SlotState::Full);
        assert_eq!(state(Terms { closed: true, ..terms }, "2021-05-07T00:00:00Z"), SlotState::Closed);
        assert_eq!(state(terms, "2021-05-08T00:29:59Z"), SlotState::Open);
        assert_eq!(state(terms, "2021-05-08T00:30:00Z"), SlotState::Closed);
    }

    #[test]
    fn who_stands_there_may_have_a_place_of_a_window_that_has_begun_until_it_is_over() {
        let opens_at = "2021-05-07T00:00:00Z".parse().expect("an instant");
        let terms = Terms { window: window((8, 30), (9, 0)), capacity: 2, taken: 1, opens_at, closed: false };
        let objection = |terms: Terms, now: &str| terms.objection_to_walk_in(now.parse().expect("an instant"));
        assert_eq!(objection(terms, "2021-05-08T00:30:00Z"), None);
        assert_eq!(objection(terms, "2021-05-08T00:59:59Z"), None);
        assert_eq!(objection(terms, "2021-05-08T01:00:00Z"), Some(Reason::SlotPast));
        assert_eq!(objection(Terms { taken: 2, ..terms }, "2021-05-08T00:45:00Z"), Some(Reason::SlotFull));
        assert_eq!(objection(Terms { closed: true, ..terms }, "2021-05-08T00:45:00Z"), Some(Reason::SlotClosed));
        assert_eq!(objection(terms, "2021-05-06T00:45:00Z"), Some(Reason::SlotLater { opens_at }));
    }

    #[test]
    fn a_slot_on_the_wire_has_the_fields_of_the_contract() {
        let slot = Slot {
            id: Uuid::nil(),
            vaccine_id: "vero".into(),
            window: window((8, 30), (9, 0)),
            capacity: 5,
            remaining: 3,
            state: SlotState::Open,
            opens_at: None,
        };
        let json = serde_json::to_value(&slot).expect("serialises");
        assert_eq!(
            json,
            serde_json::json!({"id": Uuid::nil(), "vaccine_id": "vero", "date": "2021-05-08", "start": "08:30", "end": "09:00", "capacity": 5, "remaining": 3, "state": "open"})
        );
        assert_eq!(serde_json::from_value::<Slot>(json).expect("reads back"), slot);
    }

    proptest! {
        #[test]
        fn overlapping_is_mutual(a in 0u32..47, a_len in 1u32..20, b in 0u32..47, b_len in 1u32..20) {
            let make = |start: u32, len: u32| { let end = (start + len).min(47); window((start / 2, start % 2 * 30), (end / 2, end % 2 * 30)) };
            let (a, b) = (make(a, a_len), make(b, b_len));
            prop_assert_eq!(a.overlaps(&b), b.overlaps(&a));
            prop_assert_eq!(find_overlap(&[a, b]).is_some(), a.overlaps(&b));
        }
    }
}
