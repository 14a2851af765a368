//! Messages that are sent: who has one in hand, by which gateway, how often, and what came of it; and an account's language.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0013_messages"
    }
}

const STATES: &str = "'queued', 'sending', 'in_doubt', 'sent', 'delivered', 'failed', 'called', 'dropped'";

/// SQLite changes no condition of a table: it is written anew.
const ANEW: &str = "
CREATE TABLE messages_anew (
    id blob PRIMARY KEY,
    booking_code text REFERENCES bookings (code),
    booking_made_at text,
    booking_version integer,
    kind text NOT NULL,
    to_hash blob NOT NULL,
    sealed blob NOT NULL,
    state text NOT NULL CHECK (state IN (:states)),
    due_at text NOT NULL,
    created_at text NOT NULL,
    urgency smallint NOT NULL DEFAULT 1,
    detail text,
    tries smallint NOT NULL DEFAULT 0,
    asks smallint NOT NULL DEFAULT 0,
    gateway text,
    refused_by text,
    reference text,
    trouble text,
    handed_at text,
    told_at text
);
INSERT INTO messages_anew (id, booking_code, booking_made_at, booking_version, kind, to_hash, sealed, state, due_at, created_at)
    SELECT id, booking_code, booking_made_at, booking_version, kind, to_hash, sealed, state, due_at, created_at FROM messages;
DROP TABLE messages;
ALTER TABLE messages_anew RENAME TO messages;
CREATE UNIQUE INDEX messages_once ON messages (booking_made_at, booking_code, kind, booking_version);
CREATE INDEX messages_of_no_booking ON messages (to_hash) WHERE booking_code IS NULL;
";

const ALTERED: &str = "
ALTER TABLE messages DROP CONSTRAINT messages_state_check;
ALTER TABLE messages ADD CONSTRAINT messages_state_check CHECK (state IN (:states));
ALTER TABLE messages
    ADD COLUMN urgency smallint NOT NULL DEFAULT 1,
    ADD COLUMN detail text,
    ADD COLUMN tries smallint NOT NULL DEFAULT 0,
    ADD COLUMN asks smallint NOT NULL DEFAULT 0,
    ADD COLUMN gateway text,
    ADD COLUMN refused_by text,
    ADD COLUMN reference text,
    ADD COLUMN trouble text,
    ADD COLUMN handed_at timestamptz,
    ADD COLUMN told_at timestamptz;
DROP INDEX messages_due;
";

/// What was written before there was a gateway is not sent now, but for the reminders that are still to come.
const AFTER: &str = "
UPDATE messages SET state = 'sent' WHERE state = 'queued' AND kind <> 'reminder';
CREATE INDEX messages_due ON messages (urgency, due_at) WHERE state = 'queued';
CREATE INDEX messages_open ON messages (due_at) WHERE state IN ('sending', 'in_doubt');
CREATE INDEX messages_failed ON messages (due_at) WHERE state = 'failed';
CREATE INDEX messages_awaited ON messages (reference) WHERE state = 'sent';
CREATE INDEX messages_handed ON messages (to_hash, handed_at) WHERE handed_at IS NOT NULL;
ALTER TABLE accounts ADD COLUMN lang text NOT NULL DEFAULT 'zh' CHECK (lang IN ('zh', 'en'));
";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let change = if manager.get_database_backend() == DbBackend::Postgres { ALTERED } else { ANEW };
        let db = manager.get_connection();
        db.execute_unprepared(&change.replace(":states", STATES)).await?;
        db.execute_unprepared(AFTER).await?;
        Ok(())
    }
}
