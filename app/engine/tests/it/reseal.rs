//! Sealing again after a rotation: everything opens and is found as before, nothing of the old key is left, whatever happens meanwhile.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use domain::identity::{DocumentDraft, DocumentKind};
use domain::person::{PersonDraft, Relation};
use engine::entropy::{Entropy, SystemEntropy};
use engine::keys::{FILE_NAME, Keys};
use engine::suite::Suite;
use engine::{Config, Engine, Resealed};

use crate::harness::{Kind, TestCity, draft, on_both_engines, resident_id, until};
use crate::rotation::{people_sealed_with, rotate};

on_both_engines!(
    what_was_planted_is_found_by_index_and_opens_when_the_old_key_is_forgotten,
    a_walk_that_is_killed_goes_on_where_it_was,
    a_row_that_changes_while_it_is_sealed_again_keeps_the_change,
    a_value_that_arrives_late_is_found_by_the_next_walk,
    two_processes_share_a_walk_while_the_city_books,
    nothing_is_walked_through_before_the_key_is_in_use_for_a_while,
    a_database_moves_from_aes_to_sm4_while_it_serves,
);

/// How many values each of the two versions has sealed.
async fn sealed(city: &TestCity) -> (u64, u64) {
    let rows = Engine::sealed_rows(&city.url).await.expect("counted");
    (rows.of(1), rows.of(2))
}

/// Adds a version, has it known, and lets its time come.
async fn rotated(city: &TestCity) {
    rotate(city);
    city.engine.reload_keys().await.expect("read");
    city.clock.step(chrono::Duration::minutes(11));
}

/// Until nothing is old, in steps of `rows`. Gives how many steps there were, and how many values they sealed.
async fn to_the_end(engine: &Engine, rows: u32) -> (u32, u64) {
    let (mut steps, mut values) = (0, 0);
    while let Resealed::Some(written) = engine.reseal_some(rows).await.expect("a step") {
        (steps, values) = (steps + 1, values + written);
    }
    (steps, values)
}

async fn what_was_planted_is_found_by_index_and_opens_when_the_old_key_is_forgotten(kind: Kind) {
    let city = TestCity::new(kind).await;
    let citizen = city.citizen("13987654321").await;
    let planted = PersonDraft {
        id: None,
        relation: Relation::Other,
        name: "欧阳种植".into(),
        phone: "13711223344".into(),
        document: DocumentDraft { kind: DocumentKind::ResidentId, number: resident_id("19570817", 642) },
        born_on: None,
        county: "431103".into(),
        address: "种植巷七十七号".into(),
    };
    let person = city.engine.save_person(&citizen, planted.clone()).await.expect("saved");
    let booking =
        city.engine.reserve(&citizen, city.request(&person, city.slot("one", "vero", 1, "09:00"), 1)).await.expect("booked");
    city.engine.send_due().await.expect("sent");
    let told = city.engine.demo_messages(Some("13711223344")).await.expect("the inbox");
    let (old, _) = sealed(&city).await;
    // the account, the person, the code, what told of the booking, and the database's own check
    assert_eq!(old, 5);

    rotated(&city).await;
    let (_, values) = to_the_end(&city.engine, 2).await;
    assert_eq!((values, sealed(&city).await), (4, (0, 5)), "all but the check are rows");

    // the old key is gone from the file, and a process that never knew it finds and opens all
    let path = city.dir.path().join(FILE_NAME);
    Keys::forget(&path, 1, domain::time::Clock::now(&*city.clock)).expect("forgotten");
    let after = city.another_process().await.expect("the check opens with the new key");
    for engine in [&city.engine, &after] {
        assert_eq!(engine.demo_messages(Some("13711223344")).await.as_ref(), Ok(&told));
        assert_eq!(engine.list_bookings(&citizen).await.expect("listed"), std::slice::from_ref(&booking));
        let same = engine.save_person(&citizen, planted.clone()).await.expect("saved");
        assert_eq!((same.id, same.name.as_str(), same.address.as_str()), (person.id, "欧阳种植", "种植巷七十七号"));
        assert_eq!(same.doses.len(), 1, "found by the document");
    }
    city.clock.step(chrono::Duration::minutes(2));
    assert_eq!(city.citizen("13987654321").await, citizen, "found by the phone");
    assert_eq!(city.engine.reload_keys().await.ok(), Some(true));
    assert_eq!(city.engine.list_people(&citizen).await.expect("opens").len(), 1);
    city.assert_balanced().await;
}

