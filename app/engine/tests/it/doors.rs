//! Coming in from a city's app: one token, one session; and the person whom the app vouches for.

use std::sync::Arc;

use chrono::Duration;
use domain::error::{Error, ErrorCode};
use domain::identity::{DocumentDraft, DocumentKind};
use domain::person::{Person, PersonDraft, Relation};
use domain::reason::Reason;
use engine::doors::{NotEntered, Refused};
use engine::{Citizen, Engine};
use serde_json::{Value, json};
use tokio::sync::Barrier;

use crate::harness::{Kind, TestCity, apps, draft, on_both_engines, resident_id, token};

on_both_engines!(
    a_token_becomes_a_session_of_the_phones_account_and_ends_the_one_that_came_along,
    a_token_fifty_times_at_once_in_two_processes_is_one_session,
    a_token_is_not_used_up_by_another_apps_and_stays_used_when_tidied,
    a_token_that_is_over_or_says_what_cannot_be_makes_no_session_and_no_account,
    whoever_is_vouched_for_gives_county_and_address_and_nothing_else,
    name_document_and_phone_of_whoever_is_vouched_for_stay,
    an_address_that_the_app_knows_need_not_be_given,
    oneself_with_the_same_document_becomes_identified_and_keeps_the_address,
    oneself_with_another_document_is_replaced_unless_a_booking_stands,
    whoever_was_in_the_list_as_somebody_else_becomes_oneself,
    a_second_phone_of_the_same_person_is_a_second_account,
    a_passport_needs_a_date_of_birth_that_the_app_may_tell,
    what_the_app_said_is_sealed_and_goes_on_being_sealed_with_new_keys,
);

const PHONE: &str = "13812345678";
const NAME: &str = "蒋玉梅";

fn id_number(n: u32) -> String {
    resident_id("19600101", n)
}

async fn enter(city: &TestCity, phone: &str, name: &str, number: &str, more: Value) -> Citizen {
    let entered = city.engine.enter(&apps(), &token(city, phone, name, number, more), None).await.expect("comes in");
    assert_eq!(entered.host, "city");
    city.engine.citizen(&entered.token).await.expect("a session")
}

async fn myself(city: &TestCity, citizen: &Citizen) -> Option<Person> {
    let people = city.engine.list_people(citizen).await.expect("listed");
    people.into_iter().find(|person| person.relation == Relation::Myself)
}

/// What the page sends of whoever is vouched for: what it knows is masked.
fn as_the_page_sends_it(name: &str, number: &str) -> PersonDraft {
    let masked = format!("{}{}{}", &number[..3], "*".repeat(11), &number[14..]);
    PersonDraft {
        name: name.into(),
        phone: String::new(),
        document: DocumentDraft { kind: DocumentKind::ResidentId, number: masked },
        ..draft(Relation::Myself, 1)
    }
}

async fn a_token_becomes_a_session_of_the_phones_account_and_ends_the_one_that_came_along(kind: Kind) {
    let city = TestCity::new(kind).await;
    let (by_code, other) = (city.token(PHONE, None).await, city.token("13900001111", None).await);
    let citizen = city.engine.citizen(&by_code).await.expect("signed in");
    let good = token(&city, PHONE, NAME, &id_number(1), json!({}));
    let entered = city.engine.enter(&apps(), &good, Some(&other)).await.expect("comes in");
    assert_eq!(city.engine.citizen(&entered.token).await, Ok(citizen), "the account is that of the phone");
    assert_eq!(city.engine.citizen(&other).await, Err(Error::new(Reason::SignIn)), "whoever planted it");
    assert!(city.engine.citizen(&by_code).await.is_ok(), "another device");
    let identity = city.engine.account(&citizen).await.expect("the account").identity.expect("vouched for");
    assert_eq!((identity.host.as_str(), identity.name.as_str(), identity.differs), ("city", NAME, false));
    assert!(identity.document.number.contains("****"), "{}", identity.document.number);
}

