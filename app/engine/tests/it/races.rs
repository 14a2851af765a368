//! Many at once: the database decides, and everybody is told.

use std::sync::Arc;

use domain::access::Role;
use domain::booking::{Booking, BookingState, Move};
use domain::error::{Error, ErrorCode};
use domain::person::{PersonDraft, Relation};
use domain::reason::Reason;
use domain::staff::StaffSignIn;
use engine::Whence;
use tokio::sync::Barrier;

use crate::harness::{Guest, Kind, TestCity, draft, on_both_engines};

on_both_engines!(
    fifty_for_the_last_ten_places_make_ten_bookings,
    two_processes_never_oversell,
    one_person_fifty_times_at_once_has_one_booking,
    one_request_fifty_times_at_once_has_one_answer,
    one_move_twenty_times_at_once_has_one_answer,
    one_person_in_two_accounts_has_one_booking_and_nobody_is_told_whose,
    booking_moving_and_cancelling_at_once_keep_the_ledger,
    a_document_changed_or_a_person_removed_while_they_are_booked_for_is_refused_on_one_side,
    a_code_guessed_a_hundred_times_at_once_is_tried_five_times,
    a_password_guessed_forty_times_at_once_is_tried_five_times,
);

/// Runs all at the same moment and gives their results.
async fn all_at_once<F>(tries: Vec<F>) -> Vec<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let start = Arc::new(Barrier::new(tries.len()));
    let running: Vec<_> = tries
        .into_iter()
        .map(|one| {
            let start = start.clone();
            tokio::spawn(async move {
                start.wait().await;
                one.await
            })
        })
        .collect();
    let mut results = Vec::new();
    for one in running {
        results.push(one.await.expect("no panic"));
    }
    results
}

async fn guests(city: &TestCity, count: usize) -> Vec<Guest> {
    let mut guests = Vec::new();
    for _ in 0..count {
        guests.push(city.guest().await);
    }
    guests
}

/// So many winners, and every loser told that it is full.
fn assert_winners(results: &[Result<Booking, Error>], winners: usize) {
    let errors: Vec<_> = results.iter().filter_map(|one| one.as_ref().err()).collect();
    assert_eq!(results.len() - errors.len(), winners);
    for error in errors {
        assert_eq!((error.code, error.reason.as_ref()), (ErrorCode::SlotFull, Some(&Reason::SlotFull)));
    }
}

async fn fifty_for_the_last_ten_places_make_ten_bookings(kind: Kind) {
    let city = TestCity::new(kind).await;
    let slot = city.slot("one", "vero", 1, "09:00");
    let guests = guests(&city, 50).await;
    let tries = guests.iter().map(|guest| {
        let (engine, citizen, request) = (city.engine.clone(), guest.citizen, city.request(&guest.person, slot, 1));
        async move { engine.reserve(&citizen, request).await }
    });
    let results = all_at_once(tries.collect()).await;
    assert_winners(&results, 10);
    city.assert_balanced().await;
    assert_eq!(city.taken(slot).await, 10);
    // who lost keeps nothing: no booking, no request, no message, no trace of a deed
    for (guest, result) in guests.iter().zip(&results) {
        let bookings = city.engine.list_bookings(&guest.citizen).await.expect("listed");
        assert_eq!(bookings.len(), usize::from(result.is_ok()));
    }
    assert_eq!(city.count("SELECT count(*) FROM requests").await, 10);
    assert_eq!(city.count("SELECT count(*) FROM messages WHERE kind = 'booked'").await, 10);
    assert_eq!(city.count("SELECT count(*) FROM audit WHERE action = 'reserve'").await, 10);
}

async fn two_processes_never_oversell(kind: Kind) {
    let city = TestCity::new(kind).await;
    let other = city.another_process().await.expect("opens");
    let slots = [city.slot("one", "vero", 1, "09:00"), city.slot("one", "vero", 1, "09:30")];
    let guests = guests(&city, 40).await;
    let tries = guests.iter().enumerate().map(|(at, guest)| {
        let engine = if at % 2 == 0 { city.engine.clone() } else { other.clone() };
        let (citizen, request) = (guest.citizen, city.request(&guest.person, slots[at / 2 % 2], 1));
        async move { engine.reserve(&citizen, request).await }
    });
    let results = all_at_once(tries.collect()).await;
    assert_winners(&results, 20);
    city.assert_balanced().await;
    assert_eq!((city.taken(slots[0]).await, city.taken(slots[1]).await), (10, 10));
}

