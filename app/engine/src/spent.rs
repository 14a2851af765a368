//! What may be used once only: that it was used is written down by keyed hash, for as long as it could be used again.

use domain::error::Result;
use domain::{DateTime, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ConnectionTrait, EntityTrait};

use crate::Engine;
use crate::error::internal;
use crate::store::entities::spent;

impl Engine {
    /// Uses up `what`, which may be used once only; `purpose` keeps the kinds apart. `until`: when it is worthless by itself, whatever clock
    /// looks at it; [`Engine::tidy`] forgets it then. Whether it was still there to be used: of many at once, in any process, exactly one
    /// hears so.
    ///
    /// # Errors
    /// `internal`, `busy`: then it may have been used up all the same.
    pub async fn spend_once(&self, purpose: &'static str, what: &str, until: DateTime<Utc>) -> Result<bool> {
        self.spend(&self.store().write, purpose, what, until).await
    }

    /// The same in a transaction: who comes second waits until it ends, and where it is rolled back nothing was used up.
    pub(crate) async fn spend(
        &self,
        db: &impl ConnectionTrait,
        purpose: &'static str,
        what: &str,
        until: DateTime<Utc>,
    ) -> Result<bool> {
        let row = spent::ActiveModel { hash: Set(self.vault().hash(&format!("spent.{purpose}"), what)), until: Set(until) };
        let nothing = OnConflict::column(spent::Column::Hash).do_nothing().to_owned();
        let written = spent::Entity::insert(row).on_conflict(nothing).exec_without_returning(db).await.map_err(internal)?;
        Ok(written == 1)
    }
}
