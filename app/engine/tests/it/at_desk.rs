//! Bookings that staff make for who walks in, and for who calls: the same places, the same rules, and nothing told of anybody's account.

use domain::Uuid;
use domain::access::Role;
use domain::at_desk::{AtDesk, BookAtDesk};
use domain::booking::{BookingState, Consent};
use domain::checkin::Redeem;
use domain::error::{Error, ErrorCode};
use domain::message::MessageKind;
use domain::person::Relation;
use domain::reason::Reason;
use domain::screening::{Group, Screening};
use domain::slot::Slot;
use engine::{Config, Engine, SensitiveConsent, Staff};

use crate::harness::{Kind, TestCity, draft, on_both_engines};

on_both_engines!(
    who_walks_in_takes_a_place_of_the_window_that_goes_on_and_has_the_jab,
    who_calls_books_as_a_citizen_does_and_finds_it_in_their_account,
    a_place_is_given_once_whoever_asks_and_however_often,
    nobody_is_booked_twice_and_nothing_of_an_account_is_told,
    what_a_booking_that_came_to_nothing_wrote_down_is_forgotten,
    only_staff_of_the_site_book_there_and_only_what_is_free,
    where_it_is_required_nobody_is_written_down_without_their_separate_consent,
);

fn wanted(city: &TestCity, how: AtDesk, slot_id: Uuid, n: u32) -> BookAtDesk {
    BookAtDesk {
        request_id: city.engine_id(),
        slot_id,
        dose: 1,
        how,
        person: draft(Relation::Other, n),
        previous_dose_on: None,
        screening: Screening::default(),
        consent: Consent { version: city.engine.notice().version.clone() },
        sensitive: false,
    }
}

fn why<T>(answer: Result<T, Error>) -> (ErrorCode, Option<String>, Option<Reason>) {
    let error = answer.err().expect("refused");
    (error.code, error.field, error.reason)
}

async fn nurse(city: &TestCity) -> Staff {
    city.staff("nurse", Role::Nurse, "one").await
}

async fn places(city: &TestCity, staff: &Staff, how: AtDesk) -> Vec<Slot> {
    city.engine.places_at_desk(staff, city.site("one"), how).await.expect("read").slots
}

async fn who_walks_in_takes_a_place_of_the_window_that_goes_on_and_has_the_jab(kind: Kind) {
    let city = TestCity::new(kind).await;
    let nurse = nurse(&city).await;
    city.clock.set_civil(city.today(), "09:10");
    let slot = city.slot("one", "vero", 0, "09:00");
    let guest = city.guest().await;
    assert_eq!(why(city.book(&guest, slot, 1).await).2, Some(Reason::SlotPast), "a citizen has to come earlier");

    let offered = places(&city, &nurse, AtDesk::WalkIn).await;
    assert_eq!((offered[0].id, offered[0].remaining), (slot, 10));
    assert!(offered.iter().all(|slot| slot.window.date == city.today()));
    let booking = city.engine.book_at_desk(&nurse, wanted(&city, AtDesk::WalkIn, slot, 1)).await.expect("booked");
    assert_eq!((booking.state, city.taken(slot).await), (BookingState::Booked, 1));
    let scan = Redeem { code: booking.code.to_string(), nonce: city.engine_id(), lot: None, accept: None };
    city.engine.redeem(&nurse, scan).await.expect("recorded");
    assert_eq!(city.column("SELECT at_desk FROM bookings").await, ["walk_in"]);
    let today = city.engine.read_today(&nurse, city.site("one")).await.expect("counted");
    assert_eq!((today.sum.expected, today.sum.done, today.sum.walk_ins), (1, 1, 1));
    let audited = "SELECT count(*) FROM audit WHERE action = 'book_at_desk' AND detail = 'walk_in'";
    assert_eq!(city.count(audited).await, 1);

    city.clock.set_civil(city.today(), "09:30");
    let late = city.engine.book_at_desk(&nurse, wanted(&city, AtDesk::WalkIn, slot, 2)).await;
    assert_eq!(why(late).2, Some(Reason::SlotPast), "that window is over");
    let tomorrow = city.slot("one", "vero", 1, "09:00");
    let other_day = city.engine.book_at_desk(&nurse, wanted(&city, AtDesk::WalkIn, tomorrow, 2)).await;
    assert_eq!(why(other_day).1.as_deref(), Some("slot_id"));
    city.assert_balanced().await;
}

