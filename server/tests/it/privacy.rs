//! Privacy over HTTP: consent on its own, one's own data, erasing, and what staff have shown to them in full.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{PASSWORD, Service, TODAY, Visitor, header, text};

const PHONE: &str = "13800001234";

async fn own_code(visitor: &Visitor) -> String {
    visitor.must("accounts/send_own_code", json!({})).await;
    let messages = visitor.messages(PHONE).await;
    let text = messages[0]["text"].as_str().expect("a text").to_owned();
    assert!(text.contains("删除"), "it says what it is for: {text}");
    text.chars().filter(char::is_ascii_digit).take(6).collect()
}

#[tokio::test]
async fn where_it_is_required_nobody_is_written_down_without_the_separate_consent() {
    let service = Service::start(&["--demo=on", "--limits=off", "--sensitive-consent", "required"]).await;
    let citizen = service.visitor();
    let account = citizen.sign_in(PHONE).await;
    assert_eq!(account["account"]["sensitive_consent"], false);
    let person = json!({
        "relation": "self", "name": "王小明", "phone": "", "county": "431103", "address": "梧桐路12号3栋",
        "document": { "kind": "resident_id", "number": "431102199003070013" },
    });
    let (status, refused) = citizen.call("people/save", json!({ "person": person })).await;
    assert_eq!((status, &refused["code"], &refused["field"]), (StatusCode::BAD_REQUEST, &json!("invalid"), &json!("sensitive")));
    assert_eq!(refused["reason"], json!({ "rule": "sensitive_consent" }));

    let notice = citizen.must("notices/current", json!({})).await;
    let version = text(&notice["sensitive"]["version"]);
    assert!(notice["sensitive"]["zh"]["consent"].as_str().is_some_and(|words| words.contains("单独同意")), "{notice}");
    let (status, refused) = citizen.call("accounts/consent", json!({ "kind": "sensitive", "version": "another" })).await;
    assert_eq!((status, &refused["field"]), (StatusCode::BAD_REQUEST, &json!("version")));
    let account = citizen.must("accounts/consent", json!({ "kind": "sensitive", "version": version })).await;
    assert_eq!(account["account"]["sensitive_consent"], true);
    citizen.must("people/save", json!({ "person": person })).await;
    let account = citizen.must("accounts/consent", json!({ "kind": "sensitive", "version": version, "given": false })).await;
    assert_eq!(account["account"]["sensitive_consent"], false);
    assert_eq!(citizen.must("people/list", json!({})).await["people"], json!([]));
}

#[tokio::test]
async fn in_the_demo_callers_that_know_nothing_of_consent_go_on_as_before() {
    let service = Service::demo().await;
    let citizen = service.visitor();
    citizen.sign_in(PHONE).await;
    citizen.save_self().await;
}

#[tokio::test]
async fn ones_own_data_is_whole_and_never_kept_by_anything_between() {
    let service = Service::start(&["--demo=on", "--limits=off"]).await;
    let (citizen, stranger) = (service.visitor(), service.visitor());
    for call in ["accounts/holdings", "accounts/send_own_code"] {
        assert_eq!(citizen.call(call, json!({})).await.0, StatusCode::UNAUTHORIZED, "{call}");
    }
    for call in ["accounts/own_data", "accounts/erase"] {
        assert_eq!(citizen.call(call, json!({ "code": "000000" })).await.0, StatusCode::UNAUTHORIZED, "{call}");
    }
    citizen.sign_in(PHONE).await;
    let person_id = citizen.save_self().await;
    let (slot_id, _) = citizen.open_tomorrow().await;
    let (_, reserved) = citizen.reserve(1, &person_id, &slot_id).await;
    stranger.sign_in("13900005678").await;
    let code = own_code(&citizen).await;
    assert_eq!(
        stranger.call("accounts/own_data", json!({ "code": code })).await.0,
        StatusCode::BAD_REQUEST,
        "another phone's code"
    );

    let request = citizen.request(Method::POST, "/api/accounts/own_data").json(&json!({ "code": code }));
    let response = request.send().await.expect("an answer");
    assert_eq!((response.status(), header(&response, "cache-control")), (StatusCode::OK, "no-store"));
    let data: Value = response.json().await.expect("JSON");
    assert_eq!((&data["form"], &data["account"]["phone"]), (&json!(1), &json!(PHONE)));
    assert_eq!(data["people"][0]["document_number"], "431102199003070013");
    assert_eq!(data["bookings"][0]["code"], reserved["booking"]["code"]);
    let told: Vec<_> = data["history"].as_array().expect("deeds").iter().map(|deed| &deed["what"]).collect();
    assert!(told.contains(&&json!("sign_in")) && told.contains(&&json!("own_data")), "{told:?}");
}

