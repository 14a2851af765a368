//! `tallies`: how often something was tried from a device or an address.

use sea_orm::entity::prelude::*;

/// How often something was tried from a device or an address.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tallies")]
pub struct Model {
    /// Keyed hash of what was tried, and of the device or address.
    #[sea_orm(primary_key, auto_increment = false)]
    pub hash: Vec<u8>,
    /// When none of it counts any more, in milliseconds since 1970.
    pub empty_ms: i64,
}

impl ActiveModelBehavior for ActiveModel {}
