//! What is kept about an account: as a summary for the page, and all of it as a file for its holder.
//!
//! Source: 个人信息保护法 art. 45 (to see and copy, in a form that can be taken elsewhere), 47 (to have it deleted).

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::booking::BookingState;
use crate::code::Code;
use crate::flow::TurnedAway;
use crate::identity::DocumentKind;
use crate::lang::Lang;
use crate::message::{MessageKind, MessageState};
use crate::person::Relation;
use crate::slot::Window;

/// The version of the file's form: grows when a key changes its meaning or goes.
pub const FORM: u32 = 1;

/// `accounts/holdings`: what is kept, in numbers, and what erasing would come to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holdings {
    /// People in the list.
    pub people: u32,
    /// Bookings of the account.
    pub bookings: u32,
    /// Of these, those that are not over: they stand in the way of erasing.
    pub ahead: Vec<Ahead>,
    /// Jabs that must be kept when all else is erased.
    pub must_keep: u32,
    /// The first day on which none of them need be kept any more.
    pub must_keep_until: Option<NaiveDate>,
    /// The version of the text about sensitive data that was agreed to, and not taken back.
    pub sensitive: Option<String>,
    /// Days that bookings which are over tell for whom they were.
    pub finished_days: u32,
    /// Days that messages are kept.
    pub messages_days: u32,
}

/// A booking that is not over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ahead {
    /// Its code.
    pub code: Code,
    /// Its state: a jab that was recorded today may still be taken back.
    pub state: BookingState,
    /// When.
    #[serde(flatten)]
    pub window: Window,
}

/// `accounts/erase`: what of the account is kept all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erased {
    /// Jabs that must be kept.
    pub must_keep: u32,
    /// The first day on which none of them need be kept any more.
    pub must_keep_until: Option<NaiveDate>,
}

/// `accounts/own_data`: everything that is kept about an account. The keys are words, for people who open the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnData {
    /// See [`FORM`].
    pub form: u32,
    /// Which service, of which city.
    pub service: String,
    /// When it was put together.
    pub made_at: DateTime<Utc>,
    /// The account.
    pub account: OwnAccount,
    /// The people of its list, and those of whom jabs are kept.
    pub people: Vec<OwnPerson>,
    /// Its bookings.
    pub bookings: Vec<OwnBooking>,
    /// For whom it was asked to be called where a dose is left over.
    #[serde(default)]
    pub left_over: Vec<OwnLeftOver>,
    /// What was agreed to on its own, and taken back.
    pub consents: Vec<OwnConsent>,
    /// The messages to its phone, and about its bookings.
    pub messages: Vec<OwnMessage>,
    /// Where it is signed in.
    pub sessions: Vec<OwnSession>,
    /// What was done, beside bookings: by the holder, and by staff to the holder's bookings.
    pub history: Vec<OwnDeed>,
}

/// The account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnAccount {
    /// Its phone.
    pub phone: String,
    /// Since when it has been there.
    pub since: DateTime<Utc>,
    /// Who its holder is, as a city's app has said.
    pub vouched: Option<OwnIdentity>,
    /// Whether a WeChat user signs in to it without a code.
    pub wechat: bool,
    /// In which language its messages are.
    pub lang: Lang,
}

/// Somebody who is to be called where a dose is left over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnLeftOver {
    /// Whom for.
    pub person_id: uuid::Uuid,
    /// What it is to protect against.
    pub course: String,
    /// Which dose.
    pub dose: u8,
    /// The names of the sites that may call.
    pub sites: Vec<String>,
    /// When it was asked.
    pub asked_at: DateTime<Utc>,
    /// The last day on which they may call.
    pub until: NaiveDate,
    /// What came of the last call, in the words of `CallOutcome`.
    pub outcome: Option<String>,
    /// When that was.
    pub called_at: Option<DateTime<Utc>>,
}

/// Who somebody is, as a city's app has said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnIdentity {
    /// Which app.
    pub app: String,
    /// Name.
    pub name: String,
    /// Kind of document.
    pub document_kind: DocumentKind,
    /// Its number.
    pub document_number: String,
    /// Date of birth.
    pub born_on: Option<NaiveDate>,
}

/// A person, with everything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnPerson {
    /// What bookings call them by.
    pub id: uuid::Uuid,
    /// Whom.
    pub relation: Relation,
    /// Whether they are in the list, or kept for a jab alone.
    pub in_list: bool,
    /// Name.
    pub name: String,
    /// Phone.
    pub phone: String,
    /// Kind of document.
    pub document_kind: DocumentKind,
    /// Its number.
    pub document_number: String,
    /// Date of birth.
    pub born_on: NaiveDate,
    /// Division code.
    pub county: String,
    /// Address.
    pub address: String,
    /// Since when.
    pub since: DateTime<Utc>,
    /// When they were last changed.
    pub changed_at: DateTime<Utc>,
}

/// A booking, with everything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnBooking {
    /// Its code.
    pub code: String,
    /// Whom for.
    pub person_id: uuid::Uuid,
    /// Where it stands.
    pub state: BookingState,
    /// What.
    pub vaccine: String,
    /// Which dose.
    pub dose: u8,
    /// Where.
    pub site: String,
    /// When.
    #[serde(flatten)]
    pub window: Window,
    /// The day of the dose before, as declared.
    pub previous_dose_on: Option<NaiveDate>,
    /// Which version of the health questions was answered with no to each.
    pub health_questions: i16,
    /// The version of the information notice that was agreed to.
    pub notice: String,
    /// When it was made.
    pub made_at: DateTime<Utc>,
    /// When it last changed.
    pub changed_at: DateTime<Utc>,
    /// When the jab was recorded.
    pub given_at: Option<DateTime<Utc>>,
    /// The lot of the vaccine.
    pub lot: Option<String>,
    /// Where it was given, if not at the site that it was booked for, or on another day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_at_site: Option<String>,
    /// When the person came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrived_at: Option<DateTime<Utc>>,
    /// When they were let go after the observation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_at: Option<DateTime<Utc>>,
    /// Why they went home without the jab.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turned_away: Option<TurnedAway>,
}

/// Something that was agreed to on its own, or taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnConsent {
    /// What.
    pub kind: String,
    /// The version of the text.
    pub version: String,
    /// Given, or taken back.
    pub given: bool,
    /// When.
    pub at: DateTime<Utc>,
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnMessage {
    /// What about.
    pub kind: MessageKind,
    /// To which number.
    pub to: String,
    /// Its words.
    pub text: String,
    /// When it went, or goes.
    pub at: DateTime<Utc>,
    /// Where it stands.
    pub state: MessageState,
}

/// Somewhere signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnSession {
    /// Since when.
    pub since: DateTime<Utc>,
    /// When it was last used, give or take a few minutes.
    pub last_seen: Option<DateTime<Utc>>,
}

/// Something that was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnDeed {
    /// When.
    pub at: DateTime<Utc>,
    /// `you` or `staff`.
    pub by: String,
    /// What.
    pub what: String,
    /// To what: a booking's code, or an id.
    pub about: String,
}
