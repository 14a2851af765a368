//! Messages on their way: each sent once, true when it goes, and known what became of it, whatever gateways and processes do.

use std::sync::Arc;
use std::time::Duration;

use domain::message::MessageKind;
use domain::slot::Window;
use engine::sms::{DemoInbox, Gateway, GatewayLimits, PerNumber, Pushed, Told};
use engine::{Config, Engine};

use crate::harness::gateway::{Does, Scripted, reference};
use crate::harness::{Guest, Kind, TestCity, on_both_engines};

on_both_engines!(
    what_is_due_goes_once_and_nothing_that_is_not,
    many_processes_send_each_message_once,
    a_reminder_is_not_sent_for_a_booking_that_was_cancelled_or_moved_after_it_was_due,
    a_number_that_is_refused_holds_up_nobody_and_goes_to_the_second_gateway_and_then_to_those_who_call,
    while_a_gateway_is_down_nothing_is_lost_and_the_second_one_sends,
    a_message_that_is_not_taken_now_goes_later_and_holds_up_no_other,
    while_all_gateways_are_down_nothing_is_tried_in_vain_and_nothing_lost,
    a_message_whose_answer_was_lost_is_asked_about_before_it_is_sent_again,
    a_message_that_the_gateway_does_not_know_is_sent_again_only_after_some_minutes,
    a_message_that_nobody_can_be_asked_about_stays_in_doubt,
    what_a_dead_process_had_in_hand_is_in_doubt_and_then_known,
    a_slow_process_does_not_overwrite_what_became_known_meanwhile,
    a_receipt_tells_what_became_of_a_message_once_and_only_where_it_fits,
    whoever_has_another_number_by_now_is_told_there_and_the_receipt_for_it_counts,
    a_failed_receipt_leads_to_the_second_gateway_and_a_late_one_of_the_first_changes_nothing,
    a_receipt_without_our_id_is_found_by_what_the_gateway_calls_it,
    a_number_gets_no_more_than_its_gateway_allows,
    codes_do_not_wait_behind_reminders_and_are_not_sent_when_they_are_old,
    what_can_wait_is_not_sent_at_night,
    a_clock_that_leaps_forward_and_back_sends_nothing_twice,
    two_messages_about_one_booking_arrive_in_their_order,
    whoever_reads_english_is_told_in_english,
);

/// A process of the same city that sends by these gateways.
async fn post(city: &TestCity, gateways: Vec<Arc<dyn Gateway>>) -> Engine {
    Engine::open(Config { gateways, ..city.another_config() }).await.expect("opens")
}

/// State, gateway, tries of all messages about bookings.
async fn rows(city: &TestCity) -> Vec<String> {
    let sql = "SELECT kind || ' ' || state || ' ' || COALESCE(gateway, '-') || ' ' || COALESCE(trouble, '-') FROM messages \
               WHERE booking_code IS NOT NULL ORDER BY booking_made_at, booking_version, kind";
    city.column(sql).await
}

/// Somebody who has booked for the day after tomorrow, at nine.
async fn booked(city: &TestCity) -> (Guest, domain::booking::Booking) {
    let guest = city.guest().await;
    let booking = city.book(&guest, city.slot("one", "vero", 2, "09:00"), 1).await.expect("booked");
    (guest, booking)
}

/// Drops the codes by which the guests have signed in: they are not what these tests are about.
async fn without_codes(city: &TestCity) {
    let _ = city.try_execute("DELETE FROM messages WHERE booking_code IS NULL").await;
}

async fn what_is_due_goes_once_and_nothing_that_is_not(kind: Kind) {
    let city = TestCity::new(kind).await;
    let (_, booking) = booked(&city).await;
    without_codes(&city).await;
    let gateway = Scripted::new("one");
    let post = post(&city, vec![gateway.clone()]).await;
    assert_eq!(post.send_due().await.expect("sent"), 1);
    assert_eq!(post.send_due().await.expect("sent"), 0);
    let had = gateway.had();
    assert_eq!((had.len(), had[0].kind), (1, MessageKind::Booked));
    assert!(had[0].text.contains(&booking.code.grouped()), "{}", had[0].text);
    assert_eq!(rows(&city).await, ["booked sent one -", "reminder queued - -"]);
    city.clock.set_civil(city.day(1), "17:00");
    assert_eq!(post.send_due().await.expect("sent"), 1);
    assert_eq!(gateway.kinds(), [MessageKind::Booked, MessageKind::Reminder]);
    assert!(gateway.had()[1].text.contains("明天"), "{}", gateway.had()[1].text);
    // the words that went are kept, though the booking moves on
    let told = city.engine.demo_messages(None).await.expect("the inbox");
    assert_eq!(told[0].text, gateway.had()[1].text);
}

