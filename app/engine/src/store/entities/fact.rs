//! `facts`: what this database knows about itself: the check that the keys fit, and whether it holds the demo.

use sea_orm::entity::prelude::*;

/// What this database knows about itself: the check that the keys fit, and whether it holds the demo.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "facts")]
pub struct Model {
    /// Its name.
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    /// Its value.
    pub value: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}
