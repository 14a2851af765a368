//! The multitude: a demo with a campaign behind it, whose rows are those that the engine would have written.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use domain::NaiveDate;
use domain::access::{Action, Place, Standing, may};
use domain::booking::BookingState;
use domain::eligibility::{DoseRecord, Question};
use domain::error::ErrorCode;
use domain::staff::StaffSignIn;
use domain::time::plus_days;
use engine::city_file::DemoRoles;
use engine::{CityFile, Config, Engine, MultitudeProgress, MultitudeSize, OpenError};

use crate::harness::{Kind, Seeded, TestCity, on_both_engines};

on_both_engines!(
    everybody_is_there_and_the_ledger_balances,
    every_dose_was_legal_and_nobody_has_one_twice,
    a_booking_left_what_it_leaves_at_its_time,
    the_engine_reads_them_and_books_beside_them,
    the_tables_have_their_guards_again,
    it_comes_once_and_only_to_a_demo_that_nobody_has_used,
    one_that_was_not_finished_does_not_open,
);

const SIZE: MultitudeSize = MultitudeSize { people: 300, bookings: 600 };
/// The phone of the first of them.
const FIRST_PHONE: &str = "15405000000";
/// Which bookings are theirs: the demo's own left no requests.
const THEIRS: &str = "EXISTS (SELECT 1 FROM requests WHERE requests.booking_code = bookings.code)";

fn config(city: &TestCity) -> Config {
    let config = city.another_config();
    let demo = Some(DemoRoles { staff_site: "one".into(), full_site: "two".into() });
    Config { city: CityFile { demo, ..config.city.clone() }, ..config }
}

async fn another_process(city: &TestCity) -> Result<Engine, OpenError> {
    Engine::open(config(city)).await
}

/// The small city, as a demo.
async fn demo(kind: Kind) -> TestCity {
    let mut city = TestCity::empty(kind, engine::Limits::default()).await;
    city.engine = another_process(&city).await.expect("opens");
    city.engine.seed_demo(Some("demo password")).await.expect("seeded");
    city
}

/// The same with its multitude.
async fn multitude(kind: Kind) -> TestCity {
    let city = demo(kind).await;
    city.engine.seed_multitude(SIZE, |_| ()).await.expect("seeded");
    city
}

async fn counts(city: &TestCity) -> HashMap<&'static str, i64> {
    let mut counts = HashMap::new();
    for table in ["accounts", "people", "bookings", "requests", "messages", "audit", "slots"] {
        counts.insert(table, city.count(&format!("SELECT count(*) FROM {table}")).await);
    }
    counts
}

async fn everybody_is_there_and_the_ledger_balances(kind: Kind) {
    let city = demo(kind).await;
    let before = counts(&city).await;
    let told = Mutex::new(vec![]);
    city.engine.seed_multitude(SIZE, |progress| told.lock().expect("no panic").push(progress)).await.expect("seeded");
    let after = counts(&city).await;
    for (table, more) in [("people", 300), ("bookings", 600), ("requests", 600)] {
        assert_eq!(after[table] - before[table], more, "{table}");
    }
    city.assert_balanced().await;
    for (state, at_least) in [("redeemed", 450), ("missed", 20), ("cancelled", 20), ("booked", 3)] {
        let count = city.count(&format!("SELECT count(*) FROM bookings WHERE state = '{state}' AND {THEIRS}")).await;
        assert!(count >= at_least, "{count} {state}");
    }
    // whose day is over has been or not; whoever waits has their day before them
    let date = "(SELECT date FROM slots WHERE slots.id = slot_id)";
    let today = city.today();
    let wrong = format!(
        "SELECT count(*) FROM bookings WHERE {THEIRS} AND (state = 'booked') <> ({date} >= '{today}') AND state <> 'cancelled'"
    );
    assert_eq!(city.count(&wrong).await, 0);
    for (column, table) in [("phone_hash", "accounts"), ("person_hash", "people")] {
        assert_eq!(city.count(&format!("SELECT count(*) - count(DISTINCT {column}) FROM {table}")).await, 0, "{column}");
    }
    let told = told.into_inner().expect("no panic");
    assert!(
        matches!(told[0], MultitudeProgress::Planned { windows } if windows as i64 == after["slots"] - before["slots"]),
        "{told:?}"
    );
    assert!(told.iter().any(|told| matches!(told, MultitudeProgress::Written { bookings: 600, .. })), "{told:?}");
    assert!(matches!(told.last(), Some(MultitudeProgress::Index { number, of }) if number == of), "{told:?}");
}