async fn a_walk_that_is_killed_goes_on_where_it_was(kind: Kind) {
    let city = TestCity::new(kind).await;
    let mut guests = Vec::new();
    for _ in 0..12 {
        guests.push(city.guest().await);
    }
    rotated(&city).await;
    let (all, _) = sealed(&city).await;
    // an account, a person and a code each, and the check
    assert_eq!(all, 3 * 12 + 1);

    let (mut before, mut kills) = (all, 0);
    while before > 20 {
        let process = city.another_process().await.expect("opens");
        let at_work = tokio::spawn({
            let process = process.clone();
            async move { to_the_end(&process, 2).await }
        });
        // killed as soon as it has done something, wherever it is by then
        while sealed(&city).await.0 == before {
            tokio::task::yield_now().await;
        }
        at_work.abort();
        let _ = at_work.await;
        process.stop().await;
        (before, kills) = (sealed(&city).await.0, kills + 1);
    }
    assert!(kills > 0);
    // it begins where it was: what is left, and one more walk that finds nothing
    let left = before.saturating_sub(1);
    let (steps, values) = to_the_end(&city.another_process().await.expect("opens"), 2).await;
    assert_eq!((values, sealed(&city).await), (left, (0, all)));
    assert!(u64::from(steps) <= left.div_ceil(2) + 4, "{steps} steps for {left} values");
    for guest in &guests {
        let listed = city.engine.list_people(&guest.citizen).await.expect("opens");
        assert_eq!(listed, std::slice::from_ref(&guest.person));
    }
    assert_eq!(city.engine.reseal_some(2).await, Ok(Resealed::Nothing));
}

/// Randomness that stops, when it was told to, until it is let go.
#[derive(Default)]
struct Gate {
    /// Whether the next draw is to stop; whether one has.
    state: Mutex<(bool, bool)>,
    moved: Condvar,
}

impl Gate {
    fn close(&self) {
        self.state.lock().expect("no test panics here").0 = true;
    }

    fn is_met(&self) -> bool {
        self.state.lock().expect("no test panics here").1
    }

    fn open(&self) {
        self.state.lock().expect("no test panics here").0 = false;
        self.moved.notify_all();
    }
}

impl Entropy for Gate {
    fn fill(&self, bytes: &mut [u8]) {
        let mut state = self.state.lock().expect("no test panics here");
        while state.0 {
            state.1 = true;
            state = self.moved.wait(state).expect("no test panics here");
        }
        SystemEntropy.fill(bytes);
    }
}

async fn a_row_that_changes_while_it_is_sealed_again_keeps_the_change(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = city.guest().await;
    let mut changed = draft(Relation::Other, city.next());
    city.engine.save_person(&guest.citizen, changed.clone()).await.expect("saved");
    rotate(&city);
    city.clock.step(chrono::Duration::minutes(11));

    // the rows are read, and the first nonce is about to be drawn; on a runtime of its own, for it stands still meanwhile
    let gate = Arc::new(Gate::default());
    let config = Config { entropy: gate.clone(), ..city.another_config() };
    let step = std::thread::spawn({
        let gate = gate.clone();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        move || {
            runtime.block_on(async {
                let other = Engine::open(config).await.expect("opens");
                gate.close();
                let step = other.reseal_some(256).await;
                other.stop().await;
                step
            })
        }
    });
    until("the rows are read", || gate.is_met()).await;
    // a process that has not looked for the new key: nothing but the old bytes tells that this row is another
    changed.address = "新街一百二十一号".into();
    city.engine.save_person(&guest.citizen, changed).await.expect("saved");
    gate.open();
    let step = tokio::task::spawn_blocking(|| step.join().expect("it ends")).await.expect("it ends");
    assert_eq!(step, Ok(Resealed::Some(1)), "the other person's row only");

    assert_eq!(people_sealed_with(&city, 1).await, 1, "what came meanwhile is sealed as it was written");
    let listed = city.engine.list_people(&guest.citizen).await;
    assert!(listed.is_err(), "this process has not looked for the new key yet: {listed:?}");
    city.engine.reload_keys().await.expect("read");
    let listed = city.engine.list_people(&guest.citizen).await.expect("opens");
    assert_eq!(listed[1].address, "新街一百二十一号");
    // the next walk finds it
    to_the_end(&city.engine, 256).await;
    assert_eq!(sealed(&city).await.0, 0);
    assert_eq!(city.engine.list_people(&guest.citizen).await.expect("opens"), listed);
}

