//! Fewer indexes of bookings: each that keys are scattered over is one more page to write for a booking, in a city's database from
//! the disk.

use sea_orm_migration::prelude::*;

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0002_fewer_indexes"
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
            // a person's live bookings are found by bookings_one_live
            "DROP INDEX bookings_by_person",
            // most bookings have no scan yet
            "DROP INDEX bookings_one_nonce",
            "CREATE UNIQUE INDEX bookings_one_nonce ON bookings (redeem_nonce) WHERE redeem_nonce IS NOT NULL",
        ] {
            db.execute_unprepared(statement).await?;
        }
        Ok(())
    }
}
