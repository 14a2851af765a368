//! Sessions over HTTP: cookies that change at each sign-in, and end everywhere at once.

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::{Service, Visitor, header, told};

/// Signs in and gives the session's cookie with its attributes.
async fn cookie(visitor: &Visitor, phone: &str) -> String {
    let code = visitor.code(phone).await;
    let sign_in = visitor.request(Method::POST, "/api/accounts/sign_in").json(&json!({ "phone": phone, "code": code }));
    let response = sign_in.send().await.expect("an answer");
    assert_eq!(response.status(), StatusCode::OK);
    header(&response, "set-cookie").to_owned()
}

/// What `accounts/me` says to somebody who sends this cookie.
async fn me(service: &Service, cookie: &str) -> StatusCode {
    let cookie = cookie.split(';').next().expect("a cookie").to_owned();
    told(service.visitor().request(Method::POST, "/api/accounts/me").header("cookie", cookie).json(&json!({}))).await.0
}

#[tokio::test]
async fn each_sign_in_has_a_new_token_and_ends_the_session_that_came_along() {
    let service = Service::demo().await;
    let visitor = service.visitor();
    let first = cookie(&visitor, "13800001234").await;
    assert_eq!(me(&service, &first).await, StatusCode::OK);
    let second = cookie(&visitor, "13900005678").await;
    assert_ne!(first, second);
    assert_eq!((me(&service, &first).await, me(&service, &second).await), (StatusCode::UNAUTHORIZED, StatusCode::OK));
}

#[tokio::test]
async fn signing_out_everywhere_takes_the_other_devices_along() {
    let service = Service::start(&["--demo=on", "--limits=off"]).await;
    let [phone, tablet, stranger] = [service.visitor(), service.visitor(), service.visitor()];
    let (status, refused) = phone.call("accounts/sign_out_everywhere", json!({})).await;
    assert_eq!((status, &refused["code"]), (StatusCode::UNAUTHORIZED, &json!("sign_in_required")));
    phone.sign_in("13800001234").await;
    let tablets = cookie(&tablet, "13800001234").await;
    stranger.sign_in("13900005678").await;

    let request = phone.request(Method::POST, "/api/accounts/sign_out_everywhere").json(&json!({}));
    let response = request.send().await.expect("an answer");
    assert_eq!(response.status(), StatusCode::OK);
    assert!(header(&response, "set-cookie").starts_with("yizhen=; ") && header(&response, "set-cookie").contains("Max-Age=0"));
    for visitor in [&phone, &tablet] {
        assert_eq!(visitor.call("accounts/me", json!({})).await.0, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(me(&service, &tablets).await, StatusCode::UNAUTHORIZED, "ended, and not only forgotten by a browser");
    assert_eq!(stranger.call("accounts/me", json!({})).await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_cookie_lasts_as_long_as_its_session_can() {
    let service = Service::start(&["--demo=on", "--session-idle-days", "2", "--session-days", "3"]).await;
    let cookie = cookie(&service.visitor(), "13800001234").await;
    for part in ["yizhen=", "; Path=/;", "HttpOnly", "SameSite=Lax", "Max-Age=259200"] {
        assert!(cookie.contains(part), "{part} in {cookie}");
    }
}
