//! The built pages: what is sent for which path, how it is kept, and in which encoding.

use reqwest::{Method, StatusCode};

use crate::support::{Service, header};

const SCRIPT: &str = "/citizen-0123456789abcdef.js";

#[tokio::test]
async fn a_path_that_is_no_file_answers_the_page() {
    let service = Service::plain().await;
    for (path, title) in [
        ("/", "citizen"),
        ("/bookings", "citizen"),
        ("/bookings/0123-4567-89", "citizen"),
        ("/staffroom", "citizen"),
        ("/staff", "staff"),
        ("/staff/", "staff"),
        ("/staff/roster/2026-11-23", "staff"),
    ] {
        let response = service.visitor().get(path).send().await.expect("an answer");
        assert_eq!((response.status(), header(&response, "content-type")), (StatusCode::OK, "text/html; charset=utf-8"), "{path}");
        assert_eq!(header(&response, "cache-control"), "no-cache", "{path}");
        let html = response.text().await.expect("a body");
        assert!(html.contains(&format!("<title>{title}</title>")), "{path}: {html}");
        assert!(html.contains(">永州</small>") && html.contains("0746"), "the city's words are in the page: {html}");
    }
}

#[tokio::test]
async fn a_hashed_name_is_kept_forever_and_others_are_asked_for_again() {
    let service = Service::plain().await;
    for (path, content_type, cache) in [
        (SCRIPT, "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"),
        ("/staff/staff-0123456789abcdef.css", "text/css; charset=utf-8", "public, max-age=31536000, immutable"),
        ("/robots.txt", "text/plain; charset=utf-8", "public, max-age=3600"),
        ("/bookings-sw.js", "text/javascript; charset=utf-8", "no-cache"),
    ] {
        let response = service.visitor().get(path).send().await.expect("an answer");
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!((header(&response, "content-type"), header(&response, "cache-control")), (content_type, cache), "{path}");
        let tag = header(&response, "etag").to_owned();
        let again = service.visitor().get(path).header("if-none-match", tag).send().await.expect("an answer");
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{path}");
    }
}

#[tokio::test]
async fn a_service_worker_may_fetch_our_own_files_and_do_nothing_else() {
    let service = Service::plain().await;
    let policy = async |path: &str| {
        let response = service.visitor().get(path).send().await.expect("an answer");
        header(&response, "content-security-policy").to_owned()
    };
    assert_eq!(policy("/bookings-sw.js").await, "default-src 'none'; connect-src 'self'; frame-ancestors 'none'");
    assert_eq!(policy(SCRIPT).await, "default-src 'none'; frame-ancestors 'none'", "no other script");
}

#[tokio::test]
async fn the_compressed_file_goes_to_those_who_take_it() {
    let service = Service::plain().await;
    let visitor = service.visitor();
    let small = visitor.get(SCRIPT).header("accept-encoding", "gzip, deflate, br").send().await.expect("an answer");
    assert_eq!((header(&small, "content-encoding"), header(&small, "vary")), ("br", "accept-encoding"));
    assert_eq!(header(&small, "content-type"), "text/javascript; charset=utf-8");
    assert_eq!(small.text().await.expect("a body"), "not really brotli, but sent as it is");
    for accepts in ["gzip", "br;q=0"] {
        let plain = visitor.get(SCRIPT).header("accept-encoding", accepts).send().await.expect("an answer");
        assert_eq!(header(&plain, "content-encoding"), "");
        assert!(plain.text().await.expect("a body").starts_with("export default"), "{accepts}");
    }
}

#[tokio::test]
async fn what_is_not_built_is_not_there() {
    let service = Service::plain().await;
    for path in [
        "/nothing.js",
        "/citizen-ffffffffffffffff.js",
        "/citizen-0123456789abcdef.js.br",
        "/favicon.ico",
        "/index.html.bak",
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/staff/nothing.css",
        "/.env",
    ] {
        let response = service.visitor().get(path).send().await.expect("an answer");
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_head_request_is_answered_like_a_get_without_its_body() {
    let service = Service::plain().await;
    let response = service.visitor().request(Method::HEAD, "/bookings").send().await.expect("an answer");
    assert_eq!((response.status(), header(&response, "content-type")), (StatusCode::OK, "text/html; charset=utf-8"));
    assert!(response.bytes().await.expect("a body").is_empty());
}
