//! Who shares a batch with whom: one bad request fails alone, a database that fails for a while fails nobody, and whoever has gone costs
//! nothing.

use std::sync::Arc;

use domain::Uuid;
use domain::booking::{Booking, Reserve};
use domain::error::{Error, ErrorCode};
use domain::person::{Person, Relation};
use domain::reason::Reason;
use engine::{Citizen, Limits};
use sea_orm::{ConnectionTrait, Database, TransactionTrait};
use tokio::task::JoinHandle;

use crate::harness::{Kind, TestCity, draft, on_both_engines, until};

on_both_engines!(
    one_bad_request_in_a_batch_of_five_hundred_fails_alone,
    a_database_that_is_busy_for_a_while_fails_nobody,
    one_person_a_thousand_times_at_once_has_one_booking,
    the_last_place_ten_thousand_times_at_once_has_one_winner_and_every_loser_is_told_why,
    who_has_gone_while_they_waited_leaves_no_rows,
);

type Answer = Result<Booking, Error>;

/// One account with many people, and one window with as many places as the test wants.
struct Crowd {
    city: Arc<TestCity>,
    citizen: Citizen,
    people: Vec<Person>,
    slot: Uuid,
}

impl Crowd {
    async fn new(kind: Kind, people: u32, places: i32) -> Self {
        let limits = Limits { others_an_account: people, queue: 12_000, ..Limits::default() };
        let city = TestCity::empty(kind, limits).await;
        city.engine.write_schedule().await.expect("the schedule is written");
        let citizen = city.citizen("13800000001").await;
        let mut listed = vec![];
        for _ in 0..people {
            let person = city.engine.save_person(&citizen, draft(Relation::Other, city.next())).await;
            listed.push(person.expect("saved"));
        }
        let slot = city.slot("one", "vero", 1, "09:00");
        city.set_capacity(slot, places).await;
        Self { city: Arc::new(city), citizen, people: listed, slot }
    }

    fn ask(&self, request: Reserve) -> JoinHandle<Answer> {
        let (city, citizen) = (self.city.clone(), self.citizen);
        tokio::spawn(async move { city.engine.reserve(&citizen, request).await })
    }

    fn ask_for(&self, person: &Person) -> JoinHandle<Answer> {
        self.ask(self.city.request(person, self.slot, 1))
    }

    /// Lets the desk begin with the first person and keeps it there, until all the others wait in its queue: they become one batch.
    async fn in_one_batch(&self) -> Vec<JoinHandle<Answer>> {
        let (first, others) = self.people.split_first().expect("somebody");
        self.city.clock.hold_desk();
        let mut asking = vec![self.ask_for(first)];
        until("the desk has begun", || self.city.clock.desk_is_held()).await;
        asking.extend(others.iter().map(|person| self.ask_for(person)));
        until("all wait", || self.city.engine.desk_counts().waiting == others.len()).await;
        asking
    }

    /// So many bookings were made, each with its request, its message and its audit, and nothing else was written.
    async fn assert_booked(&self, bookings: i64) {
        self.city.assert_balanced().await;
        assert_eq!(self.city.taken(self.slot).await, bookings);
        for rows in ["bookings", "requests", "messages WHERE kind = 'booked'", "audit WHERE action = 'reserve'"] {
            assert_eq!(self.city.count(&format!("SELECT count(*) FROM {rows}")).await, bookings, "{rows}");
        }
    }
}

async fn all(asking: Vec<JoinHandle<Answer>>) -> Vec<Answer> {
    let mut answers = Vec::with_capacity(asking.len());
    for one in asking {
        answers.push(one.await.expect("no panic"));
    }
    answers
}

/// A database that does `plpgsql` on PostgreSQL before each statement (`STATEMENT`) or row (`ROW`) that is written into bookings.
async fn before_bookings(city: &TestCity, each: &str, plpgsql: &str) {
    for sql in [
        format!("CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {plpgsql} RETURN NEW; END $$"),
        format!("CREATE TRIGGER spoil BEFORE INSERT ON bookings FOR EACH {each} EXECUTE FUNCTION spoil()"),
    ] {
        city.try_execute(&sql).await.expect("the trigger is made");
    }
}

async fn one_bad_request_in_a_batch_of_five_hundred_fails_alone(kind: Kind) {
    let crowd = Crowd::new(kind, 501, 600).await;
    let (city, bad) = (&crowd.city, 321);
    let id = crowd.people[bad].id;
    match kind {
        Kind::Sqlite => {
            let spoil = format!(
                "CREATE TRIGGER spoil BEFORE INSERT ON bookings WHEN NEW.person_id = X'{}' BEGIN SELECT RAISE(ABORT, 'spoilt'); END",
                id.simple()
            );
            city.try_execute(&spoil).await.expect("the trigger is made");
        }
        Kind::Postgres => {
            before_bookings(city, "ROW", &format!("IF NEW.person_id = '{id}' THEN RAISE EXCEPTION 'spoilt'; END IF;")).await;
        }
    }
    let asking = crowd.in_one_batch().await;
    city.clock.let_desk_go();
    for (at, answer) in all(asking).await.into_iter().enumerate() {
        match answer {
            Ok(booking) => assert_eq!(booking.person.id, crowd.people[at].id),
            Err(error) => assert_eq!((at, error), (bad, Error::internal()), "only the bad one fails"),
        }
    }
    crowd.assert_booked(500).await;
    let counts = city.engine.desk_counts();
    // 500 can be halved nine times until one is left
    assert!((1..=9).contains(&counts.cut), "they were one batch, and it was halved: {counts:?}");
    // and the bad one is as if it had never asked: it can ask again when the database is well
    let mend = if kind == Kind::Sqlite { "DROP TRIGGER spoil" } else { "DROP TRIGGER spoil ON bookings" };
    city.try_execute(mend).await.expect("mended");
    crowd.ask_for(&crowd.people[bad]).await.expect("no panic").expect("booked");
    crowd.assert_booked(501).await;
}

