//! The people of an account: oneself, and those whom one books for.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::city::City;
use crate::eligibility::DoseRecord;
use crate::error::{Error, Result};
use crate::identity::{Address, Document, DocumentDraft, DocumentKind, Name, Phone};
use crate::lang::Lang;
use crate::reason::Reason;
use crate::words::words;

words! {
    /// Whom an account's person is.
    Relation {
        /// The account's own holder.
        Myself = "self",
        /// Somebody they book for.
        Other = "other",
    }
}

/// `people/save`: a person as typed. `id` to change one that is there.
///
/// A person who is there keeps a document or phone that arrives masked, as the lists gave it: what nobody retypes is not lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonDraft {
    /// Which one, if it is there already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Uuid>,
    /// Whom.
    pub relation: Relation,
    /// Name, as on the document.
    pub name: String,
    /// Mobile number; for oneself it may be left out, the account's is taken.
    #[serde(default)]
    pub phone: String,
    /// Identity document.
    pub document: DocumentDraft,
    /// Date of birth, for documents that do not tell it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub born_on: Option<NaiveDate>,
    /// Division of residence.
    pub county: String,
    /// Address within it.
    pub address: String,
}

/// A person whose every field can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Details {
    /// Name.
    pub name: Name,
    /// Mobile number.
    pub phone: Phone,
    /// Identity document.
    pub document: Document,
    /// Date of birth.
    pub born_on: NaiveDate,
    /// Division code.
    pub county: String,
    /// Address.
    pub address: Address,
}

impl PersonDraft {
    /// Judges every field; `today` bounds the date of birth.
    ///
    /// # Errors
    /// Each field that is wrong, in the order of the page: at least one.
    pub fn check(&self, city: &City, today: NaiveDate) -> core::result::Result<Details, Vec<Error>> {
        let mut errors = Vec::new();
        let mut keep = |error: Error| errors.push(error);
        let name = Name::parse(&self.name).map_err(&mut keep).ok();
        let document = Document::parse(self.document.kind, &self.document.number).map_err(&mut keep).ok();
        let born_on = document.as_ref().and_then(|document| self.birth(document, today).map_err(&mut keep).ok());
        let phone = Phone::parse(&self.phone).map_err(&mut keep).ok();
        let county = city.county(&self.county).map_err(&mut keep).ok();
        let address = Address::parse(&self.address).map_err(&mut keep).ok();
        match (name, phone, document, born_on, county, address) {
            (Some(name), Some(phone), Some(document), Some(born_on), Some(county), Some(address)) => {
                Ok(Details { name, phone, document, born_on, county: county.code.clone(), address })
            }
            _ => Err(errors),
        }
    }

    /// What is wrong with a form that holds this: as [`PersonDraft::check`], and what was left out is said to be missing. Nothing where all is
    /// well.
    pub fn wrong(&self, city: &City, today: NaiveDate) -> Vec<Error> {
        let mut errors = self.check(city, today).err().unwrap_or_default();
        for error in &mut errors {
            let left_out = match error.field.as_deref() {
                Some("name") => self.name.trim().is_empty(),
                Some("phone") => self.phone.trim().is_empty(),
                Some("document.number") => self.document.number.trim().is_empty(),
                Some("address") => self.address.trim().is_empty(),
                _ => false,
            };
            if left_out {
                error.reason = Some(Reason::Missing);
            }
        }
        errors
    }

    fn birth(&self, document: &Document, today: NaiveDate) -> Result<NaiveDate> {
        let earliest = NaiveDate::from_ymd_opt(1880, 1, 1).expect("a day");
        let possible = |day: &NaiveDate| (earliest..=today).contains(day);
        match (document.born_on(), self.born_on) {
            (Some(day), _) if possible(&day) => Ok(day),
            (Some(_), _) => Err(Error::field("document.number", Reason::DocumentDate)),
            (None, None) => Err(Error::field("born_on", Reason::BirthDateMissing)),
            (None, Some(day)) if possible(&day) => Ok(day),
            (None, Some(_)) => Err(Error::field("born_on", Reason::BirthDate)),
        }
    }
}

/// A document as its owner sees it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MaskedDocument {
    /// Its kind.
    pub kind: DocumentKind,
    /// Its number, masked.
    pub number: String,
}

/// A person, as their account sees them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Their id.
    pub id: Uuid,
    /// Whom.
    pub relation: Relation,
    /// Name.
    pub name: String,
    /// Mobile number, masked.
    pub phone: String,
    /// Document, masked.
    pub document: MaskedDocument,
    /// Date of birth: the account needs it to know what may be booked.
    pub born_on: NaiveDate,
    /// Division code.
    pub county: String,
    /// Address.
    pub address: String,
    /// Doses given or booked here, whatever account booked them.
    pub doses: Vec<DoseRecord>,
    /// Whether a city's app has vouched for name, document and phone: then they cannot be changed here.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub identified: bool,
}