async fn many_processes_send_each_message_once(kind: Kind) {
    let city = TestCity::new(kind).await;
    let slot = city.slot("one", "vero", 2, "09:00");
    city.set_capacity(slot, 200).await;
    for _ in 0..40 {
        let guest = city.guest().await;
        city.book(&guest, slot, 1).await.expect("booked");
    }
    without_codes(&city).await;
    city.clock.set_civil(city.day(1), "17:00");
    let gateway = Scripted::new("one");
    let (one, other) = (post(&city, vec![gateway.clone()]).await, post(&city, vec![gateway.clone()]).await);
    let (by_one, by_other) = tokio::join!(one.send_due(), other.send_due());
    assert_eq!(by_one.expect("sent") + by_other.expect("sent"), 80);
    // those of a booking wait a second for each other
    city.clock.step(chrono::Duration::seconds(2));
    let (by_one, by_other) = tokio::join!(one.send_due(), other.send_due());
    assert!(by_one.expect("sent") + by_other.expect("sent") > 0);
    city.clock.step(chrono::Duration::seconds(2));
    one.send_due().await.expect("sent");
    let mut ids: Vec<_> = gateway.had().into_iter().map(|had| had.id).collect();
    ids.sort_unstable();
    let sent = ids.len();
    ids.dedup();
    assert_eq!((sent, ids.len()), (80, 80), "each once");
    assert_eq!(city.count("SELECT count(*) FROM messages WHERE state = 'sent'").await, 80);
}

async fn a_reminder_is_not_sent_for_a_booking_that_was_cancelled_or_moved_after_it_was_due(kind: Kind) {
    let city = TestCity::new(kind).await;
    let (cancels, first) = booked(&city).await;
    let (moves, second) = booked(&city).await;
    let (_, third) = booked(&city).await;
    without_codes(&city).await;
    let gateway = Scripted::new("one");
    let post = post(&city, vec![gateway.clone()]).await;
    post.send_due().await.expect("sent");
    city.clock.set_civil(city.day(1), "17:00");
    // due by now, and not sent yet
    city.engine.cancel(&cancels.citizen, first.code.as_str()).await.expect("cancelled");
    city.move_to(&moves, &second, city.slot("two", "vero", 4, "10:00")).await.expect("moved");
    while post.send_due().await.expect("sent") > 0 {
        city.clock.step(chrono::Duration::seconds(2));
    }
    let told = |code: &domain::code::Code| {
        let had = gateway.had().into_iter().filter(|had| had.text.contains(&code.grouped()));
        had.map(|had| had.kind).collect::<Vec<_>>()
    };
    assert_eq!(told(&first.code), [MessageKind::Booked, MessageKind::Cancelled]);
    assert_eq!(told(&second.code), [MessageKind::Booked, MessageKind::Moved]);
    assert_eq!(told(&third.code), [MessageKind::Booked, MessageKind::Reminder]);
    // and the confirmation of what was moved before it could be told is not sent either
    city.clock.step(chrono::Duration::hours(15));
    let (guest, fourth) = booked(&city).await;
    without_codes(&city).await;
    city.move_to(&guest, &fourth, city.slot("two", "vero", 4, "10:00")).await.expect("moved");
    post.send_due().await.expect("sent");
    assert_eq!(told(&fourth.code), [MessageKind::Moved]);
}

