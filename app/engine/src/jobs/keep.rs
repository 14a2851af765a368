//! The task of each process that looks for jobs which are due, does those that it gets, and rests between their steps.

use std::time::{Duration, Instant};

use domain::error::Result;
use domain::jobs::{Ended, Job};
use tokio::task::JoinSet;

use super::{Going, Turn};
use crate::Engine;

/// How often it is asked which jobs are due: one small table is read.
const ASK: Duration = Duration::from_secs(5);
/// How often it is written down who was here, which every process does for itself.
const NOTE: Duration = Duration::from_secs(60);
/// Between two steps of a job the writer is left alone for so many times as long as the last one took.
const REST: u32 = 4;
/// And for so long at least.
const LEAST_REST: Duration = Duration::from_millis(20);

impl Engine {
    /// Does these jobs whenever they are due, for as long as it is polled; first of all those that are `asked` for, due or not.
    pub async fn keep_jobs(&self, jobs: &[Job], asked: &[Job]) {
        let mut asked = asked.to_vec();
        let mut noted: Option<Instant> = None;
        loop {
            for job in jobs {
                let at_once = asked.contains(job);
                let ran = self.run_job(*job, at_once).await;
                if at_once && ran.is_ok_and(|ended| ended == Some(Ended::Done)) {
                    asked.retain(|one| one != job);
                }
            }
            if noted.is_none_or(|at| at.elapsed() >= NOTE) {
                match self.note_seen().await {
                    Ok(()) => noted = Some(Instant::now()),
                    Err(_) => tracing::warn!("who was here is written down in a moment"),
                }
            }
            tokio::time::sleep(ASK).await;
        }
    }

    /// Does a job to its end, if it is due (or `asked` for) and nobody has it. Nothing: it was not, or was lost to another process.
    ///
    /// # Errors
    /// `internal`, `busy` when it could not be begun, or its end not be written down. What fails within is how the run ends.
    pub async fn run_job(&self, job: Job, asked: bool) -> Result<Option<Ended>> {
        let Some(turn) = self.begin_job(job, asked).await? else { return Ok(None) };
        // what panics has failed, and no other job waits for it in vain; dropped with this future
        let mut run = JoinSet::new();
        let engine = self.clone();
        run.spawn(async move { engine.to_the_end(turn).await });
        let ended = match run.join_next().await {
            Some(Ok(Some(ended))) => ended,
            Some(Ok(None)) => {
                tracing::warn!(%job, "it took longer than its lease; another process is at it");
                return Ok(None);
            }
            _ => Ended::Failed,
        };
        if ended == Ended::Failed {
            tracing::warn!(%job, "it has failed, and is tried again");
        }
        Ok(self.end_job(turn, ended).await?.then_some(ended))
    }

    /// All steps. Nothing: it is somebody else's by now.
    async fn to_the_end(&self, turn: Turn) -> Option<Ended> {
        let mut changed = 0;
        loop {
            let began = Instant::now();
            match self.go_on(&turn).await {
                Ok(Going::On(rows)) => {
                    changed += rows;
                    tokio::time::sleep((began.elapsed() * REST).max(LEAST_REST)).await;
                }
                Ok(Going::Done) => {
                    if changed > 0 {
                        tracing::info!(job = %turn.job, rows = changed, "done");
                    }
                    return Some(Ended::Done);
                }
                Ok(Going::Lost) => return None,
                // the log has why
                Err(_) => return Some(Ended::Failed),
            }
        }
    }
}
