//! Sealing again: what an old key has sealed is opened and sealed with the newest, a little at a time, while the service serves.
//!
//! It is a task of the service and no command: on SQLite another process would compete with the desk for the file, while here it waits
//! its turn for the one connection that writes; it goes on by itself after a restart; and it cannot be forgotten. A walk goes through
//! each table by its primary key, and its place is written down in the transaction of what it did. Several processes share a walk: who
//! finds its place changed has been overtaken, and does nothing. Walks are repeated until one finds nothing old.

mod count;
mod place;
mod table;

use std::time::{Duration, Instant};

use domain::Uuid;
use domain::error::{Error, Result};
use sea_orm::{ConnectionTrait, EntityTrait};

use crate::Engine;
use crate::error::internal;
use crate::key_check;
use crate::keys::Keys;
use crate::store::entities::fact;
use crate::store::facts::set_fact;
use crate::vault::{Label, try_open, version_of};
use place::Place;
use table::{Changed, Found, TABLES, Table};

pub use count::SealedRows;

/// Rows that one look reads, and so the most that one transaction writes.
const ROWS: u32 = 256;
/// Looks without anything old until the place is written down.
const LOOKS: u32 = 32;
/// Between two transactions the writer is left alone for so many times as long as the last one took.
const REST: u32 = 4;
/// And for so long at least.
const LEAST_REST: Duration = Duration::from_millis(20);
/// How often it is asked whether there is something to do.
const ASK: Duration = Duration::from_secs(5);
/// When it is tried again after a failure.
const AGAIN: Duration = Duration::from_secs(60);

/// What a step of sealing again has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resealed {
    /// So many values are sealed with the newest version now; there may be more.
    Some(u64),
    /// Nothing is sealed with an older version, or the newest has not been in use for long enough to say.
    Nothing,
}

/// What is to be written at once.
struct Step {
    table: Option<&'static Table>,
    changed: Vec<Changed>,
    to: Place,
}

impl Engine {
    /// Seals what is old again, for as long as it is polled.
    pub async fn keep_sealed_anew(&self) {
        loop {
            let began = Instant::now();
            let rest = match self.reseal_some(ROWS).await {
                Ok(Resealed::Some(_)) => (began.elapsed() * REST).max(LEAST_REST),
                Ok(Resealed::Nothing) => ASK,
                Err(_) => AGAIN,
            };
            tokio::time::sleep(rest).await;
        }
    }

    /// One step: looks for old values, and seals at most `rows` of them again in one transaction.
    ///
    /// # Errors
    /// `internal` or `busy`; what was not done then is done by the next step.
    pub async fn reseal_some(&self, rows: u32) -> Result<Resealed> {
        let keys = self.vault().keys();
        let Some(target) = keys.settled(self.now()) else { return Ok(Resealed::Nothing) };
        let before = Place::read(&self.store().read).await.map_err(internal)?;
        let place = match before.as_ref().and_then(|(place, _)| place.clone()) {
            Some(place) if place.target > target || (place.target == target && place.done) => return Ok(Resealed::Nothing),
            Some(place) if place.target == target => place,
            _ => Place::beginning(target),
        };
        let step = self.look(&keys, place, rows).await?;
        self.write(&keys, step, before.as_ref().map(|(_, bytes)| bytes.as_slice())).await
    }

    /// Walks on from `place` until something old is found.
    async fn look(&self, keys: &Keys, mut place: Place, rows: u32) -> Result<Step> {
        for _ in 0..LOOKS {
            let Some(table) = TABLES.get(place.table) else { break };
            let found = table.read(&self.store().read, place.after, rows).await.map_err(internal)?;
            let full = found.len() == usize::try_from(rows).unwrap_or(usize::MAX);
            place.after = found.last().map(|row| row.id).filter(|_| full);
            let changed = self.seal_again(keys, table, place.target, found)?;
            place.found += changed.len() as u64;
            if place.after.is_none() {
                place.table += 1;
            }
            if !changed.is_empty() {
                return Ok(Step { table: Some(table), changed, to: place });
            }
        }
        Ok(Step { table: None, changed: Vec::new(), to: place })
    }

    /// What of the rows found is old, sealed with the newest version. What does not open is named in the log and left as it is.
    fn seal_again(&self, keys: &Keys, table: &Table, target: u8, found: Vec<Found>) -> Result<Vec<Changed>> {
        // what is empty was forgotten
        let found = found.into_iter().filter(|row| !row.sealed.is_empty());
        let old = found.filter(|row| version_of(&row.sealed).is_none_or(|version| version < target));
        let again = old.filter_map(|row| match try_open(keys, table.label, row.id, &row.sealed) {
            Some(plain) => {
                let fresh = self.vault().seal(table.label, row.id, &plain);
                Some(fresh.map(|fresh| Changed { id: row.id, old: row.sealed, fresh }))
            }
            None => {
                tracing::error!(table = table.name, row = %row.id, "a sealed value does not open: changed, or its key is missing");
                None
            }
        });
        again.collect()
    }

    /// Writes the step and its place, unless another process has done so meanwhile.
    async fn write(&self, keys: &Keys, step: Step, before: Option<&[u8]>) -> Result<Resealed> {
        let Step { table, changed, mut to } = step;
        let over = to.table >= TABLES.len();
        let tx = self.store().begin().await.map_err(internal)?;
        if over {
            self.reseal_check(&tx, keys, to.target).await?;
            to = if to.found == 0 { Place { done: true, ..to } } else { Place::beginning(to.target) };
        }
        if !to.write(&tx, before).await.map_err(internal)? {
            return Ok(Resealed::Some(0));
        }
        let written = match table {
            Some(table) => table.write(&tx, &changed).await.map_err(internal)?,
            None => 0,
        };
        tx.commit().await.map_err(internal)?;
        if to.done {
            tracing::info!(version = to.target, "everything is sealed with this version");
        }
        Ok(Resealed::Some(written))
    }

    /// The text that tells whether the keys belong to the database is sealed, too.
    async fn reseal_check(&self, tx: &impl ConnectionTrait, keys: &Keys, target: u8) -> Result<()> {
        let row = fact::Entity::find_by_id(key_check::SEALED).one(tx).await.map_err(internal)?.ok_or_else(Error::internal)?;
        if version_of(&row.value).is_some_and(|version| version >= target) {
            return Ok(());
        }
        let plain = try_open(keys, Label::KeyCheck, Uuid::nil(), &row.value).ok_or_else(Error::internal)?;
        let fresh = self.vault().seal(Label::KeyCheck, Uuid::nil(), &plain)?;
        set_fact(tx, key_check::SEALED, &row.value, fresh).await.map_err(internal)?;
        Ok(())
    }
}
