//! Jabs recorded, and taken back.

use domain::booking::{BookingState, Transition};
use domain::checkin::{CheckedIn, Outcome as Recorded, Redemption as Record};
use domain::code::Code;
use domain::error::Error;
use domain::reason::Reason;
use domain::{DateTime, NaiveDate, Utc, Uuid};
use sea_orm::sea_query::{Expr, IntoCondition};
use sea_orm::{EntityTrait, QueryFilter};

use super::batch::{Batch, Outcome};
use super::changes::{stands_in_the_way, start_of_day};
use super::{Done, Judged, Trouble};
use crate::outbox::{drop_queued, queue_again};
use crate::shown::WAITING;
use crate::store::entities::{audit, booking, message};

/// What a manager may accept: the sweep may have come to it, or may not.
const OPEN_OR_MISSED: &str = "state IN ('booked', 'missed')";

/// A jab to be recorded.
pub(crate) struct Redemption {
    pub code: Code,
    /// As it was when day and site were looked at.
    pub version: i32,
    pub nonce: Uuid,
    pub staff_id: Uuid,
    pub lot: Option<String>,
    /// The lot's row, where the site keeps lots.
    pub lot_id: Option<Uuid>,
    /// Where and on which day it is given, and by which doses that was judged, where it was booked for another site or day.
    pub accepted: Option<Accepted>,
    pub record: Record,
    /// What tells of the next dose, where one follows.
    pub next_dose: Option<message::ActiveModel>,
    pub audit: audit::ActiveModel,
}

/// A jab that was booked for another site or day.
pub(crate) struct Accepted {
    pub site_id: Uuid,
    pub on: NaiveDate,
    pub vaccine_id: String,
    pub dose: u8,
    pub judged: Judged,
    /// Whether its day was over, so that the dose may have been booked again since.
    pub missed: bool,
}

/// A recorded jab to be taken back, if it was recorded on the same day.
pub(crate) struct UndoRedemption {
    pub code: Code,
    pub audit: audit::ActiveModel,
}

/// What a booking says of its jab, however it came to be recorded.
pub(super) struct Jab<'a> {
    pub code: Code,
    /// The version of the booking that it is written beside.
    pub version: i32,
    pub at: DateTime<Utc>,
    pub staff_id: Uuid,
    pub nonce: Uuid,
    pub lot: Option<&'a str>,
    pub lot_id: Option<Uuid>,
    /// Where and on which day it was given, where it was booked for another site or day.
    pub elsewhere: Option<(Uuid, NaiveDate)>,
    pub next_dose: Option<&'a message::ActiveModel>,
    pub audit: &'a audit::ActiveModel,
}

impl Jab<'_> {
    /// Writes it down with all that follows from it; false where the booking is not, or no more, as `still` says, and nothing is written.
    pub(super) async fn record(self, batch: &mut Batch<'_>, still: impl IntoCondition) -> Result<bool, Trouble> {
        let (site, on) = self.elsewhere.unzip();
        let redeemed = booking::Entity::update_many()
            .col_expr(booking::Column::State, Expr::value(BookingState::Redeemed.as_str()))
            .col_expr(booking::Column::RedeemedAt, Expr::value(self.at))
            .col_expr(booking::Column::RedeemedBy, Expr::value(self.staff_id))
            .col_expr(booking::Column::RedeemNonce, Expr::value(self.nonce))
            .col_expr(booking::Column::Lot, Expr::value(self.lot))
            .col_expr(booking::Column::LotId, Expr::value(self.lot_id))
            .col_expr(booking::Column::GivenAtSite, Expr::value(site))
            .col_expr(booking::Column::GivenOn, Expr::value(on))
            .col_expr(booking::Column::ChangedAt, Expr::value(batch.now))
            .filter(booking::COLUMN.code.eq(self.code.as_str()))
            .filter(booking::COLUMN.version.eq(self.version))
            .filter(still)
            .exec(batch.tx)
            .await?;
        if redeemed.rows_affected == 0 {
            return Ok(false);
        }
        drop_queued(batch.tx, self.code.as_str(), batch.now).await?;
        if let Some(message) = self.next_dose
            && !queue_again(batch.tx, message).await?
        {
            batch.pending.messages.push(message.clone());
        }
        batch.pending.audit.push(self.audit.clone());
        Ok(true)
    }
}

