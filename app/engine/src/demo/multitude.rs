//! The multitude: invented people by the million and what they booked over the past months, added to the demo, so that what
//! the service does can be measured beside a full database.
//!
//! They are written in the order in which it would have happened, by rows that the engine would have written. Their accounts
//! look like real ones: the demo leaves them alone.

mod bulk;
mod calendar;
mod codes;
mod course;
mod life;
mod rows;
mod season;
mod size;

use std::sync::Arc;

use domain::code::Code;
use domain::error::{Error, Result};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect, Statement,
    TryInsertResult,
};
use tokio::sync::mpsc;

use self::bulk::{Bulk, Index, Inserts};
use self::calendar::Calendar;
use self::codes::Codes;
use self::rows::{Rows, Scribe};
use self::season::Season;
pub use self::size::MultitudeSize;
use super::{DEMO, staff};
use crate::Engine;
use crate::config::OpenError;
use crate::error::internal;
use crate::store::Store;
use crate::store::entities::{booking, fact, request};

/// The fact that tells of the multitude: that it is being written, or how large it is.
const MULTITUDE: &str = "multitude";
/// The fact's value until all is there.
const UNFINISHED: &[u8] = b"unfinished";
/// Rows that are handed over at a time.
const BATCH: usize = 4_000;
/// Batches that wait for the writer.
const WAITING: usize = 8;
/// Rows of one transaction, about: a gigabyte of the write-ahead log.
const COMMIT: usize = 2_000_000;

/// How far the writing has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MultitudeProgress {
    /// What everybody did is being worked out.
    Planned {
        /// Windows of the past months that are new.
        windows: usize,
    },
    /// Rows are being written.
    Written {
        /// Bookings so far.
        bookings: u64,
        /// Rows so far, of every table.
        rows: u64,
    },
    /// An index is being built again.
    Index {
        /// Which, from 1.
        number: usize,
        /// Of how many.
        of: usize,
    },
}

/// Rows as statements, and what they are.
struct Batch {
    statements: Vec<Statement>,
    bookings: u64,
    people: u64,
    rows: usize,
}

impl Engine {
    /// Adds invented people and their bookings of the past months to the demo. Nobody else may use the database meanwhile: its
    /// guards are away until the end. One that was not finished does not open again.
    ///
    /// # Errors
    /// [`OpenError::NotDemo`] when the database does not hold the demo; [`OpenError::Demo`] when it has its multitude or real
    /// bookings already, the numbers cannot be, or writing fails.
    pub async fn seed_multitude(
        &self,
        size: MultitudeSize,
        mut tell: impl FnMut(MultitudeProgress) + Send,
    ) -> core::result::Result<(), OpenError> {
        size.check()?;
        self.refuse_multitude().await?;
        let failed = |error: Error| OpenError::Demo(format!("{error}; the log has more"));
        let season = Season::plan(&self.store().read, &self.config().city, size, self.now()).await.map_err(failed)?;
        if season.courses.is_empty() {
            return Err(OpenError::Demo("the city file has no vaccine that is given every week".into()));
        }
        tell(MultitudeProgress::Planned { windows: season.past });
        self.write_multitude(season, &mut tell).await.map_err(failed)?;
        self.fill_board().await.map_err(failed)
    }

    async fn refuse_multitude(&self) -> core::result::Result<(), OpenError> {
        let failed = |error: DbErr| OpenError::Demo(format!("{}; the log has more", internal(error)));
        let db = &self.store().read;
        let demo = fact::Entity::find_by_id(DEMO).one(db).await.map_err(failed)?;
        if demo.is_none_or(|demo| demo.value == b"0") {
            return Err(OpenError::NotDemo);
        }
        if let Some(present) = fact::Entity::find_by_id(MULTITUDE).one(db).await.map_err(failed)? {
            let present = String::from_utf8_lossy(&present.value).into_owned();
            return Err(OpenError::Demo(format!("the database has its multitude already ({present}); begin with an empty one")));
        }
        if request::Entity::find().count(db).await.map_err(failed)? > 0 {
            return Err(OpenError::Demo("somebody has booked in this demo; begin with an empty database".into()));
        }
        Ok(())
    }

    async fn write_multitude(&self, mut season: Season, tell: &mut impl FnMut(MultitudeProgress)) -> Result<()> {
        let size = season.size;
        let (season, calendar, taken) = blocking(move || {
            let calendar = Calendar::of(&season);
            let taken = season.take(&calendar.taken);
            (Arc::new(season), Arc::new(calendar), taken)
        })
        .await?;
        let bulk = Bulk::connect(&self.config().database_url).await.map_err(internal)?;
        let tx = bulk.begin().await.map_err(internal)?;
        let indexes = self.prepare(&tx, &season, &taken).await?;
        tx.commit().await.map_err(internal)?;
        let scribe = self.scribe(season, calendar).await?;
        let (batches, received) = mpsc::channel(WAITING);
        let backend = bulk.backend();
        let writing = tokio::task::spawn_blocking(move || write_down(&scribe, backend, &batches));
        let done = store(&bulk, received, size, tell).await;
        writing.await.map_err(|_| Error::internal())??;
        let (people, bookings) = done.map_err(internal)?;
        if (people, bookings) != (size.people, size.bookings) {
            tracing::error!(people, bookings, ?size, "not everybody was written");
            return Err(Error::internal());
        }
        let of = indexes.len();
        let restored = bulk.restore(&indexes, |at| tell(MultitudeProgress::Index { number: at + 1, of })).await;
        restored.map_err(internal)?;
        crate::audit::recount_before(self.store(), self.vault()).await.map_err(internal)?;
        self.finished(size).await.map_err(internal)?;
        bulk.finish().await.map_err(internal)
    }