async fn who_calls_books_as_a_citizen_does_and_finds_it_in_their_account(kind: Kind) {
    let city = TestCity::new(kind).await;
    let nurse = nurse(&city).await;
    let slot = city.slot("one", "vero", 1, "09:00");
    let mut caller = wanted(&city, AtDesk::Phone, slot, 1);
    caller.person.relation = Relation::Myself;
    let phone = caller.person.phone.clone();
    let booking = city.engine.book_at_desk(&nurse, caller).await.expect("booked");
    assert!(!serde_json::to_string(&booking).expect("JSON").contains(&phone));

    // whoever holds the phone is told, and finds themselves and the booking there
    let told = city.engine.demo_messages(Some(&phone)).await.expect("the inbox");
    assert!(told.iter().any(|message| message.kind == MessageKind::Booked));
    let citizen = city.citizen(&phone).await;
    let people = city.engine.list_people(&citizen).await.expect("listed");
    assert_eq!((people.len(), people[0].relation), (1, Relation::Myself));
    let bookings = city.engine.list_bookings(&citizen).await.expect("listed");
    assert_eq!((bookings.len(), bookings[0].code), (1, booking.code));
    city.engine.cancel(&citizen, booking.code.as_str()).await.expect("theirs to call off");

    // somebody else by the same phone is another person of the account, also where staff say that it is their own
    let mut second = wanted(&city, AtDesk::Phone, slot, 2);
    (second.person.relation, second.person.phone) = (Relation::Myself, phone);
    city.engine.book_at_desk(&nurse, second).await.expect("booked");
    let people = city.engine.list_people(&citizen).await.expect("listed");
    assert_eq!(people.iter().map(|person| person.relation).collect::<Vec<_>>(), [Relation::Myself, Relation::Other]);

    city.clock.set_civil(city.today(), "09:10");
    let begun = city.engine.book_at_desk(&nurse, wanted(&city, AtDesk::Phone, city.slot("one", "vero", 0, "09:00"), 3)).await;
    assert_eq!(why(begun).2, Some(Reason::SlotPast), "who calls is not there");
    city.assert_balanced().await;
}

async fn a_place_is_given_once_whoever_asks_and_however_often(kind: Kind) {
    let city = TestCity::new(kind).await;
    let nurse = nurse(&city).await;
    let slot = city.slot("one", "vero", 0, "09:00");
    let want = wanted(&city, AtDesk::WalkIn, slot, 1);
    let (first, second) =
        tokio::join!(city.engine.book_at_desk(&nurse, want.clone()), city.engine.book_at_desk(&nurse, want.clone()));
    assert_eq!(first.expect("booked").code, second.expect("the same answer").code);
    let again = city.engine.book_at_desk(&nurse, want.clone()).await.expect("the same answer");
    assert_eq!((again.state, city.taken(slot).await), (BookingState::Booked, 1));
    let other = BookAtDesk { dose: 2, ..want };
    assert_eq!(why(city.engine.book_at_desk(&nurse, other).await).1.as_deref(), Some("request_id"));

    // the last place: a citizen and a walk-in at once
    let last = city.slot("one", "vero", 0, "10:00");
    city.set_capacity(last, 1).await;
    let guest = city.guest().await;
    let (citizen, walk_in) =
        tokio::join!(city.book(&guest, last, 1), city.engine.book_at_desk(&nurse, wanted(&city, AtDesk::WalkIn, last, 702)));
    assert!(citizen.is_ok() != walk_in.is_ok(), "{citizen:?} {walk_in:?}");
    let refused = citizen.err().or(walk_in.err()).expect("one is refused");
    assert_eq!((refused.reason, city.taken(last).await), (Some(Reason::SlotFull), 1));
    assert!(places(&city, &nurse, AtDesk::WalkIn).await.iter().all(|slot| slot.id != last));
    city.assert_balanced().await;
}

async fn nobody_is_booked_twice_and_nothing_of_an_account_is_told(kind: Kind) {
    let city = TestCity::new(kind).await;
    let nurse = nurse(&city).await;
    let guest = city.guest().await;
    city.book(&guest, city.slot("one", "vero", 2, "09:00"), 1).await.expect("booked");
    let known = city.engine.list_people(&guest.citizen).await.expect("listed");
    // the guest's own document, by another phone, and by their own
    let same = draft(Relation::Myself, 1);
    for phone in ["13700007777", "13800000001"] {
        let mut want = wanted(&city, AtDesk::WalkIn, city.slot("one", "vero", 0, "09:00"), 1);
        (want.person.name, want.person.document, want.person.phone) = ("别的名字".into(), same.document.clone(), phone.into());
        let refused = city.engine.book_at_desk(&nurse, want).await.expect_err("booked already");
        assert_eq!((refused.code, refused.reason), (ErrorCode::AlreadyBooked, Some(Reason::AlreadyBooked { code: None })));
    }
    assert_eq!(city.engine.list_people(&guest.citizen).await.expect("listed"), known, "who is listed stays as they are");
    assert_eq!(city.count("SELECT count(*) FROM bookings").await, 1);
    city.engine.sign_audit().await.expect("written");
    assert_eq!(city.count("SELECT count(*) FROM audit WHERE action = 'book_at_desk' AND outcome = 'already_booked'").await, 2);
    city.assert_balanced().await;
}