async fn one_person_fifty_times_at_once_has_one_booking(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = city.guest().await;
    let tries = (0..50).map(|at| {
        // in different windows, so that only the person stands in the way
        let slot = city.slot("one", "vero", 1 + at % 10, "09:00");
        let (engine, citizen, request) = (city.engine.clone(), guest.citizen, city.request(&guest.person, slot, 1));
        async move { engine.reserve(&citizen, request).await }
    });
    let results = all_at_once(tries.collect()).await;
    let booked: Vec<_> = results.iter().filter_map(|one| one.as_ref().ok()).collect();
    assert_eq!(booked.len(), 1);
    for error in results.iter().filter_map(|one| one.as_ref().err()) {
        let own = Some(Reason::AlreadyBooked { code: Some(booked[0].code) });
        assert_eq!((error.code, error.reason.clone()), (ErrorCode::AlreadyBooked, own));
    }
    assert_eq!(city.count("SELECT sum(taken) FROM slots").await, 1);
    city.assert_balanced().await;
}

async fn one_request_fifty_times_at_once_has_one_answer(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = city.guest().await;
    let request = city.request(&guest.person, city.slot("one", "vero", 1, "09:00"), 1);
    let tries = (0..50).map(|_| {
        let (engine, citizen, request) = (city.engine.clone(), guest.citizen, request.clone());
        async move { engine.reserve(&citizen, request).await }
    });
    let results = all_at_once(tries.collect()).await;
    let first = results[0].clone().expect("booked");
    assert!(results.iter().all(|one| one.as_ref() == Ok(&first)), "everybody hears the same: {results:?}");
    assert_eq!(city.count("SELECT count(*) FROM messages WHERE kind = 'booked'").await, 1);
    city.assert_balanced().await;
}

async fn one_move_twenty_times_at_once_has_one_answer(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = city.guest().await;
    let (from, to) = (city.slot("one", "vero", 1, "09:00"), city.slot("one", "vero", 2, "09:00"));
    let booking = city.book(&guest, from, 1).await.expect("booked");
    let request = Move { request_id: city.engine_id(), code: booking.code.to_string(), slot_id: to };
    let tries = (0..20).map(|_| {
        let (engine, citizen, request) = (city.engine.clone(), guest.citizen, request.clone());
        async move { engine.move_booking(&citizen, request).await }
    });
    let results = all_at_once(tries.collect()).await;
    let first = results[0].clone().expect("moved");
    assert_eq!(first.window.date, city.day(2));
    assert!(results.iter().all(|one| one.as_ref() == Ok(&first)), "everybody hears the same: {results:?}");
    assert_eq!((city.taken(from).await, city.taken(to).await), (0, 1));
    assert_eq!(city.count("SELECT count(*) FROM messages WHERE kind = 'moved'").await, 1);
    city.assert_balanced().await;
}

async fn one_person_in_two_accounts_has_one_booking_and_nobody_is_told_whose(kind: Kind) {
    let city = TestCity::new(kind).await;
    let (daughter, son) = (city.guest().await, city.guest().await);
    let mother = draft(Relation::Other, city.next());
    let slot = city.slot("one", "vero", 1, "09:00");
    let hers = city.engine.save_person(&daughter.citizen, mother.clone()).await.expect("saved");
    let his = city.engine.save_person(&son.citizen, mother).await.expect("saved");
    assert_ne!(hers.id, his.id);
    let booking = city.engine.reserve(&daughter.citizen, city.request(&hers, slot, 1)).await.expect("booked");
    let refused = city.engine.reserve(&son.citizen, city.request(&his, slot, 1)).await.expect_err("booked already");
    assert_eq!((refused.code, refused.reason.clone()), (ErrorCode::AlreadyBooked, Some(Reason::AlreadyBooked { code: None })));
    assert!(!serde_json::to_string(&refused).expect("JSON").contains(booking.code.as_str()));
    // the other product of the same course is the same dose
    let other_product = city.request(&his, city.slot("one", "ad5", 2, "16:00"), 1);
    assert_eq!(city.engine.reserve(&son.citizen, other_product).await.expect_err("the same dose").code, ErrorCode::AlreadyBooked);
    city.engine.cancel(&daughter.citizen, booking.code.as_str()).await.expect("cancelled");
    assert!(city.engine.reserve(&son.citizen, city.request(&his, slot, 1)).await.is_ok());
    city.assert_balanced().await;
}

