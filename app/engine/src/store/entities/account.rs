//! `accounts`: an account: a phone that somebody has proved to hold.

use sea_orm::entity::prelude::*;

/// An account: a phone that somebody has proved to hold.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "accounts")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Keyed hash of the phone.
    pub phone_hash: Vec<u8>,
    /// The phone, sealed.
    pub phone_sealed: Vec<u8>,
    /// When it was made.
    pub created_at: DateTimeUtc,
    /// The language in which it is told: `domain::lang::Lang`.
    pub lang: String,
}

impl ActiveModelBehavior for ActiveModel {}
