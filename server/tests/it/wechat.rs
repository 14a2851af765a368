//! A WeChat official account sends people here: what WeChat answers, what it may not do, and who it binds.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode as Status;
use axum::response::{IntoResponse, Redirect, Response as Answer};
use axum::routing::get;
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use crate::support::{MORNING, PASSWORD, Service, Visitor, header, told};

const APP_ID: &str = "wx0123456789abcdef";
const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// What WeChat says next.
#[derive(Clone)]
enum Says {
    Json(Value),
    Text(&'static str),
    Status(Status),
    Elsewhere,
    Huge,
    Nothing,
}

/// A WeChat that says what it is told to, and keeps what it was asked.
#[derive(Clone)]
struct Wechat {
    says: Arc<Mutex<Says>>,
    asked: Arc<Mutex<Vec<String>>>,
    base: String,
}

impl Wechat {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let wechat = Self { says: Arc::new(Mutex::new(Says::Nothing)), asked: Arc::default(), base };
        let rooms = Router::new()
            .route("/sns/oauth2/access_token", get(answer))
            .route("/elsewhere", get(async || user("oElsewhere").to_string()))
            .with_state(wechat.clone());
        tokio::spawn(async move { axum::serve(listener, rooms).await });
        wechat
    }

    fn say(&self, says: Says) {
        *self.says.lock().expect("no panic") = says;
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no panic").clone()
    }
}

async fn answer(State(wechat): State<Wechat>, RawQuery(query): RawQuery) -> Answer {
    wechat.asked.lock().expect("no panic").push(query.unwrap_or_default());
    let says = wechat.says.lock().expect("no panic").clone();
    match says {
        Says::Json(value) => value.to_string().into_response(),
        Says::Text(text) => text.into_response(),
        Says::Status(status) => (status, user("oABC").to_string()).into_response(),
        Says::Elsewhere => Redirect::temporary("/elsewhere").into_response(),
        Says::Huge => {
            let mut value = user("oABC");
            value["more"] = "x".repeat(100_000).into();
            value.to_string().into_response()
        }
        Says::Nothing => std::future::pending().await,
    }
}

fn user(openid: &str) -> Value {
    json!({ "access_token": "A-TOKEN", "expires_in": 7200, "refresh_token": "R-TOKEN", "openid": openid, "scope": "snsapi_base" })
}

/// A service with an official account, and its WeChat.
async fn service() -> (Service, Wechat) {
    let wechat = Wechat::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let secret = folder.path().join("secret");
    std::fs::write(&secret, format!("{SECRET}\n")).expect("written");
    std::fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("set");
    let secret = secret.display().to_string();
    let flags = ["--demo=on", "--demo-password", PASSWORD, "--demo-clock", MORNING, "--limits=off"];
    let ours = ["--public-origin", "https://yizhen.example", "--wechat-app-id", APP_ID, "--wechat-secret-file", &secret];
    let service = Service::start(&[&flags[..], &ours, &["--wechat-api-url", &wechat.base]].concat()).await;
    (service, wechat)
}

/// Leaves for WeChat and gives the state.
async fn leave(visitor: &Visitor) -> String {
    let response = visitor.get("/enter/wechat").send().await.expect("an answer");
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    state_of(header(&response, "location"))
}

fn state_of(address: &str) -> String {
    let (_, rest) = address.split_once("state=").expect("a state");
    rest.split(['#', '&']).next().expect("a state").to_owned()
}

/// Comes back from WeChat.
async fn back(visitor: &Visitor, code: &str, state: &str) -> Response {
    visitor.get("/enter/wechat/back").query(&[("code", code), ("state", state)]).send().await.expect("an answer")
}

/// Leaves and comes back.
async fn come(visitor: &Visitor, code: &str) -> Response {
    let state = leave(visitor).await;
    back(visitor, code, &state).await
}

fn cookies(response: &Response) -> Vec<String> {
    response.headers().get_all("set-cookie").iter().map(|cookie| cookie.to_str().expect("text").to_owned()).collect()
}

async fn is_signed_in(visitor: &Visitor) -> bool {
    visitor.call("accounts/me", json!({})).await.0 == StatusCode::OK
}

/// Asserts that nobody came in, and gives the page.
async fn stays_out(visitor: &Visitor, response: Response, status: StatusCode) -> String {
    assert_eq!(response.status(), status);
    let set = cookies(&response);
    assert!(set.iter().all(|cookie| cookie.starts_with("yizhen_state=; ")), "{set:?}");
    assert_eq!(header(&response, "cache-control"), "no-store");
    assert!(!is_signed_in(visitor).await);
    response.text().await.expect("a page")
}

