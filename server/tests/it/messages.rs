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

#[tokio::test]
async fn a_calendar_gets_a_file_and_a_browser_without_the_session_is_led_to_the_bookings_page() {
    let service = service().await;
    let (citizen, code) = booked(&service).await;
    let path = format!("/bookings/{code}/calendar.ics");
    let page = "text/html,application/xhtml+xml,*/*;q=0.8";
    for accept in [page, "text/calendar"] {
        let file = citizen.get(&path).header("accept", accept).send().await.expect("an answer");
        assert_eq!(file.status(), StatusCode::OK);
        assert!(header(&file, "content-type").starts_with("text/calendar; charset=utf-8"));
        assert_eq!(header(&file, "content-disposition"), format!("inline; filename=\"yizhen-{code}.ics\""));
        assert_eq!(header(&file, "cache-control"), "no-store");
        let text = file.text().await.expect("a file");
        assert!(text.starts_with("BEGIN:VCALENDAR\r\n") && text.contains(&format!("UID:{code}@yizhen\r\n")), "{text}");
        assert!(!text.contains("431102199003070013") && !text.contains("13800001234"), "no document, no number: {text}");
    }
    let (nobody, other) = (service.visitor(), service.visitor());
    other.sign_in("13900005678").await;
    for (visitor, status) in [(&nobody, StatusCode::UNAUTHORIZED), (&other, StatusCode::NOT_FOUND)] {
        let led = visitor.get(&path).header("accept", page).send().await.expect("an answer");
        assert_eq!((led.status(), header(&led, "location")), (StatusCode::SEE_OTHER, format!("/bookings/{code}").as_str()));
        let told = visitor.get(&path).header("accept", "text/calendar").send().await.expect("an answer");
        assert_eq!(told.status(), status);
        assert!(!told.text().await.expect("a body").contains("VCALENDAR"));
    }
    let led = nobody.get("/bookings/%0d%0aSet-Cookie:x=1/calendar.ics").header("accept", page).send().await.expect("an answer");
    assert_eq!(
        (led.status(), header(&led, "location")),
        (StatusCode::SEE_OTHER, "/bookings"),
        "what is no code goes into no address"
    );
}

#[tokio::test]
async fn the_demos_inbox_tells_the_fields_of_the_contract_first_and_where_a_message_stands() {
    let service = service().await;
    let (citizen, _) = booked(&service).await;
    let messages = citizen.messages(PHONE).await;
    let fields: Vec<_> = messages[0].as_object().expect("an object").keys().map(String::as_str).collect();
    for field in ["to", "kind", "text", "at", "state"] {
        assert!(fields.contains(&field), "{fields:?}");
    }
    assert_eq!((&messages[0]["to"], &messages[0]["kind"]), (&json!(PHONE), &json!("booked")));
    let instants: Vec<_> = messages.as_array().expect("a list").iter().map(|message| text(&message["at"])).collect();
    assert!(instants.is_sorted_by(|a, b| a >= b), "newest first: {instants:?}");
}

#[tokio::test]
async fn the_office_tries_a_wording_and_is_told_what_is_wrong_with_it() {
    let service = service().await;
    let office = service.visitor();
    office.must("staff/sign_in", json!({ "username": "office", "password": PASSWORD })).await;
    let sheet = office.must("messages/texts", json!({})).await;
    assert_eq!(sheet["texts"].as_array().expect("texts").len(), 18);
    assert_eq!(sheet["texts"][0]["preview"]["length"]["segments"], 1);
    let shown =
        office.must("messages/preview", json!({ "kind": "cancelled", "lang": "zh", "text": "{name}{date}{time}取消了" })).await;
    assert_eq!(shown["text"], "张*兰明天 11月23日 周一09:30–10:00取消了");
    let (status, told) =
        office.call("messages/preview", json!({ "kind": "cancelled", "lang": "zh", "text": "{name}{when}" })).await;
    assert_eq!((status, &told["field"]), (StatusCode::BAD_REQUEST, &json!("text")));
    assert!(text(&told["message"]).contains("{when}"), "{told}");
    office.must("messages/send_test", json!({ "kind": "cancelled", "lang": "en", "phone": "13700007777" })).await;
    let sent = text(&office.messages("13700007777").await[0]["text"]);
    assert!(sent.starts_with("[TEST] [Yizhen Yongzhou TEST] "), "{sent}");
}
