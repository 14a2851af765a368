//! What comes after a day, and before the next one: who did not come is marked and told, reminders that are missing are written, and whoever got
//! a jab hears of the next dose in time.

use chrono::{DateTime, Duration, Utc};
use domain::access::Role;
use domain::booking::Booking;
use domain::checkin::{CheckedIn, Redeem};
use domain::error::Result;
use domain::jobs::{Ended, Job};
use domain::message::MessageKind;
use domain::time::{hhmm, instant};
use engine::{Going, Staff};

use crate::harness::{Kind, TestCity, on_both_engines};

on_both_engines!(
    who_did_not_come_is_marked_and_told_once,
    who_came_called_off_or_missed_long_ago_is_told_nothing,
    many_who_did_not_come_are_marked_in_steps,
    a_reminder_that_is_missing_is_written_the_day_before_and_no_other,
    a_jab_leads_to_a_message_about_the_next_dose_and_taken_back_to_none,
    the_last_dose_leads_to_no_message,
);

/// Kind, version, state and due time of the messages of these kinds.
async fn outbox(city: &TestCity, kinds: &str) -> Vec<String> {
    let sql = format!(
        "SELECT kind || ' ' || booking_version || ' ' || state FROM messages WHERE kind IN ({kinds}) ORDER BY kind, booking_code"
    );
    city.column(&sql).await
}

async fn missed(city: &TestCity) -> Vec<String> {
    outbox(city, "'missed'").await
}

async fn record(city: &TestCity, staff: &Staff, booking: &Booking) -> Result<CheckedIn> {
    city.engine.redeem(staff, Redeem { code: booking.code.to_string(), nonce: city.engine_id(), lot: None, accept: None }).await
}

async fn who_did_not_come_is_marked_and_told_once(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = city.guest().await;
    let booking = city.book(&guest, city.slot("one", "vero", 0, "09:00"), 1).await.expect("booked");
    city.clock.set_civil(city.today(), "23:59");
    city.engine.run_job(Job::Missed, true).await.expect("ran");
    assert_eq!(missed(&city).await, Vec::<String>::new(), "the day is not over");
    city.clock.set_civil(city.day(1), "00:10");
    assert_eq!(city.engine.run_job(Job::Missed, false).await, Ok(Some(Ended::Done)));
    assert_eq!(missed(&city).await, ["missed 1 queued"]);
    assert_eq!(city.column("SELECT state FROM bookings").await, ["missed"]);
    city.engine.run_job(Job::Missed, true).await.expect("ran");
    city.engine.sweep().await.expect("swept");
    assert_eq!(missed(&city).await, ["missed 1 queued"], "once");
    let told = city.engine.demo_messages(None).await.expect("the inbox");
    let told = told.iter().find(|message| message.kind == MessageKind::Missed).expect("told");
    assert!(told.text.contains(&booking.code.grouped()) && told.text.contains("09:00–09:30"), "{}", told.text);
    city.assert_balanced().await;
}

async fn who_came_called_off_or_missed_long_ago_is_told_nothing(kind: Kind) {
    let city = TestCity::new(kind).await;
    let nurse = city.staff("nurse", Role::Nurse, "one").await;
    let (came, called_off, crowd, long_ago) = (city.guest().await, city.guest().await, city.guest().await, city.guest().await);
    let slot = city.slot("one", "vero", 0, "09:00");
    let jab = city.book(&came, slot, 1).await.expect("booked");
    record(&city, &nurse, &jab).await.expect("recorded");
    let off = city.book(&called_off, slot, 1).await.expect("booked");
    city.engine.cancel(&called_off.citizen, off.code.as_str()).await.expect("cancelled");
    // as the demo writes its crowd: nobody ever told them anything
    let unheard = city.book(&crowd, slot, 1).await.expect("booked");
    city.execute("DELETE FROM messages WHERE booking_code = $1", [unheard.code.to_string().into()]).await;
    city.clock.step(Duration::days(1));
    assert_eq!(city.engine.run_job(Job::Missed, false).await, Ok(Some(Ended::Done)));
    assert_eq!(missed(&city).await, Vec::<String>::new());
    assert_eq!(city.column("SELECT state FROM bookings ORDER BY state").await, ["cancelled", "missed", "redeemed"]);

    // a service that was down for eight days
    city.book(&long_ago, city.slot("one", "vero", 0, "10:00"), 1).await.expect("booked");
    city.clock.step(Duration::days(8));
    assert_eq!(city.engine.run_job(Job::Missed, false).await, Ok(Some(Ended::Done)));
    assert_eq!(city.count("SELECT count(*) FROM bookings WHERE state = 'missed'").await, 2);
    assert_eq!(missed(&city).await, Vec::<String>::new(), "it would help nobody any more");
}

