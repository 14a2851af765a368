//! Where the walk is: a fact of the database, written in the transaction of what was done up to there.

use domain::{NaiveDate, Uuid};
use sea_orm::{ConnectionTrait, DbErr};
use serde::{Deserialize, Serialize};

use crate::store::facts::{read_fact, write_fact};

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
        read_fact(db, NAME).await
    }

    /// Writes it down where it still is as it was `before`; `false`: another process was quicker. On PostgreSQL that one is waited for.
    pub(super) async fn write(&self, db: &impl ConnectionTrait, before: Option<&[u8]>) -> Result<bool, DbErr> {
        write_fact(db, NAME, self, before).await
    }
}
