//! The ledger: it balances after everything that the engine does, and names every row that somebody else has put out of balance.

use std::collections::HashSet;
use std::sync::Arc;

use domain::access::Role;
use domain::booking::{Booking, BookingState};
use domain::checkin::Redeem;
use domain::{NaiveDate, Uuid};
use engine::{Engine, Ledger, OpenError};
use sea_orm::Value;

use crate::harness::{Guest, Kind, TestCity, on_both_engines};

on_both_engines!(
    what_a_city_does_balances_and_is_counted,
    every_row_that_breaks_a_rule_is_named,
    a_person_with_two_live_bookings_of_a_dose_is_seen_on_both,
    the_first_hundred_rows_are_named_and_all_are_counted,
    it_is_one_snapshot_while_others_book,
    a_database_that_is_not_there_or_not_up_to_date_is_refused_and_left_alone,
    an_engine_that_finds_its_days_to_come_out_of_balance_says_so_until_they_are_mended,
);

/// A booking in each state, one of them moved.
struct Day {
    guest: Guest,
    waiting: Booking,
    redeemed: Booking,
    cancelled: Booking,
    missed: Booking,
}

async fn a_day(city: &TestCity) -> Day {
    let nurse = city.staff("nurse", Role::Nurse, "one").await;
    let (guest, sleeper, patient, quitter) = (city.guest().await, city.guest().await, city.guest().await, city.guest().await);
    let missed = city.book(&sleeper, city.slot("one", "vero", 0, "09:00"), 1).await.expect("booked");
    city.clock.set_civil(city.day(1), "08:00");
    let redeemed = city.book(&patient, city.slot("one", "vero", 0, "09:00"), 1).await.expect("booked");
    let cancelled = city.book(&quitter, city.slot("one", "vero", 0, "09:00"), 1).await.expect("booked");
    let waiting = city.book(&guest, city.slot("one", "vero", 0, "09:00"), 1).await.expect("booked");
    city.engine.sweep().await.expect("swept");
    city.engine.cancel(&quitter.citizen, cancelled.code.as_str()).await.expect("cancelled");
    let waiting = city.move_to(&guest, &waiting, city.slot("two", "vero", 1, "09:30")).await.expect("moved");
    let scan = Redeem { code: redeemed.code.to_string(), nonce: city.engine_id(), lot: Some("L-1".into()), accept: None };
    city.engine.redeem(&nurse, scan).await.expect("redeemed");
    Day { guest, waiting, redeemed, cancelled, missed }
}

async fn ledger(city: &TestCity) -> Ledger {
    city.engine.ledger().await.expect("the ledger is read")
}

async fn what_a_city_does_balances_and_is_counted(kind: Kind) {
    let city = TestCity::new(kind).await;
    a_day(&city).await;
    let ledger = ledger(&city).await;
    assert_eq!(ledger.broken, []);
    // two weeks of two sites: (7 + 4 + 2 + 7) windows a day with ten places each
    assert_eq!((ledger.slots, ledger.places, ledger.taken, ledger.free()), (280, 2800, 3, 2797));
    use BookingState::{Booked, Cancelled, Missed, Redeemed};
    assert_eq!(ledger.bookings, [(Booked, 1), (Redeemed, 1), (Cancelled, 1), (Missed, 1)]);
    assert_eq!(ledger.requests, 5);
    assert_eq!(i64::try_from(ledger.messages).expect("few"), city.count("SELECT count(*) FROM messages").await);
    assert_eq!(Engine::check_ledger(&city.url, city.today()).await.expect("it is read"), ledger, "from outside it looks the same");
}

