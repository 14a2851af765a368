//! Staff who share a tablet: the sites of each, the site of a session and whether it is locked, the second factor, the PIN.

use sea_orm_migration::prelude::*;

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0010_staff_trust"
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

/// `staff.site_id` stays as the first of somebody's sites: the table's own guard is that all but the office have one.
const CHANGES: &str = "
CREATE TABLE staff_sites (
    staff_id :uuid NOT NULL REFERENCES staff (id),
    site_id :uuid NOT NULL REFERENCES sites (id),
    PRIMARY KEY (staff_id, site_id)
);
INSERT INTO staff_sites (staff_id, site_id) SELECT id, site_id FROM staff WHERE site_id IS NOT NULL;
CREATE INDEX staff_sites_by_site ON staff_sites (site_id);

ALTER TABLE staff ADD COLUMN pin_hash text;
ALTER TABLE staff ADD COLUMN signed_in_at :instant;

CREATE TABLE second_factors (
    id :uuid PRIMARY KEY REFERENCES staff (id),
    secret_sealed :bytes NOT NULL,
    begun_at :instant NOT NULL,
    confirmed_at :instant,
    used_step bigint NOT NULL
);

CREATE TABLE recovery_codes (
    hash :bytes PRIMARY KEY,
    staff_id :uuid NOT NULL REFERENCES staff (id)
);
CREATE INDEX recovery_codes_by_staff ON recovery_codes (staff_id);

ALTER TABLE sessions ADD COLUMN site_id :uuid;
ALTER TABLE sessions ADD COLUMN locked_at :instant;
ALTER TABLE sessions ADD COLUMN unlock_failed integer NOT NULL DEFAULT 0;
UPDATE sessions SET site_id = (SELECT staff.site_id FROM staff WHERE staff.id = sessions.staff_id) WHERE staff_id IS NOT NULL;
CREATE INDEX sessions_by_staff ON sessions (staff_id) WHERE staff_id IS NOT NULL;
";
