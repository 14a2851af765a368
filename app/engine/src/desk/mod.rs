//! The desk: where places are given out. One bounded queue, one writer, natural batching, one transaction a batch.
//!
//! While one batch commits the next one gathers; nobody waits for a batch to fill. Each request gets its own answer, after
//! the commit; a refused one leaves nothing behind in the transaction and never fails its neighbours. A batch that fails
//! as a whole for a passing reason is tried again a bounded number of times; one that fails for another reason is cut in two, and
//! again, until only the bad request fails. Several processes on one database work together: a batch locks its slots in the order of
//! their ids, and the database's guards decide.

mod batch;
mod changes;
mod checkin;
mod closing;
mod counts;
mod doses;
mod late;
mod places;
mod requests;
mod rows;
mod steps;
mod takes;

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::checkin::CheckedIn;
use domain::code::Code;
use domain::error::{Error, Result};
use domain::offline::late::LateAnswer;
use domain::reason::Reason;
use domain::time::Clock;
use domain::{DateTime, Utc};
use sea_orm::DbErr;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::audit::chain::Strand;
use crate::board::Board;
use crate::config::Limits;
use crate::error::{internal, is_transient};
use crate::store::Store;
use crate::vault::Vault;

use batch::Batch;
pub(crate) use changes::{CallOff, MoveTo};
pub(crate) use checkin::{Accepted, Redemption, UndoRedemption};
pub(crate) use closing::{CalledOff, SetClosed};
use counts::Counters;
pub use counts::DeskCounts;
pub(crate) use doses::Judged;
pub(crate) use late::{LateJab, LateJabs};
pub(crate) use rows::insert;
pub(crate) use steps::{Step, Stride};
pub(crate) use takes::Take;

/// Tries of a batch that fails for a passing reason.
const TRIES: u32 = 6;
/// Seconds that a caller is asked to wait when the queue is full.
const RETRY_AFTER_S: u32 = 2;

/// What the desk is asked to do. Boxed, for they wait in a queue.
pub(crate) enum Job {
    /// A new booking.
    Take(Box<Take>),
    /// Another slot for a booking.
    Move(Box<MoveTo>),
    /// A booking called off.
    CallOff(Box<CallOff>),
    /// A jab recorded.
    Redeem(Box<Redemption>),
    /// A recorded jab taken back.
    Undo(Box<UndoRedemption>),
    /// Jabs that were recorded without a network.
    Late(Box<LateJabs>),
    /// Somebody has come, or is let go.
    Step(Box<Step>),
    /// A window closed or opened.
    SetClosed(Box<SetClosed>),
}

/// What a request that was not refused did.
#[derive(Clone, Debug, Default)]
pub(crate) struct Done {
    /// The booking, of what is about one.
    pub code: Option<Code>,
    /// What became of a check-in.
    pub checked_in: Option<CheckedIn>,
    /// How many bookings of a window were called off.
    pub called_off: u32,
    /// What became of jabs that were sent afterwards.
    pub late: Vec<LateAnswer>,
}

impl Done {
    fn booking(code: Code) -> Self {
        Self { code: Some(code), ..Self::default() }
    }

    fn checked_in(code: Code, checked_in: CheckedIn) -> Self {
        Self { checked_in: Some(checked_in), ..Self::booking(code) }
    }

    fn called_off(bookings: usize) -> Self {
        Self { called_off: u32::try_from(bookings).unwrap_or(u32::MAX), ..Self::default() }
    }

    fn late(late: Vec<LateAnswer>) -> Self {
        Self { late, ..Self::default() }
    }
}

/// Why a batch's transaction came to nothing.
#[derive(Debug)]
enum Trouble {
    /// The database failed.
    Database(DbErr),
    /// Another process wrote the same meanwhile, or a code that was drawn is in use: what was read no longer holds.
    Overtaken,
}

impl From<DbErr> for Trouble {
    fn from(error: DbErr) -> Self {
        Self::Database(error)
    }
}

impl Trouble {
    fn passes(&self) -> bool {
        match self {
            Self::Database(error) => is_transient(error),
            Self::Overtaken => true,
        }
    }

    /// Whether a part of the batch may succeed where the whole does not.
    fn may_be_one_request(&self) -> bool {
        matches!(self, Self::Overtaken) || !self.passes()
    }

