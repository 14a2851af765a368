//! Jabs that were recorded without a network and are sent afterwards: which time is believed, and what becomes of each.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::conflict::ConflictKind;
use crate::booking::BookingState;
use crate::reason::Reason;
use crate::time::civil;
use crate::words::words;

/// How many are sent at once, at most.
pub const MOST: usize = 50;
/// How far a tablet's clock may be ahead, in minutes: what lies in that future counts as now.
pub const SLIP_MINUTES: i64 = 5;
/// How old a jab may be when it is sent, in hours: what was recorded in the evening is taken the next day.
pub const OLDEST_HOURS: i64 = 36;

/// A jab that was recorded without a network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Late {
    /// The booking's code, in any writing.
    pub code: String,
    /// Once per scan: the same one that `checkin/redeem` would have had.
    pub nonce: Uuid,
    /// When, by the tablet's clock set right by the server's.
    pub at: DateTime<Utc>,
    /// The lot of the vaccine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lot: Option<String>,
    /// What the tablet calls itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// The user name of whoever recorded it; nothing: whoever sends it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

words! {
    /// What became of one of them.
    Became {
        /// It is recorded.
        Recorded = "recorded",
        /// It was recorded before, by the same scan.
        Already = "already",
        /// It disagrees with what the booking says: both records are kept for the site's manager.
        Conflict = "conflict",
        /// It cannot be taken; the reason says why.
        Refused = "refused",
    }
}

/// What became of one of them, and why it was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LateAnswer {
    /// Which.
    pub nonce: Uuid,
    /// What became of it.
    pub became: Became,
    /// Why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
}

impl LateAnswer {
    /// It was taken.
    pub fn of(nonce: Uuid, became: Became) -> Self {
        Self { nonce, became, reason: None }
    }

    /// It was not.
    pub fn refused(nonce: Uuid, reason: Reason) -> Self {
        Self { nonce, became: Became::Refused, reason: Some(reason) }
    }
}

/// `offline/send`: what became of each, in the order in which they were sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// One for each.
    pub answers: Vec<LateAnswer>,
}

/// A time that is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct When {
    /// When.
    pub at: DateTime<Utc>,
    /// Whether the tablet's clock was ahead, and the present moment stands in for what it said.
    pub clamped: bool,
}

/// Which time is believed of a jab that a tablet says was given `at`.
///
/// # Errors
/// [`Reason::LateTime`]: further in the future than a clock slips, or older than anything that is still taken.
pub fn when(at: DateTime<Utc>, now: DateTime<Utc>) -> Result<When, Reason> {
    let ahead = at.signed_duration_since(now);
    if ahead > TimeDelta::minutes(SLIP_MINUTES) || -ahead > TimeDelta::hours(OLDEST_HOURS) {
        return Err(Reason::LateTime);
    }
    Ok(When { at: at.min(now), clamped: at > now })
}

/// What becomes of a jab that was given `at` at the site `here`, to somebody whose booking is, as the database has it, in `state`, for the
/// day `date` at `site_id`. Nothing in the way: it is recorded, also where the day has ended meanwhile and made the booking missed.
pub fn in_the_way(state: BookingState, date: NaiveDate, site_id: Uuid, at: DateTime<Utc>, here: Uuid) -> Option<ConflictKind> {
    match state {
        BookingState::Redeemed => Some(ConflictKind::DoneTwice),
        BookingState::Booked | BookingState::Missed if date == civil(at).date() && site_id == here => None,
        BookingState::Booked | BookingState::Missed => Some(ConflictKind::Elsewhere),
        _ => Some(ConflictKind::NotWaiting),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    #[test]
    fn a_clock_that_is_a_little_ahead_counts_as_now_and_no_other_wrong_time_is_believed() {
        let now = instant("2021-05-08T02:00:00Z");
        for (at, believed) in [
            ("2021-05-08T01:41:00Z", Ok(("2021-05-08T01:41:00Z", false))),
            ("2021-05-08T02:00:00Z", Ok(("2021-05-08T02:00:00Z", false))),
            ("2021-05-08T02:05:00Z", Ok(("2021-05-08T02:00:00Z", true))),
            ("2021-05-08T02:05:01Z", Err(Reason::LateTime)),
            ("2031-05-08T02:00:00Z", Err(Reason::LateTime)),
            ("2021-05-06T14:00:00Z", Ok(("2021-05-06T14:00:00Z", false))),
            ("2021-05-06T13:59:59Z", Err(Reason::LateTime)),
        ] {
            let believed = believed.map(|(at, clamped)| When { at: instant(at), clamped });
            assert_eq!(when(instant(at), now), believed, "{at}");
        }
    }

    #[test]
    fn what_waits_for_this_day_and_site_is_recorded_and_all_else_is_for_the_manager() {
        let (here, there) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let at = instant("2021-05-07T16:30:00Z");
        let (today, tomorrow) = ("2021-05-08".parse().expect("a date"), "2021-05-09".parse().expect("a date"));
        for (state, date, site, expected) in [
            (BookingState::Booked, today, here, None),
            (BookingState::Missed, today, here, None),
            (BookingState::Booked, tomorrow, here, Some(ConflictKind::Elsewhere)),
            (BookingState::Booked, today, there, Some(ConflictKind::Elsewhere)),
            (BookingState::Cancelled, today, here, Some(ConflictKind::NotWaiting)),
            (BookingState::Redeemed, today, here, Some(ConflictKind::DoneTwice)),
            (BookingState::Redeemed, tomorrow, there, Some(ConflictKind::DoneTwice)),
        ] {
            assert_eq!(in_the_way(state, date, site, at, here), expected, "{state} {date}");
        }
    }
}
