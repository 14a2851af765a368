//! Bookings moved and called off.

use domain::booking::{BookingState, Transition};
use domain::code::Code;
use domain::error::{Error, Result};
use domain::flow::TurnedAway;
use domain::reason::Reason;
use domain::{DateTime, Utc, Uuid};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{DatabaseTransaction, DbErr, EntityTrait, PaginatorTrait, QueryFilter};

use super::batch::{Batch, Outcome};
use super::{Done, Judged};
use crate::board::SlotFacts;
use crate::outbox::drop_queued;
use crate::store::entities::{audit, booking, message, request};

/// Another slot for a booking that is still at `version`.
pub(crate) struct MoveTo {
    pub code: Code,
    pub version: i32,
    pub dose: u8,
    pub judged: Judged,
    pub from: Uuid,
    pub to: SlotFacts,
    pub request: request::ActiveModel,
    pub messages: Vec<message::ActiveModel>,
    pub audit: audit::ActiveModel,
}

/// A booking called off that is still at `version`.
pub(crate) struct CallOff {
    pub code: Code,
    pub version: i32,
    pub dose: u8,
    pub judged: Judged,
    pub slot_id: Uuid,
    /// Why they went home without the jab, and the intent that says so.
    pub turned_away: Option<(TurnedAway, Uuid)>,
    /// What tells of it; whoever was told at the site needs none.
    pub message: Option<message::ActiveModel>,
    pub audit: audit::ActiveModel,
}

impl MoveTo {
    pub(super) async fn run(&self, batch: &mut Batch<'_>) -> Outcome {
        match batch.requests.answer(&self.request) {
            Ok(None) => {}
            Ok(Some(code)) => return Ok(Ok(Done::booking(code))),
            Err(refused) => return Ok(Err(refused)),
        }
        if batch.places.objection(self.to.id).is_none() && !batch.places.is_still(&self.to) {
            return Ok(Err(Error::field("slot_id", Reason::ChangedMeanwhile)));
        }
        if !batch.doses.are_still(&self.judged) {
            return Ok(stands_in_the_way(batch.tx, self.code, Transition::Move, &self.audit).await?);
        }
        // the new place is taken before the old one goes
        if let Err(reason) = batch.places.take(self.to.id) {
            // another move of the same booking may have had the last place: then that is what stands in the way
            let unchanged = booking::Entity::find().filter(still(self.code, self.version)).count(batch.tx).await? > 0;
            return Ok(match unchanged {
                true => Err(Error::new(reason)),
                false => stands_in_the_way(batch.tx, self.code, Transition::Move, &self.audit).await?,
            });
        }
        let moved = booking::Entity::update_many()
            .col_expr(booking::Column::SlotId, Expr::value(self.to.id))
            // whoever came for the old place has not come for the new one
            .col_expr(booking::Column::ArrivedAt, Expr::value(None::<DateTime<Utc>>))
            .col_expr(booking::Column::ArrivedBy, Expr::value(None::<Uuid>))
            .col_expr(booking::Column::Version, Expr::col(booking::Column::Version).add(1))
            .col_expr(booking::Column::ChangedAt, Expr::value(batch.now))
            .filter(still(self.code, self.version))
            .exec(batch.tx)
            .await?;
        if moved.rows_affected == 0 {
            batch.places.give_back(self.to.id);
            return Ok(stands_in_the_way(batch.tx, self.code, Transition::Move, &self.audit).await?);
        }
        batch.places.give_back(self.from);
        batch.doses.put(&self.judged, self.dose, self.to.window.date, &self.to.vaccine_id);
        drop_queued(batch.tx, self.code.as_str(), batch.now).await?;
        batch.requests.remember(&self.request, self.code);
        batch.pending.requests.push(self.request.clone());
        batch.pending.messages.extend_from_slice(&self.messages);
        batch.pending.audit.push(self.audit.clone());
        Ok(Ok(Done::booking(self.code)))
    }
}

impl CallOff {
    pub(super) async fn run(&self, batch: &mut Batch<'_>) -> Outcome {
        if !batch.doses.are_still(&self.judged) {
            return Ok(stands_in_the_way(batch.tx, self.code, Transition::Cancel, &self.audit).await?);
        }
        let (why, nonce) = self.turned_away.unzip();
        let cancelled = booking::Entity::update_many()
            .col_expr(booking::Column::State, Expr::value(BookingState::Cancelled.as_str()))
            .col_expr(booking::Column::TurnedAway, Expr::value(why.map(TurnedAway::as_str)))
            .col_expr(booking::Column::TurnedAwayNonce, Expr::value(nonce))
            .col_expr(booking::Column::ChangedAt, Expr::value(batch.now))
            .filter(still(self.code, self.version))
            .exec(batch.tx)
            .await?;
        if cancelled.rows_affected == 0 {
            return Ok(stands_in_the_way(batch.tx, self.code, Transition::Cancel, &self.audit).await?);
        }
        batch.places.give_back(self.slot_id);
        batch.doses.take_away(&self.judged, self.dose);
        drop_queued(batch.tx, self.code.as_str(), batch.now).await?;
        batch.pending.messages.extend(self.message.clone());
        batch.pending.audit.push(self.audit.clone());
        Ok(Ok(Done::booking(self.code)))
    }
}

/// A booking that waits for its day and that nobody has changed since it was read.
fn still(code: Code, version: i32) -> Expr {
    booking::COLUMN
        .code
        .eq(code.as_str())
        .and(booking::COLUMN.version.eq(version))
        .and(booking::COLUMN.state.eq(BookingState::Booked.as_str()))
}

/// Why a booking could not be changed: what it has become since it was looked at. It may have become so by this very request, in a
/// try whose commit was carried out and then never confirmed: its own audit row tells.
pub(super) async fn stands_in_the_way(
    tx: &DatabaseTransaction,
    code: Code,
    transition: Transition,
    own: &audit::ActiveModel,
) -> core::result::Result<Result<Done>, DbErr> {
    if audit::Entity::find_by_id(*own.id.as_ref()).one(tx).await?.is_some() {
        return Ok(Ok(Done::booking(code)));
    }
    let Some(row) = booking::Entity::find_by_id(code.to_string()).one(tx).await? else {
        return Ok(Err(Error::field("code", Reason::NotFound)));
    };
    let state = row.state.parse::<BookingState>().unwrap_or(BookingState::Cancelled);
    Ok(Err(match state.after(transition) {
        Err(error) => error,
        // it was moved, or its jab recorded on another day, while this request was on its way
        Ok(_) => Error::new(Reason::ChangedMeanwhile),
    }))
}

/// The instant at which a civil day began.
pub(super) fn start_of_day(now: DateTime<Utc>) -> DateTime<Utc> {
    domain::time::instant(domain::time::civil(now).date(), chrono::NaiveTime::MIN)
}
