//! `POST /gateways/{name}/receipts/{token}`, and without a token for a gateway that signs: what became of messages, pushed by the gateways.
//!
//! A gateway that there is not, a wrong token and an unsigned body are answered alike, and after the same work. Neither the token nor
//! anything of what was pushed is logged: paths of what is no call of ours never are.

use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use axum::body::{Bytes, to_bytes};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::error::{Error, ErrorCode};
use domain::reason::Reason;
use engine::sms::Pushed;
use futures_util::poll;
use tokio::sync::Semaphore;

use super::{Host, Refusal, json};

/// Bytes of the longest push: the big ones send a hundred receipts of some hundred bytes.
const LARGEST: usize = 256 * 1024;
/// How long a gateway may take to send it.
const TO_SEND: Duration = Duration::from_secs(10);
/// Pushes whose bodies are waited for at once: each may keep [`LARGEST`]. One that came with its headers is not waited for.
const ARRIVING: usize = 64;
/// Pushes that are read at once.
const INSIDE: usize = 4;
/// Seconds after which a gateway pushes again.
const RETRY_AFTER_S: u32 = 30;

static ARRIVALS: Semaphore = Semaphore::const_new(ARRIVING);
static PLACES: Semaphore = Semaphore::const_new(INSIDE);

/// Pushed by a gateway that signs.
pub(super) async fn signed(
    State(host): State<Host>,
    name: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Refusal> {
    let Path(name) = name.map_err(|_| Error::new(Reason::NotFound))?;
    take(&host, &name, None, request).await
}

/// Pushed by a gateway that knows a token.
pub(super) async fn with_token(
    State(host): State<Host>,
    path: Result<Path<(String, String)>, PathRejection>,
    request: Request,
) -> Result<Response, Refusal> {
    let Path((name, token)) = path.map_err(|_| Error::new(Reason::NotFound))?;
    take(&host, &name, Some(&token), request).await
}

async fn take(host: &Host, name: &str, token: Option<&str>, request: Request) -> Result<Response, Refusal> {
    let (headers, body) = read(request).await?;
    // verifying and laying them to their messages is worth a little waiting, but not the machine
    let _place = PLACES.acquire().await.map_err(|_| Error::internal())?;
    let pushed = Pushed { headers: &headers, token, body: &body, now: host.engine().now() };
    let thanks = host.engine().take_receipts(name, &pushed).await?;
    let json = HeaderValue::from_static("application/json");
    Ok(([(header::CONTENT_TYPE, json), (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))], thanks).into_response())
}

/// The headers and the whole body.
async fn read(request: Request) -> Result<(HeaderMap, Bytes), Refusal> {
    let (parts, body) = request.into_parts();
    let too_large = || Refusal::of_transport(StatusCode::PAYLOAD_TOO_LARGE, ErrorCode::Invalid, "提交的内容太大");
    let too_slow = || Refusal::of_transport(StatusCode::REQUEST_TIMEOUT, ErrorCode::Invalid, "网络太慢，请再试一次");
    let mut body = pin!(to_bytes(body, LARGEST));
    let body = match poll!(&mut body) {
        Poll::Ready(body) => body,
        Poll::Pending => {
            let _turn = ARRIVALS.try_acquire().map_err(|_| Error::later(Reason::Busy, RETRY_AFTER_S))?;
            tokio::time::timeout(TO_SEND, body).await.map_err(|_| too_slow())?
        }
    };
    let body = body.map_err(|_| too_large())?;
    // refused in the words for what is not there: whoever is no gateway learns nothing
    if json::is_too_deep(&body) { Err(Error::new(Reason::NotFound).into()) } else { Ok((parts.headers, body)) }
}
