//! `lots`: a lot of vaccine that a site has, or had, open.

use sea_orm::entity::prelude::*;

/// A lot of vaccine that a site has, or had, open.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "lots")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Where.
    pub site_id: Uuid,
    /// Of what.
    pub vaccine_id: String,
    /// As it is printed on the box, in capitals; once among a site's open lots of a vaccine.
    pub number: String,
    /// The last day on which it may be given.
    pub expires_on: Date,
    /// How many doses there were.
    pub doses: i32,
    /// Since when jabs are given from it.
    pub opened_at: DateTimeUtc,
    /// Who opened it.
    pub opened_by: Uuid,
    /// Until when.
    pub closed_at: Option<DateTimeUtc>,
    /// Who closed it.
    pub closed_by: Option<Uuid>,
}

impl ActiveModelBehavior for ActiveModel {}
