//! Reserving, showing, moving and cancelling.

use domain::booking::{BookingState, Consent, Move};
use domain::error::{Error, ErrorCode};
use domain::reason::Reason;
use domain::screening::{Group, Screening};
use domain::slot::SlotState;

use crate::harness::{Kind, TestCity, on_both_engines};

on_both_engines!(
    a_booking_is_made_shown_and_listed,
    the_same_request_again_gives_the_same_answer,
    the_same_request_id_with_other_content_is_an_error,
    a_refused_request_can_be_tried_again_under_its_id,
    a_cancelled_place_can_be_booked_again_by_the_same_person,
    a_moved_booking_keeps_its_code_and_returns_its_old_place,
    moving_to_a_full_window_keeps_the_old_one,
    moving_to_the_same_window_or_another_vaccine_is_refused,
    a_booking_of_another_account_is_not_found,
    a_window_that_is_closed_not_released_or_begun_is_refused_with_the_reason,
    a_window_that_the_board_shows_otherwise_than_the_database_is_not_booked,
    a_yes_to_a_question_stops_the_booking,
    consent_to_another_version_of_the_notice_is_refused,
    who_is_under_age_on_the_day_is_told_from_when,
    a_day_that_passed_makes_a_booking_missed_and_the_person_free_again,
    a_cancelled_booking_cannot_be_changed_any_more,
    the_board_shows_a_place_as_taken_at_once,
);

async fn a_booking_is_made_shown_and_listed(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = city.guest().await;
    let later = city.book(&guest, city.slot("one", "vero", 1, "09:00"), 1).await.expect("booked");
    assert_eq!((later.state, later.dose, later.window.text().as_str()), (BookingState::Booked, 1, "09:00–09:30"));
    assert_eq!((later.site.id, later.vaccine.id.as_str(), later.person.id), (city.site("one"), "vero", guest.person.id));
    assert!(later.pass.as_ref().is_some_and(|pass| pass.starts_with("YZ1.")));
    let typed = later.code.grouped().to_lowercase();
    assert_eq!(city.engine.show_booking(&guest.citizen, &typed).await.as_ref(), Ok(&later));
    assert_eq!(city.engine.list_bookings(&guest.citizen).await, Ok(vec![later.clone()]));
    let people = city.engine.list_people(&guest.citizen).await.expect("listed");
    assert_eq!((people[0].doses.len(), people[0].doses[0].given), (1, false));
    city.assert_balanced().await;
}

async fn the_same_request_again_gives_the_same_answer(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = city.guest().await;
    let request = city.request(&guest.person, city.slot("one", "vero", 1, "09:00"), 1);
    let first = city.engine.reserve(&guest.citizen, request.clone()).await.expect("booked");
    let again = city.engine.reserve(&guest.citizen, request.clone()).await;
    assert_eq!(again.as_ref(), Ok(&first));
    // also after a restart, which remembers nothing
    let other = city.another_process().await.expect("opens");
    assert_eq!(other.reserve(&guest.citizen, request).await, Ok(first));
    assert_eq!(city.count("SELECT count(*) FROM bookings").await, 1);
    city.assert_balanced().await;
}

async fn the_same_request_id_with_other_content_is_an_error(kind: Kind) {
    let city = TestCity::new(kind).await;
    let (guest, stranger) = (city.guest().await, city.guest().await);
    let request = city.request(&guest.person, city.slot("one", "vero", 1, "09:00"), 1);
    let booking = city.engine.reserve(&guest.citizen, request.clone()).await.expect("booked");
    let mut other = request.clone();
    other.slot_id = city.slot("one", "vero", 1, "09:30");
    let reused = Error::field("request_id", Reason::RequestReused);
    assert_eq!(city.engine.reserve(&guest.citizen, other).await, Err(reused.clone()));
    let theirs = domain::booking::Reserve { person_id: stranger.person.id, ..request.clone() };
    assert_eq!(city.engine.reserve(&stranger.citizen, theirs).await, Err(reused.clone()));
    let move_under_its_id =
        Move { request_id: request.request_id, code: booking.code.to_string(), slot_id: city.slot("one", "vero", 1, "10:00") };
    assert_eq!(city.engine.move_booking(&guest.citizen, move_under_its_id).await, Err(reused));
}

