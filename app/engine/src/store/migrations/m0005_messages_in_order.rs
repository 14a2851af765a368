//! The guard against sending twice, in the order of time: a booking's messages stand beside those of its minute, and not wherever
//! its code, which is a matter of chance, would put them.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0005_messages_in_order"
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
            &format!("ALTER TABLE messages ADD COLUMN booking_made_at {instant}"),
            "UPDATE messages SET booking_made_at = (SELECT created_at FROM bookings WHERE code = booking_code)",
            "DROP INDEX messages_once",
            "CREATE UNIQUE INDEX messages_once ON messages (booking_made_at, booking_code, kind, booking_version)",
        ] {
            db.execute_unprepared(statement).await?;
        }
        Ok(())
    }
}
