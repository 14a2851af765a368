//! `recovery_codes`: a recovery code that was not used yet.

use sea_orm::entity::prelude::*;

/// A recovery code that was not used yet.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "recovery_codes")]
pub struct Model {
    /// Keyed hash of the member of staff and the code.
    #[sea_orm(primary_key, auto_increment = false)]
    pub hash: Vec<u8>,
    /// Whose it is.
    pub staff_id: Uuid,
}

impl ActiveModelBehavior for ActiveModel {}
