//! What a citizen sees of the messages about a booking, and what staff see of those that did not arrive.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{AsItIs, MessageKind, MessageState};
use crate::booking::BookingState;
use crate::code::Code;
use crate::lang::Lang;
use crate::slot::Window;
use crate::time::instant;
use crate::words::words;

/// How long a gateway may leave it open what became of a message before somebody calls.
pub const DOUBTED: Duration = Duration::hours(1);

impl MessageKind {
    /// What it is called where its reader sees it.
    pub fn title(self, lang: Lang) -> &'static str {
        match self {
            Self::SignInCode => lang.pick("登录验证码", "Sign-in code"),
            Self::OwnDataCode => lang.pick("数据验证码", "Code for your data"),
            Self::Booked => lang.pick("预约成功", "Booked"),
            Self::Moved => lang.pick("已改期", "Moved"),
            Self::Cancelled => lang.pick("已取消", "Cancelled"),
            Self::CancelledBySite => lang.pick("接种点取消", "Cancelled by the site"),
            Self::Reminder => lang.pick("接种提醒", "Reminder"),
            Self::NextDose => lang.pick("可约下一剂", "Next dose"),
            Self::Missed => lang.pick("没有接种", "Missed"),
        }
    }
}

/// A message about a booking, as the booking's owner sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageTold {
    /// What it is about.
    pub kind: MessageKind,
    /// Where it stands.
    pub state: MessageState,
    /// When it goes, where it has not gone; otherwise when it went.
    pub at: DateTime<Utc>,
    /// The number, masked.
    pub to: String,
}

/// `bookings/messages`: the messages about a booking, the latest first. Those that were not wanted any more are not among them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookingMessages {
    /// They.
    pub messages: Vec<MessageTold>,
}

words! {
    /// Why somebody should call.
    NotArrived {
        /// No gateway could deliver it.
        Failed = "failed",
        /// Whether it arrived is not known, for an hour and more.
        InDoubt = "in_doubt",
    }
}

/// Somebody who should be told by telephone: one line a booking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToCall {
    /// The message; `messages/called` takes it.
    pub id: Uuid,
    /// The booking; `checkin/reveal` shows whom to call.
    pub code: Code,
    /// What the message was about.
    pub kind: MessageKind,
    /// The masked name.
    pub name: String,
    /// Where the booking is, or was, for.
    pub site_id: Uuid,
    /// The site's name.
    pub site_name: String,
    /// Its name in English.
    pub site_name_en: String,
    /// When.
    #[serde(flatten)]
    pub window: Window,
    /// Why.
    pub why: NotArrived,
}

/// `messages/to_call`: whom to call, by the day and window of their bookings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallList {
    /// They.
    pub rows: Vec<ToCall>,
    /// Whether there are more than are shown.
    pub more: bool,
}

/// `messages/to_call_count`: how many there are, as far as they are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallCount {
    /// They.
    pub count: u32,
}

/// Whether somebody should hear by telephone what a message of a version should have told: it matters still, and they do not know it. Whoever
/// calls a booking off themselves knows; who is invited to the next dose, or missed a day, loses nothing by not hearing it.
pub fn matters(kind: MessageKind, version: i32, booking: &AsItIs, now: DateTime<Utc>) -> bool {
    let to_come = now < instant(booking.window.date, booking.window.end);
    let wanted = match kind {
        MessageKind::Booked | MessageKind::Moved | MessageKind::Reminder => booking.state == BookingState::Booked,
        MessageKind::CancelledBySite => booking.state == BookingState::Cancelled && !booking.settled,
        MessageKind::SignInCode
        | MessageKind::OwnDataCode
        | MessageKind::Cancelled
        | MessageKind::NextDose
        | MessageKind::Missed => false,
    };
    wanted && version == booking.version && to_come
}