/// Takes the database's own guards away: what they forbid, a restored backup or a careless hand may bring.
async fn without_guards(city: &TestCity) {
    let statements: &[&str] = match city.kind {
        Kind::Sqlite => &["PRAGMA foreign_keys = OFF", "PRAGMA ignore_check_constraints = ON", "DROP INDEX bookings_one_live"],
        Kind::Postgres => &[
            "SET session_replication_role = replica",
            "ALTER TABLE slots DROP CONSTRAINT slots_never_oversold",
            "ALTER TABLE bookings DROP CONSTRAINT bookings_redeemed_by_somebody",
            "DROP INDEX bookings_one_live",
        ],
    };
    for statement in statements {
        city.try_execute(statement).await.expect(statement);
    }
}

/// A row, and how a table finds it.
#[derive(Clone)]
struct At {
    table: &'static str,
    column: &'static str,
    key: Value,
    /// As the ledger names it.
    name: String,
}

fn slot_at(id: Uuid) -> At {
    At { table: "slots", column: "id", key: id.into(), name: id.to_string() }
}

fn booking_at(booking: &Booking) -> At {
    At { table: "bookings", column: "code", key: booking.code.as_str().into(), name: booking.code.to_string() }
}

/// A value that is put where it is wrong, and what the ledger then says: of which row, what it expects, what it finds.
struct Break {
    at: At,
    column: &'static str,
    value: Value,
    named: At,
    expected: String,
    found: &'static str,
}

async fn every_row_that_breaks_a_rule_is_named(kind: Kind) {
    let city = TestCity::new(kind).await;
    let day = a_day(&city).await;
    without_guards(&city).await;
    for table in ["slots", "bookings", "people", "messages", "requests"] {
        city.try_execute(&format!("CREATE TABLE kept_{table} AS SELECT * FROM {table}")).await.expect("kept");
    }
    for Break { at: At { table, column: by, key, .. }, column, value, named, expected, found } in breaks(&city, &day).await {
        let case = format!("{table}.{column} = {value}");
        city.execute(&format!("UPDATE {table} SET {column} = $1 WHERE {by} = $2"), [value, key.clone()]).await;
        let broken = ledger(&city).await.broken;
        assert_eq!(broken.len(), 1, "{case}: {broken:?}");
        assert_eq!((broken[0].table, broken[0].count), (named.table, 1), "{case}");
        let [row] = &broken[0].rows[..] else { panic!("{case}: {broken:?}") };
        assert_eq!((&row.key, &row.expected, row.found.as_str()), (&named.name, &expected, found), "{case}");
        let mend = format!("UPDATE {table} SET {column} = (SELECT {column} FROM kept_{table} WHERE {by} = $1) WHERE {by} = $1");
        city.execute(&mend, [key]).await;
        assert_eq!(ledger(&city).await.broken, [], "{case}, mended");
    }
}

