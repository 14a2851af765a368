//! Messages: rows of the outbox, written with what they tell about, one of a kind for each version of a booking.

use domain::message::MessageKind;

use crate::harness::{Guest, Kind, TestCity, on_both_engines};

on_both_engines!(
    a_booking_is_told_at_once_and_reminded_of_the_day_before,
    a_move_tells_the_new_window_and_takes_the_old_reminder_back,
    a_cancellation_is_told_and_nothing_reminds_any_more,
    a_booking_for_tomorrow_made_in_the_evening_is_reminded_of_at_once_and_one_for_the_next_hours_is_not,
    a_second_message_of_a_kind_for_one_version_cannot_be_written,
    a_given_jab_is_not_reminded_of,
);

/// Kind and state of what was written, in the order of kinds.
async fn outbox(city: &TestCity) -> Vec<String> {
    let sql = "SELECT kind || ' ' || booking_version || ' ' || state FROM messages WHERE booking_code IS NOT NULL ORDER BY booking_version, kind";
    city.column(sql).await
}

async fn inbox(city: &TestCity, guest: &Guest) -> Vec<(MessageKind, String)> {
    // booked for oneself: messages go to the person's phone
    let phone = city.engine.list_people(&guest.citizen).await.expect("listed")[0].phone.clone();
    let all = city.engine.demo_messages(None).await.expect("the inbox");
    let to_person = all.into_iter().filter(|message| message.to.starts_with(&phone[..3]) && message.to.ends_with(&phone[7..]));
    to_person.filter(|message| message.kind != MessageKind::SignInCode).map(|message| (message.kind, message.text)).collect()
}

async fn a_booking_is_told_at_once_and_reminded_of_the_day_before(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = city.guest().await;
    let booking = city.book(&guest, city.slot("one", "vero", 2, "09:00"), 1).await.expect("booked");
    assert_eq!(outbox(&city).await, ["booked 1 queued", "reminder 1 queued"]);
    let told = inbox(&city, &guest).await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].0, MessageKind::Booked);
    for part in [booking.code.grouped().as_str(), "09:00–09:30", "测试接种点一"] {
        assert!(told[0].1.contains(part), "{}", told[0].1);
    }
    assert!(!told[0].1.contains(&guest.person.name), "the name is masked");
    city.clock.set_civil(city.day(1), "16:59");
    assert_eq!(inbox(&city, &guest).await.len(), 1);
    city.clock.set_civil(city.today(), "17:00");
    let told = inbox(&city, &guest).await;
    assert_eq!(told[0].0, MessageKind::Reminder, "the day before, at five");
}

async fn a_move_tells_the_new_window_and_takes_the_old_reminder_back(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = city.guest().await;
    let booking = city.book(&guest, city.slot("one", "vero", 2, "09:00"), 1).await.expect("booked");
    city.engine.send_due().await.expect("sent");
    city.clock.step(chrono::Duration::minutes(1));
    city.move_to(&guest, &booking, city.slot("two", "vero", 5, "10:00")).await.expect("moved");
    assert_eq!(outbox(&city).await, ["booked 1 delivered", "reminder 1 dropped", "moved 2 queued", "reminder 2 queued"]);
    let told = inbox(&city, &guest).await;
    assert!(
        told[0].0 == MessageKind::Moved && told[0].1.contains("测试接种点二") && told[0].1.contains("10:00–10:30"),
        "{}",
        told[0].1
    );
    city.clock.set_civil(city.day(1), "18:00");
    assert_eq!(inbox(&city, &guest).await.len(), 2, "the old day's reminder is not sent");
    city.clock.set_civil(city.day(3), "18:00");
    assert_eq!(inbox(&city, &guest).await.len(), 3, "the new day's is");
}

async fn a_cancellation_is_told_and_nothing_reminds_any_more(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = city.guest().await;
    let booking = city.book(&guest, city.slot("one", "vero", 2, "09:00"), 1).await.expect("booked");
    city.engine.send_due().await.expect("sent");
    city.clock.step(chrono::Duration::minutes(1));
    city.engine.cancel(&guest.citizen, booking.code.as_str()).await.expect("cancelled");
    assert_eq!(outbox(&city).await, ["booked 1 delivered", "cancelled 1 queued", "reminder 1 dropped"]);
    city.clock.set_civil(city.day(2), "09:00");
    let told = inbox(&city, &guest).await;
    assert_eq!(told.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), [MessageKind::Cancelled, MessageKind::Booked]);
}

async fn a_booking_for_tomorrow_made_in_the_evening_is_reminded_of_at_once_and_one_for_the_next_hours_is_not(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = city.guest().await;
    city.clock.set_civil(city.today(), "17:00");
    city.book(&guest, city.slot("one", "vero", 1, "09:00"), 1).await.expect("booked");
    assert_eq!(outbox(&city).await, ["booked 1 queued", "reminder 1 queued"]);
    city.clock.step(chrono::Duration::seconds(1));
    assert_eq!(inbox(&city, &guest).await[0].0, MessageKind::Reminder, "at once, after the confirmation");
    city.clock.set_civil(city.day(1), "08:00");
    let other = city.guest().await;
    city.book(&other, city.slot("one", "vero", 0, "09:30"), 1).await.expect("booked");
    assert_eq!(outbox(&city).await, ["booked 1 queued", "booked 1 queued", "reminder 1 queued"]);
}

async fn a_second_message_of_a_kind_for_one_version_cannot_be_written(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = city.guest().await;
    city.book(&guest, city.slot("one", "vero", 2, "09:00"), 1).await.expect("booked");
    let id = if kind == Kind::Sqlite { "randomblob(16)" } else { "gen_random_uuid()" };
    let columns = "booking_code, booking_made_at, booking_version, kind, to_hash, sealed, state, due_at, created_at";
    let again = format!("INSERT INTO messages (id, {columns}) SELECT {id}, {columns} FROM messages WHERE kind = 'booked'");
    let refused = city.try_execute(&again).await.expect_err("the database refuses");
    assert!(matches!(refused.sql_err(), Some(sea_orm::SqlErr::UniqueConstraintViolation(_))), "{refused:?}");
}

async fn a_given_jab_is_not_reminded_of(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = city.guest().await;
    let nurse = city.staff("nurse", domain::access::Role::Nurse, "one").await;
    let booking = city.book(&guest, city.slot("one", "vero", 0, "09:00"), 1).await.expect("booked");
    let scan = domain::checkin::Redeem { code: booking.code.to_string(), nonce: city.engine_id(), lot: None, accept: None };
    city.engine.redeem(&nurse, scan).await.expect("recorded");
    assert_eq!(city.count("SELECT count(*) FROM messages WHERE state = 'queued' AND kind = 'reminder'").await, 0);
}
