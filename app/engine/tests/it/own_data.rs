//! A citizen's own data: taken out whole, and taken away.

use domain::access::Role;
use domain::booking::BookingState;
use domain::checkin::Redeem;
use domain::code::Code;
use domain::consent::ConsentKind;
use domain::error::ErrorCode;
use domain::message::MessageKind;
use domain::person::Relation;
use domain::reason::Reason;
use engine::{Citizen, Whence};

use crate::harness::{Guest, Kind, TestCity, draft, on_both_engines};

on_both_engines!(
    everything_that_is_kept_is_in_the_file_once_the_phone_was_shown_again,
    a_code_is_asked_for_and_counts_once_and_only_for_its_own_phone,
    an_account_is_not_erased_while_a_booking_is_not_over,
    an_erased_account_leaves_its_places_and_nothing_of_who_it_was,
    a_jab_that_must_be_kept_stays_sealed_and_dose_two_can_rest_on_it,
    whoever_is_taken_out_of_the_list_is_forgotten_but_for_their_jabs,
);

const PHONE: &str = "13900007777";

impl TestCity {
    /// A fresh code to the citizen's own phone.
    async fn own_code(&self, citizen: &Citizen, phone: &str) -> String {
        self.clock.step(chrono::Duration::minutes(2));
        self.engine.send_own_code(citizen, &Whence::default()).await.expect("sent");
        self.code_sent_to(phone).await
    }

    async fn erase(&self, citizen: &Citizen, phone: &str) -> domain::error::Result<domain::own_data::Erased> {
        let code = self.own_code(citizen, phone).await;
        self.engine.erase_account(citizen, &code, &Whence::default()).await
    }

    pub async fn redeem(&self, code: Code) {
        let nurse = self.staff("nurse", Role::Nurse, "one").await;
        let redeem = Redeem { code: code.to_string(), nonce: self.engine_id(), lot: Some("L1".into()), accept: None };
        self.engine.redeem(&nurse, redeem).await.expect("redeemed");
    }
}

/// Somebody with this phone, with themself in their list.
async fn guest(city: &TestCity, phone: &str) -> Guest {
    let citizen = city.citizen(phone).await;
    let person = city.engine.save_person(&citizen, draft(Relation::Myself, 700)).await.expect("saved");
    Guest { citizen, person }
}

async fn everything_that_is_kept_is_in_the_file_once_the_phone_was_shown_again(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = guest(&city, PHONE).await;
    let version = city.engine.notice().sensitive.as_ref().expect("there is one").version.clone();
    city.engine.consent(&guest.citizen, ConsentKind::Sensitive, &version, true).await.expect("given");
    let mother = draft(Relation::Other, 701);
    city.engine.save_person(&guest.citizen, mother.clone()).await.expect("saved");
    let booking = city.book(&guest, city.slot("one", "vero", 0, "09:00"), 1).await.expect("booked");
    let nurse = city.staff("nurse", Role::Nurse, "one").await;
    city.clock.step(chrono::Duration::minutes(1));
    city.engine.look_up(&nurse, None, Some(booking.code.as_str())).await.expect("seen");
    let stranger = city.guest().await;
    city.book(&stranger, city.slot("one", "vero", 0, "09:00"), 1).await.expect("booked");

    let code = city.own_code(&guest.citizen, PHONE).await;
    let data = city.engine.own_data(&guest.citizen, &code, &Whence::default()).await.expect("theirs");
    let text = serde_json::to_string(&data).expect("JSON");
    assert_eq!(data.account.phone, PHONE);
    let names: Vec<_> = data.people.iter().map(|person| (person.document_number.as_str(), person.in_list)).collect();
    assert_eq!(names, [(draft(Relation::Myself, 700).document.number.as_str(), true), (mother.document.number.as_str(), true)]);
    assert!(data.people.iter().all(|person| !person.phone.contains('*')), "in full: {text}");
    assert_eq!(data.bookings.len(), 1);
    assert_eq!((data.bookings[0].code.as_str(), data.bookings[0].state), (booking.code.as_str(), BookingState::Booked));
    assert_eq!(data.consents.iter().map(|one| (one.version.as_str(), one.given)).collect::<Vec<_>>(), [(version.as_str(), true)]);
    let kinds: Vec<_> = data.messages.iter().map(|message| message.kind).collect();
    for expected in [MessageKind::SignInCode, MessageKind::Booked] {
        assert!(kinds.contains(&expected), "{kinds:?}");
    }
    assert_eq!(data.sessions.len(), 1);
    let mut history: Vec<_> = data.history.iter().map(|deed| (deed.by.as_str(), deed.what.as_str())).collect();
    // the clock stands still: what was done at one instant has no order
    history.sort_unstable();
    let you = ["consent", "own_data", "save_person", "save_person", "sign_in"].map(|what| ("you", what));
    assert_eq!(history, [&[("staff", "look_up")], &you[..]].concat());
    let theirs = draft(Relation::Myself, 1).document.number;
    assert!(!text.contains(&theirs), "nothing of anybody else");
}

