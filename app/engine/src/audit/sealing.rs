//! Links for the rows that were written without one, within a second; and the task that sees to it, and to the checkpoints.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use domain::Uuid;
use domain::error::{Error, Result};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, LockBehavior, LockType};
use sea_orm::{ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::WAITING;
use super::bounds::Bounds;
use super::chain::Strand;
use super::checkpoint::{Occasion, Written};
use crate::Engine;
use crate::desk::insert;
use crate::error::internal;
use crate::store::entities::audit;
use crate::store::lists::lists;

/// Rows of one link.
const ROWS: u64 = 256;
/// Rows that are kept in memory until the next sealing, at most.
const KEPT: usize = 8192;
/// How long a row waits for its link, about.
const EVERY: Duration = Duration::from_secs(1);

/// What the audit keeps in memory.
#[derive(Default)]
pub(crate) struct Audit {
    bounds: Mutex<Bounds>,
    kept: Mutex<Vec<audit::ActiveModel>>,
    left_out: AtomicU64,
    /// The strand of the rows that are sealed here; held while a link is written.
    strand: tokio::sync::Mutex<Option<Strand>>,
    /// What was last written to the file of checkpoints.
    pub(super) written: tokio::sync::Mutex<Written>,
}

impl Audit {
    /// Keeps a row to be written soon, where the bounds allow it and there is room; beyond, it is counted only.
    pub(super) fn note(&self, allows: impl FnOnce(&mut Bounds) -> bool, row: impl FnOnce() -> audit::ActiveModel) {
        if !allows(&mut lock(&self.bounds)) {
            self.left_out.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let row = row();
        let mut kept = lock(&self.kept);
        if kept.len() < KEPT {
            kept.push(row);
        } else {
            self.left_out.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn left_out(&self) -> u64 {
        self.left_out.load(Ordering::Relaxed)
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Engine {
    /// Writes what was kept, and gives each row that has none its link. Safe at any time, from any process: of several that do it at once
    /// each takes rows of its own.
    ///
    /// # Errors
    /// `internal`, `busy`. What was not done is done the next time.
    pub async fn seal_audit(&self) -> Result<u64> {
        let mut strand = self.audit().strand.lock().await;
        self.write_kept(&mut strand).await?;
        let mut sealed = 0;
        while let some @ 1.. = self.seal_some(&mut strand).await? {
            sealed += some;
        }
        Ok(sealed)
    }

    /// Writes what was kept, with its links in the same transactions.
    async fn write_kept(&self, strand: &mut Option<Strand>) -> Result<()> {
        loop {
            let mut some = {
                let mut kept = lock(&self.audit().kept);
                let most = kept.len().min(usize::try_from(ROWS).unwrap_or(usize::MAX));
                kept.drain(..most).collect::<Vec<_>>()
            };
            if some.is_empty() {
                return Ok(());
            }
            let (keys, now) = (self.vault().keys(), self.now());
            let written = async {
                let head = self.head(strand.take()).await?;
                let tx = self.store().begin().await?;
                some.iter_mut().for_each(|row| row.link = Set(Some(head.next())));
                insert(&tx, &mut some.clone()).await?;
                let ids: Vec<Uuid> = some.iter().map(|row| *row.id.as_ref()).collect();
                Ok((head.extend(&tx, keys.chain(), now, &ids).await?, tx))
            };
            let (next, tx) = match written.await {
                Ok((Some(next), tx)) => (next, tx),
                refused => {
                    // nothing is written: the next sealing tries again
                    let mut kept = lock(&self.audit().kept);
                    kept.splice(0..0, some);
                    let over = kept.len().saturating_sub(KEPT);
                    kept.truncate(KEPT);
                    self.audit().left_out.fetch_add(over as u64, Ordering::Relaxed);
                    return Err(refused.map_or_else(internal, |_| Error::internal()));
                }
            };
            if let Err(error) = tx.commit().await {
                // whether they are written nobody knows; written twice, a row would be of two links
                self.audit().left_out.fetch_add(some.len() as u64, Ordering::Relaxed);
                return Err(internal(error));
            }
            *strand = Some(next);
        }
    }

    /// The head of the strand of what is sealed here; of another one where that was given up.
    async fn head(&self, known: Option<Strand>) -> core::result::Result<Strand, DbErr> {
        match known {
            Some(head) => Ok(head),
            None => Strand::begin(&self.store().write, self.vault().keys().chain(), self.now()).await,
        }
    }

    /// One link.
    async fn seal_some(&self, strand: &mut Option<Strand>) -> Result<u64> {
        if self.waiting(None).await?.is_empty() {
            return Ok(0);
        }
        let (keys, now) = (self.vault().keys(), self.now());
        // taken out: where anything fails from here on, nobody knows how far it came, and the next one begins anew
        let head = self.head(strand.take()).await.map_err(internal)?;
        let tx = self.store().begin().await.map_err(internal)?;
        let ids = self.waiting(Some(&tx)).await?;
        if ids.is_empty() {
            *strand = Some(head);
            return Ok(0);
        }
        let mut marked = 0;
        for list in lists(&ids) {
            let update = audit::Entity::update_many().col_expr(audit::Column::Link, Expr::value(head.next()));
            let theirs = update.filter(audit::Column::Id.is_in(list)).filter(audit::COLUMN.link.eq(WAITING));
            marked += theirs.exec(&tx).await.map_err(internal)?.rows_affected;
        }
        let next = head.extend(&tx, keys.chain(), now, &ids).await.map_err(internal)?;
        match next.filter(|_| marked == ids.len() as u64) {
            Some(next) => {
                tx.commit().await.map_err(internal)?;
                *strand = Some(next);
                Ok(marked)
            }
            None => Err(Error::internal()),
        }
    }

    /// Rows without a link; in a transaction those that no other process is at.
    async fn waiting(&self, tx: Option<&DatabaseTransaction>) -> Result<Vec<Uuid>> {
        let some = audit::Entity::find()
            .select_only()
            .column(audit::Column::Id)
            // in its own words, or no engine would know that the index fits
            .filter(Expr::cust("link = 0"))
            .order_by_asc(audit::COLUMN.id);
        let found = match tx {
            Some(tx) => {
                let some = some.limit(ROWS).lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
                some.into_tuple().all(tx).await
            }
            None => some.limit(1).into_tuple().all(&self.store().read).await,
        };
        found.map_err(internal)
    }

    /// Seals, and signs a checkpoint where something is new.
    ///
    /// # Errors
    /// As [`Engine::seal_audit`]; `internal` when the checkpoint cannot be written.
    pub async fn sign_audit(&self) -> Result<()> {
        self.seal_audit().await?;
        self.checkpoint(Occasion::Timer).await
    }

    /// Keeps the audit sealed and signs a checkpoint every so often, for as long as it is polled.
    pub async fn keep_audit(&self, checkpoint_every: Duration) {
        let mut signed = None;
        loop {
            let occasion = match signed {
                None => Some(Occasion::Start),
                Some(at) if Instant::elapsed(&at) >= checkpoint_every => Some(Occasion::Timer),
                Some(_) => None,
            };
            // what was not done is done the next time; the log has why
            let _ = self.seal_audit().await;
            if let Some(occasion) = occasion
                && self.checkpoint(occasion).await.is_ok()
            {
                signed = Some(Instant::now());
            }
            tokio::time::sleep(EVERY).await;
        }
    }
}
