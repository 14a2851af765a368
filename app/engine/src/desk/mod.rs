//! The desk: where places are given out. One bounded queue, one writer, natural batching, one transaction a batch.
//!
//! While one batch commits the next one gathers; nobody waits for a batch to fill. Each request gets its own answer, after
//! the commit; a refused one leaves nothing behind in the transaction and never fails its neighbours. A batch that fails
//! as a whole for a passing reason is tried again a bounded number of times; one that fails for another reason is run request by
//! request, so that only the bad one fails. Several processes on one database work together: requests are run in the order of
//! their slots' ids, and the database's guards decide.

mod jobs;

use std::sync::Arc;
use std::time::Duration;

use domain::checkin::CheckedIn;
use domain::code::Code;
use domain::error::{Error, Result};
use domain::reason::Reason;
use domain::time::Clock;
use domain::{DateTime, Utc};
use sea_orm::DbErr;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::board::Board;
use crate::config::Limits;
use crate::error::{internal, is_transient};
use crate::store::Store;
use crate::store::entities::slot;

pub(crate) use jobs::{CallOff, MoveTo, Redemption, Take, UndoRedemption};

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
}

impl Job {
    /// What the jobs of a batch are ordered by: the slot that they lock first, or the booking.
    fn key(&self) -> (u128, Code) {
        match self {
            Self::Take(job) => (job.slot_id.as_u128(), job.code),
            Self::Move(job) => (job.to.min(job.from).as_u128(), job.code),
            Self::CallOff(job) => (job.slot_id.as_u128(), job.code),
            Self::Redeem(job) => (0, job.code),
            Self::Undo(job) => (0, job.code),
        }
    }
}

/// Why a job did not happen.
pub(crate) enum Failure {
    /// A rule or the state of the world; the transaction holds nothing of it.
    Refused(Error),
    /// The database; the transaction is lost.
    Database(DbErr),
}