/// Person, dose, state, vaccine and day of each of their bookings.
async fn doses(city: &TestCity) -> Vec<(String, u8, BookingState, String, NaiveDate)> {
    let person = match city.kind {
        Kind::Sqlite => "hex(person_id)",
        Kind::Postgres => "person_id::text",
    };
    let sql = format!(
        "SELECT {person} || ' ' || dose || ' ' || state || ' ' || vaccine_id || ' ' || date FROM bookings JOIN slots ON slots.id = slot_id WHERE {THEIRS}"
    );
    let rows = city.column(&sql).await;
    let read = |row: String| {
        let words: Vec<_> = row.split(' ').collect();
        let [person, dose, state, vaccine, date] = words[..] else { panic!("{row}") };
        let state = state.parse().expect("a state");
        (person.to_owned(), dose.parse().expect("a dose"), state, vaccine.to_owned(), date.parse().expect("a day"))
    };
    rows.into_iter().map(read).collect()
}

async fn every_dose_was_legal_and_nobody_has_one_twice(kind: Kind) {
    let city = multitude(kind).await;
    let doses = doses(&city).await;
    assert_eq!(doses.len(), 600);
    let file = CityFile::yongzhou();
    for (person, dose, state, vaccine, on) in &doses {
        let others = doses.iter().filter(|other| other.0 == *person);
        let live = |state: &BookingState| state.is_live();
        let history: Vec<_> = others
            .clone()
            .filter(|other| live(&other.2) && other.1 < *dose)
            .map(|other| DoseRecord { vaccine_id: other.3.clone(), dose: other.1, on: other.4, given: true })
            .collect();
        let question = Question {
            born_on: "1960-01-01".parse().expect("a day"),
            from_age: 18,
            vaccine: file.vaccine(vaccine).expect("of the city"),
            dose: *dose,
            on: *on,
            today: *on,
            history: &history,
            previous_dose_on: None,
            screening: None,
        };
        assert_eq!(question.decide(), Ok(()), "{person} dose {dose} {vaccine} on {on}: {history:?}");
        assert!(!live(state) || others.filter(|other| live(&other.2) && other.1 == *dose).count() == 1, "{person} {dose} twice");
    }
    let of = |wanted: u8| doses.iter().filter(|(_, dose, ..)| *dose == wanted).count();
    assert!(of(1) > 200 && of(2) > 100 && of(3) > 20, "{} {} {}", of(1), of(2), of(3));
}

