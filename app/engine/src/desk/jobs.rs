//! What the desk does with one request inside the batch's transaction. A refused job leaves nothing behind in it.

use domain::booking::{BookingState, Transition};
use domain::checkin::{CheckedIn, Outcome, Redemption as Record};
use domain::code::Code;
use domain::error::Error;
use domain::reason::Reason;
use domain::{DateTime, Utc, Uuid};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QuerySelect, TryInsertResult};

use super::{Deed, Failure};
use crate::outbox::drop_queued;
use crate::shown::sweep_person;
use crate::store::entities::{audit, booking, message, person, request, slot};

/// A new booking, with all its rows.
pub(crate) struct Take {
    pub code: Code,
    pub slot_id: Uuid,
    pub request: request::ActiveModel,
    pub booking: booking::ActiveModel,
    pub messages: Vec<message::ActiveModel>,
    pub audit: audit::ActiveModel,
}

/// Another slot for a booking that is still at `version`.
pub(crate) struct MoveTo {
    pub code: Code,
    pub version: i32,
    pub from: Uuid,
    pub to: Uuid,
    pub request: request::ActiveModel,
    pub messages: Vec<message::ActiveModel>,
    pub audit: audit::ActiveModel,
}

/// A booking called off that is still at `version`.
pub(crate) struct CallOff {
    pub code: Code,
    pub version: i32,
    pub slot_id: Uuid,
    pub message: message::ActiveModel,
    pub audit: audit::ActiveModel,
}

/// A jab to be recorded.
pub(crate) struct Redemption {
    pub code: Code,
    pub nonce: Uuid,
    pub staff_id: Uuid,
    pub lot: Option<String>,
    pub record: Record,
    pub audit: audit::ActiveModel,
}

/// A recorded jab to be taken back, if it was recorded on `today`.
pub(crate) struct UndoRedemption {
    pub code: Code,
    pub audit: audit::ActiveModel,
}

impl Take {
    pub(super) async fn run(&self, tx: &DatabaseTransaction, now: DateTime<Utc>) -> Result<Deed, Failure> {
        if let Some(code) = answer_before(tx, &self.request).await? {
            return Ok(Deed { code, checked_in: None, slots: vec![] });
        }
        if !is_still_the_person(tx, &self.booking).await? {
            delete_request(tx, &self.request).await?;
            return Err(Error::field("person_id", Reason::ChangedMeanwhile).into());
        }
        if !insert_booking(tx, self.booking.clone()).await? && !self.insert_after_sweep(tx, now).await? {
            delete_request(tx, &self.request).await?;
            // one live booking for person, course and dose; `bookings` adds the code where the caller owns it
            return Err(Error::new(Reason::AlreadyBooked { code: None }).into());
        }
        let slot = match take_place(tx, self.slot_id, now).await? {
            Ok(slot) => slot,
            Err(refused) => {
                booking::Entity::delete_by_id(self.code.to_string()).exec(tx).await?;
                delete_request(tx, &self.request).await?;
                return Err(refused.into());
            }
        };
        write(tx, &self.messages, &self.audit).await?;
        Ok(Deed { code: self.code, checked_in: None, slots: vec![slot] })
    }

    /// What stood in the way may be a booking whose day has passed.
    async fn insert_after_sweep(&self, tx: &DatabaseTransaction, now: DateTime<Utc>) -> Result<bool, DbErr> {
        let today = domain::time::civil(now).date();
        let swept = sweep_person(tx, self.booking.person_hash.as_ref(), today, now).await?;
        Ok(swept > 0 && insert_booking(tx, self.booking.clone()).await?)
    }
}