#[tokio::test]
async fn a_browser_leaves_with_a_state_that_only_it_keeps() {
    let (service, _wechat) = service().await;
    let response = service.visitor().get("/enter/wechat").header("host", "evil.example").send().await.expect("an answer");
    let address = header(&response, "location");
    let head = format!(
        "https://open.weixin.qq.com/connect/oauth2/authorize?appid={APP_ID}&redirect_uri=https%3A%2F%2Fyizhen.example%2Fenter%2Fwechat%2Fback\
         &response_type=code&scope=snsapi_base&state="
    );
    assert!(address.starts_with(&head) && address.ends_with("#wechat_redirect"), "{address}");
    assert!(!address.contains(SECRET));
    let state = state_of(address);
    assert_eq!(cookies(&response), [format!("yizhen_state={state}; Path=/enter/wechat; HttpOnly; SameSite=Lax; Max-Age=600")]);
    assert_eq!((header(&response, "cache-control"), header(&response, "referrer-policy")), ("no-store", "no-referrer"));
}

#[tokio::test]
async fn an_unknown_user_is_bound_by_one_code_and_comes_in_at_once_from_then_on() {
    let (service, wechat) = service().await;
    let visitor = service.visitor();
    wechat.say(Says::Json(user("oABC")));
    let response = come(&visitor, "CODE1").await;
    assert_eq!((response.status(), header(&response, "location")), (StatusCode::SEE_OTHER, "/sign-in?host=wechat&bind=1"));
    let set = cookies(&response);
    assert!(
        set.iter().any(|cookie| cookie.starts_with("yizhen_wechat=") && cookie.contains("; Path=/api/accounts; HttpOnly; ")),
        "{set:?}"
    );
    assert!(set.iter().all(|cookie| !cookie.starts_with("yizhen=")), "{set:?}");
    assert!(!is_signed_in(&visitor).await);
    assert_eq!(wechat.asked(), [format!("appid={APP_ID}&secret={SECRET}&code=CODE1&grant_type=authorization_code")]);

    let reply = visitor.sign_in("13800001234").await;
    assert_eq!(reply["account"]["wechat"], true);
    // the next time, on another day, in a browser that has forgotten everything
    let fresh = service.visitor();
    let response = come(&fresh, "CODE2").await;
    assert_eq!((response.status(), header(&response, "location")), (StatusCode::SEE_OTHER, "/?host=wechat"));
    let (_, me) = fresh.call("accounts/me", json!({})).await;
    assert_eq!(me["account"]["phone"], "138****1234");
    // what was bound is used up: another sign-in in that browser binds nobody
    assert_eq!(visitor.sign_in("13900005678").await["account"]["wechat"], Value::Null);
    // and it can be let go
    assert_eq!(fresh.must("accounts/unbind_wechat", json!({})).await["account"]["wechat"], Value::Null);
    let response = come(&service.visitor(), "CODE3").await;
    assert_eq!(header(&response, "location"), "/sign-in?host=wechat&bind=1");
    let (status, _) = service.visitor().call("accounts/unbind_wechat", json!({})).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_sign_in_in_another_browser_binds_nobody() {
    let (service, wechat) = service().await;
    wechat.say(Says::Json(user("oABC")));
    come(&service.visitor(), "CODE1").await;
    assert_eq!(service.visitor().sign_in("13800001234").await["account"]["wechat"], Value::Null);
    let forged = service.visitor();
    let code = forged.code("13900005678").await;
    let sign_in = forged.request(reqwest::Method::POST, "/api/accounts/sign_in").header("cookie", "yizhen_wechat=guessed");
    let (status, reply) = told(sign_in.json(&json!({ "phone": "13900005678", "code": code }))).await;
    assert_eq!((status, &reply["account"]["wechat"]), (StatusCode::OK, &Value::Null));
}

#[tokio::test]
async fn whoever_did_not_leave_from_here_does_not_come_back_and_wechat_is_not_asked() {
    let (service, wechat) = service().await;
    wechat.say(Says::Json(user("oABC")));
    let (attacker, victim) = (service.visitor(), service.visitor());
    let theirs = leave(&attacker).await;
    // a link with the attacker's code and state, opened by somebody else: without a cookie, and with another one
    stays_out(&victim, back(&victim, "CODE", &theirs).await, StatusCode::BAD_REQUEST).await;
    let own = leave(&victim).await;
    let page = stays_out(&victim, back(&victim, "CODE", &theirs).await, StatusCode::BAD_REQUEST).await;
    assert!(page.contains("公众号") && page.contains("official account"), "{page}");
    let again =
        victim.get("/enter/wechat/back").query(&[("code", "CODE"), ("state", own.as_str())]).send().await.expect("an answer");
    stays_out(&victim, again, StatusCode::BAD_REQUEST).await;
    for query in ["", "?code=CODE", "?state=", "?state=x&code=", "?code=CODE&state=a&state=b"] {
        leave(&victim).await;
        let response = victim.get(&format!("/enter/wechat/back{query}")).send().await.expect("an answer");
        stays_out(&victim, response, StatusCode::BAD_REQUEST).await;
    }
    // whoever did not agree comes back without a code
    let own = leave(&victim).await;
    let declined = victim.get(&format!("/enter/wechat/back?state={own}")).send().await.expect("an answer");
    stays_out(&victim, declined, StatusCode::BAD_REQUEST).await;
    assert_eq!(wechat.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn a_return_is_good_once() {
    let (service, wechat) = service().await;
    wechat.say(Says::Json(user("oABC")));
    let visitor = service.visitor();
    let state = leave(&visitor).await;
    assert_eq!(back(&visitor, "CODE", &state).await.status(), StatusCode::SEE_OTHER);
    // the browser has forgotten the state; one that kept it hears the same
    let kept =
        visitor.get(&format!("/enter/wechat/back?code=CODE&state={state}")).header("cookie", format!("yizhen_state={state}"));
    stays_out(&service.visitor(), kept.send().await.expect("an answer"), StatusCode::BAD_REQUEST).await;
    assert_eq!(wechat.asked().len(), 1);
}

#[tokio::test]
async fn whatever_else_wechat_says_lets_nobody_in() {
    let (service, wechat) = service().await;
    let visitor = service.visitor();
    let error = |errcode: i64| Says::Json(json!({ "errcode": errcode, "errmsg": "…" }));
    let changed = |name: &str, value: Value| {
        let mut user = user("oABC");
        user[name] = value;
        Says::Json(user)
    };
    for (says, status, words) in [
        (error(40029), 400, "公众号"),
        (error(40163), 400, "公众号"),
        (error(42003), 400, "公众号"),
        (error(40226), 403, "手机号"),
        (error(-1), 503, "微信暂时没有回应"),
        (error(40125), 500, "系统出了点问题"),
        (error(40013), 500, "系统出了点问题"),
        (changed("is_snapshotuser", json!(1)), 403, "使用完整服务"),
        (changed("scope", json!("snsapi_login")), 503, "微信暂时没有回应"),
        (changed("openid", json!("")), 503, "微信暂时没有回应"),
        (changed("openid", json!("o\nABC")), 503, "微信暂时没有回应"),
        (changed("openid", json!(7)), 503, "微信暂时没有回应"),
        (changed("openid", json!("o".repeat(200))), 503, "微信暂时没有回应"),
        (Says::Text("<html>502</html>"), 503, "微信暂时没有回应"),
        (Says::Text(""), 503, "微信暂时没有回应"),
        (Says::Text("{"), 503, "微信暂时没有回应"),
        (Says::Status(Status::BAD_GATEWAY), 503, "微信暂时没有回应"),
        (Says::Elsewhere, 503, "微信暂时没有回应"),
        (Says::Huge, 503, "微信暂时没有回应"),
    ] {
        wechat.say(says);
        let status = StatusCode::from_u16(status).expect("a status");
        let page = stays_out(&visitor, come(&visitor, "CODE").await, status).await;
        assert!(page.contains(words) && page.contains("lang=\"en\""), "{words}: {page}");
        for planted in [SECRET, "oABC", "A-TOKEN", "CODE"] {
            assert!(!page.contains(planted), "{planted}: {page}");
        }
    }
    let wrong_code = come(&visitor, "多").await;
    stays_out(&visitor, wrong_code, StatusCode::BAD_REQUEST).await;
}

#[tokio::test]
async fn a_wechat_that_does_not_answer_is_waited_for_five_seconds() {
    let (service, wechat) = service().await;
    wechat.say(Says::Nothing);
    let visitor = service.visitor();
    let began = Instant::now();
    let response = come(&visitor, "CODE").await;
    assert_eq!(header(&response, "retry-after"), "10");
    stays_out(&visitor, response, StatusCode::SERVICE_UNAVAILABLE).await;
    assert!((Duration::from_secs(4)..Duration::from_secs(9)).contains(&began.elapsed()), "{:?}", began.elapsed());
}

#[tokio::test]
async fn nothing_of_a_wechat_user_is_kept_in_the_clear() {
    let (service, wechat) = service().await;
    wechat.say(Says::Json(user("oPlantedOpenid")));
    let visitor = service.visitor();
    come(&visitor, "PLANTEDCODE").await;
    visitor.sign_in("13800001234").await;
    let file = service.database_url.strip_prefix("sqlite://").expect("a file").to_owned();
    let mut bytes = std::fs::read(&file).expect("read");
    bytes.extend(std::fs::read(format!("{file}-wal")).unwrap_or_default());
    for planted in ["oPlantedOpenid", "A-TOKEN", "R-TOKEN", "PLANTEDCODE", SECRET, APP_ID] {
        assert!(!bytes.windows(planted.len()).any(|some| some == planted.as_bytes()), "{planted}");
    }
}

/// The demo's own WeChat: the address that a user's browser is sent to.
async fn demo_leaves(visitor: &Visitor) -> String {
    let response = visitor.get("/enter/wechat").send().await.expect("an answer");
    header(&response, "location").split('#').next().expect("an address").to_owned()
}

#[tokio::test]
async fn the_demos_wechat_binds_and_plays_a_snapshot() {
    let service = Service::demo().await;
    let visitor = service.visitor();
    let address = demo_leaves(&visitor).await;
    let page = visitor.get(&address).send().await.expect("an answer").text().await.expect("a page");
    assert!(page.contains("微信用户甲"), "{page}");
    let come_as = async |visitor: &Visitor, user: &str| {
        let address = demo_leaves(visitor).await;
        let sent = visitor.get(&format!("{address}&as={user}")).send().await.expect("an answer");
        let back = header(&sent, "location").split_once("/enter").map(|(_, rest)| format!("/enter{rest}")).expect("an address");
        visitor.get(&back).send().await.expect("an answer")
    };
    assert_eq!(header(&come_as(&visitor, "a").await, "location"), "/sign-in?host=wechat&bind=1");
    visitor.sign_in("13800001234").await;
    assert_eq!(header(&come_as(&service.visitor(), "a").await, "location"), "/?host=wechat");
    let snapshot = service.visitor();
    let page = stays_out(&snapshot, come_as(&snapshot, "snapshot").await, StatusCode::FORBIDDEN).await;
    assert!(page.contains("快照页"));
}

#[tokio::test]
async fn the_demos_wechat_verifies_what_the_real_one_does() {
    let service = Service::demo().await;
    let visitor = service.visitor();
    let address = demo_leaves(&visitor).await;
    for (from, to) in [
        ("appid=wx", "appid=wy"),
        ("snsapi_base", "snsapi_userinfo"),
        ("response_type=code", "response_type=token"),
        ("127.0.0.1", "evil.example"),
        ("appid=", "app_id="),
        ("state=", "state=%2F"),
    ] {
        let changed = address.replacen(from, to, 1);
        assert_ne!(changed, address);
        let refused = visitor.get(&format!("{changed}&as=a")).send().await.expect("an answer");
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST, "{from} as {to}");
    }
    let (path, query) = address.split_once('?').expect("a query");
    let mut pairs: Vec<_> = query.split('&').collect();
    pairs.swap(0, 1);
    let refused = visitor.get(&format!("{path}?{}", pairs.join("&"))).send().await.expect("an answer");
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST, "in another order");
    let ask = async |query: &str| -> Value {
        let answer = visitor.get(&format!("/demo/wechat/sns/oauth2/access_token?{query}")).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK);
        answer.json().await.expect("JSON")
    };
    let app_id = pairs.iter().find_map(|pair| pair.strip_prefix("appid=")).expect("an app id");
    assert_eq!(ask("").await["errcode"], 40013);
    assert_eq!(ask("appid=wx1&secret=a&code=b&grant_type=authorization_code").await["errcode"], 40013);
    assert_eq!(ask(&format!("appid={app_id}&secret=a&code=b&grant_type=authorization_code")).await["errcode"], 40125);
}
