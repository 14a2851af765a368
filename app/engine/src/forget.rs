//! Forgetting who somebody is: their booking stays as a place that was taken, given or missed, and is nobody's.
//!
//! Rows are emptied, not deleted: what counts (site, vaccine, dose, day, outcome) stays, the ledger balances, and no foreign key has to be
//! looked for in tables of millions of rows.

use domain::booking::BookingState;
use domain::error::Result;
use domain::time::instant;
use domain::{DateTime, NaiveDate, NaiveTime, Utc, Uuid};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{CaseStatement, Expr, ExprTrait, OnConflict};
use sea_orm::{ConnectionTrait, EntityTrait, QueryFilter};

use crate::Engine;
use crate::error::internal;
use crate::store::entities::{account, booking, identity, message, person, slot, wechat_binding};

/// Whose the bookings are that belong to nobody any more: an account and a person without a name.
pub(crate) const NOBODY: Uuid = Uuid::nil();

impl Engine {
    /// The first day whose finished bookings still tell for whom they were.
    pub(crate) fn kept_from(&self) -> NaiveDate {
        let days = chrono::Days::new(u64::from(self.config().retention.finished_days));
        self.today().checked_sub_days(days).unwrap_or(NaiveDate::MIN)
    }

    /// Its first instant.
    pub(crate) fn kept_since(&self) -> DateTime<Utc> {
        instant(self.kept_from(), NaiveTime::MIN)
    }

    /// Takes a person who is held out of their list, and forgets all of them that need not be kept. A jab that was recorded must be, until its
    /// time is over: then the person stays, sealed, for it alone. Whether they may go (no booking waits) is for the caller to have asked.
    pub(crate) async fn forget_person(&self, tx: &impl ConnectionTrait, held: &person::Model) -> Result<()> {
        self.forget_left_over(tx, held.id).await?;
        let bookings = booking::Entity::find()
            .filter(booking::COLUMN.account_id.eq(held.account_id))
            .filter(booking::COLUMN.person_id.eq(held.id))
            .find_also_related(slot::Entity)
            .all(tx)
            .await
            .map_err(internal)?;
        let from = self.kept_from();
        let redeemed = BookingState::Redeemed.as_str();
        let must_stay = |booking: &booking::Model, slot: &Option<slot::Model>| {
            booking.state == redeemed && slot.as_ref().is_some_and(|slot| slot.date >= from)
        };
        let (kept, over): (Vec<_>, Vec<_>) = bookings.into_iter().partition(|(booking, slot)| must_stay(booking, slot));
        self.unlink(tx, over.into_iter().map(|(booking, _)| booking).collect()).await?;
        if kept.is_empty() {
            return self.empty_person(tx, held.id).await;
        }
        person::Entity::update_many()
            .col_expr(person::Column::Removed, Expr::value(true))
            .col_expr(person::Column::ChangedAt, Expr::value(self.now()))
            .filter(person::COLUMN.id.eq(held.id))
            .exec(tx)
            .await
            .map_err(internal)?;
        Ok(())
    }

    /// Empties the row of a person whom no booking needs.
    pub(crate) async fn empty_person(&self, tx: &impl ConnectionTrait, id: Uuid) -> Result<()> {
        self.forget_left_over(tx, id).await?;
        person::Entity::update_many()
            .col_expr(person::Column::Removed, Expr::value(true))
            .col_expr(person::Column::Sealed, Expr::value(Vec::<u8>::new()))
            .col_expr(person::Column::PersonHash, Expr::value(self.anything()))
            .col_expr(person::Column::County, Expr::value(""))
            .col_expr(person::Column::ChangedAt, Expr::value(self.now()))
            .filter(person::COLUMN.id.eq(id))
            .exec(tx)
            .await
            .map_err(internal)?;
        Ok(())
    }

    /// Empties the row of an account, and takes away who somebody has said its holder is: nobody signs in to it again.
    pub(crate) async fn empty_account(&self, tx: &impl ConnectionTrait, id: Uuid) -> Result<()> {
        identity::Entity::delete_many().filter(identity::COLUMN.id.eq(id)).exec(tx).await.map_err(internal)?;
        wechat_binding::Entity::delete_many().filter(wechat_binding::COLUMN.account_id.eq(id)).exec(tx).await.map_err(internal)?;
        account::Entity::update_many()
            .col_expr(account::Column::PhoneHash, Expr::value(self.anything()))
            .col_expr(account::Column::PhoneSealed, Expr::value(Vec::<u8>::new()))
            .filter(account::COLUMN.id.eq(id))
            .exec(tx)
            .await
            .map_err(internal)?;
        Ok(())
    }

    /// Makes bookings that are over nobody's, and takes away what was told about them. One whose day has passed and that no sweep has come to
    /// is missed.
    pub(crate) async fn unlink(&self, tx: &impl ConnectionTrait, bookings: Vec<booking::Model>) -> Result<u64> {
        if bookings.is_empty() {
            return Ok(0);
        }
        self.make_nobody(tx).await?;
        let mut unlinked = 0;
        for booking in bookings {
            message::Entity::delete_many()
                .filter(message::COLUMN.booking_made_at.eq(booking.created_at))
                .filter(message::COLUMN.booking_code.eq(booking.code.as_str()))
                .exec(tx)
                .await
                .map_err(internal)?;
            let state = Expr::col(booking::Column::State);
            let over = CaseStatement::new()
                .case(state.clone().eq(BookingState::Booked.as_str()), BookingState::Missed.as_str())
                .finally(state);
            let done = booking::Entity::update_many()
                .col_expr(booking::Column::AccountId, Expr::value(NOBODY))
                .col_expr(booking::Column::PersonId, Expr::value(NOBODY))
                .col_expr(booking::Column::PersonHash, Expr::value(self.anything()))
                .col_expr(booking::Column::PreviousDoseOn, Expr::value(None::<NaiveDate>))
                .col_expr(booking::Column::TurnedAway, Expr::value(None::<String>))
                .col_expr(booking::Column::State, over.into())
                .filter(booking::COLUMN.code.eq(booking.code))
                .exec(tx)
                .await
                .map_err(internal)?;
            unlinked += done.rows_affected;
        }
        Ok(unlinked)
    }

    /// The rows that unlinked bookings refer to.
    async fn make_nobody(&self, tx: &impl ConnectionTrait) -> Result<()> {
        let now = self.now();
        let row = account::ActiveModel {
            id: Set(NOBODY),
            phone_hash: Set(self.anything()),
            phone_sealed: Set(vec![]),
            created_at: Set(now),
            lang: Set(domain::lang::Lang::Zh.as_str().to_owned()),
        };
        let there = OnConflict::column(account::Column::Id).do_nothing().to_owned();
        account::Entity::insert(row).on_conflict(there).try_insert().exec_without_returning(tx).await.map_err(internal)?;
        let row = person::ActiveModel {
            id: Set(NOBODY),
            account_id: Set(NOBODY),
            relation: Set(domain::person::Relation::Other.as_str().to_owned()),
            person_hash: Set(self.anything()),
            sealed: Set(vec![]),
            county: Set(String::new()),
            removed: Set(true),
            created_at: Set(now),
            changed_at: Set(now),
        };
        let there = OnConflict::column(person::Column::Id).do_nothing().to_owned();
        person::Entity::insert(row).on_conflict(there).try_insert().exec_without_returning(tx).await.map_err(internal)?;
        Ok(())
    }

    /// What stands where a keyed hash stood: like one, and of nothing.
    fn anything(&self) -> Vec<u8> {
        self.vault().entropy().bytes::<32>().to_vec()
    }
}
