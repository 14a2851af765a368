//! Consent that is given on its own, with its version and time.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0012_consents"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        let (uuid, instant) =
            if manager.get_database_backend() == DbBackend::Postgres { ("uuid", "timestamptz") } else { ("blob", "text") };
        let table = format!(
            "CREATE TABLE consents (
                id {uuid} PRIMARY KEY,
                account_id {uuid} NOT NULL REFERENCES accounts (id),
                kind text NOT NULL CHECK (kind IN ('sensitive')),
                version text NOT NULL,
                given boolean NOT NULL,
                at {instant} NOT NULL
            )"
        );
        for statement in [table.as_str(), "CREATE INDEX consents_by_account ON consents (account_id)"] {
            db.execute_unprepared(statement).await?;
        }
        Ok(())
    }
}
