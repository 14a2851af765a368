//! `audit`: what was done, by whom, to what. No personal data.

use sea_orm::entity::prelude::*;

/// What was done, by whom, to what. No personal data.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// When.
    pub at: DateTimeUtc,
    /// `citizen`, `staff`, `house` or `nobody`.
    pub actor: String,
    /// Which account or member of staff.
    pub actor_id: Option<Uuid>,
    /// What.
    pub action: String,
    /// To what: a code or an id.
    pub object: String,
    /// More, such as the reason for an undo.
    pub detail: Option<String>,
    /// `done`, or the code of the refusal.
    pub outcome: String,
    /// From where: an address or a network.
    pub origin: Option<String>,
    /// The link that names it; 0 while it waits for one; nothing where it was written before there was a chain.
    pub link: Option<i64>,
    /// The keyed digest of all but the link.
    pub mac: Option<Vec<u8>>,
}

impl ActiveModelBehavior for ActiveModel {}
