//! Where the walk is: a fact of the database, written in the transaction of what was done up to there.

use domain::{NaiveDate, Uuid};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, TryInsertResult};
use serde::{Deserialize, Serialize};

use crate::reseal::set_fact;
use crate::store::entities::fact;

const NAME: &str = "retention";

/// What is looked through, in this order: people after the bookings that need them, accounts after their people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Stage {
    #[default]
    Bookings,
    Messages,
    Requests,
    People,
    Accounts,
}

/// Where the walk is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    pub stage: Stage,
    /// The day whose windows are looked through. It never goes back.
    pub day: Option<NaiveDate>,
    /// The window, or the row, up to which all is done.
    pub after: Option<Uuid>,
    /// The day on which the last walk came to its end.
    pub done_on: Option<NaiveDate>,
}

impl Place {
    /// The beginning of the next stage.
    pub(super) fn next(self) -> Self {
        let stage = match self.stage {
            Stage::Bookings => Stage::Messages,
            Stage::Messages => Stage::Requests,
            Stage::Requests => Stage::People,
            Stage::People => Stage::Accounts,
            Stage::Accounts => Stage::Bookings,
        };
        Self { stage, after: None, ..self }
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
}
