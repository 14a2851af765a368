//! Jobs: what the service does by itself, each once for all processes on the database.
//!
//! A row a job. Who begins one takes it for two minutes and writes down the number of the run; every step after that, and the end, are written
//! only where the number is still the same and nobody has let go of it, and each step takes it for two minutes more. A process that dies
//! leaves its lease behind, which runs out; a process that was only slow finds another number and stops. When a job is due is
//! `domain::jobs`' to say, from the row and the clock.

mod keep;
mod missed;
mod reminders;
mod status;

use domain::error::Result;
use domain::jobs::{Ended, Job, LEASE, Past, is_held};
use domain::{DateTime, NaiveDate, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, QueryFilter, UpdateMany};

use crate::Engine;
use crate::error::internal;
use crate::store::entities::job;

pub use status::JobStatus;

/// Rows that one step changes at most: a few milliseconds of the one connection that writes.
const ROWS: u64 = 256;

/// A run of a job: whoever has it may go on, until the lease is another's.
#[derive(Clone, Copy, Debug)]
pub struct Turn {
    job: Job,
    /// The number of the run.
    number: i64,
    /// The day that it is for.
    day: NaiveDate,
}

impl Turn {
    /// Of which job.
    pub fn job(&self) -> Job {
        self.job
    }
}

/// What a step of a job has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Going {
    /// So many rows were changed; there may be more.
    On(u64),
    /// Nothing is left to be done.
    Done,
    /// The lease had run out, and the job is somebody else's by now. Nothing was changed.
    Lost,
}

impl Engine {
    /// Takes a job that is due and that nobody has. `asked`: also one that is not due.
    ///
    /// # Errors
    /// `internal`, `busy`
    pub async fn begin_job(&self, job: Job, asked: bool) -> Result<Option<Turn>> {
        let now = self.now();
        let row = match read(&self.store().read, job).await.map_err(internal)? {
            Some(row) => row,
            None => {
                write_first(&self.store().write, job).await.map_err(internal)?;
                let row = read(&self.store().write, job).await.map_err(internal)?;
                row.ok_or_else(domain::error::Error::internal)?
            }
        };
        if is_held(row.held_until, now) || !(asked || job.is_due(&past(&row), now)) {
            return Ok(None);
        }
        let mut begin = of_run(job, row.runs)
            .col_expr(job::Column::Runs, Expr::col(job::Column::Runs).add(1))
            .col_expr(job::Column::HeldUntil, Expr::value(now + LEASE))
            .col_expr(job::Column::StartedAt, Expr::value(now));
        if row.held_until.is_some() {
            // whoever had it never came back
            tracing::warn!(%job, "it was begun and never ended; another begins it anew");
            begin = begin.col_expr(job::Column::Failures, Expr::col(job::Column::Failures).add(1));
        }
        let begun = begin.exec(&self.store().write).await.map_err(internal)?.rows_affected == 1;
        Ok(begun.then(|| Turn { job, number: row.runs + 1, day: job.day(now) }))
    }

    /// One step of a job, and a longer lease.
    ///
    /// # Errors
    /// `internal`, `busy`. What was not done then is done by the next step.
    pub async fn go_on(&self, turn: &Turn) -> Result<Going> {
        match turn.job {
            Job::Missed => self.missed_step(turn).await,
            Job::Reminders => self.reminders_step(turn).await,
            Job::Codes => {
                if !self.renew(&self.store().write, turn).await? {
                    return Ok(Going::Lost);
                }
                self.take_away_some().await.map(|taken| if taken == 0 { Going::Done } else { Going::On(taken) })
            }
            Job::Schedule => {
                if !self.renew(&self.store().write, turn).await? {
                    return Ok(Going::Lost);
                }
                self.write_schedule().await.map(|_| Going::Done)
            }
            // a walk of its own, by steps that processes share; it only says here how it went
            Job::Retention => Ok(Going::Done),
        }
    }

