//! `sessions`: a session of a citizen or of a member of staff.

use sea_orm::entity::prelude::*;

/// A session of a citizen or of a member of staff.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sessions")]
pub struct Model {
    /// Keyed hash of the token in the cookie.
    #[sea_orm(primary_key, auto_increment = false)]
    pub token_hash: Vec<u8>,
    /// The citizen's account.
    pub account_id: Option<Uuid>,
    /// The member of staff.
    pub staff_id: Option<Uuid>,
    /// When it began.
    pub created_at: DateTimeUtc,
    /// When it ends, unless it is used again before.
    pub expires_at: DateTimeUtc,
    /// When it was last used, give or take a few minutes; nothing: not since it began.
    pub last_seen_at: Option<DateTimeUtc>,
    /// The site that a member of staff has chosen.
    pub site_id: Option<Uuid>,
    /// Since when the screen is locked, where somebody locked it.
    pub locked_at: Option<DateTimeUtc>,
    /// Wrong tries to open the locked screen.
    pub unlock_failed: i32,
}

impl ActiveModelBehavior for ActiveModel {}
