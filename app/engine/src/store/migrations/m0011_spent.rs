//! What may be used once only, and was: a keyed hash of it, and until when it must be remembered.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0011_spent"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let (bytes, instant) = match manager.get_database_backend() {
            DbBackend::Postgres => ("bytea", "timestamptz"),
            _ => ("blob", "text"),
        };
        // no index by time: it is short-lived, so there is never much of it
        let table = format!("CREATE TABLE spent (hash {bytes} PRIMARY KEY, until {instant} NOT NULL)");
        manager.get_connection().execute_unprepared(&table).await?;
        Ok(())
    }
}