impl MoveTo {
    pub(super) async fn run(&self, tx: &DatabaseTransaction, now: DateTime<Utc>) -> Result<Deed, Failure> {
        if let Some(code) = answer_before(tx, &self.request).await? {
            return Ok(Deed { code, checked_in: None, slots: vec![] });
        }
        let mut slots = Vec::with_capacity(2);
        // both rows are locked in the order of their ids; the new place is taken before the old one goes
        if self.from < self.to {
            lock(tx, self.from).await?;
        }
        match take_place(tx, self.to, now).await? {
            Ok(slot) => slots.push(slot),
            Err(refused) => {
                delete_request(tx, &self.request).await?;
                return Err(refused.into());
            }
        }
        let moved = booking::Entity::update_many()
            .col_expr(booking::Column::SlotId, Expr::value(self.to))
            .col_expr(booking::Column::Version, Expr::col(booking::Column::Version).add(1))
            .col_expr(booking::Column::ChangedAt, Expr::value(now))
            .filter(still(self.code, self.version))
            .exec(tx)
            .await?;
        if moved.rows_affected == 0 {
            give_back(tx, self.to, now).await?;
            delete_request(tx, &self.request).await?;
            return Err(stands_in_the_way(tx, self.code, Transition::Move).await?.into());
        }
        slots.extend(give_back(tx, self.from, now).await?);
        drop_queued(tx, self.code.as_str(), now).await?;
        write(tx, &self.messages, &self.audit).await?;
        Ok(Deed { code: self.code, checked_in: None, slots })
    }
}

impl CallOff {
    pub(super) async fn run(&self, tx: &DatabaseTransaction, now: DateTime<Utc>) -> Result<Deed, Failure> {
        let cancelled = booking::Entity::update_many()
            .col_expr(booking::Column::State, Expr::value(BookingState::Cancelled.as_str()))
            .col_expr(booking::Column::ChangedAt, Expr::value(now))
            .filter(still(self.code, self.version))
            .exec(tx)
            .await?;
        if cancelled.rows_affected == 0 {
            return Err(stands_in_the_way(tx, self.code, Transition::Cancel).await?.into());
        }
        let slots = give_back(tx, self.slot_id, now).await?;
        drop_queued(tx, self.code.as_str(), now).await?;
        write(tx, std::slice::from_ref(&self.message), &self.audit).await?;
        Ok(Deed { code: self.code, checked_in: None, slots })
    }
}

impl Redemption {
    pub(super) async fn run(&self, tx: &DatabaseTransaction, now: DateTime<Utc>) -> Result<Deed, Failure> {
        let before = booking::Entity::find().filter(booking::COLUMN.redeem_nonce.eq(self.nonce)).one(tx).await?;
        if before.is_some_and(|before| before.code != self.code.as_str()) {
            return Err(Error::field("nonce", Reason::RequestReused).into());
        }
        let redeemed = booking::Entity::update_many()
            .col_expr(booking::Column::State, Expr::value(BookingState::Redeemed.as_str()))
            .col_expr(booking::Column::RedeemedAt, Expr::value(now))
            .col_expr(booking::Column::RedeemedBy, Expr::value(self.staff_id))
            .col_expr(booking::Column::RedeemNonce, Expr::value(self.nonce))
            .col_expr(booking::Column::Lot, Expr::value(self.lot.clone()))
            .col_expr(booking::Column::ChangedAt, Expr::value(now))
            .filter(booking::COLUMN.code.eq(self.code.as_str()))
            .filter(booking::COLUMN.state.eq(BookingState::Booked.as_str()))
            .exec(tx)
            .await?;
        if redeemed.rows_affected == 0 {
            return self.again(tx).await;
        }
        drop_queued(tx, self.code.as_str(), now).await?;
        write(tx, &[], &self.audit).await?;
        Ok(self.deed(Record { at: now, ..self.record.clone() }))
    }

    /// The same scan again gets the same answer; another one is told that it is done.
    async fn again(&self, tx: &DatabaseTransaction) -> Result<Deed, Failure> {
        let row = booking::Entity::find_by_id(self.code.to_string()).one(tx).await?;
        match row {
            Some(booking::Model { redeem_nonce: Some(nonce), redeemed_at: Some(at), .. }) if nonce == self.nonce => {
                Ok(self.deed(Record { at, ..self.record.clone() }))
            }
            _ => Err(stands_in_the_way(tx, self.code, Transition::Redeem).await?.into()),
        }
    }