async fn a_token_fifty_times_at_once_in_two_processes_is_one_session(kind: Kind) {
    let city = TestCity::new(kind).await;
    let processes = [city.engine.clone(), city.another_process().await.expect("opens")];
    let good = token(&city, PHONE, NAME, &id_number(1), json!({}));
    let start = Arc::new(Barrier::new(50));
    let tries: Vec<_> = (0..50)
        .map(|n| {
            let (engine, start, good) = (processes[n % 2].clone(), start.clone(), good.clone());
            tokio::spawn(async move {
                start.wait().await;
                engine.enter(&apps(), &good, None).await.map(|entered| entered.host)
            })
        })
        .collect();
    let mut entered = 0;
    for one in tries {
        match one.await.expect("no panic") {
            Ok(_) => entered += 1,
            Err(refused) => assert_eq!(refused, NotEntered::Token(Refused::Used)),
        }
    }
    assert_eq!((entered, city.count("SELECT count(*) FROM sessions").await), (1, 1));
    processes[1].stop().await;
}

async fn a_token_is_not_used_up_by_another_apps_and_stays_used_when_tidied(kind: Kind) {
    let city = TestCity::new(kind).await;
    let good = token(&city, PHONE, NAME, &id_number(1), json!({ "jti": "planted-jti" }));
    city.engine.enter(&apps(), &good, None).await.expect("comes in");
    // to the last moment at which its time alone would not refuse it
    for _ in 0..8 {
        city.clock.step(Duration::seconds(11));
        city.engine.tidy().await.expect("tidied");
        let again = city.engine.enter(&apps(), &good, None).await.map(|_| ());
        assert_eq!(again, Err(NotEntered::Token(Refused::Used)));
    }
    city.clock.step(Duration::seconds(2));
    assert_eq!(city.engine.enter(&apps(), &good, None).await.map(|_| ()), Err(NotEntered::Token(Refused::Expired)));
    city.clock.step(Duration::minutes(10));
    city.engine.tidy().await.expect("tidied");
    assert_eq!(city.count("SELECT count(*) FROM spent").await, 0);
}

async fn a_token_that_is_over_or_says_what_cannot_be_makes_no_session_and_no_account(kind: Kind) {
    let city = TestCity::new(kind).await;
    let now = city.engine.now().timestamp();
    let number = id_number(1);
    let mistyped = format!("{}{}", &number[..17], if number.ends_with('1') { '2' } else { '1' });
    for (phone, name, number, more, why) in [
        (PHONE, NAME, number.as_str(), json!({ "iat": now - 200, "exp": now - 31 }), Refused::Expired),
        ("12", NAME, &number, json!({}), Refused::Claim("phone")),
        (PHONE, "<b>", &number, json!({}), Refused::Claim("name")),
        (PHONE, NAME, &mistyped, json!({}), Refused::Claim("document")),
        (
            PHONE,
            NAME,
            &number,
            json!({ "document": { "kind": "passport", "number": "E12345678" }, "born_on": "2900-01-01" }),
            Refused::Claim("document"),
        ),
    ] {
        let refused = city.engine.enter(&apps(), &token(&city, phone, name, number, more), None).await.map(|_| ());
        assert_eq!(refused, Err(NotEntered::Token(why)));
    }
    for table in ["sessions", "accounts", "identities", "people", "spent"] {
        assert_eq!(city.count(&format!("SELECT count(*) FROM {table}")).await, 0, "{table}");
    }
}

