//! A clock that stands until it is stepped, and randomness that is the same in every run.

use std::sync::{Condvar, Mutex};
use std::time::Duration;

use domain::time::Clock;
use domain::{DateTime, NaiveDate, Utc};
use engine::entropy::Entropy;
use sha2::{Digest, Sha256};

/// Stands until it is stepped. The desk, which has a thread of its own and asks for the time before each transaction, can be kept
/// waiting for the answer.
#[derive(Debug)]
pub struct SteppedClock {
    now: Mutex<DateTime<Utc>>,
    desk: Mutex<Desk>,
    moved: Condvar,
}

#[derive(Debug, PartialEq, Eq)]
enum Desk {
    Free,
    ToBeHeld,
    Held,
}

impl SteppedClock {
    pub fn at(instant: &str) -> Self {
        let now = Mutex::new(instant.parse().expect("an instant"));
        Self { now, desk: Mutex::new(Desk::Free), moved: Condvar::new() }
    }

    /// Keeps the desk waiting from its next transaction on.
    pub fn hold_desk(&self) {
        *self.desk.lock().expect("no test panics here") = Desk::ToBeHeld;
    }

    /// Whether it waits.
    pub fn desk_is_held(&self) -> bool {
        *self.desk.lock().expect("no test panics here") == Desk::Held
    }

    pub fn let_desk_go(&self) {
        *self.desk.lock().expect("no test panics here") = Desk::Free;
        self.moved.notify_all();
    }

    pub fn set(&self, instant: DateTime<Utc>) {
        *self.now.lock().expect("no test panics here") = instant;
    }

    /// `09:30` on a civil day.
    pub fn set_civil(&self, date: NaiveDate, time: &str) {
        self.set(domain::time::instant(date, domain::time::hhmm::parse(time).expect("HH:MM")));
    }

    pub fn step(&self, by: chrono::Duration) {
        self.set(self.now() + by);
    }
}

/// Waits for what is meant, a minute at most.
pub async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), waiting).await.unwrap_or_else(|_| panic!("not within a minute: {what}"));
}

impl Clock for SteppedClock {
    fn now(&self) -> DateTime<Utc> {
        if std::thread::current().name() == Some("desk") {
            let mut desk = self.desk.lock().expect("no test panics here");
            while *desk != Desk::Free {
                *desk = Desk::Held;
                desk = self.moved.wait(desk).expect("no test panics here");
            }
        }
        *self.now.lock().expect("no test panics here")
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
