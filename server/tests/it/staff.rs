//! Staff over HTTP: the second factor, the site of a session, the locked screen, and a lost tablet.

use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::StatusCode;
use serde_json::{Value, json};
use sha1::Sha1;

use crate::support::{MORNING, PASSWORD, Service, TODAY, Visitor, text};

async fn demo(flags: &[&str]) -> Service {
    let demo = ["--demo=on", "--demo-password", PASSWORD, "--demo-clock", MORNING];
    Service::start(&[&demo, flags].concat()).await
}

/// What an app shows in the service's first half minute.
fn otp(secret: &str) -> String {
    let sign = |sign: char| "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(sign).expect("base32");
    let bits: String = secret.chars().map(|letter| format!("{:05b}", sign(letter))).collect();
    let key: Vec<u8> = (0..20).map(|at| u8::from_str_radix(&bits[8 * at..8 * at + 8], 2).expect("bits")).collect();
    let at: DateTime<Utc> = MORNING.parse().expect("an instant");
    let mut mac = Hmac::<Sha1>::new_from_slice(&key).expect("a key");
    mac.update(&(at.timestamp() / 30).to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let from = usize::from(hash[19] & 15);
    let number = hash[from..from + 4].iter().fold(0u64, |number, byte| number << 8 | u64::from(*byte)) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

async fn sign_in(visitor: &Visitor, username: &str) -> Value {
    visitor.must("staff/sign_in", json!({ "username": username, "password": PASSWORD })).await["staff"].clone()
}

/// The status, the code and the rule of a refusal.
async fn refusal(visitor: &Visitor, call: &str, body: Value) -> (StatusCode, String, String) {
    let (status, refused) = visitor.call(call, body).await;
    (status, text(&refused["code"]), refused["reason"]["rule"].as_str().unwrap_or_default().to_owned())
}

fn unauthorized(rule: &str) -> (StatusCode, String, String) {
    (StatusCode::UNAUTHORIZED, "sign_in_required".into(), rule.into())
}

fn forbidden(rule: &str) -> (StatusCode, String, String) {
    (StatusCode::FORBIDDEN, "forbidden".into(), rule.into())
}

#[tokio::test]
async fn who_needs_a_second_factor_enrols_before_anything_else_and_signs_in_with_it() {
    let service = demo(&["--staff-second-factor", "manager,office"]).await;
    let (office, other) = (service.visitor(), service.visitor());
    let staff = sign_in(&office, "office").await;
    assert_eq!((&staff["standing"], &staff["second_factor"]), (&json!("enrolling"), &json!(false)));
    let site = json!({ "site_id": domain::Uuid::from_u128(1), "date": TODAY });
    let look = json!({ "code": "0000000000" });
    assert_eq!(refusal(&office, "checkin/look_up", look.clone()).await, forbidden("second_factor_needed"));
    assert_eq!(
        refusal(&office, "staff/set_pin", json!({ "password": PASSWORD, "pin": "940263" })).await,
        forbidden("second_factor_needed")
    );

    let begun = office.must("staff/second_factor/begin", json!({})).await;
    let secret = text(&begun["secret"]);
    assert!(text(&begun["uri"]).starts_with("otpauth://totp/Yizhen%20"), "{begun}");
    assert_eq!(refusal(&office, "staff/second_factor/confirm", json!({ "otp": "12" })).await, unauthorized("otp"));
    let codes = office.must("staff/second_factor/confirm", json!({ "otp": otp(&secret) })).await;
    assert_eq!(codes["recovery_codes"].as_array().map(Vec::len), Some(10));
    assert_eq!(office.must("staff/me", json!({})).await["staff"]["standing"], "full");
    assert_eq!(refusal(&office, "checkin/look_up", look).await.0, StatusCode::NOT_FOUND, "the way is free");
    assert_eq!(refusal(&office, "checkin/roster", site).await.0, StatusCode::NOT_FOUND);

    let with = |otp: &Value| json!({ "username": "office", "password": PASSWORD, "otp": otp });
    let alone = json!({ "username": "office", "password": PASSWORD });
    assert_eq!(refusal(&other, "staff/sign_in", alone.clone()).await, unauthorized("otp_needed"));
    assert_eq!(
        refusal(&other, "staff/sign_in", json!({ "username": "office", "password": "wrong" })).await,
        unauthorized("password")
    );
    assert_eq!(refusal(&other, "staff/sign_in", with(&json!(otp(&secret)))).await, unauthorized("otp"), "that code is used");
    let code = &codes["recovery_codes"][0];
    other.must("staff/sign_in", with(code)).await;
    assert_eq!(refusal(&service.visitor(), "staff/sign_in", with(code)).await, unauthorized("otp"), "once");
    // nurses are asked for nothing more
    assert_eq!(sign_in(&service.visitor(), "nurse").await["standing"], "full");
}

#[tokio::test]
async fn without_a_word_about_it_the_demos_staff_sign_in_by_password_alone() {
    let service = demo(&[]).await;
    for username in ["nurse", "manager", "office"] {
        let visitor = service.visitor();
        let staff = sign_in(&visitor, username).await;
        assert_eq!((&staff["standing"], &staff["lock_after_s"]), (&json!("full"), &json!(600)), "{username}");
        // whoever sends one where none is on is not refused for it
        let with = json!({ "username": username, "password": PASSWORD, "otp": "123456" });
        visitor.must("staff/sign_in", with).await;
        assert_eq!(staff["site_id"].is_null(), username == "office", "with one site it is bound by itself");
    }
}

#[tokio::test]
async fn a_locked_screen_answers_nothing_until_it_is_opened() {
    let service = demo(&[]).await;
    let nurse = service.visitor();
    let site_id = text(&sign_in(&nurse, "nurse").await["site_id"]);
    let roster = json!({ "site_id": site_id, "date": TODAY });
    nurse.must("staff/set_pin", json!({ "password": PASSWORD, "pin": "940263" })).await;
    nurse.must("checkin/roster", roster.clone()).await;
    nurse.must("staff/lock", json!({})).await;
    for (call, body) in [
        ("checkin/roster", roster.clone()),
        ("checkin/look_up", json!({ "code": "0000000000" })),
        ("checkin/redeem", json!({ "code": "0000000000", "nonce": domain::Uuid::from_u128(1) })),
        ("checkin/undo", json!({ "code": "0000000000", "reason": "x" })),
        ("staff/set_pin", json!({ "password": PASSWORD, "pin": "583920" })),
        ("staff/choose_site", json!({ "site_id": site_id })),
        ("staff/second_factor/begin", json!({})),
        ("staff/second_factor/confirm", json!({ "otp": "123456" })),
        ("staff/second_factor/off", json!({ "password": PASSWORD, "otp": "123456" })),
        ("staff/sign_out_everywhere", json!({})),
    ] {
        assert_eq!(refusal(&nurse, call, body).await, unauthorized("locked"), "{call}");
    }
    let me = nurse.must("staff/me", json!({ "in_use": true })).await;
    assert_eq!((&me["staff"]["standing"], &me["staff"]["pin"]), (&json!("locked"), &json!(true)));
    assert_eq!(refusal(&nurse, "staff/unlock", json!({ "pin": "583920" })).await, unauthorized("pin"));
    assert_eq!(nurse.must("staff/unlock", json!({ "pin": "940263" })).await["staff"]["standing"], "full");
    nurse.must("checkin/roster", roster.clone()).await;

    nurse.must("staff/lock", json!({})).await;
    for _ in 0..4 {
        assert_eq!(refusal(&nurse, "staff/unlock", json!({ "pin": "583920" })).await, unauthorized("pin"));
    }
    assert_eq!(refusal(&nurse, "staff/unlock", json!({ "pin": "583920" })).await, unauthorized("sign_in"));
    assert_eq!(refusal(&nurse, "staff/unlock", json!({ "pin": "940263" })).await, unauthorized("sign_in"), "the session is over");
}

#[tokio::test]
async fn signing_out_everywhere_ends_the_other_tablet_too() {
    let service = demo(&[]).await;
    let (here, there) = (service.visitor(), service.visitor());
    sign_in(&here, "nurse").await;
    sign_in(&there, "nurse").await;
    here.must("staff/sign_out_everywhere", json!({})).await;
    for tablet in [&here, &there] {
        assert_eq!(refusal(tablet, "staff/me", json!({})).await, unauthorized("sign_in"));
    }
}
