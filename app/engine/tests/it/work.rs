//! Work that a device does before it is sent a code: asked for when it is warm, good once, for a while, and only where it is ours.

use chrono::Duration;
use domain::error::{Error, ErrorCode, Result};
use domain::reason::Reason;
use domain::work::{Challenge, Found, MOST_TRIES, Search, Work};
use engine::{AskForWork, Limits, Whence};
use tokio::task::JoinSet;

use crate::harness::{Kind, TestCity, on_both_engines};

on_both_engines!(
    in_calm_nobody_works,
    a_device_that_has_used_half_of_its_codes_works_for_the_next,
    when_the_whole_service_sends_many_everybody_works,
    work_is_good_once_also_for_many_at_once,
    work_is_good_for_a_while,
    work_that_was_not_set_by_us_or_not_done_is_refused_and_writes_nothing,
    work_does_not_lift_the_limits,
);

/// Eight codes for a device, three a minute in calm.
async fn city(kind: Kind, ask_for_work: AskForWork) -> TestCity {
    TestCity::empty(kind, Limits { codes_a_device: 8, codes_in_calm: 3, ask_for_work, ..Limits::default() }).await
}

fn tablet() -> Whence {
    Whence { device: Some("tablet".into()), address: None }
}

fn phone(n: u32) -> String {
    format!("1390000{n:04}")
}

/// What is to be worked out.
fn challenge(refused: Result<impl std::fmt::Debug>) -> Challenge {
    let error = refused.expect_err("work is asked for");
    assert_eq!((error.code, error.retry_after_s), (ErrorCode::TooMany, Some(1)));
    match error.reason {
        Some(Reason::Work { challenge }) => *challenge,
        other => panic!("another reason: {other:?}"),
    }
}

fn done(challenge: Challenge) -> Work {
    match Search::new(&challenge.parameters).expect("a known kind").go_on(MOST_TRIES + 1) {
        Found::Solution(solution) => Work { challenge, solution },
        other => panic!("no solution: {other:?}"),
    }
}

/// How many codes were ever sent.
async fn sent(city: &TestCity) -> usize {
    city.engine.demo_messages(None).await.expect("the inbox").len()
}

async fn in_calm_nobody_works(kind: Kind) {
    let city = city(kind, AskForWork::WhenWarm).await;
    for n in 0..6 {
        city.engine.send_code(&phone(n), None, &Whence::default()).await.unwrap_or_else(|error| panic!("{n}: {error:?}"));
        city.clock.step(Duration::seconds(20));
    }
}

async fn a_device_that_has_used_half_of_its_codes_works_for_the_next(kind: Kind) {
    let city = city(kind, AskForWork::WhenWarm).await;
    for n in 0..4 {
        city.engine.send_code(&phone(n), None, &tablet()).await.unwrap_or_else(|error| panic!("{n}: {error:?}"));
        city.clock.step(Duration::seconds(60));
    }
    // four minutes of an hour have run out of half a bucket
    city.engine.send_code(&phone(4), None, &tablet()).await.expect("not quite half");
    city.clock.step(Duration::seconds(60));
    let work = done(challenge(city.engine.send_code(&phone(5), None, &tablet()).await));
    city.engine.send_code(&phone(5), Some(&work), &tablet()).await.expect("it worked");
    city.engine
        .send_code(&phone(6), None, &Whence { device: Some("another".into()), address: None })
        .await
        .expect("another device");
}

async fn when_the_whole_service_sends_many_everybody_works(kind: Kind) {
    let city = city(kind, AskForWork::WhenWarm).await;
    for n in 0..3 {
        city.engine.send_code(&phone(n), None, &Whence::default()).await.unwrap_or_else(|error| panic!("{n}: {error:?}"));
    }
    let work = done(challenge(city.engine.send_code(&phone(3), None, &tablet()).await));
    city.engine.send_code(&phone(3), Some(&work), &tablet()).await.expect("it worked");
    city.clock.step(Duration::minutes(2));
    city.engine.send_code(&phone(4), None, &tablet()).await.expect("calm again");
}

