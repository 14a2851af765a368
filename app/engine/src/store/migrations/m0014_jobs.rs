//! What the service does by itself: who has it, until when, and how it went.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0014_jobs"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let instant = if manager.get_database_backend() == DbBackend::Postgres { "timestamptz" } else { "text" };
        let table = format!(
            "CREATE TABLE jobs (
                name text PRIMARY KEY,
                runs bigint NOT NULL DEFAULT 0,
                held_until {instant},
                started_at {instant},
                ended_at {instant},
                succeeded_at {instant},
                done_on date,
                outcome text CHECK (outcome IN ('done', 'failed')),
                failures bigint NOT NULL DEFAULT 0,
                failed_in_row integer NOT NULL DEFAULT 0
            )"
        );
        manager.get_connection().execute_unprepared(&table).await?;
        Ok(())
    }
}
