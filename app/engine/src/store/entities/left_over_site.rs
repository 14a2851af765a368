//! `left_over_sites`: a site that may call.

use sea_orm::entity::prelude::*;

/// A site that may call somebody who asked.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "left_over_sites")]
pub struct Model {
    /// The site.
    #[sea_orm(primary_key, auto_increment = false)]
    pub site_id: Uuid,
    /// Whom it may call.
    #[sea_orm(primary_key, auto_increment = false)]
    pub left_over_id: Uuid,
}

impl ActiveModelBehavior for ActiveModel {}
