//! A site's day in numbers: counted by the database in one statement, without opening any sealed record.

use domain::access::Action;
use domain::error::Result;
use domain::slot::Window;
use domain::today::{SlotCount, Today};
use domain::{NaiveDate, NaiveTime, Uuid};
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryResult, Statement};

use crate::Engine;
use crate::error::internal;
use crate::staff::Staff;
use crate::store::entities::booking;

/// The day's slots of a site with how many are booked and how many done. The list of vaccines, which is short, leads into `slots_once` by its
/// first three columns; from each slot `bookings_by_slot` leads on.
const COUNTED: &str = "
    SELECT s.start_time, s.end_time, s.capacity, s.closed,
           count(CASE WHEN b.state <> 'cancelled' THEN 1 END) AS expected,
           count(CASE WHEN b.state = 'redeemed' THEN 1 END) AS done,
           count(CASE WHEN b.state = 'booked' AND b.arrived_at IS NOT NULL THEN 1 END) AS waiting,
           count(CASE WHEN b.state <> 'cancelled' AND b.at_desk = 'walk_in' THEN 1 END) AS walk_ins,
           count(CASE WHEN b.state = 'cancelled' AND b.turned_away IS NOT NULL THEN 1 END) AS turned_away
    FROM slots s LEFT JOIN bookings b ON b.slot_id = s.id
    WHERE s.site_id = $1 AND s.vaccine_id IN (SELECT id FROM vaccines) AND s.date = $2
    GROUP BY s.id, s.start_time, s.end_time, s.capacity, s.closed";

impl Engine {
    /// A site's day in numbers. It names nobody, and nobody can be found by it: it is not audited, so that a page may ask every half minute.
    /// That somebody asks who may not is.
    ///
    /// # Errors
    /// `not_found` for an unknown site; `forbidden` for another site's.
    pub async fn read_today(&self, staff: &Staff, site_id: Uuid) -> Result<Today> {
        self.allow_at_site(staff, Action::ReadToday, site_id)?;
        let (now, date) = (self.now(), self.today());
        let db = &self.store().read;
        let statement = Statement::from_sql_and_values(db.get_database_backend(), COUNTED, [site_id.into(), date.into()]);
        let rows = db.query_all_raw(statement).await.map_err(internal)?;
        let slots = rows.iter().map(|row| counted(row, date)).collect::<core::result::Result<_, _>>().map_err(internal)?;
        let accepted = booking::Entity::find()
            .filter(booking::COLUMN.given_at_site.eq(site_id))
            .filter(booking::COLUMN.given_on.eq(date))
            .count(db)
            .await
            .map_err(internal)?;
        let accepted = u32::try_from(accepted).unwrap_or(u32::MAX);
        Ok(Today { accepted, lots: self.open_lots(site_id).await?, ..Today::of(site_id, date, now, slots) })
    }
}

fn counted(row: &QueryResult, date: NaiveDate) -> core::result::Result<SlotCount, DbErr> {
    // the table's CHECK keeps it at zero or more, and nobody counts below
    let number = |number: i64| u32::try_from(number).unwrap_or(0);
    let time = |name: &str| row.try_get::<NaiveTime>("", name);
    Ok(SlotCount {
        window: Window { date, start: time("start_time")?, end: time("end_time")? },
        capacity: number(row.try_get::<i32>("", "capacity")?.into()),
        expected: number(row.try_get("", "expected")?),
        done: number(row.try_get("", "done")?),
        waiting: number(row.try_get("", "waiting")?),
        walk_ins: number(row.try_get("", "walk_ins")?),
        turned_away: number(row.try_get("", "turned_away")?),
        closed: row.try_get("", "closed")?,
    })
}

#[cfg(test)]
mod tests {
    use sea_orm::{ConnectOptions, Database, DbBackend};
    use sea_orm_migration::MigratorTrait;

    use super::*;
    use crate::store::migrations::Migrator;

    #[tokio::test]
    async fn the_day_is_counted_by_way_of_two_indexes_and_reads_no_table_from_end_to_end() {
        let mut options = ConnectOptions::new("sqlite::memory:");
        options.max_connections(1);
        let db = Database::connect(options).await.expect("a database");
        Migrator::up(&db, None).await.expect("its tables");
        let explain = format!("EXPLAIN QUERY PLAN {COUNTED}");
        let values = [Uuid::nil().into(), "2026-03-02".into()];
        let plan = db.query_all_raw(Statement::from_sql_and_values(DbBackend::Sqlite, explain, values)).await.expect("a plan");
        let plan: Vec<String> = plan.iter().map(|step| step.try_get("", "detail").expect("a step")).collect();
        let steps = plan.join("\n");
        assert!(steps.contains("INDEX slots_once (site_id=? AND vaccine_id=? AND date=?)"), "{steps}");
        assert!(steps.contains("INDEX bookings_by_slot (slot_id=?)"), "{steps}");
        let whole = |step: &&String| step.starts_with("SCAN") && !step.contains("vaccines");
        assert_eq!(plan.iter().find(whole), None, "{steps}");
    }
}
