//! Health, metrics, the demo's messages, and stopping.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::json;

use crate::support::{Service, header};

#[tokio::test]
async fn a_service_says_that_it_lives_is_ready_and_what_it_did() {
    let service = Service::plain().await;
    let visitor = service.visitor();
    for path in ["/healthz", "/readyz"] {
        let response = visitor.get(path).send().await.expect("an answer");
        assert_eq!((response.status(), header(&response, "cache-control")), (StatusCode::OK, "no-store"), "{path}");
    }
    visitor.call("accounts/me", json!({})).await;
    let metrics = visitor.get("/metrics").send().await.expect("an answer").text().await.expect("a body");
    for line in [
        "yizhen_http_requests_total{room=\"api\",status=\"4xx\"} 1",
        "yizhen_http_requests_total{room=\"house\",status=\"2xx\"} 2",
        "yizhen_turned_away_total{kind=\"bookings\"} 0",
        "yizhen_feed_readers 0",
        "yizhen_ready 1",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line}\n{metrics}");
    }
}

#[tokio::test]
async fn whoever_looks_after_the_service_sees_when_each_job_was_done_and_will_be() {
    let service = Service::demo().await;
    let visitor = service.visitor();
    let ask = async |path: &str| visitor.get(path).send().await.expect("an answer").text().await.expect("a body");
    assert_eq!(ask("/readyz").await, "ready\n", "who asks whether it takes requests is told that alone");
    let done = |text: &str, job: &str| {
        text.lines().any(|line| line.starts_with(job) && line.contains(" done ") && line.ends_with(" free"))
    };
    let all = async {
        loop {
            let text = ask("/readyz?verbose").await;
            if ["schedule", "reminders", "missed", "codes"].iter().all(|job| done(&text, job)) {
                return text;
            }
        }
    };
    let text = tokio::time::timeout(Duration::from_secs(60), all).await.expect("all are done at the start");
    assert!(text.starts_with("ready\njob "), "{text}");
    let missed = text.lines().find(|line| line.starts_with("missed ")).expect("a line");
    assert!(missed.contains(" 2026-11-24T00:10:00+08:00 "), "{missed}");
    let metrics = ask("/metrics").await;
    for line in [
        "yizhen_job_failures_total{job=\"missed\"} 0",
        "yizhen_job_runs_total{job=\"schedule\"} 1",
        "yizhen_job_next_run_timestamp_seconds{job=\"missed\"} 1795450200",
        "yizhen_job_late{job=\"reminders\"} 0",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line}\n{metrics}");
    }
    assert!(metrics.contains("yizhen_job_last_success_timestamp_seconds{job=\"codes\"} 17"), "{metrics}");
}

#[tokio::test]
async fn the_demos_messages_are_a_page_for_people_and_json_for_programs() {
    let service = Service::demo().await;
    let visitor = service.visitor();
    visitor.must("accounts/send_code", json!({ "phone": "13800001234" })).await;
    let json = visitor.messages("+86 138-0000-1234").await;
    assert_eq!((&json[0]["to"], &json[0]["kind"]), (&json!("13800001234"), &json!("sign_in_code")));

    let page = visitor.get("/demo/messages?phone=%3Cscript%3E").header("accept", "text/html").send().await.expect("an answer");
    assert_eq!(page.status(), StatusCode::OK);
    let policy = header(&page, "content-security-policy").to_owned();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    let html = page.text().await.expect("a body");
    assert!(html.contains("&lt;script&gt;") && !html.contains("<script"), "{html}");

    let html = visitor.get("/demo/messages").send().await.expect("an answer").text().await.expect("a body");
    assert!(html.contains("13800001234") && html.contains("验证码"), "{html}");
}

#[tokio::test]
async fn a_stop_answers_what_is_in_flight_and_then_takes_nothing() {
    let service = Service::demo().await;
    let visitor = service.visitor();
    let base = service.base.clone();
    // slow by design: the password is hashed
    let in_flight = tokio::spawn(async move {
        visitor.call("staff/sign_in", json!({ "username": "nurse", "password": "wrong, but hashed" })).await
    });
    let other = service.visitor();
    while !other.get("/metrics").send().await.expect("an answer").text().await.expect("a body").contains("yizhen_ready 1") {}
    service.stop(Duration::from_secs(5)).await.expect("it stops in time");
    let (status, _) = in_flight.await.expect("no panic");
    assert_eq!(status, StatusCode::UNAUTHORIZED, "answered, not cut off");
    assert!(reqwest::get(format!("{base}/healthz")).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn half_a_request_is_not_waited_for_and_holds_up_nobody() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let service = Service::plain().await;
    let address = service.base.trim_start_matches("http://").to_owned();
    let mut slow = Vec::new();
    for _ in 0..50 {
        let mut stream = tokio::net::TcpStream::connect(&address).await.expect("connected");
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: a").await.expect("sent");
        slow.push(stream);
    }
    assert_eq!(service.visitor().get("/healthz").send().await.expect("an answer").status(), StatusCode::OK);
    for mut stream in slow {
        let mut rest = Vec::new();
        // ends because the service closes; a reset says the same
        let _ = stream.read_to_end(&mut rest).await;
        assert!(rest.is_empty() || rest.starts_with(b"HTTP/1.1 408"), "{}", String::from_utf8_lossy(&rest));
    }
    service.stop(Duration::from_secs(5)).await.expect("nothing is left open");
}

#[tokio::test]
async fn one_connection_too_many_is_told_so_and_the_others_go_on() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let service = Service::start(&["--limit-connections", "2"]).await;
    let address = service.base.trim_start_matches("http://").to_owned();
    let connect = async || tokio::net::TcpStream::connect(&address).await.expect("connected");
    let ask = async |stream: &mut tokio::net::TcpStream| {
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("sent");
        let mut answer = [0; 4096];
        let read = stream.read(&mut answer).await.expect("an answer");
        String::from_utf8_lossy(&answer[..read]).into_owned()
    };
    let mut inside = [connect().await, connect().await];
    for stream in &mut inside {
        assert!(ask(stream).await.starts_with("HTTP/1.1 200 OK"));
    }
    let mut third = connect().await;
    // it may have been told before it asks
    let _ = third.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let mut told = String::new();
    third.read_to_string(&mut told).await.expect("an answer, and no reset");
    assert!(told.starts_with("HTTP/1.1 503 ") && told.contains("retry-after: 5\r\n"), "{told}");
    let (_, body) = told.split_once("\r\n\r\n").expect("a body");
    assert_eq!(serde_json::from_str::<serde_json::Value>(body).expect("JSON")["code"], "busy");
    for stream in &mut inside {
        assert!(ask(stream).await.starts_with("HTTP/1.1 200 OK"), "who is inside stays inside");
    }
    drop(inside);
    let freed = tokio::time::timeout(Duration::from_secs(10), async {
        while !ask(&mut connect().await).await.starts_with("HTTP/1.1 200 OK") {}
    });
    freed.await.expect("a place");
}
