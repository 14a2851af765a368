//! Bookings: what is checked and prepared before the desk decides.

use domain::booking::{Booking, BookingState, Move, Reserve, Transition};
use domain::code::Code;
use domain::eligibility::{DoseRecord, Question, next_dose_holds};
use domain::error::{Error, ErrorCode, Result};
use domain::message::MessageKind;
use domain::person::Details;
use domain::reason::Reason;
use domain::screening;
use domain::vaccine::Vaccine;
use domain::{NaiveDate, Uuid};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::Expr;
use sea_orm::{EntityTrait, QueryFilter};

use crate::Engine;
use crate::accounts::Citizen;
use crate::audit::{self, Actor};
use crate::board::SlotFacts;
use crate::desk::{CallOff, Job, Judged, MoveTo, Take};
use crate::error::internal;
use crate::lookups::KnownPerson;
use crate::outbox::About;
use crate::people;
use crate::shown::{Found, LIVE, Shown};
use crate::store::entities::{booking, person, request, site, slot};

/// The version of a booking that was never moved.
const FIRST_VERSION: i32 = 1;

/// A new booking that the desk may be asked for, with what it was made from.
pub(crate) struct Ready {
    pub take: Take,
    pub details: Details,
    pub vaccine: Vaccine,
}

impl Engine {
    /// Takes a place for one of the citizen's people.
    ///
    /// # Errors
    /// `invalid` with the field; `not_found` for a person of another account or an unknown slot; `ineligible` with the rule;
    /// `already_booked`; `slot_full` or `wrong_state` when the place cannot be had; `busy` when the queue is full.
    pub async fn reserve(&self, citizen: &Citizen, reserve: Reserve) -> Result<Booking> {
        let content_hash = self.content_hash("reserve", &reserve)?;
        match self.try_reserve(citizen, &reserve, content_hash.clone()).await {
            Ok(booking) => Ok(booking),
            // what stands in the way may be this very request: answered before, or in another try that was quicker
            Err(error) => match self.answered(citizen, reserve.request_id, &content_hash).await? {
                Some(code) => self.show(citizen, code).await,
                None => Err(error),
            },
        }
    }

    async fn try_reserve(&self, citizen: &Citizen, reserve: &Reserve, content_hash: Vec<u8>) -> Result<Booking> {
        let found = self.lookups().people.one(reserve.person_id).await?;
        let refused = Error::field("person_id", Reason::NotFound);
        if found.as_ref().is_some_and(|person| person.row.account_id != citizen.account_id) {
            self.note_refused(Actor::Citizen(citizen.account_id), "reserve", reserve.person_id, refused.code);
        }
        let person = found.filter(|person| person.row.account_id == citizen.account_id).ok_or(refused)?;
        match self.reserve_for(citizen, reserve, &person, content_hash).await {
            Err(error) if error.code == ErrorCode::AlreadyBooked => Err(self.own_booking(citizen, &person.row, reserve).await),
            done => done,
        }
    }

    async fn reserve_for(
        &self,
        citizen: &Citizen,
        reserve: &Reserve,
        person: &KnownPerson,
        content_hash: Vec<u8>,
    ) -> Result<Booking> {
        let slot = self.slot(reserve.slot_id).await?;
        if reserve.consent.version != self.notice().version {
            return Err(Error::field("consent.version", Reason::ConsentVersion));
        }
        let Ready { take, details, vaccine } = self.judged_take(citizen, reserve, person, &slot, content_hash)?;
        let site = self.site(slot.site_id)?;
        let own = take.code;
        let code = self.desk().ask(Job::Take(Box::new(take))).await?;
        if code != own {
            // the same request was answered before
            return self.show(citizen, code).await;
        }
        let dose = reserve.dose;
        Ok(self.shown(Shown {
            code,
            state: BookingState::Booked,
            dose,
            person_id: person.row.id,
            details,
            site,
            vaccine,
            window: slot.window,
            version: FIRST_VERSION,
            consent_version: reserve.consent.version.clone(),
            turned_away: None,
        }))
    }

