//! `sign_in_codes`: a sign-in code that was sent; also the count that the limits look at.

use sea_orm::entity::prelude::*;

/// A sign-in code that was sent; also the count that the limits look at.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sign_in_codes")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Keyed hash of the phone.
    pub phone_hash: Vec<u8>,
    /// Keyed hash of phone and code.
    pub code_hash: Vec<u8>,
    /// When.
    pub sent_at: DateTimeUtc,
    /// Wrong tries.
    pub tries: i32,
    /// Whether somebody has signed in with it.
    pub used: bool,
}

impl ActiveModelBehavior for ActiveModel {}
