//! Messages: what is told to whom, when, and whether it still should be.

mod after;
mod segments;
mod sheet;
mod text;
mod told;
mod wording;

use chrono::{DateTime, Days, Duration, NaiveTime, Utc};
use serde::{Deserialize, Serialize};

use crate::booking::BookingState;
use crate::slot::Window;
use crate::time::{civil, instant};
use crate::words::words;

pub use after::{missed_is_told, next_dose_due};
pub use segments::{Alphabet, Length};
pub use sheet::{Preview, Sheet, SheetText, preview, sheet};
pub use text::{About, Field, Template, TemplateError, Texts, Values, fields_of};
pub use told::{BookingMessages, CallCount, CallList, DOUBTED, MessageTold, NotArrived, ToCall, matters, not_arrived};
pub use wording::{MOST_SEGMENTS, WordingError, example, read_wording};

words! {
    /// What a message is about.
    MessageKind {
        /// A sign-in code.
        SignInCode = "sign_in_code",
        /// A code with which somebody takes their data out, or has it deleted.
        OwnDataCode = "own_data_code",
        /// A booking was made.
        Booked = "booked",
        /// It got another slot.
        Moved = "moved",
        /// It was called off by the citizen.
        Cancelled = "cancelled",
        /// It was called off by the site.
        CancelledBySite = "cancelled_by_site",
        /// It is tomorrow.
        Reminder = "reminder",
        /// The next dose can be booked.
        NextDose = "next_dose",
        /// Its day has passed, and nobody came.
        Missed = "missed",
    }
}

impl MessageKind {
    /// Whether it is a code that somebody waits for with the page open.
    pub const fn is_code(self) -> bool {
        matches!(self, Self::SignInCode | Self::OwnDataCode)
    }

    /// Whether it can wait for the morning.
    const fn can_wait(self) -> bool {
        matches!(self, Self::Reminder | Self::NextDose | Self::Missed)
    }
}

words! {
    /// Where a message stands.
    MessageState {
        /// To be handed to a gateway when it is due.
        Queued = "queued",
        /// Being handed over by a process, which has so long as its lease.
        Sending = "sending",
        /// Handed over, perhaps: the answer was lost. The gateway is asked before it is sent again.
        InDoubt = "in_doubt",
        /// The gateway has taken it.
        Sent = "sent",
        /// It has arrived at the phone.
        Delivered = "delivered",
        /// No gateway could deliver it: somebody should call.
        Failed = "failed",
        /// Somebody of the staff has told it by telephone.
        Called = "called",
        /// Not wanted any more: the booking changed before it was sent.
        Dropped = "dropped",
    }
}

/// When reminders go out on the day before, unless the city says otherwise, in the site's zone: people are back from work.
pub const REMINDER_AT: NaiveTime = NaiveTime::from_hms_opt(17, 0, 0).expect("five in the afternoon");
/// The earliest that a city may choose for it: nobody is woken.
pub const REMINDERS_FROM: NaiveTime = MORNING;
/// The latest.
pub const REMINDERS_TO: NaiveTime = NaiveTime::from_hms_opt(21, 0, 0).expect("nine in the evening");
/// Whoever books for a window that begins so soon knows.
const SOON: Duration = Duration::hours(2);
/// What can wait is not sent in the night: from this hour …
const NIGHT: NaiveTime = NaiveTime::from_hms_opt(21, 30, 0).expect("half past nine");
/// … until this one.
const MORNING: NaiveTime = NaiveTime::from_hms_opt(7, 0, 0).expect("seven in the morning");
/// How long a code can be used.
pub const CODE_LASTS: Duration = Duration::minutes(5);
/// How long after its day it is worth telling somebody that they have missed it.
const WORTH_IT: Duration = Duration::days(7);

