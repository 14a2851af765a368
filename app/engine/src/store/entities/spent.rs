//! `spent`: what may be used once only, and was.

use sea_orm::entity::prelude::*;

/// Something that may be used once only, and was.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "spent")]
pub struct Model {
    /// Keyed hash of it, and of what it is for.
    #[sea_orm(primary_key, auto_increment = false)]
    pub hash: Vec<u8>,
    /// When it is worthless anyway, and may be forgotten.
    pub until: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
