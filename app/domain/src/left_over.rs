//! Doses that are left over at the end of a day: who asked to be called for one, whom a site calls first, and what came of it.
//!
//! An opened vial is used within hours or thrown away. Whoever is called was promised nothing, and whoever is not has lost nothing.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::reason::Reason;
use crate::time::plus_days;
use crate::words::words;

/// How many days ahead one may ask, today not counted.
pub const LONGEST_DAYS: u32 = 14;
/// Sites that one may name.
pub const MOST_SITES: usize = 32;

words! {
    /// What came of a call.
    CallOutcome {
        /// They are on their way.
        Comes = "comes",
        /// Not today.
        Declined = "declined",
        /// Nobody answered; it may be tried again.
        NoAnswer = "no_answer",
    }
}

/// `left_over/ask`: call this person where a dose is left over, at these sites or at all of a county. Asked again, it takes the place of what
/// was asked before for the same person and course.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// One of the account's people.
    pub person_id: Uuid,
    /// What it is to protect against; not needed where the city has one course.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub course: Option<String>,
    /// The sites that may call.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub site_ids: Vec<Uuid>,
    /// Or all sites of this county.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub county: Option<String>,
    /// The last day on which one may be called.
    pub until: NaiveDate,
}

impl Ask {
    /// Checks the last day.
    ///
    /// # Errors
    /// `invalid` on `until` where it is over, or too far away.
    pub fn check(&self, today: NaiveDate) -> Result<()> {
        if (today..=plus_days(today, LONGEST_DAYS)).contains(&self.until) {
            return Ok(());
        }
        Err(Error::field("until", Reason::Date))
    }
}

/// What was asked, as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Its id.
    pub id: Uuid,
    /// Whom for.
    pub person_id: Uuid,
    /// What it is to protect against.
    pub course: String,
    /// The dose that is due.
    pub dose: u8,
    /// The sites that may call.
    pub site_ids: Vec<Uuid>,
    /// The last day on which they may.
    pub until: NaiveDate,
    /// When it was asked.
    pub asked_at: DateTime<Utc>,
}

/// Replies that hold one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OneAsk {
    /// It.
    pub ask: Asked,
}

/// `left_over/mine`: what the account has asked and still holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asks {
    /// They, in the order in which they were asked.
    pub asks: Vec<Asked>,
}

/// What came of a call, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Called {
    /// What.
    pub outcome: CallOutcome,
    /// When.
    pub at: DateTime<Utc>,
}

/// Somebody whom the site may call, masked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToCallForDose {
    /// What staff name it by.
    pub id: Uuid,
    /// The name, masked.
    pub name: String,
    /// Whether they live in the site's county.
    pub near: bool,
    /// The dose that is due.
    pub dose: u8,
    /// Which of the site's vaccines they may have today.
    pub vaccine_ids: Vec<String>,
    /// When they asked.
    pub asked_at: DateTime<Utc>,
    /// What came of a call today.
    pub called: Option<Called>,
}

/// `left_over/call_list`: whom a site may call today, in the order in which it should.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOverList {
    /// The site.
    pub site_id: Uuid,
    /// They.
    pub rows: Vec<ToCallForDose>,
    /// Whether there are more than are listed.
    pub more: bool,
}

/// `left_over/reveal`: whom to ask for, and at which number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhomToCall {
    /// The name.
    pub name: String,
    /// The number.
    pub phone: String,
    /// Seconds for which the page shows it.
    pub seconds: u32,
}

/// Puts them into the order of calling: who comes already first, for they must be known at the door; then who was not called yet, the site's
/// own county before the others, who asked first before who asked later, ids where that is the same; at the end who did not answer.
pub fn in_order(rows: &mut [ToCallForDose]) {
    let turn = |row: &ToCallForDose| match row.called.map(|called| called.outcome) {
        Some(CallOutcome::Comes) => 0,
        None => 1,
        Some(CallOutcome::NoAnswer) => 2,
        Some(CallOutcome::Declined) => 3,
    };
    rows.sort_by_key(|row| (turn(row), !row.near, row.asked_at, row.id));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: u128, near: bool, asked: i64, outcome: Option<CallOutcome>) -> ToCallForDose {
        let at = DateTime::from_timestamp(asked, 0).expect("an instant");
        let called = outcome.map(|outcome| Called { outcome, at });
        ToCallForDose { id: Uuid::from_u128(id), name: String::new(), near, dose: 1, vaccine_ids: vec![], asked_at: at, called }
    }

    #[test]
    fn the_own_county_is_called_first_and_whoever_asked_first_within_it() {
        let mut rows = vec![
            row(1, false, 10, None),
            row(2, true, 30, None),
            row(4, true, 20, None),
            row(3, true, 20, None),
            row(5, true, 5, Some(CallOutcome::NoAnswer)),
            row(6, false, 40, Some(CallOutcome::Comes)),
        ];
        in_order(&mut rows);
        let order: Vec<u128> = rows.iter().map(|row| row.id.as_u128()).collect();
        assert_eq!(order, [6, 3, 4, 2, 1, 5]);
    }

    #[test]
    fn one_may_ask_for_today_and_two_weeks_ahead() {
        let day = |text: &str| text.parse::<NaiveDate>().expect("a date");
        let ask = |until| Ask { person_id: Uuid::nil(), course: None, site_ids: vec![], county: None, until: day(until) };
        for (until, fits) in [("2026-03-01", false), ("2026-03-02", true), ("2026-03-16", true), ("2026-03-17", false)] {
            let checked = ask(until).check(day("2026-03-02"));
            assert_eq!(checked.is_ok(), fits, "{until}");
            assert!(fits || checked == Err(Error::field("until", Reason::Date)));
        }
    }
}
