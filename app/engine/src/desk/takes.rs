//! New bookings: the few facts that decide are read for all of them together; each is then decided in its turn.

use std::collections::{BTreeSet, HashMap};

use domain::Uuid;
use domain::code::Code;
use domain::error::{Error, Result};
use domain::reason::Reason;
use sea_orm::ActiveValue::Set;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::batch::Batch;
use super::{Done, Judged};
use crate::board::SlotFacts;
use crate::people::dose_out;
use crate::store::entities::{audit, booking, message, person, request};
use crate::store::lists::lists;

/// A new booking, with all its rows.
pub(crate) struct Take {
    pub code: Code,
    pub slot: SlotFacts,
    pub judged: Judged,
    /// Whether its person stands at the site: then its window may have begun.
    pub walk_in: bool,
    pub request: request::ActiveModel,
    pub booking: booking::ActiveModel,
    pub messages: Vec<message::ActiveModel>,
    pub audit: audit::ActiveModel,
}

/// Decides a new booking.
pub(super) fn decide(batch: &mut Batch<'_>, take: &Take) -> Result<Done> {
    if let Some(code) = batch.requests.answer(&take.request)? {
        return Ok(Done::booking(code));
    }
    // before the place: whoever has the dose is told so, also when the window is full (of their own booking, it may be)
    let dose = dose_out(*take.booking.dose.as_ref());
    if batch.doses.has(&take.judged, dose) {
        // `bookings` adds the code where the caller owns it
        return Err(Error::new(Reason::AlreadyBooked { code: None }));
    }
    // between what was checked and now, another dose, which this one was judged by, could be booked, moved or called off: before the place,
    // too, for the rules may have another answer by now than that the window is full
    if !batch.doses.are_still(&take.judged) {
        return Err(Error::new(Reason::ChangedMeanwhile));
    }
    if let Some(reason) = batch.places.objection_to(take) {
        return Err(Error::new(reason));
    }
    // the site could change the slot
    if !batch.places.is_still(&take.slot) {
        return Err(Error::field("slot_id", Reason::ChangedMeanwhile));
    }
    // and the person's document could be changed, or they could be taken out of the list
    if batch.people.get(take.booking.person_id.as_ref()) != Some(take.booking.person_hash.as_ref()) {
        return Err(Error::field("person_id", Reason::ChangedMeanwhile));
    }
    batch.places.take_for(take).map_err(Error::new)?;
    batch.doses.put(&take.judged, dose, take.slot.window.date, &take.slot.vaccine_id);
    batch.requests.remember(&take.request, take.code);
    let mut booking = take.booking.clone();
    // made when it is decided, not when it was asked for: that may have been before its window's release
    (booking.created_at, booking.changed_at) = (Set(batch.now), Set(batch.now));
    batch.pending.bookings.push(booking);
    batch.pending.requests.push(take.request.clone());
    batch.pending.messages.extend(take.messages.iter().map(|message| {
        let mut message = message.clone();
        message.booking_made_at = Set(Some(batch.now));
        message
    }));
    batch.pending.audit.push(take.audit.clone());
    Ok(Done::booking(take.code))
}

/// The people who are still in their lists, with their hashes; they stay so until the commit. Locked in the order of their ids, and
/// before their doses are read: what another process books for one of them meanwhile is then seen.
pub(super) async fn people(tx: &DatabaseTransaction, takes: &[&Take]) -> core::result::Result<HashMap<Uuid, Vec<u8>>, DbErr> {
    if tx.get_database_backend() == DbBackend::Postgres {
        lock_everywhere(tx, takes).await?;
    }
    let mut ids: Vec<_> = takes.iter().map(|take| *take.booking.person_id.as_ref()).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut people = HashMap::with_capacity(ids.len());
    for list in lists(&ids) {
        let rows: Vec<(Uuid, Vec<u8>)> = person::Entity::find()
            .select_only()
            .column(person::Column::Id)
            .column(person::Column::PersonHash)
            .filter(person::Column::Id.is_in(list))
            .filter(person::Column::Removed.eq(false))
            .order_by_asc(person::Column::Id)
            .lock_shared()
            .into_tuple()
            .all(tx)
            .await?;
        people.extend(rows);
    }
    Ok(people)
}

/// A dose that rests on one that was only declared has no booking to meet another at. Its person's rows, in all accounts, are locked
/// instead: whoever books another dose for them holds one of these, or waits for it.
async fn lock_everywhere(tx: &DatabaseTransaction, takes: &[&Take]) -> core::result::Result<(), DbErr> {
    let declared = takes.iter().filter(|take| take.judged.doses.is_empty() && *take.booking.dose.as_ref() > 1);
    let hashes: Vec<_> = declared.map(|take| take.judged.person_hash.clone()).collect::<BTreeSet<_>>().into_iter().collect();
    for list in lists(&hashes) {
        person::Entity::find()
            .select_only()
            .column(person::Column::Id)
            .filter(person::Column::PersonHash.is_in(list))
            .order_by_asc(person::Column::Id)
            .lock_exclusive()
            .into_tuple::<Uuid>()
            .all(tx)
            .await?;
    }
    Ok(())
}