async fn many_who_did_not_come_are_marked_in_steps(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = city.guest().await;
    city.book(&guest, city.slot("one", "vero", 0, "09:00"), 1).await.expect("booked");
    let hash = if kind == Kind::Sqlite { "randomblob(32)" } else { "decode(md5(CAST(i AS text)), 'hex')" };
    let columns =
        "account_id, person_id, slot_id, course, dose, state, version, questions, consent_version, created_at, changed_at";
    let many = format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 599) \
         INSERT INTO bookings (code, person_hash, {columns}) SELECT 'many' || CAST(i AS text), {hash}, {columns} FROM n, bookings"
    );
    city.try_execute(&many).await.expect("written");
    city.clock.step(Duration::days(1));
    let turn = city.engine.begin_job(Job::Missed, false).await.expect("asked").expect("due");
    for step in [Going::On(256), Going::On(256), Going::On(88), Going::Done] {
        assert_eq!(city.engine.go_on(&turn).await, Ok(step));
    }
    assert_eq!(city.column("SELECT DISTINCT state FROM bookings").await, ["missed"]);
    assert_eq!(missed(&city).await, ["missed 1 queued"], "one of them was ever told of a booking");
}

async fn a_reminder_that_is_missing_is_written_the_day_before_and_no_other(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guests = [city.guest().await, city.guest().await, city.guest().await, city.guest().await, city.guest().await];
    let [lost, kept, off, moved, later] = &guests;
    let tomorrow = city.slot("one", "vero", 1, "09:00");
    let booking = city.book(lost, tomorrow, 1).await.expect("booked");
    city.book(kept, tomorrow, 1).await.expect("booked");
    let cancelled = city.book(off, tomorrow, 1).await.expect("booked");
    city.engine.cancel(&off.citizen, cancelled.code.as_str()).await.expect("cancelled");
    let elsewhere = city.book(moved, city.slot("one", "vero", 5, "09:00"), 1).await.expect("booked");
    city.move_to(moved, &elsewhere, tomorrow).await.expect("moved");
    let far = city.book(later, city.slot("one", "vero", 2, "09:00"), 1).await.expect("booked");
    for code in [&booking.code, &far.code, &elsewhere.code] {
        city.execute("DELETE FROM messages WHERE kind = 'reminder' AND booking_code = $1", [code.to_string().into()]).await;
    }
    city.clock.set_civil(city.today(), "16:00");
    assert_eq!(city.engine.run_job(Job::Reminders, false).await, Ok(Some(Ended::Done)));
    let mut found = outbox(&city, "'reminder'").await;
    found.sort();
    assert_eq!(found, ["reminder 1 dropped", "reminder 1 queued", "reminder 1 queued", "reminder 2 queued"]);
    let at_five = instant(city.today(), hhmm::parse("17:00").expect("a time"));
    assert_eq!(due(&city, "reminder").await, vec![at_five; 3]);
    // one that has gone, or was taken back, is not written again
    city.execute("UPDATE messages SET state = 'sent' WHERE kind = 'reminder' AND state = 'queued'", []).await;
    city.engine.run_job(Job::Reminders, true).await.expect("ran");
    assert_eq!(city.count("SELECT count(*) FROM messages WHERE kind = 'reminder'").await, 4);
    // tomorrow's tomorrow has its turn tomorrow
    city.clock.set_civil(city.day(1), "16:00");
    assert_eq!(city.engine.run_job(Job::Reminders, false).await, Ok(Some(Ended::Done)));
    assert_eq!(city.count("SELECT count(*) FROM messages WHERE kind = 'reminder'").await, 5);
    city.assert_balanced().await;
}