    /// What everybody in the batch hears.
    fn refusal(self) -> Error {
        match self {
            Self::Database(error) if !is_transient(&error) => internal(error),
            passing => {
                tracing::warn!(?passing, "a batch was given up after several tries");
                Error::later(Reason::Busy, RETRY_AFTER_S)
            }
        }
    }
}

struct Waiting {
    job: Job,
    answer: oneshot::Sender<Result<Done>>,
}

/// The desk's counter: requests go in here.
pub(crate) struct Desk {
    queue: mpsc::Sender<Waiting>,
    closing: CancellationToken,
    counters: Arc<Counters>,
    /// Told, or dropped, when the writer has ended.
    ended: Mutex<Option<oneshot::Receiver<()>>>,
}

impl Desk {
    /// Opens the desk. The writer has a thread of its own: among the tasks of a thousand calls it would wait for its turn at each of
    /// its statements, and everybody with it.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(crate) fn start(
        store: Store,
        board: Arc<Board>,
        vault: Arc<Vault>,
        clock: Arc<dyn Clock>,
        limits: &Limits,
        told: Arc<Notify>,
    ) -> std::io::Result<Self> {
        let (queue, waiting) = mpsc::channel(limits.queue.max(1) as usize);
        let closing = CancellationToken::new();
        let counters = Arc::new(Counters::default());
        let (strand, batch) = (Mutex::default(), limits.batch.max(1) as usize);
        let writer = Writer { store, board, vault, clock, strand, told, counters: counters.clone(), batch };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (end, ended) = oneshot::channel();
        let work = writer.run(waiting, closing.clone());
        std::thread::Builder::new().name("desk".into()).spawn(move || {
            runtime.block_on(work);
            // whoever stops the desk may have given up waiting
            let _ = end.send(());
        })?;
        Ok(Self { queue, closing, counters, ended: Mutex::new(Some(ended)) })
    }

    /// Asks for a booking to be made or changed, and waits for the commit.
    ///
    /// # Errors
    /// `busy` at once when the queue is full or the desk is closing; otherwise what the job is refused with.
    pub(crate) async fn ask(&self, job: Job) -> Result<Code> {
        self.enqueue(job).await?.code.ok_or_else(Error::internal)
    }

    /// Asks for a jab to be recorded or taken back, and waits for the commit.
    ///
    /// # Errors
    /// As [`Desk::ask`].
    pub(crate) async fn check_in(&self, job: Job) -> Result<CheckedIn> {
        self.enqueue(job).await?.checked_in.ok_or_else(Error::internal)
    }

    /// Asks for a window to be closed or opened, and waits for the commit; gives how many bookings were called off.
    ///
    /// # Errors
    /// As [`Desk::ask`].
    pub(crate) async fn set_closed(&self, job: Job) -> Result<u32> {
        self.enqueue(job).await.map(|done| done.called_off)
    }

    /// Hands in jabs that were recorded without a network, and waits for the commit; gives what became of each.
    ///
    /// # Errors
    /// As [`Desk::ask`].
    pub(crate) async fn take_late(&self, job: Job) -> Result<Vec<LateAnswer>> {
        self.enqueue(job).await.map(|done| done.late)
    }

    async fn enqueue(&self, job: Job) -> Result<Done> {
        let busy = || Error::later(Reason::Busy, RETRY_AFTER_S);
        let (answer, answered) = oneshot::channel();
        self.queue.try_send(Waiting { job, answer }).map_err(|_| {
            self.counters.turned_away();
            busy()
        })?;
        answered.await.map_err(|_| busy())?
    }

    /// Whether requests are taken.
    pub(crate) fn is_open(&self) -> bool {
        !self.closing.is_cancelled() && !self.queue.is_closed()
    }

    /// How much it has done, and how many wait.
    pub(crate) fn counts(&self) -> DeskCounts {
        self.counters.read(self.queue.max_capacity() - self.queue.capacity())
    }

    /// Takes no more requests and answers those that wait.
    pub(crate) async fn stop(&self) {
        self.closing.cancel();
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(ended) = ended {
            // the writer closes the queue, empties it and ends; a panic of its was logged where it happened
            let _ = ended.await;
        }
    }
}

