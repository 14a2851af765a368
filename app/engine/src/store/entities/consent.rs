//! `consents`: what an account has agreed to on its own, and taken back. Rows are only added: the latest of a kind counts.

use sea_orm::entity::prelude::*;

/// What an account has agreed to on its own, or taken back.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "consents")]
pub struct Model {
    /// Its id, in the order of time.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose.
    pub account_id: Uuid,
    /// `domain::consent::ConsentKind`.
    pub kind: String,
    /// The version of the text.
    pub version: String,
    /// Given, or taken back.
    pub given: bool,
    /// When.
    pub at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
