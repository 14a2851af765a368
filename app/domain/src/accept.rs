//! Somebody who comes to another site, or on another day, than they booked: what a manager may still accept.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::booking::BookingState;
use crate::error::{Error, Result};
use crate::reason::Reason;
use crate::reveal::checked_note;

/// For how many days after its own a booking may still be accepted.
pub const ACCEPTED_DAYS: i64 = 7;

/// Part of `checkin/redeem`: the jab is recorded although it was booked for another site or day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accept {
    /// Why; kept in the audit.
    pub reason: String,
}

impl Accept {
    /// The reason as it is kept.
    ///
    /// # Errors
    /// `invalid` on `accept.reason`: missing, too long, or with something in it that looks like somebody's number.
    pub fn why(&self) -> Result<&str> {
        match checked_note(Some(&self.reason)) {
            Ok("") => Err(Error::field("accept.reason", Reason::Missing)),
            Ok(why) => Ok(why),
            Err(error) => Err(Error { field: Some("accept.reason".into()), ..error }),
        }
    }
}

/// Whether a booking for `date` that is in `state` today may be accepted `today` at all. A day that is still to come may always be: the
/// rules between doses say whether the jab may.
///
/// # Errors
/// `already_redeemed` or `wrong_state`, with what stands in the way.
pub fn may_be_accepted(state: BookingState, date: NaiveDate, today: NaiveDate) -> Result<()> {
    match state {
        BookingState::Booked => Ok(()),
        BookingState::Missed if (today - date).num_days() <= ACCEPTED_DAYS => Ok(()),
        BookingState::Missed => Err(Error::new(Reason::Missed)),
        BookingState::Cancelled => Err(Error::new(Reason::Cancelled)),
        BookingState::Redeemed => Err(Error::new(Reason::Redeemed)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use BookingState::{Booked, Cancelled, Missed, Redeemed};

    #[test]
    fn what_was_missed_is_accepted_for_a_week_and_what_is_over_never() {
        let day = |text: &str| text.parse::<NaiveDate>().expect("a date");
        for (state, date, refused) in [
            (Booked, "2021-05-08", None),
            (Booked, "2021-06-30", None),
            (Missed, "2021-05-07", None),
            (Missed, "2021-05-01", None),
            (Missed, "2021-04-30", Some(Reason::Missed)),
            (Cancelled, "2021-05-08", Some(Reason::Cancelled)),
            (Redeemed, "2021-05-08", Some(Reason::Redeemed)),
        ] {
            let answer = may_be_accepted(state, day(date), day("2021-05-08")).map_err(|error| error.reason);
            assert_eq!(answer.err().flatten(), refused, "{state} {date}");
        }
    }

    #[test]
    fn a_reason_is_needed_and_holds_nobodys_number() {
        let why =
            |reason: &str| Accept { reason: reason.into() }.why().map(str::to_owned).map_err(|error| (error.field, error.reason));
        let at = |reason| Err((Some("accept.reason".to_owned()), Some(reason)));
        assert_eq!(why(" 走错了接种点 "), Ok("走错了接种点".into()));
        assert_eq!(why(" "), at(Reason::Missing));
        assert_eq!(why("13800138000"), at(Reason::NoteNumber));
    }
}
