//! An index of the bookings that wait for their day: the sweep looks at these, not at ten million that are over.

use sea_orm_migration::prelude::*;

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0003_waiting"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let index = "CREATE INDEX bookings_waiting ON bookings (slot_id) WHERE state = 'booked'";
        manager.get_connection().execute_unprepared(index).await?;
        Ok(())
    }
}
