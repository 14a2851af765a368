//! What the desk has done since the start, for the metrics.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What the desk has done since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeskCounts {
    /// Requests that wait now.
    pub waiting: usize,
    /// Batches that were committed.
    pub batches: u64,
    /// Requests in them, granted or refused.
    pub requests: u64,
    /// Tries of batches that had to be made again.
    pub tried_again: u64,
    /// Batches that were cut in two, to find a request that fails.
    pub cut: u64,
    /// Requests turned away because the queue was full.
    pub turned_away: u64,
    /// Requests dropped because nobody waited for the answer any more.
    pub dropped: u64,
}

#[derive(Default)]
pub(super) struct Counters {
    batches: AtomicU64,
    requests: AtomicU64,
    tried_again: AtomicU64,
    cut: AtomicU64,
    turned_away: AtomicU64,
    dropped: AtomicU64,
}

impl Counters {
    pub(super) fn committed(&self, requests: usize) {
        self.batches.fetch_add(1, Relaxed);
        self.requests.fetch_add(requests as u64, Relaxed);
    }

    pub(super) fn again(&self) {
        self.tried_again.fetch_add(1, Relaxed);
    }

    pub(super) fn cut(&self) {
        self.cut.fetch_add(1, Relaxed);
    }

    pub(super) fn turned_away(&self) {
        self.turned_away.fetch_add(1, Relaxed);
    }

    pub(super) fn dropped(&self, requests: usize) {
        self.dropped.fetch_add(requests as u64, Relaxed);
    }

    pub(super) fn read(&self, waiting: usize) -> DeskCounts {
        DeskCounts {
            waiting,
            batches: self.batches.load(Relaxed),
            requests: self.requests.load(Relaxed),
            tried_again: self.tried_again.load(Relaxed),
            cut: self.cut.load(Relaxed),
            turned_away: self.turned_away.load(Relaxed),
            dropped: self.dropped.load(Relaxed),
        }
    }
}
