//! The locked screen: what locks it, what opens it, and that nothing else is answered meanwhile.

use chrono::Duration;
use domain::access::{Role, Standing};
use domain::error::{Error, ErrorCode};
use domain::reason::Reason;
use engine::{Engine, StaffRules};

use crate::harness::{Kind, TestCity, on_both_engines};

on_both_engines!(
    a_screen_that_nobody_uses_locks_and_a_restart_does_not_open_it,
    use_keeps_it_open_and_what_the_page_does_by_itself_does_not,
    while_it_is_locked_nothing_but_opening_it_is_allowed,
    a_pin_opens_it_and_so_does_the_password,
    five_wrong_tries_end_the_session_also_all_at_once,
    an_easy_pin_is_refused_and_a_pin_needs_the_password,
);

const PASSWORD: &str = "correct horse";
const PIN: &str = "940263";

fn locked<T>() -> Result<T, Error> {
    Err(Error::new(Reason::Locked))
}

fn minutes(minutes: i64) -> Duration {
    Duration::minutes(minutes)
}

/// A nurse with a PIN, in a city whose screens lock after ten minutes.
async fn nurse(kind: Kind) -> (TestCity, Engine, String) {
    let city = TestCity::new(kind).await;
    let nurse = city.staff("nurse", Role::Nurse, "one").await;
    city.engine.staff_set_pin(&nurse, PASSWORD, PIN).await.expect("set");
    let engine = restarted(&city).await;
    let token = city.staff_token("nurse").await;
    (city, engine, token)
}

async fn restarted(city: &TestCity) -> Engine {
    city.with_rules(StaffRules { lock_after: Some(minutes(10)), second_factor: vec![] }).await
}

async fn a_screen_that_nobody_uses_locks_and_a_restart_does_not_open_it(kind: Kind) {
    let (city, engine, token) = nurse(kind).await;
    city.clock.step(minutes(10) - Duration::seconds(1));
    assert!(engine.staff_by_itself(&token).await.is_ok());
    city.clock.step(Duration::seconds(1));
    assert_eq!(engine.staff(&token).await, locked());
    assert_eq!(locked::<()>().expect_err("refused").code, ErrorCode::SignInRequired);
    assert_eq!(engine.staff(&token).await, locked(), "asking again does not open it");
    engine.tidy().await.expect("tidied");
    assert_eq!(restarted(&city).await.staff(&token).await, locked());
}

async fn use_keeps_it_open_and_what_the_page_does_by_itself_does_not(kind: Kind) {
    let (city, engine, token) = nurse(kind).await;
    for _ in 0..3 {
        city.clock.step(minutes(9));
        assert!(engine.staff(&token).await.is_ok(), "a use");
    }
    engine.tidy().await.expect("written down");
    city.clock.step(minutes(9));
    assert!(restarted(&city).await.staff_by_itself(&token).await.is_ok(), "the use is remembered over a restart");
    assert!(engine.staff_by_itself(&token).await.is_ok());
    let staff = engine.staff_as_they_are(&token).await.expect("signed in");
    city.clock.step(minutes(1));
    assert_eq!(engine.staff(&token).await, locked(), "neither of those was a use");
    engine.staff_is_there(&engine.staff_as_they_are(&token).await.expect("signed in"));
    assert_eq!(engine.staff(&token).await, locked(), "nor does saying so open what is locked");
    drop(staff);
    let never = city.with_rules(StaffRules { lock_after: None, second_factor: vec![] }).await;
    assert!(never.staff(&token).await.is_ok(), "0 minutes: never");
}

async fn while_it_is_locked_nothing_but_opening_it_is_allowed(kind: Kind) {
    let (city, engine, token) = nurse(kind).await;
    let staff = engine.staff(&token).await.expect("open");
    engine.staff_lock(&staff).await.expect("locked by the button");
    assert_eq!(engine.staff(&token).await, locked());
    assert_eq!(restarted(&city).await.staff(&token).await, locked());
    let staff = engine.staff_as_they_are(&token).await.expect("it is known who they are");
    assert_eq!(staff.member.standing, Standing::Locked);
    let site = city.site("one");
    // each asks once more, whatever came past the door
    assert_eq!(engine.roster(&staff, site, city.today()).await.map(drop), locked());
    assert_eq!(engine.staff_choose_site(&staff, site).await, locked());
    assert_eq!(engine.staff_set_pin(&staff, PASSWORD, "583920").await, locked());
    assert_eq!(engine.second_factor_begin(&staff, None).await.map(drop), locked());
    assert_eq!(engine.staff_sign_out_everywhere(&staff).await, locked());
    engine.staff_lock(&staff).await.expect("twice is no error");
    engine.staff_sign_out(&token).await.expect("signed out");
    assert_eq!(engine.staff_as_they_are(&token).await, Err(Error::new(Reason::SignIn)));
}

