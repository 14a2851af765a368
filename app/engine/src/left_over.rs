//! Who asks to be called for a dose that is left over: once for a person and course, for so many days, and no longer than they want.
//!
//! Whether an ask still counts is judged whenever it is read, by what the person has had or has booked by then: a booking has nothing to do
//! for it.

mod calls;

use domain::eligibility::{DoseRecord, next_dose};
use domain::error::{Error, Result};
use domain::left_over::{Ask, Asked, MOST_SITES};
use domain::person::Details;
use domain::reason::Reason;
use domain::vaccine::Vaccine;
use domain::{NaiveDate, Uuid};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::Engine;
use crate::accounts::Citizen;
use crate::audit::Actor;
use crate::error::internal;
use crate::people::{self, dose_out};
use crate::store::entities::{left_over, left_over_site, person, site};

impl Engine {
    /// Remembers that one of the citizen's people may be called for a dose that is left over.
    ///
    /// # Errors
    /// `invalid` on `until`, `course`, `county` or `site_ids`; `not_found` on `person_id` or `site_ids`; `already_booked` where a dose is booked
    /// or the course is complete; `ineligible` where the next dose cannot be given on any of these days.
    pub async fn ask_for_left_over(&self, citizen: &Citizen, ask: &Ask) -> Result<Asked> {
        let known =
            self.person_of(citizen, ask.person_id).await.map_err(|error| Error { field: Some("person_id".into()), ..error })?;
        ask.check(self.today())?;
        let course = self.course_asked(ask)?;
        let sites = self.sites_asked(ask).await?;
        let (id, now) = (self.new_id(), self.now());
        let tx = self.store().begin().await.map_err(internal)?;
        // whoever takes them out of the list meanwhile waits for this, or has been quicker
        let held = people::hold(&tx, known.id).await?;
        let details = people::open(self.vault(), &held)?;
        let doses = people::doses_of(&tx, std::slice::from_ref(&held), self.today()).await?;
        let history = doses.get(&held.person_hash).cloned().unwrap_or_default();
        let dose = self.dose_asked(&details, &course, history, ask.until)?;
        let before = left_over::COLUMN.person_id.eq(held.id);
        left_over::Entity::delete_many()
            .filter(before)
            .filter(left_over::COLUMN.course.eq(course.as_str()))
            .exec(&tx)
            .await
            .map_err(internal)?;
        let row = left_over::ActiveModel {
            id: Set(id),
            account_id: Set(citizen.account_id),
            person_id: Set(held.id),
            course: Set(course.clone()),
            dose: Set(i16::from(dose)),
            county: Set(held.county),
            until: Set(ask.until),
            asked_at: Set(now),
            outcome: Set(None),
            called_at: Set(None),
        };
        left_over::Entity::insert(row).exec_without_returning(&tx).await.map_err(internal)?;
        let at = |site_id: &Uuid| left_over_site::ActiveModel { site_id: Set(*site_id), left_over_id: Set(id) };
        left_over_site::Entity::insert_many(sites.iter().map(at)).exec_without_returning(&tx).await.map_err(internal)?;
        let detail = Some(format!("{course} {}", ask.until));
        self.deed(&tx, Actor::Citizen(citizen.account_id), "ask_for_left_over", id, detail).await?;
        tx.commit().await.map_err(internal)?;
        Ok(Asked { id, person_id: held.id, course, dose, site_ids: sites, until: ask.until, asked_at: now })
    }

    /// Takes back what was asked.
    ///
    /// # Errors
    /// `not_found` on `id`, also for what another account has asked.
    pub async fn withdraw_left_over(&self, citizen: &Citizen, id: Uuid) -> Result<()> {
        let refused = Error::field("id", Reason::NotFound);
        let row = left_over::Entity::find_by_id(id).one(&self.store().read).await.map_err(internal)?;
        let row = row.ok_or_else(|| refused.clone())?;
        if row.account_id != citizen.account_id {
            self.note_refused(Actor::Citizen(citizen.account_id), "withdraw_left_over", id, refused.code);
            return Err(refused);
        }
        let tx = self.store().begin().await.map_err(internal)?;
        left_over::Entity::delete_by_id(id).exec(&tx).await.map_err(internal)?;
        self.deed(&tx, Actor::Citizen(citizen.account_id), "withdraw_left_over", id, None).await?;
        tx.commit().await.map_err(internal)
    }

    /// What the citizen has asked and still counts, in the order in which it was asked.
    ///
    /// # Errors
    /// `internal`
    pub async fn left_over_asks(&self, citizen: &Citizen) -> Result<Vec<Asked>> {
        let rows = self.left_overs_of(citizen).await?;
        let people = self.people_of(&rows).await?;
        let doses = people::doses_of(&self.store().read, &people, self.today()).await?;
        let mut asks = Vec::with_capacity(rows.len());
        for (row, site_ids) in rows {
            let person = people.iter().find(|person| person.id == row.person_id && !person.removed);
            let Some(person) = person.filter(|_| row.until >= self.today()) else { continue };
            let history = self.in_course(&row.course, doses.get(&person.person_hash).cloned().unwrap_or_default());
            if !is_over(&row, &history) {
                asks.push(asked_out(row, site_ids));
            }
        }
        Ok(asks)
    }

