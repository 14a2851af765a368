//! The rows that a deed leaves, as the engine would have written them at its time: sealed, hashed, with messages and audit.

use std::collections::HashMap;
use std::sync::Arc;

use domain::booking::{BookingState, Consent, Reserve};
use domain::chrono::Duration;
use domain::code::Code;
use domain::error::{Error, Result};
use domain::lang::Lang;
use domain::message::{About as Told, MessageKind, MessageState};
use domain::person::{Details, Relation};
use domain::screening::{self, Screening};
use domain::{DateTime, Utc, Uuid};
use sea_orm::ActiveValue::Set;

use super::calendar::{Calendar, Deed};
use super::codes::Codes;
use super::life::{self, End, Visit};
use super::season::Season;
use super::size::MOST_EACH;
use crate::Engine;
use crate::audit::{self, Actor};
use crate::demo::crowd::{account_row, person_row};
use crate::demo::day::LOT;
use crate::demo::invent::{self, Dice};
use crate::outbox::{About, Body};
use crate::store::entities::{account, audit as audit_row, booking, message, person, request};

/// The number of the first of them among all invented people: the demo's own never reach it.
const FIRST: u64 = 5_000_000;

/// Rows on their way to the database.
#[derive(Default)]
pub(super) struct Rows {
    pub accounts: Vec<account::ActiveModel>,
    pub people: Vec<person::ActiveModel>,
    pub bookings: Vec<booking::ActiveModel>,
    pub requests: Vec<request::ActiveModel>,
    pub messages: Vec<message::ActiveModel>,
    pub audit: Vec<audit_row::ActiveModel>,
}

impl Rows {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        let people = self.accounts.len() + self.people.len();
        people + self.bookings.len() + self.requests.len() + self.messages.len() + self.audit.len()
    }
}

/// Writes down what people did.
pub(super) struct Scribe {
    pub engine: Engine,
    pub season: Arc<Season>,
    pub calendar: Arc<Calendar>,
    pub codes: Codes,
    pub nurse: Uuid,
    /// Names of the vaccines.
    pub vaccines: HashMap<String, String>,
}

/// One of the multitude, as their rows tell about them.
struct Somebody {
    account_id: Uuid,
    person_id: Uuid,
    details: Details,
}

impl Scribe {
    /// Adds the rows of a deed.
    pub(super) fn write(&self, number: u64, deed: Deed, rows: &mut Rows) -> Result<()> {
        match deed {
            Deed::Register => self.register(number, rows),
            Deed::Make(at) => self.make(number, at, rows),
            Deed::Settle(at) => self.settle(number, at, rows),
        }
    }

    fn register(&self, number: u64, rows: &mut Rows) -> Result<()> {
        for number in life::household(&self.season, number) {
            let somebody = self.somebody(number, &life::life(&self.season, number))?;
            let (head, nth) = self.head(number);
            let at = self.registered(head);
            let relation = if nth == 0 { Relation::Myself } else { Relation::Other };
            if nth == 0 {
                rows.accounts.push(account_row(&self.engine, somebody.account_id, &somebody.details.phone, at)?);
            }
            let at = at + Duration::seconds(40 * nth);
            let Somebody { account_id, person_id, details } = somebody;
            rows.people.push(person_row(&self.engine, person_id, account_id, relation, &details, at)?);
        }
        Ok(())
    }

