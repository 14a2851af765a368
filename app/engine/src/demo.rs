//! The demo: an empty database becomes Yongzhou on a usual day, and stays one on every later start.
//!
//! Sites and windows come from the city file; people are invented. Full means full: every taken place has its person,
//! document and booking, sealed and hashed as real ones are. A later start, and each new day, adds what is missing by then
//! and touches no booking of a real account.

mod cast;
mod crowd;
mod day;
mod family;
mod invent;
mod multitude;
mod staff;

use std::collections::HashMap;

use domain::error::{Error, Result};
use domain::vaccine::Vaccine;
use domain::{DateTime, NaiveDate, Utc, Uuid};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter};
use tokio::task::JoinHandle;

use crate::Engine;
use crate::city_file::{CityFile, DemoRoles, SiteEntry};
use crate::config::OpenError;
use crate::error::internal;
use crate::schedule::{self, DAYS};
use crate::store::entities::{account, fact, site, slot};
use cast::Part;
use crowd::Crowd;
pub(crate) use multitude::refuse_unfinished;
pub use multitude::{MultitudeProgress, MultitudeSize};

/// The fact that tells that this database holds the demo; its value is the number of the next invented person.
const DEMO: &str = "demo";
/// Bookings of past days that are marked with a few statements.
const MISSED_AT_ONCE: u64 = 1024;

/// How to sign in to the demo, to be shown to whoever started it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DemoStaff {
    /// `nurse`, `manager`, `office`.
    pub usernames: [&'static str; 3],
    /// The password of all three.
    pub password: String,
    /// The phone of the citizen whose account has people and bookings already.
    pub citizen_phone: &'static str,
}

/// What a start or a new day added to the demo.
#[derive(Clone, Copy)]
struct Added {
    slots: usize,
    people: usize,
}

impl Added {
    /// Whether anything that the board shows is among it.
    fn places(self) -> bool {
        self.slots > 0 || self.people > 0
    }
}

/// What every part of the demo works with.
struct Stage<'a> {
    city: &'a CityFile,
    roles: &'a DemoRoles,
    now: DateTime<Utc>,
    today: NaiveDate,
    yesterday: NaiveDate,
}

impl Engine {
    /// Fills an empty database with the demo, or adds to one that holds it the days that are missing by now.
    ///
    /// The staff's password is `password`, or a newly drawn one.
    ///
    /// # Errors
    /// [`OpenError::NotDemo`] when the database holds something else; [`OpenError::Demo`] when the city file has no `[demo]`, or
    /// writing fails.
    pub async fn seed_demo(&self, password: Option<&str>) -> core::result::Result<DemoStaff, OpenError> {
        let failed = |error: Error| OpenError::Demo(format!("{error}; the log has more"));
        if self.config().city.demo.is_none() {
            return Err(OpenError::Demo("the city file has no [demo]; name its sites there, or start without YIZHEN_DEMO".into()));
        }
        let password = password.map_or_else(|| self.draw_password(), str::to_owned);
        // slow by design, so once for all three, while the database is looked at
        let hash = tokio::spawn({
            let (engine, password) = (self.clone(), password.clone());
            async move { engine.hash_password(password).await }
        });
        let tx = self.store().begin().await.map_err(internal).map_err(failed)?;
        let Some(next) = claim(&tx).await.map_err(internal).map_err(failed)? else { return Err(OpenError::NotDemo) };
        let added = self.stage_demo(&tx, next, Some(hash)).await.map_err(failed)?;
        tx.commit().await.map_err(internal).map_err(failed)?;
        if next == 0 || added.places() {
            self.fill_board().await.map_err(failed)?;
        }
        Ok(DemoStaff { usernames: staff::usernames(), password, citizen_phone: family::DEMO_PHONE })
    }

    /// Brings the demo up to the present day, if that is what the database holds; gives the number of new slots.
    pub(crate) async fn refresh_demo(&self, db: &impl ConnectionTrait) -> Result<Option<usize>> {
        if !self.is_demo() || self.config().city.demo.is_none() {
            return Ok(None);
        }
        match lock(db).await.map_err(internal)? {
            Some(next) => self.stage_demo(db, next, None).await.map(|added| Some(added.slots)),
            None => Ok(None),
        }
    }

