//! Nothing of anybody's health stands beside a booking: which questions were answered with no, and no answers.

use sea_orm_migration::prelude::*;

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0012_questions"
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
            // all that are there were asked the first version, and have answered no
            "ALTER TABLE bookings ADD COLUMN questions smallint NOT NULL DEFAULT 1",
            "ALTER TABLE bookings DROP COLUMN screening",
        ] {
            db.execute_unprepared(statement).await?;
        }
        Ok(())
    }
}
