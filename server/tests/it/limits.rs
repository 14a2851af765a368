//! Limits of signing in over HTTP: by the cookie of a device, and by the address that a trusted proxy names.

use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Service, Visitor, header, told};

/// Asks for a code from an address, as a proxy names it: status, headers, and the reply.
async fn ask(visitor: &Visitor, phone: &str, address: &str) -> (StatusCode, HeaderMap, Value) {
    let request = visitor.request(Method::POST, "/api/accounts/send_code").header("x-forwarded-for", address);
    let response = request.json(&json!({ "phone": phone })).send().await.expect("an answer");
    (response.status(), response.headers().clone(), response.json().await.expect("JSON"))
}

#[tokio::test]
async fn a_device_is_known_by_a_cookie_that_says_nothing() {
    let service = Service::demo().await;
    let visitor = service.visitor();
    let (status, headers, _) = ask(&visitor, "13800001234", "203.0.113.9").await;
    let cookie = headers.get("set-cookie").expect("a cookie").to_str().expect("text");
    assert_eq!(status, StatusCode::OK);
    let (token, attributes) = cookie.strip_prefix("yizhen_device=").and_then(|rest| rest.split_once("; ")).expect("a pair");
    assert_eq!(attributes, "Path=/api/accounts; HttpOnly; SameSite=Lax; Max-Age=34560000");
    assert_eq!(token.len(), 43, "256 bits of chance");
    let (_, headers, _) = ask(&visitor, "13800001235", "203.0.113.9").await;
    assert!(headers.get("set-cookie").is_none(), "it keeps the one it has");
    let (_, headers, _) = ask(&service.visitor(), "13800001236", "203.0.113.9").await;
    assert!(!headers["set-cookie"].to_str().expect("text").contains(token), "no two are the same");
}

#[tokio::test]
async fn a_device_past_its_limit_is_told_when_to_come_again_and_others_go_on() {
    let service = Service::start(&["--demo=on", "--limit-codes-a-device", "2"]).await;
    let visitor = service.visitor();
    for phone in ["13800001234", "13800001235"] {
        assert_eq!(ask(&visitor, phone, "203.0.113.9").await.0, StatusCode::OK);
    }
    let (status, headers, refused) = ask(&visitor, "13800001236", "203.0.113.9").await;
    assert_eq!((status, &refused["code"]), (StatusCode::TOO_MANY_REQUESTS, &json!("too_many")));
    let seconds: u32 = headers["retry-after"].to_str().expect("text").parse().expect("seconds");
    assert!((1790..=1800).contains(&seconds), "{seconds}");
    assert_eq!(ask(&service.visitor(), "13800001236", "203.0.113.9").await.0, StatusCode::OK);
}

#[tokio::test]
async fn an_address_is_believed_from_a_trusted_proxy_and_from_nobody_else() {
    let limit = ["--demo=on", "--limit-codes-an-address", "1"];
    let trusting = Service::start(&[&limit[..], &["--trusted-proxies", "127.0.0.1"]].concat()).await;
    assert_eq!(ask(&trusting.visitor(), "13800001234", "203.0.113.9").await.0, StatusCode::OK);
    assert_eq!(ask(&trusting.visitor(), "13800001235", "203.0.113.9").await.0, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(ask(&trusting.visitor(), "13800001235", "6.6.6.6, 203.0.113.9").await.0, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(ask(&trusting.visitor(), "13800001235", "203.0.113.10").await.0, StatusCode::OK);

    let alone = Service::start(&limit).await;
    assert_eq!(ask(&alone.visitor(), "13800001234", "203.0.113.9").await.0, StatusCode::OK);
    assert_eq!(ask(&alone.visitor(), "13800001235", "203.0.113.10").await.0, StatusCode::TOO_MANY_REQUESTS, "a made-up address");
}

#[tokio::test]
async fn wrong_codes_of_a_device_are_bounded_over_all_numbers() {
    let service = Service::start(&["--demo=on", "--limit-tries-a-device", "2"]).await;
    let visitor = service.visitor();
    let phones = ["13800001234", "13800001235", "13800001236"];
    let mut codes = Vec::new();
    for phone in phones {
        codes.push(visitor.code(phone).await);
    }
    let sign_in = |visitor: &Visitor, phone: &str, code: &str| {
        visitor.request(Method::POST, "/api/accounts/sign_in").json(&json!({ "phone": phone, "code": code }))
    };
    for (phone, code) in phones.iter().zip(&codes).take(2) {
        let wrong: String = code.chars().map(|digit| if digit == '9' { '0' } else { '9' }).collect();
        assert_eq!(told(sign_in(&visitor, phone, &wrong)).await.0, StatusCode::BAD_REQUEST);
    }
    let response = sign_in(&visitor, phones[2], &codes[2]).send().await.expect("an answer");
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(!header(&response, "retry-after").is_empty());
    assert_eq!(told(sign_in(&service.visitor(), phones[2], &codes[2])).await.0, StatusCode::OK, "the code itself is not used up");
}

#[tokio::test]
async fn a_load_test_may_take_the_limits_away() {
    let service = Service::start(&["--demo=on", "--limits=off", "--limit-codes-a-device", "1"]).await;
    let visitor = service.visitor();
    for _ in 0..3 {
        assert_eq!(ask(&visitor, "13800001234", "203.0.113.9").await.0, StatusCode::OK);
    }
}
