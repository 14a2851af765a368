//! `requests`: a request that was answered, so that the same id again gives the same answer.

use sea_orm::entity::prelude::*;

/// A request that was answered, so that the same id again gives the same answer.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "requests")]
pub struct Model {
    /// Made once per intent by the caller.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose.
    pub account_id: Uuid,
    /// Keyed hash of what it asked for.
    pub content_hash: Vec<u8>,
    /// The booking it led to.
    pub booking_code: String,
    /// When.
    pub answered_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
