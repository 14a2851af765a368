//! `POST /api/<noun>/<verb>`: the server functions, with the statuses of the contract.

use std::collections::HashSet;
use std::sync::LazyLock;
use std::time::Duration;

use app::caller::ClientAddress;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::error::{Error, ErrorCode};
use domain::reason::Reason;
use leptos::prelude::provide_context;
use server_fn::error::SERVER_FN_ERROR_HEADER;
use tokio::sync::Semaphore;

use super::arrival::Arrival;
use super::gates::Kind;
use super::{Host, Refusal, https, json};

/// The largest request: a person with the longest address is a hundredth of it.
const LARGEST: usize = 64 * 1024;
/// The largest refusal that a server function answers with.
const LARGEST_REFUSAL: usize = 64 * 1024;
/// How long the service may take to answer.
const TO_ANSWER: Duration = Duration::from_secs(15);
/// How long it may take where a place is given out: it may be the moment after.
const TO_DECIDE: Duration = Duration::from_secs(30);
/// Requests whose bodies are waited for at once: each may keep [`LARGEST`]. A body that came with its headers is not waited for.
const ARRIVING: usize = 1024;
/// Seconds that a caller is asked to wait.
const RETRY_AFTER_S: u32 = 5;

static ARRIVALS: Arrival = Arrival { largest: LARGEST, arriving: Semaphore::const_new(ARRIVING), retry_after_s: RETRY_AFTER_S };
/// The calls that there are.
static CALLS: LazyLock<HashSet<&str>> = LazyLock::new(|| server_fn::axum::server_fn_paths().map(|(path, _)| path).collect());

/// A call's path, if there is such a call.
pub(super) fn known(path: &str) -> Option<&'static str> {
    CALLS.get(path).copied()
}

/// Answers a call of a server function.
pub(super) async fn call(State(host): State<Host>, request: Request) -> Result<Response, Refusal> {
    check(&request)?;
    let kind = Kind::of(request.uri().path());
    let gate = host.gates().of(kind);
    let request = read(request).await?;
    let _place = match gate {
        Some(gate) => Some(gate.enter().await?),
        None => None,
    };
    let secure = app::caller::SecureCookies(https::is_used(&host, request.headers()));
    let client = request.extensions().get::<ClientAddress>().copied().ok_or_else(Error::internal)?;
    let engine = host.engine().clone();
    let provide = move || {
        provide_context(engine.clone());
        provide_context(secure);
        provide_context(client);
    };
    let answer = leptos_axum::handle_server_fns_with_context(provide, request);
    let within = if kind == Kind::Bookings { TO_DECIDE } else { TO_ANSWER };
    let response = tokio::time::timeout(within, answer).await.map_err(|_| no_answer(kind))?;
    finish(response.into_response()).await
}

/// What a caller hears when it took too long. A booking may have been made all the same; who asks again, with the same request id,
/// hears what became of it.
fn no_answer(kind: Kind) -> Error {
    let busy = Error::later(Reason::Busy, RETRY_AFTER_S);
    match kind {
        Kind::Bookings => {
            Error { message: "还不知道是否办成，请原样再提交一次：不会重复预约".to_owned(), ..busy }
        }
        _ => busy,
    }
}

/// `/api` itself.
pub(super) async fn nowhere() -> Refusal {
    Error::new(Reason::NotFound).into()
}

/// Whether the call exists, and is made as it should be.
fn check(request: &Request) -> Result<(), Refusal> {
    if known(request.uri().path()).is_none() {
        return Err(Error::new(Reason::NotFound).into());
    }
    if request.method() != Method::POST {
        return Err(Refusal::of_transport(StatusCode::METHOD_NOT_ALLOWED, ErrorCode::Invalid, "请用 POST 调用"));
    }
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if media_type.eq_ignore_ascii_case("application/json") { Ok(()) } else { Err(Error::new(Reason::Malformed).into()) }
}

/// The request with its whole body, and without the wish for HTML, which leptos would answer with a redirect.
async fn read(request: Request) -> Result<Request, Refusal> {
    let (mut parts, body) = request.into_parts();
    let body = ARRIVALS.whole(body).await?;
    if json::is_too_deep(&body) {
        return Err(Error::new(Reason::Malformed).into());
    }
    parts.headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    Ok(Request::from_parts(parts, Body::from(body)))
}

/// Gives a refusal the status of its code.
async fn finish(response: Response) -> Result<Response, Refusal> {
    let (mut parts, body) = response.into_parts();
    parts.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if parts.headers.remove(SERVER_FN_ERROR_HEADER).is_none() {
        return Ok(Response::from_parts(parts, body));
    }
    let body = to_bytes(body, LARGEST_REFUSAL).await.map_err(|_| Error::internal())?;
    let error: Error = serde_json::from_slice(&body).map_err(|_| Error::internal())?;
    let mut refused = Refusal::from(error).into_response();
    // a cookie may be taken away along with a refusal
    for cookie in parts.headers.get_all(header::SET_COOKIE) {
        refused.headers_mut().append(header::SET_COOKIE, cookie.clone());
    }
    Ok(refused)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::future::join_all;
    use futures_util::poll;

    /// A request whose body never comes.
    fn unfinished() -> Request {
        Request::new(Body::from_stream(futures_util::stream::pending::<Result<axum::body::Bytes, std::io::Error>>()))
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_is_not_waited_for_for_ever_nor_are_too_many_of_them() {
        let status = async |request| read(request).await.expect_err("refused").into_response().status();
        let arrivals = join_all((0..ARRIVING).map(|_| Box::pin(status(unfinished()))));
        tokio::pin!(arrivals);
        assert!(poll!(&mut arrivals).is_pending());
        assert_eq!(status(unfinished()).await, StatusCode::SERVICE_UNAVAILABLE);
        assert!(read(Request::new(Body::from("{}"))).await.is_ok(), "a body that is there needs no turn");
        assert!(arrivals.await.iter().all(|status| *status == StatusCode::REQUEST_TIMEOUT));
        assert_eq!(status(unfinished()).await, StatusCode::REQUEST_TIMEOUT, "and then there is room again");
    }

    #[test]
    fn a_booking_that_took_too_long_is_not_said_to_have_failed() {
        let [booking, other] = [Kind::Bookings, Kind::Reading].map(no_answer);
        assert_eq!((booking.code, booking.retry_after_s), (other.code, other.retry_after_s));
        assert_ne!(booking.message, other.message);
    }
}
