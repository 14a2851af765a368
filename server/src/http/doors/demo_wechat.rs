//! `/demo/wechat`: stands in for WeChat, and looks at what WeChat looks at: app id, secret, scope, the domain of the way back, the order of
//! the parameters; and a code that is good once, for five minutes. Only in the demo.

use std::collections::HashMap;
use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::error::Error;
use domain::reason::Reason;
use engine::doors::WechatApi;
use engine::entropy::{Entropy, SystemEntropy};
use serde::Deserialize;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::super::page::escape;
use super::super::{Host, Refusal};
use super::{Demo, lead, page};

const APP_ID: &str = "wxdemo0123456789ab";
/// How long a code is good.
const CODE_LASTS: Duration = Duration::from_secs(300);
/// Codes that are kept at most.
const MOST: usize = 1000;
/// The parameters in the order that WeChat takes them in.
const ORDER: [&str; 5] = ["appid", "redirect_uri", "response_type", "scope", "state"];

/// The users who can be played: what stands in the address, their name, and whether WeChat shows them a snapshot.
const USERS: [(&str, &str, &str, bool); 3] = [
    ("a", "微信用户甲", "WeChat user A", false),
    ("b", "微信用户乙", "WeChat user B", false),
    ("snapshot", "“快照页”里的访客", "a visitor who sees a snapshot of the page", true),
];

/// The stand-in, and the codes that it gave.
pub(super) struct DemoWechat {
    secret: Zeroizing<String>,
    codes: Mutex<HashMap<String, Given>>,
}

struct Given {
    user: &'static str,
    snapshot: bool,
    at: Instant,
    used: bool,
}

/// Where a browser comes from, and to whom it belongs.
#[derive(Deserialize)]
pub(in crate::http) struct Authorize {
    appid: String,
    redirect_uri: String,
    response_type: String,
    scope: String,
    state: String,
    #[serde(rename = "as")]
    user: Option<String>,
}

/// Who asks, and about which code.
#[derive(Deserialize)]
pub(in crate::http) struct Ask {
    #[serde(default)]
    appid: String,
    #[serde(default)]
    secret: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    grant_type: String,
}

impl DemoWechat {
    pub(super) fn new() -> Self {
        let entropy: &dyn Entropy = &SystemEntropy;
        Self { secret: Zeroizing::new(entropy.token()), codes: Mutex::default() }
    }

    /// The way to it.
    pub(super) fn api(&self, address: SocketAddr) -> Result<WechatApi, String> {
        let authorize = "/demo/wechat/connect/oauth2/authorize";
        WechatApi::new(APP_ID, self.secret.clone(), authorize, &format!("http://{address}/demo/wechat"))
    }

    fn give(&self, user: &'static str, snapshot: bool) -> String {
        let entropy: &dyn Entropy = &SystemEntropy;
        let code = entropy.token();
        let mut codes = self.codes.lock().unwrap_or_else(PoisonError::into_inner);
        codes.retain(|_, given| given.at.elapsed() < 2 * CODE_LASTS);
        if codes.len() < MOST {
            codes.insert(code.clone(), Given { user, snapshot, at: Instant::now(), used: false });
        }
        code
    }

    fn answer(&self, ask: &Ask) -> Value {
        let refused = |errcode: i64, errmsg: &str| json!({ "errcode": errcode, "errmsg": errmsg });
        if ask.appid != APP_ID {
            return refused(40013, "invalid appid");
        }
        if ask.secret != *self.secret {
            return refused(40125, "invalid appsecret");
        }
        if ask.grant_type != "authorization_code" {
            return refused(40002, "invalid grant_type");
        }
        if ask.code.is_empty() {
            return refused(41008, "missing code");
        }
        let mut codes = self.codes.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(given) = codes.get_mut(&ask.code) else { return refused(40029, "invalid code") };
        if given.at.elapsed() >= CODE_LASTS {
            return refused(42003, "code expired");
        }
        if std::mem::replace(&mut given.used, true) {
            return refused(40163, "code been used");
        }
        let entropy: &dyn Entropy = &SystemEntropy;
        let mut answer = json!({
            "access_token": entropy.token(), "expires_in": 7200, "refresh_token": entropy.token(),
            "openid": format!("oDemo-{}", given.user), "scope": "snsapi_base",
        });
        if given.snapshot {
            answer["is_snapshotuser"] = 1.into();
        }
        answer
    }
}