impl Redemption {
    pub(super) async fn run(&self, batch: &mut Batch<'_>) -> Outcome {
        let before = booking::Entity::find().filter(booking::COLUMN.redeem_nonce.eq(self.nonce)).one(batch.tx).await?;
        if before.is_some_and(|before| before.code != self.code.as_str()) {
            return Ok(Err(Error::field("nonce", Reason::RequestReused)));
        }
        if let Some(accepted) = &self.accepted {
            if !batch.doses.are_still(&accepted.judged) {
                return self.again(batch).await;
            }
            if accepted.missed && batch.doses.has(&accepted.judged, accepted.dose) {
                return Ok(Err(Error::new(Reason::AlreadyBooked { code: None })));
            }
        }
        let jab = Jab {
            code: self.code,
            version: self.version,
            at: batch.now,
            staff_id: self.staff_id,
            nonce: self.nonce,
            lot: self.lot.as_deref(),
            lot_id: self.lot_id,
            elsewhere: self.accepted.as_ref().map(|accepted| (accepted.site_id, accepted.on)),
            next_dose: self.next_dose.as_ref(),
            audit: &self.audit,
        };
        let still = if self.accepted.is_some() { OPEN_OR_MISSED } else { WAITING };
        if !jab.record(batch, Expr::cust(still)).await? {
            return self.again(batch).await;
        }
        if let Some(accepted) = &self.accepted {
            batch.doses.put(&accepted.judged, accepted.dose, accepted.on, &accepted.vaccine_id);
        }
        Ok(Ok(self.done(batch.now)))
    }

    /// The same scan again gets the same answer; another one is told that it is done.
    async fn again(&self, batch: &Batch<'_>) -> Outcome {
        let row = booking::Entity::find_by_id(self.code.to_string()).one(batch.tx).await?;
        Ok(match row {
            Some(booking::Model { redeem_nonce: Some(nonce), redeemed_at: Some(at), .. }) if nonce == self.nonce => {
                Ok(self.done(at))
            }
            _ => stands_in_the_way(batch.tx, self.code, Transition::Redeem, &self.audit).await?.map(|_| self.done(batch.now)),
        })
    }

    fn done(&self, at: DateTime<Utc>) -> Done {
        let redemption = Some(Record { at, ..self.record.clone() });
        Done::checked_in(self.code, CheckedIn { outcome: Recorded::Redeemed, redemption })
    }
}

impl UndoRedemption {
    pub(super) async fn run(&self, batch: &mut Batch<'_>) -> Outcome {
        let undone = booking::Entity::update_many()
            .col_expr(booking::Column::State, Expr::value(BookingState::Booked.as_str()))
            .col_expr(booking::Column::RedeemedAt, Expr::value(None::<DateTime<Utc>>))
            .col_expr(booking::Column::RedeemedBy, Expr::value(None::<Uuid>))
            .col_expr(booking::Column::RedeemNonce, Expr::value(None::<Uuid>))
            .col_expr(booking::Column::Lot, Expr::value(None::<String>))
            .col_expr(booking::Column::LotId, Expr::value(None::<Uuid>))
            .col_expr(booking::Column::GivenAtSite, Expr::value(None::<Uuid>))
            .col_expr(booking::Column::GivenOn, Expr::value(None::<NaiveDate>))
            // what came after the jab has not happened either
            .col_expr(booking::Column::LeftAt, Expr::value(None::<DateTime<Utc>>))
            .col_expr(booking::Column::LeftBy, Expr::value(None::<Uuid>))
            .col_expr(booking::Column::ChangedAt, Expr::value(batch.now))
            .filter(booking::COLUMN.code.eq(self.code.as_str()))
            .filter(booking::COLUMN.state.eq(BookingState::Redeemed.as_str()))
            .filter(booking::COLUMN.redeemed_at.gte(start_of_day(batch.now)))
            .exec(batch.tx)
            .await?;
        let done = Done::checked_in(self.code, CheckedIn { outcome: Recorded::Undone, redemption: None });
        if undone.rows_affected == 0 {
            let why = stands_in_the_way(batch.tx, self.code, Transition::Undo, &self.audit).await?;
            return Ok(why.map(|_| done));
        }
        // the next dose rests on a jab that was not given
        drop_queued(batch.tx, self.code.as_str(), batch.now).await?;
        batch.pending.audit.push(self.audit.clone());
        Ok(Ok(done))
    }
}
