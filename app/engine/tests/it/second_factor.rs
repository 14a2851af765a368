//! The second factor: what it asks for, that each code is good once, and who cannot work without it.

use chrono::Duration;
use domain::access::{Role, Standing};
use domain::error::{Error, ErrorCode};
use domain::reason::Reason;
use domain::staff::StaffSignIn;
use domain::time::Clock;
use engine::{Engine, StaffRules};

use crate::harness::{Kind, TestCity, on_both_engines, otp};

on_both_engines!(
    once_it_is_on_the_password_alone_does_not_sign_in,
    a_code_is_good_once_and_so_is_each_that_came_before_it,
    of_many_at_once_with_the_same_code_one_is_let_in,
    a_recovery_code_is_good_once_in_place_of_the_digits,
    wrong_codes_lock_out_as_wrong_passwords_do_and_asking_wipes_nothing_away,
    a_role_that_needs_one_may_do_nothing_but_enrol,
    it_is_confirmed_before_it_counts_and_ends_the_other_sessions,
    it_is_turned_off_with_both_and_by_the_house,
    neither_secret_nor_recovery_code_lies_in_the_database,
);

const PASSWORD: &str = "correct horse";

fn with(otp: &str) -> StaffSignIn {
    StaffSignIn { otp: Some(otp.to_owned()), ..StaffSignIn::new("nurse", PASSWORD) }
}

fn otp_error(reason: Reason) -> Error {
    Error::field("otp", reason)
}

/// Turns it on for somebody who has just signed in. Gives the secret and the recovery codes.
async fn enrol(city: &TestCity, username: &str) -> (String, Vec<String>) {
    let token = city.staff_token(username).await;
    let staff = city.engine.staff_as_they_are(&token).await.expect("signed in");
    let begun = city.engine.second_factor_begin(&staff, None).await.expect("begun");
    let codes = city.engine.second_factor_confirm(&staff, &otp(&begun.secret, city.clock.now())).await.expect("confirmed");
    (begun.secret, codes.recovery_codes)
}

async fn nurse(kind: Kind) -> (TestCity, String, Vec<String>) {
    let city = TestCity::new(kind).await;
    city.staff("nurse", Role::Nurse, "one").await;
    let (secret, codes) = enrol(&city, "nurse").await;
    city.clock.step(Duration::minutes(1));
    (city, secret, codes)
}

async fn once_it_is_on_the_password_alone_does_not_sign_in(kind: Kind) {
    let (city, secret, _) = nurse(kind).await;
    let now = otp(&secret, city.clock.now());
    let alone = city.engine.staff_sign_in(&StaffSignIn::new("nurse", PASSWORD), None).await;
    assert_eq!(alone, Err(otp_error(Reason::OtpNeeded)));
    assert_eq!(city.engine.staff_sign_in(&with(" "), None).await, Err(otp_error(Reason::OtpNeeded)));
    assert_eq!(alone.expect_err("refused").code, ErrorCode::SignInRequired);
    let wrong = if now == "000000" { "000001" } else { "000000" };
    assert_eq!(city.engine.staff_sign_in(&with(wrong), None).await, Err(otp_error(Reason::Otp)));
    let without = StaffSignIn { password: "wrong horse".into(), ..with(&now) };
    assert_eq!(city.engine.staff_sign_in(&without, None).await, Err(Error::new(Reason::Password)), "the digits alone are nothing");
    let spaced = format!("{} {}", &now[..3], &now[3..]);
    let (member, token) = city.engine.staff_sign_in(&with(&spaced), None).await.expect("both are right");
    assert!(member.second_factor && city.engine.staff(&token).await.is_ok());
}

async fn a_code_is_good_once_and_so_is_each_that_came_before_it(kind: Kind) {
    let (city, secret, _) = nurse(kind).await;
    let now = otp(&secret, city.clock.now());
    let before = otp(&secret, city.clock.now() - Duration::seconds(30));
    assert!(city.engine.staff_sign_in(&with(&now), None).await.is_ok());
    assert_eq!(city.engine.staff_sign_in(&with(&now), None).await, Err(otp_error(Reason::Otp)), "a replay");
    assert_eq!(city.engine.staff_sign_in(&with(&before), None).await, Err(otp_error(Reason::Otp)), "an older one");
    let next = otp(&secret, city.clock.now() + Duration::seconds(30));
    assert!(city.engine.staff_sign_in(&with(&next), None).await.is_ok(), "their clock is half a minute ahead");
}

