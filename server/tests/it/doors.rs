//! A city's app sends people here: one token, one session, and no trace of it afterwards.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use sha2::Sha256;
use tempfile::TempDir;

use crate::support::{MORNING, PASSWORD, Service, Visitor, header, told};

const SECRET: &[u8] = b"a secret of the tests, long enough for HS256";
/// The morning of the tests, in seconds since 1970.
const NOW: i64 = 1_795_392_000;

/// The settings of an app, in a file that is the tests' alone.
fn apps() -> (TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("apps.toml");
    let secret = URL_SAFE_NO_PAD.encode(SECRET);
    let text = format!(
        "[[app]]\nname = 'city'\nissuer = 'app'\naudience = 'yizhen'\nalgorithm = 'HS256'\n[[app.key]]\nid = '1'\nsecret = '{secret}'\n"
    );
    std::fs::write(&path, text).expect("written");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).expect("set");
    let path = path.display().to_string();
    (folder, path)
}

async fn service() -> (Service, TempDir) {
    let (folder, path) = apps();
    let flags = ["--demo=on", "--demo-password", PASSWORD, "--demo-clock", MORNING, "--host-apps", &path];
    (Service::start(&flags).await, folder)
}

fn claims(jti: &str) -> Value {
    json!({
        "iss": "app", "aud": "yizhen", "sub": "u1", "iat": NOW, "exp": NOW + 300, "jti": jti, "phone": "13912345678",
        "name": "蒋玉梅", "document": { "kind": "resident_id", "number": "11010519491231002X" },
    })
}

fn signed(head: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(head), part(claims));
    let mac = Hmac::<Sha256>::new_from_slice(SECRET).expect("a key").chain_update(&signed).finalize();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.into_bytes()))
}

fn token(claims: &Value) -> String {
    signed(&json!({ "alg": "HS256", "typ": "JWT" }), claims)
}

async fn enter(visitor: &Visitor, token: &str) -> Response {
    visitor.get("/enter").query(&[("token", token)]).send().await.expect("an answer")
}

async fn me(visitor: &Visitor) -> (StatusCode, Value) {
    visitor.call("accounts/me", json!({})).await
}

/// Asserts that nobody came in, and gives the page.
async fn refused(visitor: &Visitor, response: Response, status: StatusCode) -> String {
    assert_eq!(response.status(), status);
    assert!(response.headers().get("set-cookie").is_none(), "never a session");
    assert_eq!((header(&response, "cache-control"), header(&response, "referrer-policy")), ("no-store", "no-referrer"));
    assert!(header(&response, "content-security-policy").starts_with("default-src 'none'; style-src 'sha256-"));
    assert_eq!(me(visitor).await.0, StatusCode::UNAUTHORIZED);
    response.text().await.expect("a page")
}

#[tokio::test]
async fn a_token_becomes_a_session_whose_address_tells_nothing() {
    let (service, _folder) = service().await;
    let visitor = service.visitor();
    let response = enter(&visitor, &token(&claims("1"))).await;
    assert_eq!((response.status(), header(&response, "location")), (StatusCode::SEE_OTHER, "/?host=city"));
    assert_eq!((header(&response, "cache-control"), header(&response, "referrer-policy")), ("no-store", "no-referrer"));
    let cookies: Vec<_> =
        response.headers().get_all("set-cookie").iter().map(|cookie| cookie.to_str().expect("text").to_owned()).collect();
    assert!(cookies[0].starts_with("yizhen=") && cookies[0].contains("; Path=/; HttpOnly; SameSite=Lax; Max-Age="), "{cookies:?}");
    assert_eq!(cookies[1], "yizhen_arrived=1; Path=/; SameSite=Lax; Max-Age=60");
    assert_eq!(response.text().await.expect("a body"), "");
    let (status, reply) = me(&visitor).await;
    let account = &reply["account"];
    assert_eq!((status, &account["phone"]), (StatusCode::OK, &json!("139****5678")));
    assert_eq!((&account["identity"]["host"], &account["identity"]["name"]), (&json!("city"), &json!("蒋玉梅")));
    assert!(!reply.to_string().contains("1949123100"), "masked: {reply}");
}

