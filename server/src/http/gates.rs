//! Gates: how many calls of a kind are in progress at once, so that a flood of one kind leaves room for the others.
//!
//! In front of each gate a bounded number waits for a bounded time; whoever comes then is told so at once. Signing in as staff has
//! no gate here: hashing a password has one of its own, in the engine.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use domain::error::Error;
use domain::reason::Reason;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

/// How many wait in front of a gate, for each that is inside.
const WAITING_FOR_EACH: usize = 2;
/// How long they wait at most.
const PATIENCE: Duration = Duration::from_secs(2);
/// Seconds that whoever is turned away is asked to wait.
const RETRY_AFTER_S: u32 = 2;
/// Time between two who are turned away at the door, in microseconds. Thirty thousand a second would take the processor from those inside:
/// then the next one hears it a little later, and comes again later.
const BETWEEN_REFUSALS_US: u64 = 125;
/// How much later at most, in microseconds.
const LATEST_REFUSAL_US: u64 = 1_000_000;

/// What kind a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A citizen takes, changes or gives up a place.
    Bookings,
    /// A citizen signs in, or writes down who comes.
    Accounts,
    /// A citizen looks at what is theirs.
    Reading,
    /// Staff at work.
    Staff,
    /// Staff who sign in.
    Doorway,
}

impl Kind {
    /// The kind of a call, by its path.
    pub(super) fn of(path: &str) -> Self {
        match path.strip_prefix("/api/").unwrap_or(path) {
            "bookings/reserve" | "bookings/move" | "bookings/cancel" => Self::Bookings,
            "accounts/send_code" | "accounts/sign_in" | "accounts/sign_out" | "accounts/sign_out_everywhere" => Self::Accounts,
            "accounts/set_lang" | "accounts/unbind_wechat" | "people/save" | "people/remove" => Self::Accounts,
            "accounts/consent" | "accounts/send_own_code" | "accounts/own_data" | "accounts/erase" => Self::Accounts,
            "left_over/ask" | "left_over/withdraw" => Self::Accounts,
            "left_over/call_list" | "left_over/reveal" | "left_over/called" => Self::Staff,
            "staff/sign_in" => Self::Doorway,
            call if ["staff/", "checkin/", "desk/", "offline/", "schedule/", "messages/"]
                .iter()
                .any(|noun| call.starts_with(noun)) =>
            {
                Self::Staff
            }
            _ => Self::Reading,
        }
    }
}

/// How many calls of each kind are in progress at once.
#[derive(Clone, Copy, Debug)]
pub struct Widths {
    /// Reservations, moves and cancellations.
    pub bookings: usize,
    /// Sign-ins of citizens, and changes of their people.
    pub accounts: usize,
    /// Citizens' other calls.
    pub reading: usize,
    /// Calls of staff.
    pub staff: usize,
}

/// The gates of all kinds.
pub(super) struct Gates {
    bookings: Gate,
    accounts: Gate,
    reading: Gate,
    staff: Gate,
    /// When the next one who is turned away at the door hears it.
    refusals: Pace,
}

/// The gate of a kind.
pub(super) struct Gate {
    inside: Semaphore,
    waiting: Semaphore,
    turned_away: AtomicU64,
}

impl Gates {
    pub(super) fn new(widths: Widths) -> Self {
        Self {
            bookings: Gate::new(widths.bookings),
            accounts: Gate::new(widths.accounts),
            reading: Gate::new(widths.reading),
            staff: Gate::new(widths.staff),
            refusals: Pace::new(),
        }
    }

    /// How long the next one who is turned away at the door waits to hear it: nothing, but in a flood.
    pub(super) fn turn_to_refuse(&self) -> Duration {
        self.refusals.turn()
    }

    /// The gate of a kind, if it has one.
    pub(super) fn of(&self, kind: Kind) -> Option<&Gate> {
        match kind {
            Kind::Bookings => Some(&self.bookings),
            Kind::Accounts => Some(&self.accounts),
            Kind::Reading => Some(&self.reading),
            Kind::Staff => Some(&self.staff),
            Kind::Doorway => None,
        }
    }

    /// How many calls each gate has turned away.
    pub(super) fn turned_away(&self) -> [(&'static str, u64); 4] {
        let count = |gate: &Gate| gate.turned_away.load(Ordering::Relaxed);
        [
            ("bookings", count(&self.bookings)),
            ("accounts", count(&self.accounts)),
            ("reading", count(&self.reading)),
            ("staff", count(&self.staff)),
        ]
    }
}

/// Whose turn it is, at a bounded pace.
struct Pace {
    began: Instant,
    /// When the next turn is, in microseconds since then.
    next: AtomicU64,
}

impl Pace {
    fn new() -> Self {
        Self { began: Instant::now(), next: AtomicU64::new(0) }
    }

