//! Coming in by WeChat: bound to an account by one phone code, once and for a few minutes; and the state that brings a browser back.

use std::sync::Arc;

use chrono::Duration;
use domain::error::Error;
use domain::reason::Reason;
use engine::doors::{ByWechat, Openid, STATE_LASTS};
use tokio::sync::Barrier;

use crate::harness::{Kind, TestCity, on_both_engines};

on_both_engines!(
    a_known_user_comes_in_at_once_and_an_unknown_one_after_one_code,
    a_binding_is_made_once_and_within_ten_minutes,
    of_many_who_bind_at_once_one_does,
    an_account_lets_its_users_go,
    signing_out_everywhere_keeps_the_lost_phone_out,
    an_openid_is_hashed_and_another_official_accounts_is_another,
    a_state_comes_back_once_to_its_own_browser_and_soon,
);

const PHONE: &str = "13812345678";

fn user(openid: &str) -> Openid {
    Openid::new("wx1", openid)
}

/// The token that binds, of somebody whom nobody knows.
async fn knocks(city: &TestCity, openid: &str) -> String {
    match city.engine.enter_by_wechat(&user(openid), None).await.expect("an answer") {
        ByWechat::Pending(pending) => pending.token,
        ByWechat::Session(_) => panic!("{openid} is known"),
    }
}

async fn a_known_user_comes_in_at_once_and_an_unknown_one_after_one_code(kind: Kind) {
    let city = TestCity::new(kind).await;
    let pending = knocks(&city, "oA").await;
    let session = city.token(PHONE, None).await;
    let citizen = city.engine.citizen(&session).await.expect("signed in");
    assert!(!city.engine.account(&citizen).await.expect("the account").wechat);
    assert_eq!(city.engine.bind_wechat(&pending, &session).await, Ok(true));
    assert!(city.engine.account(&citizen).await.expect("the account").wechat);
    let other = city.token("13900001111", None).await;
    match city.engine.enter_by_wechat(&user("oA"), Some(&other)).await.expect("an answer") {
        ByWechat::Session(token) => assert_eq!(city.engine.citizen(&token).await, Ok(citizen)),
        ByWechat::Pending(_) => panic!("known by now"),
    }
    assert_eq!(city.engine.citizen(&other).await, Err(Error::new(Reason::SignIn)), "the session that came along has ended");
    knocks(&city, "oB").await;
}

async fn a_binding_is_made_once_and_within_ten_minutes(kind: Kind) {
    let city = TestCity::new(kind).await;
    let session = city.token(PHONE, None).await;
    let pending = knocks(&city, "oA").await;
    assert!(city.engine.bind_wechat(&pending, "no session").await.is_err());
    assert_eq!(city.engine.bind_wechat("no token", &session).await, Ok(false));
    city.clock.step(Duration::seconds(600));
    assert_eq!(city.engine.bind_wechat(&pending, &session).await, Ok(false), "too late");
    let pending = knocks(&city, "oA").await;
    city.clock.step(Duration::seconds(599));
    assert_eq!(city.engine.bind_wechat(&pending, &session).await, Ok(true));
    assert_eq!(city.engine.bind_wechat(&pending, &session).await, Ok(false), "once");
    knocks(&city, "oB").await;
    city.clock.step(Duration::seconds(600));
    city.engine.tidy().await.expect("tidied");
    assert_eq!(city.count("SELECT count(*) FROM wechat_pending").await, 0);
    assert_eq!(city.count("SELECT count(*) FROM wechat_bindings").await, 1);
}

async fn of_many_who_bind_at_once_one_does(kind: Kind) {
    let city = TestCity::new(kind).await;
    let (session, pending) = (city.token(PHONE, None).await, knocks(&city, "oA").await);
    let start = Arc::new(Barrier::new(20));
    let tries: Vec<_> = (0..20)
        .map(|_| {
            let (engine, start, pending, session) = (city.engine.clone(), start.clone(), pending.clone(), session.clone());
            tokio::spawn(async move {
                start.wait().await;
                engine.bind_wechat(&pending, &session).await.expect("an answer")
            })
        })
        .collect();
    let mut bound = 0;
    for one in tries {
        bound += u32::from(one.await.expect("no panic"));
    }
    assert_eq!(bound, 1);
}

