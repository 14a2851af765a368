//! Two requests about one person or booking that pass their checks at the same moment: the second finds that the first has come before.

use std::sync::Arc;

use domain::access::Role;
use domain::booking::{Booking, Move, Reserve};
use domain::checkin::Redeem;
use domain::error::Error;
use domain::person::{PersonDraft, Relation};
use domain::reason::Reason;

use crate::harness::{Kind, TestCity, draft, on_both_engines, until};

on_both_engines!(
    two_doses_of_one_person_at_once_keep_their_distance,
    a_first_dose_is_not_called_off_under_a_second_that_rests_on_it,
    a_booking_that_moves_away_while_it_is_scanned_is_not_redeemed,
    whose_jab_can_still_be_taken_back_stays_who_they_are,
);

/// Lets the desk begin with somebody else's booking and keeps it there; who passes their checks meanwhile waits.
async fn hold(city: &Arc<TestCity>) -> tokio::task::JoinHandle<domain::error::Result<Booking>> {
    let other = city.guest().await;
    city.clock.hold_desk();
    let plug = tokio::spawn({
        let city = city.clone();
        async move { city.book(&other, city.slot("two", "vero", 5, "09:00"), 1).await }
    });
    until("the desk has begun", || city.clock.desk_is_held()).await;
    plug
}

async fn two_doses_of_one_person_at_once_keep_their_distance(kind: Kind) {
    let city = Arc::new(TestCity::new(kind).await);
    let guest = city.guest().await;
    let first = city.request(&guest.person, city.slot("one", "vero", 1, "09:00"), 1);
    let declared = Some(city.today() - chrono::Days::new(30));
    let second = Reserve { previous_dose_on: declared, ..city.request(&guest.person, city.slot("one", "vero", 2, "09:00"), 2) };
    let plug = hold(&city).await;
    let asking = [first, second].map(|request| {
        let (engine, citizen) = (city.engine.clone(), guest.citizen);
        tokio::spawn(async move { engine.reserve(&citizen, request).await })
    });
    until("both wait", || city.engine.desk_counts().waiting == 2).await;
    city.clock.let_desk_go();
    plug.await.expect("no panic").expect("booked");
    let mut booked = 0;
    for one in asking {
        booked += usize::from(one.await.expect("no panic").is_ok());
    }
    assert_eq!(booked, 1, "dose 2 the day after dose 1");
}

async fn a_first_dose_is_not_called_off_under_a_second_that_rests_on_it(kind: Kind) {
    let city = Arc::new(TestCity::new(kind).await);
    let guest = city.guest().await;
    let first = city.book(&guest, city.slot("one", "vero", 1, "09:00"), 1).await.expect("booked");
    let second = city.request(&guest.person, city.copy_slot(city.slot("one", "vero", 13, "09:00"), city.day(23)).await, 2);
    let plug = hold(&city).await;
    let (engine, citizen) = (city.engine.clone(), guest.citizen);
    let second = tokio::spawn(async move { engine.reserve(&citizen, second).await });
    until("it waits", || city.engine.desk_counts().waiting == 1).await;
    let engine = city.engine.clone();
    let called_off = tokio::spawn(async move { engine.cancel(&citizen, first.code.as_str()).await });
    until("both wait", || city.engine.desk_counts().waiting == 2).await;
    city.clock.let_desk_go();
    plug.await.expect("no panic").expect("booked");
    let done = [second.await.expect("no panic").is_ok(), called_off.await.expect("no panic").is_ok()];
    assert!(done == [true, false] || done == [false, true], "{done:?}");
}

async fn a_booking_that_moves_away_while_it_is_scanned_is_not_redeemed(kind: Kind) {
    let city = Arc::new(TestCity::new(kind).await);
    let guest = city.guest().await;
    let nurse = city.staff("nurse", Role::Nurse, "one").await;
    let booking = city.book(&guest, city.slot("one", "vero", 0, "09:00"), 1).await.expect("booked");
    let plug = hold(&city).await;
    let (engine, citizen) = (city.engine.clone(), guest.citizen);
    let to = Move { request_id: city.engine_id(), code: booking.code.to_string(), slot_id: city.slot("two", "vero", 3, "09:00") };
    let moving = tokio::spawn(async move { engine.move_booking(&citizen, to).await });
    until("it waits", || city.engine.desk_counts().waiting == 1).await;
    let (engine, scan) =
        (city.engine.clone(), Redeem { code: booking.code.to_string(), nonce: city.engine_id(), lot: None, accept: None });
    let scanning = tokio::spawn(async move { engine.redeem(&nurse, scan).await });
    until("both wait", || city.engine.desk_counts().waiting == 2).await;
    city.clock.let_desk_go();
    plug.await.expect("no panic").expect("booked");
    let done = [moving.await.expect("no panic").is_ok(), scanning.await.expect("no panic").is_ok()];
    assert!(done == [true, false] || done == [false, true], "moved to another day and site, and redeemed here today: {done:?}");
}

async fn whose_jab_can_still_be_taken_back_stays_who_they_are(kind: Kind) {
    let city = TestCity::new(kind).await;
    let manager = city.staff("manager", Role::Manager, "one").await;
    let guest = city.guest().await;
    let booking = city.book(&guest, city.slot("one", "vero", 0, "09:00"), 1).await.expect("booked");
    let (code, id) = (booking.code.as_str(), guest.person.id);
    city.engine
        .redeem(&manager, Redeem { code: code.into(), nonce: city.engine_id(), lot: None, accept: None })
        .await
        .expect("redeemed");
    let somebody_else = || PersonDraft { id: Some(id), ..draft(Relation::Myself, city.next()) };
    let waits = Error::new(Reason::PersonHasBooking);
    assert_eq!(city.engine.remove_person(&guest.citizen, id).await, Err(waits.clone()));
    assert_eq!(city.engine.save_person(&guest.citizen, somebody_else()).await, Err(waits));
    city.engine.undo(&manager, code, "a slip").await.expect("taken back");
    city.assert_balanced().await;
    // on the next day nobody takes it back any more
    city.engine
        .redeem(&manager, Redeem { code: code.into(), nonce: city.engine_id(), lot: None, accept: None })
        .await
        .expect("redeemed");
    city.clock.set_civil(city.day(1), "00:00");
    city.engine.remove_person(&guest.citizen, id).await.expect("removed");
    city.assert_balanced().await;
}