    /// Writes all that is missing; the staff with a new password, when there is one.
    async fn stage_demo(&self, db: &impl ConnectionTrait, next: u64, hash: Option<JoinHandle<Result<String>>>) -> Result<Added> {
        let city = &self.config().city;
        let roles = city.demo.as_ref().ok_or_else(Error::internal)?;
        let (now, today) = (self.now(), self.today());
        let stage = Stage { city, roles, now, today, yesterday: today.pred_opt().unwrap_or(today) };
        schedule::write_sites(db, city).await.map_err(internal)?;
        let staff_site = stage.site(&roles.staff_site)?;
        let nurse = staff::id(staff::usernames()[0]);
        let (next, added) = self.fill_places(db, &stage, next).await?;
        if let Some(hash) = hash {
            let hash = hash.await.map_err(|_| Error::internal())??;
            staff::write(db, staff_site.id(), &hash, now).await?;
        }
        for date in [stage.yesterday, today] {
            day::redeem(self, db, staff_site.id(), date, nurse, now).await.map_err(internal)?;
        }
        // whoever did not come is missed now
        while self.mark_missed(db, MISSED_AT_ONCE).await? == MISSED_AT_ONCE {}
        self.settle_family(db, &stage, staff_site, nurse).await?;
        // never zero again: zero says that the demo has not been written
        let next = Expr::value(Ord::max(next, 1).to_string().into_bytes());
        fact::Entity::update_many()
            .col_expr(fact::Column::Value, next)
            .filter(fact::COLUMN.name.eq(DEMO))
            .exec(db)
            .await
            .map_err(internal)?;
        Ok(added)
    }

    /// Writes the slots that are missing, and the crowd: into new slots, and into those that have come near since. Gives the
    /// number of the next person, and what was added.
    async fn fill_places(&self, db: &impl ConnectionTrait, stage: &Stage<'_>, next: u64) -> Result<(u64, Added)> {
        let mut crowd = Crowd::new(self, stage.now, next);
        let present = slot::Entity::find()
            .filter(slot::COLUMN.date.gte(stage.today))
            .filter(slot::COLUMN.taken.eq(0))
            .all(db)
            .await
            .map_err(internal)?;
        let planned = schedule::missing_slots(db, stage.city, stage.yesterday, DAYS + 1).await.map_err(internal)?;
        let mut new = Vec::with_capacity(planned.len());
        for (entry, planned) in &planned {
            let mut row = schedule::planned_row(planned, stage.now);
            row.closed = cast::is_closed(stage.part(entry), &entry.key, row.id, row.date);
            row.taken = stage.seats(entry, &row, true);
            stage.seat(&mut crowd, entry, &row)?;
            new.push(row);
        }
        schedule::write_slots(db, &new).await.map_err(internal)?;
        let sites: HashMap<Uuid, &SiteEntry> = stage.city.sites.iter().map(|entry| (entry.id(), entry)).collect();
        for mut row in present {
            let Some(entry) = sites.get(&row.site_id) else { continue };
            row.taken = stage.seats(entry, &row, false);
            if row.taken > 0 && take_empty(db, &row, stage.now).await.map_err(internal)? {
                stage.seat(&mut crowd, entry, &row)?;
            }
        }
        let (next, added) = (crowd.next, Added { slots: new.len(), people: crowd.len() });
        if added.places() {
            tracing::info!(slots = added.slots, people = added.people, "the demo's places are filled");
        }
        crowd.write(db).await.map_err(internal)?;
        Ok((next, added))
    }

    async fn settle_family(&self, db: &impl ConnectionTrait, stage: &Stage<'_>, entry: &SiteEntry, nurse: Uuid) -> Result<()> {
        let site = site::Entity::find_by_id(entry.id()).one(db).await.map_err(internal)?.ok_or_else(Error::internal)?;
        let session = entry.sessions.first().ok_or_else(Error::internal)?;
        let vaccine = stage.vaccine(&session.vaccine)?;
        family::Family { engine: self, db, site: &site, vaccine, nurse, now: stage.now }.settle().await
    }
}

