//! `audit_links`: which audit rows a transaction wrote, and the running hash of its strand.

use domain::{DateTime, Utc};
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_links")]
pub struct Model {
    /// The strand's number in the upper half, the link's number within it in the lower.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    pub at: DateTime<Utc>,
    /// Rows of the strand up to here.
    pub total: i64,
    /// The ids of its rows, one after the other; in the first link of a strand the heads of those before it.
    pub ids: Vec<u8>,
    /// Over the link before it and all of this one.
    pub hash: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}