async fn a_refused_request_can_be_tried_again_under_its_id(kind: Kind) {
    let city = TestCity::new(kind).await;
    let (early, late) = (city.guest().await, city.guest().await);
    let slot = city.slot("one", "vero", 1, "09:00");
    city.set_capacity(slot, 1).await;
    let first = city.book(&early, slot, 1).await.expect("booked");
    let request = city.request(&late.person, slot, 1);
    let full = city.engine.reserve(&late.citizen, request.clone()).await.expect_err("full");
    assert_eq!((full.code, full.reason), (ErrorCode::SlotFull, Some(Reason::SlotFull)));
    city.engine.cancel(&early.citizen, first.code.as_str()).await.expect("cancelled");
    assert!(city.engine.reserve(&late.citizen, request).await.is_ok());
    city.assert_balanced().await;
}

async fn a_cancelled_place_can_be_booked_again_by_the_same_person(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = city.guest().await;
    let slot = city.slot("one", "vero", 1, "09:00");
    let booking = city.book(&guest, slot, 1).await.expect("booked");
    assert_eq!(city.taken(slot).await, 1);
    let cancelled = city.engine.cancel(&guest.citizen, booking.code.as_str()).await.expect("cancelled");
    assert_eq!((cancelled.state, cancelled.pass), (BookingState::Cancelled, None));
    assert_eq!(city.taken(slot).await, 0);
    let again = city.book(&guest, slot, 1).await.expect("booked again");
    assert_ne!(again.code, booking.code);
    let listed = city.engine.list_bookings(&guest.citizen).await.expect("listed");
    assert_eq!(listed.iter().map(|one| one.state).collect::<Vec<_>>(), [BookingState::Booked, BookingState::Cancelled]);
    city.assert_balanced().await;
}

async fn a_moved_booking_keeps_its_code_and_returns_its_old_place(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = city.guest().await;
    let (from, to) = (city.slot("one", "vero", 1, "09:00"), city.slot("two", "vero", 3, "10:30"));
    let booking = city.book(&guest, from, 1).await.expect("booked");
    let request = Move { request_id: city.engine_id(), code: booking.code.grouped(), slot_id: to };
    let moved = city.engine.move_booking(&guest.citizen, request.clone()).await.expect("moved");
    assert_eq!((moved.code, moved.state), (booking.code, BookingState::Booked));
    assert_eq!((moved.site.id, moved.window.date, moved.window.text().as_str()), (city.site("two"), city.day(3), "10:30–11:00"));
    assert_ne!(moved.pass, booking.pass, "the pass says the new window");
    assert_eq!((city.taken(from).await, city.taken(to).await), (0, 1));
    assert_eq!(city.engine.move_booking(&guest.citizen, request).await, Ok(moved), "the same request again");
    assert_eq!((city.taken(from).await, city.taken(to).await), (0, 1));
    city.assert_balanced().await;
}

async fn moving_to_a_full_window_keeps_the_old_one(kind: Kind) {
    let city = TestCity::new(kind).await;
    let (guest, other) = (city.guest().await, city.guest().await);
    let (from, to) = (city.slot("one", "vero", 1, "09:00"), city.slot("one", "vero", 1, "09:30"));
    city.set_capacity(to, 1).await;
    city.book(&other, to, 1).await.expect("booked");
    let booking = city.book(&guest, from, 1).await.expect("booked");
    let refused = city.move_to(&guest, &booking, to).await.expect_err("full");
    assert_eq!(refused.code, ErrorCode::SlotFull);
    assert_eq!(city.engine.show_booking(&guest.citizen, booking.code.as_str()).await, Ok(booking));
    assert_eq!((city.taken(from).await, city.taken(to).await), (1, 1));
    city.assert_balanced().await;
}

async fn moving_to_the_same_window_or_another_vaccine_is_refused(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = city.guest().await;
    let from = city.slot("one", "vero", 1, "09:00");
    let booking = city.book(&guest, from, 1).await.expect("booked");
    let reason = |refused: Result<_, Error>| refused.map(|_: domain::booking::Booking| ()).expect_err("refused").reason;
    assert_eq!(reason(city.move_to(&guest, &booking, from).await), Some(Reason::SameSlot));
    assert_eq!(reason(city.move_to(&guest, &booking, city.slot("one", "cho", 1, "14:00")).await), Some(Reason::OtherVaccine));
    assert_eq!(reason(city.move_to(&guest, &booking, city.engine_id()).await), Some(Reason::NotFound));
    city.assert_balanced().await;
}