    fn make(&self, number: u64, at: usize, rows: &mut Rows) -> Result<()> {
        let life = life::life(&self.season, number);
        let visit = life.get(at).ok_or_else(Error::internal)?;
        let somebody = self.somebody(number, &life)?;
        let (code, made) = (self.code(number, at), self.moment(visit.made, "made", number, at));
        let slot = &self.season.slots[visit.slot];
        let course = self.season.courses.iter().find(|course| course.vaccine.id == slot.vaccine_id).ok_or_else(Error::internal)?;
        let reserve = Reserve {
            request_id: self.engine.vault().id(made),
            person_id: somebody.person_id,
            slot_id: slot.id,
            dose: visit.dose,
            previous_dose_on: None,
            screening: Screening::ALL_NO,
            consent: Consent { version: self.engine.notice().version.clone() },
        };
        let asked = serde_json::to_string(&reserve).map_err(|_| Error::internal())?;
        rows.requests.push(request::ActiveModel {
            id: Set(reserve.request_id),
            account_id: Set(somebody.account_id),
            content_hash: Set(self.engine.vault().hash("request", &format!("reserve:{asked}"))),
            booking_code: Set(code.to_string()),
            answered_at: Set(made),
        });
        rows.bookings.push(self.booking(number, at, visit, &somebody, &course.vaccine.course, reserve.consent.version));
        self.tell(number, at, visit, &somebody, rows)?;
        let actor = Actor::Citizen(somebody.account_id);
        rows.audit.push(audit::unchained(self.engine.vault(), made, actor, "reserve", code));
        Ok(())
    }

    fn booking(
        &self,
        number: u64,
        at: usize,
        visit: &Visit,
        somebody: &Somebody,
        course: &str,
        consent_version: String,
    ) -> booking::ActiveModel {
        let made = self.moment(visit.made, "made", number, at);
        let ended = if visit.end == End::Waits { made } else { self.moment(visit.ended, "ended", number, at) };
        let state = match visit.end {
            End::Redeemed => BookingState::Redeemed,
            End::Missed => BookingState::Missed,
            End::Cancelled => BookingState::Cancelled,
            End::Waits => BookingState::Booked,
        };
        let redeemed = (visit.end == End::Redeemed).then_some(ended);
        booking::ActiveModel {
            code: Set(self.code(number, at).to_string()),
            account_id: Set(somebody.account_id),
            person_id: Set(somebody.person_id),
            person_hash: Set(self.engine.person_hash(&somebody.details.document)),
            slot_id: Set(self.season.slots[visit.slot].id),
            course: Set(course.to_owned()),
            dose: Set(i16::from(visit.dose)),
            state: Set(state.as_str().to_owned()),
            version: Set(1),
            previous_dose_on: Set(None),
            questions: Set(screening::VERSION),
            consent_version: Set(consent_version),
            created_at: Set(made),
            changed_at: Set(ended),
            redeemed_at: Set(redeemed),
            redeemed_by: Set(redeemed.map(|_| self.nurse)),
            redeem_nonce: Set(redeemed.map(|at| self.engine.vault().id(at))),
            lot: Set(redeemed.map(|_| LOT.to_owned())),
            ..Default::default()
        }
    }

    /// The confirmation and the reminder: sent, but for a reminder that is still to come, or that was taken back.
    fn tell(&self, number: u64, at: usize, visit: &Visit, somebody: &Somebody, rows: &mut Rows) -> Result<()> {
        let made = self.moment(visit.made, "made", number, at);
        let about = self.about(number, at, visit, &somebody.details)?;
        for mut message in self.engine.booking_messages(MessageKind::Booked, &about, made) {
            let due = *message.due_at.as_ref();
            let called_off = visit.end == End::Cancelled && due > self.moment(visit.ended, "ended", number, at);
            message.state = Set(match (called_off, due > self.season.now) {
                (true, _) => MessageState::Dropped,
                (false, true) => MessageState::Queued,
                (false, false) => MessageState::Sent,
            }
            .as_str()
            .to_owned());
            if due <= self.season.now && !called_off {
                self.send(&mut message, visit, somebody, due)?;
            }
            rows.messages.push(message);
        }
        Ok(())
    }

    fn settle(&self, number: u64, at: usize, rows: &mut Rows) -> Result<()> {
        let life = life::life(&self.season, number);
        let visit = life.get(at).ok_or_else(Error::internal)?;
        let (code, ended) = (self.code(number, at), self.moment(visit.ended, "ended", number, at));
        let (actor, action) = match visit.end {
            End::Cancelled => {
                let somebody = self.somebody(number, &life)?;
                let about = self.about(number, at, visit, &somebody.details)?;
                let mut message = self.engine.booking_message(MessageKind::Cancelled, &about, ended, ended);
                self.send(&mut message, visit, &somebody, ended)?;
                rows.messages.push(message);
                (Actor::Citizen(somebody.account_id), "cancel")
            }
            _ => (Actor::Staff(self.nurse), "redeem"),
        };
        rows.audit.push(audit::unchained(self.engine.vault(), ended, actor, action, code));
        Ok(())
    }