    /// How long to wait for one's turn.
    fn turn(&self) -> Duration {
        let now = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
        let turn = |next: u64| next.clamp(now, now + LATEST_REFUSAL_US);
        let next = self.next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |next| Some(turn(next) + BETWEEN_REFUSALS_US));
        Duration::from_micros(turn(next.unwrap_or_default()) - now)
    }
}

impl Gate {
    fn new(width: usize) -> Self {
        Self {
            inside: Semaphore::new(width),
            waiting: Semaphore::new(width.saturating_mul(WAITING_FOR_EACH).min(Semaphore::MAX_PERMITS)),
            turned_away: AtomicU64::new(0),
        }
    }

    /// Refuses at once when nobody may even wait any more: before anything is read, decided or logged for nothing.
    pub(super) fn glance(&self) -> Result<(), Error> {
        if self.inside.available_permits() == 0 && self.waiting.available_permits() == 0 { Err(self.full()) } else { Ok(()) }
    }

    /// Waits for a place inside, which is held as long as the permit is.
    ///
    /// # Errors
    /// `busy` at once where too many wait already, and when it takes too long.
    pub(super) async fn enter(&self) -> Result<SemaphorePermit<'_>, Error> {
        if let Ok(place) = self.inside.try_acquire() {
            return Ok(place);
        }
        let _waiting = self.waiting.try_acquire().map_err(|_| self.full())?;
        match tokio::time::timeout(PATIENCE, self.inside.acquire()).await {
            Ok(Ok(place)) => Ok(place),
            // nobody closes it: what is left is that it took too long
            _ => Err(self.full()),
        }
    }

    fn full(&self) -> Error {
        self.turned_away.fetch_add(1, Ordering::Relaxed);
        Error::later(Reason::Busy, RETRY_AFTER_S)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::error::ErrorCode;

    #[test]
    fn every_call_has_its_kind() {
        for (path, kind) in [
            ("/api/bookings/reserve", Kind::Bookings),
            ("/api/bookings/cancel", Kind::Bookings),
            ("/api/bookings/list", Kind::Reading),
            ("/api/accounts/send_code", Kind::Accounts),
            ("/api/accounts/sign_out_everywhere", Kind::Accounts),
            ("/api/accounts/unbind_wechat", Kind::Accounts),
            ("/api/accounts/me", Kind::Reading),
            ("/api/people/save", Kind::Accounts),
            ("/api/people/list", Kind::Reading),
            ("/api/notices/current", Kind::Reading),
            ("/api/checkin/redeem", Kind::Staff),
            ("/api/schedule/close", Kind::Staff),
            ("/api/staff/me", Kind::Staff),
            ("/api/staff/sign_in", Kind::Doorway),
        ] {
            assert_eq!(Kind::of(path), kind, "{path}");
        }
    }

    fn gates() -> Gates {
        Gates::new(Widths { bookings: 1, accounts: 1, reading: 1, staff: 1 })
    }

    #[tokio::test]
    async fn a_flood_of_one_kind_is_turned_away_at_once_and_leaves_the_others_alone() {
        let gates = gates();
        let bookings = gates.of(Kind::Bookings).expect("a gate");
        let inside = bookings.enter().await.expect("free");
        let waiting: Vec<_> = (0..WAITING_FOR_EACH).map(|_| Box::pin(bookings.enter())).collect();
        let waiting = futures_util::future::join_all(waiting);
        tokio::pin!(waiting);
        assert!(futures_util::poll!(&mut waiting).is_pending());
        for _ in 0..3 {
            let refused = bookings.enter().await.expect_err("full");
            assert_eq!((refused.code, refused.retry_after_s), (ErrorCode::Busy, Some(RETRY_AFTER_S)));
        }
        assert!(bookings.glance().is_err());
        for other in [Kind::Accounts, Kind::Reading, Kind::Staff] {
            let gate = gates.of(other).expect("a gate");
            assert!(gate.glance().is_ok() && gate.enter().await.is_ok(), "{other:?}");
        }
        assert_eq!(gates.turned_away(), [("bookings", 4), ("accounts", 0), ("reading", 0), ("staff", 0)]);
        drop(inside);
        assert!(futures_util::poll!(&mut waiting).is_pending(), "one after the other");
        assert!(bookings.glance().is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn in_a_flood_the_refused_hear_it_one_after_the_other_and_within_a_second() {
        let pace = Pace::new();
        assert_eq!(pace.turn(), Duration::ZERO);
        assert_eq!(pace.turn(), Duration::from_micros(BETWEEN_REFUSALS_US));
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(pace.turn(), Duration::ZERO, "in calm nobody waits");
        let latest = (0..100_000).map(|_| pace.turn()).max();
        assert_eq!(latest, Some(Duration::from_micros(LATEST_REFUSAL_US)));
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(pace.turn(), Duration::ZERO, "a flood leaves nothing behind");
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_ever() {
        let gates = gates();
        let staff = gates.of(Kind::Staff).expect("a gate");
        let _inside = staff.enter().await.expect("free");
        assert_eq!(staff.enter().await.expect_err("it takes too long").code, ErrorCode::Busy);
    }
}
