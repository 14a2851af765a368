//! What is kept of anybody's health beside a booking: nothing.

use domain::access::Role;
use domain::screening::{Screening, VERSION};
use engine::Engine;

use crate::harness::{Kind, TestCity, on_both_engines};

on_both_engines!(
    no_answer_about_health_stands_in_the_database_and_staff_are_told_no_all_the_same,
    answers_that_an_older_program_has_written_are_taken_away,
);

async fn no_answer_about_health_stands_in_the_database_and_staff_are_told_no_all_the_same(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = city.guest().await;
    let booking = city.book(&guest, city.slot("one", "vero", 0, "09:00"), 1).await.expect("booked");
    let columns = match kind {
        Kind::Sqlite => "SELECT name FROM pragma_table_info('bookings')",
        Kind::Postgres => "SELECT column_name::text FROM information_schema.columns WHERE table_name = 'bookings'",
    };
    assert!(!city.column(columns).await.contains(&"screening".to_owned()));
    let asked = format!("SELECT count(*) FROM bookings WHERE questions = {VERSION}");
    assert_eq!(city.count(&asked).await, 1, "which questions were asked");
    let stored = city.raw_bytes().await;
    for word in ["allergy", "acute_or_uncontrolled", "pregnant"] {
        assert!(!stored.windows(word.len()).any(|bytes| bytes == word.as_bytes()), "{word}");
    }
    let nurse = city.staff("nurse", Role::Nurse, "one").await;
    let seen = city.engine.look_up(&nurse, None, Some(booking.code.as_str())).await.expect("found");
    assert_eq!(seen.screening, Screening::ALL_NO);
}

async fn answers_that_an_older_program_has_written_are_taken_away(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = city.guest().await;
    let booking = city.book(&guest, city.slot("one", "vero", 0, "09:00"), 1).await.expect("booked");
    for as_it_was in [
        "ALTER TABLE bookings DROP COLUMN questions",
        "ALTER TABLE bookings ADD COLUMN screening text NOT NULL DEFAULT '{\"allergy\":false}'",
        "DELETE FROM seaql_migrations WHERE version = 'm0012_questions'",
    ] {
        city.try_execute(as_it_was).await.expect(as_it_was);
    }
    Engine::migrate(&city.url).await.expect("migrated");
    assert!(city.try_execute("SELECT screening FROM bookings").await.is_err(), "it is gone");
    assert_eq!(city.count("SELECT count(*) FROM bookings WHERE questions = 1").await, 1);
    let again = city.another_process().await.expect("opens");
    assert_eq!(again.list_bookings(&guest.citizen).await, Ok(vec![booking]));
    city.assert_balanced().await;
}