/// Why somebody should call, by where the message stands: failed, or in doubt since it was handed over at `handed_at`, an hour ago and more.
/// In doubt are worth a call only those that nobody may miss.
pub fn not_arrived(
    kind: MessageKind,
    state: MessageState,
    handed_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Option<NotArrived> {
    let urgent = matches!(kind, MessageKind::Reminder | MessageKind::CancelledBySite);
    match state {
        MessageState::Failed => Some(NotArrived::Failed),
        MessageState::InDoubt if urgent && handed_at.is_some_and(|at| now - at >= DOUBTED) => Some(NotArrived::InDoubt),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    fn booking(state: BookingState) -> AsItIs {
        let time = |text: &str| crate::time::hhmm::parse(text).expect("a time");
        let window = Window { date: "2024-02-29".parse().expect("a date"), start: time("09:30"), end: time("10:00") };
        AsItIs { state, version: 2, window, settled: false }
    }

    #[test]
    fn somebody_is_called_while_it_matters_and_only_for_what_they_do_not_know() {
        use BookingState::*;
        use MessageKind as Kind;
        for (kind, state, now, calls) in [
            (Kind::Booked, Booked, "2024-02-20T12:00:00+08:00", true),
            (Kind::Moved, Booked, "2024-02-20T12:00:00+08:00", true),
            (Kind::Reminder, Booked, "2024-02-29T09:59:59+08:00", true),
            (Kind::Reminder, Booked, "2024-02-29T10:00:00+08:00", false),
            (Kind::Reminder, Redeemed, "2024-02-29T09:45:00+08:00", false),
            (Kind::Reminder, Cancelled, "2024-02-28T12:00:00+08:00", false),
            (Kind::Reminder, Missed, "2024-03-01T00:00:00+08:00", false),
            (Kind::CancelledBySite, Cancelled, "2024-02-29T09:00:00+08:00", true),
            (Kind::CancelledBySite, Cancelled, "2024-02-29T10:00:00+08:00", false),
            (Kind::CancelledBySite, Booked, "2024-02-28T12:00:00+08:00", false),
            (Kind::Cancelled, Cancelled, "2024-02-28T12:00:00+08:00", false),
            (Kind::NextDose, Redeemed, "2024-02-28T12:00:00+08:00", false),
            (Kind::Missed, Missed, "2024-03-01T12:00:00+08:00", false),
            (Kind::SignInCode, Booked, "2024-02-20T12:00:00+08:00", false),
        ] {
            assert_eq!(matters(kind, 2, &booking(state), at(now)), calls, "{kind} of a booking that is {state} at {now}");
            assert!(!matters(kind, 1, &booking(state), at(now)), "{kind} of an older version: there is a newer message");
        }
        let again = AsItIs { settled: true, ..booking(Cancelled) };
        assert!(!matters(Kind::CancelledBySite, 2, &again, at("2024-02-28T12:00:00+08:00")), "they have booked again");
    }

    #[test]
    fn what_failed_is_called_for_at_once_and_what_is_in_doubt_after_an_hour_where_nobody_may_miss_it() {
        use MessageState::*;
        let now = at("2024-02-28T18:00:00+08:00");
        let (hour, less) = (Some(now - Duration::hours(1)), Some(now - Duration::minutes(59)));
        for (kind, state, handed_at, why) in [
            (MessageKind::Booked, Failed, None, Some(NotArrived::Failed)),
            (MessageKind::Reminder, Failed, less, Some(NotArrived::Failed)),
            (MessageKind::Reminder, InDoubt, hour, Some(NotArrived::InDoubt)),
            (MessageKind::Reminder, InDoubt, less, None),
            (MessageKind::Reminder, InDoubt, None, None),
            (MessageKind::CancelledBySite, InDoubt, hour, Some(NotArrived::InDoubt)),
            (MessageKind::Booked, InDoubt, hour, None),
            (MessageKind::Reminder, Sending, hour, None),
            (MessageKind::Reminder, Delivered, hour, None),
            (MessageKind::Reminder, Called, hour, None),
        ] {
            assert_eq!(not_arrived(kind, state, handed_at, now), why, "{kind} {state} {handed_at:?}");
        }
    }

    #[test]
    fn each_kind_has_a_title_in_both_languages() {
        let titles: std::collections::HashSet<_> =
            MessageKind::ALL.iter().flat_map(|kind| Lang::ALL.iter().map(|lang| kind.title(*lang))).collect();
        assert_eq!(titles.len(), 2 * MessageKind::ALL.len());
    }
}
