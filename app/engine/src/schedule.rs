//! The schedule: the city file's sites and the slots of their usual days, written where they are not there yet.

use std::collections::HashSet;

use domain::error::Result;
use domain::time::plus_days;
use domain::{DateTime, NaiveDate, Utc, Uuid};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveModelTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect};

use crate::Engine;
use crate::city_file::{CityFile, PlannedSlot, SiteEntry};
use crate::error::internal;
use crate::store::entities::{site, slot};

/// Days that are open for booking, today among them.
pub(crate) const DAYS: u32 = 14;
/// Rows of one statement: eleven columns each, and SQLite takes 32,766 parameters.
const CHUNK: usize = 1_000;

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// Sites that the city file has.
    pub sites: usize,
    /// Slots that were not there before.
    pub slots: usize,
}

impl Engine {
    /// Writes the city file's sites, and the slots of today and the coming two weeks that are not there yet. What is there stays
    /// as it is, so it can be run every day. Where the database holds the demo, its people come to the new days as well.
    ///
    /// # Errors
    /// `internal`
    pub async fn write_schedule(&self) -> Result<Written> {
        let tx = self.store().begin().await.map_err(internal)?;
        let sites_changed = write_sites(&tx, &self.config().city).await.map_err(internal)?;
        let slots = match self.refresh_demo(&tx).await? {
            Some(slots) => slots,
            None => self.write_missing(&tx).await.map_err(internal)?,
        };
        tx.commit().await.map_err(internal)?;
        // readers of the feed start again when the board is filled, so not for nothing; rows that changed come with the next tick
        if sites_changed || slots > 0 {
            self.fill_board().await?;
        }
        Ok(Written { sites: self.config().city.sites.len(), slots })
    }

    async fn write_missing(&self, db: &impl ConnectionTrait) -> core::result::Result<usize, DbErr> {
        let (now, city) = (self.now(), &self.config().city);
        let planned = missing_slots(db, city, self.today(), DAYS).await?;
        let rows: Vec<_> = planned.iter().map(|(_, planned)| planned_row(planned, now)).collect();
        write_slots(db, &rows).await?;
        Ok(rows.len())
    }
}

/// Writes the sites that are new or changed, and tells whether there were any; what the file says now is what is in force.
pub(crate) async fn write_sites(db: &impl ConnectionTrait, city: &CityFile) -> core::result::Result<bool, DbErr> {
    let present = site::Entity::find().all(db).await?;
    let wanted = (0..).zip(&city.sites).map(|(position, entry)| site_row(position, entry));
    let changed: Vec<_> = wanted.filter(|row| !present.contains(row)).map(|row| site::ActiveModel::from(row).reset_all()).collect();
    if changed.is_empty() {
        return Ok(false);
    }
    use site::Column::{Address, County, Name, NameEn, Phone, Position};
    let replace = OnConflict::column(site::Column::Id).update_columns([Position, Name, NameEn, County, Address, Phone]).to_owned();
    site::Entity::insert_many(changed).on_conflict(replace).exec_without_returning(db).await?;
    Ok(true)
}

fn site_row(position: i32, entry: &SiteEntry) -> site::Model {
    site::Model {
        id: entry.id(),
        position,
        name: entry.name.clone(),
        name_en: entry.name_en.clone(),
        county: entry.county.clone(),
        address: entry.address.clone(),
        phone: entry.phone.clone(),
    }
}

/// The slots of `days` days from `first` that are planned and not there, each with its site.
pub(crate) async fn missing_slots<'a>(
    db: &impl ConnectionTrait,
    city: &'a CityFile,
    first: NaiveDate,
    days: u32,
) -> core::result::Result<Vec<(&'a SiteEntry, PlannedSlot)>, DbErr> {
    let there: Vec<Uuid> = slot::Entity::find()
        .select_only()
        .column(slot::Column::Id)
        .filter(slot::COLUMN.date.gte(first))
        .into_tuple()
        .all(db)
        .await?;
    let there: HashSet<_> = there.into_iter().collect();
    let planned = city
        .sites
        .iter()
        .flat_map(|site| (0..days).flat_map(move |n| site.slots(plus_days(first, n))).map(move |slot| (site, slot)));
    Ok(planned.filter(|(_, slot)| !there.contains(&slot.id)).collect())
}

/// The row of a planned slot, open and empty.
pub(crate) fn planned_row(planned: &PlannedSlot, now: DateTime<Utc>) -> slot::Model {
    slot::Model {
        id: planned.id,
        site_id: planned.site_id,
        vaccine_id: planned.vaccine_id.clone(),
        date: planned.window.date,
        start_time: planned.window.start,
        end_time: planned.window.end,
        capacity: i32::try_from(planned.capacity).unwrap_or(i32::MAX),
        taken: 0,
        opens_at: planned.opens_at,
        closed: false,
        version: 1,
        changed_at: now,
    }
}

/// Writes new slots, many a statement. One that another process has just written stays as it is.
pub(crate) async fn write_slots(db: &impl ConnectionTrait, rows: &[slot::Model]) -> core::result::Result<(), DbErr> {
    for chunk in rows.chunks(CHUNK) {
        let rows = chunk.iter().map(|row| slot::ActiveModel::from(row.clone()).reset_all());
        let nothing = OnConflict::new().do_nothing().to_owned();
        slot::Entity::insert_many(rows).on_conflict(nothing).try_insert().exec_without_returning(db).await?;
    }
    Ok(())
}
