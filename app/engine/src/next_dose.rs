//! The next dose, offered at the desk after a jab, and booked there for the same person and account by the way of every booking.
//!
//! What was agreed to for the jab holds for its course, as long as the same notice is in force; with another one the citizen books, who has
//! to read it. The health questions are not asked weeks ahead by somebody else: the booking says that none were answered, and they are
//! asked on the day.

use domain::access::Action;
use domain::booking::{Booking, BookingState, Consent, Reserve, Transition};
use domain::code::Code;
use domain::eligibility::Question;
use domain::error::{Error, Result};
use domain::next_dose::{BookNext, NextDay, NextDose, one_a_day};
use domain::person::Details;
use domain::reason::Reason;
use domain::screening::{self, Screening};
use domain::slot::SlotState;
use domain::time::plus_days;
use domain::vaccine::Vaccine;
use sea_orm::ActiveValue::Set;
use sea_orm::{EntityTrait, QueryFilter, QueryOrder};

use crate::Engine;
use crate::accounts::Citizen;
use crate::audit::{self, Actor};
use crate::desk::{Job, Judged};
use crate::error::internal;
use crate::people;
use crate::shown::Found;
use crate::staff::Staff;
use crate::store::entities::slot;

/// How far ahead days are looked for where the course has no last day.
const AHEAD: u32 = 90;

/// What stands at such a booking where others say how they came to the desk.
const AT_DESK: &str = "next_dose";

/// A recorded jab with all that decides about the next.
struct After {
    found: Found,
    vaccine: Vaccine,
    details: Details,
    judged: Judged,
}

impl Engine {
    /// What comes after the jab of a booking, and the first good days at its site.
    ///
    /// # Errors
    /// `invalid` on `code`; `not_found`; `forbidden` at another site; `wrong_state` while no jab is recorded.
    pub async fn next_dose(&self, staff: &Staff, code: &str) -> Result<NextDose> {
        self.allow_somewhere(staff, Action::BookAtDesk)?;
        let after = self.after(staff, Code::parse(code)?).await?;
        let nothing = NextDose { dose: None, booked_on: None, from: None, by: None, days: vec![] };
        let dose = after.found.dose() + 1;
        if let Some(record) = after.judged.doses.iter().find(|record| record.dose >= dose) {
            return Ok(NextDose { dose: Some(record.dose), booked_on: Some(record.on), ..nothing });
        }
        let Some(window) = after.vaccine.window(dose) else { return Ok(nothing) };
        let on = |dose: u8| after.judged.doses.iter().find(|record| record.dose == dose).map(|record| record.on);
        let given = on(dose - 1).unwrap_or(after.found.slot.date);
        let from = window.first_day(given).max(self.today());
        let by = on(1).and_then(|first| window.last_day(first));
        let days = slot::Entity::find()
            .filter(slot::COLUMN.site_id.eq(after.found.given_site()))
            .filter(slot::COLUMN.vaccine_id.eq(after.vaccine.id.as_str()))
            .filter(slot::COLUMN.date.between(from, by.unwrap_or(plus_days(from, AHEAD))))
            .order_by_asc(slot::COLUMN.date)
            .order_by_asc(slot::COLUMN.start_time)
            .all(&self.store().read)
            .await
            .map_err(internal)?;
        let open = days.into_iter().filter_map(|row| {
            let terms = row.terms();
            let fits = terms.state(self.now()) == SlotState::Open && self.fits(&after, dose, row.date).is_ok();
            fits.then(|| NextDay { slot_id: row.id, window: terms.window, remaining: terms.remaining() })
        });
        Ok(NextDose { dose: Some(dose), booked_on: None, from: Some(from), by, days: one_a_day(open, after.found.slot.start_time) })
    }

    /// Books it.
    ///
    /// # Errors
    /// As [`Engine::next_dose`] and [`Engine::reserve`]; `invalid` on `consent.version` where another notice is in force than was agreed to:
    /// then the citizen has to book.
    pub async fn book_next(&self, staff: &Staff, book: &BookNext) -> Result<Booking> {
        self.allow_somewhere(staff, Action::BookAtDesk)?;
        let code = Code::parse(&book.code)?;
        let after = self.after(staff, code).await?;
        let citizen = Citizen { account_id: after.found.booking.account_id };
        let content_hash = self.content_hash("book_next", &BookNext { code: code.to_string(), ..book.clone() })?;
        match self.try_book_next(staff, &citizen, book, &after, content_hash.clone()).await {
            Ok(code) => self.show(&citizen, code).await,
            // as in `reserve`
            Err(error) => match self.answered(&citizen, book.request_id, &content_hash).await? {
                Some(code) => self.show(&citizen, code).await,
                None => Err(error),
            },
        }
    }

    async fn try_book_next(
        &self,
        staff: &Staff,
        citizen: &Citizen,
        book: &BookNext,
        after: &After,
        content_hash: Vec<u8>,
    ) -> Result<Code> {
        let slot = self.slot(book.slot_id).await?;
        self.allow(staff, Action::BookAtDesk, slot.site_id, book.slot_id)?;
        if slot.vaccine_id != after.vaccine.id {
            return Err(Error::field("slot_id", Reason::OtherVaccine));
        }
        let consent = Consent { version: after.found.booking.consent_version.clone() };
        if consent.version != self.notice().version {
            return Err(Error::field("consent.version", Reason::ConsentVersion));
        }
        let dose = after.found.dose() + 1;
        if after.judged.doses.iter().any(|record| record.dose >= dose) {
            return Err(Error::new(Reason::AlreadyBooked { code: None }));
        }
        self.fits(after, dose, slot.window.date)?;
        let person = &after.found.person;
        let reserve = Reserve {
            request_id: book.request_id,
            person_id: person.id,
            slot_id: slot.id,
            dose,
            previous_dose_on: None,
            screening: Screening::default(),
            consent,
        };
        let judged = after.judged.clone();
        let mut take = self.take(citizen, &reserve, person, &after.details, &after.vaccine, &slot, judged, content_hash)?;
        take.booking.at_desk = Set(Some(AT_DESK.to_owned()));
        take.booking.questions = Set(screening::NOT_ASKED);
        take.audit = audit::row(self.vault(), self.now(), Actor::Staff(staff.id), "book_next", take.code, None);
        self.desk().ask(Job::Take(Box::new(take))).await
    }

    /// The booking of a recorded jab at a site of theirs, with what is known of its person.
    async fn after(&self, staff: &Staff, code: Code) -> Result<After> {
        let found = self.booking(code).await?.ok_or_else(|| Error::field("code", Reason::NotFound))?;
        self.allow(staff, Action::BookAtDesk, found.given_site(), code)?;
        let state = found.state(self.today())?;
        if state != BookingState::Redeemed {
            state.after(Transition::Undo)?;
        }
        let vaccine = self.vaccine(&found.slot.vaccine_id)?;
        let details = people::open(self.vault(), &found.person)?;
        let judged = self.judged(&found, &vaccine).await?;
        Ok(After { found, vaccine, details, judged })
    }

    fn fits(&self, after: &After, dose: u8, on: domain::NaiveDate) -> Result<()> {
        let question: Question<'_> = self.question(&after.details, &after.vaccine, dose, on, &after.judged.doses);
        question.decide()
    }
}
