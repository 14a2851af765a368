//! `conflicts`: a jab that was sent afterwards and disagrees with what its booking says. Never changed but by being settled.

use sea_orm::entity::prelude::*;

/// A jab that was sent afterwards and disagrees with what its booking says.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "conflicts")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The scan: sent twice, it is one conflict.
    pub nonce: Uuid,
    /// The booking.
    pub booking_code: String,
    /// Where the jab was given, and whose manager settles it.
    pub site_id: Uuid,
    /// `domain::offline::conflict::ConflictKind`.
    pub kind: String,
    /// When the jab was given.
    pub at: DateTimeUtc,
    /// Whether the tablet's clock was ahead, and `at` is when it was sent.
    pub clamped: bool,
    /// By whom.
    pub staff_id: Uuid,
    /// The lot of the vaccine.
    pub lot: Option<String>,
    /// What the tablet calls itself.
    pub device: Option<String>,
    /// Who sent it.
    pub sent_by: Uuid,
    /// When.
    pub sent_at: DateTimeUtc,
    /// The record that the booking had then: when.
    pub first_at: Option<DateTimeUtc>,
    /// By whom.
    pub first_by: Option<Uuid>,
    /// The scan.
    pub first_nonce: Option<Uuid>,
    /// The lot.
    pub first_lot: Option<String>,
    /// Where the booking was for.
    pub first_site_id: Uuid,
    /// When it was settled.
    pub settled_at: Option<DateTimeUtc>,
    /// By whom.
    pub settled_by: Option<Uuid>,
    /// `domain::offline::conflict::Decision`.
    pub decision: Option<String>,
    /// More about it.
    pub note: String,
}

impl ActiveModelBehavior for ActiveModel {}
