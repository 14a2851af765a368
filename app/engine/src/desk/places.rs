//! The slots that a batch touches: locked in the order of their ids, counted while the batch runs, written back once each.

use std::collections::{BTreeMap, BTreeSet};

use domain::reason::Reason;
use domain::{DateTime, Utc, Uuid};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{Take, Trouble};
use crate::board::SlotFacts;
use crate::store::entities::slot;
use crate::store::lists::lists;

struct Place {
    row: slot::Model,
    /// As the database has it.
    taken: i32,
    /// Whether it was closed or opened.
    turned: bool,
}

/// The slots of a batch. Between [`Places::lock`] and the commit nobody else changes them.
pub(super) struct Places {
    by_id: BTreeMap<Uuid, Place>,
    now: DateTime<Utc>,
}

impl Places {
    /// Locks the slots. Batches of several processes lock in the same order, so they cannot stand in each other's way.
    pub(super) async fn lock(tx: &DatabaseTransaction, ids: BTreeSet<Uuid>, now: DateTime<Utc>) -> Result<Self, DbErr> {
        let ids: Vec<_> = ids.into_iter().collect();
        let mut by_id = BTreeMap::new();
        for list in lists(&ids) {
            let rows = slot::Entity::find()
                .filter(slot::COLUMN.id.is_in(list))
                .order_by_asc(slot::COLUMN.id)
                .lock_exclusive()
                .all(tx)
                .await?;
            by_id.extend(rows.into_iter().map(|row| (row.id, Place { taken: row.taken, row, turned: false })));
        }
        Ok(Self { by_id, now })
    }

    /// Why no place of a slot can be had now, or nothing.
    pub(super) fn objection(&self, id: Uuid) -> Option<Reason> {
        self.by_id.get(&id).map_or(Some(Reason::NotFound), |place| place.row.terms().objection(self.now))
    }

    /// The same for a new booking: of somebody who stands at the site, the window may have begun.
    pub(super) fn objection_to(&self, take: &Take) -> Option<Reason> {
        let id = take.slot.id;
        if !take.walk_in {
            return self.objection(id);
        }
        self.by_id.get(&id).map_or(Some(Reason::NotFound), |place| place.row.terms().objection_to_walk_in(self.now))
    }

    /// Whether a slot is still what a request was judged by.
    pub(super) fn is_still(&self, facts: &SlotFacts) -> bool {
        self.by_id.get(&facts.id).is_some_and(|place| SlotFacts::of(&place.row) == *facts)
    }

    /// Takes a place, or tells why there is none.
    pub(super) fn take(&mut self, id: Uuid) -> Result<(), Reason> {
        self.objection(id).map_or(Ok(()), Err)?;
        self.count_in(id);
        Ok(())
    }

    /// The same for a new booking.
    pub(super) fn take_for(&mut self, take: &Take) -> Result<(), Reason> {
        self.objection_to(take).map_or(Ok(()), Err)?;
        self.count_in(take.slot.id);
        Ok(())
    }

    fn count_in(&mut self, id: Uuid) {
        if let Some(place) = self.by_id.get_mut(&id) {
            place.row.taken += 1;
        }
    }

    /// Gives a place back: it can be taken by the next in the batch.
    pub(super) fn give_back(&mut self, id: Uuid) {
        if let Some(place) = self.by_id.get_mut(&id) {
            place.row.taken -= 1;
        }
    }

    /// Whether a slot is closed; nothing: there is none.
    pub(super) fn is_closed(&self, id: Uuid) -> Option<bool> {
        self.by_id.get(&id).map(|place| place.row.closed)
    }

    /// Closes a slot or opens it: who asks for a place of it in this batch is answered by that.
    pub(super) async fn set_closed(&mut self, tx: &DatabaseTransaction, id: Uuid, closed: bool) -> Result<(), DbErr> {
        let Some(place) = self.by_id.get_mut(&id) else { return Ok(()) };
        slot::Entity::update_many()
            .col_expr(slot::Column::Closed, Expr::value(closed))
            .col_expr(slot::Column::Version, Expr::col(slot::Column::Version).add(1))
            .col_expr(slot::Column::ChangedAt, Expr::value(self.now))
            .filter(slot::COLUMN.id.eq(id))
            .exec(tx)
            .await?;
        (place.row.closed, place.turned) = (closed, true);
        place.row.version += 1;
        place.row.changed_at = self.now;
        Ok(())
    }

    /// Writes what has changed, and gives the rows as they are now. The conditions and the table's CHECK repeat what was decided here.
    pub(super) async fn write(self, tx: &DatabaseTransaction) -> Result<Vec<slot::Model>, Trouble> {
        let mut by_change: BTreeMap<i32, Vec<Uuid>> = BTreeMap::new();
        let mut changed = Vec::new();
        for (id, mut place) in self.by_id {
            let change = place.row.taken - place.taken;
            if change != 0 {
                by_change.entry(change).or_default().push(id);
                place.row.version += 1;
                place.row.changed_at = self.now;
            }
            if change != 0 || place.turned {
                changed.push(place.row);
            }
        }
        for (change, ids) in by_change {
            let mut written = 0;
            for list in lists(&ids) {
                let update = slot::Entity::update_many()
                    .col_expr(slot::Column::Taken, Expr::col(slot::Column::Taken).add(change))
                    .col_expr(slot::Column::Version, Expr::col(slot::Column::Version).add(1))
                    .col_expr(slot::Column::ChangedAt, Expr::value(self.now))
                    .filter(slot::COLUMN.id.is_in(list))
                    .filter(Expr::col(slot::Column::Taken).add(change).lte(Expr::col(slot::Column::Capacity)).or(change < 0));
                written += update.exec(tx).await?.rows_affected;
            }
            if written != ids.len() as u64 {
                return Err(Trouble::Overtaken);
            }
        }
        Ok(changed)
    }
}