async fn a_booking_left_what_it_leaves_at_its_time(kind: Kind) {
    let city = multitude(kind).await;
    let missing = |what: &str| format!("SELECT count(*) FROM bookings WHERE {THEIRS} AND NOT ({what})");
    let one = |table: &str, having: &str| format!("(SELECT count(*) FROM {table} WHERE {having}) = 1");
    let message = |kind: &str, and: &str| {
        one("messages", &format!("booking_code = code AND booking_version = bookings.version AND kind = '{kind}' AND {and}"))
    };
    let audit = |action: &str, at: &str| one("audit", &format!("object = code AND action = '{action}' AND at = bookings.{at}"));
    for rule in [
        one("requests", "booking_code = code AND requests.account_id = bookings.account_id AND answered_at = bookings.created_at"),
        message(
            "booked",
            "messages.state = 'delivered' AND messages.created_at = bookings.created_at AND due_at = messages.created_at",
        ),
        audit("reserve", "created_at"),
        format!("state <> 'redeemed' OR {}", audit("redeem", "redeemed_at")),
        "state <> 'redeemed' OR (lot IS NOT NULL AND redeem_nonce IS NOT NULL AND redeemed_by IS NOT NULL)".into(),
        format!("state <> 'cancelled' OR {}", audit("cancel", "changed_at")),
        format!("state <> 'cancelled' OR {}", message("cancelled", "messages.created_at = bookings.changed_at")),
        one(
            "people",
            "people.id = person_id AND people.account_id = bookings.account_id AND people.person_hash = bookings.person_hash AND people.created_at < bookings.created_at",
        ),
        "created_at <= changed_at".into(),
    ] {
        assert_eq!(city.count(&missing(&rule)).await, 0, "{rule}");
    }
    let reminders =
        format!("SELECT count(*) FROM messages JOIN bookings ON code = booking_code WHERE kind = 'reminder' AND {THEIRS}");
    assert!(city.count(&reminders).await > 500);
    for wrong in
        ["messages.state = 'queued' AND bookings.state <> 'booked'", "messages.state = 'dropped' AND bookings.state <> 'cancelled'"]
    {
        assert_eq!(city.count(&format!("{reminders} AND {wrong}")).await, 0, "{wrong}");
    }
    // spread over months, none in the future, and the ids follow the time
    let (long_ago, now) = (city.today() - chrono::Days::new(140), city.today());
    for (what, at) in [("people", "created_at"), ("messages", "created_at"), ("audit", "at"), ("accounts", "created_at")] {
        let millis = match kind {
            Kind::Sqlite => format!("substr({at}, 1, 10) || ' ' || substr({at}, 12, 12)"),
            Kind::Postgres => format!("to_char({at} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS')"),
        };
        let version = match kind {
            Kind::Sqlite => "substr(hex(id), 13, 1) = '7'",
            Kind::Postgres => "substr(id::text, 15, 1) = '7'",
        };
        let times = city.column(&format!("SELECT {millis} FROM {what} WHERE {version} AND {at} < '{now}' ORDER BY id")).await;
        assert!(
            times.len() > 100 && times[0] < long_ago.to_string() && times.is_sorted(),
            "{what}: {} from {}",
            times.len(),
            times[0]
        );
        assert_eq!(city.count(&format!("SELECT count(*) FROM {what} WHERE {at} > '{}'", plus_days(now, 1))).await, 0);
    }
    if kind == Kind::Sqlite {
        assert_eq!(city.count("SELECT count(*) FROM pragma_foreign_key_check").await, 0, "rows that refer to none");
    }
}

async fn the_engine_reads_them_and_books_beside_them(kind: Kind) {
    let city = multitude(kind).await;
    // one of them signs in: their people's names, their bookings and their messages open
    let citizen = city.citizen(FIRST_PHONE).await;
    let people = city.engine.list_people(&citizen).await.expect("listed");
    let bookings = city.engine.list_bookings(&citizen).await.expect("listed");
    assert!(!people.is_empty() && people[0].document.number.contains('*'), "{people:?}");
    assert!(bookings.iter().any(|booking| booking.state == BookingState::Redeemed), "{bookings:?}");
    assert!(bookings.iter().all(|booking| people.iter().any(|person| person.name == booking.person.name)));
    let messages = city.engine.demo_messages(Some(FIRST_PHONE)).await.expect("opened");
    let own = bookings.iter().filter(|booking| booking.person.id == people[0].id);
    for booking in own {
        assert!(messages.iter().any(|message| message.text.contains(&booking.code.grouped())), "{booking:?}");
    }
    let done = bookings.iter().find(|booking| booking.state == BookingState::Redeemed).expect("one");
    // what they have had counts: not that dose again
    let person = people.iter().find(|person| person.id == done.person.id).expect("theirs");
    let tomorrow = |vaccine: &str, start: &str| city.slot_on("one", vaccine, city.day(1), start);
    let again = city.request(person, tomorrow("vero", "09:00"), 1);
    let refused = city.engine.reserve(&citizen, again).await.expect_err("has had it");
    assert_eq!(refused.code, ErrorCode::AlreadyBooked);

    // the staff look one up, and find it on its day's list
    let (member, token) = city.engine.staff_sign_in(&StaffSignIn::new("office", "demo password"), None).await.expect("signs in");
    let office = city.engine.staff(&token).await.expect("theirs");
    let seen = city.engine.look_up(&office, None, Some(done.code.as_str())).await.expect("found");
    assert_eq!((seen.state, seen.may_redeem, seen.redemption.is_some()), (BookingState::Redeemed, false, true));
    assert!(may(member.role, Standing::Full, Action::ReadRoster, Place::Nowhere));
    let roster = city.engine.roster(&office, done.site.id, done.window.date).await.expect("read");
    let row = roster.rows.iter().find(|row| row.code == done.code).expect("on the list");
    assert_eq!((&row.name, row.state, row.dose), (&done.person.name, BookingState::Redeemed, done.dose));
    let on_that_day = format!(
        "SELECT count(*) FROM bookings JOIN slots ON slots.id = slot_id JOIN sites ON sites.id = site_id WHERE date = '{}' AND sites.name = '{}' AND state <> 'cancelled'",
        done.window.date, done.site.name
    );
    assert_eq!(city.count(&on_that_day).await, roster.rows.len() as i64);

    // a new booking is made, moved and called off beside them; one who waits for their day calls off as well
    let guest = city.guest().await;
    let booked = city.book(&guest, tomorrow("vero", "09:00"), 1).await.expect("booked");
    let moved = city.move_to(&guest, &booked, tomorrow("vero", "09:30")).await.expect("moved");
    city.engine.cancel(&guest.citizen, moved.code.as_str()).await.expect("cancelled");
    city.assert_balanced().await;
    assert_eq!(city.engine.sweep().await.expect("swept"), 0, "who did not come is marked already");
}

