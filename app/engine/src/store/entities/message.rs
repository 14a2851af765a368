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
    /// Number and words, sealed. A message about a booking is worded when it goes, from the booking as it is then: until then it is empty.
    pub sealed: Vec<u8>,
    /// `domain::message::MessageState`.
    pub state: String,
    /// When something is next to be done: when it is to go, when the lease of whoever sends it ends, when its gateway is asked.
    pub due_at: DateTimeUtc,
    /// When it was written.
    pub created_at: DateTimeUtc,
    /// 0: somebody waits for it. 1: all others.
    pub urgency: i16,
    /// What its kind tells besides the booking: why a site called it off.
    pub detail: Option<String>,
    /// How often it was taken in hand to be sent; whoever has it in hand knows the number.
    pub tries: i16,
    /// How often a gateway was asked what became of it.
    pub asks: i16,
    /// The gateway that has it or is next to have it.
    pub gateway: Option<String>,
    /// The gateways that will not deliver it, with a space around each.
    pub refused_by: Option<String>,
    /// What the gateway calls it.
    pub reference: Option<String>,
    /// What last went wrong: a gateway's code, or ours.
    pub trouble: Option<String>,
    /// When it was last handed to a gateway.
    pub handed_at: Option<DateTimeUtc>,
    /// When the gateway told what became of it.
    pub told_at: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}
