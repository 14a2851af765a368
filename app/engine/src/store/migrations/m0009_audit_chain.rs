//! The audit says how each deed ended and from where it came, carries a keyed digest of each row, and is chained: see `audit`.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0009_audit_chain"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        let (bytes, instant, key) = match manager.get_database_backend() {
            DbBackend::Postgres => ("bytea", "timestamptz", "bigint"),
            // the table itself is in the order of this key then
            _ => ("blob", "text", "integer"),
        };
        for statement in [
            // what was refused was not written down until now
            "ALTER TABLE audit ADD COLUMN outcome text NOT NULL DEFAULT 'done'",
            "ALTER TABLE audit ADD COLUMN origin text",
            // nothing: written before there was a chain. 0: waits for its link
            "ALTER TABLE audit ADD COLUMN link bigint",
            &format!("ALTER TABLE audit ADD COLUMN mac {bytes}"),
            "CREATE INDEX audit_waiting ON audit (id) WHERE link = 0",
            &format!(
                "CREATE TABLE audit_links (id {key} PRIMARY KEY, at {instant} NOT NULL, total bigint NOT NULL, ids {bytes} NOT NULL, hash {bytes} NOT NULL)"
            ),
        ] {
            db.execute_unprepared(statement).await?;
        }
        Ok(())
    }
}
