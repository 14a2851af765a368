//! A site that cannot keep what it promised: windows closed and bookings called off by the staff, with a reason that people are told.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::booking::BookingState;
use crate::code::Code;
use crate::error::Result;
use crate::lang::Lang;
use crate::reveal::{checked_note, with_note};
use crate::words::words;

words! {
    /// Why the site calls off. People are told it in these words, and nothing of the note.
    CallOffReason {
        /// The vaccine has not come, or is used up.
        NoVaccine = "no_vaccine",
        /// The site is closed.
        SiteClosed = "site_closed",
        /// Snow, storm, flood.
        Weather = "weather",
        /// Something else.
        Other = "other",
    }
}

impl CallOffReason {
    /// As a message tells it, after "because of" (因…取消).
    pub fn text(self, lang: Lang) -> &'static str {
        match self {
            Self::NoVaccine => lang.pick("疫苗供应不足", "no vaccine"),
            Self::SiteClosed => lang.pick("接种点停诊", "site closed"),
            Self::Weather => lang.pick("天气原因", "bad weather"),
            Self::Other => lang.pick("接种点工作调整", "changes at the site"),
        }
    }
}

/// `schedule/close`: closes a window for booking and calls off all that wait in it. The same again changes nothing more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloseSlot {
    /// Which.
    pub slot_id: Uuid,
    /// Why; people are told.
    pub reason: CallOffReason,
    /// More about it, for the audit alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// `checkin/call_off`: calls one booking off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallOffOne {
    /// The booking's code, in any writing.
    pub code: String,
    /// Why; the citizen is told.
    pub reason: CallOffReason,
    /// More about it, for the audit alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// What became of a window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotClosed {
    /// Which.
    pub slot_id: Uuid,
    /// Whether it is closed now.
    pub closed: bool,
    /// Bookings that this call has called off; as many messages go out.
    pub called_off: u32,
}

/// What became of one booking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalledOff {
    /// Which.
    pub code: Code,
    /// Where it stands.
    pub state: BookingState,
}

impl CloseSlot {
    /// The reason as it is kept: its word, and the note.
    ///
    /// # Errors
    /// `invalid` on `note`: too long, or with something in it that looks like somebody's number.
    pub fn why(&self) -> Result<String> {
        why(self.reason, self.note.as_deref())
    }
}

impl CallOffOne {
    /// As [`CloseSlot::why`].
    ///
    /// # Errors
    /// As [`CloseSlot::why`].
    pub fn why(&self) -> Result<String> {
        why(self.reason, self.note.as_deref())
    }
}

fn why(reason: CallOffReason, note: Option<&str>) -> Result<String> {
    Ok(with_note(reason, checked_note(note)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reason::Reason;

    #[test]
    fn a_note_is_kept_beside_the_reason_and_holds_nobodys_number() {
        let why = |note: Option<&str>| why(CallOffReason::Weather, note).map_err(|error| (error.field, error.reason));
        assert_eq!(why(None), Ok("weather".into()));
        assert_eq!(why(Some("  ")), Ok("weather".into()));
        assert_eq!(why(Some(" 道路结冰 ")), Ok("weather: 道路结冰".into()));
        assert_eq!(why(Some("13800138000")), Err((Some("note".into()), Some(Reason::NoteNumber))));
        assert_eq!(why(Some("a\nb")), Err((Some("note".into()), Some(Reason::NoteLength))));
    }

    #[test]
    fn every_reason_has_words_in_both_languages() {
        for reason in CallOffReason::ALL {
            assert!(reason.text(Lang::Zh).chars().all(|sign| !sign.is_ascii()), "{reason}");
            assert!(reason.text(Lang::En).is_ascii(), "{reason}");
        }
    }
}
