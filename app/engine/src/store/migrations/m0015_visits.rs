//! The visit at the site: lots that are open, who has come and left, who went home without the jab, and where it was given instead.

use sea_orm_migration::prelude::*;

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0015_visits"
    }
}

/// None of the new indexes holds a booking that only waits: a booking writes no page more.
const CHANGES: &str = "
CREATE TABLE lots (
    id :uuid PRIMARY KEY,
    site_id :uuid NOT NULL REFERENCES sites (id),
    vaccine_id text NOT NULL REFERENCES vaccines (id),
    number text NOT NULL,
    expires_on date NOT NULL,
    doses integer NOT NULL CHECK (doses > 0),
    opened_at :instant NOT NULL,
    opened_by :uuid NOT NULL REFERENCES staff (id),
    closed_at :instant,
    closed_by :uuid REFERENCES staff (id)
);
CREATE UNIQUE INDEX lots_open ON lots (site_id, vaccine_id, number) WHERE closed_at IS NULL;
CREATE INDEX lots_closed ON lots (site_id, closed_at) WHERE closed_at IS NOT NULL;
ALTER TABLE bookings ADD COLUMN arrived_at :instant;
ALTER TABLE bookings ADD COLUMN arrived_by :uuid REFERENCES staff (id);
ALTER TABLE bookings ADD COLUMN left_at :instant CHECK (left_at IS NULL OR state = 'redeemed');
ALTER TABLE bookings ADD COLUMN left_by :uuid REFERENCES staff (id);
ALTER TABLE bookings ADD COLUMN lot_id :uuid REFERENCES lots (id) CHECK (lot_id IS NULL OR state = 'redeemed');
ALTER TABLE bookings ADD COLUMN turned_away text CHECK (turned_away IS NULL OR state = 'cancelled');
ALTER TABLE bookings ADD COLUMN turned_away_nonce :uuid;
ALTER TABLE bookings ADD COLUMN given_at_site :uuid REFERENCES sites (id) CHECK (given_at_site IS NULL OR state = 'redeemed');
ALTER TABLE bookings ADD COLUMN given_on date CHECK ((given_on IS NULL) = (given_at_site IS NULL));
CREATE INDEX bookings_of_lot ON bookings (lot_id) WHERE lot_id IS NOT NULL;
CREATE INDEX bookings_given_elsewhere ON bookings (given_at_site, given_on) WHERE given_at_site IS NOT NULL
";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::run(manager, CHANGES).await
    }
}
