//! The same acts, done by the engine on a real database, and what it answered compared with what the world says.

use std::sync::atomic::{AtomicU32, Ordering};

use domain::Uuid;
use domain::access::Role;
use domain::booking::{Booking, Consent, Move, Reserve};
use domain::checkin::{Outcome, Redeem};
use domain::code::Code;
use domain::error::Error;
use domain::person::{PersonDraft, Relation};
use domain::reason::Reason;
use domain::screening::Screening;
use domain::slot::{Terms, Window};
use domain::time::instant;
use engine::{Citizen, Engine, Limits, Staff};

use super::world::{Act, Answer, Person, Refusal, Slot, World};
use crate::harness::{Kind, MORNING, TestCity, draft};

/// The numbers under which documents are drawn.
pub const DOCUMENT: u32 = 500;

/// A city that is played in, one game after the other.
pub struct Play {
    pub city: TestCity,
    /// Two processes on one database, which take turns.
    engines: [Engine; 2],
    turn: AtomicU32,
    pub accounts: Vec<Citizen>,
    staff: [Staff; 2],
    pub slots: Vec<(Uuid, Slot)>,
    /// Request ids and scans are never used twice, also not in another game.
    game: AtomicU32,
}

/// What the engine calls the things of the world.
#[derive(Clone, Debug, Default)]
pub struct Names {
    pub codes: Vec<Code>,
    pub people: Vec<Uuid>,
}

/// What the engine answered.
#[derive(Clone)]
pub enum Seen {
    Booking(Box<Booking>),
    CheckedIn(Outcome),
    Person(Uuid),
    Done,
}

impl std::fmt::Debug for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Booking(shown) => {
                write!(f, "{} {} dose {}, {} {}", shown.code, shown.state, shown.dose, shown.window.date, shown.window.text())
            }
            Self::CheckedIn(outcome) => write!(f, "{outcome}"),
            Self::Person(id) => write!(f, "person {id}"),
            Self::Done => f.write_str("done"),
        }
    }
}

impl Play {
    /// A city with three accounts, and a manager at each of its two sites.
    pub async fn new(kind: Kind) -> Self {
        let city = TestCity::empty(kind, Limits { others_an_account: 5, ..Limits::default() }).await;
        city.engine.write_schedule().await.expect("the schedule is written");
        let staff = [city.staff("one", Role::Manager, "one").await, city.staff("two", Role::Manager, "two").await];
        let mut accounts = vec![];
        for phone in ["13800000001", "13800000002", "13800000003"] {
            accounts.push(city.citizen(phone).await);
        }
        let slots = slots(&city).await;
        let engines = [city.engine.clone(), city.another_process().await.expect("opens")];
        Self { city, engines, turn: AtomicU32::new(0), accounts, staff, slots, game: AtomicU32::new(0) }
    }

    /// Begins a game: the same morning, the same people, empty slots with so many places.
    pub async fn begin(&self, places: &[u32]) -> (World, Names) {
        self.game.fetch_add(1, Ordering::Relaxed);
        self.city.clock.set(MORNING.parse().expect("an instant"));
        for table in ["messages", "requests", "bookings", "audit", "people"] {
            self.city.try_execute(&format!("DELETE FROM {table}")).await.expect("emptied");
        }
        let mut world =
            World { now: self.city.engine.now(), slots: vec![], people: vec![], bookings: vec![], answered: Default::default() };
        for ((id, slot), places) in self.slots.iter().zip(places) {
            let terms = Terms { capacity: *places, ..slot.terms };
            let sql = "UPDATE slots SET capacity = $1, taken = 0, closed = FALSE, opens_at = $2, version = version + 1, changed_at = $3 WHERE id = $4";
            let capacity = i32::try_from(*places).expect("few");
            self.city.execute(sql, [capacity.into(), terms.opens_at.into(), world.now.into(), (*id).into()]).await;
            world.slots.push(Slot { terms, ..slot.clone() });
        }
        let mut names = Names::default();
        // oneself thrice, and a mother whom two accounts know
        for (account, document, relation) in [
            (0, 0, Relation::Myself),
            (1, 1, Relation::Myself),
            (2, 2, Relation::Myself),
            (0, 3, Relation::Other),
            (1, 3, Relation::Other),
        ] {
            let person = self.city.engine.save_person(&self.accounts[account], draft(relation, DOCUMENT + document)).await;
            names.people.push(person.expect("saved").id);
            let document = u8::try_from(document).expect("few");
            world.people.push(Person { account, document, oneself: relation == Relation::Myself, removed: false });
        }
        (world, names)
    }

