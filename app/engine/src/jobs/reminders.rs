//! The safety net under the reminders: each is written with its booking, and whatever has none the day before gets one here.

use domain::error::Result;
use domain::message::{MessageKind, reminder_due};
use domain::time::plus_days;
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};

use super::missed::with_rows;
use super::{Going, ROWS, Turn};
use crate::Engine;
use crate::desk::insert;
use crate::error::internal;
use crate::forget::NOBODY;
use crate::shown::WAITING;
use crate::store::entities::{booking, slot};

/// Bookings whose present version has no reminder, whatever became of it.
const UNREMINDED: &str = "NOT EXISTS (SELECT 1 FROM messages WHERE messages.booking_made_at = bookings.created_at \
    AND messages.booking_code = bookings.code AND messages.kind = 'reminder' AND messages.booking_version = bookings.version)";
/// Bookings of which anybody was ever told: the demo's crowd was not.
const TOLD: &str = "EXISTS (SELECT 1 FROM messages WHERE messages.booking_made_at = bookings.created_at AND messages.booking_code = bookings.code)";

impl Engine {
    /// Writes some that are missing. A booking that is called off or moved at the same moment is looked at again before its reminder goes.
    pub(super) async fn reminders_step(&self, turn: &Turn) -> Result<Going> {
        let (now, tomorrow) = (self.now(), plus_days(self.today(), 1));
        let slots = Query::select()
            .column(slot::Column::Id)
            .from(slot::Entity)
            .and_where(Expr::col(slot::Column::Date).eq(tomorrow))
            .to_owned();
        let mut waiting = booking::Entity::find()
            .filter(Expr::cust(WAITING))
            .filter(booking::Column::SlotId.in_subquery(slots))
            .filter(booking::COLUMN.account_id.ne(NOBODY))
            .filter(Expr::cust(UNREMINDED));
        if self.is_demo() {
            waiting = waiting.filter(Expr::cust(TOLD));
        }
        // outside the transaction that writes: this looks at all of tomorrow's
        let some = waiting.limit(ROWS).all(&self.store().read).await.map_err(internal)?;
        let found = with_rows(&self.store().read, some).await?;
        let hour = self.city().reminder_at;
        let mut rows = Vec::with_capacity(found.len());
        for one in &found {
            if let Some(due_at) = reminder_due(&one.slot.window(), hour, now) {
                rows.push(self.message_about(MessageKind::Reminder, one, due_at, now)?);
            }
        }
        let tx = self.store().begin().await.map_err(internal)?;
        if !self.renew(&tx, turn).await? {
            return Ok(Going::Lost);
        }
        let written = rows.len() as u64;
        insert(&tx, &mut rows).await.map_err(internal)?;
        tx.commit().await.map_err(internal)?;
        if written == 0 { Ok(Going::Done) } else { Ok(Going::On(written)) }
    }
}
