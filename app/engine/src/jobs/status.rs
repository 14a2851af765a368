//! How the jobs go: for whoever looks after the service.

use core::time::Duration;

use domain::error::Result;
use domain::jobs::{Ended, FAILS_AGAIN_AND_AGAIN, Job, is_held};
use domain::{DateTime, Utc};
use sea_orm::EntityTrait;

use super::past;
use crate::Engine;
use crate::error::internal;
use crate::store::entities::job;

/// How a job goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobStatus {
    /// Which.
    pub job: Job,
    /// When it was last begun.
    pub started_at: Option<DateTime<Utc>>,
    /// How its last run that came to an end ended, and when.
    pub ended: Option<(Ended, DateTime<Utc>)>,
    /// How long the last run took; nothing while it goes on.
    pub took: Option<Duration>,
    /// When it was last done.
    pub succeeded_at: Option<DateTime<Utc>>,
    /// When it is to be done next. What has passed is due.
    pub next: DateTime<Utc>,
    /// Whether a process is at it.
    pub held: bool,
    /// How often it was begun.
    pub runs: u64,
    /// How often it has failed, or was begun and never ended.
    pub failures: u64,
    /// Whether it fails again and again.
    pub fails: bool,
    /// Whether it should have been done long ago.
    pub late: bool,
}

impl Engine {
    /// How each job goes that was ever begun.
    ///
    /// # Errors
    /// `internal`, `busy`
    pub async fn jobs(&self) -> Result<Vec<JobStatus>> {
        let now = self.now();
        let rows = job::Entity::find().all(&self.store().read).await.map_err(internal)?;
        let mut all: Vec<_> = rows.into_iter().filter_map(|row| status(&row, now)).collect();
        all.sort_by_key(|status| status.job);
        Ok(all)
    }
}

/// A row of a newer program's job tells nothing here.
fn status(row: &job::Model, now: DateTime<Utc>) -> Option<JobStatus> {
    let (job, past) = (row.name.parse::<Job>().ok()?, past(row));
    let held = is_held(row.held_until, now);
    let ended = row.outcome.as_deref().and_then(|word| word.parse().ok()).zip(row.ended_at);
    let took = row.started_at.zip(row.ended_at).and_then(|(from, to)| (to - from).to_std().ok());
    Some(JobStatus {
        job,
        started_at: row.started_at,
        ended,
        took: took.filter(|_| !held),
        succeeded_at: row.succeeded_at,
        next: job.next(&past, now),
        held,
        runs: u64::try_from(row.runs).unwrap_or(0),
        failures: u64::try_from(row.failures).unwrap_or(0),
        fails: past.failed_in_row >= FAILS_AGAIN_AND_AGAIN,
        late: job.is_late(&past, now),
    })
}
