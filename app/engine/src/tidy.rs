//! What need not be done while anybody waits: writing down which sessions were in use, and taking away what is over.

use domain::error::Result;
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{DatabaseConnection, EntityTrait, QueryFilter};

use crate::Engine;
use crate::accounts::REMEMBERED;
use crate::entropy::Entropy;
use crate::error::internal;
use crate::store::entities::{left_over, session, sign_in_code, spent, tally, wechat_pending};

/// Rows that one statement takes away: a few milliseconds of the one connection that writes.
const AT_ONCE: u64 = 1024;

impl Engine {
    /// Does it. Safe at any time, from any process.
    ///
    /// # Errors
    /// `internal`, `busy`. What was not done is done the next time.
    pub async fn tidy(&self) -> Result<()> {
        self.note_seen().await?;
        while self.take_away_some().await? > 0 {}
        Ok(())
    }

    /// Takes away some of what is over, and tells how much.
    pub(crate) async fn take_away_some(&self) -> Result<u64> {
        let (db, now) = (&self.store().write, self.now());
        // their ids are in the order of time
        let forgotten = <dyn Entropy>::first_id(now - REMEMBERED);
        Ok(take_away::<session::Entity>(db, session::Column::TokenHash, Expr::col(session::Column::ExpiresAt).lte(now)).await?
            + take_away::<tally::Entity>(db, tally::Column::Hash, Expr::col(tally::Column::EmptyMs).lte(now.timestamp_millis()))
                .await?
            + take_away::<left_over::Entity>(db, left_over::Column::Id, Expr::col(left_over::Column::Until).lt(self.today()))
                .await?
            + take_away::<spent::Entity>(db, spent::Column::Hash, Expr::col(spent::Column::Until).lte(now)).await?
            + take_away::<wechat_pending::Entity>(
                db,
                wechat_pending::Column::TokenHash,
                Expr::col(wechat_pending::Column::ExpiresAt).lte(now),
            )
            .await?
            + take_away::<sign_in_code::Entity>(db, sign_in_code::Column::Id, Expr::col(sign_in_code::Column::Id).lt(forgotten))
                .await?)
    }
}

/// Takes away some of the rows that are over.
async fn take_away<E: EntityTrait>(db: &DatabaseConnection, key: E::Column, over: Expr) -> Result<u64> {
    let some = Query::select().column(key).from(E::default()).and_where(over).limit(AT_ONCE).to_owned();
    let taken = E::delete_many().filter(Expr::col(key).in_subquery(some)).exec(db).await.map_err(internal)?;
    Ok(taken.rows_affected)
}