/// When the reminder of a window goes out, for a booking made at `now`: the day before (`mission.md` rule 5) at the hour `at`; at once where
/// that has passed; `None` where the window begins within two hours.
pub fn reminder_due(window: &Window, at: NaiveTime, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let due = instant(window.date.checked_sub_days(Days::new(1))?, at);
    let begins = instant(window.date, window.start);
    if due > now { Some(due) } else { (begins - now > SOON).then_some(now) }
}

/// A booking, as it is when a message about it is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AsItIs {
    /// Its state, by the present day.
    pub state: BookingState,
    /// Its version.
    pub version: i32,
    /// When it is for.
    pub window: Window,
    /// What is offered in the message is booked or given already: another booking of the dose that was missed, or the next dose.
    pub settled: bool,
}

/// What becomes of a message that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Going {
    /// It goes.
    Go,
    /// It goes then: it is night.
    Then(DateTime<Utc>),
    /// It would not be true any more.
    Drop,
    /// It is true, and comes too late to be of use.
    TooLate,
}

/// Whether a message about a booking still goes: it tells of `version`, and was written at `written`.
pub fn going(kind: MessageKind, version: i32, booking: &AsItIs, written: DateTime<Utc>, now: DateTime<Utc>) -> Going {
    let AsItIs { state, version: present, window, settled } = *booking;
    let (begins, ends) = (instant(window.date, window.start), instant(window.date, window.end));
    let (true_still, until) = match kind {
        MessageKind::SignInCode | MessageKind::OwnDataCode => (true, written + CODE_LASTS),
        MessageKind::Booked | MessageKind::Moved => (state == BookingState::Booked, ends),
        MessageKind::Reminder => (state == BookingState::Booked, begins),
        MessageKind::Cancelled | MessageKind::CancelledBySite => (state == BookingState::Cancelled, ends),
        MessageKind::NextDose => (state == BookingState::Redeemed && !settled, DateTime::<Utc>::MAX_UTC),
        MessageKind::Missed => (state == BookingState::Missed && !settled, ends + WORTH_IT),
    };
    if !true_still || version != present {
        return Going::Drop;
    }
    if now >= until {
        return Going::TooLate;
    }
    match morning(now) {
        // better at night than not at all
        Some(morning) if kind.can_wait() && morning < until => Going::Then(morning),
        _ => Going::Go,
    }
}

/// The end of the night, where it is one.
fn morning(now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let local = civil(now);
    if local.time() >= NIGHT {
        local.date().succ_opt().map(|day| instant(day, MORNING))
    } else if local.time() < MORNING {
        Some(instant(local.date(), MORNING))
    } else {
        None
    }
}