async fn what_a_booking_that_came_to_nothing_wrote_down_is_forgotten(kind: Kind) {
    let city = TestCity::new(kind).await;
    let nurse = nurse(&city).await;
    let full = city.slot("one", "vero", 0, "09:00");
    city.set_capacity(full, 0).await;
    let refused = city.engine.book_at_desk(&nurse, wanted(&city, AtDesk::WalkIn, full, 1)).await;
    assert_eq!(why(refused).2, Some(Reason::SlotFull));
    let mut ill = wanted(&city, AtDesk::WalkIn, city.slot("one", "vero", 0, "09:30"), 1);
    ill.screening.set(Group::ALL[0], true);
    assert_eq!(why(city.engine.book_at_desk(&nurse, ill).await).0, ErrorCode::Ineligible);
    assert_eq!(city.count("SELECT count(*) FROM people WHERE NOT removed").await, 0);
    let mut wrong = wanted(&city, AtDesk::WalkIn, city.slot("one", "vero", 0, "09:30"), 1);
    wrong.person.document.number = "11010519491231002".into();
    assert_eq!(why(city.engine.book_at_desk(&nurse, wrong).await).1.as_deref(), Some("document.number"));
    assert_eq!(city.count("SELECT count(*) FROM bookings").await, 0);
    city.assert_balanced().await;
}

async fn only_staff_of_the_site_book_there_and_only_what_is_free(kind: Kind) {
    let city = TestCity::new(kind).await;
    let (here, elsewhere) = (nurse(&city).await, city.staff("li", Role::Nurse, "two").await);
    let slot = city.slot("one", "vero", 0, "09:00");
    assert_eq!(why(city.engine.book_at_desk(&elsewhere, wanted(&city, AtDesk::WalkIn, slot, 1)).await).0, ErrorCode::Forbidden);
    let read = city.engine.places_at_desk(&elsewhere, city.site("one"), AtDesk::Phone).await;
    assert_eq!(why(read).0, ErrorCode::Forbidden);
    let unknown = city.engine.book_at_desk(&here, wanted(&city, AtDesk::WalkIn, city.engine_id(), 1)).await;
    assert_eq!(why(unknown), (ErrorCode::NotFound, Some("slot_id".into()), Some(Reason::NotFound)));
    assert_eq!(city.count("SELECT count(*) FROM people").await, 0);

    // neither a window that is closed, nor one that is not released
    city.execute("UPDATE slots SET closed = true WHERE id = $1", [slot.into()]).await;
    assert_eq!(why(city.engine.book_at_desk(&here, wanted(&city, AtDesk::WalkIn, slot, 1)).await).2, Some(Reason::SlotClosed));
    let later = city.slot("one", "vero", 1, "09:00");
    let opens = "UPDATE slots SET opens_at = $1 WHERE id = $2";
    city.execute(opens, [(city.engine.now() + chrono::Duration::hours(1)).into(), later.into()]).await;
    let refused = why(city.engine.book_at_desk(&here, wanted(&city, AtDesk::Phone, later, 1)).await).2;
    assert!(matches!(refused, Some(Reason::SlotLater { .. })), "{refused:?}");
    let offered = places(&city, &here, AtDesk::Phone).await;
    assert!(!offered.is_empty() && offered.iter().all(|free| free.id != slot && free.id != later));
    city.assert_balanced().await;
}

async fn where_it_is_required_nobody_is_written_down_without_their_separate_consent(kind: Kind) {
    let city = TestCity::new(kind).await;
    let nurse = nurse(&city).await;
    let config = Config { sensitive_consent: SensitiveConsent::Required, ..city.another_config() };
    let strict = Engine::open(config).await.expect("opens");
    let want = wanted(&city, AtDesk::WalkIn, city.slot("one", "vero", 0, "09:00"), 1);
    let refused = strict.book_at_desk(&nurse, want.clone()).await;
    assert_eq!(why(refused), (ErrorCode::Invalid, Some("sensitive".into()), Some(Reason::SensitiveConsent)));
    assert_eq!(city.count("SELECT count(*) FROM people").await, 0);
    let agreed = BookAtDesk { sensitive: true, ..want };
    strict.book_at_desk(&nurse, agreed.clone()).await.expect("booked");
    strict.book_at_desk(&nurse, agreed).await.expect("the same answer");
    assert_eq!(city.count("SELECT count(*) FROM consents WHERE given").await, 1, "written down once");
    city.assert_balanced().await;
}
