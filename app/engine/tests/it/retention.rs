//! What has been kept for long enough is forgotten: counts stay, who it was goes, whatever happens meanwhile.

use std::sync::Arc;
use std::time::Duration;

use domain::NaiveDate;
use domain::booking::BookingState;
use domain::error::ErrorCode;
use domain::person::Relation;
use engine::{Config, Engine, OpenError, Retained, Retention};

use crate::harness::{Guest, Kind, Seeded, TestCity, draft, on_both_engines};

on_both_engines!(
    a_planted_person_is_gone_from_every_table_when_their_time_is_over,
    what_is_needed_is_not_forgotten,
    a_walk_that_is_killed_goes_on_where_it_was,
    two_processes_share_a_walk_while_the_city_books,
    messages_and_requests_go_when_nobody_asks_for_them_any_more,
    doses_must_be_known_for_as_long_as_a_course_may_take,
);

/// Until nothing more is to be forgotten today. Gives how many steps there were, and how many rows they emptied or took away.
async fn to_the_end(engine: &Engine, rows: u32) -> (u32, u64) {
    let (mut steps, mut done) = (0, 0);
    while let Retained::Some(rows) = engine.retain_some(rows).await.expect("a step") {
        (steps, done) = (steps + 1, done + rows);
        assert!(steps < 10_000, "it comes to an end");
    }
    (steps, done)
}

/// A city that is opened again so many days later: the windows of the old days are still in the database.
async fn later(city: &TestCity, days: i64) {
    city.clock.step(chrono::Duration::days(days));
    city.engine.write_schedule().await.expect("written");
    city.engine.sweep().await.expect("swept");
}

/// A guest with a jab, one who missed theirs, one who called it off: their bookings of today.
async fn three(city: &TestCity) -> [Guest; 3] {
    let guests = [city.guest().await, city.guest().await, city.guest().await];
    let slot = city.slot("one", "vero", 0, "09:00");
    let mut codes = vec![];
    for guest in &guests {
        codes.push(city.book(guest, slot, 1).await.expect("booked").code);
    }
    city.redeem(codes[0]).await;
    city.engine.cancel(&guests[2].citizen, codes[2].as_str()).await.expect("cancelled");
    guests
}

/// What every row holds of who people are, as hex.
async fn secrets(city: &TestCity) -> Vec<String> {
    let mut all = vec![];
    for (table, column) in [
        ("people", "sealed"),
        ("people", "person_hash"),
        ("bookings", "person_hash"),
        ("accounts", "phone_sealed"),
        ("accounts", "phone_hash"),
        ("messages", "sealed"),
    ] {
        let hex = if city.kind == Kind::Sqlite { format!("hex({column})") } else { format!("encode({column}, 'hex')") };
        all.extend(city.column(&format!("SELECT {hex} FROM {table} WHERE length({column}) > 0")).await);
    }
    all
}

