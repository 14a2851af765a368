//! A clock that stands until it is stepped, and randomness that is the same in every run.

use std::sync::Mutex;

use domain::time::Clock;
use domain::{DateTime, NaiveDate, Utc};
use engine::entropy::Entropy;
use sha2::{Digest, Sha256};

/// Stands until it is stepped.
#[derive(Debug)]
pub struct SteppedClock(Mutex<DateTime<Utc>>);

impl SteppedClock {
    pub fn at(instant: &str) -> Self {
        Self(Mutex::new(instant.parse().expect("an instant")))
    }

    pub fn set(&self, instant: DateTime<Utc>) {
        *self.0.lock().expect("no test panics here") = instant;
    }

    /// `09:30` on a civil day.
    pub fn set_civil(&self, date: NaiveDate, time: &str) {
        self.set(domain::time::instant(date, domain::time::hhmm::parse(time).expect("HH:MM")));
    }

    pub fn step(&self, by: chrono::Duration) {
        self.set(self.now() + by);
    }
}

impl Clock for SteppedClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().expect("no test panics here")
    }
}

/// The same bytes in every run, for the same seed.
pub struct Seeded(Mutex<([u8; 32], u64)>);

impl Seeded {
    pub fn new(seed: &str) -> Self {
        Self(Mutex::new((Sha256::digest(seed.as_bytes()).into(), 0)))
    }
}

impl Entropy for Seeded {
    fn fill(&self, bytes: &mut [u8]) {
        let mut state = self.0.lock().expect("no test panics here");
        for chunk in bytes.chunks_mut(32) {
            state.1 += 1;
            let block = Sha256::new().chain_update(state.0).chain_update(state.1.to_be_bytes()).finalize();
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
    }
}
