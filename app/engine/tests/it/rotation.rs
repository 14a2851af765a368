//! Keys that change while the service runs: nobody meets a value that they cannot open, and wrong keys change nothing.

use std::time::Duration;

use domain::person::{Person, Relation};
use domain::time::Clock;
use engine::entropy::SystemEntropy;
use engine::keys::{FILE_NAME, Keys};
use engine::{Engine, OpenError};

use crate::harness::{Guest, Kind, TestCity, draft, on_both_engines};

on_both_engines!(
    a_new_key_is_known_to_every_process_before_any_seals_with_it,
    a_service_learns_of_a_new_key_by_itself,
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
