//! Who did not come: their bookings are marked after the day, and they are told, in the same transaction.

use std::collections::{HashMap, HashSet};

use domain::Uuid;
use domain::booking::BookingState;
use domain::error::{Error, Result};
use domain::message::{MessageKind, missed_is_told};
use domain::reason::Reason;
use sea_orm::sea_query::{Expr, ExprTrait, LockBehavior, LockType, Query, SelectStatement};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};

use super::{Going, ROWS, Turn};
use crate::Engine;
use crate::desk::insert;
use crate::error::internal;
use crate::forget::NOBODY;
use crate::shown::{Found, WAITING};
use crate::store::entities::{booking, message, person, slot};
use crate::store::lists::lists;

/// Seconds until it is tried again where others hold what is to be marked.
const RETRY_AFTER_S: u32 = 60;

impl Engine {
    /// Marks some of them.
    pub(super) async fn missed_step(&self, turn: &Turn) -> Result<Going> {
        let tx = self.store().begin().await.map_err(internal)?;
        if !self.renew(&tx, turn).await? {
            return Ok(Going::Lost);
        }
        let marked = self.mark_missed(&tx, ROWS).await?;
        tx.commit().await.map_err(internal)?;
        if marked > 0 {
            return Ok(Going::On(marked));
        }
        // those that somebody else was at were left out
        let left = booking::Entity::find()
            .select_only()
            .column(booking::Column::Code)
            .filter(Expr::cust(WAITING))
            .filter(booking::Column::SlotId.in_subquery(self.past_slots()))
            .limit(1)
            .into_tuple::<String>()
            .one(&self.store().read)
            .await
            .map_err(internal)?;
        if left.is_some() { Err(Error::later(Reason::Busy, RETRY_AFTER_S)) } else { Ok(Going::Done) }
    }

    /// Marks the bookings of past days as missed and tells those whose they are. Safe to run at any time, from any process.
    ///
    /// # Errors
    /// `internal`
    pub async fn sweep(&self) -> Result<u64> {
        let mut marked = 0;
        loop {
            let tx = self.store().begin().await.map_err(internal)?;
            let some = self.mark_missed(&tx, ROWS).await?;
            tx.commit().await.map_err(internal)?;
            marked += some;
            if some < ROWS {
                return Ok(marked);
            }
        }
    }

    /// Marks at most so many; their places stay taken, for the day is over. What others are at is left out: nobody waits for it.
    pub(crate) async fn mark_missed(&self, db: &impl ConnectionTrait, rows: u64) -> Result<u64> {
        let some = booking::Entity::find()
            .filter(Expr::cust(WAITING))
            .filter(booking::Column::SlotId.in_subquery(self.past_slots()))
            .limit(rows)
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
            .all(db)
            .await
            .map_err(internal)?;
        let codes: Vec<_> = some.iter().map(|row| row.code.clone()).collect();
        let mut marked = 0;
        for list in lists(&codes) {
            let update = booking::Entity::update_many()
                .col_expr(booking::Column::State, Expr::value(BookingState::Missed.as_str()))
                .col_expr(booking::Column::ChangedAt, Expr::value(self.now()))
                .filter(booking::Column::Code.is_in(list))
                .filter(Expr::cust(WAITING));
            marked += update.exec(db).await.map_err(internal)?.rows_affected;
        }
        self.tell_missed(db, some).await?;
        Ok(marked)
    }

    /// The rows that tell them.
    async fn tell_missed(&self, db: &impl ConnectionTrait, missed: Vec<booking::Model>) -> Result<()> {
        let (now, today) = (self.now(), self.today());
        let found = with_rows(db, self.told_of(db, missed).await?).await?;
        let recent = found.iter().filter(|found| missed_is_told(found.slot.date, today));
        let mut rows = recent.map(|found| self.message_about(MessageKind::Missed, found, now, now)).collect::<Result<Vec<_>>>()?;
        insert(db, &mut rows).await.map_err(internal)?;
        Ok(())
    }

    /// Of these bookings those whose people are told of anything: not those of the demo's crowd, to whom no message was ever written.
    pub(super) async fn told_of(
        &self,
        db: &impl ConnectionTrait,
        mut bookings: Vec<booking::Model>,
    ) -> Result<Vec<booking::Model>> {
        bookings.retain(|row| row.account_id != NOBODY);
        if !self.is_demo() {
            return Ok(bookings);
        }
        let mut told = HashSet::new();
        for list in lists(&bookings) {
            let codes: Vec<String> = message::Entity::find()
                .select_only()
                .column(message::Column::BookingCode)
                .filter(message::Column::BookingMadeAt.is_in(list.iter().map(|row| row.created_at)))
                .filter(message::Column::BookingCode.is_in(list.iter().map(|row| row.code.clone())))
                .into_tuple()
                .all(db)
                .await
                .map_err(internal)?;
            told.extend(codes);
        }
        bookings.retain(|row| told.contains(&row.code));
        Ok(bookings)
    }

    /// The windows of days that are over.
    fn past_slots(&self) -> SelectStatement {
        Query::select()
            .column(slot::Column::Id)
            .from(slot::Entity)
            .and_where(Expr::col(slot::Column::Date).lt(self.today()))
            .to_owned()
    }
}

/// Bookings with their slots and people.
pub(super) async fn with_rows(db: &impl ConnectionTrait, bookings: Vec<booking::Model>) -> Result<Vec<Found>> {
    let mut slots: HashMap<Uuid, slot::Model> = HashMap::new();
    let mut people: HashMap<Uuid, person::Model> = HashMap::new();
    let ids = |of: fn(&booking::Model) -> Uuid| bookings.iter().map(of).collect::<HashSet<_>>().into_iter().collect::<Vec<_>>();
    for list in lists(&ids(|row| row.slot_id)) {
        let rows = slot::Entity::find().filter(slot::Column::Id.is_in(list)).all(db).await.map_err(internal)?;
        slots.extend(rows.into_iter().map(|row| (row.id, row)));
    }
    for list in lists(&ids(|row| row.person_id)) {
        let rows = person::Entity::find().filter(person::Column::Id.is_in(list)).all(db).await.map_err(internal)?;
        people.extend(rows.into_iter().map(|row| (row.id, row)));
    }
    let found = bookings.into_iter().map(|booking| {
        let (slot, person) = (slots.get(&booking.slot_id).cloned()?, people.get(&booking.person_id).cloned()?);
        Some(Found { booking, slot, person })
    });
    found.collect::<Option<Vec<_>>>().ok_or_else(Error::internal)
}
