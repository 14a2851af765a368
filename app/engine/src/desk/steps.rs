//! Somebody has come, or is let go after the jab: one update of what is still so.

use domain::Uuid;
use domain::booking::{BookingState, Transition};
use domain::code::Code;
use domain::error::Error;
use domain::reason::Reason;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{EntityTrait, QueryFilter};

use super::Done;
use super::batch::{Batch, Outcome};
use super::changes::{stands_in_the_way, start_of_day};
use crate::store::entities::{audit, booking};

/// Which step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stride {
    /// They have come.
    Arrive,
    /// They may go.
    Leave,
}

/// A step of a booking that is still at `version`. The same again changes nothing.
pub(crate) struct Step {
    pub code: Code,
    pub version: i32,
    pub stride: Stride,
    pub staff_id: Uuid,
    pub audit: audit::ActiveModel,
}

impl Step {
    pub(super) async fn run(&self, batch: &mut Batch<'_>) -> Outcome {
        let update = booking::Entity::update_many()
            .col_expr(booking::Column::ChangedAt, Expr::value(batch.now))
            .filter(booking::COLUMN.code.eq(self.code.as_str()))
            .filter(booking::COLUMN.version.eq(self.version));
        let update = match self.stride {
            Stride::Arrive => update
                .col_expr(booking::Column::ArrivedAt, Expr::value(batch.now))
                .col_expr(booking::Column::ArrivedBy, Expr::value(self.staff_id))
                .filter(booking::COLUMN.state.eq(BookingState::Booked.as_str()))
                // on a day before, they came for nothing: that was another visit
                .filter(booking::COLUMN.arrived_at.is_null().or(booking::COLUMN.arrived_at.lt(start_of_day(batch.now)))),
            Stride::Leave => update
                .col_expr(booking::Column::LeftAt, Expr::value(batch.now))
                .col_expr(booking::Column::LeftBy, Expr::value(self.staff_id))
                .filter(booking::COLUMN.state.eq(BookingState::Redeemed.as_str()))
                .filter(booking::COLUMN.redeemed_at.gte(start_of_day(batch.now)))
                .filter(booking::COLUMN.left_at.is_null()),
        };
        if update.exec(batch.tx).await?.rows_affected > 0 {
            batch.pending.audit.push(self.audit.clone());
            return Ok(Ok(Done::booking(self.code)));
        }
        self.again(batch).await
    }

    /// Whoever has come, or is gone, already is so; otherwise what stands in the way.
    async fn again(&self, batch: &Batch<'_>) -> Outcome {
        let row = booking::Entity::find_by_id(self.code.to_string()).one(batch.tx).await?;
        let since = start_of_day(batch.now);
        let is_so = row.as_ref().is_some_and(|row| match self.stride {
            Stride::Arrive => row.state == BookingState::Booked.as_str() && row.arrived_at.is_some_and(|at| at >= since),
            Stride::Leave => row.left_at.is_some_and(|at| at >= since),
        });
        if is_so {
            return Ok(Ok(Done::booking(self.code)));
        }
        if self.stride == Stride::Leave && row.is_some_and(|row| row.state == BookingState::Booked.as_str()) {
            return Ok(Err(Error::new(Reason::NoJabYet)));
        }
        Ok(stands_in_the_way(batch.tx, self.code, Transition::Redeem, &self.audit).await?)
    }
}