fn found(stored: &[u8], hex: &str) -> bool {
    let raw: Vec<u8> = (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex")).collect();
    let has = |needle: &[u8]| stored.windows(needle.len()).any(|window| window == needle);
    has(&raw) || has(hex.to_lowercase().as_bytes())
}

/// The database's bytes, without what the log has of the time before.
async fn stored(city: &TestCity) -> Vec<u8> {
    if city.kind == Kind::Sqlite {
        city.try_execute("PRAGMA wal_checkpoint(TRUNCATE)").await.expect("copied");
    }
    city.raw_bytes().await
}

async fn a_planted_person_is_gone_from_every_table_when_their_time_is_over(kind: Kind) {
    let city = TestCity::new(kind).await;
    three(&city).await;
    let planted = secrets(&city).await;
    assert!(planted.len() > 12, "{}", planted.len());
    let before = stored(&city).await;
    assert!(planted.iter().all(|one| found(&before, one)), "the search finds what is there");
    let counts = "SELECT state || ' ' || course || ' ' || CAST(dose AS text) || ' ' || CAST(count(*) AS text) FROM bookings GROUP BY state, course, dose ORDER BY state";
    let places = "SELECT CAST(sum(taken) AS text) || ' of ' || CAST(sum(capacity) AS text) FROM slots";

    later(&city, 400).await;
    let (then, taken) = (city.column(counts).await, city.column(places).await);
    to_the_end(&city.engine, 64).await;
    let still = stored(&city).await;
    let kept: Vec<_> = planted.iter().filter(|one| found(&still, one)).collect();
    assert!(kept.len() >= 9, "on the last day of their time all are still there: people, accounts and hashes, {}", kept.len());

    later(&city, 1).await;
    city.engine.tidy().await.expect("tidied");
    let taken_then = city.column(places).await;
    to_the_end(&city.engine, 64).await;
    let after = stored(&city).await;
    for one in &planted {
        assert!(!found(&after, one), "{one} is still there");
    }
    assert_eq!(city.column(counts).await, then, "what was given, missed and called off is counted as before");
    assert_eq!(then, ["cancelled covid19 1 1", "missed covid19 1 1", "redeemed covid19 1 1"]);
    assert_eq!(city.column(places).await, taken_then, "{taken:?}");
    assert_eq!(city.count("SELECT count(*) FROM bookings WHERE lot = 'L1' AND redeemed_by IS NOT NULL").await, 1);
    assert_eq!(city.engine.retain_some(64).await, Ok(Retained::Nothing), "once a day");
    city.assert_balanced().await;
}

async fn what_is_needed_is_not_forgotten(kind: Kind) {
    let city = TestCity::new(kind).await;
    let [jabbed, missed, _] = three(&city).await;
    let mother = city.engine.save_person(&missed.citizen, draft(Relation::Other, 900)).await.expect("saved");
    later(&city, 399).await;
    // one comes back, and writes their address anew
    let (_, done) = to_the_end(&city.engine, 64).await;
    assert!(done > 0, "messages and requests");
    assert_eq!(city.engine.list_bookings(&jabbed.citizen).await.expect("listed").len(), 1);
    let back = city.engine.save_person(&missed.citizen, draft(Relation::Other, 900)).await.expect("saved");
    assert_eq!(back.id, mother.id);
    let booked = city.engine.reserve(&missed.citizen, city.request(&mother, city.slot("one", "vero", 5, "09:00"), 1)).await;
    let booked = booked.expect("booked");
    later(&city, 4).await;
    to_the_end(&city.engine, 64).await;
    let listed = city.engine.list_people(&missed.citizen).await.expect("listed");
    assert_eq!(
        listed.iter().map(|person| person.id).collect::<Vec<_>>(),
        [mother.id],
        "they have been here; nobody else of the list has"
    );
    assert_eq!(city.engine.list_bookings(&missed.citizen).await.expect("listed")[0].code, booked.code);
    assert_eq!(city.engine.list_bookings(&jabbed.citizen).await, Ok(vec![]), "their time is over");
    city.assert_balanced().await;
    // a booking that is nobody's is not on any list, nor found by its code
    assert_eq!(city.count("SELECT count(*) FROM bookings WHERE state = 'redeemed'").await, 1);
}

async fn a_walk_that_is_killed_goes_on_where_it_was(kind: Kind) {
    let city = TestCity::new(kind).await;
    for _ in 0..3 {
        three(&city).await;
    }
    later(&city, 401).await;
    let sealed = "SELECT count(*) FROM people WHERE length(sealed) > 0";
    let linked = "SELECT count(*) FROM bookings b JOIN accounts a ON a.id = b.account_id AND length(a.phone_sealed) > 0";
    let left = || async { city.count(sealed).await + city.count(linked).await };
    let (all, mut kills) = (left().await, 0);
    assert_eq!(all, 18);
    let mut before = all;
    while before > 4 {
        // with other randomness each time, as processes have
        let entropy = Arc::new(Seeded::new(&format!("process {kills}")));
        let process = Engine::open(Config { entropy, ..city.another_config() }).await.expect("opens");
        let at_work = tokio::spawn({
            let process = process.clone();
            async move { to_the_end(&process, 2).await }
        });
        while left().await == before {
            assert!(!at_work.is_finished(), "it has something to do");
            tokio::task::yield_now().await;
        }
        // killed as soon as it has done something, wherever it is by then
        at_work.abort();
        let _ = at_work.await;
        process.stop().await;
        (before, kills) = (left().await, kills + 1);
        city.assert_balanced().await;
    }
    assert!(kills > 0);
    to_the_end(&city.engine, 2).await;
    assert_eq!((city.count(sealed).await, city.count(linked).await), (0, 0));
    city.assert_balanced().await;
}

async fn two_processes_share_a_walk_while_the_city_books(kind: Kind) {
    let city = TestCity::new(kind).await;
    for _ in 0..3 {
        three(&city).await;
    }
    later(&city, 401).await;
    let mut new = vec![];
    for _ in 0..8 {
        new.push(city.guest().await);
    }
    let other = city.another_process().await.expect("opens");
    let book = async {
        for (guest, start) in new.iter().zip(["08:30", "09:00", "09:30", "10:00", "10:30", "11:00", "11:30", "08:30"]) {
            city.book(guest, city.slot("one", "vero", 1, start), 1).await.expect("booked");
        }
    };
    let both = async { tokio::join!(to_the_end(&city.engine, 1), to_the_end(&other, 1), book) };
    let ((_, ours), (_, theirs), ()) = tokio::time::timeout(Duration::from_secs(120), both).await.expect("it comes to an end");
    // nine bookings, people and accounts, their messages and requests: each once
    assert_eq!(city.count("SELECT count(*) FROM people WHERE length(sealed) > 0").await, 8);
    assert_eq!(city.count("SELECT count(*) FROM accounts WHERE length(phone_sealed) > 0").await, 8);
    assert!(ours + theirs >= 27, "{ours} and {theirs}");
    for guest in &new {
        assert_eq!(other.list_bookings(&guest.citizen).await.expect("opens")[0].person.name, guest.person.name);
    }
    city.assert_balanced().await;
}

async fn messages_and_requests_go_when_nobody_asks_for_them_any_more(kind: Kind) {
    let city = TestCity::new(kind).await;
    let [jabbed, ..] = three(&city).await;
    let counts =
        || async { (city.count("SELECT count(*) FROM messages").await, city.count("SELECT count(*) FROM requests").await) };
    let before = counts().await;
    later(&city, 29).await;
    to_the_end(&city.engine, 2).await;
    assert_eq!(counts().await, before);
    later(&city, 2).await;
    let young = city.guest().await;
    city.book(&young, city.slot("one", "vero", 1, "09:00"), 1).await.expect("booked");
    to_the_end(&city.engine, 2).await;
    let younger = "what is younger stays: a code, what tells of the booking and what reminds of it, and what told of the next dose";
    assert_eq!(counts().await, (4, 1), "{younger}");
    assert_eq!(city.engine.list_bookings(&jabbed.citizen).await.expect("listed")[0].state, BookingState::Redeemed);
    city.assert_balanced().await;
}

async fn doses_must_be_known_for_as_long_as_a_course_may_take(kind: Kind) {
    let city = TestCity::new(kind).await;
    // CHO: dose 3 until six months after dose 1
    let open = |finished_days| {
        Engine::open(Config { retention: Retention { finished_days, ..Retention::default() }, ..city.another_config() })
    };
    let refused = open(100).await.err().expect("too short");
    assert!(matches!(&refused, OpenError::Retention { vaccine, needs: 181..=187, days: 100 } if vaccine == "cho"), "{refused}");
    assert!(refused.to_string().contains("KEEP_FINISHED_DAYS") && !refused.to_string().contains('\n'));
    open(187).await.expect("long enough");
    let guest = city.guest().await;
    let first: NaiveDate = city.today();
    let dose_1 = city.book(&guest, city.slot_on("one", "cho", first, "14:00"), 1).await.expect("booked");
    city.redeem(dose_1.code).await;
    later(&city, 56).await;
    to_the_end(&city.engine, 64).await;
    let slot = city.slot("one", "cho", 0, "14:00");
    let again = city.book(&guest, slot, 1).await.expect_err("they have had it");
    assert_eq!(again.code, ErrorCode::AlreadyBooked);
    city.book(&guest, slot, 2).await.expect("dose 2 on its last day");
}
