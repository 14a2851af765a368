//! The people of an account.

use domain::error::{Error, ErrorCode};
use domain::person::{PersonDraft, Relation};
use domain::reason::Reason;

use crate::harness::{Kind, TestCity, draft, on_both_engines};

on_both_engines!(
    people_are_listed_masked_with_oneself_first,
    what_comes_back_masked_is_not_lost,
    a_person_of_another_account_is_not_found,
    an_account_keeps_five_others,
    the_same_document_twice_is_one_person,
    whoever_has_a_booking_to_come_is_not_removed_nor_given_another_document,
    every_wrong_field_is_named,
);

async fn people_are_listed_masked_with_oneself_first(kind: Kind) {
    let city = TestCity::new(kind).await;
    let citizen = city.citizen("13812345678").await;
    let other = draft(Relation::Other, 7);
    let mother = city.engine.save_person(&citizen, other.clone()).await.expect("saved");
    let oneself = PersonDraft { phone: String::new(), ..draft(Relation::Myself, 8) };
    let oneself = city.engine.save_person(&citizen, oneself).await.expect("saved");
    assert_eq!(oneself.phone, "138****5678", "one's own phone is the account's");
    let people = city.engine.list_people(&citizen).await.expect("listed");
    assert_eq!(people, [oneself, mother.clone()]);
    assert_eq!((mother.name.as_str(), mother.address.as_str()), (other.name.as_str(), "测试路7号"));
    assert!(mother.document.number.contains("****") && mother.phone.contains("****"));
    assert!(!serde_json::to_string(&people).expect("JSON").contains(&other.document.number));
}

async fn what_comes_back_masked_is_not_lost(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = city.guest().await;
    let mut changed = draft(Relation::Myself, 1);
    changed.id = Some(guest.person.id);
    changed.phone = guest.person.phone.clone();
    changed.document.number = guest.person.document.number.clone();
    changed.address = "新地址二十号".into();
    let saved = city.engine.save_person(&guest.citizen, changed).await.expect("saved");
    assert_eq!((saved.id, saved.address.as_str()), (guest.person.id, "新地址二十号"));
    assert_eq!((saved.document, saved.phone, saved.born_on), (guest.person.document, guest.person.phone, guest.person.born_on));
}

async fn a_person_of_another_account_is_not_found(kind: Kind) {
    let city = TestCity::new(kind).await;
    let (guest, stranger) = (city.guest().await, city.guest().await);
    let theirs = PersonDraft { id: Some(guest.person.id), ..draft(Relation::Other, 900) };
    assert_eq!(city.engine.save_person(&stranger.citizen, theirs).await.expect_err("a stranger's").code, ErrorCode::NotFound);
    let removed = city.engine.remove_person(&stranger.citizen, guest.person.id).await;
    assert_eq!(removed.expect_err("a stranger's").code, ErrorCode::NotFound);
    assert_eq!(city.engine.list_people(&guest.citizen).await, Ok(vec![guest.person]));
}

async fn an_account_keeps_five_others(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = city.guest().await;
    let mut last = guest.person.id;
    for n in 11..=15 {
        last = city.engine.save_person(&guest.citizen, draft(Relation::Other, n)).await.expect("saved").id;
    }
    let sixth = city.engine.save_person(&guest.citizen, draft(Relation::Other, 16)).await;
    assert_eq!(sixth, Err(Error::new(Reason::TooManyPeople { most: 5 })));
    city.engine.remove_person(&guest.citizen, last).await.expect("removed");
    assert!(city.engine.save_person(&guest.citizen, draft(Relation::Other, 16)).await.is_ok());
}

async fn the_same_document_twice_is_one_person(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = city.guest().await;
    let first = city.engine.save_person(&guest.citizen, draft(Relation::Other, 11)).await.expect("saved");
    let again = PersonDraft { name: "改名".into(), ..draft(Relation::Other, 11) };
    let again = city.engine.save_person(&guest.citizen, again).await.expect("saved");
    assert_eq!((again.id, again.name.as_str()), (first.id, "改名"));
    assert_eq!(city.engine.list_people(&guest.citizen).await.expect("listed").len(), 2);
}

async fn whoever_has_a_booking_to_come_is_not_removed_nor_given_another_document(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = city.guest().await;
    let booking = city.book(&guest, city.slot("one", "vero", 1, "09:00"), 1).await.expect("booked");
    let stands = Some(Reason::PersonHasBooking);
    let removed = city.engine.remove_person(&guest.citizen, guest.person.id).await.expect_err("a booking");
    assert_eq!((removed.code, removed.reason), (ErrorCode::WrongState, stands.clone()));
    let another = PersonDraft { id: Some(guest.person.id), ..draft(Relation::Myself, 500) };
    assert_eq!(city.engine.save_person(&guest.citizen, another.clone()).await.expect_err("a booking").reason, stands);
    let without_id = PersonDraft { id: None, ..another.clone() };
    assert_eq!(city.engine.save_person(&guest.citizen, without_id).await.expect_err("a booking").reason, stands);
    city.engine.cancel(&guest.citizen, booking.code.as_str()).await.expect("cancelled");
    assert!(city.engine.save_person(&guest.citizen, another).await.is_ok());
    city.engine.remove_person(&guest.citizen, guest.person.id).await.expect("removed");
    assert_eq!(city.engine.list_people(&guest.citizen).await, Ok(vec![]));
    assert_eq!(city.engine.list_bookings(&guest.citizen).await, Ok(vec![]), "whom it was for is forgotten");
}

async fn every_wrong_field_is_named(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = city.guest().await;
    let good = || draft(Relation::Other, 77);
    let wrong_check = |mut draft: PersonDraft| {
        let last = if draft.document.number.ends_with('1') { '2' } else { '1' };
        draft.document.number.replace_range(17.., &last.to_string());
        draft
    };
    for (draft, field) in [
        (PersonDraft { name: "张😀".into(), ..good() }, "name"),
        (PersonDraft { phone: "123".into(), ..good() }, "phone"),
        (PersonDraft { county: "110101".into(), ..good() }, "county"),
        (PersonDraft { address: "测试路😀十号".into(), ..good() }, "address"),
        (wrong_check(good()), "document.number"),
    ] {
        let error = city.engine.save_person(&guest.citizen, draft).await.expect_err(field);
        assert_eq!((error.code, error.field.as_deref()), (ErrorCode::Invalid, Some(field)));
    }
}
