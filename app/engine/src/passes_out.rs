//! Which passes may still be in people's hands: on paper, in a picture, in a calendar. Asked before the key that signed them is forgotten.

use domain::{DateTime, NaiveDate, Utc};
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};

use crate::Engine;
use crate::config::OpenError;
use crate::shown::WAITING;
use crate::store::Store;
use crate::store::connect::unreadable;
use crate::store::entities::{booking, slot};

impl Engine {
    /// How many bookings wait for `today` or a later day that were made before `until`, so that a pass from before then may be shown for them.
    ///
    /// # Errors
    /// When the database cannot be read, or is not of this program's version.
    pub async fn passes_out(database_url: &str, until: DateTime<Utc>, today: NaiveDate) -> Result<u64, OpenError> {
        Store::on_existing(database_url, async |store: &Store| {
            let to_come = Query::select()
                .column(slot::Column::Id)
                .from(slot::Entity)
                .and_where(Expr::col(slot::Column::Date).gte(today))
                .to_owned();
            booking::Entity::find()
                .filter(Expr::cust(WAITING))
                .filter(booking::Column::CreatedAt.lt(until))
                .filter(booking::Column::SlotId.in_subquery(to_come))
                .count(&store.read)
                .await
                .map_err(unreadable)
        })
        .await
    }
}