    /// What must be there first, in one transaction: the mark, the slots of the past, the places of the days to come.
    async fn prepare(&self, tx: &DatabaseTransaction, season: &Season, taken: &[i32]) -> Result<Vec<Index>> {
        let mark = fact::ActiveModel { name: Set(MULTITUDE.to_owned()), value: Set(UNFINISHED.to_vec()) };
        let nothing = OnConflict::column(fact::Column::Name).do_nothing().to_owned();
        let marked = fact::Entity::insert(mark).on_conflict(nothing).try_insert().exec_without_returning(tx).await;
        if !matches!(marked.map_err(internal)?, TryInsertResult::Inserted(1..)) {
            tracing::error!("another process is writing a multitude into this database");
            return Err(Error::internal());
        }
        let indexes = bulk::take_indexes(tx).await.map_err(internal)?;
        crate::schedule::write_slots(tx, &season.slots[..season.past]).await.map_err(internal)?;
        for (row, count) in season.slots.iter().zip(taken).skip(season.past).filter(|(_, count)| **count > 0) {
            if !bulk::take_places(tx, row, *count, season.now).await.map_err(internal)? {
                tracing::error!(slot = %row.id, "somebody else took places while the multitude was planned");
                return Err(Error::internal());
            }
        }
        Ok(indexes)
    }

    async fn scribe(&self, season: Arc<Season>, calendar: Arc<Calendar>) -> Result<Scribe> {
        let codes = booking::Entity::find().select_only().column(booking::Column::Code).into_tuple::<String>();
        let present = codes.all(&self.store().read).await.map_err(internal)?;
        let present = present.iter().filter_map(|code| Code::parse(code).ok()).collect();
        let vaccines = &self.config().city.vaccines;
        Ok(Scribe {
            engine: self.clone(),
            season,
            calendar,
            codes: Codes::new(u64::from_be_bytes(self.vault().entropy().bytes()), present),
            nurse: staff::id(staff::usernames()[0]),
            vaccines: vaccines.iter().map(|vaccine| (vaccine.id.clone(), vaccine.name.clone())).collect(),
        })
    }

    async fn finished(&self, size: MultitudeSize) -> core::result::Result<(), DbErr> {
        let value = format!("{} people, {} bookings", size.people, size.bookings).into_bytes();
        let fact = fact::Entity::update_many().col_expr(fact::Column::Value, Expr::value(value));
        fact.filter(fact::COLUMN.name.eq(MULTITUDE)).exec(&self.store().write).await?;
        Ok(())
    }
}

/// Refuses a database whose multitude was not finished: its guards may be missing.
pub(crate) async fn refuse_unfinished(store: &Store) -> core::result::Result<(), OpenError> {
    let found = fact::Entity::find_by_id(MULTITUDE).one(&store.read).await;
    match found.map_err(|error| OpenError::Connect(error.to_string()))? {
        Some(fact) if fact.value == UNFINISHED => Err(OpenError::Demo(
            "`seed --demo --people` was not finished in this database; remove it and begin with an empty one".into(),
        )),
        _ => Ok(()),
    }
}

/// Turns deeds into statements, until all are done or nobody takes them any more.
fn write_down(scribe: &Scribe, backend: DbBackend, batches: &mpsc::Sender<Batch>) -> Result<()> {
    let (mut rows, mut inserts) = (Rows::default(), Inserts::new(backend));
    for (number, deed) in scribe.calendar.deeds() {
        scribe.write(number, deed, &mut rows)?;
        if rows.len() >= BATCH && batches.blocking_send(batch(std::mem::take(&mut rows), &mut inserts)).is_err() {
            return Ok(());
        }
    }
    let _ = batches.blocking_send(batch(rows, &mut inserts));
    Ok(())
}

fn batch(rows: Rows, inserts: &mut Inserts) -> Batch {
    let (bookings, people, count) = (rows.bookings.len() as u64, rows.people.len() as u64, rows.len());
    Batch { statements: inserts.of(rows), bookings, people, rows: count }
}

/// Writes what arrives, some million rows a transaction. Gives how many people and bookings there were.
async fn store(
    bulk: &Bulk,
    mut batches: mpsc::Receiver<Batch>,
    size: MultitudeSize,
    tell: &mut impl FnMut(MultitudeProgress),
) -> core::result::Result<(u64, u64), DbErr> {
    let (mut people, mut bookings, mut rows) = (0, 0, 0);
    let mut open: Option<(DatabaseTransaction, usize)> = None;
    while let Some(batch) = batches.recv().await {
        let (tx, written) = match open.take() {
            Some(open) => open,
            None => (bulk.begin().await?, 0),
        };
        for statement in batch.statements {
            tx.execute_raw(statement).await?;
        }
        (people, bookings, rows) = (people + batch.people, bookings + batch.bookings, rows + batch.rows as u64);
        if written + batch.rows >= COMMIT {
            tx.commit().await?;
        } else {
            open = Some((tx, written + batch.rows));
        }
        tell(MultitudeProgress::Written { bookings, rows });
    }
    debug_assert!(bookings <= size.bookings);
    if let Some((tx, _)) = open {
        tx.commit().await?;
    }
    Ok((people, bookings))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Error::internal())
}