async fn of_many_at_once_with_the_same_code_one_is_let_in(kind: Kind) {
    let (city, secret, codes) = nurse(kind).await;
    for code in [otp(&secret, city.clock.now()), codes[0].clone()] {
        let tries = (0..4).map(|_| {
            let (engine, sign_in) = (city.engine.clone(), with(&code));
            tokio::spawn(async move { engine.staff_sign_in(&sign_in, None).await.is_ok() })
        });
        let mut let_in = 0;
        for one in tries.collect::<Vec<_>>() {
            let_in += u32::from(one.await.expect("no panic"));
        }
        assert_eq!(let_in, 1);
        city.clock.step(Duration::minutes(2));
        // a clean slate for the next round
        assert!(city.engine.staff_sign_in(&with(&otp(&secret, city.clock.now())), None).await.is_ok());
        city.clock.step(Duration::minutes(2));
    }
}

async fn a_recovery_code_is_good_once_in_place_of_the_digits(kind: Kind) {
    let (city, _, codes) = nurse(kind).await;
    assert_eq!(codes.iter().collect::<std::collections::HashSet<_>>().len(), 10);
    city.staff("other", Role::Nurse, "one").await;
    let (_, others) = enrol(&city, "other").await;
    assert_eq!(city.engine.staff_sign_in(&with(&others[0]), None).await, Err(otp_error(Reason::Otp)), "a colleague's");
    let typed = codes[3].to_lowercase().replace('-', " ");
    assert!(city.engine.staff_sign_in(&with(&typed), None).await.is_ok(), "{typed}");
    assert_eq!(city.engine.staff_sign_in(&with(&codes[3]), None).await, Err(otp_error(Reason::Otp)), "used");
    assert!(city.engine.staff_sign_in(&with(&codes[4]), None).await.is_ok());
    assert_eq!(city.count("SELECT count(*) FROM audit WHERE action = 'recovery_code_used'").await, 2);
}

async fn wrong_codes_lock_out_as_wrong_passwords_do_and_asking_wipes_nothing_away(kind: Kind) {
    let (city, secret, _) = nurse(kind).await;
    let wrong = otp(&secret, city.clock.now() + Duration::hours(1));
    for _ in 0..4 {
        assert_eq!(city.engine.staff_sign_in(&with(&wrong), None).await, Err(otp_error(Reason::Otp)));
        // a right password without digits takes back only itself
        let asked = city.engine.staff_sign_in(&StaffSignIn::new("nurse", PASSWORD), None).await;
        assert_eq!(asked, Err(otp_error(Reason::OtpNeeded)));
    }
    assert_eq!(city.engine.staff_sign_in(&with(&wrong), None).await, Err(otp_error(Reason::Otp)), "the fifth");
    let right = otp(&secret, city.clock.now());
    let locked = city.engine.staff_sign_in(&with(&right), None).await.expect_err("locked out");
    assert_eq!(locked.code, ErrorCode::TooMany);
    let wait = i64::from(locked.retry_after_s.expect("in seconds"));
    assert!((1..=61).contains(&wait), "{wait}");
    city.clock.step(Duration::seconds(wait));
    assert!(city.engine.staff_sign_in(&with(&otp(&secret, city.clock.now())), None).await.is_ok());
}

async fn a_role_that_needs_one_may_do_nothing_but_enrol(kind: Kind) {
    let city = TestCity::new(kind).await;
    city.staff("manager", Role::Manager, "one").await;
    city.staff("nurse", Role::Nurse, "one").await;
    let strict: Engine = city.with_rules(StaffRules { lock_after: None, second_factor: vec![Role::Manager] }).await;
    let (member, token) = strict.staff_sign_in(&StaffSignIn::new("manager", PASSWORD), None).await.expect("a session to enrol in");
    assert_eq!(member.standing, Standing::Enrolling);
    assert_eq!(strict.staff(&token).await, Err(Error::new(Reason::SecondFactorNeeded)));
    let staff = strict.staff_as_they_are(&token).await.expect("signed in");
    let needed = Some(Reason::SecondFactorNeeded);
    // behind the door too: what came past it is asked again
    assert_eq!(strict.roster(&staff, city.site("one"), city.today()).await.expect_err("refused").reason, needed);
    assert_eq!(strict.staff_set_pin(&staff, PASSWORD, "940263").await.expect_err("refused").reason, needed);
    let begun = strict.second_factor_begin(&staff, None).await.expect("begun");
    strict.second_factor_confirm(&staff, &otp(&begun.secret, city.clock.now())).await.expect("confirmed");
    assert_eq!(strict.staff(&token).await.expect("now they may").member.standing, Standing::Full);
    let (nurse, _) = strict.staff_sign_in(&StaffSignIn::new("nurse", PASSWORD), None).await.expect("signs in");
    assert_eq!(nurse.standing, Standing::Full, "nurses need none");
}

