//! The shape of refusals, whatever is sent.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Service, header, told};

#[tokio::test]
async fn a_malformed_body_is_refused_in_the_shape_of_the_contract() {
    let service = Service::demo().await;
    let visitor = service.visitor();
    let post = |body: &'static str| {
        visitor.request(Method::POST, "/api/accounts/send_code").header("content-type", "application/json").body(body)
    };
    for (body, field) in [
        ("{}", json!("phone")),
        ("{\"phone\":1}", Value::Null),
        ("{\"phone\":\"1234\"}", json!("phone")),
        ("", Value::Null),
        ("[]", Value::Null),
        ("{\"phone\":\"138", Value::Null),
        ("\u{0}", Value::Null),
    ] {
        let (status, refused) = told(post(body)).await;
        assert_eq!((status, &refused["code"]), (StatusCode::BAD_REQUEST, &json!("invalid")), "{body}: {refused}");
        assert!(refused["message"].as_str().is_some_and(|text| !text.is_empty()), "{body}: {refused}");
        if !field.is_null() {
            assert_eq!(refused["field"], field, "{body}: {refused}");
        }
    }
    let deep = "[".repeat(20_000);
    let (status, refused) =
        told(visitor.request(Method::POST, "/api/accounts/send_code").header("content-type", "application/json").body(deep)).await;
    assert_eq!((status, &refused["code"]), (StatusCode::BAD_REQUEST, &json!("invalid")));
}

#[tokio::test]
async fn a_body_nested_deeper_than_any_call_is_refused_before_it_is_read() {
    let service = Service::demo().await;
    let visitor = service.visitor();
    for (levels, status) in [(15, StatusCode::OK), (16, StatusCode::BAD_REQUEST), (10_000, StatusCode::BAD_REQUEST)] {
        // what a call does not know it passes over
        let body = format!("{{\"more\":{}{}}}", "[".repeat(levels), "]".repeat(levels));
        let request = visitor.request(Method::POST, "/api/notices/current").header("content-type", "application/json").body(body);
        let (answered, reply) = told(request).await;
        assert_eq!(answered, status, "{levels}: {reply}");
        if answered != StatusCode::OK {
            assert_eq!((&reply["code"], &reply["reason"]), (&json!("invalid"), &json!({ "rule": "malformed" })), "{levels}");
        }
    }
}

#[tokio::test]
async fn a_field_deep_in_the_body_is_named_by_its_path() {
    let service = Service::demo().await;
    let citizen = service.visitor();
    citizen.sign_in("13800001234").await;
    let person = json!({
        "relation": "self", "name": "王小明", "phone": "", "county": "431103", "address": "梧桐路12号3栋",
        "document": { "kind": "resident_id", "number": "431102199003070014" },
    });
    let (status, refused) = citizen.call("people/save", json!({ "person": person })).await;
    assert_eq!((status, &refused["code"]), (StatusCode::BAD_REQUEST, &json!("invalid")));
    assert!(refused["field"].as_str().is_some_and(|field| field.ends_with("document.number")), "{refused}");
    assert!(!refused.to_string().contains("431102199003070014"), "a refusal never repeats what was sent");
}

#[tokio::test]
async fn what_is_not_there_is_not_found_in_json() {
    let service = Service::plain().await;
    let visitor = service.visitor();
    for (method, path, expected, code) in [
        (Method::POST, "/api/nothing/here", StatusCode::NOT_FOUND, "not_found"),
        (Method::GET, "/api/nothing", StatusCode::NOT_FOUND, "not_found"),
        (Method::GET, "/api", StatusCode::NOT_FOUND, "not_found"),
        (Method::GET, "/api/", StatusCode::NOT_FOUND, "not_found"),
        (Method::GET, "/availability/not-a-site", StatusCode::NOT_FOUND, "not_found"),
        (Method::GET, "/availability/00000000-0000-0000-0000-000000000000", StatusCode::NOT_FOUND, "not_found"),
        (Method::GET, "/demo/messages", StatusCode::NOT_FOUND, "not_found"),
        (Method::GET, "/api/accounts/me", StatusCode::METHOD_NOT_ALLOWED, "invalid"),
        (Method::DELETE, "/api/accounts/me", StatusCode::METHOD_NOT_ALLOWED, "invalid"),
        (Method::POST, "/availability", StatusCode::METHOD_NOT_ALLOWED, "invalid"),
        (Method::POST, "/bookings", StatusCode::METHOD_NOT_ALLOWED, "invalid"),
    ] {
        let (status, refused) = told(visitor.request(method.clone(), path)).await;
        assert_eq!((status, &refused["code"]), (expected, &json!(code)), "{method} {path}");
        assert!(refused.get("message").is_some() && refused.get("field").is_some(), "{method} {path}: {refused}");
    }
}

#[tokio::test]
async fn a_body_must_be_json_and_small() {
    let service = Service::demo().await;
    let visitor = service.visitor();
    let post = || visitor.request(Method::POST, "/api/accounts/send_code");
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""] {
        let (status, refused) = told(post().header("content-type", content_type).body("{\"phone\":\"13800001234\"}")).await;
        assert_eq!((status, &refused["code"]), (StatusCode::BAD_REQUEST, &json!("invalid")), "{content_type}");
    }
    let large = json!({ "phone": "1".repeat(10 * 1024 * 1024) }).to_string();
    let (status, refused) = told(post().header("content-type", "application/json").body(large)).await;
    assert_eq!((status, &refused["code"]), (StatusCode::PAYLOAD_TOO_LARGE, &json!("invalid")));
    assert!(visitor.messages("13800001234").await.as_array().is_some_and(Vec::is_empty), "nothing was sent");
}

#[tokio::test]
async fn too_often_says_when_to_try_again() {
    let service = Service::demo().await;
    let visitor = service.visitor();
    visitor.must("accounts/send_code", json!({ "phone": "13800001234" })).await;
    let again = visitor.request(Method::POST, "/api/accounts/send_code").json(&json!({ "phone": "13800001234" }));
    let response = again.send().await.expect("an answer");
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    let seconds: u32 = header(&response, "retry-after").parse().expect("seconds");
    assert!((1..=60).contains(&seconds), "{seconds}");
    assert_eq!(response.json::<Value>().await.expect("JSON")["code"], "too_many");
}

#[tokio::test]
async fn a_wish_for_html_is_answered_in_json_and_without_a_detour() {
    let service = Service::demo().await;
    let visitor = service.visitor();
    let request = visitor.request(Method::POST, "/api/notices/current").json(&json!({}));
    let response = request
        .header("accept", "text/html,*/*")
        .header("referer", format!("{}/notice", service.base))
        .send()
        .await
        .expect("an answer");
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(header(&response, "content-type"), "application/json");
    assert_eq!(header(&response, "cache-control"), "no-store");
    assert_eq!(header(&response, "serverfnerror"), "");
}

#[tokio::test]
async fn every_answer_has_an_id_of_its_own() {
    let service = Service::plain().await;
    let visitor = service.visitor();
    let mut ids = Vec::new();
    for path in ["/", "/api/nothing", "/healthz", "/availability"] {
        let response = visitor.get(path).header("x-request-id", "forged").send().await.expect("an answer");
        ids.push(header(&response, "x-request-id").to_owned());
    }
    assert!(ids.iter().all(|id| id.len() == 16 && id.bytes().all(|sign| sign.is_ascii_hexdigit())), "{ids:?}");
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 4);
}