async fn a_code_is_asked_for_and_counts_once_and_only_for_its_own_phone(kind: Kind) {
    let city = TestCity::new(kind).await;
    let (guest, stranger) = (guest(&city, PHONE).await, city.citizen("13900008888").await);
    let engine = &city.engine;
    let whence = Whence::default();
    let wrong = |error: domain::error::Error| (error.code, error.field);
    let refused = Err((ErrorCode::Invalid, Some("code".to_owned())));
    let theirs = city.own_code(&stranger, "13900008888").await;
    assert_eq!(engine.own_data(&guest.citizen, "", &whence).await.map(|_| ()).map_err(wrong), refused);
    assert_eq!(engine.erase_account(&guest.citizen, &theirs, &whence).await.map(|_| ()).map_err(wrong), refused);
    let code = city.own_code(&guest.citizen, PHONE).await;
    engine.own_data(&guest.citizen, &code, &whence).await.expect("once");
    assert_eq!(engine.own_data(&guest.citizen, &code, &whence).await.map(|_| ()).map_err(wrong), refused, "and not twice");
    assert_eq!(engine.list_people(&guest.citizen).await.expect("listed").len(), 1, "nothing was erased");
    // guessing ends after a few tries
    let code = city.own_code(&guest.citizen, PHONE).await;
    let other = if code == "000000" { "000001" } else { "000000" };
    for _ in 0..5 {
        assert_eq!(engine.erase_account(&guest.citizen, other, &whence).await.map(|_| ()).map_err(wrong), refused);
    }
    let tried = engine.erase_account(&guest.citizen, &code, &whence).await.expect_err("too many");
    assert_eq!(tried.code, ErrorCode::TooMany);
}

async fn an_account_is_not_erased_while_a_booking_is_not_over(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = guest(&city, PHONE).await;
    let booking = city.book(&guest, city.slot("one", "vero", 0, "11:00"), 1).await.expect("booked");
    let holdings = city.engine.holdings(&guest.citizen).await.expect("counted");
    assert_eq!((holdings.people, holdings.bookings, holdings.must_keep), (1, 1, 0));
    assert_eq!(holdings.ahead.iter().map(|ahead| ahead.code).collect::<Vec<_>>(), [booking.code]);
    let ahead = Some(Reason::BookingAhead { code: booking.code });
    assert_eq!(city.erase(&guest.citizen, PHONE).await.expect_err("it waits").reason, ahead);
    city.redeem(booking.code).await;
    assert_eq!(city.erase(&guest.citizen, PHONE).await.expect_err("it may be taken back").reason, ahead);
    assert_eq!(city.engine.list_people(&guest.citizen).await.expect("listed").len(), 1);
    city.clock.step(chrono::Duration::days(1));
    let erased = city.erase(&guest.citizen, PHONE).await.expect("erased");
    let until = domain::time::plus_days(booking.window.date, 401);
    assert_eq!((erased.must_keep, erased.must_keep_until), (1, Some(until)));
}

/// The bytes that a row holds of somebody.
async fn bytes(city: &TestCity, sql: &str) -> Vec<String> {
    let hex = if city.kind == Kind::Sqlite { "hex" } else { "encode" };
    let end = if city.kind == Kind::Sqlite { ")" } else { ", 'hex')" };
    city.column(&sql.replace("HEX(", &format!("{hex}(")).replace(")END", end)).await
}