/// The menu of the official account.
pub(in crate::http) async fn page(State(host): State<Host>) -> Result<Response, Refusal> {
    demo(&host)?;
    let body = "<header class=\"bar\"><div>微信公众号（演示）<span lang=\"en\"> · an official account, played</span></div></header>\
         <main><h1>公众号菜单</h1><p class=\"lead\">这一页扮演微信公众号。第一次要用手机验证码绑定一次，以后直接进入。\
         <span lang=\"en\">This page plays an official account. The first time, a phone code binds the WeChat user; afterwards they come in at once.</span></p>\
         <p><a class=\"btn\" href=\"/enter/wechat\">疫苗预约<span lang=\"en\">Book a vaccination</span></a></p></main>";
    Ok(page::document(StatusCode::OK, "微信公众号（演示）", body))
}

/// Sends a browser back with a code. The real one knows whose phone it is; here that is asked.
pub(in crate::http) async fn authorize(
    State(host): State<Host>,
    RawQuery(raw): RawQuery,
    headers: HeaderMap,
    asked: Result<Query<Authorize>, QueryRejection>,
) -> Result<Response, Refusal> {
    let demo = demo(&host)?;
    let raw = raw.unwrap_or_default();
    let Ok(Query(asked)) = asked else { return Ok(wrong("参数错误")) };
    let names: Vec<_> = raw.split('&').filter_map(|pair| pair.split('=').next()).take(ORDER.len()).collect();
    if names != ORDER {
        return Ok(wrong("参数顺序错误"));
    }
    if asked.appid != APP_ID || asked.response_type != "code" {
        return Ok(wrong("AppID 或 response_type 参数错误"));
    }
    if asked.scope != "snsapi_base" {
        return Ok(wrong("Scope 参数错误"));
    }
    let back = asked.redirect_uri.parse::<axum::http::Uri>().ok();
    let ours = headers.get(header::HOST).and_then(|value| value.to_str().ok());
    if back.as_ref().and_then(|uri| uri.authority()).map(|name| name.as_str()) != ours {
        return Ok(wrong("redirect_uri 域名与后台配置不一致"));
    }
    let plain = |state: &str| state.len() <= 128 && state.bytes().all(|sign| sign.is_ascii_alphanumeric());
    if !plain(&asked.state) {
        return Ok(wrong("state 参数错误"));
    }
    let chosen = asked.user.and_then(|user| USERS.iter().find(|(word, ..)| *word == user));
    Ok(match chosen {
        Some((user, _, _, snapshot)) => {
            let code = demo.wechat.give(user, *snapshot);
            lead(&format!("{}?code={code}&state={}", asked.redirect_uri, asked.state))
        }
        None => users(&raw),
    })
}

fn users(raw: &str) -> Response {
    let mut list = String::new();
    for (word, name, name_en, _) in USERS {
        let _ = write!(
            list,
            "<li class=\"plain\"><a class=\"who\" href=\"?{}&amp;as={word}\"><b>{name}</b><span lang=\"en\">{name_en}</span></a></li>",
            escape(raw),
        );
    }
    let body = format!(
        "<header class=\"bar\"><div>微信（演示）<span lang=\"en\"> · WeChat, played</span></div></header>\
         <main><h1>这是谁的微信？</h1><p class=\"lead\">真的微信知道，不会问。<span lang=\"en\">Whose WeChat is this? The real one knows, and does not ask.</span></p>\
         <ul>{list}</ul></main>"
    );
    page::document(StatusCode::OK, "微信（演示）", &body)
}

fn wrong(what: &str) -> Response {
    let body = format!("<main class=\"door\"><h1>{}</h1></main>", escape(what));
    page::document(StatusCode::BAD_REQUEST, what, &body)
}

/// Whose code it is. Like the real one it says 200, whatever it says.
pub(in crate::http) async fn access_token(
    State(host): State<Host>,
    ask: Result<Query<Ask>, QueryRejection>,
) -> Result<Response, Refusal> {
    let demo = demo(&host)?;
    let Query(ask) = ask.map_err(|_| Error::new(Reason::Malformed))?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(demo.wechat.answer(&ask))).into_response())
}

fn demo(host: &Host) -> Result<&Demo, Refusal> {
    host.doors().demo.as_ref().ok_or_else(|| Error::new(Reason::NotFound).into())
}
