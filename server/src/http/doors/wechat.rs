//! `/enter/wechat` and back: to WeChat's page with a state that only this browser keeps, and home with a code that is asked about once.

use app::caller::{self, SIGNING_IN, WECHAT, Who};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Extension, Query, State};
use axum::http::{HeaderMap, Method, header};
use axum::response::{IntoResponse, Response};
use engine::doors::{ByWechat, Pending, STATE_LASTS, WechatError};
use serde::Deserialize;

use super::super::observe::RequestId;
use super::super::{Host, https, refusal};
use super::page::Shut;
use super::{lead, set_cookie, shut, welcome};

/// The cookie that keeps the state.
const STATE: &str = "yizhen_state";
/// Where it is sent along.
const HERE: &str = "/enter/wechat";
/// Where WeChat sends people.
const BACK: &str = "/enter/wechat/back";

/// What WeChat sends along.
#[derive(Deserialize)]
pub(in crate::http) struct Returned {
    /// Nothing where the person did not agree.
    code: Option<String>,
    state: String,
}

/// To WeChat.
pub(in crate::http) async fn leave(
    State(host): State<Host>,
    Extension(id): Extension<RequestId>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    if method != Method::GET {
        return refusal::wrong_method().await.into_response();
    }
    let (Some(wechat), Some(origin)) = (&host.doors().wechat, origin(&host, &headers)) else {
        return shut(&host, id, Shut::NoDoor);
    };
    let state = host.engine().new_state();
    let mut response = lead(&wechat.authorize_url(&format!("{origin}{BACK}"), &state));
    set_cookie(&mut response, &host, &headers, &format!("{STATE}={state}; Path={HERE}"), STATE_LASTS.num_seconds());
    response
}

/// And back.
pub(in crate::http) async fn back(
    State(host): State<Host>,
    Extension(id): Extension<RequestId>,
    method: Method,
    headers: HeaderMap,
    returned: Result<Query<Returned>, QueryRejection>,
) -> Response {
    if method != Method::GET {
        return refusal::wrong_method().await.into_response();
    }
    let mut response = match come_in(&host, &headers, returned.ok().map(|Query(returned)| returned)).await {
        Ok(response) => response,
        Err(why) => shut(&host, id, why),
    };
    // whatever came of it, the state has done its work
    set_cookie(&mut response, &host, &headers, &format!("{STATE}=; Path={HERE}"), 0);
    response
}

async fn come_in(host: &Host, headers: &HeaderMap, returned: Option<Returned>) -> Result<Response, Shut> {
    let wechat = host.doors().wechat.as_ref().ok_or(Shut::NoDoor)?;
    let Returned { code, state } = returned.ok_or(Shut::Wechat)?;
    // before the code is shown to anybody: a link that somebody else was given ends here
    let kept = caller::cookie_of(headers, STATE, https::is_used(host, headers));
    if !host.engine().spend_state(&state, kept.as_deref()).await? {
        tracing::warn!("a return from WeChat was refused: its state is not this browser's");
        return Err(Shut::Wechat);
    }
    let code = code.ok_or(Shut::Wechat)?;
    let openid = {
        let _turn = host.doors().asking.try_acquire().map_err(|_| Shut::WechatBusy)?;
        wechat.openid(&code).await.map_err(told)?
    };
    let old = caller::cookie_of(headers, Who::Citizen.cookie(), https::is_used(host, headers));
    Ok(match host.engine().enter_by_wechat(&openid, old.as_deref()).await? {
        ByWechat::Session(session) => welcome(host, headers, &session, "/?host=wechat"),
        ByWechat::Pending(Pending { token }) => {
            let mut response = lead("/sign-in?host=wechat&bind=1");
            let pair = format!("{WECHAT}={token}; Path={SIGNING_IN}");
            set_cookie(&mut response, host, headers, &pair, Pending::LASTS.num_seconds());
            response
        }
    })
}

/// What is said of WeChat's refusal; the log has what it was.
fn told(error: WechatError) -> Shut {
    tracing::warn!(?error, "WeChat named nobody");
    match error {
        WechatError::Code => Shut::Wechat,
        WechatError::Snapshot => Shut::Snapshot,
        WechatError::Barred => Shut::Barred,
        WechatError::Busy => Shut::WechatBusy,
        WechatError::Refused(_) => Shut::Ours,
    }
}

/// What browsers call this service. Only in the demo is their word for it taken.
fn origin(host: &Host, headers: &HeaderMap) -> Option<String> {
    if let Some(origin) = &host.0.public_origin {
        return Some(origin.clone());
    }
    if !host.engine().is_demo() {
        return None;
    }
    let name = headers.get(header::HOST)?.to_str().ok()?;
    let scheme = if https::is_used(host, headers) { "https" } else { "http" };
    Some(format!("{scheme}://{name}"))
}
