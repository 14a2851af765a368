//! Doors in besides the phone code: `/enter` for a city's app, `/enter/wechat` for an official account; in the demo, both played.
//!
//! Whoever is refused hears what to do, and nothing of why: that is in the log, under the request's id, without anybody's name.

pub(super) mod demo_host;
pub(super) mod demo_wechat;
mod page;
pub(super) mod wechat;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use app::caller::{self, Who};
use axum::Form;
use axum::body::{Body, to_bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Extension, FromRequest, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine::doors::{DemoApp, Entered, HostApps, NotEntered, WechatApi};
use engine::entropy::SystemEntropy;
use serde::Deserialize;
use tokio::sync::Semaphore;

use super::gates::Kind;
use super::headers::Silent;
use super::observe::RequestId;
use super::{Host, https, refusal};
use demo_wechat::DemoWechat;
use page::Shut;

/// Where an app sends people.
pub(super) const ENTER: &str = "/enter";
/// Bytes of the largest form that is read: the longest token, encoded.
const LARGEST: usize = 16 * 1024;
/// How long a client may take to send it.
const TO_SEND: Duration = Duration::from_secs(10);
/// Seconds for which a page may find out that somebody has come in.
const ARRIVED_S: u32 = 60;
/// Calls to WeChat at once: were it to hang, nobody else would wait for it.
const ASKING: usize = 64;

/// The doors that are open.
pub struct Doors {
    apps: HostApps,
    wechat: Option<WechatApi>,
    asking: Semaphore,
    demo: Option<Demo>,
}

/// What the demo plays.
struct Demo {
    app: DemoApp,
    wechat: DemoWechat,
}

impl Doors {
    /// Opens those that the settings name. `demo`: where this service listens, in a demo, which has an app and an official account of its own.
    ///
    /// # Errors
    /// One line for the operator.
    pub fn open(apps: HostApps, wechat: Option<WechatApi>, demo: Option<SocketAddr>) -> Result<Self, String> {
        let asking = Semaphore::new(ASKING);
        let Some(address) = demo else { return Ok(Self { apps, wechat, asking, demo: None }) };
        let demo = Demo { app: DemoApp::new(&SystemEntropy), wechat: DemoWechat::new() };
        let wechat = match wechat {
            Some(wechat) => wechat,
            None => demo.wechat.api(reachable(address))?,
        };
        Ok(Self { apps: apps.and(demo.app.app()), wechat: Some(wechat), asking, demo: Some(demo) })
    }

    /// What may stand in `?host=`: the pages then leave out their title bar.
    pub fn hosts(apps: &HostApps, demo: bool) -> String {
        let ours = ["wechat", "demo"].into_iter().take(if demo { 2 } else { 1 });
        ours.chain(apps.names()).collect::<Vec<_>>().join(" ")
    }
}

/// An address of this machine for one that it listens on.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// What an app sends along.
#[derive(Deserialize)]
pub(super) struct Brought {
    token: String,
}

/// Opened by an app: the token stands in the address, for this one request.
pub(super) async fn enter(
    State(host): State<Host>,
    Extension(id): Extension<RequestId>,
    method: Method,
    headers: HeaderMap,
    brought: Result<Query<Brought>, QueryRejection>,
) -> Response {
    if method != Method::GET {
        return refusal::wrong_method().await.into_response();
    }
    if is_prefetch(&headers) {
        // looked at before anybody tapped it, it would be used up
        return (StatusCode::SERVICE_UNAVAILABLE, [(header::CACHE_CONTROL, "no-store")]).into_response();
    }
    come_in(&host, id, &headers, brought.ok().map(|Query(brought)| brought)).await
}

/// Sent by an app's page as a form: the token stands in no address.
pub(super) async fn enter_by_form(
    State(host): State<Host>,
    Extension(id): Extension<RequestId>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let body = tokio::time::timeout(TO_SEND, to_bytes(body, LARGEST)).await;
    let Ok(Ok(body)) = body else { return come_in(&host, id, &headers, None).await };
    let form = Form::<Brought>::from_request(Request::from_parts(parts, Body::from(body)), &()).await;
    come_in(&host, id, &headers, form.ok().map(|Form(brought)| brought)).await
}

async fn come_in(host: &Host, id: RequestId, headers: &HeaderMap, brought: Option<Brought>) -> Response {
    if host.doors().apps.is_empty() {
        return shut(host, id, Shut::NoDoor);
    }
    let Some(Brought { token }) = brought else { return shut(host, id, Shut::Nothing) };
    let _place = match host.gates().of(Kind::Accounts) {
        Some(gate) => match gate.enter().await {
            Ok(place) => Some(place),
            Err(_) => return shut(host, id, Shut::Busy),
        },
        None => None,
    };
    let old = caller::cookie_of(headers, Who::Citizen.cookie(), https::is_used(host, headers));
    match host.engine().enter(&host.doors().apps, &token, old.as_deref()).await {
        Ok(Entered { token, host: name }) => welcome(host, headers, &token, &format!("/?host={name}")),
        Err(NotEntered::Token(why)) => {
            tracing::warn!(%why, "an app's token was refused");
            shut(host, id, Shut::App)
        }
        Err(NotEntered::Failed(error)) => shut(host, id, Shut::from(error)),
    }
}

/// Begins the session in the browser, and leads on to a page whose address tells nothing.
fn welcome(host: &Host, headers: &HeaderMap, session: &str, to: &str) -> Response {
    let lasts_s = host.engine().sessions().citizens.whole.num_seconds();
    let pair = format!("{}={session}; Path=/", Who::Citizen.cookie());
    let mut response = lead(to);
    set_cookie(&mut response, host, headers, &pair, lasts_s);
    // the session's own cookie is out of the pages' sight; this one says nothing, but that somebody has just come in
    let secure = if https::is_used(host, headers) { "; Secure" } else { "" };
    let said = format!("{}=1; Path=/; SameSite=Lax; Max-Age={ARRIVED_S}{secure}", domain::session::ARRIVED_COOKIE);
    if let Ok(said) = HeaderValue::from_str(&said) {
        response.headers_mut().append(header::SET_COOKIE, said);
    }
    response
}

/// Leads on; the address that led here is told to nobody.
fn lead(to: &str) -> Response {
    let mut response = (StatusCode::SEE_OTHER, [(header::CACHE_CONTROL, "no-store")]).into_response();
    if let Ok(to) = HeaderValue::from_str(to) {
        response.headers_mut().insert(header::LOCATION, to);
    }
    response.extensions_mut().insert(Silent);
    response
}

fn set_cookie(response: &mut Response, host: &Host, headers: &HeaderMap, pair: &str, lasts_s: i64) {
    if let Ok(cookie) = caller::cookie_text(pair, lasts_s, https::is_used(host, headers)) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

/// The page of a door that stays shut.
fn shut(host: &Host, id: RequestId, why: Shut) -> Response {
    let mut response = page::shut(host.engine().city(), id, why);
    response.extensions_mut().insert(Silent);
    response
}

fn is_prefetch(headers: &HeaderMap) -> bool {
    ["sec-purpose", "purpose", "x-moz"].iter().any(|name| {
        headers
            .get(*name)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.to_ascii_lowercase().contains("prefetch"))
    })
}
