//! Bookings: their states, and what crosses the wire about them.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::code::Code;
use crate::error::{Error, Result};
use crate::flow::TurnedAway;
use crate::reason::Reason;
use crate::screening::Screening;
use crate::slot::Window;
use crate::words::words;

words! {
    /// Where a booking stands.
    BookingState {
        /// Waiting for its day.
        Booked = "booked",
        /// The jab was given.
        Redeemed = "redeemed",
        /// Called off.
        Cancelled = "cancelled",
        /// The day passed and nobody came.
        Missed = "missed",
    }
}

words! {
    /// What can happen to a booking.
    Transition {
        /// The jab is recorded.
        Redeem = "redeem",
        /// It is called off.
        Cancel = "cancel",
        /// It gets another slot.
        Move = "move",
        /// The day has passed.
        Miss = "miss",
        /// A recorded jab is taken back, the same day, by a manager.
        Undo = "undo",
    }
}

impl BookingState {
    /// Whether it holds a place and blocks another booking of the same dose.
    pub fn is_live(self) -> bool {
        matches!(self, Self::Booked | Self::Redeemed)
    }

    /// The state as it is on `today`: a booking whose day has passed is missed, also before the sweep has said so.
    #[must_use]
    pub fn on(self, date: NaiveDate, today: NaiveDate) -> Self {
        if self == Self::Booked && date < today { Self::Missed } else { self }
    }

    /// The state after a transition.
    ///
    /// # Errors
    /// `already_redeemed` or `wrong_state`, with the state that stands in the way.
    pub fn after(self, transition: Transition) -> Result<Self> {
        match (self, transition) {
            (Self::Booked, Transition::Redeem) => Ok(Self::Redeemed),
            (Self::Booked, Transition::Cancel) => Ok(Self::Cancelled),
            (Self::Booked, Transition::Move) => Ok(Self::Booked),
            (Self::Booked, Transition::Miss) => Ok(Self::Missed),
            (Self::Redeemed, Transition::Undo) => Ok(Self::Booked),
            (Self::Redeemed, _) => Err(Error::new(Reason::Redeemed)),
            (Self::Cancelled, _) => Err(Error::new(Reason::Cancelled)),
            (Self::Missed, _) => Err(Error::new(Reason::Missed)),
            (Self::Booked, Transition::Undo) => Err(Error::new(Reason::NotRedeemed)),
        }
    }
}

/// Consent to the information notice: the version that was on the screen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// As in [`crate::notice::Notice::version`].
    pub version: String,
}

/// `bookings/reserve`: one place for one person and dose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reserve {
    /// Made once per intent by the caller; the same id again gives the same answer.
    pub request_id: Uuid,
    /// Whom for: one of the account's people.
    pub person_id: Uuid,
    /// Where and when.
    pub slot_id: Uuid,
    /// Which dose, from 1.
    pub dose: u8,
    /// The day of the dose before, when it was given elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_dose_on: Option<NaiveDate>,
    /// The answers to the five questions.
    pub screening: Screening,
    /// Consent to the notice in force.
    pub consent: Consent,
}

/// `bookings/move`: another slot for a booking; the new place is taken before the old one goes, in one transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    /// As in [`Reserve::request_id`].
    pub request_id: Uuid,
    /// Which booking.
    pub code: String,
    /// Where to.
    pub slot_id: Uuid,
}

/// Whom a booking is for, as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookedPerson {
    /// The person.
    pub id: Uuid,
    /// The name.
    pub name: String,
    /// Where the messages go, masked.
    pub phone: String,
}

/// Where a booking is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookedSite {
    /// The site.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// Its name in English.
    pub name_en: String,
    /// Its address, as a taxi driver reads it.
    pub address: String,
    /// Its telephone.
    pub phone: String,
}

/// What a booking is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookedVaccine {
    /// The vaccine.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its name in English.
    pub name_en: String,
    /// How many doses complete it.
    pub doses: u8,
}

/// A booking, as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Booking {
    /// What it is known by.
    pub code: Code,
    /// Where it stands.
    pub state: BookingState,
    /// Which dose.
    pub dose: u8,
    /// Whom for.
    pub person: BookedPerson,
    /// Where.
    pub site: BookedSite,
    /// What.
    pub vaccine: BookedVaccine,
    /// When.
    #[serde(flatten)]
    pub window: Window,
    /// What the QR holds; nothing once the booking is cancelled or missed.
    pub pass: Option<String>,
    /// The version of the notice that was agreed to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent_version: Option<String>,
    /// Why the person went home without the jab, where that ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turned_away: Option<TurnedAway>,
}

/// Replies that hold one booking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OneBooking {
    /// It.
    pub booking: Booking,
}

/// `bookings/list`: the account's bookings, the ones to come first, soonest first; then the others, latest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bookings {
    /// They.
    pub bookings: Vec<Booking>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorCode;
    use BookingState::*;

    #[test]
    fn states_change_only_as_the_house_says() {
        for (state, transition, then) in [
            (Booked, Transition::Redeem, Ok(Redeemed)),
            (Booked, Transition::Cancel, Ok(Cancelled)),
            (Booked, Transition::Move, Ok(Booked)),
            (Booked, Transition::Miss, Ok(Missed)),
            (Booked, Transition::Undo, Err(ErrorCode::WrongState)),
            (Redeemed, Transition::Undo, Ok(Booked)),
            (Redeemed, Transition::Redeem, Err(ErrorCode::AlreadyRedeemed)),
            (Redeemed, Transition::Cancel, Err(ErrorCode::AlreadyRedeemed)),
            (Redeemed, Transition::Miss, Err(ErrorCode::AlreadyRedeemed)),
            (Cancelled, Transition::Redeem, Err(ErrorCode::WrongState)),
            (Cancelled, Transition::Cancel, Err(ErrorCode::WrongState)),
            (Missed, Transition::Redeem, Err(ErrorCode::WrongState)),
            (Missed, Transition::Move, Err(ErrorCode::WrongState)),
        ] {
            assert_eq!(state.after(transition).map_err(|e| e.code), then, "{state} {transition}");
        }
    }

    #[test]
    fn a_booking_is_missed_from_the_day_after() {
        let day = |text: &str| text.parse::<NaiveDate>().expect("a date");
        assert_eq!(Booked.on(day("2021-05-08"), day("2021-05-08")), Booked);
        assert_eq!(Booked.on(day("2021-05-08"), day("2021-05-09")), Missed);
        assert_eq!(Redeemed.on(day("2021-05-08"), day("2021-05-09")), Redeemed);
    }

    #[test]
    fn what_is_live_blocks_another() {
        assert_eq!(BookingState::ALL.iter().filter(|state| state.is_live()).count(), 2);
    }
}