async fn breaks(city: &TestCity, day: &Day) -> Vec<Break> {
    let nobody = || Value::from(Uuid::from_u128(7));
    let nothing = || Value::from(None::<Uuid>);
    let (taken, free, first) =
        (city.slot("two", "vero", 1, "09:30"), city.slot("two", "vero", 1, "10:00"), city.slot("one", "vero", 0, "09:00"));
    let (waiting, redeemed, cancelled, missed) =
        (booking_at(&day.waiting), booking_at(&day.redeemed), booking_at(&day.cancelled), booking_at(&day.missed));
    let row = |table, id: Uuid| At { table, column: "id", key: id.into(), name: id.to_string() };
    let person = row("people", day.guest.person.id);
    let message = row("messages", city.id("SELECT id FROM messages WHERE kind = 'moved'").await);
    let request = row("requests", city.id("SELECT id FROM requests ORDER BY id LIMIT 1").await);
    let broken = |at: &At, column, value: Value, named: &At, expected: &str, found| Break {
        at: at.clone(),
        column,
        value,
        named: named.clone(),
        expected: expected.to_owned(),
        found,
    };
    let (theirs, traces, none) = ("the person that it was made for", "when, by whom, by which scan", "no trace of a jab");
    let versions = format!("version 1 to 2 of booking {}", waiting.name);
    vec![
        broken(&slot_at(taken), "taken", 2.into(), &slot_at(taken), "1 taken", "2 taken"),
        broken(&slot_at(free), "taken", 1.into(), &slot_at(free), "0 taken", "1 taken"),
        broken(&slot_at(taken), "capacity", 0.into(), &slot_at(taken), "from 0 to 0 taken", "1 taken"),
        // the place was given back, the booking is not called off
        broken(&cancelled, "state", "booked".into(), &slot_at(first), "2 taken", "1 taken"),
        broken(&cancelled, "slot_id", nobody(), &cancelled, "its slot", "no such slot"),
        broken(&waiting, "person_id", nobody(), &waiting, "its person", "no such person"),
        broken(&missed, "account_id", nobody(), &missed, "its account", "no such account"),
        broken(&person, "removed", true.into(), &waiting, theirs, "a person who was removed"),
        broken(&person, "account_id", nobody(), &waiting, theirs, "a person of another account"),
        broken(&person, "person_hash", vec![1_u8; 32].into(), &waiting, theirs, "a person with another document"),
        broken(&waiting, "lot", "L-2".into(), &waiting, none, "booked, no time, nobody, no scan, a lot"),
        broken(&missed, "redeem_nonce", nobody(), &missed, none, "missed, no time, nobody, a scan"),
        broken(&missed, "redeemed_at", city.engine.now().into(), &missed, none, "missed, a time, nobody, no scan"),
        broken(&redeemed, "redeem_nonce", nothing(), &redeemed, traces, "redeemed, a time, somebody, no scan, a lot"),
        broken(&redeemed, "redeemed_by", nothing(), &redeemed, traces, "redeemed, a time, nobody, a scan, a lot"),
        broken(&redeemed, "redeemed_by", nobody(), &redeemed, traces, "redeemed, a time, somebody unknown, a scan, a lot"),
        broken(&redeemed, "state", "missed".into(), &redeemed, none, "missed, a time, somebody, a scan, a lot"),
        broken(&request, "booking_code", "NOSUCHCODE".into(), &request, "booking NOSUCHCODE", "no such booking"),
        broken(&message, "booking_code", "NOSUCHCODE".into(), &message, "booking NOSUCHCODE", "no such booking"),
        broken(&message, "booking_version", 3.into(), &message, &versions, "version 3"),
        broken(&message, "booking_version", 0.into(), &message, &versions, "version 0"),
        broken(&message, "booking_version", None::<i32>.into(), &message, &versions, "no version"),
    ]
}

async fn a_person_with_two_live_bookings_of_a_dose_is_seen_on_both(kind: Kind) {
    let city = TestCity::new(kind).await;
    let (one, two) = (city.guest().await, city.guest().await);
    let one = city.book(&one, city.slot("one", "vero", 1, "09:00"), 1).await.expect("booked").code;
    let two = city.book(&two, city.slot("one", "vero", 2, "09:00"), 1).await.expect("booked").code;
    without_guards(&city).await;
    let same_person = "UPDATE bookings SET person_hash = (SELECT person_hash FROM bookings WHERE code = $1) WHERE code = $2";
    city.execute(same_person, [one.as_str().into(), two.as_str().into()]).await;
    let named = |ledger: Ledger| {
        let rows = ledger.broken.into_iter().filter(|broken| broken.rule == "a person has one live booking of a dose");
        rows.flat_map(|broken| broken.rows).map(|row| (row.key, row.found)).collect::<HashSet<_>>()
    };
    let both = [one, two].map(|code| (code.to_string(), "2".to_owned()));
    assert_eq!(named(ledger(&city).await), HashSet::from(both));
    // a cancelled one does not count
    city.execute("UPDATE bookings SET state = 'cancelled' WHERE code = $1", [one.as_str().into()]).await;
    assert_eq!(named(ledger(&city).await), HashSet::new());
}