async fn a_number_that_is_refused_holds_up_nobody_and_goes_to_the_second_gateway_and_then_to_those_who_call(kind: Kind) {
    let city = TestCity::new(kind).await;
    for _ in 0..5 {
        booked(&city).await;
    }
    without_codes(&city).await;
    let numbers: Vec<_> = city.engine.demo_messages(None).await.expect("the inbox").into_iter().map(|told| told.to).collect();
    let limits = DemoInbox::default().limits().clone();
    let first = Scripted::with("first", limits.clone(), &[&numbers[0], &numbers[1]]);
    let second = Scripted::with("second", limits, &[&numbers[1]]);
    let post = post(&city, vec![first.clone(), second.clone()]).await;
    post.send_due().await.expect("sent");
    assert_eq!((first.had().len(), second.had().len()), (3, 1));
    assert_eq!(second.had()[0].to, numbers[0]);
    let mut told = rows(&city).await;
    told.retain(|row| row.starts_with("booked"));
    told.sort_unstable();
    assert_eq!(
        told,
        [
            "booked failed second SCRIPTED",
            "booked sent first -",
            "booked sent first -",
            "booked sent first -",
            "booked sent second -"
        ]
    );
}

async fn while_a_gateway_is_down_nothing_is_lost_and_the_second_one_sends(kind: Kind) {
    let city = TestCity::new(kind).await;
    for _ in 0..8 {
        booked(&city).await;
    }
    without_codes(&city).await;
    let (first, second) = (Scripted::new("first"), Scripted::new("second"));
    first.does([], Does::Down);
    let post = post(&city, vec![first.clone(), second.clone()]).await;
    for _ in 0..10 {
        post.send_due().await.expect("sent");
        city.clock.step(chrono::Duration::seconds(3));
    }
    assert_eq!((first.had().len(), second.had().len()), (0, 8));
    // it comes back, and is the first again
    first.does([], Does::Takes);
    city.clock.step(chrono::Duration::minutes(5));
    booked(&city).await;
    without_codes(&city).await;
    for _ in 0..3 {
        post.send_due().await.expect("sent");
        city.clock.step(chrono::Duration::seconds(3));
    }
    assert_eq!(first.had().len() + second.had().len(), 9);
    assert_eq!(first.had().len(), 1);
}

async fn a_message_that_is_not_taken_now_goes_later_and_holds_up_no_other(kind: Kind) {
    let city = TestCity::new(kind).await;
    for _ in 0..5 {
        booked(&city).await;
    }
    without_codes(&city).await;
    let gateway = Scripted::new("one");
    gateway.does([Does::NotNow], Does::Takes);
    let post = post(&city, vec![gateway.clone()]).await;
    post.send_due().await.expect("sent");
    assert_eq!(gateway.had().len(), 4);
    assert_eq!(rows(&city).await.iter().filter(|row| *row == "booked queued - SCRIPTED").count(), 1);
    city.clock.step(chrono::Duration::seconds(3));
    post.send_due().await.expect("sent");
    assert_eq!(gateway.had().len(), 5);
}

async fn while_all_gateways_are_down_nothing_is_tried_in_vain_and_nothing_lost(kind: Kind) {
    let city = TestCity::new(kind).await;
    for _ in 0..8 {
        booked(&city).await;
    }
    without_codes(&city).await;
    let gateway = Scripted::new("one");
    gateway.does([Does::Busy], Does::Down);
    let post = post(&city, vec![gateway.clone()]).await;
    for _ in 0..60 {
        post.send_due().await.expect("sent");
        city.clock.step(chrono::Duration::minutes(1));
    }
    assert_eq!(gateway.had().len(), 0);
    let tries = city.count("SELECT CAST(sum(tries) AS bigint) FROM messages WHERE kind = 'booked'").await;
    assert!((8..120).contains(&tries), "{tries} tries in an hour");
    gateway.does([], Does::Takes);
    for _ in 0..40 {
        post.send_due().await.expect("sent");
        city.clock.step(chrono::Duration::minutes(1));
    }
    let mut ids: Vec<_> = gateway.had().into_iter().map(|had| had.id).collect();
    ids.dedup();
    assert_eq!(ids.len(), 8);
}

