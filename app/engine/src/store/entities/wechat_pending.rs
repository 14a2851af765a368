//! `wechat_pending`: a WeChat user who is about to prove a phone.

use sea_orm::entity::prelude::*;

/// A WeChat user who is about to prove a phone.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "wechat_pending")]
pub struct Model {
    /// Keyed hash of the token that their browser keeps.
    #[sea_orm(primary_key, auto_increment = false)]
    pub token_hash: Vec<u8>,
    /// Keyed hash of the openid, as in `wechat_bindings`.
    pub openid_hash: Vec<u8>,
    /// Until when it can be bound.
    pub expires_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
