//! Sessions: how they end, and that looking one up writes nothing.

use chrono::Duration;
use domain::access::Role;
use domain::error::Error;
use domain::reason::Reason;
use domain::session::{Lasts, NOTED_EVERY};
use domain::staff::StaffSignIn;
use domain::time::Clock;
use engine::{Citizen, Config, Engine, Sessions, Whence};

use crate::harness::{Kind, TestCity, on_both_engines};

on_both_engines!(
    a_session_that_nobody_uses_ends_and_one_in_use_lasts_its_whole_time,
    a_look_up_writes_nothing_and_the_tidying_notes_a_use_after_minutes,
    staff_sessions_have_times_of_their_own,
    a_shorter_setting_counts_for_the_sessions_of_yesterday,
    a_session_ends_by_signing_out,
    a_sign_in_ends_the_session_that_came_along_and_no_other,
    signing_out_everywhere_ends_every_session_of_the_account_and_no_other,
    sessions_that_are_over_are_taken_away,
);

const PHONE: &str = "13812345678";
const OTHER: &str = "13812345679";

fn signed_out() -> Result<Citizen, Error> {
    Err(Error::new(Reason::SignIn))
}

fn second() -> Duration {
    Duration::seconds(1)
}

async fn a_session_that_nobody_uses_ends_and_one_in_use_lasts_its_whole_time(kind: Kind) {
    let city = TestCity::new(kind).await;
    let Sessions { citizens: Lasts { idle, whole }, .. } = city.engine.sessions();
    let (used, left) = (city.token(PHONE, None).await, city.token(OTHER, None).await);
    let began = city.clock.now();
    city.clock.step(idle - second());
    assert!(city.engine.citizen(&used).await.is_ok());
    city.engine.tidy().await.expect("noted");
    city.clock.step(second());
    assert_eq!(city.engine.citizen(&left).await, signed_out(), "nobody has used it");
    while city.clock.now() + idle < began + whole {
        assert!(city.engine.citizen(&used).await.is_ok(), "{}", city.clock.now());
        city.engine.tidy().await.expect("noted");
        // a use that soon after the last one was no news
        city.clock.step(idle - NOTED_EVERY);
    }
    assert!(city.engine.citizen(&used).await.is_ok());
    city.engine.tidy().await.expect("noted");
    city.clock.set(began + whole - second());
    assert!(city.engine.citizen(&used).await.is_ok());
    city.clock.step(second());
    assert_eq!(city.engine.citizen(&used).await, signed_out(), "however much it was used");
}

async fn a_look_up_writes_nothing_and_the_tidying_notes_a_use_after_minutes(kind: Kind) {
    let city = TestCity::new(kind).await;
    let token = city.token(PHONE, None).await;
    let noted = "SELECT count(*) FROM sessions WHERE last_seen_at IS NOT NULL";
    city.clock.step(Duration::seconds(299));
    assert!(city.engine.citizen(&token).await.is_ok());
    city.engine.tidy().await.expect("tidied");
    assert_eq!(city.count(noted).await, 0, "too soon to be news");
    city.clock.step(second());
    assert!(city.engine.citizen(&token).await.is_ok());
    assert_eq!(city.count(noted).await, 0, "a look-up only reads");
    city.engine.tidy().await.expect("tidied");
    assert_eq!(city.count(noted).await, 1);
}

async fn staff_sessions_have_times_of_their_own(kind: Kind) {
    let city = TestCity::new(kind).await;
    city.staff("nurse", Role::Nurse, "one").await;
    let (_, token) = city.engine.staff_sign_in(&StaffSignIn::new("nurse", "correct horse"), None).await.expect("signs in");
    let began = city.clock.now();
    let Sessions { staff: Lasts { idle, whole }, .. } = city.engine.sessions();
    assert_eq!(city.engine.citizen(&token).await, signed_out(), "a member of staff is no citizen");
    while city.clock.now() + idle < began + whole {
        city.clock.step(idle - second());
        assert!(city.engine.staff(&token).await.is_ok(), "{}", city.clock.now());
        city.engine.tidy().await.expect("noted");
    }
    city.clock.set(began + whole);
    assert_eq!(city.engine.staff(&token).await, Err(Error::new(Reason::SignIn)), "at the end of the day");
    let (_, token) = city.engine.staff_sign_in(&StaffSignIn::new("nurse", "correct horse"), None).await.expect("signs in");
    city.clock.step(idle);
    assert_eq!(city.engine.staff(&token).await, Err(Error::new(Reason::SignIn)), "after a long break");
}