async fn it_is_confirmed_before_it_counts_and_ends_the_other_sessions(kind: Kind) {
    let city = TestCity::new(kind).await;
    city.staff("nurse", Role::Nurse, "one").await;
    let (here, elsewhere) = (city.staff_token("nurse").await, city.staff_token("nurse").await);
    let staff = city.engine.staff(&here).await.expect("signed in");
    assert_eq!(city.engine.second_factor_confirm(&staff, "000000").await, Err(Error::new(Reason::SecondFactorOff)));
    let first = city.engine.second_factor_begin(&staff, None).await.expect("begun");
    assert!(city.engine.staff_sign_in(&StaffSignIn::new("nurse", PASSWORD), None).await.is_ok(), "it counts for nothing yet");
    let second = city.engine.second_factor_begin(&staff, None).await.expect("begun anew");
    assert_ne!(first.secret, second.secret);
    assert!(second.uri.contains(&second.secret) && second.uri.starts_with("otpauth://totp/"));
    let of_first = otp(&first.secret, city.clock.now());
    assert_eq!(city.engine.second_factor_confirm(&staff, &of_first).await, Err(otp_error(Reason::Otp)));
    let digits = otp(&second.secret, city.clock.now());
    city.engine.second_factor_confirm(&staff, &digits).await.expect("confirmed");
    assert_eq!(city.engine.staff_sign_in(&with(&digits), None).await, Err(otp_error(Reason::Otp)), "that code is used");
    assert_eq!(city.engine.staff(&elsewhere).await, Err(Error::new(Reason::SignIn)));
    assert!(city.engine.staff(&here).await.is_ok());
    assert_eq!(city.engine.second_factor_begin(&staff, None).await, Err(Error::new(Reason::SecondFactorOn)));
    let begin_again = city.engine.second_factor_confirm(&staff, &digits).await;
    assert_eq!(begin_again, Err(Error::new(Reason::SecondFactorOn)));
}

async fn it_is_turned_off_with_both_and_by_the_house(kind: Kind) {
    let (city, secret, codes) = nurse(kind).await;
    let digits = || otp(&secret, city.clock.now());
    let (_, token) = city.engine.staff_sign_in(&with(&digits()), None).await.expect("signs in");
    let staff = city.engine.staff(&token).await.expect("signed in");
    city.clock.step(Duration::minutes(1));
    let wrong = city.engine.second_factor_off(&staff, "wrong horse", &digits()).await;
    assert_eq!(wrong, Err(Error::field("password", Reason::Password)));
    assert_eq!(city.engine.second_factor_off(&staff, PASSWORD, "").await, Err(otp_error(Reason::OtpNeeded)));
    assert_eq!(city.engine.second_factor_off(&staff, PASSWORD, "000").await, Err(otp_error(Reason::Otp)));
    city.engine.second_factor_off(&staff, PASSWORD, &codes[0]).await.expect("off");
    assert!(city.engine.staff_sign_in(&StaffSignIn::new("nurse", PASSWORD), None).await.is_ok());
    assert_eq!(city.count("SELECT count(*) FROM recovery_codes").await, 0);
    // a while after signing in the password is asked for first
    city.clock.step(Duration::minutes(5));
    let staff = city.engine.staff(&token).await.expect("signed in");
    let missing = city.engine.second_factor_begin(&staff, None).await;
    assert_eq!(missing, Err(Error::field("password", Reason::Missing)));
    let wrong = city.engine.second_factor_begin(&staff, Some("wrong horse")).await;
    assert_eq!(wrong, Err(Error::field("password", Reason::Password)));
    let begun = city.engine.second_factor_begin(&staff, Some(PASSWORD)).await.expect("begun");
    city.engine.second_factor_confirm(&staff, &otp(&begun.secret, city.clock.now())).await.expect("on again");
    city.engine.staff_reset("nurse", "another horse".into()).await.expect("reset");
    assert_eq!(city.engine.staff(&token).await, Err(Error::new(Reason::SignIn)));
    let (member, _) = city.engine.staff_sign_in(&StaffSignIn::new("nurse", "another horse"), None).await.expect("by password");
    assert!(!member.second_factor);
}

async fn neither_secret_nor_recovery_code_lies_in_the_database(kind: Kind) {
    let (city, secret, codes) = nurse(kind).await;
    let bytes = city.raw_bytes().await;
    let plain: Vec<&str> = codes.iter().flat_map(|code| code.split('-')).chain([secret.as_str()]).collect();
    for text in plain {
        assert!(!bytes.windows(text.len()).any(|part| part == text.as_bytes()), "{text}");
    }
    assert!(bytes.windows(5).any(|part| part == b"nurse"), "the search finds what is there");
    assert_eq!(city.count("SELECT count(*) FROM recovery_codes").await, 10);
}
