//! Bookings that staff make for somebody who walks in, or who calls. The place is taken as every other one is; what differs is who asks,
//! and that the account is that of a telephone which nobody has proved to be theirs: so nothing of the account is shown to anybody.

use domain::Uuid;
use domain::access::Action;
use domain::at_desk::{AtDesk, BookAtDesk, Places};
use domain::booking::{Booking, Reserve};
use domain::code::Code;
use domain::error::{Error, ErrorCode, Result};
use domain::person::{Details, Relation};
use domain::reason::Reason;
use domain::slot::{Slot, SlotState};
use domain::time::plus_days;
use sea_orm::ActiveValue::Set;
use sea_orm::{ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, SqlErr};

use crate::Engine;
use crate::accounts::Citizen;
use crate::audit::{self, Actor};
use crate::board::SlotFacts;
use crate::config::SensitiveConsent;
use crate::desk::Job;
use crate::error::internal;
use crate::lookups::KnownPerson;
use crate::people::{self, doses_of, listed};
use crate::schedule::DAYS;
use crate::staff::Staff;
use crate::store::entities::{person, slot};

/// A person who was written down for a booking, and whether that was new.
struct WrittenDown {
    row: person::Model,
    new: bool,
}

impl Engine {
    /// The places of a site that staff can give away now: to whoever stands there those of today, also of windows that have begun; to whoever
    /// calls those that citizens can book.
    ///
    /// # Errors
    /// `not_found` on `site_id`; `forbidden` for another site's.
    pub async fn places_at_desk(&self, staff: &Staff, site_id: Uuid, how: AtDesk) -> Result<Places> {
        self.allow_at_site(staff, Action::BookAtDesk, site_id)?;
        let (now, today) = (self.now(), self.today());
        let last = match how {
            AtDesk::WalkIn => today,
            AtDesk::Phone => plus_days(today, DAYS),
        };
        let rows = slot::Entity::find()
            .filter(slot::COLUMN.site_id.eq(site_id))
            .filter(slot::COLUMN.date.between(today, last))
            .order_by_asc(slot::COLUMN.date)
            .order_by_asc(slot::COLUMN.start_time)
            .order_by_asc(slot::COLUMN.vaccine_id)
            .all(&self.store().read)
            .await
            .map_err(internal)?;
        let free = |row: slot::Model| {
            let terms = row.terms();
            let objection = match how {
                AtDesk::WalkIn => terms.objection_to_walk_in(now),
                AtDesk::Phone => terms.objection(now),
            };
            objection.is_none().then(|| Slot {
                id: row.id,
                vaccine_id: row.vaccine_id,
                window: terms.window,
                capacity: terms.capacity,
                remaining: terms.remaining(),
                state: SlotState::Open,
                opens_at: None,
            })
        };
        Ok(Places { site_id, how, slots: rows.into_iter().filter_map(free).collect() })
    }

    /// Books a place for somebody who walks in or calls, in the account of their phone, which is made where there is none. The person is
    /// listed there, unless they are already; then they stay as they are. Nothing of the account is shown.
    ///
    /// # Errors
    /// As [`Engine::save_person`] and [`Engine::reserve`], with the same fields; `forbidden` at another site; `invalid` on `slot_id` for a
    /// walk-in on another day, on `sensitive` where the separate consent is required and was not given.
    pub async fn book_at_desk(&self, staff: &Staff, book: BookAtDesk) -> Result<Booking> {
        self.allow_somewhere(staff, Action::BookAtDesk)?;
        let slot = self.slot(book.slot_id).await?;
        self.allow(staff, Action::BookAtDesk, slot.site_id, book.slot_id)?;
        let content_hash = self.content_hash("book_at_desk", &book)?;
        let details = book
            .person
            .check(self.city(), self.today())
            .map_err(|errors| errors.into_iter().next().unwrap_or_else(Error::internal))?;
        let citizen = Citizen { account_id: self.account_of(&details.phone).await? };
        match self.try_book_at_desk(staff, &citizen, &book, &slot, &details, content_hash.clone()).await {
            Ok(code) => self.show(&citizen, code).await,
            // as in `reserve`
            Err(error) => match self.answered(&citizen, book.request_id, &content_hash).await? {
                Some(code) => self.show(&citizen, code).await,
                None => Err(error),
            },
        }
    }

    async fn try_book_at_desk(
        &self,
        staff: &Staff,
        citizen: &Citizen,
        book: &BookAtDesk,
        slot: &SlotFacts,
        details: &Details,
        content_hash: Vec<u8>,
    ) -> Result<Code> {
        book.how.suits(&slot.window, self.today())?;
        if book.consent.version != self.notice().version {
            return Err(Error::field("consent.version", Reason::ConsentVersion));
        }
        // whether the account has agreed before is nothing that staff are told
        if self.config().sensitive_consent == SensitiveConsent::Required && !book.sensitive {
            return Err(Error::field("sensitive", Reason::SensitiveConsent));
        }
        let written = self.write_down(staff, citizen, book, details).await?;
        let booked = self.take_at_desk(staff, citizen, book, slot, &written.row, content_hash).await;
        if let Err(error) = &booked {
            if error.code == ErrorCode::AlreadyBooked {
                // whether somebody has a booking is something to ask often for: so it is counted
                self.note_refused(Actor::Staff(staff.id), "book_at_desk", book.slot_id, error.code);
            }
            if written.new {
                self.strike_out(&written.row).await;
            }
        }
        booked
    }