    /// Does one act, in the one process or the other.
    pub async fn act(&self, names: &Names, act: &Act) -> Result<Seen, Error> {
        let engine = &self.engines[self.turn.fetch_add(1, Ordering::Relaxed) as usize % 2];
        let who = |account: usize| &self.accounts[account];
        let code = |booking: usize| names.codes[booking].to_string();
        let booking = |answer: Result<Booking, Error>| answer.map(|booking| Seen::Booking(Box::new(booking)));
        match *act {
            Act::Reserve { id, account, person, slot, dose, declared } => {
                let reserve = Reserve {
                    request_id: self.uuid(id),
                    person_id: names.people[person],
                    slot_id: self.slots[slot].0,
                    dose,
                    previous_dose_on: declared,
                    screening: Screening::default(),
                    consent: Consent { version: engine.notice().version.clone() },
                };
                booking(engine.reserve(who(account), reserve).await)
            }
            Act::Move { id, account, booking: which, slot } => {
                let to = Move { request_id: self.uuid(id), code: code(which), slot_id: self.slots[slot].0 };
                booking(engine.move_booking(who(account), to).await)
            }
            Act::Cancel { account, booking: which } => booking(engine.cancel(who(account), &code(which)).await),
            Act::Redeem { site, booking, scan } => {
                let scan = Redeem { code: code(booking), nonce: self.uuid(scan), lot: None, accept: None };
                engine.redeem(&self.staff[site], scan).await.map(|done| Seen::CheckedIn(done.outcome))
            }
            Act::Undo { site, booking } => {
                engine.undo(&self.staff[site], &code(booking), "a slip").await.map(|done| Seen::CheckedIn(done.outcome))
            }
            Act::Change { account, person, document } => {
                let change =
                    PersonDraft { id: Some(names.people[person]), ..draft(Relation::Other, DOCUMENT + u32::from(document)) };
                engine.save_person(who(account), change).await.map(|person| Seen::Person(person.id))
            }
            Act::Add { account, document } => {
                let new = draft(Relation::Other, DOCUMENT + u32::from(document));
                engine.save_person(who(account), new).await.map(|person| Seen::Person(person.id))
            }
            Act::Remove { account, person } => engine.remove_person(who(account), names.people[person]).await.map(|()| Seen::Done),
            Act::Places { slot, places } => {
                let places = i32::try_from(places).expect("few");
                self.office(slot, "capacity = CASE WHEN taken > $1 THEN taken ELSE $1 END", places.into()).await;
                Ok(Seen::Done)
            }
            Act::Close { slot, closed } => {
                self.office(slot, "closed = $1", closed.into()).await;
                Ok(Seen::Done)
            }
        }
    }

    /// What the office does to a slot, which has no call yet.
    async fn office(&self, slot: usize, set: &str, value: sea_orm::Value) {
        let sql = format!("UPDATE slots SET {set}, version = version + 1, changed_at = $2 WHERE id = $3");
        self.city.execute(&sql, [value, self.city.engine.now().into(), self.slots[slot].0.into()]).await;
    }

    fn uuid(&self, number: u32) -> Uuid {
        Uuid::from_u128(u128::from(self.game.load(Ordering::Relaxed)) << 32 | u128::from(number))
    }