    fn deed(&self, record: Record) -> Deed {
        let checked_in = CheckedIn { outcome: Outcome::Redeemed, redemption: Some(record) };
        Deed { code: self.code, checked_in: Some(checked_in), slots: vec![] }
    }
}

impl UndoRedemption {
    pub(super) async fn run(&self, tx: &DatabaseTransaction, now: DateTime<Utc>) -> Result<Deed, Failure> {
        let today = domain::time::instant(domain::time::civil(now).date(), chrono::NaiveTime::MIN);
        let undone = booking::Entity::update_many()
            .col_expr(booking::Column::State, Expr::value(BookingState::Booked.as_str()))
            .col_expr(booking::Column::RedeemedAt, Expr::value(None::<DateTime<Utc>>))
            .col_expr(booking::Column::RedeemedBy, Expr::value(None::<Uuid>))
            .col_expr(booking::Column::RedeemNonce, Expr::value(None::<Uuid>))
            .col_expr(booking::Column::Lot, Expr::value(None::<String>))
            .col_expr(booking::Column::ChangedAt, Expr::value(now))
            .filter(booking::COLUMN.code.eq(self.code.as_str()))
            .filter(booking::COLUMN.state.eq(BookingState::Redeemed.as_str()))
            .filter(booking::COLUMN.redeemed_at.gte(today))
            .exec(tx)
            .await?;
        if undone.rows_affected == 0 {
            return Err(stands_in_the_way(tx, self.code, Transition::Undo).await?.into());
        }
        write(tx, &[], &self.audit).await?;
        let checked_in = CheckedIn { outcome: Outcome::Undone, redemption: None };
        Ok(Deed { code: self.code, checked_in: Some(checked_in), slots: vec![] })
    }
}

/// A booking that waits for its day and that nobody has changed since it was read.
fn still(code: Code, version: i32) -> sea_orm::sea_query::Expr {
    booking::COLUMN
        .code
        .eq(code.as_str())
        .and(booking::COLUMN.version.eq(version))
        .and(booking::COLUMN.state.eq(BookingState::Booked.as_str()))
}

/// Claims a request id; the booking of the answer that it has had already, when it has had one.
async fn answer_before(tx: &DatabaseTransaction, row: &request::ActiveModel) -> Result<Option<Code>, Failure> {
    let claim = request::Entity::insert(row.clone()).on_conflict(OnConflict::new().do_nothing().to_owned()).try_insert();
    if matches!(claim.exec_without_returning(tx).await?, TryInsertResult::Inserted(1..)) {
        return Ok(None);
    }
    let found = request::Entity::find_by_id(*row.id.as_ref()).one(tx).await?;
    match found {
        Some(found) if row.account_id.as_ref() == &found.account_id && row.content_hash.as_ref() == &found.content_hash => {
            Ok(Some(Code::parse(&found.booking_code)?))
        }
        _ => Err(Error::field("request_id", Reason::RequestReused).into()),
    }
}

async fn delete_request(tx: &DatabaseTransaction, row: &request::ActiveModel) -> Result<(), DbErr> {
    request::Entity::delete_by_id(*row.id.as_ref()).exec(tx).await?;
    Ok(())
}

/// Whether the person is still the one that the booking was prepared for, and stays so until the commit: their document could be changed,
/// or they could be taken out of the list, between what was checked and now.
async fn is_still_the_person(tx: &DatabaseTransaction, row: &booking::ActiveModel) -> Result<bool, DbErr> {
    let held = person::Entity::find_by_id(*row.person_id.as_ref())
        .select_only()
        .column(person::Column::Id)
        .filter(person::COLUMN.person_hash.eq(row.person_hash.as_ref().clone()))
        .filter(person::COLUMN.removed.eq(false))
        .lock_shared()
        .into_tuple::<Uuid>()
        .one(tx)
        .await?;
    Ok(held.is_some())
}