async fn whoever_is_vouched_for_gives_county_and_address_and_nothing_else(kind: Kind) {
    let city = TestCity::new(kind).await;
    let number = id_number(1);
    let citizen = enter(&city, PHONE, NAME, &number, json!({})).await;
    assert_eq!(myself(&city, &citizen).await, None, "where they live is not known yet");
    let saved = city.engine.save_person(&citizen, as_the_page_sends_it(NAME, &number)).await.expect("saved");
    assert!(saved.identified);
    assert_eq!((saved.name.as_str(), saved.phone.as_str()), (NAME, "138****5678"));
    assert_eq!(city.count("SELECT count(DISTINCT person_hash) FROM (SELECT person_hash FROM people UNION ALL SELECT person_hash FROM identities) AS all_of_them").await, 1);
    // and books
    let request = city.request(&saved, city.slot("one", "vero", 1, "09:00"), 1);
    city.engine.reserve(&citizen, request).await.expect("booked");
    let moved = PersonDraft { id: Some(saved.id), address: "新地址二十号".into(), ..as_the_page_sends_it(NAME, &number) };
    let moved = city.engine.save_person(&citizen, moved).await.expect("saved");
    assert_eq!((moved.id, moved.address.as_str(), moved.identified), (saved.id, "新地址二十号", true));
}

async fn name_document_and_phone_of_whoever_is_vouched_for_stay(kind: Kind) {
    let city = TestCity::new(kind).await;
    let (number, another) = (id_number(1), id_number(2));
    let citizen = enter(&city, PHONE, NAME, &number, json!({})).await;
    let full = |number: &str| DocumentDraft { kind: DocumentKind::ResidentId, number: number.into() };
    let good = || as_the_page_sends_it(NAME, &number);
    let refused = async |draft: PersonDraft, field: &str| {
        let error = city.engine.save_person(&citizen, draft.clone()).await.expect_err(field);
        assert_eq!(
            (error.code, error.field.as_deref(), error.reason),
            (ErrorCode::Invalid, Some(field), Some(Reason::Identified)),
            "{draft:?}"
        );
    };
    // before the person is in the list, and after; also under another's name in the list
    for id in [None, Some(())] {
        let id = match id {
            Some(()) => Some(city.engine.save_person(&citizen, good()).await.expect("saved").id),
            None => None,
        };
        let good = || PersonDraft { id, ..good() };
        refused(PersonDraft { name: "另一人".into(), ..good() }, "name").await;
        refused(PersonDraft { document: full(&another), ..good() }, "document.number").await;
        refused(PersonDraft { phone: "13900001111".into(), ..good() }, "phone").await;
        refused(
            PersonDraft {
                id: None,
                relation: Relation::Other,
                name: "另一人".into(),
                phone: PHONE.into(),
                document: full(&number),
                ..good()
            },
            "name",
        )
        .await;
        if id.is_some() {
            refused(
                PersonDraft { relation: Relation::Other, phone: PHONE.into(), document: full(&another), ..good() },
                "document.number",
            )
            .await;
        }
    }
    let same = PersonDraft { document: full(&number), phone: PHONE.into(), ..good() };
    assert!(city.engine.save_person(&citizen, same).await.expect("what is the same may be sent").identified);
    // others are theirs to write
    let mother = city.engine.save_person(&citizen, draft(Relation::Other, 7)).await.expect("saved");
    assert!(!mother.identified);
    let renamed = PersonDraft { id: Some(mother.id), name: "改名".into(), ..draft(Relation::Other, 7) };
    assert!(city.engine.save_person(&citizen, renamed).await.is_ok());
    // whoever takes themselves out of the list cannot come back as another
    let id = myself(&city, &citizen).await.expect("there").id;
    city.engine.remove_person(&citizen, id).await.expect("removed");
    refused(PersonDraft { document: full(&another), ..good() }, "document.number").await;
}