    /// Whether the engine's answer is the world's. What is new gets its name. `alone`: nothing else happened meanwhile, so the answer shows
    /// the world as it now is.
    pub fn agree(&self, world: &World, names: &mut Names, answer: &Answer, seen: &Result<Seen, Error>, alone: bool) -> bool {
        match (answer, seen) {
            (Answer::Booking(which), Ok(Seen::Booking(shown))) => {
                if *which == names.codes.len() {
                    names.codes.push(shown.code);
                }
                names.codes[*which] == shown.code && (!alone || self.shows(world, names, *which, shown))
            }
            (Answer::Person(which), Ok(Seen::Person(id))) => {
                if *which == names.people.len() {
                    names.people.push(*id);
                }
                names.people[*which] == *id
            }
            (Answer::Redeemed, Ok(Seen::CheckedIn(outcome))) => *outcome == Outcome::Redeemed,
            (Answer::Undone, Ok(Seen::CheckedIn(outcome))) => *outcome == Outcome::Undone,
            (Answer::Done, Ok(Seen::Done)) => true,
            (Answer::No(refusal), Err(error)) => refuses(names, refusal, error, alone),
            _ => false,
        }
    }

    /// Does an act in the world and tells whether that explains the engine's answer.
    pub fn agree_after(&self, world: &mut World, names: &mut Names, act: &Act, seen: &Result<Seen, Error>) -> bool {
        let answer = world.act(act);
        self.agree(world, names, &answer, seen, false)
    }

    /// Whether a booking is shown as it is in the world.
    pub fn shows(&self, world: &World, names: &Names, which: usize, shown: &Booking) -> bool {
        let (booking, state) = (&world.bookings[which], world.state(which));
        let slot = &world.slots[booking.slot];
        (shown.code, shown.state, shown.dose, shown.window, shown.vaccine.id.as_str())
            == (names.codes[which], state, booking.dose, slot.terms.window, slot.vaccine)
            && shown.person.id == names.people[booking.person]
            && shown.site.id == self.city.site(SITES[slot.site])
            && shown.pass.is_some() == state.is_live()
    }
}

/// Whether an error is the refusal that it must be.
fn refuses(names: &Names, refusal: &Refusal, error: &Error, alone: bool) -> bool {
    let expected = |reason: Reason| match refusal.field {
        Some(field) => Error::field(field, reason),
        None => Error::new(reason),
    };
    match (&refusal.reason, &error.reason) {
        (Reason::AlreadyBooked { .. }, Some(Reason::AlreadyBooked { code })) => {
            let own = |code: &Code| refusal.own.iter().any(|own| names.codes[*own] == *code);
            // who asks while others book and cancel may be told of a booking that has just come or gone
            (code.as_ref().map_or(refusal.own.is_empty(), own) || !alone)
                && *error == expected(Reason::AlreadyBooked { code: *code })
        }
        (reason, _) => *error == expected(reason.clone()),
    }
}

/// The keys of the sites, as the world numbers them.
const SITES: [&str; 2] = ["one", "two"];

/// Today, tomorrow, released at noon, of another product, and after the first dose's three weeks.
async fn slots(city: &TestCity) -> Vec<(Uuid, Slot)> {
    let slot = |site: usize, vaccine: &'static str, ahead: u32, start: &str, opens: Option<&str>| {
        let time = |text| domain::time::hhmm::parse(text).expect("HH:MM");
        let (id, date) = (city.slot(SITES[site], vaccine, ahead, start), city.day(ahead));
        let start = time(start);
        let end = start + chrono::Duration::minutes(30);
        let opens_at = instant(city.today(), opens.map_or(chrono::NaiveTime::MIN, time));
        let terms = Terms { window: Window { date, start, end }, capacity: 0, taken: 0, opens_at, closed: false };
        (id, Slot { site, vaccine, terms })
    };
    let mut slots = vec![
        slot(0, "vero", 0, "09:00", None),
        slot(0, "vero", 0, "11:30", None),
        slot(1, "vero", 1, "09:00", None),
        slot(0, "vero", 1, "10:00", Some("12:00")),
        slot(0, "ad5", 1, "16:00", None),
    ];
    // beyond the schedule, which ends before a second dose may be given
    let (like, mut far) = slot(1, "vero", 13, "10:30", None);
    far.terms.window.date = city.day(23);
    slots.push((city.copy_slot(like, far.terms.window.date).await, far));
    slots
}
