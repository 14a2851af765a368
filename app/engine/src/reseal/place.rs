//! Where the walk is: a fact of the database, written in the transaction of what was done up to there.

use domain::Uuid;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, TryInsertResult};
use serde::{Deserialize, Serialize};

use super::set_fact;
use crate::store::entities::fact;

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
        let row = fact::Entity::find_by_id(NAME).one(db).await?;
        Ok(row.map(|row| (serde_json::from_slice(&row.value).ok(), row.value)))
    }

    /// Writes it down where it still is as it was `before`; `false`: another process was quicker. On PostgreSQL that one is waited for.
    pub(super) async fn write(&self, db: &impl ConnectionTrait, before: Option<&[u8]>) -> Result<bool, DbErr> {
        let value = serde_json::to_vec(self).map_err(|error| DbErr::Custom(error.to_string()))?;
        match before {
            Some(before) => set_fact(db, NAME, before, value).await,
            None => {
                let row = fact::ActiveModel { name: Set(NAME.to_owned()), value: Set(value) };
                let nothing = OnConflict::column(fact::Column::Name).do_nothing().to_owned();
                let written = fact::Entity::insert(row).on_conflict(nothing).try_insert().exec_without_returning(db).await?;
                Ok(matches!(written, TryInsertResult::Inserted(_)))
            }
        }
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
