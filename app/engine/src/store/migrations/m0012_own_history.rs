//! What an account has done with its data, who of the staff has looked at a booking, and which codes went to a number: found by indexes that
//! no booking writes to.

use sea_orm_migration::prelude::*;

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0012_own_history"
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
            "CREATE INDEX audit_by_citizen ON audit (actor_id) WHERE actor = 'citizen' AND action NOT IN ('reserve', 'move', 'cancel')",
            "CREATE INDEX audit_of_staff ON audit (object) WHERE actor = 'staff'",
            "CREATE INDEX messages_of_no_booking ON messages (to_hash) WHERE booking_code IS NULL",
        ] {
            db.execute_unprepared(statement).await?;
        }
        Ok(())
    }
}
