//! More than can be done at once: what is too much is told so at once, and nobody else waits for it.

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use reqwest::{Method, StatusCode};
use sea_orm::{ConnectionTrait, Database};
use serde_json::{Value, json};

use crate::support::{MORNING, PASSWORD, Service, header};

/// One is inside, two wait.
const TAKEN_ON: usize = 3;

#[tokio::test]
async fn a_flood_of_bookings_is_refused_at_once_and_everybody_else_is_answered() {
    let flags = ["--demo=on", "--demo-password", PASSWORD, "--demo-clock", MORNING, "--limit-booking-at-once", "1"];
    let service = Service::start(&flags).await;
    let (citizen, nurse) = (service.visitor(), service.visitor());
    citizen.sign_in("13800001234").await;
    let person_id = citizen.save_self().await;
    let (slot_id, _) = citizen.open_tomorrow().await;
    nurse.must("staff/sign_in", json!({ "username": "nurse", "password": PASSWORD })).await;

    // the writer stands still: another writes into the file
    let database = Database::connect(&service.database_url).await.expect("connected");
    database.execute_unprepared("BEGIN IMMEDIATE").await.expect("nobody writes");
    let mut tries: FuturesUnordered<_> = (0..20).map(|_| citizen.reserve(1, &person_id, &slot_id)).collect();
    for _ in TAKEN_ON..20 {
        let (status, refused) = tries.next().await.expect("a try");
        assert_eq!((status, &refused["code"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("busy")));
    }
    let one_more = citizen.request(Method::POST, "/api/bookings/cancel").json(&json!({ "code": "ABC" }));
    let refused = one_more.send().await.expect("an answer");
    assert_eq!((refused.status(), header(&refused, "retry-after")), (StatusCode::SERVICE_UNAVAILABLE, "2"));
    assert_eq!(refused.json::<Value>().await.expect("JSON")["retry_after_s"], 2);

    citizen.must("bookings/list", json!({})).await;
    nurse.must("staff/me", json!({})).await;
    for path in ["/", "/availability", "/healthz"] {
        assert_eq!(citizen.get(path).send().await.expect("an answer").status(), StatusCode::OK, "{path}");
    }
    database.execute_unprepared("ROLLBACK").await.expect("the writer goes on");
    let (first, _) = tries.next().await.expect("a try");
    assert_eq!(first, StatusCode::OK, "who was inside has a place");
    // who waited may have waited too long by now; whoever asks again hears what became of it
    while let Some((status, _)) = tries.next().await {
        assert!(status == StatusCode::OK || status == StatusCode::SERVICE_UNAVAILABLE, "{status}");
    }
    let (status, again) = citizen.reserve(1, &person_id, &slot_id).await;
    assert_eq!(status, StatusCode::OK, "{again}");
    let metrics = citizen.get("/metrics").send().await.expect("an answer").text().await.expect("a body");
    let turned_away = |kind: &str| -> u32 {
        let line = format!("yizhen_turned_away_total{{kind=\"{kind}\"}} ");
        metrics.lines().find_map(|found| found.strip_prefix(&line)).and_then(|count| count.parse().ok()).expect("a count")
    };
    assert!((18..=20).contains(&turned_away("bookings")), "{metrics}");
    assert_eq!((turned_away("reading"), turned_away("staff"), turned_away("accounts")), (0, 0, 0), "{metrics}");
}