#[tokio::test]
async fn a_page_of_the_app_may_post_the_token_and_nothing_else() {
    let (service, _folder) = service().await;
    let visitor = service.visitor();
    let from_elsewhere = |path: &str| {
        visitor.request(Method::POST, path).header("sec-fetch-site", "cross-site").header("origin", "https://app.example")
    };
    let form = format!("token={}", token(&claims("1")));
    let post = from_elsewhere("/enter").header("content-type", "application/x-www-form-urlencoded").body(form);
    let response = post.send().await.expect("an answer");
    assert_eq!((response.status(), header(&response, "location")), (StatusCode::SEE_OTHER, "/?host=city"));
    assert_eq!(me(&visitor).await.0, StatusCode::OK);
    let (status, _) = told(from_elsewhere("/api/accounts/sign_out").json(&json!({}))).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let stranger = service.visitor();
    for (kind, body) in [
        ("application/json", json!({ "token": token(&claims("2")) }).to_string()),
        ("application/x-www-form-urlencoded", "x".repeat(20_000)),
        ("application/x-www-form-urlencoded", String::new()),
    ] {
        let post = stranger.request(Method::POST, "/enter").header("content-type", kind).body(body);
        refused(&stranger, post.send().await.expect("an answer"), StatusCode::BAD_REQUEST).await;
    }
}

#[tokio::test]
async fn every_bad_token_meets_the_same_page_and_no_session() {
    let (service, _folder) = service().await;
    let visitor = service.visitor();
    let with = |name: &str, value: Value| {
        let mut claims = claims("bad");
        claims[name] = value;
        token(&claims)
    };
    let unsigned = |alg: &str| {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.", part(&json!({ "alg": alg })), part(&claims("bad")))
    };
    let good = token(&claims("bad"));
    let mut pages = Vec::new();
    for bad in [
        "x".to_owned(),
        "..".to_owned(),
        good[..good.len() - 2].to_owned(),
        unsigned("none"),
        unsigned("HS256"),
        signed(&json!({ "alg": "none" }), &claims("bad")),
        signed(&json!({ "alg": "EdDSA" }), &claims("bad")),
        signed(&json!({ "alg": "HS256", "kid": "2" }), &claims("bad")),
        with("iss", json!("https://evil.example")),
        with("aud", json!("another service")),
        with("iat", json!(NOW + 3600)),
        with("exp", json!(NOW - 60)),
        with("exp", json!(NOW + 3600)),
        with("jti", Value::Null),
        with("sub", Value::Null),
        with("phone", json!("110")),
        with("name", json!("<script>")),
        with("document", json!({ "kind": "resident_id", "number": "110105194912310021" })),
        "x".repeat(9000),
    ] {
        let page = refused(&visitor, enter(&visitor, &bad).await, StatusCode::UNAUTHORIZED).await;
        assert!(page.contains("请回到 App") && page.contains("Go back to the app"), "{page}");
        // but for the request's number
        pages.push(page.split("<span class=\"num\">").next().expect("a page").to_owned());
    }
    pages.dedup();
    assert_eq!(pages.len(), 1, "what is wrong with it is not said");
    for nothing in ["/enter", "/enter?token", "/enter?token=a&token=b"] {
        let response = visitor.get(nothing).send().await.expect("an answer");
        let page =
            refused(&visitor, response, if nothing == "/enter?token" { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST })
                .await;
        assert!(page.contains("请回到 App"), "{nothing}");
    }
    assert_eq!(enter(&visitor, &good).await.status(), StatusCode::SEE_OTHER, "none of these used it up");
}

