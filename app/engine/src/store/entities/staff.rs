//! `staff`: a member of staff.

use sea_orm::entity::prelude::*;

/// A member of staff.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "staff")]
pub struct Model {
    /// Their id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// What they sign in with.
    pub username: String,
    /// What others see.
    pub name: String,
    /// `domain::access::Role`.
    pub role: String,
    /// The first of the sites where they work: see `staff_sites`.
    pub site_id: Option<Uuid>,
    /// argon2id, PHC string.
    pub password_hash: String,
    /// No longer with us.
    pub disabled: bool,
    /// Wrong passwords since the last right one.
    pub failed: i32,
    /// Locked out until then.
    pub locked_until: Option<DateTimeUtc>,
    /// When they were added.
    pub created_at: DateTimeUtc,
    /// argon2id of the keyed hash of their PIN, PHC string.
    pub pin_hash: Option<String>,
    /// When they last signed in.
    pub signed_in_at: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}