/// When what is queued of a kind is due.
async fn due(city: &TestCity, kind: &str) -> Vec<DateTime<Utc>> {
    let text =
        if city.kind == Kind::Sqlite { "due_at" } else { "to_char(due_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS+00:00')" };
    let found = city.column(&format!("SELECT {text} FROM messages WHERE kind = '{kind}' AND state = 'queued'")).await;
    found.iter().map(|text| text.replace(' ', "T").parse().unwrap_or_else(|_| panic!("{text}"))).collect()
}

async fn a_jab_leads_to_a_message_about_the_next_dose_and_taken_back_to_none(kind: Kind) {
    let city = TestCity::new(kind).await;
    let (nurse, manager) = (city.staff("nurse", Role::Nurse, "one").await, city.staff("manager", Role::Manager, "one").await);
    let guest = city.guest().await;
    let booking = city.book(&guest, city.slot("one", "vero", 0, "09:00"), 1).await.expect("booked");
    let scan = Redeem { code: booking.code.to_string(), nonce: city.engine_id(), lot: None, accept: None };
    city.engine.redeem(&nurse, scan.clone()).await.expect("recorded");
    city.engine.redeem(&nurse, scan).await.expect("the same again");
    // from the 21st day on, and three days before it
    let when = instant(city.day(18), hhmm::parse("17:00").expect("a time"));
    assert_eq!(
        (outbox(&city, "'next_dose'").await, due(&city, "next_dose").await),
        (vec!["next_dose 1 queued".to_owned()], vec![when])
    );
    for _ in 0..2 {
        city.engine.undo(&manager, booking.code.as_str(), "the wrong person").await.expect("taken back");
        assert_eq!(outbox(&city, "'next_dose'").await, ["next_dose 1 dropped"]);
        record(&city, &nurse, &booking).await.expect("recorded again");
        assert_eq!(
            (outbox(&city, "'next_dose'").await, due(&city, "next_dose").await),
            (vec!["next_dose 1 queued".to_owned()], vec![when])
        );
    }
    city.assert_balanced().await;

    let told = async || {
        let inbox = city.engine.demo_messages(None).await.expect("the inbox");
        inbox.into_iter().find(|message| message.kind == MessageKind::NextDose)
    };
    city.clock.set_civil(city.day(18), "16:59");
    assert_eq!(told().await, None);
    city.clock.step(Duration::minutes(1));
    let text = told().await.expect("told").text;
    assert!(text.contains("下一剂") && !text.contains(&guest.person.name), "{text}");
    // whoever has booked it by then hears nothing
    city.engine.write_schedule().await.expect("written");
    city.book(&guest, city.slot("one", "vero", 3, "09:00"), 2).await.expect("the first day on which it may be given");
    assert_eq!(told().await, None);
}

async fn the_last_dose_leads_to_no_message(kind: Kind) {
    let city = TestCity::new(kind).await;
    let nurse = city.staff("nurse", Role::Nurse, "one").await;
    let guest = city.guest().await;
    let booking = city.book(&guest, city.slot("one", "ad5", 0, "16:00"), 1).await.expect("booked");
    record(&city, &nurse, &booking).await.expect("recorded");
    assert_eq!(outbox(&city, "'next_dose'").await, Vec::<String>::new());
}
