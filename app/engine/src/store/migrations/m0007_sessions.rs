//! When a session was last used, so that one that nobody uses ends; and an index by account, to end all of an account's at once.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0007_sessions"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        let instant = if manager.get_database_backend() == DbBackend::Postgres { "timestamptz" } else { "text" };
        for statement in [
            // nothing: not since it began
            &format!("ALTER TABLE sessions ADD COLUMN last_seen_at {instant}"),
            "CREATE INDEX sessions_by_account ON sessions (account_id) WHERE account_id IS NOT NULL",
        ] {
            db.execute_unprepared(statement).await?;
        }
        Ok(())
    }
}