async fn a_booking_of_another_account_is_not_found(kind: Kind) {
    let city = TestCity::new(kind).await;
    let (guest, stranger) = (city.guest().await, city.guest().await);
    let (from, to) = (city.slot("one", "vero", 1, "09:00"), city.slot("one", "vero", 1, "09:30"));
    let booking = city.book(&guest, from, 1).await.expect("booked");
    let code = booking.code.as_str();
    let not_found = |error: Error| assert_eq!((error.code, error.reason), (ErrorCode::NotFound, Some(Reason::NotFound)));
    not_found(city.engine.show_booking(&stranger.citizen, code).await.expect_err("a stranger's"));
    not_found(city.engine.cancel(&stranger.citizen, code).await.expect_err("a stranger's"));
    not_found(city.move_to(&stranger, &booking, to).await.expect_err("a stranger's"));
    let for_guest = city.request(&guest.person, to, 1);
    not_found(city.engine.reserve(&stranger.citizen, for_guest).await.expect_err("a stranger's person"));
    // and it sounds exactly like a code that was never given out
    let nobodys = city.engine.show_booking(&stranger.citizen, "00000016JD").await.expect_err("nobody's");
    assert_eq!(city.engine.show_booking(&stranger.citizen, code).await, Err(nobodys));
    assert_eq!(city.engine.list_bookings(&stranger.citizen).await, Ok(vec![]));
    assert_eq!(city.engine.show_booking(&guest.citizen, code).await, Ok(booking));
}

async fn a_window_that_is_closed_not_released_or_begun_is_refused_with_the_reason(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = city.guest().await;
    let at = |start| city.slot("one", "vero", 0, start);
    let (closed, later, begun) = (at("10:00"), at("10:30"), at("08:30"));
    let opens_at = city.engine.now() + chrono::Duration::hours(1);
    city.execute("UPDATE slots SET closed = TRUE, version = version + 1 WHERE id = $1", [closed.into()]).await;
    city.execute("UPDATE slots SET opens_at = $1, version = version + 1 WHERE id = $2", [opens_at.into(), later.into()]).await;
    city.clock.step(chrono::Duration::minutes(30));
    for (slot, reason) in [(closed, Reason::SlotClosed), (later, Reason::SlotLater { opens_at }), (begun, Reason::SlotPast)] {
        let refused = city.book(&guest, slot, 1).await.expect_err("refused");
        assert_eq!((refused.code, refused.reason), (ErrorCode::WrongState, Some(reason)));
    }
    // not one second early, and on the second it is open
    city.clock.set(opens_at - chrono::Duration::seconds(1));
    assert!(city.book(&guest, later, 1).await.is_err());
    city.clock.set(opens_at);
    assert!(city.book(&guest, later, 1).await.is_ok());
    city.assert_balanced().await;
}

async fn a_window_that_the_board_shows_otherwise_than_the_database_is_not_booked(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = city.guest().await;
    let (slot, other) = (city.slot("one", "vero", 1, "09:00"), city.slot("one", "vero", 1, "09:30"));
    let booking = city.book(&guest, other, 1).await.expect("booked");
    // the board hears of rows that say that they have changed; this one does not
    city.execute("UPDATE slots SET date = $1 WHERE id = $2", [city.day(60).into(), slot.into()]).await;
    let refused = Some(Error::field("slot_id", Reason::ChangedMeanwhile));
    assert_eq!(city.book(&city.guest().await, slot, 1).await.err(), refused);
    let to = Move { request_id: city.engine_id(), code: booking.code.to_string(), slot_id: slot };
    assert_eq!(city.engine.move_booking(&guest.citizen, to).await.err(), refused);
    assert_eq!((city.taken(slot).await, city.taken(other).await), (0, 1));
    city.assert_balanced().await;
}

async fn a_yes_to_a_question_stops_the_booking(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = city.guest().await;
    for group in Group::ALL {
        let mut request = city.request(&guest.person, city.slot("one", "vero", 1, "09:00"), 1);
        request.screening.set(*group, true);
        let refused = city.engine.reserve(&guest.citizen, request).await.expect_err("a yes");
        assert_eq!((refused.code, refused.reason), (ErrorCode::Ineligible, Some(Reason::Contraindicated { group: *group })));
    }
    assert_eq!(city.count("SELECT count(*) FROM bookings").await, 0);
}

async fn consent_to_another_version_of_the_notice_is_refused(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = city.guest().await;
    let mut request = city.request(&guest.person, city.slot("one", "vero", 1, "09:00"), 1);
    request.consent = Consent { version: "1999-01-01.1".into() };
    let refused = city.engine.reserve(&guest.citizen, request).await;
    assert_eq!(refused, Err(Error::field("consent.version", Reason::ConsentVersion)));
}

