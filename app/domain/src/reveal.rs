//! What staff see masked, shown in full for a moment: for a reason of a list, in words of a bounded length, and never without a trace.

use core::fmt::Display;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::identity::half_width;
use crate::reason::Reason;
use crate::words::words;

/// The longest note, in characters.
pub const LONGEST_NOTE: usize = 100;
/// As many digits in a row are a part of somebody's number, and belong into no note.
const DIGITS: usize = 6;
/// Seconds for which the page shows it.
pub const SHOWN_S: u32 = 30;

words! {
    /// What is shown.
    Secret {
        /// The number of the document.
        Document = "document",
        /// The mobile number.
        Phone = "phone",
        /// The address.
        Address = "address",
    }
}

words! {
    /// Why.
    Purpose {
        /// The document at the desk is compared with the booking's.
        Identity = "identity",
        /// The person, or who came with them, must be reached.
        Contact = "contact",
        /// Something happened after the jab.
        AdverseReaction = "adverse_reaction",
        /// Somebody says that what is kept about them is wrong.
        Correction = "correction",
        /// What stands in the note.
        Other = "other",
    }
}

/// `checkin/reveal`: shows one thing about the person of a booking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reveal {
    /// The booking's code, in any writing.
    pub code: String,
    /// What.
    pub what: Secret,
    /// Why.
    pub reason: Purpose,
    /// More about it; needed for [`Purpose::Other`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Reveal {
    /// The reason as it is kept: its word, and the note.
    ///
    /// # Errors
    /// `invalid` on `note`: missing where it is needed, too long, or with something in it that looks like somebody's number.
    pub fn why(&self) -> Result<String> {
        let note = checked_note(self.note.as_deref())?;
        if note.is_empty() && self.reason == Purpose::Other {
            return Err(Error::field("note", Reason::Missing));
        }
        Ok(with_note(format!("{} {}", self.what, self.reason), note))
    }
}

/// A reason as it is kept: its word, and the note, where there is one.
pub(crate) fn with_note(word: impl Display, note: &str) -> String {
    let colon = if note.is_empty() { "" } else { ": " };
    format!("{word}{colon}{note}")
}

/// A note that staff wrote, trimmed; empty where there is none.
///
/// # Errors
/// `invalid` on `note`: too long, or with something in it that looks like somebody's number.
pub(crate) fn checked_note(note: Option<&str>) -> Result<&str> {
    let note = note.unwrap_or_default().trim();
    if note.chars().count() > LONGEST_NOTE || note.chars().any(char::is_control) {
        return Err(Error::field("note", Reason::NoteLength));
    }
    if has_number(note) {
        return Err(Error::field("note", Reason::NoteNumber));
    }
    Ok(note)
}

/// Whether a text has a run of digits as long as a part of somebody's number, in whatever width and groups.
fn has_number(text: &str) -> bool {
    let mut run = 0;
    text.chars().map(half_width).any(|sign| {
        match sign {
            _ if sign.is_ascii_digit() => run += 1,
            // what people write between groups
            ' ' | '-' | '.' | '_' | '·' | '/' => {}
            _ => run = 0,
        }
        run >= DIGITS
    })
}

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revealed {
    /// What.
    pub what: Secret,
    /// It, in full.
    pub value: String,
    /// Seconds after which the page hides it.
    pub seconds: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(reason: Purpose, note: Option<&str>) -> core::result::Result<String, Option<Reason>> {
        let reveal = Reveal { code: String::new(), what: Secret::Phone, reason, note: note.map(str::to_owned) };
        reveal.why().map_err(|error| error.reason)
    }

    #[test]
    fn a_reason_of_the_list_is_enough_and_another_one_needs_words() {
        assert_eq!(why(Purpose::Contact, None), Ok("phone contact".into()));
        assert_eq!(why(Purpose::Contact, Some(" 走错接种点 ")), Ok("phone contact: 走错接种点".into()));
        for empty in [None, Some(""), Some("  ")] {
            assert_eq!(why(Purpose::Other, empty), Err(Some(Reason::Missing)));
        }
        let long = "长".repeat(LONGEST_NOTE);
        assert!(why(Purpose::Other, Some(&long)).is_ok());
        assert_eq!(why(Purpose::Other, Some(&(long + "长"))), Err(Some(Reason::NoteLength)));
        assert_eq!(why(Purpose::Other, Some("a\u{202e}\nb")), Err(Some(Reason::NoteLength)));
    }

    #[test]
    fn no_note_holds_anybodys_number() {
        for note in ["13800138000", "１３８００１３８０００", "138 0013 8000", "证件431102-1990", "尾号 0013 80", "4.3.1.1.0.2"]
        {
            assert_eq!(why(Purpose::Other, Some(note)), Err(Some(Reason::NoteNumber)), "{note}");
        }
        for note in ["11月23日 9点", "第2剂，3号台", "尾号 0013"] {
            assert!(why(Purpose::Other, Some(note)).is_ok(), "{note}");
        }
    }
}
