//! `messages`: a message: the outbox.

use sea_orm::entity::prelude::*;

/// A message: the outbox.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "messages")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The booking it is about.
    pub booking_code: Option<String>,
    /// When that booking was made: its messages are found by it.
    pub booking_made_at: Option<DateTimeUtc>,
    /// That booking's version.
    pub booking_version: Option<i32>,
    /// `domain::message::MessageKind`.
    pub kind: String,
    /// Keyed hash of the number.
    pub to_hash: Vec<u8>,
    /// Number and words, sealed.
    pub sealed: Vec<u8>,
    /// `domain::message::MessageState`.
    pub state: String,
    /// When it is to go.
    pub due_at: DateTimeUtc,
    /// When it was written.
    pub created_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
