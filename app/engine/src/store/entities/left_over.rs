//! `left_overs`: somebody who asked to be called for a dose that is left over.

use sea_orm::entity::prelude::*;

/// Somebody who asked to be called for a dose that is left over.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "left_overs")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose account asked.
    pub account_id: Uuid,
    /// Whom for.
    pub person_id: Uuid,
    /// What it is to protect against.
    pub course: String,
    /// The dose that was due when it was asked. Whoever has it, or has booked it, is called no more.
    pub dose: i16,
    /// Where the person lived then: their county's sites call them first.
    pub county: String,
    /// The last day on which they may be called.
    pub until: Date,
    /// When it was asked: who asked first is called first.
    pub asked_at: DateTimeUtc,
    /// What came of the last call, `domain::left_over::CallOutcome`.
    pub outcome: Option<String>,
    /// When that was.
    pub called_at: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}
