//! Load: closed loop (as much as so many connections can ask for) and open loop (arrivals on a schedule, whatever the service does).
//!
//! In open loop an answer's latency counts from the moment at which its request was due, not from when a connection was free to send
//! it: a service that stalls is charged for everybody who would have come meanwhile (no coordinated omission).

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::task::LocalSet;

use crate::client::{Answer, Connection};
use crate::dice::Dice;

/// When requests are sent.
pub(crate) enum Arrivals {
    /// Each connection sends the next one when it has its answer.
    Closed,
    /// At these microseconds from the beginning.
    At(Vec<u32>),
}

/// Writes request `n` into the buffer; false when there is nobody left to ask.
type Ask = dyn Fn(usize, &mut Vec<u8>) -> bool;
/// Looks at the answer to request `n`.
type Hear = dyn Fn(usize, &Answer<'_>);

/// What is to be asked.
pub(crate) struct Load {
    pub(crate) address: SocketAddr,
    pub(crate) connections: usize,
    pub(crate) arrivals: Arrivals,
    /// From then on nothing more is sent.
    pub(crate) until: Duration,
    pub(crate) ask: Box<Ask>,
    pub(crate) hear: Box<Hear>,
}

/// One request's fate.
#[derive(Clone, Copy)]
pub(crate) struct Taken {
    /// Microseconds from the beginning until it was answered.
    pub(crate) at: u32,
    /// Microseconds from the moment it was due.
    pub(crate) latency: u32,
    /// The answer's status; 0 for none.
    pub(crate) status: u16,
    /// Whether the answer told when to come back.
    pub(crate) retry_after: bool,
}

/// What came of it.
pub(crate) struct Tally {
    pub(crate) taken: Vec<Taken>,
    pub(crate) elapsed: Duration,
    /// Requests that were due and never sent, because no connection was free before the end.
    pub(crate) unsent: usize,
    /// What the first request without an answer met.
    pub(crate) failure: Option<std::io::Error>,
}

/// Arrivals that do not know of each other (exponential gaps), `rate` a second for `length`.
pub(crate) fn poisson(rate: f64, length: Duration, seed: u64) -> Arrivals {
    let mut dice = Dice::new(seed);
    let mut at = 0.0;
    let gaps = std::iter::from_fn(|| {
        at -= (1.0 - dice.unit()).ln() / rate;
        (at < length.as_secs_f64()).then_some((at * 1e6) as u32)
    });
    Arrivals::At(gaps.collect())
}

/// Exactly `count` arrivals at moments drawn evenly from `length`.
pub(crate) fn scattered(count: usize, length: Duration, seed: u64) -> Arrivals {
    let mut dice = Dice::new(seed);
    let mut moments: Vec<u32> = (0..count).map(|_| (dice.unit() * length.as_secs_f64() * 1e6) as u32).collect();
    moments.sort_unstable();
    Arrivals::At(moments)
}

struct Shared {
    load: Load,
    next: Cell<usize>,
    began: Instant,
    taken: RefCell<Vec<Taken>>,
    failure: Cell<Option<std::io::Error>>,
}

/// Runs a load to its end: until everything that was sent has been answered, or has failed.
pub(crate) async fn run(load: Load) -> Tally {
    let due = if let Arrivals::At(moments) = &load.arrivals { moments.len() } else { usize::MAX };
    let connections = load.connections.min(due).max(1);
    let shared =
        Rc::new(Shared { load, next: Cell::new(0), began: Instant::now(), taken: RefCell::default(), failure: Cell::default() });
    let all = LocalSet::new();
    let visitors: Vec<_> = (0..connections).map(|_| all.spawn_local(visitor(shared.clone()))).collect();
    all.await;
    for visitor in visitors {
        visitor.await.expect("a visitor comes to its end");
    }
    let taken = shared.taken.take();
    let unsent = if due == usize::MAX { 0 } else { due - taken.len() };
    Tally { taken, elapsed: shared.began.elapsed(), unsent, failure: shared.failure.take() }
}

/// One connection.
async fn visitor(shared: Rc<Shared>) {
    let mut connection = Connection::to(shared.load.address);
    let mut request = Vec::with_capacity(1024);
    loop {
        let n = shared.next.get();
        let Some(due) = shared.due(n) else { break };
        shared.next.set(n + 1);
        if due > Instant::now() {
            tokio::time::sleep_until(due.into()).await;
        }
        if shared.began.elapsed() >= shared.load.until || !(shared.load.ask)(n, &mut request) {
            break;
        }
        let (status, retry_after) = match connection.send(&request).await {
            Ok(answer) => {
                (shared.load.hear)(n, &answer);
                (answer.status, answer.status >= 429 && answer.header("retry-after").is_some())
            }
            Err(error) => {
                shared.failure.set(shared.failure.take().or(Some(error)));
                (0, false)
            }
        };
        let (at, latency) = (micros(shared.began.elapsed()), micros(due.elapsed()));
        shared.taken.borrow_mut().push(Taken { at, latency, status, retry_after });
    }
}

impl Shared {
    /// When request `n` is due; none when there is no such request.
    fn due(&self, n: usize) -> Option<Instant> {
        match &self.load.arrivals {
            Arrivals::Closed => Some(Instant::now()),
            Arrivals::At(moments) => moments.get(n).map(|micros| self.began + Duration::from_micros(u64::from(*micros))),
        }
    }
}

pub(crate) fn micros(time: Duration) -> u32 {
    u32::try_from(time.as_micros()).unwrap_or(u32::MAX)
}

impl Tally {
    /// How many answers had this status.
    pub(crate) fn count(&self, status: u16) -> usize {
        self.taken.iter().filter(|taken| taken.status == status).count()
    }

    /// How many requests had no answer.
    pub(crate) fn unanswered(&self) -> usize {
        self.count(0)
    }

    /// How many were told to come back later, and when.
    pub(crate) fn refused(&self) -> usize {
        self.taken.iter().filter(|taken| taken.status == 503 && taken.retry_after).count()
    }

    /// Answers of a status a second, from `from` up to `to`, or to the last one where that came before.
    pub(crate) fn rate(&self, status: u16, from: Duration, to: Duration) -> f64 {
        let (from, to) = (micros(from), micros(to));
        let (mut count, mut last) = (0_u32, from);
        for taken in self.taken.iter().filter(|taken| taken.status == status && (from..to).contains(&taken.at)) {
            count += 1;
            last = last.max(taken.at);
        }
        f64::from(count) / (f64::from(last - from) / 1e6).max(1e-6)
    }

    /// The latencies of the answers of a status, in order.
    pub(crate) fn latencies(&self, wanted: impl Fn(u16) -> bool) -> Latencies {
        Latencies::of(self.taken.iter().filter(|taken| wanted(taken.status)).map(|taken| taken.latency).collect())
    }

    /// `200: 10000, 409: 90000`
    pub(crate) fn by_status(&self) -> String {
        let mut counts = std::collections::BTreeMap::new();
        for taken in &self.taken {
            *counts.entry(taken.status).or_insert(0_usize) += 1;
        }
        let word = |status: u16| if status == 0 { "none".to_owned() } else { status.to_string() };
        let counts = counts.into_iter().map(|(status, count)| format!("{}: {count}", word(status))).collect::<Vec<_>>().join(", ");
        self.failure.as_ref().map_or(counts.clone(), |failure| format!("{counts} ({failure})"))
    }
}

/// Every latency, in order, so that a percentile is one of them and no estimate. Microseconds.
pub(crate) struct Latencies(Vec<u32>);

impl Latencies {
    pub(crate) fn of(mut micros: Vec<u32>) -> Self {
        micros.sort_unstable();
        Self(micros)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The longest, in milliseconds.
    pub(crate) fn max_ms(&self) -> f64 {
        self.ms(100.0)
    }

    /// The latency that so many of a hundred do not exceed, in milliseconds; 0 when there is none.
    pub(crate) fn ms(&self, percent: f64) -> f64 {
        let at = ((percent / 100.0 * self.0.len() as f64).ceil() as usize).clamp(1, self.0.len().max(1)) - 1;
        self.0.get(at).map_or(0.0, |micros| f64::from(*micros) / 1e3)
    }
}
