//! New bookings: the few facts that decide are read for all of them together; each is then decided in its turn.

use std::collections::HashMap;

use domain::Uuid;
use domain::code::Code;
use domain::error::{Error, Result};
use domain::reason::Reason;
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::batch::Batch;
use super::{Done, Judged, Trouble};
use crate::board::SlotFacts;
use crate::people::dose_out;
use crate::store::entities::{audit, booking, message, person, request};
use crate::store::lists::lists;

/// A new booking, with all its rows.
pub(crate) struct Take {
    pub code: Code,
    pub slot: SlotFacts,
    pub judged: Judged,
    pub request: request::ActiveModel,
    pub booking: booking::ActiveModel,
    pub messages: Vec<message::ActiveModel>,
    pub audit: audit::ActiveModel,
}

/// Decides new bookings, in their order.
pub(super) async fn run(batch: &mut Batch<'_>, takes: &[&Take]) -> core::result::Result<Vec<Result<Done>>, Trouble> {
    // on a release day most ask for what was full before this batch: who they are does not matter any more
    let chances: Vec<_> = takes.iter().filter(|take| batch.places.objection(take.slot.id).is_none()).copied().collect();
    let people = people(batch, &chances).await?;
    Ok(takes.iter().map(|take| decide(batch, take, &people)).collect())
}

fn decide(batch: &mut Batch<'_>, take: &Take, people: &HashMap<Uuid, Vec<u8>>) -> Result<Done> {
    if let Some(code) = batch.requests.answer(&take.request)? {
        return Ok(Done::booking(code));
    }
    // before the place: whoever has the dose is told so, also when the window is full (of their own booking, it may be)
    let dose = dose_out(*take.booking.dose.as_ref());
    if batch.doses.has(&take.judged, dose) {
        // `bookings` adds the code where the caller owns it
        return Err(Error::new(Reason::AlreadyBooked { code: None }));
    }
    if let Some(reason) = batch.places.objection(take.slot.id) {
        return Err(Error::new(reason));
    }
    // between what was checked and now, the site could change the slot
    if !batch.places.is_still(&take.slot) {
        return Err(Error::field("slot_id", Reason::ChangedMeanwhile));
    }
    // and the person's document could be changed, or they could be taken out of the list
    if people.get(take.booking.person_id.as_ref()) != Some(take.booking.person_hash.as_ref()) {
        return Err(Error::field("person_id", Reason::ChangedMeanwhile));
    }
    // and another dose, which this one was judged by, could be booked, moved or called off
    if !batch.doses.are_still(&take.judged) {
        return Err(Error::new(Reason::ChangedMeanwhile));
    }
    batch.places.take(take.slot.id).map_err(Error::new)?;
    batch.doses.put(&take.judged, dose, take.slot.window.date, &take.slot.vaccine_id);
    batch.requests.remember(&take.request, take.code);
    let mut booking = take.booking.clone();
    // made when it is decided, not when it was asked for: that may have been before its window's release
    (booking.created_at, booking.changed_at) = (Set(batch.now), Set(batch.now));
    batch.pending.bookings.push(booking);
    batch.pending.requests.push(take.request.clone());
    batch.pending.messages.extend_from_slice(&take.messages);
    batch.pending.audit.push(take.audit.clone());
    Ok(Done::booking(take.code))
}

/// The people who are still in their lists, with their hashes; they stay so until the commit. Locked in the order of their ids.
async fn people(batch: &Batch<'_>, takes: &[&Take]) -> core::result::Result<HashMap<Uuid, Vec<u8>>, DbErr> {
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
            .all(batch.tx)
            .await?;
        people.extend(rows);
    }
    Ok(people)
}