async fn work_is_good_once_also_for_many_at_once(kind: Kind) {
    let city = city(kind, AskForWork::Always).await;
    let work = done(challenge(city.engine.send_code(&phone(0), None, &Whence::default()).await));
    let mut asking = JoinSet::new();
    for n in 0..20 {
        let (engine, work) = (city.engine.clone(), work.clone());
        asking.spawn(async move { engine.send_code(&phone(n), Some(&work), &Whence::default()).await });
    }
    let answers = asking.join_all().await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    for refused in answers.into_iter().filter(Result::is_err) {
        challenge(refused);
    }
    assert_eq!(sent(&city).await, 1);
}

async fn work_is_good_for_a_while(kind: Kind) {
    let city = city(kind, AskForWork::Always).await;
    let [in_time, late] = [0, 1].map(|_| async { done(challenge(city.engine.send_code(&phone(0), None, &tablet()).await)) });
    let (in_time, late) = (in_time.await, late.await);
    city.clock.step(Duration::seconds(300));
    city.engine.send_code(&phone(0), Some(&in_time), &tablet()).await.expect("five minutes are enough");
    city.clock.step(Duration::seconds(1));
    challenge(city.engine.send_code(&phone(1), Some(&late), &tablet()).await);
    city.engine.tidy().await.expect("tidied");
    challenge(city.engine.send_code(&phone(1), Some(&in_time), &tablet()).await);
    city.clock.step(Duration::minutes(10));
    city.engine.tidy().await.expect("tidied");
    challenge(city.engine.send_code(&phone(1), Some(&in_time), &tablet()).await);
}

async fn work_that_was_not_set_by_us_or_not_done_is_refused_and_writes_nothing(kind: Kind) {
    let city = city(kind, AskForWork::Always).await;
    let good = done(challenge(city.engine.send_code(&phone(0), None, &tablet()).await));
    let other = done(challenge(city.engine.send_code(&phone(0), None, &tablet()).await));
    let changed = |change: &dyn Fn(&mut Work)| {
        let mut work = good.clone();
        change(&mut work);
        work
    };
    let easier = |work: &mut Work| {
        work.challenge.parameters.cost = 1;
        work.challenge.parameters.key_prefix = "00".into();
        *work = done_or_as_it_is(work.clone());
    };
    for (what, bad) in [
        ("a signature of its own", changed(&|work| work.challenge.signature = "00".repeat(32))),
        ("no signature", changed(&|work| work.challenge.signature.clear())),
        ("another's signature", changed(&|work| work.challenge.signature.clone_from(&other.challenge.signature))),
        ("an easier task", changed(&easier)),
        ("more time", changed(&|work| work.challenge.parameters.expires_at += 1)),
        ("another key", changed(&|work| work.solution.derived_key.clone_from(&other.solution.derived_key))),
        ("no key", changed(&|work| work.solution.derived_key.clear())),
        (
            "only the part that was told",
            changed(&|work| work.solution.derived_key.clone_from(&work.challenge.parameters.key_prefix)),
        ),
    ] {
        let refused = city.engine.send_code(&phone(0), Some(&bad), &tablet()).await;
        assert!(matches!(&refused, Err(Error { reason: Some(Reason::Work { .. }), .. })), "{what}: {refused:?}");
    }
    assert_eq!((sent(&city).await, city.count("SELECT COUNT(*) FROM spent").await), (0, 0));
    assert_eq!(city.count("SELECT COUNT(*) FROM tallies").await, 0);
    city.engine.send_code(&phone(0), Some(&good), &tablet()).await.expect("and the right one is taken");
}

/// The solution of a task that a cheat made easier; as it was where there is none.
fn done_or_as_it_is(work: Work) -> Work {
    match Search::new(&work.challenge.parameters).map(|mut search| search.go_on(MOST_TRIES + 1)) {
        Some(Found::Solution(solution)) => Work { solution, ..work },
        _ => work,
    }
}

async fn work_does_not_lift_the_limits(kind: Kind) {
    let city = city(kind, AskForWork::Always).await;
    let work = done(challenge(city.engine.send_code(&phone(0), None, &tablet()).await));
    city.engine.send_code(&phone(0), Some(&work), &tablet()).await.expect("it worked");
    let work = done(challenge(city.engine.send_code(&phone(0), None, &tablet()).await));
    let refused = city.engine.send_code(&phone(0), Some(&work), &tablet()).await.expect_err("one a minute");
    assert!(matches!(refused.reason, Some(Reason::TooMany { .. })), "{refused:?}");
    city.engine.send_code(&phone(1), Some(&work), &tablet()).await.expect("work that came to nothing is not used up");
}