impl From<DbErr> for Failure {
    fn from(error: DbErr) -> Self {
        Self::Database(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

/// What a job did.
pub(crate) struct Deed {
    /// The booking.
    pub code: Code,
    /// What became of a check-in.
    pub checked_in: Option<CheckedIn>,
    /// The slots that changed.
    pub slots: Vec<slot::Model>,
}

struct Waiting {
    job: Job,
    answer: oneshot::Sender<Result<(Code, Option<CheckedIn>)>>,
}

/// The desk's counter: requests go in here.
pub(crate) struct Desk {
    queue: mpsc::Sender<Waiting>,
    closing: CancellationToken,
    writer: std::sync::Mutex<Option<JoinHandle<()>>>,
}

impl Desk {
    /// Opens the desk.
    pub(crate) fn start(store: Store, board: Arc<Board>, clock: Arc<dyn Clock>, limits: &Limits) -> Self {
        let (queue, waiting) = mpsc::channel(limits.queue.max(1) as usize);
        let closing = CancellationToken::new();
        let writer = Writer { store, board, clock, batch: limits.batch.max(1) as usize }.run(waiting, closing.clone());
        Self { queue, closing, writer: std::sync::Mutex::new(Some(tokio::spawn(writer))) }
    }

    /// Asks for a booking to be made or changed, and waits for the commit.
    ///
    /// # Errors
    /// `busy` at once when the queue is full or the desk is closing; otherwise what the job is refused with.
    pub(crate) async fn ask(&self, job: Job) -> Result<Code> {
        self.enqueue(job).await.map(|(code, _)| code)
    }

    /// Asks for a jab to be recorded or taken back, and waits for the commit.
    ///
    /// # Errors
    /// As [`Desk::ask`].
    pub(crate) async fn check_in(&self, job: Job) -> Result<CheckedIn> {
        let (_, checked_in) = self.enqueue(job).await?;
        checked_in.ok_or_else(Error::internal)
    }

    async fn enqueue(&self, job: Job) -> Result<(Code, Option<CheckedIn>)> {
        let busy = || Error::later(Reason::Busy, RETRY_AFTER_S);
        let (answer, answered) = oneshot::channel();
        self.queue.try_send(Waiting { job, answer }).map_err(|_| busy())?;
        answered.await.map_err(|_| busy())?
    }

    /// Whether requests are taken.
    pub(crate) fn is_open(&self) -> bool {
        !self.closing.is_cancelled() && !self.queue.is_closed()
    }

    /// Takes no more requests and answers those that wait.
    pub(crate) async fn stop(&self) {
        self.closing.cancel();
        let writer = self.writer.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        if let Some(writer) = writer {
            // the writer closes the queue, empties it and ends; a panic of its was logged where it happened
            let _ = writer.await;
        }
    }
}

struct Writer {
    store: Store,
    board: Arc<Board>,
    clock: Arc<dyn Clock>,
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
            batch.retain(|waiting| !waiting.answer.is_closed());
            batch.sort_by_key(|waiting| waiting.job.key());
            let batch = std::mem::replace(&mut batch, Vec::with_capacity(self.batch));
            if !batch.is_empty() {
                self.serve(batch).await;
            }
        }
    }

    async fn serve(&self, batch: Vec<Waiting>) {
        let (jobs, answers): (Vec<_>, Vec<_>) = batch.into_iter().map(|waiting| (waiting.job, waiting.answer)).unzip();
        let results = match self.try_often(&jobs).await {
            Ok(results) => results,
            Err(error) if jobs.len() == 1 || is_transient(&error) => vec![Err(refuse(error)); jobs.len()],
            Err(error) => {
                tracing::warn!(%error, requests = jobs.len(), "a batch failed as a whole; its requests are run one by one");
                let mut results = Vec::with_capacity(jobs.len());
                for job in jobs.chunks(1) {
                    match self.try_often(job).await {
                        Ok(one) => results.extend(one),
                        Err(error) => results.push(Err(refuse(error))),
                    }
                }
                results
            }
        };
        for (result, answer) in results.into_iter().zip(answers) {
            // whoever has gone meanwhile will ask again with the same request id
            let _ = answer.send(result);
        }
    }

    /// One transaction for all jobs, again while it fails for a passing reason.
    async fn try_often(&self, jobs: &[Job]) -> core::result::Result<Vec<Result<(Code, Option<CheckedIn>)>>, DbErr> {
        let mut tried = 0;
        loop {
            tried += 1;
            match self.transact(jobs, self.clock.now()).await {
                Err(error) if tried < TRIES && is_transient(&error) => {
                    tracing::debug!(%error, tried, "a batch is tried again");
                    tokio::time::sleep(Duration::from_millis(5 << tried)).await;
                }
                done => return done,
            }
        }
    }

    async fn transact(
        &self,
        jobs: &[Job],
        now: DateTime<Utc>,
    ) -> core::result::Result<Vec<Result<(Code, Option<CheckedIn>)>>, DbErr> {
        let tx = self.store.begin().await?;
        let mut results = Vec::with_capacity(jobs.len());
        let mut changed = Vec::new();
        for job in jobs {
            let done = match job {
                Job::Take(job) => job.run(&tx, now).await,
                Job::Move(job) => job.run(&tx, now).await,
                Job::CallOff(job) => job.run(&tx, now).await,
                Job::Redeem(job) => job.run(&tx, now).await,
                Job::Undo(job) => job.run(&tx, now).await,
            };
            results.push(match done {
                Ok(deed) => {
                    changed.extend(deed.slots);
                    Ok((deed.code, deed.checked_in))
                }
                Err(Failure::Refused(error)) => Err(error),
                Err(Failure::Database(error)) => return Err(error),
            });
        }
        tx.commit().await?;
        self.board.apply(changed, now);
        Ok(results)
    }
}

fn refuse(error: DbErr) -> Error {
    if is_transient(&error) {
        tracing::warn!(%error, "a batch was given up after several tries");
        Error::later(Reason::Busy, RETRY_AFTER_S)
    } else {
        internal(error)
    }
}