    /// The message as it stands after it has gone.
    fn send(&self, row: &mut message::ActiveModel, visit: &Visit, somebody: &Somebody, at: DateTime<Utc>) -> Result<()> {
        let slot = &self.season.slots[visit.slot];
        let site = self.season.site(visit.slot)?;
        let about = Told {
            city: &self.engine.city().name,
            name: &somebody.details.name.masked(),
            vaccine: self.vaccines.get(&slot.vaccine_id).ok_or_else(Error::internal)?,
            dose: visit.dose,
            window: slot.window(),
            site: &site.name,
            phone: &site.phone,
            code: Code::parse(row.booking_code.as_ref().as_deref().unwrap_or_default())?,
            link: "",
            reason: "",
        };
        let kind = row.kind.as_ref().parse().map_err(|()| Error::internal())?;
        let values = about.values(Lang::Zh, domain::time::civil(at).date());
        let text = self.engine.config().city.texts.text(kind, Lang::Zh, &values);
        let body = Body { to: somebody.details.phone.as_str().to_owned(), text, fields: None };
        row.sealed = Set(self.engine.seal_body(*row.id.as_ref(), &body)?);
        row.state = Set(MessageState::Delivered.as_str().to_owned());
        row.gateway = Set(Some("demo".to_owned()));
        row.tries = Set(1);
        row.handed_at = Set(Some(at));
        row.told_at = Set(Some(at));
        Ok(())
    }

    fn about<'a>(&'a self, number: u64, at: usize, visit: &Visit, details: &'a Details) -> Result<About<'a>> {
        let slot = &self.season.slots[visit.slot];
        Ok(About {
            code: self.code(number, at),
            made_at: self.moment(visit.made, "made", number, at),
            version: 1,
            phone: &details.phone,
            window: slot.window(),
        })
    }

    /// Who somebody is. They live where they first had a place.
    fn somebody(&self, number: u64, life: &[Visit]) -> Result<Somebody> {
        let slot = life.first().map_or_else(|| usize::try_from(number).unwrap_or(0) % self.season.slots.len(), |visit| visit.slot);
        let (head, nth) = self.head(number);
        let registered = self.registered(head);
        Ok(Somebody {
            account_id: id(registered, "account", head),
            person_id: id(registered + Duration::seconds(40 * nth), "person", number),
            details: invent::person(FIRST + number, &self.season.site(slot)?.county),
        })
    }

    /// The person whose account it is, and how many were added before this one.
    fn head(&self, number: u64) -> (u64, i64) {
        let head = life::household(&self.season, number).start;
        (head, i64::try_from(number - head).unwrap_or(0))
    }

    fn registered(&self, head: u64) -> DateTime<Utc> {
        self.moment(self.calendar.registered(head), "registered", head, 0)
    }

    fn code(&self, number: u64, at: usize) -> Code {
        self.codes.code(number * MOST_EACH + at as u64)
    }

    /// An instant within a second of the season, to the nanosecond, as the machine's clock tells it.
    fn moment(&self, second: i64, what: &str, number: u64, at: usize) -> DateTime<Utc> {
        let nanos = Dice::new(&["moment", what, &number.to_string(), &at.to_string()]).below(1_000_000_000);
        self.season.begins + Duration::seconds(second) + Duration::nanoseconds(i64::try_from(nanos).unwrap_or(0))
    }
}

/// An id of that time, always the same for the same number.
fn id(at: DateTime<Utc>, what: &str, number: u64) -> Uuid {
    let mut dice = Dice::new(&["id", what, &number.to_string()]);
    let mut random = [0; 10];
    random[..8].copy_from_slice(&dice.roll().to_be_bytes());
    random[8..].copy_from_slice(&dice.roll().to_be_bytes()[..2]);
    uuid::Builder::from_unix_timestamp_millis(u64::try_from(at.timestamp_millis()).unwrap_or(0), &random).into_uuid()
}