async fn an_erased_account_leaves_its_places_and_nothing_of_who_it_was(kind: Kind) {
    let city = TestCity::new(kind).await;
    let token = city.token(PHONE, None).await;
    let citizen = city.engine.citizen(&token).await.expect("theirs");
    let person = city.engine.save_person(&citizen, draft(Relation::Myself, 700)).await.expect("saved");
    let guest = Guest { citizen, person };
    let (kept, gone) = (city.slot("one", "vero", 0, "09:00"), city.slot("one", "vero", 0, "10:00"));
    let missed = city.book(&guest, kept, 1).await.expect("booked");
    city.clock.step(chrono::Duration::days(1));
    city.engine.sweep().await.expect("swept");
    let cancelled = city.book(&guest, city.slot("one", "vero", 1, "09:00"), 1).await.expect("booked");
    city.engine.cancel(&guest.citizen, cancelled.code.as_str()).await.expect("cancelled");
    city.engine.send_due().await.expect("sent");
    let secrets = [
        bytes(&city, "SELECT HEX(sealed)END FROM people").await,
        bytes(&city, "SELECT HEX(person_hash)END FROM people").await,
        bytes(&city, "SELECT HEX(phone_sealed)END FROM accounts").await,
        bytes(&city, "SELECT HEX(phone_hash)END FROM accounts").await,
        bytes(&city, "SELECT HEX(sealed)END FROM messages WHERE booking_code IS NOT NULL AND length(sealed) > 0").await,
    ];
    let found = |stored: &[u8], hex: &str| {
        let raw: Vec<u8> = (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex")).collect();
        let text = hex.to_lowercase();
        let has = |needle: &[u8]| stored.windows(needle.len()).any(|window| window == needle);
        has(&raw) || has(text.as_bytes())
    };
    let before = city.raw_bytes().await;
    for one in secrets.iter().flatten() {
        assert!(found(&before, one), "the search finds what is there");
    }

    let erased = city.erase(&guest.citizen, PHONE).await.expect("erased");
    assert_eq!((erased.must_keep, erased.must_keep_until), (0, None));
    assert_eq!(city.engine.citizen(&token).await.expect_err("signed out").code, ErrorCode::SignInRequired);
    assert_eq!(city.engine.list_bookings(&guest.citizen).await, Ok(vec![]));
    assert_eq!(city.taken(kept).await, 1, "its place stays taken");
    assert_eq!(city.taken(gone).await, 0);
    let states = city.column("SELECT state FROM bookings ORDER BY state").await;
    assert_eq!(states, ["cancelled", "missed"], "what became of them is counted");
    let nurse = city.staff("nurse", Role::Nurse, "one").await;
    let seen = city.engine.look_up(&nurse, None, Some(missed.code.as_str())).await.expect_err("nobody's");
    assert_eq!(seen.code, ErrorCode::NotFound);
    if kind == Kind::Sqlite {
        city.try_execute("PRAGMA wal_checkpoint(TRUNCATE)").await.expect("copied");
    }
    let after = city.raw_bytes().await;
    // the phone's own hash stays for a day with the codes that went to it, or the limits could be forgotten by erasing
    let remembered: Vec<_> = secrets[3].clone();
    for one in secrets.iter().flatten().filter(|one| !remembered.contains(one)) {
        assert!(!found(&after, one), "{one} is still there");
    }
    city.clock.step(chrono::Duration::days(2));
    city.engine.tidy().await.expect("tidied");
    if kind == Kind::Sqlite {
        city.try_execute("PRAGMA wal_checkpoint(TRUNCATE)").await.expect("copied");
    }
    assert!(!found(&city.raw_bytes().await, &remembered[0]), "and then it goes as well");
    city.assert_balanced().await;

    // whoever signs in with the number is somebody new
    let again = city.citizen(PHONE).await;
    assert_ne!(again, guest.citizen);
    assert_eq!(city.engine.list_people(&again).await, Ok(vec![]));
}

async fn a_jab_that_must_be_kept_stays_sealed_and_dose_two_can_rest_on_it(kind: Kind) {
    let city = TestCity::new(kind).await;
    let first = guest(&city, PHONE).await;
    let dose_1 = city.book(&first, city.slot("one", "vero", 0, "09:00"), 1).await.expect("booked");
    city.redeem(dose_1.code).await;
    city.clock.step(chrono::Duration::days(1));
    city.erase(&first.citizen, PHONE).await.expect("erased");
    assert_eq!(city.count("SELECT count(*) FROM people WHERE length(sealed) > 0").await, 1, "sealed, for the jab alone");
    assert_eq!(city.count("SELECT count(*) FROM accounts WHERE length(phone_sealed) = 0").await, 1);

    // the same person comes back
    city.clock.step(chrono::Duration::days(10));
    city.engine.write_schedule().await.expect("written");
    let second = guest(&city, PHONE).await;
    assert_eq!(second.person.doses.len(), 1, "the dose is known");
    let slot = city.slot("one", "vero", 13, "09:00");
    let again = city.book(&second, slot, 1).await.expect_err("they have had it");
    assert_eq!(again.code, ErrorCode::AlreadyBooked);
    city.book(&second, slot, 2).await.expect("24 days after dose 1, which they need not declare");
    city.assert_balanced().await;
}

async fn whoever_is_taken_out_of_the_list_is_forgotten_but_for_their_jabs(kind: Kind) {
    let city = TestCity::new(kind).await;
    let (jabbed, other) = (city.guest().await, city.guest().await);
    let jab = city.book(&jabbed, city.slot("one", "vero", 0, "09:00"), 1).await.expect("booked");
    city.redeem(jab.code).await;
    let off = city.book(&other, city.slot("one", "vero", 1, "09:00"), 1).await.expect("booked");
    city.engine.cancel(&other.citizen, off.code.as_str()).await.expect("cancelled");
    city.clock.step(chrono::Duration::days(1));
    for guest in [&jabbed, &other] {
        city.engine.remove_person(&guest.citizen, guest.person.id).await.expect("removed");
        assert_eq!(city.engine.list_people(&guest.citizen).await, Ok(vec![]));
    }
    let sealed = "SELECT count(*) FROM people WHERE length(sealed) > 0 AND person_hash IN (SELECT person_hash FROM bookings WHERE state = 'redeemed')";
    assert_eq!(city.count("SELECT count(*) FROM people WHERE length(sealed) > 0").await, 1);
    assert_eq!(city.count(sealed).await, 1, "of the one who had a jab");
    let listed = city.engine.list_bookings(&jabbed.citizen).await.expect("listed");
    assert_eq!(listed.iter().map(|booking| booking.code).collect::<Vec<_>>(), [jab.code]);
    assert_eq!(city.engine.list_bookings(&other.citizen).await, Ok(vec![]));
    city.assert_balanced().await;
}