    /// The rows of an account with their sites, in the order in which they were asked.
    pub(crate) async fn left_overs_of(&self, citizen: &Citizen) -> Result<Vec<(left_over::Model, Vec<Uuid>)>> {
        let db = &self.store().read;
        let rows = left_over::Entity::find().filter(left_over::COLUMN.account_id.eq(citizen.account_id));
        let rows =
            rows.order_by_asc(left_over::COLUMN.asked_at).order_by_asc(left_over::COLUMN.id).all(db).await.map_err(internal)?;
        let mut out = Vec::with_capacity(rows.len());
        for row in rows {
            let sites = left_over_site::Entity::find().filter(left_over_site::COLUMN.left_over_id.eq(row.id));
            let sites = sites.order_by_asc(left_over_site::COLUMN.site_id).all(db).await.map_err(internal)?;
            out.push((row, sites.into_iter().map(|site| site.site_id).collect()));
        }
        Ok(out)
    }

    async fn people_of(&self, rows: &[(left_over::Model, Vec<Uuid>)]) -> Result<Vec<person::Model>> {
        let ids: Vec<Uuid> = rows.iter().map(|(row, _)| row.person_id).collect();
        person::Entity::find().filter(person::Column::Id.is_in(ids)).all(&self.store().read).await.map_err(internal)
    }

    /// Nobody is called for a person who is forgotten.
    pub(crate) async fn forget_left_over(&self, tx: &impl ConnectionTrait, person_id: Uuid) -> Result<()> {
        let theirs = left_over::COLUMN.person_id.eq(person_id);
        left_over::Entity::delete_many().filter(theirs).exec(tx).await.map_err(internal)?;
        Ok(())
    }

    /// The course that is asked for: the named one, or the only one.
    fn course_asked(&self, ask: &Ask) -> Result<String> {
        let mut courses = self.board().courses();
        match &ask.course {
            Some(course) if courses.contains(course) => Ok(course.clone()),
            Some(_) => Err(Error::field("course", Reason::NotFound)),
            None if courses.len() == 1 => courses.pop().ok_or_else(Error::internal),
            None => Err(Error::field("course", Reason::Missing)),
        }
    }

    /// The sites that may call: the named ones, or those of the county.
    async fn sites_asked(&self, ask: &Ask) -> Result<Vec<Uuid>> {
        let mut sites = ask.site_ids.clone();
        if let Some(county) = &ask.county {
            let division = self.city().county(county)?;
            let there: Vec<Uuid> = site::Entity::find()
                .select_only()
                .column(site::Column::Id)
                .filter(site::COLUMN.county.eq(division.code.as_str()))
                .into_tuple()
                .all(&self.store().read)
                .await
                .map_err(internal)?;
            sites.extend(there);
        }
        sites.sort_unstable();
        sites.dedup();
        if sites.is_empty() {
            return Err(Error::field("site_ids", Reason::Missing));
        }
        if sites.len() > MOST_SITES {
            return Err(Error::field("site_ids", Reason::Malformed));
        }
        if sites.iter().any(|id| self.site(*id).is_err()) {
            return Err(Error::field("site_ids", Reason::NotFound));
        }
        Ok(sites)
    }

    /// The dose that is due, where it may be given on one of the days until then.
    fn dose_asked(&self, details: &Details, course: &str, doses: Vec<DoseRecord>, until: NaiveDate) -> Result<u8> {
        let mut vaccines = self.board().vaccines_of(course);
        let history = self.in_course(course, doses);
        // a course goes on with the product that it was begun with
        if let Some(begun) = history.first() {
            vaccines.retain(|vaccine| vaccine.id == begun.vaccine_id);
        }
        if history.iter().any(|record| !record.given) {
            return Err(Error::new(Reason::AlreadyBooked { code: None }));
        }
        let mut refused = None;
        for day in self.today().iter_days().take_while(|day| *day <= until) {
            for vaccine in &vaccines {
                match self.due(details, vaccine, &history, day) {
                    Ok(dose) => return Ok(dose),
                    // of the day that comes closest
                    Err(error) => refused = Some(error),
                }
            }
        }
        Err(refused.unwrap_or_else(|| Error::new(Reason::AlreadyBooked { code: None })))
    }

    /// The next dose of a vaccine, where it may be given on that day. What is asked on the day itself (the health questions) is left open.
    fn due(&self, details: &Details, vaccine: &Vaccine, history: &[DoseRecord], on: NaiveDate) -> Result<u8> {
        let dose = next_dose(vaccine, history).ok_or_else(|| Error::new(Reason::AlreadyBooked { code: None }))?;
        self.question(details, vaccine, dose, on, history).decide().map(|()| dose)
    }
}

/// Whether the dose that was due is given or booked by now.
fn is_over(row: &left_over::Model, history: &[DoseRecord]) -> bool {
    history.iter().any(|record| record.dose >= dose_out(row.dose))
}

fn asked_out(row: left_over::Model, site_ids: Vec<Uuid>) -> Asked {
    Asked {
        id: row.id,
        person_id: row.person_id,
        course: row.course,
        dose: dose_out(row.dose),
        site_ids,
        until: row.until,
        asked_at: row.asked_at,
    }
}
