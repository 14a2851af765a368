//! Looking: bytes from memory, tags, compression, and the feed.

use std::io::Read;
use std::time::Duration;

use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use crate::support::{Service, Visitor, header, text};

#[tokio::test]
async fn what_has_not_changed_is_not_sent_again() {
    let service = Service::demo().await;
    let visitor = service.visitor();
    let first = visitor.get("/availability").send().await.expect("an answer");
    assert_eq!(header(&first, "cache-control"), "no-cache");
    let tag = header(&first, "etag").to_owned();
    assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() > 2, "{tag}");

    let again = visitor.get("/availability").header("if-none-match", &tag).send().await.expect("an answer");
    assert_eq!((again.status(), header(&again, "etag")), (StatusCode::NOT_MODIFIED, tag.as_str()));
    assert!(again.bytes().await.expect("a body").is_empty());

    book_somewhere(&visitor).await;
    let ask = async || visitor.get("/availability").header("if-none-match", &tag).send().await.expect("an answer").status();
    let told = tokio::time::timeout(Duration::from_secs(10), async { while ask().await != StatusCode::OK {} });
    told.await.expect("a booking shows");
}

#[tokio::test]
async fn brotli_holds_the_same_as_the_plain_body() {
    let service = Service::demo().await;
    let visitor = service.visitor();
    let overview: Value = visitor.get("/availability").send().await.expect("an answer").json().await.expect("JSON");
    let site_id = text(&overview["sites"][0]["id"]);
    for path in ["/availability".to_owned(), format!("/availability/{site_id}")] {
        let plain = visitor.get(&path).header("accept-encoding", "gzip").send().await.expect("an answer");
        assert_eq!((header(&plain, "content-encoding"), header(&plain, "vary")), ("", "accept-encoding"));
        let plain = plain.bytes().await.expect("a body");
        let small = visitor.get(&path).header("accept-encoding", "gzip, br").send().await.expect("an answer");
        assert_eq!(header(&small, "content-encoding"), "br");
        let small = small.bytes().await.expect("a body");
        let mut opened = Vec::new();
        brotli::Decompressor::new(small.as_ref(), 4096).read_to_end(&mut opened).expect("brotli");
        assert!(opened == plain.as_ref() && small.len() < plain.len() / 3, "{path}: {} of {}", small.len(), plain.len());
    }
}

#[tokio::test]
async fn the_feed_tells_a_booking_as_it_happens_and_again_to_who_comes_back() {
    let service = Service::demo().await;
    let (citizen, watcher) = (service.visitor(), service.visitor());
    let before: Value = watcher.get("/availability").send().await.expect("an answer").json().await.expect("JSON");
    let after = before["version"].as_u64().expect("a version");

    let mut live = watcher.get("/availability/feed").send().await.expect("an answer");
    assert_eq!(header(&live, "content-type"), "text/event-stream");
    let site_id = book_somewhere(&citizen).await;
    let (id, event) = next_event(&mut live, &site_id).await;
    assert!(id > after && event["version"] == json!(id), "{event}");
    assert!(event["slots"].as_array().is_some_and(|slots| !slots.is_empty()), "{event}");

    let mut back = watcher.get("/availability/feed").header("last-event-id", after.to_string()).send().await.expect("an answer");
    assert_eq!(next_event(&mut back, &site_id).await, (id, event.clone()));
    let mut first = watcher.get(&format!("/availability/feed?site={site_id}&after={after}")).send().await.expect("an answer");
    assert_eq!(next_event(&mut first, &site_id).await, (id, event));
}

#[tokio::test]
async fn the_feed_of_a_site_that_is_not_there_is_refused() {
    let service = Service::demo().await;
    for site in ["nonsense", "00000000-0000-0000-0000-000000000000"] {
        let response = service.visitor().get(&format!("/availability/feed?site={site}")).send().await.expect("an answer");
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{site}");
    }
}

#[tokio::test]
async fn a_reader_whose_version_nobody_knows_is_told_to_start_again() {
    let service = Service::demo().await;
    for (query, last) in [("?after=1", None), ("?after=18446744073709551615", None), ("", Some("1")), ("?after=1", Some("2"))] {
        let request = service.visitor().get(&format!("/availability/feed{query}"));
        let request = last.iter().fold(request, |request, last| request.header("last-event-id", *last));
        let mut feed = request.send().await.expect("an answer");
        assert_eq!(header(&feed, "cache-control"), "no-cache, no-transform");
        let first = tokio::time::timeout(Duration::from_secs(10), feed.chunk()).await.expect("at once").expect("it goes on");
        let first = String::from_utf8(first.expect("bytes").to_vec()).expect("text");
        let (id, data) = first.strip_suffix("\n\n").and_then(|event| event.split_once('\n')).expect("one event");
        assert!(id.strip_prefix("id: ").is_some_and(|id| id.parse::<u64>().is_ok()), "{first}");
        assert_eq!(data, "data: {\"start_again\":true}");
    }
    let refused = service.visitor().get("/availability/feed?after=nonsense").send().await.expect("an answer");
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn one_reader_too_many_is_told_so_and_finds_a_place_when_another_goes() {
    let service = Service::start(&["--demo=on", "--limit-feeds", "1"]).await;
    let visitor = service.visitor();
    let open = async || visitor.get("/availability/feed").send().await.expect("an answer");
    let first = open().await;
    assert_eq!(first.status(), StatusCode::OK);
    let refused = open().await;
    assert_eq!((refused.status(), header(&refused, "retry-after")), (StatusCode::SERVICE_UNAVAILABLE, "15"));
    assert_eq!(refused.json::<Value>().await.expect("JSON")["code"], "busy");
    drop(first);
    let found = tokio::time::timeout(Duration::from_secs(10), async { while open().await.status() != StatusCode::OK {} });
    found.await.expect("a place");
}

#[tokio::test]
async fn an_open_feed_does_not_hold_a_stop() {
    let service = Service::demo().await;
    let mut live = service.visitor().get("/availability/feed").send().await.expect("an answer");
    service.stop(Duration::from_secs(5)).await.expect("it stops in time");
    while live.chunk().await.expect("ends cleanly").is_some() {}
}

/// Books a place tomorrow, and gives the site.
async fn book_somewhere(visitor: &Visitor) -> String {
    visitor.sign_in("13800001234").await;
    let person_id = visitor.save_self().await;
    let (slot_id, site_id) = visitor.open_tomorrow().await;
    let (status, reply) = visitor.reserve(1, &person_id, &slot_id).await;
    assert_eq!(status, StatusCode::OK, "{reply}");
    site_id
}

/// The next event of a site: its id and its content.
async fn next_event(feed: &mut Response, site_id: &str) -> (u64, Value) {
    let mut text = String::new();
    let waited = tokio::time::timeout(Duration::from_secs(10), async {
        loop {
            while let Some((event, rest)) = text.split_once("\n\n").map(|(event, rest)| (event.to_owned(), rest.to_owned())) {
                text = rest;
                let line = |name: &str| event.lines().find_map(|line| line.strip_prefix(name).map(|value| value.trim().to_owned()));
                let (Some(id), Some(data)) = (line("id:"), line("data:")) else { continue };
                let data: Value = serde_json::from_str(&data).expect("JSON");
                if data["site_id"] == site_id {
                    return (id.parse().expect("a version"), data);
                }
            }
            let chunk = feed.chunk().await.expect("the feed goes on").expect("the feed goes on");
            text.push_str(core::str::from_utf8(&chunk).expect("text"));
        }
    });
    waited.await.expect("an event within ten seconds")
}
