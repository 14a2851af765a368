//! `sites`: a site.

use sea_orm::entity::prelude::*;

/// A site.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sites")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Order on the pages.
    pub position: i32,
    /// Its name.
    pub name: String,
    /// Its name in English.
    pub name_en: String,
    /// Its division.
    pub county: String,
    /// Its address.
    pub address: String,
    /// Its telephone.
    pub phone: String,
}

impl ActiveModelBehavior for ActiveModel {}