async fn who_is_under_age_on_the_day_is_told_from_when(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = city.guest().await;
    let birthday = city.day(2);
    let born = birthday.checked_sub_months(chrono::Months::new(18 * 12)).expect("18 years back");
    let mut draft = crate::harness::draft(domain::person::Relation::Other, city.next());
    draft.document.number = crate::harness::resident_id(&born.format("%Y%m%d").to_string(), 1);
    let person = city.engine.save_person(&guest.citizen, draft).await.expect("saved");
    let early = city.request(&person, city.slot("one", "vero", 1, "09:00"), 1);
    let refused = city.engine.reserve(&guest.citizen, early).await.expect_err("17");
    assert_eq!(refused.reason, Some(Reason::UnderAge { from_age: 18, from: birthday }));
    let on_the_day = city.request(&person, city.slot("one", "vero", 2, "09:00"), 1);
    assert!(city.engine.reserve(&guest.citizen, on_the_day).await.is_ok());
}

async fn a_day_that_passed_makes_a_booking_missed_and_the_person_free_again(kind: Kind) {
    let city = TestCity::new(kind).await;
    let (guest, other) = (city.guest().await, city.guest().await);
    let slot = city.slot("one", "vero", 1, "09:00");
    let booking = city.book(&guest, slot, 1).await.expect("booked");
    city.book(&other, city.slot("one", "vero", 2, "09:00"), 1).await.expect("booked");
    city.clock.set_civil(city.day(2), "00:00");
    // the answer does not wait for the sweep
    let shown = city.engine.show_booking(&guest.citizen, booking.code.as_str()).await.expect("shown");
    assert_eq!((shown.state, shown.pass), (BookingState::Missed, None));
    let refused = city.engine.cancel(&guest.citizen, booking.code.as_str()).await.expect_err("over");
    assert_eq!(refused.reason, Some(Reason::Missed));
    // nor does the next booking
    let again = city.book(&guest, city.slot("one", "vero", 1, "09:00"), 1).await.expect("booked again");
    assert_eq!(again.state, BookingState::Booked);
    city.engine.sweep().await.expect("swept");
    assert_eq!(city.count("SELECT count(*) FROM bookings WHERE state = 'missed'").await, 1);
    assert_eq!(city.count("SELECT count(*) FROM bookings WHERE state = 'booked'").await, 2);
    assert_eq!(city.engine.sweep().await, Ok(0), "a second sweep finds nothing");
    city.assert_balanced().await;
}

async fn a_cancelled_booking_cannot_be_changed_any_more(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = city.guest().await;
    let booking = city.book(&guest, city.slot("one", "vero", 1, "09:00"), 1).await.expect("booked");
    city.engine.cancel(&guest.citizen, booking.code.as_str()).await.expect("cancelled");
    let again = city.engine.cancel(&guest.citizen, booking.code.as_str()).await.expect_err("cancelled already");
    assert_eq!((again.code, again.reason), (ErrorCode::WrongState, Some(Reason::Cancelled)));
    let moved = city.move_to(&guest, &booking, city.slot("one", "vero", 1, "09:30")).await.expect_err("cancelled already");
    assert_eq!(moved.reason, Some(Reason::Cancelled));
    city.assert_balanced().await;
}

async fn the_board_shows_a_place_as_taken_at_once(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = city.guest().await;
    let slot = city.slot("one", "ad5", 1, "16:00");
    city.set_capacity(slot, 1).await;
    city.engine.board().settled().await;
    let before = city.engine.board().overview().etag.clone();
    let booking = city.book(&guest, slot, 1).await.expect("booked");
    let shown = |engine: &engine::Engine| {
        let ready = engine.board().site(city.site("one")).expect("a site");
        let slots: domain::availability::SiteSlots = serde_json::from_slice(&ready.body).expect("JSON");
        slots.slots.into_iter().find(|one| one.id == slot).map(|one| (one.state, one.remaining)).expect("the window")
    };
    city.engine.board().settled().await;
    assert_eq!(shown(&city.engine), (SlotState::Full, 0));
    assert_ne!(city.engine.board().overview().etag, before);
    city.engine.cancel(&guest.citizen, booking.code.as_str()).await.expect("cancelled");
    city.engine.board().settled().await;
    assert_eq!(shown(&city.engine), (SlotState::Open, 1));
    // a screening that was answered is not on any board
    let bytes = city.engine.board().overview().body.clone();
    let text = String::from_utf8(bytes.to_vec()).expect("UTF-8");
    assert!(!text.contains(&serde_json::to_string(&Screening::default()).expect("JSON")));
}
