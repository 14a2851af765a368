//! Messages over HTTP: in which language, with which link, and what their readers and the staff see of them.

use reqwest::StatusCode;
use serde_json::json;

use crate::support::{MORNING, PASSWORD, Service, Visitor, header, text};

const PHONE: &str = "13800001234";

/// A demo that knows what browsers call it.
async fn service() -> Service {
    let flags = ["--demo=on", "--demo-password", PASSWORD, "--demo-clock", MORNING, "--public-origin", "https://yizhen.example"];
    Service::start(&flags).await
}

/// Somebody who is signed in, with a booking for tomorrow, and its code.
async fn booked(service: &Service) -> (Visitor, String) {
    let citizen = service.visitor();
    citizen.sign_in(PHONE).await;
    let person = citizen.save_self().await;
    let (slot, _) = citizen.open_tomorrow().await;
    let (status, booking) = citizen.reserve(1, &person, &slot).await;
    assert_eq!(status, StatusCode::OK, "{booking}");
    (citizen, text(&booking["booking"]["code"]))
}

#[tokio::test]
async fn whoever_reads_english_gets_english_and_callers_that_know_nothing_of_it_get_chinese() {
    let service = service().await;
    let citizen = service.visitor();
    citizen.must("accounts/send_code", json!({ "phone": PHONE, "lang": "en" })).await;
    let told = text(&citizen.messages(PHONE).await[0]["text"]);
    assert!(told.starts_with("[Yizhen Yongzhou] Your sign-in code is "), "{told}");
    let code: String = told.chars().filter(char::is_ascii_digit).take(6).collect();
    let account = citizen.must("accounts/sign_in", json!({ "phone": PHONE, "code": code, "lang": "en" })).await;
    assert_eq!(account["account"]["lang"], "en");
    assert_eq!(citizen.must("accounts/me", json!({})).await["account"]["lang"], "en");
    let account = citizen.must("accounts/set_lang", json!({ "lang": "zh" })).await;
    assert_eq!(account["account"]["lang"], "zh");
    let (status, _) = citizen.call("accounts/set_lang", json!({ "lang": "fr" })).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let other = service.visitor();
    assert_eq!(other.sign_in("13900005678").await["account"]["lang"], "zh");
    assert!(text(&other.messages("13900005678").await[0]["text"]).starts_with("【一针永州】登录验证码"));
}

#[tokio::test]
async fn the_link_in_a_message_is_short_the_same_for_everybody_and_leads_to_the_bookings() {
    let service = service().await;
    let (citizen, code) = booked(&service).await;
    let told = text(&citizen.messages("13800001234").await[0]["text"]);
    assert!(told.ends_with("https://yizhen.example/m"), "{told}");
    assert!(!told.contains(&format!("/m/{code}")));
    let answer = service.visitor().get("/m").send().await.expect("an answer");
    assert_eq!((answer.status(), header(&answer, "location")), (StatusCode::SEE_OTHER, "/bookings"));
    let silent = Service::demo().await;
    let (citizen, _) = booked(&silent).await;
    let told = text(&citizen.messages(PHONE).await[0]["text"]);
    assert!(!told.contains("http"), "who does not know where it is tells no address: {told}");
}
