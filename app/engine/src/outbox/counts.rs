//! How many messages wait, are in doubt, or need somebody who calls; and what each gateway has had. For the metrics.

use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use domain::error::Result;
use domain::message::MessageState;
use sea_orm::sea_query::Expr;
use sea_orm::{EntityTrait, PaginatorTrait, QueryFilter};

use super::row::{FAILED, OPEN, QUEUED};
use super::ways::WayCounts;
use crate::Engine;
use crate::error::internal;
use crate::store::entities::message;

/// How often they are counted.
const EVERY: Duration = Duration::from_secs(15);

/// What was last counted, and when.
#[derive(Default)]
pub(crate) struct Waiting(Mutex<Option<(Instant, OutboxCounts)>>);

/// How many messages there are of the states that somebody should know of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutboxCounts {
    /// Due, and not handed to a gateway yet.
    pub due: u64,
    /// Perhaps sent.
    pub in_doubt: u64,
    /// Somebody should call.
    pub failed: u64,
}

/// What a gateway has had of this process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayCounts {
    /// Its name.
    pub gateway: String,
    /// Whether it is left alone, or being tried again.
    pub down: bool,
    /// How many came to what.
    pub outcomes: [(&'static str, u64); 7],
}

impl WayCounts {
    pub(super) fn delivered(&self) {
        self.delivered.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn failed(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }
}

impl Engine {
    /// How many messages wait, as it was counted within the last quarter of a minute.
    pub fn outbox_counts(&self) -> OutboxCounts {
        let last = self.post().waiting.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.map(|(_, counts)| counts).unwrap_or_default()
    }

    /// What each gateway has had.
    pub fn gateway_counts(&self) -> Vec<GatewayCounts> {
        let of = |way: &std::sync::Arc<super::ways::Way>| {
            let counts = &way.counts;
            let outcomes = [
                ("taken", &counts.taken),
                ("not_now", &counts.not_now),
                ("refused", &counts.refused),
                ("in_doubt", &counts.in_doubt),
                ("delivered", &counts.delivered),
                ("failed", &counts.failed),
                ("unproven", &counts.unproven),
            ];
            GatewayCounts {
                gateway: way.name().to_owned(),
                down: way.is_down(),
                outcomes: outcomes.map(|(name, count)| (name, count.load(Ordering::Relaxed))),
            }
        };
        self.post().ways.iter().map(of).collect()
    }

    /// Counts what waits, where that was not done lately.
    pub(super) async fn count_waiting(&self) -> Result<()> {
        let last = || self.post().waiting.0.lock().unwrap_or_else(PoisonError::into_inner);
        if last().is_some_and(|(at, _)| at.elapsed() < EVERY) {
            return Ok(());
        }
        let db = &self.store().read;
        let of = |condition: &'static str, state: MessageState| {
            message::Entity::find().filter(Expr::cust(condition)).filter(message::COLUMN.state.eq(state.as_str()))
        };
        let due = of(QUEUED, MessageState::Queued).filter(message::COLUMN.urgency.is_in([0, 1]));
        let counts = OutboxCounts {
            due: due.filter(message::COLUMN.due_at.lte(self.now())).count(db).await.map_err(internal)?,
            in_doubt: of(OPEN, MessageState::InDoubt).count(db).await.map_err(internal)?,
            failed: of(FAILED, MessageState::Failed).count(db).await.map_err(internal)?,
        };
        *last() = Some((Instant::now(), counts));
        Ok(())
    }
}