async fn a_message_whose_answer_was_lost_is_asked_about_before_it_is_sent_again(kind: Kind) {
    let city = TestCity::new(kind).await;
    booked(&city).await;
    without_codes(&city).await;
    let gateway = Scripted::new("one");
    gateway.does([Does::TakesAndLoses], Does::Takes);
    let post = post(&city, vec![gateway.clone()]).await;
    post.send_due().await.expect("sent");
    assert_eq!(rows(&city).await[0], "booked in_doubt one timeout");
    // not asked at once, and not sent again
    assert_eq!((post.ask_doubtful().await.expect("asked"), post.send_due().await.expect("sent")), (0, 0));
    city.clock.step(chrono::Duration::seconds(31));
    assert_eq!((post.ask_doubtful().await.expect("asked"), post.send_due().await.expect("sent")), (1, 0));
    assert_eq!(rows(&city).await[0], "booked sent one -");
    assert_eq!((gateway.had().len(), gateway.asked()), (1, 1));
}

async fn a_message_that_the_gateway_does_not_know_is_sent_again_only_after_some_minutes(kind: Kind) {
    let city = TestCity::new(kind).await;
    booked(&city).await;
    without_codes(&city).await;
    let gateway = Scripted::new("one");
    gateway.does([Does::Loses], Does::Takes);
    let post = post(&city, vec![gateway.clone()]).await;
    post.send_due().await.expect("sent");
    let began = domain::time::Clock::now(&*city.clock);
    while gateway.had().is_empty() {
        city.clock.step(chrono::Duration::seconds(10));
        post.ask_doubtful().await.expect("asked");
        post.send_due().await.expect("sent");
    }
    let waited = domain::time::Clock::now(&*city.clock) - began;
    assert!((5..15).contains(&waited.num_minutes()), "{waited}");
    assert!(gateway.asked() >= 3);
    assert_eq!(gateway.had().len(), 1);
}

async fn a_message_that_nobody_can_be_asked_about_stays_in_doubt(kind: Kind) {
    let city = TestCity::new(kind).await;
    booked(&city).await;
    without_codes(&city).await;
    let gateway = Scripted::new("one");
    gateway.does([], Does::TakesAndLoses);
    gateway.says(Told::NoAnswer);
    let post = post(&city, vec![gateway.clone()]).await;
    post.send_due().await.expect("sent");
    for _ in 0..200 {
        city.clock.step(chrono::Duration::hours(1));
        post.ask_doubtful().await.expect("asked");
    }
    assert_eq!(city.count("SELECT count(*) FROM messages WHERE kind = 'booked' AND state = 'in_doubt'").await, 1);
    assert!((3..200).contains(&gateway.asked()), "asked {} times, and then no more", gateway.asked());
    assert_eq!(gateway.had().len(), 1);
}

async fn what_a_dead_process_had_in_hand_is_in_doubt_and_then_known(kind: Kind) {
    let city = TestCity::new(kind).await;
    booked(&city).await;
    booked(&city).await;
    without_codes(&city).await;
    let gateway = Scripted::new("one");
    // both are taken, and the process dies before it has written so
    gateway.does([Does::Hangs], Does::Takes);
    let dies = post(&city, vec![gateway.clone()]).await;
    let lives = post(&city, vec![gateway.clone()]).await;
    let dying = tokio::time::timeout(Duration::from_secs(3), dies.send_due()).await;
    assert!(dying.is_err(), "it hangs, and is killed");
    assert_eq!(lives.send_due().await.expect("sent"), 0, "the other has them in hand");
    city.clock.step(chrono::Duration::seconds(59));
    assert_eq!(lives.ask_doubtful().await.expect("asked"), 0);
    city.clock.step(chrono::Duration::seconds(2));
    lives.ask_doubtful().await.expect("asked");
    assert_eq!(city.count("SELECT count(*) FROM messages WHERE state = 'in_doubt' AND trouble = 'lost'").await, 2);
    city.clock.step(chrono::Duration::seconds(31));
    lives.ask_doubtful().await.expect("asked");
    assert_eq!(city.count("SELECT count(*) FROM messages WHERE kind = 'booked' AND state = 'sent'").await, 2);
    assert_eq!(gateway.had().len(), 2, "each once");
}

