//! The whole way: a citizen signs in and books, a nurse looks up and redeems, once.

use reqwest::StatusCode;
use serde_json::json;

use crate::support::{PASSWORD, Service, TODAY, text};

#[tokio::test]
async fn a_citizen_books_and_a_nurse_redeems_once() {
    let service = Service::demo().await;
    let (citizen, nurse) = (service.visitor(), service.visitor());

    let account = citizen.sign_in("138 0000 1234").await;
    assert_eq!(account["account"]["phone"], "138****1234");
    let person_id = citizen.save_self().await;

    let staff = nurse.must("staff/sign_in", json!({ "username": "nurse", "password": PASSWORD })).await;
    let site_id = text(&staff["staff"]["site_id"]);
    let slot_id = citizen.open_slot(&site_id, TODAY).await;

    let (status, reserved) = citizen.reserve(1, &person_id, &slot_id).await;
    assert_eq!(status, StatusCode::OK, "{reserved}");
    let booking = &reserved["booking"];
    let code = text(&booking["code"]);
    assert_eq!((&booking["state"], &booking["site"]["id"], &booking["date"]), (&json!("booked"), &json!(site_id), &json!(TODAY)));

    let messages = citizen.messages("13800001234").await;
    assert_eq!(messages[0]["kind"], "booked", "the newest message tells of the booking: {messages}");

    let found = nurse.must("checkin/look_up", json!({ "pass": booking["pass"] })).await;
    assert_eq!(
        (&found["name"], &found["may_redeem"], &found["document_last_four"]),
        (&json!("王小明"), &json!(true), &json!("0013"))
    );

    let scan = |nonce: u128| json!({ "code": code, "nonce": domain::Uuid::from_u128(nonce) });
    assert_eq!(nurse.must("checkin/redeem", scan(1)).await["outcome"], "redeemed");
    assert_eq!(nurse.must("checkin/redeem", scan(1)).await["outcome"], "redeemed", "the same scan again gives the same answer");
    let (status, refused) = nurse.call("checkin/redeem", scan(2)).await;
    assert_eq!((status, &refused["code"]), (StatusCode::CONFLICT, &json!("already_redeemed")));

    let bookings = citizen.must("bookings/list", json!({})).await;
    assert_eq!(bookings["bookings"][0]["state"], "redeemed");
    let roster = nurse.must("checkin/roster", json!({ "site_id": site_id, "date": TODAY })).await;
    let row = roster["rows"].as_array().expect("rows").iter().find(|row| row["code"] == code.as_str());
    assert_eq!(row.map(|row| &row["state"]), Some(&json!("redeemed")));
}

#[tokio::test]
async fn the_same_person_and_dose_is_refused_a_second_time_and_told_the_way_on() {
    let service = Service::demo().await;
    let citizen = service.visitor();
    citizen.sign_in("13800001234").await;
    let person_id = citizen.save_self().await;
    let (slot_id, _) = citizen.open_tomorrow().await;

    let (_, first) = citizen.reserve(1, &person_id, &slot_id).await;
    let (status, again) = citizen.reserve(1, &person_id, &slot_id).await;
    assert_eq!((status, &again), (StatusCode::OK, &first), "the same request again gives the same answer");

    let (status, refused) = citizen.reserve(2, &person_id, &slot_id).await;
    assert_eq!((status, &refused["code"]), (StatusCode::CONFLICT, &json!("already_booked")));
    assert_eq!(refused["reason"]["code"], first["booking"]["code"], "the caller's own booking is named");
}

#[tokio::test]
async fn another_citizens_booking_and_people_are_not_there() {
    let service = Service::demo().await;
    let (owner, stranger) = (service.visitor(), service.visitor());
    owner.sign_in("13800001234").await;
    stranger.sign_in("13900005678").await;
    let person_id = owner.save_self().await;
    let (slot_id, _) = owner.open_tomorrow().await;
    let (_, reserved) = owner.reserve(1, &person_id, &slot_id).await;
    let code = json!({ "code": reserved["booking"]["code"] });

    for (call, body) in [
        ("bookings/show", code.clone()),
        ("bookings/cancel", code.clone()),
        ("bookings/move", json!({ "request_id": domain::Uuid::from_u128(2), "code": code["code"], "slot_id": slot_id })),
        ("people/remove", json!({ "id": person_id })),
    ] {
        let (status, refused) = stranger.call(call, body).await;
        assert_eq!((status, &refused["code"]), (StatusCode::NOT_FOUND, &json!("not_found")), "{call}");
    }
    let (status, _) = stranger.reserve(3, &person_id, &slot_id).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "somebody else's person");
    assert_eq!(owner.must("bookings/show", code).await["booking"]["state"], "booked");
}

#[tokio::test]
async fn every_call_wants_the_right_session() {
    let service = Service::demo().await;
    let (nobody, citizen, nurse) = (service.visitor(), service.visitor(), service.visitor());
    citizen.sign_in("13800001234").await;
    nurse.must("staff/sign_in", json!({ "username": "nurse", "password": PASSWORD })).await;

    for (call, body) in [
        ("accounts/me", json!({})),
        ("people/list", json!({})),
        ("bookings/list", json!({})),
        ("bookings/show", json!({ "code": "x" })),
    ] {
        for visitor in [&nobody, &nurse] {
            let (status, refused) = visitor.call(call, body.clone()).await;
            assert_eq!((status, &refused["code"]), (StatusCode::UNAUTHORIZED, &json!("sign_in_required")), "{call}");
        }
    }
    for (call, body) in [("staff/me", json!({})), ("checkin/look_up", json!({ "code": "x" }))] {
        for visitor in [&nobody, &citizen] {
            let (status, refused) = visitor.call(call, body.clone()).await;
            assert_eq!((status, &refused["code"]), (StatusCode::UNAUTHORIZED, &json!("sign_in_required")), "{call}");
        }
    }
    citizen.must("accounts/sign_out", json!({})).await;
    assert_eq!(citizen.call("accounts/me", json!({})).await.0, StatusCode::UNAUTHORIZED);
}
