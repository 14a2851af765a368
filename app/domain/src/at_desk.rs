//! Bookings that staff make at the desk: for somebody who walks in, or who calls.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::booking::Consent;
use crate::error::{Error, Result};
use crate::person::PersonDraft;
use crate::reason::Reason;
use crate::screening::Screening;
use crate::slot::{Slot, Window};
use crate::words::words;

words! {
    /// How a booking came to the desk.
    AtDesk {
        /// Somebody stands there, today.
        WalkIn = "walk_in",
        /// Somebody called the site.
        Phone = "phone",
    }
}

impl AtDesk {
    /// Whether such a booking may be for a window: who stands there is vaccinated today, also in a window that has begun.
    ///
    /// # Errors
    /// `invalid` on `slot_id` for a walk-in on another day than `today`.
    pub fn suits(self, window: &Window, today: NaiveDate) -> Result<()> {
        match self {
            Self::WalkIn if window.date != today => Err(Error::field("slot_id", Reason::OtherDay { date: window.date })),
            Self::WalkIn | Self::Phone => Ok(()),
        }
    }
}

/// `desk/book`: one place of a site, for somebody who has no account open in front of them. It belongs to the account of their phone.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookAtDesk {
    /// As in [`crate::booking::Reserve::request_id`].
    pub request_id: Uuid,
    /// Where and when.
    pub slot_id: Uuid,
    /// Which dose, from 1.
    pub dose: u8,
    /// How they came to the desk.
    pub how: AtDesk,
    /// Who they are; `self` where the phone is their own. Nobody who is listed already is named by an id here.
    pub person: PersonDraft,
    /// The day of the dose before, when it was given elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_dose_on: Option<NaiveDate>,
    /// The answers to the five questions, which staff have asked.
    pub screening: Screening,
    /// What was read out or shown to them, and agreed to.
    pub consent: Consent,
    /// Whether they have agreed separately to the processing of sensitive data.
    #[serde(default)]
    pub sensitive: bool,
}

/// `desk/places`: what can be given away at a site now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Places {
    /// Which site.
    pub site_id: Uuid,
    /// To whom.
    pub how: AtDesk,
    /// Windows with free places, soonest first.
    pub slots: Vec<Slot>,
}

/// Who somebody is, is not shown.
impl core::fmt::Debug for BookAtDesk {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("BookAtDesk").field("how", &self.how).field("slot_id", &self.slot_id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_walks_in_is_vaccinated_today_and_who_calls_on_any_day() {
        let time = |text: &str| crate::time::hhmm::parse(text).expect("a time");
        let day = |text: &str| text.parse::<NaiveDate>().expect("a date");
        let window = |date: &str| Window { date: day(date), start: time("09:00"), end: time("09:30") };
        let today = day("2026-03-02");
        assert_eq!(AtDesk::WalkIn.suits(&window("2026-03-02"), today), Ok(()));
        let refused = AtDesk::WalkIn.suits(&window("2026-03-03"), today).expect_err("tomorrow");
        assert_eq!(
            (refused.field.as_deref(), refused.reason),
            (Some("slot_id"), Some(Reason::OtherDay { date: day("2026-03-03") }))
        );
        assert_eq!(AtDesk::Phone.suits(&window("2026-03-03"), today), Ok(()));
    }
}