async fn the_tables_have_their_guards_again(kind: Kind) {
    let indexes = match kind {
        Kind::Sqlite => "SELECT name || ': ' || coalesce(sql, '') FROM sqlite_master WHERE type = 'index' ORDER BY name",
        Kind::Postgres => "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY indexname",
    };
    let city = demo(kind).await;
    let before = city.column(indexes).await;
    assert!(before.len() > 20, "{before:?}");
    city.engine.seed_multitude(SIZE, |_| ()).await.expect("seeded");
    assert_eq!(city.column(indexes).await, before);
    let columns = "account_id, person_id, person_hash, slot_id, course, dose, questions, consent_version, created_at, changed_at";
    let a_second = format!(
        "INSERT INTO bookings (code, state, {columns}) SELECT 'ZZZZZZZZZZ', 'booked', {columns} FROM bookings WHERE state = 'redeemed' AND {THEIRS} LIMIT 1"
    );
    assert!(city.try_execute(&a_second).await.is_err(), "a second live booking of one dose");
    assert!(city.try_execute("UPDATE slots SET taken = capacity + 1").await.is_err(), "more than there is");
}

async fn refused(engine: &Engine, size: MultitudeSize) -> OpenError {
    let error = engine.seed_multitude(size, |_| ()).await.expect_err("refused");
    assert!(!error.to_string().contains('\n'), "{error}");
    error
}

async fn it_comes_once_and_only_to_a_demo_that_nobody_has_used(kind: Kind) {
    let mut city = TestCity::new(kind).await;
    assert!(matches!(refused(&city.engine, SIZE).await, OpenError::NotDemo));

    city = demo(kind).await;
    let before = counts(&city).await;
    for (people, bookings) in [(0, 0), (10, 31), (100_000_000, 1)] {
        let error = refused(&city.engine, MultitudeSize { people, bookings }).await;
        assert!(matches!(error, OpenError::Demo(_)), "{error}");
    }
    let guest = city.guest().await;
    let slot = city.slot_on("one", "vero", city.day(1), "09:00");
    city.book(&guest, slot, 1).await.expect("booked");
    let error = refused(&city.engine, SIZE).await;
    assert!(error.to_string().contains("booked"), "{error}");
    assert_eq!(counts(&city).await["slots"], before["slots"], "nothing is written");

    let city = multitude(kind).await;
    let before = counts(&city).await;
    let error = refused(&city.engine, SIZE).await;
    assert!(error.to_string().contains("300 people, 600 bookings"), "{error}");
    assert_eq!(counts(&city).await, before);
    // and it is a demo as before, on its next day as well
    city.clock.step(chrono::Duration::days(1));
    let next_day = Config { entropy: Arc::new(Seeded::new("the next day")), ..config(&city) };
    Engine::open(next_day).await.expect("opens").seed_demo(None).await.expect("seeded");
    city.assert_balanced().await;
}

async fn one_that_was_not_finished_does_not_open(kind: Kind) {
    let city = demo(kind).await;
    city.try_execute("ALTER TABLE audit RENAME TO elsewhere").await.expect("renamed");
    let error = refused(&city.engine, SIZE).await;
    assert!(matches!(error, OpenError::Demo(_)), "{error}");
    city.try_execute("ALTER TABLE elsewhere RENAME TO audit").await.expect("renamed");
    let error = another_process(&city).await.err().expect("its guards are missing").to_string();
    assert!(error.contains("not finished") && !error.contains('\n'), "{error}");
    let error = refused(&city.engine, SIZE).await;
    assert!(error.to_string().contains("unfinished"), "{error}");
}