/// Replies that hold one person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnePerson {
    /// Them.
    pub person: Person,
}

/// `people/list`: oneself first, then the others by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct People {
    /// They.
    pub people: Vec<Person>,
}

/// An account, as its holder sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its phone, masked.
    pub phone: String,
    /// Who its holder is, where a city's app has vouched for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<Identity>,
    /// Whether a WeChat user signs in to it without a code.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub wechat: bool,
    /// Whether the processing of sensitive data was agreed to on its own, in the version in force.
    #[serde(default)]
    pub sensitive_consent: bool,
    /// In which language its messages are.
    #[serde(default = "chinese")]
    pub lang: Lang,
}

fn chinese() -> Lang {
    Lang::Zh
}

/// Who an account's holder is, as a city's app has vouched for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The app, by its name in the settings.
    pub host: String,
    /// Name.
    pub name: String,
    /// Document, masked.
    pub document: MaskedDocument,
    /// Date of birth, where the document or the app tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub born_on: Option<NaiveDate>,
    /// Whether the person whom the account calls itself has another document, which stays because of a booking.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub differs: bool,
}

/// Replies that hold the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OneAccount {
    /// It.
    pub account: Account,
}

/// `accounts/send_code`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeSent {
    /// Seconds until another code can be asked for.
    pub resend_after_s: u32,
}

/// A reply that says only that it is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::division::Division;

    fn city() -> City {
        let division =
            Division { code: "431103".into(), name: "冷水滩区".into(), name_en: "Lengshuitan".into(), at: (26.46, 111.6) };
        City {
            name: "永州".into(),
            name_en: "Yongzhou".into(),
            hotline: "0746-000 0000".into(),
            from_age: 18,
            reminder_at: crate::message::REMINDER_AT,
            divisions: vec![division],
        }
    }

    fn draft() -> PersonDraft {
        PersonDraft {
            id: None,
            relation: Relation::Other,
            name: "张秀兰".into(),
            phone: "138 0013 8000".into(),
            document: DocumentDraft { kind: DocumentKind::ResidentId, number: "11010519491231002x".into() },
            born_on: None,
            county: "431103".into(),
            address: "梧桐街道12号".into(),
        }
    }

    fn today() -> NaiveDate {
        "2021-05-08".parse().expect("a date")
    }

    #[test]
    fn a_good_draft_becomes_details() {
        let details = draft().check(&city(), today()).expect("good");
        assert_eq!(
            (details.name.as_str(), details.phone.as_str(), details.born_on.to_string().as_str()),
            ("张秀兰", "13800138000", "1949-12-31")
        );
    }

    #[test]
    fn every_wrong_field_is_named_at_once() {
        let wrong =
            PersonDraft {
                name: "张".into(), phone: "1".into(), county: "110101".into(), address: "路😀路路路".into(), ..draft()
            };
        let fields: Vec<_> = wrong.check(&city(), today()).expect_err("wrong").into_iter().filter_map(|e| e.field).collect();
        assert_eq!(fields, ["name", "phone", "county", "address"]);
    }

    #[test]
    fn what_a_form_leaves_out_is_missing_and_not_wrong() {
        let empty = PersonDraft { name: " ".into(), phone: String::new(), address: "路".into(), ..draft() };
        let wrong = empty.wrong(&city(), today());
        let missing = |field: &str| wrong.iter().any(|e| e.field.as_deref() == Some(field) && e.reason == Some(Reason::Missing));
        assert_eq!(["name", "phone", "address"].map(missing), [true, true, false]);
        assert_eq!(wrong.len(), 3);
        assert_eq!(draft().wrong(&city(), today()), []);
    }

    #[test]
    fn a_document_without_a_date_of_birth_needs_one() {
        let passport =
            PersonDraft { document: DocumentDraft { kind: DocumentKind::Passport, number: "E12345678".into() }, ..draft() };
        let reason = |draft: &PersonDraft| draft.check(&city(), today()).expect_err("wrong")[0].reason.clone();
        assert_eq!(reason(&passport), Some(Reason::BirthDateMissing));
        let future = PersonDraft { born_on: "2021-05-09".parse().ok(), ..passport.clone() };
        assert_eq!(reason(&future), Some(Reason::BirthDate));
        let good = PersonDraft { born_on: "1980-02-29".parse().ok(), ..passport };
        assert!(good.check(&city(), today()).is_ok());
    }
}