async fn the_first_hundred_rows_are_named_and_all_are_counted(kind: Kind) {
    let city = TestCity::new(kind).await;
    city.execute("UPDATE slots SET taken = 3", []).await;
    let ledger = ledger(&city).await;
    assert!(!ledger.balances());
    assert_eq!((ledger.broken.len(), ledger.broken_rows(), ledger.broken[0].rows.len()), (1, 280, 100));
}

async fn it_is_one_snapshot_while_others_book(kind: Kind) {
    let city = Arc::new(TestCity::new(kind).await);
    let booking = tokio::spawn({
        let city = city.clone();
        async move {
            for at in 0..40 {
                let guest = city.guest().await;
                let booking = city.book(&guest, city.slot("one", "vero", 1 + at % 10, "09:00"), 1).await.expect("booked");
                match at % 4 {
                    0 => drop(city.engine.cancel(&guest.citizen, booking.code.as_str()).await.expect("cancelled")),
                    1 => drop(city.move_to(&guest, &booking, city.slot("two", "vero", 1 + at % 10, "10:00")).await.expect("moved")),
                    _ => {}
                }
            }
        }
    });
    let mut seen = HashSet::new();
    while !booking.is_finished() {
        let ledger = ledger(&city).await;
        assert_eq!(ledger.broken, []);
        let live: u64 = ledger.bookings.iter().filter(|(state, _)| *state != BookingState::Cancelled).map(|(_, count)| count).sum();
        assert_eq!(live, ledger.taken, "counted in one snapshot");
        seen.insert(ledger.taken);
    }
    booking.await.expect("no panic");
    assert!(seen.len() > 3, "it was read while bookings were made: {seen:?}");
}

async fn a_database_that_is_not_there_or_not_up_to_date_is_refused_and_left_alone(kind: Kind) {
    let city = TestCity::empty(kind, engine::Limits::default()).await;
    let today: NaiveDate = city.today();
    assert!(Engine::check_ledger(&city.url, today).await.expect("it is read").balances(), "nothing is balanced");
    let missing = match kind {
        Kind::Sqlite => format!("sqlite://{}/missing/other.sqlite", city.dir.path().display()),
        Kind::Postgres => format!("{}_missing", city.url),
    };
    assert!(matches!(Engine::check_ledger(&missing, today).await, Err(OpenError::Connect(_))));
    assert!(!city.dir.path().join("missing").exists());
    let known = city.count("SELECT count(*) FROM seaql_migrations").await;
    city.execute("DELETE FROM seaql_migrations", []).await;
    let refused = Engine::check_ledger(&city.url, today).await;
    assert!(matches!(refused, Err(OpenError::Pending(missing)) if missing as i64 == known), "{refused:?}");
    assert_eq!(city.count("SELECT count(*) FROM seaql_migrations").await, 0, "nothing is brought up to date");
}

async fn an_engine_that_finds_its_days_to_come_out_of_balance_says_so_until_they_are_mended(kind: Kind) {
    let city = TestCity::new(kind).await;
    let (past, coming) = (city.slot("one", "vero", 0, "09:00"), city.slot("one", "vero", 1, "09:00"));
    city.clock.set_civil(city.day(1), "08:00");
    let set_taken = |slot: Uuid, taken: i32| city.execute("UPDATE slots SET taken = $1 WHERE id = $2", [taken.into(), slot.into()]);
    // what is over is left to the whole check
    set_taken(past, 1).await;
    city.engine.watch_ledger().await;
    assert!(!city.engine.ledger_is_off());
    assert!(!ledger(&city).await.balances());

    set_taken(coming, 1).await;
    let watching = tokio::spawn({
        let engine = city.engine.clone();
        async move { engine.watch_ledger().await }
    });
    while !city.engine.ledger_is_off() {
        tokio::task::yield_now().await;
    }
    assert!(!watching.is_finished(), "it goes on looking");
    watching.abort();
    set_taken(coming, 0).await;
    city.engine.watch_ledger().await;
    assert!(!city.engine.ledger_is_off(), "mended");
}