async fn a_slow_process_does_not_overwrite_what_became_known_meanwhile(kind: Kind) {
    let city = TestCity::new(kind).await;
    booked(&city).await;
    without_codes(&city).await;
    let gateway = Scripted::new("one");
    gateway.does([Does::Hangs], Does::Takes);
    let slow = post(&city, vec![gateway.clone()]).await;
    let other = post(&city, vec![gateway.clone()]).await;
    let sending = tokio::spawn({
        let slow = slow.clone();
        async move { slow.send_due().await }
    });
    while gateway.had().is_empty() {
        tokio::task::yield_now().await;
    }
    let id = gateway.had()[0].id;
    let now = domain::time::Clock::now(&*city.clock);
    let headers = Default::default();
    let body = format!("{id} {} - +", reference(id));
    let pushed = Pushed { headers: &headers, token: Some("the token"), body: body.as_bytes(), now };
    other.take_receipts("one", &pushed).await.expect("taken");
    assert_eq!(rows(&city).await[0], "booked delivered one -");
    sending.abort();
    city.clock.step(chrono::Duration::minutes(2));
    assert_eq!(other.ask_doubtful().await.expect("asked"), 0);
    assert_eq!(rows(&city).await[0], "booked delivered one -");
}

async fn push(post: &Engine, city: &TestCity, name: &str, body: &str) {
    let now = domain::time::Clock::now(&*city.clock);
    let headers = Default::default();
    let pushed = Pushed { headers: &headers, token: Some("the token"), body: body.as_bytes(), now };
    post.take_receipts(name, &pushed).await.expect("taken");
}

async fn a_receipt_tells_what_became_of_a_message_once_and_only_where_it_fits(kind: Kind) {
    let city = TestCity::new(kind).await;
    booked(&city).await;
    without_codes(&city).await;
    let (one, two) = (Scripted::new("one"), Scripted::new("two"));
    let post = post(&city, vec![one.clone(), two]).await;
    post.send_due().await.expect("sent");
    let had = one.had()[0].clone();
    let (id, named, to) = (had.id, reference(had.id), had.to);
    for wrong in [
        format!("{id} another {to} +"),
        format!("{id} {named} 13800009999 +"),
        format!("{} {named} {to} +", domain::Uuid::from_u128(7)),
    ] {
        push(&post, &city, "one", &wrong).await;
    }
    push(&post, &city, "two", &format!("{id} {named} {to} +")).await;
    assert_eq!(rows(&city).await[0], "booked sent one -");
    push(&post, &city, "one", &format!("{id} {named} {to} +")).await;
    assert_eq!(rows(&city).await[0], "booked delivered one -");
    // twice, and then the contrary
    push(&post, &city, "one", &format!("{id} {named} {to} +")).await;
    push(&post, &city, "one", &format!("{id} {named} {to} -")).await;
    assert_eq!(rows(&city).await[0], "booked delivered one -");
    let unproven = post.gateway_counts()[0].outcomes.iter().find(|(name, _)| *name == "unproven").expect("counted").1;
    assert_eq!(unproven, 3);
}

async fn whoever_has_another_number_by_now_is_told_there_and_the_receipt_for_it_counts(kind: Kind) {
    let city = TestCity::new(kind).await;
    let (guest, _) = booked(&city).await;
    without_codes(&city).await;
    let mut changed = crate::harness::draft(domain::person::Relation::Myself, 1);
    changed.id = Some(guest.person.id);
    changed.document.number = guest.person.document.number.clone();
    changed.phone = "13911110000".into();
    city.engine.save_person(&guest.citizen, changed).await.expect("saved");
    let one = Scripted::new("one");
    let post = post(&city, vec![one.clone()]).await;
    post.send_due().await.expect("sent");
    let had = one.had()[0].clone();
    assert_eq!(had.to, "13911110000");
    push(&post, &city, "one", &format!("{} {} 13911110000 -", had.id, reference(had.id))).await;
    assert_eq!(rows(&city).await[0], "booked failed one MK:0008", "those who call are told");
}