    /// A new booking, judged by the rules and ready for the desk.
    ///
    /// # Errors
    /// `ineligible` with the rule; `invalid` with the field.
    pub(crate) fn judged_take(
        &self,
        citizen: &Citizen,
        reserve: &Reserve,
        person: &KnownPerson,
        slot: &SlotFacts,
        content_hash: Vec<u8>,
    ) -> Result<Ready> {
        let details = people::open(self.vault(), &person.row)?;
        let vaccine = self.vaccine(&slot.vaccine_id)?;
        let history = self.in_course(&vaccine.course, person.doses.clone());
        let question = Question {
            previous_dose_on: reserve.previous_dose_on,
            screening: Some(&reserve.screening),
            ..self.question(&details, &vaccine, reserve.dose, slot.window.date, &history)
        };
        question.decide()?;
        let judged = Judged { person_hash: person.row.person_hash.clone(), course: vaccine.course.clone(), doses: history };
        let take = self.take(citizen, reserve, &person.row, &details, &vaccine, slot, judged, content_hash)?;
        Ok(Ready { take, details, vaccine })
    }

    pub(crate) fn question<'a>(
        &self,
        details: &Details,
        vaccine: &'a Vaccine,
        dose: u8,
        on: NaiveDate,
        history: &'a [DoseRecord],
    ) -> Question<'a> {
        Question {
            born_on: details.born_on,
            from_age: self.city().from_age,
            vaccine,
            dose,
            on,
            today: self.today(),
            history,
            previous_dose_on: None,
            screening: None,
        }
    }

    /// All rows of a new booking, ready to be written.
    #[expect(clippy::too_many_arguments, reason = "the rows that a booking is made from, each already loaded")]
    pub(crate) fn take(
        &self,
        citizen: &Citizen,
        reserve: &Reserve,
        person: &person::Model,
        details: &Details,
        vaccine: &Vaccine,
        slot: &SlotFacts,
        judged: Judged,
        content_hash: Vec<u8>,
    ) -> Result<Take> {
        let now = self.now();
        let code = self.vault().entropy().code();
        let about = About { code, made_at: now, version: FIRST_VERSION, phone: &details.phone, window: slot.window };
        Ok(Take {
            code,
            request: request_row(citizen, reserve.request_id, content_hash, code, now),
            messages: self.booking_messages(MessageKind::Booked, &about, now),
            audit: audit::row(self.vault(), now, Actor::Citizen(citizen.account_id), "reserve", code, None),
            booking: booking::ActiveModel {
                code: Set(code.to_string()),
                account_id: Set(citizen.account_id),
                person_id: Set(person.id),
                person_hash: Set(person.person_hash.clone()),
                slot_id: Set(slot.id),
                course: Set(vaccine.course.clone()),
                dose: Set(i16::from(reserve.dose)),
                state: Set(BookingState::Booked.as_str().to_owned()),
                version: Set(FIRST_VERSION),
                previous_dose_on: Set(reserve.previous_dose_on),
                questions: Set(screening::VERSION),
                consent_version: Set(reserve.consent.version.clone()),
                created_at: Set(now),
                changed_at: Set(now),
                redeemed_at: Set(None),
                redeemed_by: Set(None),
                redeem_nonce: Set(None),
                lot: Set(None),
                at_desk: Set(None),
                // what happens on the day is written then
                ..Default::default()
            },
            slot: slot.clone(),
            judged,
            walk_in: false,
        })
    }

    /// The refusal of a second booking: with its code where it is the citizen's own, with nothing about anybody else's.
    async fn own_booking(&self, citizen: &Citizen, person: &person::Model, reserve: &Reserve) -> Error {
        let found = booking::Entity::find()
            .filter(booking::COLUMN.person_hash.eq(person.person_hash.clone()))
            .filter(booking::COLUMN.account_id.eq(citizen.account_id))
            .filter(booking::COLUMN.dose.gte(i16::from(reserve.dose)))
            .filter(Expr::cust(LIVE))
            .one(&self.store().read)
            .await;
        let code = found.ok().flatten().and_then(|row| Code::parse(&row.code).ok());
        Error::new(Reason::AlreadyBooked { code })
    }

    /// Takes another place and lets the old one go, in one transaction.
    ///
    /// # Errors
    /// As [`Engine::reserve`]; `wrong_state` when the booking is not waiting for its day, a later dose would fall out of its
    /// window, or the slot is for another vaccine.
    pub async fn move_booking(&self, citizen: &Citizen, to: Move) -> Result<Booking> {
        let code = Code::parse(&to.code)?;
        let content_hash = self.content_hash("move", &Move { code: code.to_string(), ..to.clone() })?;
        let code = match self.try_move(citizen, &to, code, content_hash.clone()).await {
            Ok(code) => code,
            // as in `reserve`
            Err(error) => self.answered(citizen, to.request_id, &content_hash).await?.ok_or(error)?,
        };
        self.show(citizen, code).await
    }

    async fn try_move(&self, citizen: &Citizen, to: &Move, code: Code, content_hash: Vec<u8>) -> Result<Code> {
        let found = self.booking_of(citizen, code).await?;
        found.state(self.today())?.after(Transition::Move)?;
        let slot = self.slot(to.slot_id).await?;
        if slot.id == found.slot.id {
            return Err(Error::field("slot_id", Reason::SameSlot));
        }
        if slot.vaccine_id != found.slot.vaccine_id {
            return Err(Error::field("slot_id", Reason::OtherVaccine));
        }
        let vaccine = self.vaccine(&slot.vaccine_id)?;
        let details = people::open(self.vault(), &found.person)?;
        let judged = self.judged(&found, &vaccine).await?;
        self.may_move(&found, &details, &vaccine, slot.window.date, &judged)?;
        let now = self.now();
        let version = found.booking.version + 1;
        let about = About { code, made_at: found.booking.created_at, version, phone: &details.phone, window: slot.window };
        let job = MoveTo {
            code,
            version: found.booking.version,
            dose: found.dose(),
            judged,
            from: found.slot.id,
            request: request_row(citizen, to.request_id, content_hash, code, now),
            messages: self.booking_messages(MessageKind::Moved, &about, now),
            audit: audit::row(self.vault(), now, Actor::Citizen(citizen.account_id), "move", code, None),
            to: slot,
        };
        self.desk().ask(Job::Move(Box::new(job))).await
    }

    /// Whether the dose may be given on the new day, and the doses after it still hold.
    pub(crate) fn may_move(
        &self,
        found: &Found,
        details: &Details,
        vaccine: &Vaccine,
        to: NaiveDate,
        judged: &Judged,
    ) -> Result<()> {
        let others: Vec<_> = judged.doses.iter().filter(|record| record.dose != found.dose()).cloned().collect();
        let before: Vec<_> = others.iter().filter(|record| record.dose < found.dose()).cloned().collect();
        let question = Question {
            previous_dose_on: found.booking.previous_dose_on,
            ..self.question(details, vaccine, found.dose(), to, &before)
        };
        question.decide()?;
        if next_dose_holds(vaccine, found.dose(), to, &others) { Ok(()) } else { Err(Error::new(Reason::LaterDoseBooked)) }
    }

    /// Calls a booking off; its place can be booked again at once.
    ///
    /// # Errors
    /// `not_found` for another account's booking; `wrong_state` or `already_redeemed` when it is not waiting for its day, or when a
    /// later dose is booked on the strength of it.
    pub async fn cancel(&self, citizen: &Citizen, code: &str) -> Result<Booking> {
        let code = Code::parse(code)?;
        let found = self.booking_of(citizen, code).await?;
        found.state(self.today())?.after(Transition::Cancel)?;
        let vaccine = self.vaccine(&found.slot.vaccine_id)?;
        let judged = self.judged(&found, &vaccine).await?;
        if judged.doses.iter().any(|record| record.dose > found.dose()) {
            return Err(Error::new(Reason::LaterDoseBooked));
        }
        let now = self.now();
        let details = people::open(self.vault(), &found.person)?;
        let version = found.booking.version;
        let about = About { code, made_at: found.booking.created_at, version, phone: &details.phone, window: found.slot.window() };
        let job = CallOff {
            code,
            version,
            dose: found.dose(),
            judged,
            slot_id: found.slot.id,
            turned_away: None,
            message: Some(self.booking_message(MessageKind::Cancelled, &about, now, now)),
            audit: audit::row(self.vault(), now, Actor::Citizen(citizen.account_id), "cancel", code, None),
        };
        let code = self.desk().ask(Job::CallOff(Box::new(job))).await?;
        self.show(citizen, code).await
    }

    /// What a change of a booking is judged by: what its person has or has booked in the course.
    pub(crate) async fn judged(&self, found: &Found, vaccine: &Vaccine) -> Result<Judged> {
        let person_hash = found.booking.person_hash.clone();
        let mut doses = people::doses_of(&self.store().read, std::slice::from_ref(&found.person), self.today()).await?;
        let doses = self.in_course(&vaccine.course, doses.remove(&person_hash).unwrap_or_default());
        Ok(Judged { person_hash, course: vaccine.course.clone(), doses })
    }

    /// Of these doses those of a course.
    pub(crate) fn in_course(&self, course: &str, mut doses: Vec<DoseRecord>) -> Vec<DoseRecord> {
        if !doses.is_empty() {
            let products = self.board().vaccines_of(course);
            doses.retain(|record| products.iter().any(|product| product.id == record.vaccine_id));
        }
        doses
    }

    /// The answer that a request id has had already.
    ///
    /// # Errors
    /// `invalid` on `request_id` when it came with other content, or from another account.
    pub(crate) async fn answered(&self, citizen: &Citizen, request_id: Uuid, content_hash: &[u8]) -> Result<Option<Code>> {
        let Some(row) = request::Entity::find_by_id(request_id).one(&self.store().read).await.map_err(internal)? else {
            return Ok(None);
        };
        if row.account_id != citizen.account_id || row.content_hash != content_hash {
            return Err(Error::field("request_id", Reason::RequestReused));
        }
        Code::parse(&row.booking_code).map(Some)
    }

    pub(crate) fn content_hash(&self, call: &str, content: &impl serde::Serialize) -> Result<Vec<u8>> {
        let text = serde_json::to_string(content).map_err(|_| Error::internal())?;
        Ok(self.vault().hash("request", &format!("{call}:{text}")))
    }

    /// What of a slot never changes: from the board, or from the database where the board does not have it (yet, or any more).
    /// Whether it can be booked is for the desk alone to say.
    pub(crate) async fn slot(&self, id: Uuid) -> Result<SlotFacts> {
        if let Some(facts) = self.board().slot(id) {
            return Ok(facts);
        }
        let row = slot::Entity::find_by_id(id).one(&self.store().read).await.map_err(internal)?;
        row.map(|row| SlotFacts::of(&row)).ok_or_else(|| Error::field("slot_id", Reason::NotFound))
    }

    pub(crate) fn site(&self, id: Uuid) -> Result<site::Model> {
        self.board().site_row(id).ok_or_else(|| Error::new(Reason::NotFound))
    }

    pub(crate) fn vaccine(&self, id: &str) -> Result<Vaccine> {
        self.board().vaccine(id).ok_or_else(Error::internal)
    }
}

fn request_row(
    citizen: &Citizen,
    id: Uuid,
    content_hash: Vec<u8>,
    code: Code,
    now: domain::DateTime<domain::Utc>,
) -> request::ActiveModel {
    request::ActiveModel {
        id: Set(id),
        account_id: Set(citizen.account_id),
        content_hash: Set(content_hash),
        booking_code: Set(code.to_string()),
        answered_at: Set(now),
    }
}
