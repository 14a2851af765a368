//! The gateways, as this process finds them at the moment: one that is down is left alone for a while, and then tried with one message.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::{DateTime, Utc};
use tokio::time::Instant;

use crate::sms::{Gateway, Handed};

/// Messages in a row that come to nothing until the gateway is taken for down.
const PATIENCE: u32 = 3;
/// How long it is left alone the first time, and twice as long each time after.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// How long at most.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(120);

/// A gateway and how it does.
pub(crate) struct Way {
    pub gateway: Arc<dyn Gateway>,
    found: Mutex<Health>,
    /// When the next message may be handed over.
    free_at: Mutex<Instant>,
    pub counts: WayCounts,
}

/// What became of the messages that were handed to a gateway by this process.
#[derive(Debug, Default)]
pub(crate) struct WayCounts {
    pub taken: AtomicU64,
    pub not_now: AtomicU64,
    pub refused: AtomicU64,
    pub in_doubt: AtomicU64,
    pub delivered: AtomicU64,
    pub failed: AtomicU64,
    pub unproven: AtomicU64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Health {
    /// In a row.
    failures: u32,
    /// How often it was found down in a row.
    pauses: u32,
    closed_until: Option<DateTime<Utc>>,
}

impl Way {
    pub(super) fn new(gateway: Arc<dyn Gateway>) -> Self {
        Self { gateway, found: Mutex::default(), free_at: Mutex::new(Instant::now()), counts: WayCounts::default() }
    }

    pub(crate) fn name(&self) -> &str {
        self.gateway.name()
    }

    /// How many messages it may have in hand now: none while it is down, one to see whether it still is.
    pub(super) fn room(&self, now: DateTime<Utc>) -> usize {
        match *lock(&self.found) {
            Health { closed_until: Some(until), .. } if waits(until, now) => 0,
            Health { pauses: 1.., .. } => 1,
            _ => self.gateway.limits().at_once.max(1),
        }
    }

    /// Whether it is down.
    pub(crate) fn is_down(&self) -> bool {
        lock(&self.found).pauses > 0
    }

    /// Takes note of an answer. `chance` is from 0 to 1: processes do not all come back at the same moment.
    pub(super) fn answered(&self, handed: &Handed, now: DateTime<Utc>, chance: f64) {
        let counts = &self.counts;
        let count = match handed {
            Handed::Taken { .. } | Handed::Delivered => &counts.taken,
            Handed::NotNow { .. } => &counts.not_now,
            Handed::Refused { .. } => &counts.refused,
            Handed::InDoubt { .. } => &counts.in_doubt,
        };
        count.fetch_add(1, Ordering::Relaxed);
        let mut health = lock(&self.found);
        let asked = match handed {
            Handed::Taken { .. } | Handed::Delivered | Handed::Refused { .. } => {
                *health = Health::default();
                return;
            }
            // this number's own limit
            Handed::NotNow { down: false, .. } => return,
            Handed::NotNow { after, .. } => *after,
            Handed::InDoubt { .. } => None,
        };
        health.failures += 1;
        // those that were under way when it was found down say nothing new
        let closed = health.closed_until.is_some_and(|until| waits(until, now));
        if closed || (asked.is_none() && health.pauses == 0 && health.failures < PATIENCE) {
            return;
        }
        let pause = FIRST_PAUSE.saturating_mul(1 << health.pauses.min(16)).min(LONGEST_PAUSE).max(asked.unwrap_or_default());
        let pause = pause.min(LONGEST_PAUSE).mul_f64(1.0 + chance / 2.0);
        health.pauses += 1;
        health.closed_until = Some(now + pause);
        tracing::warn!(gateway = self.name(), seconds = pause.as_secs(), "a gateway is left alone");
    }

    /// Waits until the gateway may be given another message.
    pub(super) async fn turn(&self) {
        let apart = Duration::from_secs(1) / self.gateway.limits().a_second.max(1);
        let at = {
            let mut free_at = lock(&self.free_at);
            let at = (*free_at).max(Instant::now());
            *free_at = at + apart;
            at
        };
        tokio::time::sleep_until(at).await;
    }
}

/// Whether that moment is still to come: also where the clock was put back, nobody waits for longer than the longest pause.
fn waits(until: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    now < until && until - now <= chrono::Duration::seconds(2 * 120)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
