//! Signing in by phone: codes that cannot be guessed, used twice, used late, or asked for without end.

use chrono::Duration;
use domain::error::{Error, ErrorCode};
use domain::reason::Reason;
use engine::Whence;

use crate::harness::{Kind, TestCity, on_both_engines};

on_both_engines!(
    a_code_signs_in_once,
    five_wrong_tries_lock_the_code_and_a_new_one_works,
    a_code_is_too_old_after_five_minutes,
    only_the_latest_code_counts,
    a_number_gets_one_code_a_minute_five_an_hour_and_ten_a_day,
    what_is_no_mobile_number_is_refused,
    one_phone_is_one_account,
);

const PHONE: &str = "13812345678";

fn wrong() -> Error {
    Error::field("code", Reason::SignInCode)
}

/// Six digits that are not these.
fn another(code: &str) -> String {
    let digit = if code.starts_with('1') { '2' } else { '1' };
    format!("{digit}{}", &code[1..])
}

async fn a_code_signs_in_once(kind: Kind) {
    let city = TestCity::new(kind).await;
    assert_eq!(city.engine.send_code(" +86 138-1234-5678", None, &Whence::default()).await.expect("sent").resend_after_s, 60);
    let code = city.code_sent_to(PHONE).await;
    let (account, token) = city.engine.sign_in(PHONE, &code, &Whence::default(), None).await.expect("signs in");
    assert_eq!(account.phone, "138****5678");
    let citizen = city.engine.citizen(&token).await.expect("signed in");
    assert_eq!(city.engine.account(&citizen).await, Ok(account));
    assert_eq!(city.engine.sign_in(PHONE, &code, &Whence::default(), None).await, Err(wrong()), "used");
    assert_eq!(city.engine.sign_in("13812345679", &code, &Whence::default(), None).await, Err(wrong()), "another phone's");
    assert_eq!(city.engine.citizen("no such token").await, Err(Error::new(Reason::SignIn)));
}

async fn five_wrong_tries_lock_the_code_and_a_new_one_works(kind: Kind) {
    let city = TestCity::new(kind).await;
    city.engine.send_code(PHONE, None, &Whence::default()).await.expect("sent");
    let code = city.code_sent_to(PHONE).await;
    for _ in 0..5 {
        assert_eq!(city.engine.sign_in(PHONE, &another(&code), &Whence::default(), None).await, Err(wrong()));
    }
    let locked = city.engine.sign_in(PHONE, &code, &Whence::default(), None).await.expect_err("locked, even for the right one");
    assert_eq!(locked.code, ErrorCode::TooMany);
    assert!(locked.retry_after_s.is_some());
    city.clock.step(Duration::seconds(60));
    city.engine.send_code(PHONE, None, &Whence::default()).await.expect("sent");
    let code = city.code_sent_to(PHONE).await;
    assert!(city.engine.sign_in(PHONE, &code, &Whence::default(), None).await.is_ok());
}

async fn a_code_is_too_old_after_five_minutes(kind: Kind) {
    let city = TestCity::new(kind).await;
    city.engine.send_code(PHONE, None, &Whence::default()).await.expect("sent");
    let code = city.code_sent_to(PHONE).await;
    city.clock.step(Duration::seconds(300));
    assert_eq!(city.engine.sign_in(PHONE, &code, &Whence::default(), None).await, Err(wrong()));
    city.engine.send_code(PHONE, None, &Whence::default()).await.expect("sent");
    let code = city.code_sent_to(PHONE).await;
    city.clock.step(Duration::seconds(299));
    assert!(city.engine.sign_in(PHONE, &code, &Whence::default(), None).await.is_ok());
}

async fn only_the_latest_code_counts(kind: Kind) {
    let city = TestCity::new(kind).await;
    city.engine.send_code(PHONE, None, &Whence::default()).await.expect("sent");
    let old = city.code_sent_to(PHONE).await;
    city.clock.step(Duration::seconds(61));
    city.engine.send_code(PHONE, None, &Whence::default()).await.expect("sent");
    let new = city.code_sent_to(PHONE).await;
    assert_ne!(old, new);
    assert_eq!(city.engine.sign_in(PHONE, &old, &Whence::default(), None).await, Err(wrong()));
    assert!(city.engine.sign_in(PHONE, &new, &Whence::default(), None).await.is_ok());
}

async fn a_number_gets_one_code_a_minute_five_an_hour_and_ten_a_day(kind: Kind) {
    let city = TestCity::new(kind).await;
    let refused = async || {
        let error = city.engine.send_code(PHONE, None, &Whence::default()).await.expect_err("too often");
        assert_eq!(error.code, ErrorCode::TooMany);
        i64::from(error.retry_after_s.expect("when to try again"))
    };
    city.engine.send_code(PHONE, None, &Whence::default()).await.expect("the first");
    city.clock.step(Duration::seconds(59));
    assert!((1..=2).contains(&refused().await));
    assert!(city.engine.send_code("13812345679", None, &Whence::default()).await.is_ok(), "another number is not concerned");
    city.clock.step(Duration::seconds(1));
    for n in 2..=5 {
        city.engine.send_code(PHONE, None, &Whence::default()).await.unwrap_or_else(|error| panic!("code {n}: {error:?}"));
        city.clock.step(Duration::seconds(60));
    }
    // five within the hour: the sixth waits until the first is an hour old
    let wait = refused().await;
    assert!((3300 - 1..=3300 + 1).contains(&wait), "{wait}");
    city.clock.step(Duration::seconds(wait));
    for n in 6..=10 {
        city.engine.send_code(PHONE, None, &Whence::default()).await.unwrap_or_else(|error| panic!("code {n}: {error:?}"));
        city.clock.step(Duration::hours(1));
    }
    let wait = refused().await;
    assert!(wait > 10 * 3600, "ten within the day: {wait}");
    city.clock.step(Duration::seconds(wait));
    assert!(city.engine.send_code(PHONE, None, &Whence::default()).await.is_ok(), "a day later");
}

async fn what_is_no_mobile_number_is_refused(kind: Kind) {
    let city = TestCity::new(kind).await;
    for typed in ["", "12812345678", "0746-8123456", "138123456789", "13812345678; DROP TABLE accounts"] {
        assert_eq!(
            city.engine.send_code(typed, None, &Whence::default()).await,
            Err(Error::field("phone", Reason::Phone)),
            "{typed}"
        );
    }
    assert_eq!(city.count("SELECT count(*) FROM sign_in_codes").await, 0);
}

async fn one_phone_is_one_account(kind: Kind) {
    let city = TestCity::new(kind).await;
    let first = city.citizen(PHONE).await;
    city.clock.step(Duration::seconds(61));
    let again = city.citizen("+86 13812345678").await;
    assert_eq!(first, again);
    assert_eq!(city.count("SELECT count(*) FROM accounts").await, 1);
}
