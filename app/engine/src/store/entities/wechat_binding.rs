//! `wechat_bindings`: which WeChat user signs in to which account.

use sea_orm::entity::prelude::*;

/// A WeChat user who signs in to an account.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "wechat_bindings")]
pub struct Model {
    /// Keyed hash of the openid, and of the official account that it is for.
    #[sea_orm(primary_key, auto_increment = false)]
    pub openid_hash: Vec<u8>,
    /// The account.
    pub account_id: Uuid,
    /// Since when.
    pub at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
