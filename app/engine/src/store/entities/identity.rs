//! `identities`: who an account's holder is, as a city's app has said.

use sea_orm::entity::prelude::*;

/// Who an account's holder is, as a city's app has said.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "identities")]
pub struct Model {
    /// The account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Which app, by its name in the settings.
    pub host: String,
    /// Keyed hash of the document, as in `people`.
    pub person_hash: Vec<u8>,
    /// Name, document and date of birth, sealed.
    pub sealed: Vec<u8>,
    /// When it said so last.
    pub at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