#[tokio::test]
async fn an_erased_account_is_signed_out_and_gone() {
    let service = Service::start(&["--demo=on", "--limits=off"]).await;
    let citizen = service.visitor();
    citizen.sign_in(PHONE).await;
    let person_id = citizen.save_self().await;
    let (slot_id, _) = citizen.open_tomorrow().await;
    let (_, reserved) = citizen.reserve(1, &person_id, &slot_id).await;
    let booking = text(&reserved["booking"]["code"]);
    let holdings = citizen.must("accounts/holdings", json!({})).await;
    assert_eq!((&holdings["people"], &holdings["ahead"][0]["code"]), (&json!(1), &json!(booking)));
    let code = own_code(&citizen).await;
    let (status, refused) = citizen.call("accounts/erase", json!({ "code": code })).await;
    assert_eq!((status, &refused["code"]), (StatusCode::CONFLICT, &json!("wrong_state")));
    assert_eq!(refused["reason"], json!({ "rule": "booking_ahead", "code": booking }), "it says which");
    citizen.must("bookings/cancel", json!({ "code": booking })).await;

    let request = citizen.request(Method::POST, "/api/accounts/erase").json(&json!({ "code": code }));
    let response = request.send().await.expect("an answer");
    assert_eq!(response.status(), StatusCode::OK, "the code was not used up by the refusal");
    assert!(header(&response, "set-cookie").contains("Max-Age=0"));
    assert_eq!(response.json::<Value>().await.expect("JSON"), json!({ "must_keep": 0, "must_keep_until": null }));
    assert_eq!(citizen.call("accounts/me", json!({})).await.0, StatusCode::UNAUTHORIZED);
    citizen.sign_in(PHONE).await;
    assert_eq!(citizen.must("people/list", json!({})).await["people"], json!([]));
    assert_eq!(citizen.must("bookings/list", json!({})).await["bookings"], json!([]));
}

#[tokio::test]
async fn a_manager_sees_in_full_what_is_masked_and_it_is_counted() {
    let service = Service::demo().await;
    let (citizen, nurse, manager) = (service.visitor(), service.visitor(), service.visitor());
    citizen.sign_in(PHONE).await;
    let person_id = citizen.save_self().await;
    let mut site = Value::Null;
    for (visitor, username) in [(&nurse, "nurse"), (&manager, "manager")] {
        let staff = visitor.must("staff/sign_in", json!({ "username": username, "password": PASSWORD })).await;
        site = staff["staff"]["site_id"].clone();
    }
    let slot_id = citizen.open_slot(&text(&site), TODAY).await;
    let (_, reserved) = citizen.reserve(1, &person_id, &slot_id).await;
    let body = json!({ "code": reserved["booking"]["code"], "what": "document", "reason": "identity" });
    assert_eq!(citizen.call("checkin/reveal", body.clone()).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(nurse.call("checkin/reveal", body.clone()).await.0, StatusCode::FORBIDDEN);
    let mut without = body.clone();
    without["reason"] = json!("other");
    let (status, refused) = manager.call("checkin/reveal", without).await;
    assert_eq!((status, &refused["field"]), (StatusCode::BAD_REQUEST, &json!("note")));
    let shown = manager.must("checkin/reveal", body).await;
    assert_eq!((&shown["value"], &shown["seconds"]), (&json!("431102199003070013"), &json!(30)));
    let metrics = manager.get("/metrics").send().await.expect("an answer").text().await.expect("text");
    assert!(metrics.lines().any(|line| line == "yizhen_reveals_total 1"), "{metrics}");
}