    /// Writes down how a run has ended. `false`: the job is somebody else's by now, and theirs is the last word.
    ///
    /// # Errors
    /// `internal`, `busy`
    pub async fn end_job(&self, turn: Turn, ended: Ended) -> Result<bool> {
        let end = held(turn.job, turn.number).col_expr(job::Column::HeldUntil, Expr::value(None::<DateTime<Utc>>));
        let end = ending(end, ended, self.now(), turn.day);
        Ok(end.exec(&self.store().write).await.map_err(internal)?.rows_affected == 1)
    }

    /// Takes the job for two minutes more; `false`: it is somebody else's. In a transaction nobody else takes it until the commit.
    async fn renew(&self, db: &impl ConnectionTrait, turn: &Turn) -> Result<bool> {
        let longer = held(turn.job, turn.number).col_expr(job::Column::HeldUntil, Expr::value(self.now() + LEASE));
        Ok(longer.exec(db).await.map_err(internal)?.rows_affected == 1)
    }

    /// Of a walk that has no lease: it has begun.
    pub(crate) async fn walk_began(&self, db: &impl ConnectionTrait, job: Job) -> Result<()> {
        write_first(db, job).await.map_err(internal)?;
        let began = job::Entity::update_many()
            .col_expr(job::Column::Runs, Expr::col(job::Column::Runs).add(1))
            .col_expr(job::Column::StartedAt, Expr::value(self.now()))
            .filter(job::COLUMN.name.eq(job.as_str()));
        began.exec(db).await.map_err(internal)?;
        Ok(())
    }

    /// Of a walk that has no lease: it has come to its end for a day, or a step of it has failed.
    pub(crate) async fn walk_ended(&self, db: &impl ConnectionTrait, job: Job, ended: Ended, day: NaiveDate) -> Result<()> {
        let end = job::Entity::update_many().filter(job::COLUMN.name.eq(job.as_str()));
        ending(end, ended, self.now(), day).exec(db).await.map_err(internal)?;
        Ok(())
    }
}

/// How a run ended.
fn ending(end: UpdateMany<job::Entity>, ended: Ended, now: DateTime<Utc>, day: NaiveDate) -> UpdateMany<job::Entity> {
    let end = end.col_expr(job::Column::EndedAt, Expr::value(now)).col_expr(job::Column::Outcome, Expr::value(ended.as_str()));
    match ended {
        Ended::Done => end
            .col_expr(job::Column::SucceededAt, Expr::value(now))
            .col_expr(job::Column::DoneOn, Expr::value(day))
            .col_expr(job::Column::FailedInRow, Expr::value(0)),
        Ended::Failed => end
            .col_expr(job::Column::Failures, Expr::col(job::Column::Failures).add(1))
            .col_expr(job::Column::FailedInRow, Expr::col(job::Column::FailedInRow).add(1)),
    }
}

/// The row of a job, while it is still of this run.
fn of_run(job: Job, number: i64) -> UpdateMany<job::Entity> {
    job::Entity::update_many().filter(job::COLUMN.name.eq(job.as_str())).filter(job::COLUMN.runs.eq(number))
}

/// The same, while the run has not ended.
fn held(job: Job, number: i64) -> UpdateMany<job::Entity> {
    of_run(job, number).filter(job::COLUMN.held_until.is_not_null())
}

async fn read(db: &impl ConnectionTrait, job: Job) -> core::result::Result<Option<job::Model>, DbErr> {
    job::Entity::find_by_id(job.as_str()).one(db).await
}

/// The row of a job that nobody has ever begun.
async fn write_first(db: &impl ConnectionTrait, job: Job) -> core::result::Result<(), DbErr> {
    let row = job::ActiveModel { name: Set(job.as_str().to_owned()), ..Default::default() };
    let there = OnConflict::column(job::Column::Name).do_nothing().to_owned();
    job::Entity::insert(row).on_conflict(there).try_insert().exec_without_returning(db).await?;
    Ok(())
}

fn past(row: &job::Model) -> Past {
    Past { started_at: row.started_at, done_on: row.done_on, failed_in_row: u32::try_from(row.failed_in_row).unwrap_or(0) }
}