struct Writer {
    store: Store,
    board: Arc<Board>,
    vault: Arc<Vault>,
    clock: Arc<dyn Clock>,
    /// The audit's strand that is the desk's alone, as far as it is known to be committed.
    strand: Mutex<Option<Strand>>,
    counters: Arc<Counters>,
    /// Whoever sends messages: some may have been written.
    told: Arc<Notify>,
    /// Requests that one transaction takes at most.
    batch: usize,
}

impl Writer {
    async fn run(self, mut queue: mpsc::Receiver<Waiting>, closing: CancellationToken) {
        let mut batch = Vec::with_capacity(self.batch);
        loop {
            tokio::select! {
                biased;
                () = closing.cancelled(), if !queue.is_closed() => queue.close(),
                received = queue.recv_many(&mut batch, self.batch) => if received == 0 { break },
            }
            // a request whose client has gone is dropped before it costs
            let received = batch.len();
            batch.retain(|waiting| !waiting.answer.is_closed());
            self.counters.dropped(received - batch.len());
            let batch = std::mem::replace(&mut batch, Vec::with_capacity(self.batch));
            if !batch.is_empty() {
                self.serve(batch).await;
            }
        }
    }

    /// Answers everybody in a batch.
    async fn serve(&self, batch: Vec<Waiting>) {
        let (jobs, mut answers): (Vec<_>, Vec<_>) = batch.into_iter().map(|waiting| (waiting.job, Some(waiting.answer))).unzip();
        let mut answer = |range: Range<usize>, results: Vec<Result<Done>>| {
            for (answer, result) in answers[range].iter_mut().filter_map(Option::take).zip(results) {
                // whoever has gone meanwhile will ask again with the same request id
                let _ = answer.send(result);
            }
        };
        let whole = 0..jobs.len();
        let mut parts = vec![whole];
        while let Some(part) = parts.pop() {
            match self.try_often(&jobs[part.clone()]).await {
                Ok(results) => answer(part, results),
                Err(trouble) if part.len() > 1 && trouble.may_be_one_request() => {
                    tracing::warn!(?trouble, requests = part.len(), "a batch failed as a whole; it is cut in two");
                    self.counters.cut();
                    let middle = part.start + part.len() / 2;
                    parts.extend([middle..part.end, part.start..middle]);
                }
                Err(trouble) => {
                    let refusal = trouble.refusal();
                    answer(part.clone(), vec![Err(refusal); part.len()]);
                }
            }
        }
    }

    /// One transaction for all jobs, again while it fails for a passing reason.
    async fn try_often(&self, jobs: &[Job]) -> core::result::Result<Vec<Result<Done>>, Trouble> {
        let mut tried = 0;
        loop {
            tried += 1;
            match self.transact(jobs, self.clock.now()).await {
                Err(trouble) if tried < TRIES && trouble.passes() => {
                    tracing::debug!(?trouble, tried, "a batch is tried again");
                    self.counters.again();
                    tokio::time::sleep(Duration::from_millis(5 << tried)).await;
                }
                done => return done,
            }
        }
    }

    async fn transact(&self, jobs: &[Job], now: DateTime<Utc>) -> core::result::Result<Vec<Result<Done>>, Trouble> {
        let keys = self.vault.keys();
        // taken out: of a transaction that fails nobody knows whether it was committed, and the next one begins another strand
        let head = self.strand().take();
        let head = match head {
            Some(head) => head,
            None => {
                let tx = self.store.begin_at_the_desk().await?;
                let head = Strand::begin(&tx, keys.chain(), now).await?;
                tx.commit().await?;
                head
            }
        };
        let tx = self.store.begin_at_the_desk().await?;
        let (results, changed, rows) = match Batch::run(&tx, jobs, now, head.next()).await {
            Ok(done) => done,
            Err(trouble) => {
                // nothing of it is committed
                *self.strand() = Some(head);
                return Err(trouble);
            }
        };
        let head = match rows.as_slice() {
            [] => Some(head),
            rows => Some(head.extend(&tx, keys.chain(), now, rows).await?.ok_or(Trouble::Overtaken)?),
        };
        tx.commit().await?;
        *self.strand() = head;
        self.counters.committed(jobs.len());
        self.board.apply(changed, now);
        self.told.notify_one();
        Ok(results)
    }

    fn strand(&self) -> MutexGuard<'_, Option<Strand>> {
        self.strand.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
