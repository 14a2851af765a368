//! The first tables, with the guards that must never be wrong.

use sea_orm_migration::prelude::*;

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0001_first"
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
CREATE TABLE facts (
    name text PRIMARY KEY,
    value :bytes NOT NULL
);

CREATE TABLE vaccines (
    id text PRIMARY KEY,
    position integer NOT NULL,
    body text NOT NULL
);

CREATE TABLE sites (
    id :uuid PRIMARY KEY,
    position integer NOT NULL,
    name text NOT NULL,
    name_en text NOT NULL,
    county text NOT NULL,
    address text NOT NULL,
    phone text NOT NULL
);

CREATE TABLE slots (
    id :uuid PRIMARY KEY,
    site_id :uuid NOT NULL REFERENCES sites (id),
    vaccine_id text NOT NULL REFERENCES vaccines (id),
    date date NOT NULL,
    start_time time NOT NULL,
    end_time time NOT NULL,
    capacity integer NOT NULL,
    taken integer NOT NULL DEFAULT 0,
    opens_at :instant NOT NULL,
    closed boolean NOT NULL DEFAULT FALSE,
    version integer NOT NULL DEFAULT 1,
    changed_at :instant NOT NULL,
    CONSTRAINT slots_never_oversold CHECK (taken BETWEEN 0 AND capacity),
    CONSTRAINT slots_have_a_length CHECK (start_time < end_time)
);
CREATE UNIQUE INDEX slots_once ON slots (site_id, vaccine_id, date, start_time);
CREATE INDEX slots_by_date ON slots (date);
CREATE INDEX slots_by_change ON slots (changed_at);

CREATE TABLE accounts (
    id :uuid PRIMARY KEY,
    phone_hash :bytes NOT NULL,
    phone_sealed :bytes NOT NULL,
    created_at :instant NOT NULL
);
CREATE UNIQUE INDEX accounts_by_phone ON accounts (phone_hash);

CREATE TABLE sign_in_codes (
    id :uuid PRIMARY KEY,
    phone_hash :bytes NOT NULL,
    code_hash :bytes NOT NULL,
    sent_at :instant NOT NULL,
    tries integer NOT NULL DEFAULT 0,
    used boolean NOT NULL DEFAULT FALSE
);
CREATE INDEX sign_in_codes_by_phone ON sign_in_codes (phone_hash, sent_at);

CREATE TABLE staff (
    id :uuid PRIMARY KEY,
    username text NOT NULL,
    name text NOT NULL,
    role text NOT NULL CHECK (role IN ('nurse', 'manager', 'office')),
    site_id :uuid REFERENCES sites (id),
    password_hash text NOT NULL,
    disabled boolean NOT NULL DEFAULT FALSE,
    failed integer NOT NULL DEFAULT 0,
    locked_until :instant,
    created_at :instant NOT NULL,
    CONSTRAINT staff_have_a_site CHECK (role = 'office' OR site_id IS NOT NULL)
);
CREATE UNIQUE INDEX staff_by_username ON staff (username);

CREATE TABLE sessions (
    token_hash :bytes PRIMARY KEY,
    account_id :uuid REFERENCES accounts (id),
    staff_id :uuid REFERENCES staff (id),
    created_at :instant NOT NULL,
    expires_at :instant NOT NULL,
    CONSTRAINT sessions_are_of_one CHECK ((account_id IS NULL) <> (staff_id IS NULL))
);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE people (
    id :uuid PRIMARY KEY,
    account_id :uuid NOT NULL REFERENCES accounts (id),
    relation text NOT NULL CHECK (relation IN ('self', 'other')),
    person_hash :bytes NOT NULL,
    sealed :bytes NOT NULL,
    county text NOT NULL,
    removed boolean NOT NULL DEFAULT FALSE,
    created_at :instant NOT NULL,
    changed_at :instant NOT NULL
);
CREATE UNIQUE INDEX people_once_an_account ON people (account_id, person_hash) WHERE NOT removed;
CREATE UNIQUE INDEX people_one_self ON people (account_id) WHERE relation = 'self' AND NOT removed;

CREATE TABLE bookings (
    code text PRIMARY KEY,
    account_id :uuid NOT NULL REFERENCES accounts (id),
    person_id :uuid NOT NULL REFERENCES people (id),
    person_hash :bytes NOT NULL,
    slot_id :uuid NOT NULL REFERENCES slots (id),
    course text NOT NULL,
    dose smallint NOT NULL CHECK (dose >= 1),
    state text NOT NULL CHECK (state IN ('booked', 'redeemed', 'cancelled', 'missed')),
    version integer NOT NULL DEFAULT 1,
    previous_dose_on date,
    screening text NOT NULL,
    consent_version text NOT NULL,
    created_at :instant NOT NULL,
    changed_at :instant NOT NULL,
    redeemed_at :instant,
    redeemed_by :uuid REFERENCES staff (id),
    redeem_nonce :uuid,
    lot text,
    CONSTRAINT bookings_redeemed_by_somebody CHECK ((state = 'redeemed') = (redeemed_at IS NOT NULL))
);
CREATE UNIQUE INDEX bookings_one_live ON bookings (person_hash, course, dose) WHERE state IN ('booked', 'redeemed');
CREATE UNIQUE INDEX bookings_one_nonce ON bookings (redeem_nonce);
CREATE INDEX bookings_by_slot ON bookings (slot_id);
CREATE INDEX bookings_by_account ON bookings (account_id);
CREATE INDEX bookings_by_person ON bookings (person_id);

CREATE TABLE requests (
    id :uuid PRIMARY KEY,
    account_id :uuid NOT NULL REFERENCES accounts (id),
    content_hash :bytes NOT NULL,
    booking_code text NOT NULL,
    answered_at :instant NOT NULL
);

CREATE TABLE messages (
    id :uuid PRIMARY KEY,
    booking_code text REFERENCES bookings (code),
    booking_version integer,
    kind text NOT NULL,
    to_hash :bytes NOT NULL,
    sealed :bytes NOT NULL,
    state text NOT NULL CHECK (state IN ('queued', 'sent', 'dropped')),
    due_at :instant NOT NULL,
    created_at :instant NOT NULL
);
CREATE UNIQUE INDEX messages_once ON messages (booking_code, kind, booking_version);
CREATE INDEX messages_by_number ON messages (to_hash, created_at);
CREATE INDEX messages_by_due ON messages (state, due_at);

CREATE TABLE audit (
    id :uuid PRIMARY KEY,
    at :instant NOT NULL,
    actor text NOT NULL,
    actor_id :uuid,
    action text NOT NULL,
    object text NOT NULL,
    detail text
);
CREATE INDEX audit_by_object ON audit (object)
";