    async fn take_at_desk(
        &self,
        staff: &Staff,
        citizen: &Citizen,
        book: &BookAtDesk,
        slot: &SlotFacts,
        row: &person::Model,
        content_hash: Vec<u8>,
    ) -> Result<Code> {
        let doses = doses_of(&self.store().read, std::slice::from_ref(row), self.today()).await?.remove(&row.person_hash);
        let person = KnownPerson { row: row.clone(), doses: doses.unwrap_or_default() };
        let reserve = Reserve {
            request_id: book.request_id,
            person_id: row.id,
            slot_id: book.slot_id,
            dose: book.dose,
            previous_dose_on: book.previous_dose_on,
            screening: book.screening,
            consent: book.consent.clone(),
        };
        let mut take = self.judged_take(citizen, &reserve, &person, slot, content_hash)?.take;
        take.walk_in = book.how == AtDesk::WalkIn;
        take.booking.at_desk = Set(Some(book.how.as_str().to_owned()));
        let detail = Some(book.how.to_string());
        take.audit = audit::row(self.vault(), self.now(), Actor::Staff(staff.id), "book_at_desk", take.code, detail);
        self.desk().ask(Job::Take(Box::new(take))).await
    }

    /// The person's row in the account: theirs if the document is listed there, which stays as it is; otherwise a new one.
    async fn write_down(&self, staff: &Staff, citizen: &Citizen, book: &BookAtDesk, details: &Details) -> Result<WrittenDown> {
        let person_hash = self.person_hash(&details.document);
        let tx = self.store().begin().await.map_err(internal)?;
        if book.sensitive {
            self.agreed_at_desk(&tx, citizen, Actor::Staff(staff.id)).await?;
        }
        if let Some(row) = self.listed_here(&tx, citizen, &person_hash).await? {
            tx.commit().await.map_err(internal)?;
            return Ok(WrittenDown { row, new: false });
        }
        let id = self.new_id();
        let own = book.person.relation == Relation::Myself && self.has_no_self(&tx, citizen).await?;
        let relation = if own { Relation::Myself } else { Relation::Other };
        let now = self.now();
        let row = person::ActiveModel {
            id: Set(id),
            account_id: Set(citizen.account_id),
            relation: Set(relation.as_str().to_owned()),
            person_hash: Set(person_hash.clone()),
            sealed: Set(people::seal(self.vault(), id, details)?),
            county: Set(details.county.clone()),
            removed: Set(false),
            created_at: Set(now),
            changed_at: Set(now),
        };
        match person::Entity::insert(row).exec_with_returning(&tx).await {
            Ok(row) => {
                self.deed(&tx, Actor::Staff(staff.id), "save_person", row.id, None).await?;
                tx.commit().await.map_err(internal)?;
                Ok(WrittenDown { row, new: true })
            }
            // the same request was quicker
            Err(error) if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => {
                drop(tx);
                let row = self.listed_here(&self.store().write, citizen, &person_hash).await?;
                let row = row.ok_or_else(|| Error::new(Reason::ChangedMeanwhile))?;
                Ok(WrittenDown { row, new: false })
            }
            Err(error) => Err(internal(error)),
        }
    }

    async fn listed_here(&self, db: &impl ConnectionTrait, citizen: &Citizen, person_hash: &[u8]) -> Result<Option<person::Model>> {
        let here = person::Entity::find().filter(person::COLUMN.account_id.eq(citizen.account_id)).filter(listed());
        here.filter(person::COLUMN.person_hash.eq(person_hash.to_vec())).one(db).await.map_err(internal)
    }

    /// Whether nobody is the account's holder yet, and no app has said who it is.
    async fn has_no_self(&self, db: &impl ConnectionTrait, citizen: &Citizen) -> Result<bool> {
        let here = person::Entity::find().filter(person::COLUMN.account_id.eq(citizen.account_id)).filter(listed());
        let holder = here.filter(person::COLUMN.relation.eq(Relation::Myself.as_str())).one(db).await.map_err(internal)?;
        Ok(holder.is_none() && self.known_identity(db, citizen.account_id).await?.is_none())
    }

    /// Forgets somebody who was written down for a booking that came to nothing, unless another one did not.
    async fn strike_out(&self, row: &person::Model) {
        let done = async {
            let tx = self.store().begin().await.map_err(internal)?;
            self.take_out(&tx, row.id).await?;
            tx.commit().await.map_err(internal)
        };
        if let Err(error) = done.await {
            tracing::debug!(?error, "somebody who was written down stays in the list");
        }
    }
}