async fn an_account_lets_its_users_go(kind: Kind) {
    let city = TestCity::new(kind).await;
    let (session, other) = (city.token(PHONE, None).await, city.token("13900001111", None).await);
    for (openid, session) in [("oA", &session), ("oB", &session), ("oC", &other)] {
        assert_eq!(city.engine.bind_wechat(&knocks(&city, openid).await, session).await, Ok(true));
    }
    let citizen = city.engine.citizen(&session).await.expect("signed in");
    city.engine.unbind_wechat(&citizen).await.expect("let go");
    assert!(!city.engine.account(&citizen).await.expect("the account").wechat);
    assert!(city.engine.citizen(&session).await.is_ok(), "sessions go on");
    for openid in ["oA", "oB"] {
        knocks(&city, openid).await;
    }
    assert!(matches!(city.engine.enter_by_wechat(&user("oC"), None).await, Ok(ByWechat::Session(_))), "another account's");
}

async fn signing_out_everywhere_keeps_the_lost_phone_out(kind: Kind) {
    let city = TestCity::new(kind).await;
    let session = city.token(PHONE, None).await;
    city.engine.bind_wechat(&knocks(&city, "oA").await, &session).await.expect("bound");
    let citizen = city.engine.citizen(&session).await.expect("signed in");
    city.engine.sign_out_everywhere(&citizen).await.expect("signed out");
    knocks(&city, "oA").await;
}

async fn an_openid_is_hashed_and_another_official_accounts_is_another(kind: Kind) {
    let city = TestCity::new(kind).await;
    let session = city.token(PHONE, None).await;
    let pending = knocks(&city, "oPlantedOpenid0123456789").await;
    city.engine.bind_wechat(&pending, &session).await.expect("bound");
    let bytes = city.raw_bytes().await;
    for planted in ["oPlantedOpenid0123456789", &pending] {
        assert!(!bytes.windows(planted.len()).any(|some| some == planted.as_bytes()), "{planted}");
    }
    let elsewhere = Openid::new("wx2", "oPlantedOpenid0123456789");
    assert!(matches!(city.engine.enter_by_wechat(&elsewhere, None).await, Ok(ByWechat::Pending(_))));
}

async fn a_state_comes_back_once_to_its_own_browser_and_soon(kind: Kind) {
    let city = TestCity::new(kind).await;
    let engine = &city.engine;
    let (state, other) = (engine.new_state(), engine.new_state());
    assert!(state.len() <= 128 && state.bytes().all(|sign| sign.is_ascii_alphanumeric()), "WeChat takes no other: {state}");
    assert_eq!(engine.spend_state(&state, None).await, Ok(false), "another browser");
    assert_eq!(engine.spend_state(&state, Some(&other)).await, Ok(false), "another way");
    let forged = format!("{:016x}{}", city.engine.now().timestamp(), "0".repeat(80));
    for wrong in ["", "x", &forged, &state[1..], "ä".repeat(60).as_str()] {
        assert_eq!(engine.spend_state(wrong, Some(wrong)).await, Ok(false), "{wrong}");
    }
    assert_eq!(engine.spend_state(&state, Some(&state)).await, Ok(true));
    assert_eq!(engine.spend_state(&state, Some(&state)).await, Ok(false), "once");
    city.clock.step(STATE_LASTS - Duration::seconds(1));
    city.engine.tidy().await.expect("tidied");
    assert_eq!(engine.spend_state(&state, Some(&state)).await, Ok(false), "and once to the end of its time");
    assert_eq!(engine.spend_state(&other, Some(&other)).await, Ok(true));
    let late = engine.new_state();
    city.clock.step(STATE_LASTS);
    assert_eq!(engine.spend_state(&late, Some(&late)).await, Ok(false), "too late");
}
