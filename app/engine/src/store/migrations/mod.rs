//! The migrations, oldest first. A published one is never changed.

use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, DbErr};
use sea_orm_migration::{MigrationTrait, MigratorTrait, SchemaManager};

mod m0001_first;
mod m0002_fewer_indexes;
mod m0003_waiting;
mod m0004_fewer_pages;
mod m0005_messages_in_order;
mod m0006_people_by_document;
mod m0007_sessions;
mod m0008_tallies;
mod m0009_audit_chain;
mod m0010_staff_trust;
mod m0011_spent;
mod m0011b_doors;
mod m0012_consents;
mod m0012_own_history;
mod m0012_questions;
mod m0013_messages;
mod m0014_jobs;
mod m0015_visits;
mod m0016_conflicts;
mod m0017_left_over;
mod m0018_at_desk;

/// All migrations of this program.
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_first::Migration),
            Box::new(m0002_fewer_indexes::Migration),
            Box::new(m0003_waiting::Migration),
            Box::new(m0004_fewer_pages::Migration),
            Box::new(m0005_messages_in_order::Migration),
            Box::new(m0006_people_by_document::Migration),
            Box::new(m0007_sessions::Migration),
            Box::new(m0008_tallies::Migration),
            Box::new(m0009_audit_chain::Migration),
            Box::new(m0010_staff_trust::Migration),
            Box::new(m0011_spent::Migration),
            Box::new(m0011b_doors::Migration),
            Box::new(m0012_questions::Migration),
            Box::new(m0012_consents::Migration),
            Box::new(m0012_own_history::Migration),
            Box::new(m0013_messages::Migration),
            Box::new(m0014_jobs::Migration),
            Box::new(m0015_visits::Migration),
            Box::new(m0016_conflicts::Migration),
            Box::new(m0017_left_over::Migration),
            Box::new(m0018_at_desk::Migration),
        ]
    }
}

/// Runs statements one by one. `:uuid`, `:bytes` and `:instant` are the three types that the two engines name differently.
async fn run(manager: &SchemaManager<'_>, statements: &str) -> Result<(), DbErr> {
    let (uuid, bytes, instant) = match manager.get_database_backend() {
        DbBackend::Postgres => ("uuid", "bytea", "timestamptz"),
        _ => ("blob", "blob", "text"),
    };
    for statement in statements.split(';').map(str::trim).filter(|statement| !statement.is_empty()) {
        let statement = statement.replace(":uuid", uuid).replace(":bytes", bytes).replace(":instant", instant);
        manager.get_connection().execute_unprepared(&statement).await?;
    }
    Ok(())
}