async fn an_address_that_the_app_knows_need_not_be_given(kind: Kind) {
    let city = TestCity::new(kind).await;
    let home = json!({ "county": "431103", "address": "梧桐街道翠竹路12号" });
    let citizen = enter(&city, PHONE, NAME, &id_number(1), home).await;
    let person = myself(&city, &citizen).await.expect("in the list");
    assert_eq!((person.name.as_str(), person.address.as_str(), person.identified), (NAME, "梧桐街道翠竹路12号", true));
    // one that is no address of this city is asked for
    let elsewhere = json!({ "county": "110101", "address": "梧桐街道翠竹路12号" });
    let citizen = enter(&city, "13900001111", NAME, &id_number(2), elsewhere).await;
    assert_eq!(myself(&city, &citizen).await, None);
}

async fn oneself_with_the_same_document_becomes_identified_and_keeps_the_address(kind: Kind) {
    let city = TestCity::new(kind).await;
    let citizen = city.citizen(PHONE).await;
    let before = PersonDraft { phone: "13900001111".into(), ..draft(Relation::Myself, 5) };
    let number = before.document.number.clone();
    let before = city.engine.save_person(&citizen, before).await.expect("saved");
    assert!(!before.identified);
    let request = city.request(&before, city.slot("one", "vero", 1, "09:00"), 1);
    city.engine.reserve(&citizen, request).await.expect("booked");
    let home = json!({ "county": "431102", "address": "另一处二十号" });
    assert_eq!(enter(&city, PHONE, NAME, &number, home).await, citizen);
    let after = myself(&city, &citizen).await.expect("there");
    assert_eq!((after.id, after.name.as_str(), after.phone.as_str(), after.identified), (before.id, NAME, "138****5678", true));
    assert_eq!((after.county, after.address), (before.county, before.address), "where they live is theirs to say");
    assert!(!city.engine.account(&citizen).await.expect("the account").identity.expect("known").differs);
}

async fn oneself_with_another_document_is_replaced_unless_a_booking_stands(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = city.guest().await;
    let phone = "13800000001";
    let booking = city.book(&guest, city.slot("one", "vero", 1, "09:00"), 1).await.expect("booked");
    let number = id_number(900);
    assert_eq!(enter(&city, phone, NAME, &number, json!({})).await, guest.citizen);
    let kept = myself(&city, &guest.citizen).await.expect("there");
    assert_eq!((kept.document, kept.identified), (guest.person.document.clone(), false), "a booking holds the document");
    let identity = city.engine.account(&guest.citizen).await.expect("the account").identity.expect("known");
    assert!(identity.differs);
    // it stays editable as it is, and does not become a third
    let own = PersonDraft { id: Some(guest.person.id), address: "新地址二十号".into(), ..draft(Relation::Myself, 1) };
    let own = PersonDraft {
        document: DocumentDraft { kind: DocumentKind::ResidentId, number: guest.person.document.number.clone() },
        ..own
    };
    assert!(city.engine.save_person(&guest.citizen, own.clone()).await.is_ok());
    let third = PersonDraft { document: DocumentDraft { kind: DocumentKind::ResidentId, number: id_number(901) }, ..own };
    assert_eq!(city.engine.save_person(&guest.citizen, third).await.expect_err("a third").reason, Some(Reason::Identified));
    city.engine.cancel(&guest.citizen, booking.code.as_str()).await.expect("cancelled");
    enter(&city, phone, NAME, &number, json!({})).await;
    let replaced = myself(&city, &guest.citizen).await.expect("there");
    assert_eq!((replaced.name.as_str(), replaced.identified), (NAME, true));
    assert!(!city.engine.account(&guest.citizen).await.expect("the account").identity.expect("known").differs);
}

async fn whoever_was_in_the_list_as_somebody_else_becomes_oneself(kind: Kind) {
    let city = TestCity::new(kind).await;
    let citizen = city.citizen(PHONE).await;
    let theirs = draft(Relation::Other, 5);
    let number = theirs.document.number.clone();
    let other = city.engine.save_person(&citizen, theirs).await.expect("saved");
    enter(&city, PHONE, NAME, &number, json!({})).await;
    let oneself = myself(&city, &citizen).await.expect("there");
    assert_eq!((oneself.id, oneself.identified), (other.id, true));
    // and also where somebody else stood as oneself
    let next = draft(Relation::Other, 6);
    let number = next.document.number.clone();
    let next = city.engine.save_person(&citizen, next).await.expect("saved");
    enter(&city, PHONE, "欧阳文博", &number, json!({})).await;
    let people = city.engine.list_people(&citizen).await.expect("listed");
    assert_eq!(
        people.iter().map(|person| (person.id, person.relation, person.identified)).collect::<Vec<_>>(),
        [(next.id, Relation::Myself, true)]
    );
}