/// A message, as the demo's inbox shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DemoMessage {
    /// The number.
    pub to: String,
    /// What it is about.
    pub kind: MessageKind,
    /// The words.
    pub text: String,
    /// When it was, or will be, sent.
    pub at: DateTime<Utc>,
    /// Where it stands.
    pub state: MessageState,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(date: &str) -> Window {
        let time = |text: &str| crate::time::hhmm::parse(text).expect("a time");
        Window { date: date.parse().expect("a date"), start: time("09:30"), end: time("10:00") }
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    #[test]
    fn a_reminder_goes_out_the_day_before_or_at_once_but_not_within_two_hours() {
        for (date, now, due) in [
            // into a leap day, and out of it
            ("2024-03-01", "2024-02-20T08:00:00+08:00", Some("2024-02-29T17:00:00+08:00")),
            ("2024-02-29", "2024-02-20T08:00:00+08:00", Some("2024-02-28T17:00:00+08:00")),
            ("2023-03-01", "2023-02-20T08:00:00+08:00", Some("2023-02-28T17:00:00+08:00")),
            ("2024-03-01", "2024-02-29T16:59:59+08:00", Some("2024-02-29T17:00:00+08:00")),
            ("2024-03-01", "2024-02-29T17:00:00+08:00", Some("2024-02-29T17:00:00+08:00")),
            ("2024-03-01", "2024-03-01T07:29:59+08:00", Some("2024-03-01T07:29:59+08:00")),
            ("2024-03-01", "2024-03-01T07:30:00+08:00", None),
            ("2024-03-01", "2024-03-01T09:31:00+08:00", None),
            ("2024-01-01", "2023-12-01T08:00:00+08:00", Some("2023-12-31T17:00:00+08:00")),
        ] {
            assert_eq!(reminder_due(&window(date), REMINDER_AT, at(now)), due.map(at), "{date}, booked at {now}");
        }
    }

    #[test]
    fn a_message_goes_only_while_it_is_true_and_of_use() {
        use BookingState::*;
        use MessageKind as Kind;
        let noon = "2024-02-28T12:00:00+08:00";
        for (kind, state, settled, now, goes) in [
            (Kind::Booked, Booked, false, noon, Going::Go),
            (Kind::Booked, Cancelled, false, noon, Going::Drop),
            (Kind::Booked, Redeemed, false, noon, Going::Drop),
            // who books at night is told at night
            (Kind::Booked, Booked, false, "2024-02-28T23:00:00+08:00", Going::Go),
            (Kind::Moved, Booked, false, "2024-02-29T10:00:00+08:00", Going::TooLate),
            (Kind::Reminder, Booked, false, noon, Going::Go),
            (Kind::Reminder, Booked, false, "2024-02-28T21:30:00+08:00", Going::Then(at("2024-02-29T07:00:00+08:00"))),
            (Kind::Reminder, Booked, false, "2024-02-29T06:59:59+08:00", Going::Then(at("2024-02-29T07:00:00+08:00"))),
            (Kind::Reminder, Booked, false, "2024-02-29T09:29:59+08:00", Going::Go),
            (Kind::Reminder, Booked, false, "2024-02-29T09:30:00+08:00", Going::TooLate),
            (Kind::Reminder, Cancelled, false, noon, Going::Drop),
            (Kind::Reminder, Redeemed, false, noon, Going::Drop),
            (Kind::Reminder, Missed, false, "2024-03-01T00:00:00+08:00", Going::Drop),
            (Kind::Cancelled, Cancelled, false, "2024-02-28T23:30:00+08:00", Going::Go),
            (Kind::Cancelled, Booked, false, noon, Going::Drop),
            (Kind::CancelledBySite, Cancelled, false, "2024-02-28T23:30:00+08:00", Going::Go),
            (Kind::CancelledBySite, Cancelled, false, "2024-02-29T10:00:00+08:00", Going::TooLate),
            (Kind::NextDose, Redeemed, false, noon, Going::Go),
            (Kind::NextDose, Redeemed, true, noon, Going::Drop),
            (Kind::NextDose, Booked, false, noon, Going::Drop),
            (Kind::Missed, Missed, false, noon, Going::Go),
            (Kind::Missed, Missed, true, noon, Going::Drop),
            (Kind::Missed, Missed, false, "2024-03-07T10:00:00+08:00", Going::TooLate),
            (Kind::SignInCode, Booked, false, "2024-02-28T12:04:59+08:00", Going::Go),
            (Kind::SignInCode, Booked, false, "2024-02-28T12:05:00+08:00", Going::TooLate),
        ] {
            let booking = AsItIs { state, version: 2, window: window("2024-02-29"), settled };
            assert_eq!(going(kind, 2, &booking, at(noon), at(now)), goes, "{kind} of a booking that is {state} at {now}");
            assert_eq!(going(kind, 1, &booking, at(noon), at(now)), Going::Drop, "{kind} of an older version");
        }
    }

    #[test]
    fn a_reminder_that_would_wait_past_its_window_goes_at_night() {
        let time = |text: &str| crate::time::hhmm::parse(text).expect("a time");
        let early = Window { date: "2024-02-29".parse().expect("a date"), start: time("06:30"), end: time("07:00") };
        let booking = AsItIs { state: BookingState::Booked, version: 1, window: early, settled: false };
        let night = at("2024-02-29T03:00:00+08:00");
        assert_eq!(going(MessageKind::Reminder, 1, &booking, night, night), Going::Go);
    }
}