async fn booking_moving_and_cancelling_at_once_keep_the_ledger(kind: Kind) {
    let city = TestCity::new(kind).await;
    let slots = ["08:30", "09:00", "09:30", "10:00"].map(|start| city.slot("one", "vero", 1, start));
    for slot in slots {
        city.set_capacity(slot, 4).await;
    }
    let city = Arc::new(city);
    let tries = guests(&city, 24).await.into_iter().enumerate().map(|(at, guest)| {
        let city = city.clone();
        async move {
            for step in 0..6 {
                let listed = city.engine.list_bookings(&guest.citizen).await.expect("listed");
                let slot = slots[(at + step) % slots.len()];
                let done = match listed.iter().find(|booking| booking.state == BookingState::Booked) {
                    None => city.book(&guest, slot, 1).await.map(|_| ()),
                    Some(booking) if (at + step) % 3 == 0 => {
                        city.engine.cancel(&guest.citizen, booking.code.as_str()).await.map(|_| ())
                    }
                    Some(booking) => city.move_to(&guest, booking, slot).await.map(|_| ()),
                };
                if let Err(error) = done {
                    assert!(matches!(error.reason, Some(Reason::SlotFull | Reason::SameSlot)), "{error:?}");
                }
            }
        }
    });
    all_at_once(tries.collect()).await;
    city.assert_balanced().await;
    assert_eq!(
        city.count("SELECT count(*) FROM bookings WHERE state = 'booked'").await,
        city.count("SELECT sum(taken) FROM slots").await
    );
}

async fn a_document_changed_or_a_person_removed_while_they_are_booked_for_is_refused_on_one_side(kind: Kind) {
    let city = TestCity::new(kind).await;
    let slots = [city.slot("two", "vero", 1, "09:00"), city.slot("two", "vero", 1, "09:30")];
    for turn in 0..24 {
        let guest = city.guest().await;
        let (engine, citizen, request) = (city.engine.clone(), guest.citizen, city.request(&guest.person, slots[turn % 2], 1));
        let reserve = tokio::spawn(async move { engine.reserve(&citizen, request).await.is_ok() });
        let (engine, id) = (city.engine.clone(), guest.person.id);
        let change = PersonDraft { id: Some(id), ..draft(Relation::Myself, city.next()) };
        // each time a little later, to meet the booking on all its way
        tokio::time::sleep(std::time::Duration::from_micros(150 * turn as u64)).await;
        let changed = match turn % 3 {
            0 => engine.remove_person(&citizen, id).await.is_ok(),
            _ => engine.save_person(&citizen, change).await.is_ok(),
        };
        let booked = reserve.await.expect("no panic");
        let theirs = city.engine.list_people(&citizen).await.expect("listed");
        if booked {
            let code = city.engine.list_bookings(&citizen).await.expect("listed").remove(0).person.id;
            assert!(
                theirs.iter().any(|person| person.id == code && person.doses.len() == 1),
                "booked: {booked}, changed: {changed}"
            );
        }
    }
    let strays =
        "SELECT count(*) FROM bookings b JOIN people p ON p.id = b.person_id WHERE p.removed OR p.person_hash <> b.person_hash";
    assert_eq!(city.count(strays).await, 0);
    city.assert_balanced().await;
}

async fn a_code_guessed_a_hundred_times_at_once_is_tried_five_times(kind: Kind) {
    let city = TestCity::new(kind).await;
    let phone = "13812345678";
    city.engine.send_code(phone, None, &Whence::default()).await.expect("sent");
    let code = city.code_sent_to(phone).await;
    let guesses = (0..100).map(|guess| format!("{guess:06}")).filter(|guess| *guess != code);
    let tries = guesses.map(|guess| {
        let engine = city.engine.clone();
        async move { engine.sign_in(phone, &guess, &Whence::default(), None).await.expect_err("wrong").code }
    });
    let codes = all_at_once(tries.collect()).await;
    assert_eq!(codes.iter().filter(|code| **code == ErrorCode::Invalid).count(), 5);
    assert!(codes.iter().all(|code| matches!(code, ErrorCode::Invalid | ErrorCode::TooMany)));
}

async fn a_password_guessed_forty_times_at_once_is_tried_five_times(kind: Kind) {
    let city = TestCity::new(kind).await;
    city.staff("nurse", Role::Nurse, "one").await;
    let tries =
        (0..40).map(|guess| {
            let engine = city.engine.clone();
            async move {
                engine.staff_sign_in(&StaffSignIn::new("nurse", &format!("guess {guess}")), None).await.expect_err("wrong").code
            }
        });
    let codes = all_at_once(tries.collect()).await;
    assert_eq!(codes.iter().filter(|code| **code == ErrorCode::SignInRequired).count(), 5, "{codes:?}");
    assert!(codes.iter().all(|code| matches!(code, ErrorCode::SignInRequired | ErrorCode::TooMany | ErrorCode::Busy)));
}
