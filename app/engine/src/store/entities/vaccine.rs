//! `vaccines`: a vaccine; its body is `domain::vaccine::Vaccine` as JSON, for its shape is the city's data.

use sea_orm::entity::prelude::*;

/// A vaccine; its body is `domain::vaccine::Vaccine` as JSON, for its shape is the city's data.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "vaccines")]
pub struct Model {
    /// A short word.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// Order on the pages.
    pub position: i32,
    /// The vaccine as JSON.
    pub body: String,
}

impl ActiveModelBehavior for ActiveModel {}