impl<'a> Stage<'a> {
    fn site(&self, key: &str) -> Result<&'a SiteEntry> {
        self.city.site(key).ok_or_else(Error::internal)
    }

    fn vaccine(&self, id: &str) -> Result<&'a Vaccine> {
        self.city.vaccine(id).ok_or_else(Error::internal)
    }

    fn part(&self, entry: &SiteEntry) -> Part {
        match &entry.key {
            key if *key == self.roles.staff_site => Part::Staff,
            key if *key == self.roles.full_site => Part::Full,
            _ => Part::Other,
        }
    }

    /// How many of the crowd a slot gets: none where somebody has a place already, or where nobody could book now. Windows that
    /// have begun are filled only as `new` ones at the staff's site, for the roster; the full site is full on release.
    fn seats(&self, entry: &SiteEntry, row: &slot::Model, new: bool) -> i32 {
        let part = self.part(entry);
        let begun = row.window().has_begun(self.now) && !(new && part == Part::Staff);
        let later = row.opens_at > self.now && part != Part::Full;
        if row.taken > 0 || row.closed || later || begun {
            return 0;
        }
        let days = row.date.signed_duration_since(self.today).num_days();
        let capacity = u32::try_from(row.capacity).unwrap_or(0);
        i32::try_from(cast::seats(part, row.id, capacity, row.window(), days)).unwrap_or(0)
    }

    /// Gives every taken place of a slot to somebody of the crowd.
    fn seat(&self, crowd: &mut Crowd, entry: &SiteEntry, row: &slot::Model) -> Result<()> {
        let vaccine = self.vaccine(&row.vaccine_id)?;
        (0..row.taken).try_for_each(|_| crowd.seat(row, &entry.county, vaccine))
    }
}

/// Takes as many places as `row` says, if nobody has taken one meanwhile.
async fn take_empty(db: &impl ConnectionTrait, row: &slot::Model, now: DateTime<Utc>) -> core::result::Result<bool, DbErr> {
    let done = slot::Entity::update_many()
        .col_expr(slot::Column::Taken, Expr::value(row.taken))
        .col_expr(slot::Column::Version, Expr::col(slot::Column::Version).add(1))
        .col_expr(slot::Column::ChangedAt, Expr::value(now))
        .filter(slot::COLUMN.id.eq(row.id))
        .filter(slot::COLUMN.taken.eq(0))
        .exec(db)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Claims the database for the demo and gives the number of the next invented person; `None` when it holds something else.
async fn claim(db: &impl ConnectionTrait) -> core::result::Result<Option<u64>, DbErr> {
    let row = fact::ActiveModel { name: Set(DEMO.to_owned()), value: Set(b"0".to_vec()) };
    let nothing = OnConflict::column(fact::Column::Name).do_nothing().to_owned();
    fact::Entity::insert(row).on_conflict(nothing).try_insert().exec_without_returning(db).await?;
    let next = lock(db).await?.unwrap_or(0);
    if next == 0 && (site::Entity::find().count(db).await? > 0 || account::Entity::find().count(db).await? > 0) {
        return Ok(None);
    }
    Ok(Some(next))
}

/// The number of the next invented person; `None` when the database does not hold the demo. Two processes come one after the
/// other: the row is the first one's until it commits.
async fn lock(db: &impl ConnectionTrait) -> core::result::Result<Option<u64>, DbErr> {
    let locked =
        fact::Entity::update_many().col_expr(fact::Column::Name, Expr::col(fact::Column::Name)).filter(fact::COLUMN.name.eq(DEMO));
    locked.exec(db).await?;
    let fact = fact::Entity::find_by_id(DEMO).one(db).await?;
    Ok(fact.map(|fact| core::str::from_utf8(&fact.value).ok().and_then(|number| number.parse().ok()).unwrap_or(0)))
}
