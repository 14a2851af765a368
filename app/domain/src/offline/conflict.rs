//! What two records of one booking disagree on, kept side by side until the site's manager has settled it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::booking::BookingState;
use crate::code::Code;
use crate::error::{Error, Result};
use crate::reason::Reason;
use crate::reveal::checked_note;
use crate::slot::Window;
use crate::words::words;

words! {
    /// What is wrong with a jab that was sent afterwards.
    ConflictKind {
        /// The booking was marked done by another scan.
        DoneTwice = "done_twice",
        /// The booking was called off, or given back, before this jab was sent.
        NotWaiting = "not_waiting",
        /// The booking is for another day or site: it was moved meanwhile, or a pass was taken that was not for here.
        Elsewhere = "elsewhere",
        /// The day was over before it was sent, and the person has booked the same dose again.
        BookedAgain = "booked_again",
    }
}

words! {
    /// What the manager found out.
    Decision {
        /// One jab was given; it was scanned twice.
        OneJab = "one_jab",
        /// Two jabs were given.
        TwoJabs = "two_jabs",
        /// The jab was given.
        Given = "given",
        /// It was not: a slip.
        NotGiven = "not_given",
    }
}

impl Decision {
    /// Whether it answers what such a conflict asks.
    pub fn fits(self, kind: ConflictKind) -> bool {
        match kind {
            ConflictKind::DoneTwice => matches!(self, Self::OneJab | Self::TwoJabs),
            _ => matches!(self, Self::Given | Self::NotGiven),
        }
    }
}

/// One of the two records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JabRecord {
    /// When.
    pub at: DateTime<Utc>,
    /// The member of staff.
    pub by: String,
    /// Where.
    pub site_name: String,
    /// The same in English.
    pub site_name_en: String,
    /// The lot of the vaccine.
    pub lot: Option<String>,
    /// The scan.
    pub nonce: Uuid,
    /// What the tablet calls itself; unknown of one that was online.
    pub device: Option<String>,
}

/// A conflict, as the manager sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflict {
    /// Its id.
    pub id: Uuid,
    /// The booking.
    pub code: Code,
    /// What is wrong.
    pub kind: ConflictKind,
    /// Whom it is for; masked where the booking is another site's, empty where nobody knows any more.
    pub name: String,
    /// Where the booking stands now.
    pub state: BookingState,
    /// The vaccine.
    pub vaccine_name: String,
    /// The same in English.
    pub vaccine_name_en: String,
    /// Which dose.
    pub dose: u8,
    /// When the booking is for, now.
    #[serde(flatten)]
    pub window: Window,
    /// Where the booking is for, now.
    pub site_name: String,
    /// The same in English.
    pub site_name_en: String,
    /// The record that the booking had when the late one came.
    pub first: Option<JabRecord>,
    /// The late one.
    pub late: JabRecord,
    /// Whether the tablet's clock was ahead, and the time of the late one is when it was sent.
    pub clamped: bool,
    /// When it was sent.
    pub sent_at: DateTime<Utc>,
    /// How it was settled.
    pub settled: Option<Settled>,
}

/// How a conflict was settled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// When.
    pub at: DateTime<Utc>,
    /// By whom.
    pub by: String,
    /// What was found out.
    pub decision: Decision,
    /// More about it.
    pub note: String,
}

/// `offline/conflicts`: what is open first, then what was settled lately.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflicts {
    /// The conflicts.
    pub rows: Vec<Conflict>,
    /// Whether there are more.
    pub more: bool,
}

/// `offline/conflict_count`: how many are open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConflictCount {
    /// How many.
    pub count: u32,
}

/// `offline/settle`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settle {
    /// Which.
    pub id: Uuid,
    /// What was found out.
    pub decision: Decision,
    /// More about it: needed where two jabs were given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Settle {
    /// The note as it is kept.
    ///
    /// # Errors
    /// `invalid` on `note`: missing where two jabs were given, too long, or with something in it that looks like somebody's number.
    pub fn checked_note(&self) -> Result<&str> {
        let note = checked_note(self.note.as_deref())?;
        if note.is_empty() && self.decision == Decision::TwoJabs {
            return Err(Error::field("note", Reason::Missing));
        }
        Ok(note)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_answers_what_the_conflict_asks() {
        for kind in ConflictKind::ALL {
            let twice = *kind == ConflictKind::DoneTwice;
            let fits: Vec<_> = Decision::ALL.iter().filter(|decision| decision.fits(*kind)).collect();
            let expected = if twice { [&Decision::OneJab, &Decision::TwoJabs] } else { [&Decision::Given, &Decision::NotGiven] };
            assert_eq!(fits, expected, "{kind}");
        }
    }

    #[test]
    fn two_jabs_need_a_word_about_them() {
        let settle = |decision, note: &str| Settle { id: Uuid::nil(), decision, note: Some(note.to_owned()) };
        assert_eq!(settle(Decision::TwoJabs, " ").checked_note(), Err(Error::field("note", Reason::Missing)));
        assert_eq!(settle(Decision::TwoJabs, " 已告知本人 ").checked_note(), Ok("已告知本人"));
        assert_eq!(settle(Decision::OneJab, "").checked_note(), Ok(""));
        assert!(settle(Decision::OneJab, "13912345678").checked_note().is_err());
    }
}
