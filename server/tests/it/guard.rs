//! Other sites' pages may not act in a visitor's name, and nothing foreign runs in ours.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{PASSWORD, Service, header, told};

#[tokio::test]
async fn what_another_sites_page_sends_is_refused() {
    let service = Service::demo().await;
    let visitor = service.visitor();
    let post = || visitor.request(Method::POST, "/api/accounts/send_code").json(&json!({ "phone": "13800001234" }));
    for (name, value) in
        [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site"), ("origin", "https://evil.example"), ("origin", "null")]
    {
        let (status, refused) = told(post().header(name, value)).await;
        assert_eq!((status, &refused["code"]), (StatusCode::FORBIDDEN, &json!("forbidden")), "{name}: {value}");
    }
    assert!(visitor.messages("13800001234").await.as_array().is_some_and(Vec::is_empty), "nothing was done");
    let (status, _) = told(post().header("origin", service.base.as_str()).header("sec-fetch-site", "same-origin")).await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn a_page_runs_its_own_script_and_nothing_else() {
    let service = Service::plain().await;
    let response = service.visitor().get("/").send().await.expect("an answer");
    let policy = header(&response, "content-security-policy").to_owned();
    for part in ["default-src 'self'", "object-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "style-src 'self';"] {
        assert!(policy.contains(part), "{part} in {policy}");
    }
    assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"), "{policy}");
    // the hash of the very script that is in the page
    let html = response.text().await.expect("a body");
    let script = html.split("<script type=module>").nth(1).and_then(|rest| rest.split("</script>").next()).expect("a script");
    use base64::Engine as _;
    use sha2::Digest as _;
    let hash = base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(script));
    assert!(policy.contains(&format!("script-src 'self' 'wasm-unsafe-eval' 'sha256-{hash}';")), "{policy}");
}

#[tokio::test]
async fn every_answer_forbids_framing_sniffing_and_running() {
    let service = Service::demo().await;
    for path in ["/", "/staff", "/availability", "/api/nothing", "/healthz", "/demo/messages", "/robots.txt", "/nothing.txt"] {
        let response = service.visitor().get(path).send().await.expect("an answer");
        assert_eq!(header(&response, "x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header(&response, "x-frame-options"), "DENY", "{path}");
        assert!(header(&response, "content-security-policy").contains("frame-ancestors 'none'"), "{path}");
        assert!(!header(&response, "referrer-policy").is_empty(), "{path}");
    }
}

#[tokio::test]
async fn session_cookies_are_out_of_reach_for_scripts_and_other_sites() {
    let sign_in = json!({ "username": "nurse", "password": PASSWORD });
    for (flags, host, secure) in [
        (vec![], "yizhen.example", false),
        (vec!["--secure-cookies", "on"], "127.0.0.1", true),
        (vec!["--secure-cookies", "off"], "yizhen.example", false),
    ] {
        let flags: Vec<_> = ["--demo=on", "--demo-password", PASSWORD].into_iter().chain(flags).collect();
        let service = Service::start(&flags).await;
        let request = service.visitor().request(Method::POST, "/api/staff/sign_in").header("host", host).json(&sign_in);
        let response = request.send().await.expect("an answer");
        let cookie = header(&response, "set-cookie").to_owned();
        let name = if secure { "__Host-yizhen_staff=" } else { "yizhen_staff=" };
        assert!(cookie.starts_with(name) && cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
        assert_eq!(cookie.contains("; Secure"), secure, "{flags:?} {host}");
        let reply: Value = response.json().await.expect("JSON");
        assert_eq!(reply["staff"]["role"], "nurse");
    }
}

#[tokio::test]
async fn outside_the_demo_a_name_gets_secure_cookies_and_an_address_does_not() {
    let service = Service::plain().await;
    for (host, secure) in [("yizhen.example", true), ("127.0.0.1:8080", false), ("localhost:8080", false)] {
        // signing out takes the cookie away, which is a cookie too
        let request = service.visitor().request(Method::POST, "/api/accounts/sign_out").header("host", host).json(&json!({}));
        let response = request.send().await.expect("an answer");
        let cookie = header(&response, "set-cookie");
        assert_eq!((cookie.contains("; Secure"), cookie.starts_with("__Host-yizhen=;")), (secure, secure), "{host}: {cookie}");
    }
}

#[tokio::test]
async fn where_cookies_travel_by_https_only_a_neighbour_below_the_same_domain_cannot_plant_one() {
    let service = Service::start(&["--demo=on", "--secure-cookies", "on"]).await;
    let visitor = service.visitor();
    let code = visitor.code("13800001234").await;
    let sign_in = visitor.request(Method::POST, "/api/accounts/sign_in").json(&json!({ "phone": "13800001234", "code": code }));
    let response = sign_in.send().await.expect("an answer");
    let set: Vec<_> =
        response.headers().get_all("set-cookie").iter().map(|value| value.to_str().expect("text").to_owned()).collect();
    let session = set.iter().find_map(|cookie| cookie.strip_prefix("__Host-yizhen=")?.split(';').next()).expect("a session");
    for (name, status) in
        [("__Host-yizhen", StatusCode::OK), ("yizhen", StatusCode::UNAUTHORIZED), ("yizhen__Host-", StatusCode::UNAUTHORIZED)]
    {
        let asked = service.visitor().request(Method::POST, "/api/accounts/me").header("cookie", format!("{name}={session}"));
        assert_eq!(asked.json(&json!({})).send().await.expect("an answer").status(), status, "{name}");
    }
}

#[tokio::test]
async fn where_cookies_travel_by_https_only_browsers_are_told_to_come_by_it_only() {
    let (name, address) = ("yizhen.example", "127.0.0.1");
    for (flags, host, told) in [
        (vec!["--secure-cookies", "on"], address, "max-age=31536000"),
        (vec!["--secure-cookies", "on", "--hsts-days", "30"], address, "max-age=2592000"),
        (vec!["--secure-cookies", "on", "--hsts-days", "0"], name, ""),
        (vec!["--secure-cookies", "off"], name, ""),
        (vec![], name, "max-age=31536000"),
        (vec![], address, ""),
        (vec!["--demo=on"], name, ""),
    ] {
        let service = Service::start(&flags).await;
        for path in ["/", "/availability", "/api/nothing", "/robots.txt"] {
            let response = service.visitor().get(path).header("host", host).send().await.expect("an answer");
            assert_eq!(header(&response, "strict-transport-security"), told, "{flags:?} {host} {path}");
        }
    }
}

#[tokio::test]
async fn named_hosts_may_frame_the_citizens_pages_and_nothing_else() {
    let service = Service::start(&["--demo=on", "--frame-hosts", "https://www.city.example,https://*.portal.example"]).await;
    let visitor = service.visitor();
    for path in ["/", "/bookings"] {
        let response = visitor.get(path).send().await.expect("an answer");
        let policy = header(&response, "content-security-policy");
        assert!(policy.ends_with("; frame-ancestors https://www.city.example https://*.portal.example"), "{path}: {policy}");
        assert_eq!(header(&response, "x-frame-options"), "", "{path}: it would forbid what the policy allows");
        let tag = header(&response, "etag").to_owned();
        let again = visitor.get(path).header("if-none-match", tag).send().await.expect("an answer");
        assert_eq!((again.status(), header(&again, "x-frame-options")), (StatusCode::NOT_MODIFIED, ""), "{path}");
    }
    for path in ["/staff", "/availability", "/api/nothing", "/demo/messages", "/robots.txt", "/nothing.txt"] {
        let response = visitor.get(path).send().await.expect("an answer");
        assert_eq!(header(&response, "x-frame-options"), "DENY", "{path}");
        assert!(header(&response, "content-security-policy").contains("frame-ancestors 'none'"), "{path}");
    }
}
