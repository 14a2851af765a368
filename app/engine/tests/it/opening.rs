//! Opening the engine: when it refuses, what two processes share, and how it stops.

use std::time::Duration;

use domain::error::ErrorCode;
use engine::{Engine, OpenError};

use crate::harness::{Kind, TestCity, on_both_engines};

on_both_engines!(
    a_newer_database_is_refused,
    a_database_without_its_keys_is_refused,
    a_database_with_other_keys_is_refused,
    opening_again_changes_nothing,
    what_one_process_books_shows_on_the_boards_of_the_others,
    a_schedule_written_again_adds_the_days_that_are_missing,
    a_stopped_engine_takes_no_more_bookings,
    the_database_itself_never_oversells,
);

async fn a_newer_database_is_refused(kind: Kind) {
    let city = TestCity::new(kind).await;
    city.execute("INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_from_the_future', 1)", []).await;
    let Err(refused) = city.another_process().await else { panic!("it must not open") };
    assert!(matches!(&refused, OpenError::Newer(name) if name == "m9999_from_the_future"));
    let words = refused.to_string();
    assert!(words.contains("newer") && !words.contains('\n'), "{words}");
    assert!(matches!(Engine::migrate(&city.url).await, Err(OpenError::Newer(_))));
}

async fn a_database_without_its_keys_is_refused(kind: Kind) {
    let city = TestCity::new(kind).await;
    std::fs::remove_file(city.dir.path().join("keys.toml")).expect("removed");
    let Err(refused) = city.another_process().await else { panic!("it must not open") };
    assert!(matches!(refused, OpenError::Keys(_)), "{refused}");
    assert!(!city.dir.path().join("keys.toml").exists(), "no new keys are made for an old database");
}

async fn a_database_with_other_keys_is_refused(kind: Kind) {
    let (city, other) = (TestCity::new(kind).await, TestCity::new(kind).await);
    std::fs::copy(other.dir.path().join("keys.toml"), city.dir.path().join("keys.toml")).expect("copied");
    let Err(refused) = city.another_process().await else { panic!("it must not open") };
    assert!(matches!(refused, OpenError::OtherKeys(_)), "{refused}");
}

async fn opening_again_changes_nothing(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = city.guest().await;
    let booking = city.book(&guest, city.slot("one", "vero", 1, "09:00"), 1).await.expect("booked");
    let again = city.another_process().await.expect("opens");
    assert_eq!(again.list_bookings(&guest.citizen).await, Ok(vec![booking]));
    assert_eq!(city.count("SELECT count(*) FROM vaccines").await, 3);
    again.ready().await.expect("ready");
    again.warm().await.expect("the indexes of bookings are there");
}

async fn what_one_process_books_shows_on_the_boards_of_the_others(kind: Kind) {
    let city = TestCity::new(kind).await;
    let other = city.another_process().await.expect("opens");
    let guest = city.guest().await;
    let slot = city.slot("one", "vero", 1, "09:00");
    city.book(&guest, slot, 1).await.expect("booked");
    let remaining = || {
        let ready = other.board().site(city.site("one")).expect("a site");
        let slots: domain::availability::SiteSlots = serde_json::from_slice(&ready.body).expect("JSON");
        slots.slots.into_iter().find(|one| one.id == slot).expect("the window").remaining
    };
    let told = tokio::time::timeout(Duration::from_secs(10), async {
        while remaining() != 9 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    told.await.expect("within seconds");
}

async fn a_schedule_written_again_adds_the_days_that_are_missing(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = city.guest().await;
    let booking = city.book(&guest, city.slot("one", "vero", 1, "09:00"), 1).await.expect("booked");
    city.engine.board().settled().await;
    let version = city.engine.board().overview().etag.clone();
    assert_eq!(city.engine.write_schedule().await.expect("written").slots, 0);
    assert_eq!(city.engine.board().overview().etag, version, "nobody who follows the feed has to start again");
    city.clock.step(chrono::Duration::days(1));
    // a day of both sites: 7 + 4 + 2 windows here, 7 there
    assert_eq!(city.engine.write_schedule().await.expect("written").slots, 20);
    assert_eq!(city.engine.show_booking(&guest.citizen, booking.code.as_str()).await, Ok(booking));
    city.assert_balanced().await;
}

async fn a_stopped_engine_takes_no_more_bookings(kind: Kind) {
    let city = TestCity::new(kind).await;
    let (guest, late) = (city.guest().await, city.guest().await);
    let slot = city.slot("one", "vero", 1, "09:00");
    city.book(&guest, slot, 1).await.expect("booked");
    city.engine.stop().await;
    let refused = city.book(&late, slot, 1).await.expect_err("stopped");
    assert!(matches!(refused.code, ErrorCode::Busy | ErrorCode::Internal), "{refused:?}");
    assert!(city.engine.ready().await.is_err());
    assert_eq!(city.taken(slot).await, 1);
}

async fn the_database_itself_never_oversells(kind: Kind) {
    let city = TestCity::new(kind).await;
    city.guest().await;
    for wrong in ["UPDATE slots SET taken = capacity + 1", "UPDATE slots SET taken = -1", "UPDATE slots SET end_time = start_time"]
    {
        assert!(city.try_execute(wrong).await.is_err(), "{wrong}");
    }
}
