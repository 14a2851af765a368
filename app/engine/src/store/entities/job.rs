//! `jobs`: something that the service does by itself.

use sea_orm::entity::prelude::*;

/// Something that the service does by itself.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "jobs")]
pub struct Model {
    /// `domain::jobs::Job`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    /// How often it was begun. Who began it knows the number, and writes only while it is still the same.
    pub runs: i64,
    /// Until when somebody has it; nothing: nobody.
    pub held_until: Option<DateTimeUtc>,
    /// When it was last begun.
    pub started_at: Option<DateTimeUtc>,
    /// When it last ended, well or not.
    pub ended_at: Option<DateTimeUtc>,
    /// When it last ended well.
    pub succeeded_at: Option<DateTimeUtc>,
    /// The last civil day that it was done for.
    pub done_on: Option<Date>,
    /// `domain::jobs::Ended`, of the last end.
    pub outcome: Option<String>,
    /// How often it has failed, or was never ended.
    pub failures: i64,
    /// How often it has failed since it was last done.
    pub failed_in_row: i32,
}

impl ActiveModelBehavior for ActiveModel {}
