//! One batch: what it needs is read and locked with a few statements, decided request by request, and written with a few more.
//!
//! Changes of bookings come first, for they may free places; then new bookings, in the order of their arrival.

use std::collections::{BTreeSet, HashMap, HashSet};

use domain::code::Code;
use domain::error::{Error, Result};
use domain::{DateTime, Utc, Uuid};
use sea_orm::DatabaseTransaction;

use super::doses::{Doses, Judged};
use super::places::Places;
use super::requests::Requests;
use super::rows::Pending;
use super::takes::{self, Take};
use super::{Done, Job, Trouble};
use crate::store::entities::{request, slot};

/// What the requests of a batch have in common.
pub(super) struct Batch<'a> {
    pub tx: &'a DatabaseTransaction,
    pub now: DateTime<Utc>,
    pub places: Places,
    pub requests: Requests,
    /// The people of the new bookings, with their hashes.
    pub people: HashMap<Uuid, Vec<u8>>,
    pub doses: Doses,
    pub pending: Pending,
    /// Bookings that have changed in this batch.
    changed: HashSet<Code>,
}

/// What became of a request; the outer error is the whole batch's.
pub(super) type Outcome = core::result::Result<Result<Done>, Trouble>;

impl<'a> Batch<'a> {
    /// Decides all jobs and writes what they lead to: their answers, in their order, the slots that have changed, and the audit's rows, which
    /// are to be of the link `link`. Nothing is committed.
    pub(super) async fn run(
        tx: &'a DatabaseTransaction,
        jobs: &[Job],
        now: DateTime<Utc>,
        link: i64,
    ) -> core::result::Result<(Vec<Result<Done>>, Vec<slot::Model>, Vec<Uuid>), Trouble> {
        let ids: Vec<_> = jobs.iter().filter_map(Job::request).map(|row| *row.id.as_ref()).collect();
        let today = domain::time::civil(now).date();
        let judged: Vec<_> = jobs.iter().filter_map(Job::judged).collect();
        let takes: Vec<&Take> = jobs.iter().filter_map(Job::as_take).collect();
        let places = Places::lock(tx, jobs.iter().flat_map(Job::slots).collect::<BTreeSet<_>>(), now).await?;
        let requests = Requests::read(tx, &ids).await?;
        // on a release day most ask for what is full, and no change frees a place: who they are does not matter any more
        let frees = takes.len() < jobs.len();
        let chances: Vec<_> = takes.iter().filter(|take| frees || places.objection_to(take).is_none()).copied().collect();
        let mut batch = Self {
            tx,
            now,
            places,
            requests,
            people: takes::people(tx, &chances).await?,
            doses: Doses::read(tx, &judged, today, now).await?,
            pending: Pending::of(link),
            changed: HashSet::new(),
        };
        let mut results: Vec<Option<Result<Done>>> = Vec::with_capacity(jobs.len());
        for job in jobs {
            results.push(batch.change(job).await?);
        }
        let mut takes = takes.into_iter();
        // what is still open are the new bookings, in the same order
        let mut take = || takes.next().map(|take| takes::decide(&mut batch, take));
        let results = results.into_iter().map(|result| result.or_else(&mut take).unwrap_or_else(|| Err(Error::internal())));
        let results = results.collect();
        let (changed, rows) = batch.write().await?;
        Ok((results, changed, rows))
    }

    /// What becomes of a change of a booking; nothing for a new booking.
    async fn change(&mut self, job: &Job) -> core::result::Result<Option<Result<Done>>, Trouble> {
        let again = job.changes().into_iter().filter(|code| !self.changed.insert(*code)).count();
        if again > 0 {
            // the second change of a booking must find what the first has written
            self.flush().await?;
        }
        if let Job::SetClosed(_) = job {
            // who was moved into the window by this batch must be told of it before they are told otherwise
            self.flush().await?;
        }
        Ok(Some(match job {
            Job::Take(_) => return Ok(None),
            Job::Move(job) => job.run(self).await?,
            Job::CallOff(job) => job.run(self).await?,
            Job::Redeem(job) => job.run(self).await?,
            Job::Undo(job) => job.run(self).await?,
            Job::Late(job) => job.run(self).await?,
            Job::Step(job) => job.run(self).await?,
            Job::SetClosed(job) => job.run(self).await?,
        }))
    }

    async fn flush(&mut self) -> core::result::Result<(), Trouble> {
        if self.pending.write(self.tx).await? { Ok(()) } else { Err(Trouble::Overtaken) }
    }

    async fn write(mut self) -> core::result::Result<(Vec<slot::Model>, Vec<Uuid>), Trouble> {
        self.flush().await?;
        Ok((self.places.write(self.tx).await?, self.pending.linked))
    }
}

impl Job {
    fn as_take(&self) -> Option<&Take> {
        match self {
            Self::Take(job) => Some(job),
            _ => None,
        }
    }

    /// The slots that it takes from or gives back to.
    fn slots(&self) -> Vec<Uuid> {
        match self {
            Self::Take(job) => vec![job.slot.id],
            Self::Move(job) => vec![job.from, job.to.id],
            Self::CallOff(job) => vec![job.slot_id],
            Self::SetClosed(job) => vec![job.slot_id],
            Self::Redeem(_) | Self::Undo(_) | Self::Late(_) | Self::Step(_) => vec![],
        }
    }

    /// The request whose answer is kept.
    fn request(&self) -> Option<&request::ActiveModel> {
        match self {
            Self::Take(job) => Some(&job.request),
            Self::Move(job) => Some(&job.request),
            Self::CallOff(_) | Self::Redeem(_) | Self::Undo(_) | Self::Late(_) | Self::Step(_) | Self::SetClosed(_) => None,
        }
    }

    /// What the rules between doses were applied to.
    fn judged(&self) -> Option<&Judged> {
        match self {
            Self::Take(job) => Some(&job.judged),
            Self::Move(job) => Some(&job.judged),
            Self::CallOff(job) => Some(&job.judged),
            Self::Redeem(job) => job.accepted.as_ref().map(|accepted| &accepted.judged),
            Self::Undo(_) | Self::Late(_) | Self::Step(_) | Self::SetClosed(_) => None,
        }
    }

    /// The bookings that it changes.
    fn changes(&self) -> Vec<Code> {
        match self {
            Self::Take(_) | Self::SetClosed(_) => vec![],
            Self::Move(job) => vec![job.code],
            Self::CallOff(job) => vec![job.code],
            Self::Redeem(job) => vec![job.code],
            Self::Undo(job) => vec![job.code],
            Self::Late(job) => job.codes(),
            Self::Step(job) => vec![job.code],
        }
    }
}
