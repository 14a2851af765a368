//! Keys that change while the service runs: nobody meets a value that they cannot open, and wrong keys change nothing.

use std::time::Duration;

use domain::access::Role;
use domain::person::{Person, Relation};
use domain::reason::Reason;
use domain::time::Clock;
use engine::entropy::SystemEntropy;
use engine::keys::{FILE_NAME, Keys};
use engine::{Engine, OpenError};

use crate::harness::{Guest, Kind, TestCity, draft, on_both_engines};

on_both_engines!(
    a_new_key_is_known_to_every_process_before_any_seals_with_it,
    a_service_learns_of_a_new_key_by_itself,
    a_new_pass_key_signs_when_every_process_knows_it_and_old_passes_stay_good_until_it_is_forgotten,
    keys_of_another_installation_change_nothing_in_a_running_service,
    a_database_is_refused_with_another_index_key,
);

/// Adds a version that seals ten minutes from now.
pub(crate) fn rotate(city: &TestCity) -> u8 {
    let now = city.clock.now();
    let path = city.dir.path().join(FILE_NAME);
    Keys::rotate(&path, None, now, now + chrono::Duration::minutes(10), &SystemEntropy).expect("rotated")
}

/// How many people are sealed with a version.
pub(crate) async fn people_sealed_with(city: &TestCity, version: u8) -> i64 {
    let bytes = if city.kind == Kind::Sqlite { "hex(substr(sealed, 2, 1))" } else { "encode(substr(sealed, 2, 1), 'hex')" };
    city.count(&format!("SELECT count(*) FROM people WHERE {bytes} = '{version:02X}'")).await
}

async fn add(city: &TestCity, engine: &Engine, guest: &Guest) -> Person {
    engine.save_person(&guest.citizen, draft(Relation::Other, city.next())).await.expect("saved")
}

async fn a_new_key_is_known_to_every_process_before_any_seals_with_it(kind: Kind) {
    let city = TestCity::new(kind).await;
    let (other, late) = (city.another_process().await.expect("opens"), city.another_process().await.expect("opens"));
    let guest = city.guest().await;
    assert_eq!(rotate(&city), 2);
    assert_eq!(city.engine.reload_keys().await.ok(), Some(true));
    assert_eq!(city.engine.reload_keys().await.ok(), Some(false));

    // one knows it, the other still has the old file: both seal so that both can open
    let first = add(&city, &city.engine, &guest).await;
    city.clock.step(chrono::Duration::seconds(599));
    let second = add(&city, &city.engine, &guest).await;
    assert_eq!(people_sealed_with(&city, 2).await, 0);
    let listed = other.list_people(&guest.citizen).await.expect("the old file opens them");
    assert_eq!(listed[1..], [first.clone(), second.clone()]);

    // within the ten minutes the other has looked, and only then does anybody seal with it
    assert_eq!(other.reload_keys().await.ok(), Some(true));
    city.clock.step(chrono::Duration::seconds(1));
    let third = add(&city, &city.engine, &guest).await;
    city.clock.step(chrono::Duration::seconds(1));
    let fourth = add(&city, &other, &guest).await;
    assert_eq!(people_sealed_with(&city, 2).await, 2);
    for engine in [&city.engine, &other] {
        let listed = engine.list_people(&guest.citizen).await.expect("both open all");
        assert_eq!(listed[1..], [first.clone(), second.clone(), third.clone(), fourth.clone()]);
    }
    // what the ten minutes are for: whoever did not look in them cannot open, until they do
    assert!(late.list_people(&guest.citizen).await.is_err());
    late.reload_keys().await.expect("read");
    assert_eq!(late.list_people(&guest.citizen).await.expect("opens").len(), 5);
}

async fn a_service_learns_of_a_new_key_by_itself(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = city.guest().await;
    let keeper = tokio::spawn({
        let engine = city.engine.clone();
        async move { engine.keep_keys().await }
    });
    rotate(&city);
    city.clock.step(chrono::Duration::minutes(10));
    let learnt = async {
        let person = draft(Relation::Other, city.next());
        // the same person again and again, until they are sealed with it
        while people_sealed_with(&city, 2).await == 0 {
            city.engine.save_person(&guest.citizen, person.clone()).await.expect("saved");
        }
    };
    tokio::time::timeout(Duration::from_secs(60), learnt).await.expect("within seconds");
    keeper.abort();
}