async fn a_shorter_setting_counts_for_the_sessions_of_yesterday(kind: Kind) {
    let city = TestCity::new(kind).await;
    let token = city.token(PHONE, None).await;
    let shorter = Lasts { idle: Duration::hours(12), whole: Duration::days(1) };
    let sessions = Sessions { citizens: shorter, ..city.engine.sessions() };
    let restarted = Engine::open(Config { sessions, ..city.another_config() }).await.expect("opens");
    city.clock.step(Duration::hours(12));
    assert!(city.engine.citizen(&token).await.is_ok());
    assert_eq!(restarted.citizen(&token).await, signed_out());
}

async fn a_session_ends_by_signing_out(kind: Kind) {
    let city = TestCity::new(kind).await;
    let (kept, left) = (city.token(PHONE, None).await, city.token(OTHER, None).await);
    city.engine.sign_out(&left).await.expect("signed out");
    city.engine.sign_out(&left).await.expect("twice is no error");
    assert_eq!(city.engine.citizen(&left).await, signed_out());
    assert!(city.engine.citizen(&kept).await.is_ok());
    assert_eq!(city.engine.staff(&kept).await, Err(Error::new(Reason::SignIn)), "a citizen is no member of staff");
}

async fn a_sign_in_ends_the_session_that_came_along_and_no_other(kind: Kind) {
    let city = TestCity::new(kind).await;
    let (tablet, phone) = (city.token(PHONE, None).await, city.token(OTHER, None).await);
    city.clock.step(Duration::minutes(1));
    let again = city.token(PHONE, Some(&tablet)).await;
    assert_ne!(again, tablet);
    assert_eq!(city.engine.citizen(&tablet).await, signed_out());
    assert!(city.engine.citizen(&again).await.is_ok() && city.engine.citizen(&phone).await.is_ok());
    // whoever planted it: also when it was another account's
    city.clock.step(Duration::minutes(1));
    city.token(PHONE, Some(&phone)).await;
    assert_eq!(city.engine.citizen(&phone).await, signed_out());
    assert!(city.engine.citizen(&again).await.is_ok());
    // a sign-in that fails ends nothing
    assert!(city.engine.sign_in(PHONE, "000000", &Whence::default(), Some(&again)).await.is_err());
    assert!(city.engine.citizen(&again).await.is_ok());

    city.staff("nurse", Role::Nurse, "one").await;
    let sign_in = async |old: Option<&str>| {
        city.engine.staff_sign_in(&StaffSignIn::new("nurse", "correct horse"), old).await.expect("signs in").1
    };
    let old = sign_in(None).await;
    let new = sign_in(Some(&old)).await;
    assert_eq!(city.engine.staff(&old).await, Err(Error::new(Reason::SignIn)));
    assert!(city.engine.staff(&new).await.is_ok());
}

async fn signing_out_everywhere_ends_every_session_of_the_account_and_no_other(kind: Kind) {
    let city = TestCity::new(kind).await;
    let other = city.token(OTHER, None).await;
    let mut tokens = Vec::new();
    for _ in 0..3 {
        tokens.push(city.token(PHONE, None).await);
        city.clock.step(Duration::minutes(1));
    }
    let citizen = city.engine.citizen(&tokens[0]).await.expect("signed in");
    city.engine.sign_out_everywhere(&citizen).await.expect("signed out");
    for token in &tokens {
        assert_eq!(city.engine.citizen(token).await, signed_out());
    }
    assert!(city.engine.citizen(&other).await.is_ok(), "another account's");
    let again = city.token(PHONE, None).await;
    assert!(city.engine.citizen(&again).await.is_ok(), "and one can sign in again");
}

async fn sessions_that_are_over_are_taken_away(kind: Kind) {
    let city = TestCity::new(kind).await;
    let Sessions { citizens: Lasts { idle, .. }, .. } = city.engine.sessions();
    city.token(PHONE, None).await;
    city.clock.step(idle - second());
    let kept = city.token(OTHER, None).await;
    city.engine.tidy().await.expect("tidied");
    assert_eq!(city.count("SELECT count(*) FROM sessions").await, 2);
    city.clock.step(second());
    city.engine.tidy().await.expect("tidied");
    assert_eq!(city.count("SELECT count(*) FROM sessions").await, 1);
    assert!(city.engine.citizen(&kept).await.is_ok());
}