async fn a_database_that_is_busy_for_a_while_fails_nobody(kind: Kind) {
    let crowd = Crowd::new(kind, 41, 50).await;
    let city = &crowd.city;
    match kind {
        Kind::Sqlite => {
            // somebody else writes: longer than the desk's connection waits by itself
            let asking = crowd.in_one_batch().await;
            let other = Database::connect(&city.url).await.expect("another connection");
            let writing = other.begin().await.expect("begun");
            writing.execute_unprepared("UPDATE facts SET value = value").await.expect("the write lock is held");
            city.clock.let_desk_go();
            until("the desk has tried again", || city.engine.desk_counts().tried_again > 0).await;
            writing.rollback().await.expect("the write lock is free");
            assert!(all(asking).await.iter().all(Result::is_ok));
        }
        Kind::Postgres => {
            city.try_execute("CREATE SEQUENCE tries").await.expect("a count that no rollback takes back");
            // three times too busy: each time another of the reasons that pass
            let busy = "CASE nextval('tries') WHEN 2 THEN RAISE EXCEPTION USING ERRCODE = '40001';
                        WHEN 3 THEN RAISE EXCEPTION USING ERRCODE = '40P01'; WHEN 4 THEN RAISE EXCEPTION USING ERRCODE = '57P03';
                        ELSE NULL; END CASE;";
            before_bookings(city, "STATEMENT", busy).await;
            let asking = crowd.in_one_batch().await;
            city.clock.let_desk_go();
            assert!(all(asking).await.iter().all(Result::is_ok));
            assert_eq!(city.engine.desk_counts().tried_again, 3);
        }
    }
    assert_eq!(city.engine.desk_counts().cut, 0, "nobody was suspected");
    crowd.assert_booked(41).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_stays_busy_is_told_to_everybody_after_a_few_tries() {
    let crowd = Crowd::new(Kind::Postgres, 41, 50).await;
    let city = &crowd.city;
    city.try_execute("CREATE SEQUENCE tries").await.expect("a count that no rollback takes back");
    before_bookings(city, "STATEMENT", "PERFORM nextval('tries'); RAISE EXCEPTION USING ERRCODE = '40001';").await;
    let asking = crowd.in_one_batch().await;
    city.clock.let_desk_go();
    for answer in all(asking).await {
        let error = answer.expect_err("busy");
        assert_eq!((error.code, error.reason), (ErrorCode::Busy, Some(Reason::Busy)));
        assert!(error.retry_after_s.is_some_and(|wait| wait > 0), "they are told when to come again");
    }
    let tries = city.count("SELECT last_value FROM tries").await;
    assert!((4..=20).contains(&tries), "two batches were tried {tries} times");
    crowd.assert_booked(0).await;
    // nobody was forgotten, and the desk goes on
    city.try_execute("DROP TRIGGER spoil ON bookings").await.expect("mended");
    crowd.ask_for(&crowd.people[0]).await.expect("no panic").expect("booked");
    crowd.assert_booked(1).await;
}

async fn one_person_a_thousand_times_at_once_has_one_booking(kind: Kind) {
    let crowd = Crowd::new(kind, 1, 2000).await;
    let asking = (0..1000).map(|_| crowd.ask_for(&crowd.people[0])).collect();
    let answers = all(asking).await;
    let booked: Vec<_> = answers.iter().flatten().map(|booking| booking.code).collect();
    assert_eq!(booked.len(), 1);
    let own = Error::new(Reason::AlreadyBooked { code: Some(booked[0]) });
    assert!(answers.iter().filter_map(|answer| answer.as_ref().err()).all(|error| *error == own), "each is told which");
    crowd.assert_booked(1).await;
}

async fn the_last_place_ten_thousand_times_at_once_has_one_winner_and_every_loser_is_told_why(kind: Kind) {
    let crowd = Crowd::new(kind, 1000, 1).await;
    // a thousand people, each from ten devices
    let asking = (0..10_000).map(|at| crowd.ask_for(&crowd.people[at % 1000])).collect();
    let answers = all(asking).await;
    let winners: Vec<_> = answers.iter().enumerate().filter_map(|(at, answer)| Some((at, answer.as_ref().ok()?.code))).collect();
    let [(winner, code)] = winners[..] else { panic!("{winners:?}") };
    for (at, answer) in answers.iter().enumerate().filter(|(at, _)| *at != winner) {
        let error = answer.as_ref().expect_err("lost");
        let full = *error == Error::new(Reason::SlotFull);
        let own = at % 1000 == winner % 1000 && *error == Error::new(Reason::AlreadyBooked { code: Some(code) });
        assert!(full || own, "{at}: {error:?}");
    }
    crowd.assert_booked(1).await;
    assert_eq!(crowd.city.engine.desk_counts().turned_away, 0);
}

async fn who_has_gone_while_they_waited_leaves_no_rows(kind: Kind) {
    let crowd = Crowd::new(kind, 51, 100).await;
    let mut asking = crowd.in_one_batch().await;
    for gone in asking.drain(1..26) {
        gone.abort();
        assert!(gone.await.expect_err("gone").is_cancelled());
    }
    crowd.city.clock.let_desk_go();
    assert!(all(asking).await.iter().all(Result::is_ok));
    crowd.assert_booked(26).await;
    let counts = crowd.city.engine.desk_counts();
    assert_eq!((counts.dropped, counts.requests), (25, 26), "nothing was done for them");
}
