//! `second_factors`: the second factor of a member of staff.

use sea_orm::entity::prelude::*;

/// The second factor of a member of staff.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "second_factors")]
pub struct Model {
    /// The member of staff.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The secret, sealed.
    pub secret_sealed: Vec<u8>,
    /// When enrolment began.
    pub begun_at: DateTimeUtc,
    /// Since when it counts; nothing: not yet.
    pub confirmed_at: Option<DateTimeUtc>,
    /// The last step of 30 seconds whose code was used.
    pub used_step: i64,
}

impl ActiveModelBehavior for ActiveModel {}