#[tokio::test]
async fn a_stolen_token_that_was_used_opens_nothing_in_any_process() {
    let (service, folder) = service().await;
    let path = folder.path().join("apps.toml").display().to_string();
    let flags = ["--demo=on", "--demo-password", PASSWORD, "--demo-clock", MORNING, "--host-apps", &path];
    let other = service.another(&flags).await;
    let (owner, good) = (service.visitor(), token(&claims("1")));
    assert_eq!(enter(&owner, &good).await.status(), StatusCode::SEE_OTHER);
    for thief in [service.visitor(), other.visitor()] {
        let page = refused(&thief, enter(&thief, &good).await, StatusCode::UNAUTHORIZED).await;
        assert!(page.contains("已经用过") && !page.contains("蒋玉梅") && !page.contains(&good));
    }
    assert_eq!(me(&owner).await.0, StatusCode::OK, "and its owner stays");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_fifty_times_at_once_at_two_processes_is_one_session() {
    let (service, folder) = service().await;
    let path = folder.path().join("apps.toml").display().to_string();
    let flags = ["--demo=on", "--demo-password", PASSWORD, "--demo-clock", MORNING, "--host-apps", &path];
    let other = service.another(&flags).await;
    let good = token(&claims("1"));
    let tries = (0..50).map(|n| {
        let visitor = if n % 2 == 0 { service.visitor() } else { other.visitor() };
        let good = good.clone();
        tokio::spawn(async move { enter(&visitor, &good).await.status() })
    });
    let mut statuses = Vec::new();
    for one in tries.collect::<Vec<_>>() {
        statuses.push(one.await.expect("no panic"));
    }
    let entered = statuses.iter().filter(|status| **status == StatusCode::SEE_OTHER).count();
    assert!(statuses.iter().all(|status| [StatusCode::SEE_OTHER, StatusCode::UNAUTHORIZED].contains(status)), "{statuses:?}");
    assert_eq!(entered, 1);
}

#[tokio::test]
async fn looking_ahead_does_not_use_a_token_up() {
    let (service, _folder) = service().await;
    let (visitor, good) = (service.visitor(), token(&claims("1")));
    let ahead = |method: Method| visitor.request(method, "/enter").query(&[("token", &good)]);
    assert_eq!(ahead(Method::HEAD).send().await.expect("an answer").status(), StatusCode::METHOD_NOT_ALLOWED);
    let fetched = ahead(Method::GET).header("sec-purpose", "prefetch;prerender").send().await.expect("an answer");
    assert_eq!(fetched.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(enter(&visitor, &good).await.status(), StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn the_session_that_comes_along_ends_and_the_phones_account_is_the_same() {
    let (service, _folder) = service().await;
    let (visitor, by_code) = (service.visitor(), service.visitor());
    by_code.sign_in("13912345678").await;
    visitor.sign_in("13800001234").await;
    let response = enter(&visitor, &token(&claims("1"))).await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    assert_eq!(me(&visitor).await.1["account"]["phone"], "139****5678");
    assert_eq!(me(&by_code).await.1["account"]["identity"]["name"], "蒋玉梅", "one phone is one account");
}

#[tokio::test]
async fn whoever_is_vouched_for_books_without_typing_who_they_are_and_cannot_change_it() {
    let (service, _folder) = service().await;
    let visitor = service.visitor();
    enter(&visitor, &token(&claims("1"))).await;
    let masked = text_of(&me(&visitor).await.1["account"]["identity"]["document"]["number"]);
    let person = |name: &str, number: &str| {
        json!({ "person": { "relation": "self", "name": name, "phone": "", "county": "431103", "address": "梧桐路12号3栋",
            "document": { "kind": "resident_id", "number": number } } })
    };
    for (name, number, field) in [("王小明", masked.as_str(), "name"), ("蒋玉梅", "431102199003070013", "document.number")] {
        let (status, refused) = visitor.call("people/save", person(name, number)).await;
        assert_eq!((status, &refused["code"], &refused["field"]), (StatusCode::BAD_REQUEST, &json!("invalid"), &json!(field)));
        assert_eq!(refused["reason"]["rule"], "identified");
    }
    let saved = visitor.must("people/save", person("蒋玉梅", &masked)).await;
    assert_eq!(saved["person"]["identified"], true);
    let (slot, _) = visitor.open_tomorrow().await;
    let (status, reply) = visitor.reserve(1, &text_of(&saved["person"]["id"]), &slot).await;
    assert_eq!(status, StatusCode::OK, "{reply}");
    assert_eq!(reply["booking"]["person"]["name"], "蒋玉梅");
}

fn text_of(value: &Value) -> String {
    crate::support::text(value)
}

#[tokio::test]
async fn without_settings_and_demo_there_are_no_doors() {
    let service = Service::plain().await;
    let visitor = service.visitor();
    for path in ["/enter", "/enter?token=a.b.c", "/enter/wechat", "/enter/wechat/back?code=a&state=b"] {
        let response = visitor.get(path).send().await.expect("an answer");
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        assert!(!header(&response, "set-cookie").starts_with("yizhen="), "{path}");
    }
    for path in [
        "/demo/host",
        "/demo/wechat",
        "/demo/wechat/connect/oauth2/authorize?appid=a&redirect_uri=b&response_type=code&scope=snsapi_base&state=c",
        "/demo/wechat/sns/oauth2/access_token?appid=a&secret=b&code=c&grant_type=authorization_code",
    ] {
        assert_eq!(visitor.get(path).send().await.expect("an answer").status(), StatusCode::NOT_FOUND, "{path}");
    }
    let post =
        visitor.request(Method::POST, "/demo/host").header("content-type", "application/x-www-form-urlencoded").body("who=0");
    assert_eq!(post.send().await.expect("an answer").status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_demo_plays_an_app_whose_token_is_good_once() {
    let service = Service::demo().await;
    let visitor = service.visitor();
    let page = visitor.get("/demo/host").send().await.expect("an answer").text().await.expect("a page");
    assert!(page.contains("蒋玉梅"));
    let choose = |who: &str| {
        let form = visitor.request(Method::POST, "/demo/host").header("content-type", "application/x-www-form-urlencoded");
        form.body(format!("who={who}")).send()
    };
    assert_eq!(choose("99").await.expect("an answer").status(), StatusCode::NOT_FOUND);
    let opened = choose("0").await.expect("an answer");
    let address = header(&opened, "location").to_owned();
    assert!(address.starts_with("/enter?token="), "{address}");
    let entered = visitor.get(&address).send().await.expect("an answer");
    assert_eq!(header(&entered, "location"), "/?host=demo");
    assert_eq!(me(&visitor).await.1["account"]["identity"]["name"], "蒋玉梅");
    let thief = service.visitor();
    let again = thief.get(&address).send().await.expect("an answer");
    refused(&thief, again, StatusCode::UNAUTHORIZED).await;
}

#[tokio::test]
async fn the_pages_know_which_apps_may_be_around_them() {
    let (service, _folder) = service().await;
    let page = service.visitor().get("/").send().await.expect("an answer").text().await.expect("a page");
    assert!(page.contains("<i id=hosts data-city=hosts>wechat demo city</i>"), "{page}");
    let page = Service::plain().await.visitor().get("/").send().await.expect("an answer").text().await.expect("a page");
    assert!(page.contains("<i id=hosts data-city=hosts>wechat</i>"), "{page}");
}

#[tokio::test]
async fn no_token_and_nobody_stands_in_a_log_however_much_it_tells() {
    let (folder, path) = apps();
    let mut service = Command::new(env!("CARGO_BIN_EXE_yizhen"))
        .args(["serve", "--port", "0", "--demo=on", "--demo-clock", MORNING, "--log", "trace", "--host-apps", &path])
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    let lines = BufReader::new(service.stdout.take().expect("its output")).lines();
    let base = lines
        .map_while(Result::ok)
        .find_map(|line| line.split_once("Citizens").map(|(_, at)| at.trim().trim_end_matches('/').to_owned()));
    let base = base.expect("it says where");
    // read all the while, or it would wait for room
    let mut errors = service.stderr.take().expect("its log");
    let log = std::thread::spawn(move || {
        let mut log = String::new();
        errors.read_to_string(&mut log).map(|_| log)
    });
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    let (good, mut bad) = (token(&claims("planted-jti")), claims("planted-jti"));
    bad["exp"] = json!("planted-word");
    for token in [&good, &good, &token(&bad)] {
        client.get(format!("{base}/enter")).query(&[("token", token)]).send().await.expect("an answer");
    }
    let back = format!("{base}/enter/wechat/back?code=planted-code&state=planted-state");
    client.get(back).send().await.expect("an answer");
    let metrics = client.get(format!("{base}/metrics")).send().await.expect("an answer").text().await.expect("metrics");
    service.kill().expect("stops");
    service.wait().expect("has stopped");
    let log = log.join().expect("no panic").expect("text");
    assert!(
        log.contains("an app's token was refused") && log.contains("why=used before") && log.contains("why=claim of another type"),
        "{log}"
    );
    let secret = URL_SAFE_NO_PAD.encode(SECRET);
    let parts: Vec<_> = good.split('.').collect();
    for planted in [parts[1], parts[2], "planted", "13912345678", "蒋玉梅", "11010519491231002X", &secret] {
        assert!(!log.contains(planted), "{planted} is in the log");
        assert!(!metrics.contains(planted), "{planted} is in the metrics");
    }
}