/// Whether the booking was written: not when the person has that dose already.
async fn insert_booking(tx: &DatabaseTransaction, row: booking::ActiveModel) -> Result<bool, DbErr> {
    let insert = booking::Entity::insert(row).on_conflict(OnConflict::new().do_nothing().to_owned()).try_insert();
    Ok(matches!(insert.exec_without_returning(tx).await?, TryInsertResult::Inserted(1..)))
}

/// Takes a place, or tells why there is none. The conditional update decides; what is read afterwards only explains.
async fn take_place(tx: &DatabaseTransaction, slot_id: Uuid, now: DateTime<Utc>) -> Result<Result<slot::Model, Error>, DbErr> {
    let taken = slot::Entity::update_many()
        .col_expr(slot::Column::Taken, Expr::col(slot::Column::Taken).add(1))
        .col_expr(slot::Column::Version, Expr::col(slot::Column::Version).add(1))
        .col_expr(slot::Column::ChangedAt, Expr::value(now))
        .filter(slot::COLUMN.id.eq(slot_id))
        .filter(Expr::col(slot::Column::Taken).lt(Expr::col(slot::Column::Capacity)))
        .filter(slot::COLUMN.closed.eq(false))
        .filter(slot::COLUMN.opens_at.lte(now))
        .exec_with_returning(tx)
        .await?;
    if let Some(row) = taken.into_iter().next() {
        return Ok(Ok(row));
    }
    let row = slot::Entity::find_by_id(slot_id).one(tx).await?;
    let reason = row.map_or(Reason::NotFound, |row| row.terms().objection(now).unwrap_or(Reason::SlotFull));
    Ok(Err(Error::new(reason)))
}

/// Gives a place back.
async fn give_back(tx: &DatabaseTransaction, slot_id: Uuid, now: DateTime<Utc>) -> Result<Vec<slot::Model>, DbErr> {
    slot::Entity::update_many()
        .col_expr(slot::Column::Taken, Expr::col(slot::Column::Taken).sub(1))
        .col_expr(slot::Column::Version, Expr::col(slot::Column::Version).add(1))
        .col_expr(slot::Column::ChangedAt, Expr::value(now))
        .filter(slot::COLUMN.id.eq(slot_id))
        .exec_with_returning(tx)
        .await
}

/// Locks a slot's row without changing what it says.
async fn lock(tx: &DatabaseTransaction, slot_id: Uuid) -> Result<(), DbErr> {
    slot::Entity::update_many()
        .col_expr(slot::Column::Version, Expr::col(slot::Column::Version).add(1))
        .filter(slot::COLUMN.id.eq(slot_id))
        .exec(tx)
        .await?;
    Ok(())
}

async fn write(tx: &DatabaseTransaction, messages: &[message::ActiveModel], row: &audit::ActiveModel) -> Result<(), DbErr> {
    if !messages.is_empty() {
        // the same kind for the same version of a booking is one message
        let nothing = OnConflict::new().do_nothing().to_owned();
        message::Entity::insert_many(messages.to_vec()).on_conflict(nothing).try_insert().exec_without_returning(tx).await?;
    }
    audit::Entity::insert(row.clone()).exec_without_returning(tx).await?;
    Ok(())
}

/// Why a booking could not be changed: what it has become since it was looked at.
async fn stands_in_the_way(tx: &DatabaseTransaction, code: Code, transition: Transition) -> Result<Error, DbErr> {
    let Some(row) = booking::Entity::find_by_id(code.to_string()).one(tx).await? else {
        return Ok(Error::field("code", Reason::NotFound));
    };
    let state = row.state.parse::<BookingState>().unwrap_or(BookingState::Cancelled);
    Ok(match state.after(transition) {
        Err(error) => error,
        // it was moved, or its jab recorded on another day, while this request was on its way
        Ok(_) => Error::new(Reason::ChangedMeanwhile),
    })
}
