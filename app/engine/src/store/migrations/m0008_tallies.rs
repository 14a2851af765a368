//! How often what was tried from where: a number for each keyed hash of a device or an address.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0008_tallies"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let bytes = if manager.get_database_backend() == DbBackend::Postgres { "bytea" } else { "blob" };
        let table = format!("CREATE TABLE tallies (hash {bytes} PRIMARY KEY, empty_ms bigint NOT NULL)");
        manager.get_connection().execute_unprepared(&table).await?;
        Ok(())
    }
}
