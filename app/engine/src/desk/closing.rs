//! A window closed or opened again, and all that wait in it called off, in one transaction.

use std::collections::HashMap;

use domain::booking::BookingState;
use domain::code::Code;
use domain::error::Error;
use domain::reason::Reason;
use domain::{DateTime, Utc, Uuid};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::Done;
use super::batch::{Batch, Outcome};
use crate::outbox::drop_queued_of;
use crate::people::dose_out;
use crate::shown::WAITING;
use crate::store::entities::{audit, booking, message};
use crate::store::lists::lists;

/// A window to be closed or opened.
pub(crate) struct SetClosed {
    pub slot_id: Uuid,
    pub closed: bool,
    /// Whether those who wait in it are called off, too: nobody else than those of `waiting` may wait in it then.
    pub whole: bool,
    /// The rows of those who wait in it, as they were when they were read.
    pub waiting: HashMap<Code, CalledOff>,
    pub audit: audit::ActiveModel,
}

/// The rows of a booking that the site calls off.
pub(crate) struct CalledOff {
    pub version: i32,
    pub made_at: DateTime<Utc>,
    pub message: message::ActiveModel,
    pub audit: audit::ActiveModel,
}

/// A booking that waits in the window.
struct Waiting {
    code: Code,
    version: i32,
    person_hash: Vec<u8>,
    course: String,
    dose: u8,
}

impl SetClosed {
    pub(super) async fn run(&self, batch: &mut Batch<'_>) -> Outcome {
        let Some(was_closed) = batch.places.is_closed(self.slot_id) else {
            return Ok(Err(Error::field("slot_id", Reason::NotFound)));
        };
        let waiting = if self.closed { self.waiting(batch).await? } else { vec![] };
        let (known, strange): (Vec<_>, Vec<_>) =
            waiting.into_iter().partition(|row| self.waiting.get(&row.code).is_some_and(|known| known.version == row.version));
        if self.whole && !strange.is_empty() {
            // somebody has booked or moved since they were read: they are read again
            return Ok(Err(Error::new(Reason::ChangedMeanwhile)));
        }
        if was_closed == self.closed && known.is_empty() {
            // nothing to do; or done by this very request, in a try whose commit was carried out and then never confirmed
            let own = audit::Entity::find_by_id(*self.audit.id.as_ref()).one(batch.tx).await?;
            return Ok(Ok(Done::called_off(if own.is_some() { self.waiting.len() } else { 0 })));
        }
        if was_closed != self.closed {
            batch.places.set_closed(batch.tx, self.slot_id, self.closed).await?;
        }
        self.call_off(batch, &known).await?;
        batch.pending.audit.push(self.audit.clone());
        Ok(Ok(Done::called_off(known.len())))
    }

    /// Who waits in the window, locked: a jab that is being recorded at this moment is waited for, and then it is none of them.
    async fn waiting(&self, batch: &Batch<'_>) -> Result<Vec<Waiting>, sea_orm::DbErr> {
        let rows = booking::Entity::find()
            .filter(booking::COLUMN.slot_id.eq(self.slot_id))
            .filter(Expr::cust(WAITING))
            .order_by_asc(booking::COLUMN.code)
            .lock_exclusive()
            .all(batch.tx)
            .await?;
        let waiting = rows.into_iter().map(|row| {
            let code = Code::parse(&row.code).map_err(|_| sea_orm::DbErr::Custom("a code that is none".into()))?;
            Ok(Waiting { code, version: row.version, person_hash: row.person_hash, course: row.course, dose: dose_out(row.dose) })
        });
        waiting.collect()
    }

    async fn call_off(&self, batch: &mut Batch<'_>, known: &[Waiting]) -> Result<(), sea_orm::DbErr> {
        let codes: Vec<_> = known.iter().map(|row| row.code.to_string()).collect();
        for list in lists(&codes) {
            booking::Entity::update_many()
                .col_expr(booking::Column::State, Expr::value(BookingState::Cancelled.as_str()))
                .col_expr(booking::Column::ChangedAt, Expr::value(batch.now))
                .filter(booking::Column::Code.is_in(list))
                .filter(Expr::cust(WAITING))
                .exec(batch.tx)
                .await?;
        }
        let rows: Vec<_> = known.iter().filter_map(|row| Some((row, self.waiting.get(&row.code)?))).collect();
        let theirs: Vec<_> = rows.iter().map(|(row, called_off)| (called_off.made_at, row.code.to_string())).collect();
        drop_queued_of(batch.tx, &theirs, batch.now).await?;
        for (row, called_off) in rows {
            batch.places.give_back(self.slot_id);
            batch.doses.forget(&row.person_hash, &row.course, row.dose);
            batch.pending.messages.push(called_off.message.clone());
            batch.pending.audit.push(called_off.audit.clone());
        }
        Ok(())
    }
}