async fn keys_of_another_installation_change_nothing_in_a_running_service(kind: Kind) {
    let (city, other) = (TestCity::new(kind).await, TestCity::new(Kind::Sqlite).await);
    let guest = city.guest().await;
    let path = city.dir.path().join(FILE_NAME);
    std::fs::copy(other.dir.path().join(FILE_NAME), &path).expect("copied");
    assert!(matches!(city.engine.reload_keys().await, Err(OpenError::OtherKeys(_))));
    std::fs::write(&path, "half a fi").expect("written");
    assert!(matches!(city.engine.reload_keys().await, Err(OpenError::Keys(_))));
    std::fs::remove_file(&path).expect("removed");
    assert!(matches!(city.engine.reload_keys().await, Err(OpenError::Keys(_))));
    add(&city, &city.engine, &guest).await;
    assert_eq!(city.engine.list_people(&guest.citizen).await.expect("opens").len(), 2);
}

async fn a_database_is_refused_with_another_index_key(kind: Kind) {
    let (city, other) = (TestCity::new(kind).await, TestCity::new(Kind::Sqlite).await);
    let line = |city: &TestCity| {
        let text = std::fs::read_to_string(city.dir.path().join(FILE_NAME)).expect("read");
        text.lines().find(|line| line.starts_with("index = ")).expect("an index key").to_owned()
    };
    let path = city.dir.path().join(FILE_NAME);
    let text = std::fs::read_to_string(&path).expect("read").replace(&line(&city), &line(&other));
    std::fs::write(&path, text).expect("written");
    let Err(refused) = city.another_process().await else { panic!("it must not open") };
    assert!(matches!(refused, OpenError::OtherKeys(_)), "{refused}");
    assert!(matches!(city.engine.reload_keys().await, Err(OpenError::OtherKeys(_))));
}

/// The id of the key that signed a pass: its second byte.
fn signed_by(pass: &str) -> u8 {
    let sign = |at: usize| "0123456789ABCDEFGHJKMNPQRSTVWXYZ".find(&pass[at..=at]).expect("of the alphabet");
    // after the prefix: eight bits of the format, then eight of the id, five a character
    u8::try_from((sign(5) & 3) << 6 | sign(6) << 1 | sign(7) >> 4).expect("eight bits")
}

async fn a_new_pass_key_signs_when_every_process_knows_it_and_old_passes_stay_good_until_it_is_forgotten(kind: Kind) {
    let city = TestCity::new(kind).await;
    let (guest, nurse) = (city.guest().await, city.staff("nurse", Role::Nurse, "one").await);
    let other = city.another_process().await.expect("opens");
    let path = city.dir.path().join(FILE_NAME);
    let booking = city.book(&guest, city.slot("one", "vero", 0, "09:00"), 1).await.expect("booked");
    let old = booking.pass.clone().expect("a pass");
    assert_eq!(signed_by(&old), 1);
    let now = city.clock.now();
    assert_eq!(Keys::add_pass_key(&path, now, now + chrono::Duration::minutes(10), &SystemEntropy).ok(), Some(2));

    // one process knows it and the other does not: until its time neither signs with it
    assert_eq!(city.engine.reload_keys().await.ok(), Some(true));
    city.clock.step(chrono::Duration::seconds(599));
    let shown = async |engine: &Engine| {
        engine.show_booking(&guest.citizen, booking.code.as_str()).await.expect("shown").pass.expect("a pass")
    };
    assert_eq!(shown(&city.engine).await, old);
    assert_eq!(other.reload_keys().await.ok(), Some(true));
    city.clock.step(chrono::Duration::seconds(1));
    let new = shown(&city.engine).await;
    assert_eq!((signed_by(&new), shown(&other).await), (2, new.clone()));
    for engine in [&city.engine, &other] {
        for pass in [&old, &new] {
            engine.look_up(&nurse, Some(pass), None).await.expect("both are good");
        }
    }

    // somebody may come with the old one
    let until = Keys::read(&path).expect("read").signed_until(1).expect("there is a next one");
    let out = async |ahead: u32| {
        let url = city.url.clone();
        Engine::passes_out(&url, until, city.day(ahead)).await.expect("counted")
    };
    assert_eq!((out(0).await, out(1).await), (1, 0));

    city.clock.step(chrono::Duration::seconds(60));
    Keys::forget_pass_key(&path, 1, city.clock.now()).expect("forgotten");
    for engine in [&city.engine, &other] {
        assert_eq!(engine.reload_keys().await.ok(), Some(true));
        let refused = engine.look_up(&nurse, Some(&old), None).await.expect_err("its key is gone");
        assert_eq!(refused.reason, Some(Reason::PassShape));
        engine.look_up(&nurse, Some(&new), None).await.expect("still good");
        engine.look_up(&nurse, None, Some(booking.code.as_str())).await.expect("the code always is");
    }
}
