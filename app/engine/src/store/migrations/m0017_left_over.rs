//! Who asked to be called for a dose that is left over at the end of a day, and for which sites.

use sea_orm_migration::prelude::*;

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0017_left_over"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::run(manager, TABLES).await
    }
}

const TABLES: &str = "
CREATE TABLE left_overs (
    id :uuid PRIMARY KEY,
    account_id :uuid NOT NULL REFERENCES accounts (id),
    person_id :uuid NOT NULL REFERENCES people (id),
    course text NOT NULL,
    dose smallint NOT NULL CHECK (dose >= 1),
    county text NOT NULL,
    until date NOT NULL,
    asked_at :instant NOT NULL,
    outcome text CHECK (outcome IN ('comes', 'declined', 'no_answer')),
    called_at :instant,
    CONSTRAINT left_overs_called CHECK ((outcome IS NULL) = (called_at IS NULL))
);
CREATE UNIQUE INDEX left_overs_once ON left_overs (person_id, course);
CREATE INDEX left_overs_by_account ON left_overs (account_id);
CREATE INDEX left_overs_by_end ON left_overs (until);

CREATE TABLE left_over_sites (
    site_id :uuid NOT NULL REFERENCES sites (id),
    left_over_id :uuid NOT NULL REFERENCES left_overs (id) ON DELETE CASCADE,
    PRIMARY KEY (site_id, left_over_id)
);
CREATE INDEX left_over_sites_by_ask ON left_over_sites (left_over_id)
";