async fn a_pin_opens_it_and_so_does_the_password(kind: Kind) {
    let (city, engine, token) = nurse(kind).await;
    for (pin, password) in [(Some(PIN), None), (None, Some(PASSWORD)), (Some(""), Some(PASSWORD))] {
        city.clock.step(minutes(11));
        let staff = engine.staff_as_they_are(&token).await.expect("signed in");
        let missing = engine.staff_unlock(&staff, Some(""), None).await;
        assert_eq!(missing, Err(Error::field("pin", Reason::Missing)));
        let wrong = engine.staff_unlock(&staff, Some("583920"), None).await;
        assert_eq!(wrong, Err(Error::field("pin", Reason::Pin { left: 4 })), "each opening begins anew");
        assert_eq!(engine.staff(&token).await, locked());
        engine.staff_unlock(&staff, pin, password).await.expect("open");
        assert!(engine.staff(&token).await.is_ok());
        assert!(restarted(&city).await.staff_by_itself(&token).await.is_ok(), "in every process");
    }
}

async fn five_wrong_tries_end_the_session_also_all_at_once(kind: Kind) {
    let (city, engine, token) = nurse(kind).await;
    let lock = async |token: &str| {
        let staff = engine.staff(token).await.expect("open");
        engine.staff_lock(&staff).await.expect("locked");
        engine.staff_as_they_are(token).await.expect("signed in")
    };
    let staff = lock(&token).await;
    for left in (1..=4).rev() {
        assert_eq!(engine.staff_unlock(&staff, Some("583920"), None).await, Err(Error::field("pin", Reason::Pin { left })));
    }
    assert_eq!(engine.staff_unlock(&staff, Some("583920"), None).await, Err(Error::new(Reason::SignIn)));
    assert_eq!(engine.staff_unlock(&staff, Some(PIN), None).await, Err(Error::new(Reason::SignIn)), "too late");
    assert_eq!(engine.staff_as_they_are(&token).await, Err(Error::new(Reason::SignIn)));

    let token = city.staff_token("nurse").await;
    let staff = lock(&token).await;
    let tries = (0..20).map(|guess| {
        let (engine, staff) = (engine.clone(), staff.clone());
        tokio::spawn(async move { engine.staff_unlock(&staff, Some(&format!("58392{}", guess % 10)), None).await })
    });
    let mut looked_at = 0;
    for one in tries.collect::<Vec<_>>() {
        let error = one.await.expect("no panic").expect_err("wrong");
        looked_at += u32::from(matches!(error.reason, Some(Reason::Pin { .. })));
    }
    assert_eq!(looked_at, 4, "the fifth is the end");
    assert_eq!(engine.staff_as_they_are(&token).await, Err(Error::new(Reason::SignIn)));
}

async fn an_easy_pin_is_refused_and_a_pin_needs_the_password(kind: Kind) {
    let city = TestCity::new(kind).await;
    let nurse = city.staff("nurse", Role::Nurse, "one").await;
    for (password, pin, error) in [
        (PASSWORD, "123456", Error::field("pin", Reason::PinEasy)),
        (PASSWORD, "850712", Error::field("pin", Reason::PinEasy)),
        (PASSWORD, "94026", Error::field("pin", Reason::PinShape)),
        ("wrong horse", PIN, Error::field("password", Reason::Password)),
    ] {
        assert_eq!(city.engine.staff_set_pin(&nurse, password, pin).await, Err(error), "{pin}");
    }
    assert_eq!(city.count("SELECT count(*) FROM staff WHERE pin_hash IS NOT NULL").await, 0);
    city.engine.staff_set_pin(&nurse, PASSWORD, PIN).await.expect("set");
    let hash = city.column("SELECT pin_hash FROM staff").await.remove(0);
    assert!(hash.starts_with("$argon2id$"), "{hash}");
    // the database alone does not tell it, however many are tried
    let parsed = argon2::password_hash::phc::PasswordHash::new(&hash).expect("a hash");
    let alone = argon2::PasswordVerifier::verify_password(&argon2::Argon2::default(), PIN.as_bytes(), &parsed);
    assert!(alone.is_err());
}
