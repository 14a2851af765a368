//! Who an account's holder is, as a city's app has said; and which WeChat user signs in to which account, or is about to.

use sea_orm_migration::prelude::*;

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0011b_doors"
    }
}

const TABLES: &str = "
CREATE TABLE identities (
    id :uuid PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    host text NOT NULL,
    person_hash :bytes NOT NULL,
    sealed :bytes NOT NULL,
    at :instant NOT NULL
);

CREATE TABLE wechat_bindings (
    openid_hash :bytes PRIMARY KEY,
    account_id :uuid NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    at :instant NOT NULL
);
CREATE INDEX wechat_bindings_by_account ON wechat_bindings (account_id);

CREATE TABLE wechat_pending (
    token_hash :bytes PRIMARY KEY,
    openid_hash :bytes NOT NULL,
    expires_at :instant NOT NULL
)
";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::run(manager, TABLES).await
    }
}
