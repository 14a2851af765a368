//! What two records of one booking disagree on: both of them, side by side, until somebody has settled it.

use sea_orm_migration::prelude::*;

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0016_conflicts"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::run(manager, CHANGES).await
    }
}

const CHANGES: &str = "
CREATE TABLE conflicts (
    id :uuid PRIMARY KEY,
    nonce :uuid NOT NULL UNIQUE,
    booking_code text NOT NULL REFERENCES bookings (code),
    site_id :uuid NOT NULL REFERENCES sites (id),
    kind text NOT NULL CHECK (kind IN ('done_twice', 'not_waiting', 'elsewhere', 'booked_again')),
    at :instant NOT NULL,
    clamped boolean NOT NULL,
    staff_id :uuid NOT NULL REFERENCES staff (id),
    lot text,
    device text,
    sent_by :uuid NOT NULL REFERENCES staff (id),
    sent_at :instant NOT NULL,
    first_at :instant,
    first_by :uuid REFERENCES staff (id),
    first_nonce :uuid,
    first_lot text,
    first_site_id :uuid NOT NULL REFERENCES sites (id),
    settled_at :instant,
    settled_by :uuid REFERENCES staff (id),
    decision text CHECK (decision IN ('one_jab', 'two_jabs', 'given', 'not_given')),
    note text NOT NULL DEFAULT '',
    CHECK ((settled_at IS NULL) = (decision IS NULL) AND (settled_at IS NULL) = (settled_by IS NULL)),
    CHECK (kind <> 'done_twice' OR (first_at IS NOT NULL AND first_by IS NOT NULL AND first_nonce IS NOT NULL))
);
CREATE INDEX conflicts_by_site ON conflicts (site_id, sent_at)
";
