//! Retention: what has been kept for long enough is forgotten, a little at a time, while the service serves.
//!
//! A walk a day, in stages. Bookings are found by the days that have passed (an index by day leads to the slots, one by slot to the
//! bookings), so that no booking pays for an index that only this walk would use; people, accounts and request ids by primary key. The
//! place is written in the transaction of what was done: a walk that is killed goes on where it was, and of several processes one does each
//! step, as in `reseal`. It rests much longer than it works, and stands back while anybody waits for the desk.

mod place;

use std::time::{Duration, Instant};

use domain::error::Result;
use domain::jobs::{Ended, Job};
use domain::{NaiveDate, Uuid};
use sea_orm::sea_query::ExprTrait;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select};

use crate::Engine;
use crate::entropy::Entropy;
use crate::error::internal;
use crate::forget::NOBODY;
use crate::store::entities::{account, booking, message, person, request, session, slot};
use place::{Place, Stage};

/// Rows that one look reads, and one step changes at most: a few milliseconds of the one connection that writes.
const ROWS: u32 = 64;
/// Looks without anything to do until the place is written down.
const LOOKS: u32 = 32;
/// Between two steps the writer is left alone for so many times as long as the last one took.
const REST: u32 = 20;
/// And for so long at least.
const LEAST_REST: Duration = Duration::from_millis(250);
/// How long it waits for those who wait for the desk, before it goes on beside them.
const PATIENCE: u32 = 60;
/// How long after a start it begins: whoever comes first finds the machine to themselves.
const FIRST: Duration = Duration::from_secs(5 * 60);
/// How often it is asked whether a new day has begun, and when it is tried again after a failure.
const ASK: Duration = Duration::from_secs(60);

/// What a step of the walk has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retained {
    /// So many rows were emptied or taken away; there may be more.
    Some(u64),
    /// Nothing more is to be forgotten today.
    Nothing,
}

/// What one look has found.
struct Found {
    what: What,
    /// Where the walk is when it is done.
    to: Place,
}

/// What is to be done at once.
enum What {
    Nothing,
    Bookings(Vec<booking::Model>),
    Messages(Vec<Uuid>),
    Requests(Vec<Uuid>),
    People(Vec<person::Model>),
    Accounts(Vec<Uuid>),
}

impl Engine {
    /// Forgets what has been kept for long enough, for as long as it is polled.
    pub async fn keep_retention(&self) {
        tokio::time::sleep(FIRST).await;
        loop {
            self.stand_back().await;
            let began = Instant::now();
            let rest = match self.retain_some(ROWS).await {
                Ok(Retained::Some(_)) => (began.elapsed() * REST).max(LEAST_REST),
                Ok(Retained::Nothing) => ASK,
                Err(_) => {
                    tracing::warn!("what has been kept for long enough will be forgotten in a minute");
                    // where this cannot be written either, the log is all there is
                    let _ = self.walk_ended(&self.store().write, Job::Retention, Ended::Failed, self.today()).await;
                    ASK
                }
            };
            tokio::time::sleep(rest).await;
        }
    }