async fn a_second_phone_of_the_same_person_is_a_second_account(kind: Kind) {
    let city = TestCity::new(kind).await;
    let home = || json!({ "county": "431103", "address": "梧桐街道翠竹路12号" });
    let number = id_number(1);
    let first = enter(&city, PHONE, NAME, &number, home()).await;
    let second = enter(&city, "13900001111", NAME, &number, home()).await;
    assert_ne!(first, second);
    for citizen in [&first, &second] {
        assert!(myself(&city, citizen).await.expect("there").identified);
    }
    // one live booking for a person and dose, whichever account books
    let slot = city.slot("one", "vero", 1, "09:00");
    let request = city.request(&myself(&city, &first).await.expect("there"), slot, 1);
    city.engine.reserve(&first, request).await.expect("booked");
    let request = city.request(&myself(&city, &second).await.expect("there"), slot, 1);
    assert_eq!(city.engine.reserve(&second, request).await.expect_err("twice").code, ErrorCode::AlreadyBooked);
}

async fn a_passport_needs_a_date_of_birth_that_the_app_may_tell(kind: Kind) {
    let city = TestCity::new(kind).await;
    let passport = || json!({ "kind": "passport", "number": "E12345678" });
    let citizen = enter(&city, PHONE, "Anne-Marie", "", json!({ "document": passport() })).await;
    let page = PersonDraft {
        name: "Anne-Marie".into(),
        phone: String::new(),
        document: DocumentDraft {
            kind: DocumentKind::Passport,
            number: city.engine.account(&citizen).await.expect("the account").identity.expect("known").document.number,
        },
        ..draft(Relation::Myself, 1)
    };
    assert_eq!(city.engine.save_person(&citizen, page.clone()).await.expect_err("asked").reason, Some(Reason::BirthDateMissing));
    let told = PersonDraft { born_on: "1980-02-29".parse().ok(), ..page.clone() };
    assert!(city.engine.save_person(&citizen, told).await.expect("saved").identified);
    // told by the app, it is the app's
    enter(&city, PHONE, "Anne-Marie", "", json!({ "document": passport(), "born_on": "1981-03-01" })).await;
    let person = myself(&city, &citizen).await.expect("there");
    assert_eq!(person.born_on.to_string(), "1981-03-01");
    let other_day = PersonDraft { id: Some(person.id), born_on: "1980-02-29".parse().ok(), ..page };
    assert_eq!(city.engine.save_person(&citizen, other_day).await.expect_err("the app's").field.as_deref(), Some("born_on"));
}

async fn what_the_app_said_is_sealed_and_goes_on_being_sealed_with_new_keys(kind: Kind) {
    let city = TestCity::new(kind).await;
    let number = id_number(1);
    let before = Engine::sealed_rows(&city.url).await.expect("counted").of(1);
    enter(&city, PHONE, "买买提·吐尔逊", &number, json!({ "jti": "planted-jti-0123456789" })).await;
    let bytes = city.raw_bytes().await;
    for planted in ["买买提", number.as_str(), PHONE, "planted-jti"] {
        assert!(!bytes.windows(planted.len()).any(|some| some == planted.as_bytes()), "{planted}");
    }
    let after = Engine::sealed_rows(&city.url).await.expect("counted").of(1);
    assert_eq!(after - before, 2, "the account's phone, and who its holder is");
}
