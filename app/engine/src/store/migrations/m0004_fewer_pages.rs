//! Indexes that a booking pays for and nobody reads, away: with ten million bookings each of their pages comes from the disk and
//! goes back to it.

use sea_orm_migration::prelude::*;

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0004_fewer_pages"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        for statement in [
            // only the demo's inbox asks for a number, and it has few messages
            "DROP INDEX messages_by_number",
            // what was done to a booking is found from its own times
            "DROP INDEX audit_by_object",
            // what is sent is never looked for by its time: the outbox is what waits
            "DROP INDEX messages_by_due",
            "CREATE INDEX messages_due ON messages (due_at) WHERE state = 'queued'",
        ] {
            db.execute_unprepared(statement).await?;
        }
        Ok(())
    }
}