async fn a_failed_receipt_leads_to_the_second_gateway_and_a_late_one_of_the_first_changes_nothing(kind: Kind) {
    let city = TestCity::new(kind).await;
    booked(&city).await;
    without_codes(&city).await;
    let (one, two) = (Scripted::new("one"), Scripted::new("two"));
    let post = post(&city, vec![one.clone(), two.clone()]).await;
    post.send_due().await.expect("sent");
    let id = one.had()[0].id;
    push(&post, &city, "one", &format!("{id} {} - -", reference(id))).await;
    post.send_due().await.expect("sent");
    assert_eq!((one.had().len(), two.had().len()), (1, 1));
    assert_eq!(rows(&city).await[0], "booked sent two -");
    push(&post, &city, "one", &format!("{id} {} - -", reference(id))).await;
    push(&post, &city, "one", &format!("{id} {} - +", reference(id))).await;
    assert_eq!(rows(&city).await[0], "booked sent two -");
    push(&post, &city, "two", &format!("{id} {} - -", reference(id))).await;
    assert_eq!(rows(&city).await[0], "booked failed two MK:0008");
    assert_eq!(post.send_due().await.expect("sent"), 0);
}

async fn a_receipt_without_our_id_is_found_by_what_the_gateway_calls_it(kind: Kind) {
    let city = TestCity::new(kind).await;
    booked(&city).await;
    without_codes(&city).await;
    let one = Scripted::new("one");
    let post = post(&city, vec![one.clone()]).await;
    post.send_due().await.expect("sent");
    let had = one.had()[0].clone();
    push(&post, &city, "one", &format!("- {} {} +", reference(had.id), had.to)).await;
    assert_eq!(rows(&city).await[0], "booked delivered one -");
}

async fn a_number_gets_no_more_than_its_gateway_allows(kind: Kind) {
    let city = TestCity::new(kind).await;
    let (guest, booking) = booked(&city).await;
    without_codes(&city).await;
    let notices = PerNumber { a_minute: None, an_hour: None, a_day: Some(2) };
    let limits = GatewayLimits { notices, ..DemoInbox::default().limits().clone() };
    let gateway = Scripted::with("one", limits, &[]);
    let post = post(&city, vec![gateway.clone()]).await;
    for start in ["10:00", "10:30", "11:00"] {
        post.send_due().await.expect("sent");
        city.clock.step(chrono::Duration::minutes(1));
        city.move_to(&guest, &booking, city.slot("one", "vero", 2, start)).await.expect("moved");
    }
    post.send_due().await.expect("sent");
    assert_eq!(gateway.kinds(), [MessageKind::Booked, MessageKind::Moved]);
    let waiting =
        "SELECT kind || ' ' || booking_version || ' ' || trouble FROM messages WHERE state = 'queued' AND trouble IS NOT NULL";
    assert_eq!(city.column(waiting).await.last().expect("one waits"), "moved 4 limit");
    // the day after, what is still true goes
    city.clock.step(chrono::Duration::hours(24));
    post.send_due().await.expect("sent");
    assert!(gateway.had()[2].text.contains("11:00"), "{}", gateway.had()[2].text);
}

async fn codes_do_not_wait_behind_reminders_and_are_not_sent_when_they_are_old(kind: Kind) {
    let city = TestCity::new(kind).await;
    booked(&city).await;
    without_codes(&city).await;
    city.clock.set_civil(city.day(1), "17:30");
    let whence = engine::Whence::default();
    city.engine.send_code("13800001111", None, &whence).await.expect("a code");
    let gateway = Scripted::new("one");
    let post = post(&city, vec![gateway.clone()]).await;
    post.send_due().await.expect("sent");
    assert_eq!(gateway.kinds()[0], MessageKind::SignInCode, "due later, and sent first");
    let code = gateway.had()[0].text.clone();
    assert!(code.contains("验证码"), "{code}");
    city.engine.send_code("13800002222", None, &whence).await.expect("a code");
    city.clock.step(chrono::Duration::minutes(5));
    let before = gateway.had().len();
    post.send_due().await.expect("sent");
    assert!(gateway.had()[before..].iter().all(|had| had.kind != MessageKind::SignInCode));
    assert_eq!(city.count("SELECT count(*) FROM messages WHERE state = 'failed' AND trouble = 'too_late'").await, 1);
}

