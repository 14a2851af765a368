//! Where the walk is: a fact of the database, written in the transaction of what was done up to there.

use domain::Uuid;
use sea_orm::{ConnectionTrait, DbErr};
use serde::{Deserialize, Serialize};

use crate::store::facts::{read_fact, write_fact};

const NAME: &str = "reseal";

/// Where the walk is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    /// The version that everything is to be sealed with.
    pub target: u8,
    /// The table that comes next, of `TABLES`.
    pub table: usize,
    /// Its row up to which all is done.
    pub after: Option<Uuid>,
    /// Old values that this walk has found.
    pub found: u64,
    /// Whether a walk found none.
    pub done: bool,
}

impl Place {
    pub(super) fn beginning(target: u8) -> Self {
        Self { target, table: 0, after: None, found: 0, done: false }
    }

    /// The place, where it can be read, and its bytes as they are kept.
    pub(super) async fn read(db: &impl ConnectionTrait) -> Result<Option<(Option<Self>, Vec<u8>)>, DbErr> {
        read_fact(db, NAME).await
    }

    /// Writes it down where it still is as it was `before`; `false`: another process was quicker. On PostgreSQL that one is waited for.
    pub(super) async fn write(&self, db: &impl ConnectionTrait, before: Option<&[u8]>) -> Result<bool, DbErr> {
        write_fact(db, NAME, self, before).await
    }

    /// Has the walks begin anew, where they are over.
    pub(super) async fn again(db: &impl ConnectionTrait) -> Result<(), DbErr> {
        if let Some((Some(place), bytes)) = Self::read(db).await?
            && place.done
        {
            Self::beginning(place.target).write(db, Some(&bytes)).await?;
        }
        Ok(())
    }
}
