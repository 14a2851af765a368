//! Lots: which boxes of vaccine a site has open, and which of them a jab may be recorded with.
//!
//! Source: 预防接种工作规范（2023 年版）, three checks and seven comparisons: name, lot and expiry are looked at before each jab.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::reason::Reason;
use crate::time::civil;

/// The most doses that are opened under one number at a time.
pub const MOST_DOSES: u32 = 10_000;
/// The longest lot number, in characters.
const LONGEST: usize = 30;

/// `lots/open`: a lot from which jabs are given from now on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenLot {
    /// Where.
    pub site_id: Uuid,
    /// Of what.
    pub vaccine_id: String,
    /// As it is printed on the box.
    pub number: String,
    /// The last day on which it may be given.
    pub expires_on: NaiveDate,
    /// How many doses there are, from 1 to [`MOST_DOSES`].
    pub doses: u32,
}

impl OpenLot {
    /// The number as it is kept, of a lot that may be opened `today`.
    ///
    /// # Errors
    /// `invalid` on `number`, `expires_on` or `doses`.
    pub fn checked(&self, today: NaiveDate) -> Result<String> {
        let number = number(&self.number)?;
        if self.expires_on < today {
            return Err(Error::field("expires_on", Reason::LotExpired { on: self.expires_on }));
        }
        if !(1..=MOST_DOSES).contains(&self.doses) {
            return Err(Error::field("doses", Reason::LotDoses { most: MOST_DOSES }));
        }
        Ok(number)
    }
}

/// A lot of a site, as its staff see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lot {
    /// Its id.
    pub id: Uuid,
    /// Of what.
    pub vaccine_id: String,
    /// Its name.
    pub vaccine_name: String,
    /// Its name in English.
    pub vaccine_name_en: String,
    /// As it is printed on the box.
    pub number: String,
    /// The last day on which it may be given.
    pub expires_on: NaiveDate,
    /// Whether that day is over.
    pub expired: bool,
    /// How many doses there were.
    pub doses: u32,
    /// How many are left: those that no recorded jab names.
    pub left: u32,
    /// Since when.
    pub opened_at: DateTime<Utc>,
    /// Who opened it.
    pub opened_by: String,
    /// Until when, once it is closed.
    pub closed_at: Option<DateTime<Utc>>,
}

/// `lots/list`: the open lots of a site, and those that were closed today.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lots {
    /// Which site.
    pub site_id: Uuid,
    /// They: the open ones first, by vaccine and number.
    pub lots: Vec<Lot>,
    /// Whether the caller may open and close them.
    pub may_keep: bool,
}

/// Replies that hold one lot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OneLot {
    /// It.
    pub lot: Lot,
}

/// What decides whether a jab may be recorded with an open lot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InUse {
    /// Its id.
    pub id: Uuid,
    /// Its number, as it is kept.
    pub number: String,
    /// The last day on which it may be given.
    pub expires_on: NaiveDate,
}

/// Which of the open lots of its vaccine a jab given `today` is from. Nothing where the site has none open: then the lot is what was typed.
///
/// # Errors
/// `invalid` on `lot` when it is none of them, or may be given no more.
pub fn from_lot<'a>(typed: &str, open: &'a [InUse], today: NaiveDate) -> Result<Option<&'a InUse>> {
    if open.is_empty() {
        return Ok(None);
    }
    let refused = |reason| Error::field("lot", reason);
    let lot = open.iter().find(|lot| lot.number.eq_ignore_ascii_case(typed.trim())).ok_or_else(|| refused(Reason::LotNotOpen))?;
    if lot.expires_on < today {
        return Err(refused(Reason::LotExpired { on: lot.expires_on }));
    }
    Ok(Some(lot))
}

/// A lot number: letters, digits and what stands between them, in capitals.
/// Whether a lot that was open from `opened` until `closed` may be the one of a jab that is sent afterwards: it was open at some time of the
/// jab's day. The minute counts for nothing, for a tablet's clock may be wrong and a box is written down when there is time for it.
pub fn was_open(opened: DateTime<Utc>, closed: Option<DateTime<Utc>>, jab: DateTime<Utc>) -> bool {
    let day = |at: DateTime<Utc>| civil(at).date();
    day(opened) <= day(jab) && closed.is_none_or(|closed| day(closed) >= day(jab))
}

fn number(typed: &str) -> Result<String> {
    let number = typed.trim().to_ascii_uppercase();
    let sign = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '-' | '/' | '.');
    if (1..=LONGEST).contains(&number.len()) && number.chars().all(sign) {
        Ok(number)
    } else {
        Err(Error::field("number", Reason::LotShape))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jab_that_is_sent_afterwards_is_from_a_lot_that_was_open_on_its_day() {
        let at = |text: &str| format!("2026-03-{text}:00+08:00").parse::<DateTime<Utc>>().expect("an instant");
        for (opened, closed, jab, open) in [
            ("02T09:00", None, "02T08:50", true),
            ("02T09:00", None, "05T09:00", true),
            ("02T09:00", None, "01T23:59", false),
            ("02T09:00", Some("03T10:00"), "03T11:00", true),
            ("02T09:00", Some("03T10:00"), "04T00:00", false),
        ] {
            assert_eq!(was_open(at(opened), closed.map(at), at(jab)), open, "{opened} {closed:?} {jab}");
        }
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    fn lot(number: &str, expires_on: &str) -> InUse {
        InUse { id: Uuid::nil(), number: number.into(), expires_on: day(expires_on) }
    }

    #[test]
    fn a_jab_is_from_an_open_lot_that_has_not_expired_or_from_any_where_the_site_keeps_none() {
        let open = [lot("202603-A", "2026-03-02"), lot("OLD", "2026-03-01")];
        let from = |typed: &str, open: &[InUse]| {
            from_lot(typed, open, day("2026-03-02")).map(|lot| lot.map(|lot| lot.number.clone())).map_err(|error| error.reason)
        };
        assert_eq!(from("202603-a ", &open), Ok(Some("202603-A".into())), "its last day is not over");
        assert_eq!(from("old", &open), Err(Some(Reason::LotExpired { on: day("2026-03-01") })));
        assert_eq!(from("another", &open), Err(Some(Reason::LotNotOpen)));
        assert_eq!(from("another", &[]), Ok(None));
        assert_eq!(from_lot("another", &open, day("2026-03-02")).expect_err("none").field.as_deref(), Some("lot"));
    }

    #[test]
    fn a_lot_that_is_opened_has_a_number_days_ahead_and_doses() {
        let open = |number: &str, expires_on: &str, doses| {
            let lot = OpenLot {
                site_id: Uuid::nil(),
                vaccine_id: "vero".into(),
                number: number.into(),
                expires_on: day(expires_on),
                doses,
            };
            lot.checked(day("2026-03-02")).map_err(|error| error.field.expect("a field"))
        };
        assert_eq!(open(" 202603-a/1.2 ", "2026-03-02", 1), Ok("202603-A/1.2".into()));
        for (number, expires_on, doses, field) in [
            ("", "2027-01-01", 10, "number"),
            ("批号一", "2027-01-01", 10, "number"),
            ("A B", "2027-01-01", 10, "number"),
            (&"9".repeat(31), "2027-01-01", 10, "number"),
            ("A", "2026-03-01", 10, "expires_on"),
            ("A", "2027-01-01", 0, "doses"),
            ("A", "2027-01-01", MOST_DOSES + 1, "doses"),
        ] {
            assert_eq!(open(number, expires_on, doses), Err(field.to_owned()), "{number}");
        }
    }
}
