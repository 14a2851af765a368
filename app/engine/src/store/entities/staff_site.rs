//! `staff_sites`: a site where a member of staff works.

use sea_orm::entity::prelude::*;

/// A site where a member of staff works.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "staff_sites")]
pub struct Model {
    /// The member of staff.
    #[sea_orm(primary_key, auto_increment = false)]
    pub staff_id: Uuid,
    /// The site.
    #[sea_orm(primary_key, auto_increment = false)]
    pub site_id: Uuid,
}

impl ActiveModelBehavior for ActiveModel {}