async fn a_value_that_arrives_late_is_found_by_the_next_walk(kind: Kind) {
    let city = TestCity::new(kind).await;
    let late = city.another_process().await.expect("opens");
    let guest = city.guest().await;
    rotated(&city).await;
    to_the_end(&city.engine, 256).await;
    assert_eq!(sealed(&city).await.0, 0);
    // by a process that has missed the new key
    late.save_person(&guest.citizen, draft(Relation::Other, city.next())).await.expect("saved");
    assert_eq!(city.engine.reseal_some(256).await, Ok(Resealed::Nothing), "it believes that there is nothing");
    assert_eq!(Engine::still_sealed_with(&city.url, 1).await.ok(), Some(1), "whoever wants to forget the key is told");
    assert_eq!(to_the_end(&city.engine, 256).await.1, 1, "and it is looked for");
    assert_eq!(Engine::still_sealed_with(&city.url, 1).await.ok(), Some(0));
    assert_eq!(city.engine.reseal_some(256).await, Ok(Resealed::Nothing));
}

async fn two_processes_share_a_walk_while_the_city_books(kind: Kind) {
    let city = TestCity::new(kind).await;
    let mut guests = Vec::new();
    for _ in 0..8 {
        guests.push(city.guest().await);
    }
    rotate(&city);
    city.engine.reload_keys().await.expect("read");
    let other = city.another_process().await.expect("opens");
    city.clock.step(chrono::Duration::minutes(11));
    let (old, _) = sealed(&city).await;
    let book = async {
        for (guest, start) in guests.iter().zip(["08:30", "09:00", "09:30", "10:00", "10:30", "11:00", "11:30", "08:30"]) {
            city.book(guest, city.slot("one", "vero", 1, start), 1).await.expect("booked");
        }
    };
    let both = async { tokio::join!(to_the_end(&city.engine, 1), to_the_end(&other, 1), book) };
    let ((_, ours), (_, theirs), ()) = tokio::time::timeout(Duration::from_secs(60), both).await.expect("it comes to an end");
    assert_eq!(ours + theirs, old - 1, "each value once");
    assert_eq!(sealed(&city).await.0, 0);
    for guest in &guests {
        assert_eq!(other.list_bookings(&guest.citizen).await.expect("opens")[0].person.name, guest.person.name);
    }
    city.assert_balanced().await;
}

async fn nothing_is_walked_through_before_the_key_is_in_use_for_a_while(kind: Kind) {
    let city = TestCity::new(kind).await;
    city.guest().await;
    assert_eq!(city.engine.reseal_some(256).await, Ok(Resealed::Nothing), "there is one key");
    rotate(&city);
    city.engine.reload_keys().await.expect("read");
    city.clock.step(chrono::Duration::minutes(10));
    assert_eq!(city.engine.reseal_some(256).await, Ok(Resealed::Nothing), "what the old one sealed may be on its way");
    city.clock.step(chrono::Duration::minutes(1));
    assert!(matches!(city.engine.reseal_some(256).await, Ok(Resealed::Some(1..))));
}

async fn a_database_moves_from_aes_to_sm4_while_it_serves(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = city.guest().await;
    let now = domain::time::Clock::now(&*city.clock);
    let seals_from = now + chrono::Duration::minutes(10);
    Keys::rotate(&city.dir.path().join(FILE_NAME), Some(Suite::Sm), now, seals_from, &SystemEntropy).expect("rotated");
    city.engine.reload_keys().await.expect("read");
    city.clock.step(chrono::Duration::minutes(11));
    to_the_end(&city.engine, 256).await;
    for (table, column) in [("people", "sealed"), ("accounts", "phone_sealed"), ("messages", "sealed"), ("facts", "value")] {
        let only = if table == "facts" { "name = 'key-check'" } else { "id IS NOT NULL" };
        let hex = if kind == Kind::Sqlite {
            format!("hex(substr({column}, 1, 2))")
        } else {
            format!("encode(substr({column}, 1, 2), 'hex')")
        };
        let heads = city.column(&format!("SELECT DISTINCT {hex} FROM {table} WHERE {only}")).await;
        assert_eq!(heads, ["0202"], "{table}");
    }
    let listed = city.engine.list_people(&guest.citizen).await.expect("opens");
    assert_eq!(listed, std::slice::from_ref(&guest.person));
    city.another_process().await.expect("opens").list_people(&guest.citizen).await.expect("opens");
}