    async fn stand_back(&self) {
        for _ in 0..PATIENCE {
            if self.desk_counts().waiting == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    /// One step: at most `rows` rows in one transaction.
    ///
    /// # Errors
    /// `internal` or `busy`; what was not done then is done by the next step.
    pub async fn retain_some(&self, rows: u32) -> Result<Retained> {
        let before = Place::read(&self.store().read).await.map_err(internal)?;
        let (place, bytes) = before.map_or((None, None), |(place, bytes)| (place, Some(bytes)));
        let place = place.unwrap_or_default();
        let begins = place.done_on.is_some() || bytes.is_none();
        if place.done_on == Some(self.today()) {
            return Ok(Retained::Nothing);
        }
        let Found { what, to } = self.walk(place, rows).await?;
        let tx = self.store().begin().await.map_err(internal)?;
        if !to.write(&tx, bytes.as_deref()).await.map_err(internal)? {
            // another process was quicker
            return Ok(Retained::Some(0));
        }
        let done = self.forget(&tx, what).await?;
        if begins {
            self.walk_began(&tx, Job::Retention).await?;
        }
        if let Some(day) = to.done_on {
            self.walk_ended(&tx, Job::Retention, Ended::Done, day).await?;
        }
        tx.commit().await.map_err(internal)?;
        if to.done_on.is_some() {
            tracing::info!("what has been kept for long enough is forgotten");
        }
        Ok(Retained::Some(done))
    }

    /// Goes on from a place until there is something to do.
    async fn walk(&self, mut place: Place, rows: u32) -> Result<Found> {
        place.done_on = None;
        for _ in 0..LOOKS {
            let found = match place.stage {
                Stage::Bookings => self.old_bookings(place, rows).await?,
                Stage::Messages => self.old_messages(place, rows).await?,
                Stage::Requests => self.old_requests(place, rows).await?,
                Stage::People => self.old_people(place, rows).await?,
                Stage::Accounts => self.old_accounts(place, rows).await?,
            };
            if !matches!(found.what, What::Nothing) || found.to.done_on.is_some() {
                return Ok(found);
            }
            place = found.to;
        }
        Ok(Found { what: What::Nothing, to: place })
    }

    /// The bookings of the next windows whose time is over.
    async fn old_bookings(&self, mut place: Place, rows: u32) -> Result<Found> {
        let db = &self.store().read;
        let Some(day) = self.old_day(place.day, true).await? else { return Ok(Found { what: What::Nothing, to: place.next() }) };
        place.day = Some(day);
        let slots: Vec<Uuid> = slot::Entity::find()
            .select_only()
            .column(slot::Column::Id)
            .filter(slot::COLUMN.date.eq(day))
            .filter(slot::COLUMN.id.gt(place.after.unwrap_or_default()))
            .order_by_asc(slot::COLUMN.id)
            .limit(16)
            .into_tuple()
            .all(db)
            .await
            .map_err(internal)?;
        let Some(last) = slots.last().copied() else {
            place.after = None;
            let to = match self.old_day(place.day, false).await? {
                Some(next) => Place { day: Some(next), ..place },
                // the last day is looked at again tomorrow: it costs nothing
                None => place.next(),
            };
            return Ok(Found { what: What::Nothing, to });
        };
        let theirs = booking::Entity::find()
            .filter(booking::Column::SlotId.is_in(slots))
            .filter(booking::COLUMN.account_id.ne(NOBODY))
            .limit(u64::from(rows))
            .all(db)
            .await
            .map_err(internal)?;
        if theirs.len() < rows as usize {
            place.after = Some(last);
        }
        let what = if theirs.is_empty() { What::Nothing } else { What::Bookings(theirs) };
        Ok(Found { what, to: place })
    }

    /// The first day with windows whose time is over: this one or a later one, or after this one.
    async fn old_day(&self, from: Option<NaiveDate>, or_this: bool) -> Result<Option<NaiveDate>> {
        let mut days = slot::Entity::find().select_only().column(slot::Column::Date).filter(slot::COLUMN.date.lt(self.kept_from()));
        if let Some(from) = from {
            let condition = if or_this { slot::COLUMN.date.gte(from) } else { slot::COLUMN.date.gt(from) };
            days = days.filter(condition);
        }
        days.order_by_asc(slot::COLUMN.date).limit(1).into_tuple().one(&self.store().read).await.map_err(internal)
    }

    /// Messages that were to go long ago. Their ids are in the order of time.
    async fn old_messages(&self, place: Place, rows: u32) -> Result<Found> {
        let before = self.now() - chrono::Duration::days(i64::from(self.config().retention.messages_days));
        let ids: Vec<Uuid> = message::Entity::find()
            .select_only()
            .column(message::Column::Id)
            .filter(message::COLUMN.id.lt(<dyn Entropy>::first_id(before)))
            .filter(message::COLUMN.due_at.lt(before).or(message::COLUMN.handed_at.lt(before)))
            .order_by_asc(message::COLUMN.id)
            .limit(u64::from(rows))
            .into_tuple()
            .all(&self.store().read)
            .await
            .map_err(internal)?;
        let to = if ids.len() < rows as usize { place.next() } else { place };
        Ok(Found { what: if ids.is_empty() { What::Nothing } else { What::Messages(ids) }, to })
    }

    /// Request ids that nobody repeats any more. Their callers draw them, so nothing follows from their order.
    async fn old_requests(&self, mut place: Place, rows: u32) -> Result<Found> {
        let before = self.now() - chrono::Duration::days(i64::from(self.config().retention.requests_days));
        let read = after(request::Entity::find(), request::Column::Id, &place);
        let some = self.next_rows(read, &mut place, rows, |row: &request::Model| row.id).await?;
        let ids: Vec<_> = some.into_iter().filter(|row| row.answered_at < before).map(|row| row.id).collect();
        Ok(Found { what: if ids.is_empty() { What::Nothing } else { What::Requests(ids) }, to: place })
    }

    /// People whom nobody has changed for as long as a booking is kept, and those who were taken out of their lists.
    async fn old_people(&self, mut place: Place, rows: u32) -> Result<Found> {
        let since = self.kept_since();
        let read = after(person::Entity::find(), person::Column::Id, &place);
        let mut some = self.next_rows(read, &mut place, rows, |row: &person::Model| row.id).await?;
        some.retain(|row| !row.sealed.is_empty() && (row.removed || row.changed_at < since));
        Ok(Found { what: if some.is_empty() { What::Nothing } else { What::People(some) }, to: place })
    }

    /// Accounts from the time before.
    async fn old_accounts(&self, mut place: Place, rows: u32) -> Result<Found> {
        let since = self.kept_since();
        let read = after(account::Entity::find(), account::Column::Id, &place);
        let some = self.next_rows(read, &mut place, rows, |row: &account::Model| row.id).await?;
        let over = |row: &account::Model| !row.phone_sealed.is_empty() && row.created_at < since;
        let ids: Vec<_> = some.into_iter().filter(over).map(|row| row.id).collect();
        if place.stage == Stage::Bookings {
            place.done_on = Some(self.today());
        }
        Ok(Found { what: if ids.is_empty() { What::Nothing } else { What::Accounts(ids) }, to: place })
    }

    /// The next rows of a table, and the place after them.
    async fn next_rows<E>(
        &self,
        read: Select<E>,
        place: &mut Place,
        rows: u32,
        id: impl Fn(&E::Model) -> Uuid,
    ) -> Result<Vec<E::Model>>
    where
        E: EntityTrait,
    {
        let some = read.limit(u64::from(rows)).all(&self.store().read).await.map_err(internal)?;
        let full = some.len() == rows as usize;
        *place = match some.last().filter(|_| full) {
            Some(last) => Place { after: Some(id(last)), ..place.clone() },
            None => place.clone().next(),
        };
        Ok(some)
    }

    async fn forget(&self, tx: &impl ConnectionTrait, what: What) -> Result<u64> {
        match what {
            What::Nothing => Ok(0),
            What::Bookings(bookings) => self.unlink(tx, bookings).await,
            What::Messages(ids) => {
                let gone = message::Entity::delete_many().filter(message::Column::Id.is_in(ids)).exec(tx).await;
                Ok(gone.map_err(internal)?.rows_affected)
            }
            What::Requests(ids) => {
                let gone = request::Entity::delete_many().filter(request::Column::Id.is_in(ids)).exec(tx).await;
                Ok(gone.map_err(internal)?.rows_affected)
            }
            What::People(some) => {
                let mut done = 0;
                for row in some {
                    done += u64::from(self.forget_if_unneeded(tx, &row).await?);
                }
                Ok(done)
            }
            What::Accounts(ids) => {
                let mut done = 0;
                for id in ids {
                    done += u64::from(self.forget_account_if_unneeded(tx, id).await?);
                }
                Ok(done)
            }
        }
    }

    /// Empties a person whom no booking needs, unless they have changed since they were read. Held first: no booking is made meanwhile.
    async fn forget_if_unneeded(&self, tx: &impl ConnectionTrait, read: &person::Model) -> Result<bool> {
        let held = person::Entity::find_by_id(read.id).lock_exclusive().one(tx).await.map_err(internal)?;
        if held.as_ref() != Some(read) {
            return Ok(false);
        }
        let needed = booking::Entity::find()
            .filter(booking::COLUMN.account_id.eq(read.account_id))
            .filter(booking::COLUMN.person_id.eq(read.id));
        if needed.count(tx).await.map_err(internal)? > 0 {
            return Ok(false);
        }
        self.empty_person(tx, read.id).await?;
        Ok(true)
    }

    /// Empties an account in whose name nothing is kept, and with which nobody is signed in.
    async fn forget_account_if_unneeded(&self, tx: &impl ConnectionTrait, id: Uuid) -> Result<bool> {
        account::Entity::find_by_id(id).lock_exclusive().one(tx).await.map_err(internal)?;
        let people = person::Entity::find().filter(person::COLUMN.account_id.eq(id)).filter(crate::people::listed());
        let bookings = booking::Entity::find().filter(booking::COLUMN.account_id.eq(id));
        let sessions =
            session::Entity::find().filter(session::COLUMN.account_id.eq(id)).filter(session::COLUMN.expires_at.gt(self.now()));
        for count in [people.count(tx).await, bookings.count(tx).await, sessions.count(tx).await] {
            if count.map_err(internal)? > 0 {
                return Ok(false);
            }
        }
        self.empty_account(tx, id).await?;
        Ok(true)
    }
}

/// What comes after the place, by primary key.
fn after<E: EntityTrait>(read: Select<E>, key: E::Column, place: &Place) -> Select<E> {
    // the smallest id is nobody's
    read.filter(key.gt(place.after.unwrap_or_default())).order_by_asc(key)
}