async fn what_can_wait_is_not_sent_at_night(kind: Kind) {
    let city = TestCity::new(kind).await;
    city.clock.set_civil(city.today(), "22:00");
    let guest = city.guest().await;
    city.book(&guest, city.slot("one", "vero", 1, "10:00"), 1).await.expect("booked");
    without_codes(&city).await;
    let gateway = Scripted::new("one");
    let post = post(&city, vec![gateway.clone()]).await;
    for _ in 0..5 {
        post.send_due().await.expect("sent");
        city.clock.step(chrono::Duration::minutes(10));
    }
    assert_eq!(gateway.kinds(), [MessageKind::Booked], "who books at night is told at night");
    city.clock.set_civil(city.day(1), "07:00");
    post.send_due().await.expect("sent");
    assert_eq!(gateway.kinds(), [MessageKind::Booked, MessageKind::Reminder]);
    assert!(gateway.had()[1].text.contains("今天"), "{}", gateway.had()[1].text);
}

async fn a_clock_that_leaps_forward_and_back_sends_nothing_twice(kind: Kind) {
    let city = TestCity::new(kind).await;
    // a booking for 1 March of a leap year: the reminder is due on 29 February
    city.clock.set_civil("2028-02-27".parse().expect("a date"), "08:00");
    city.engine.write_schedule().await.expect("the schedule");
    let guest = city.guest().await;
    let slot = city.slot_on("one", "vero", "2028-03-01".parse().expect("a date"), "09:00");
    city.book(&guest, slot, 1).await.expect("booked");
    without_codes(&city).await;
    let gateway = Scripted::new("one");
    let post = post(&city, vec![gateway.clone()]).await;
    let day = |text: &str| text.parse().expect("a date");
    for (date, time) in [
        ("2028-02-27", "08:00"),
        ("2028-02-28", "23:59"),
        ("2028-02-29", "00:01"),
        ("2028-02-29", "16:59"),
        ("2028-02-29", "17:00"),
        ("2028-02-29", "16:50"),
        ("2028-02-29", "17:05"),
        ("2028-02-28", "17:00"),
        ("2028-02-29", "23:59"),
        ("2028-03-01", "00:01"),
        ("2028-03-01", "08:00"),
        ("2028-03-02", "08:00"),
    ] {
        city.clock.set_civil(day(date), time);
        post.send_due().await.expect("sent");
        let expected = if (date, time) < ("2028-02-29", "17:00") && gateway.had().len() < 2 { 1 } else { 2 };
        assert_eq!(gateway.had().len(), expected, "{date} {time}");
    }
    assert_eq!(gateway.kinds(), [MessageKind::Booked, MessageKind::Reminder]);
    let window = Window {
        date: day("2028-03-01"),
        start: domain::time::hhmm::parse("09:00").expect("a time"),
        end: domain::time::hhmm::parse("09:30").expect("a time"),
    };
    assert!(gateway.had()[1].text.contains(&window.text()));
}

async fn two_messages_about_one_booking_arrive_in_their_order(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = city.guest().await;
    // for later today: confirmation and reminder are due at once
    city.book(&guest, city.slot("one", "cho", 0, "14:00"), 1).await.expect("booked");
    without_codes(&city).await;
    let gateway = Scripted::new("one");
    let post = post(&city, vec![gateway.clone()]).await;
    post.send_due().await.expect("sent");
    assert_eq!(gateway.kinds(), [MessageKind::Booked]);
    city.clock.step(chrono::Duration::seconds(1));
    post.send_due().await.expect("sent");
    assert_eq!(gateway.kinds(), [MessageKind::Booked, MessageKind::Reminder]);
}

async fn whoever_reads_english_is_told_in_english(kind: Kind) {
    let city = TestCity::new(kind).await;
    let (_, booking) = booked(&city).await;
    without_codes(&city).await;
    city.execute("UPDATE accounts SET lang = 'en' WHERE lang = $1", ["zh".into()]).await;
    let gateway = Scripted::new("one");
    let post = post(&city, vec![gateway.clone()]).await;
    post.send_due().await.expect("sent");
    let text = &gateway.had()[0].text;
    assert!(text.contains("is booked") && text.contains(&booking.code.grouped()) && text.contains("09:00-09:30"), "{text}");
}
