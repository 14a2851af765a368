//! `POST /gateways/{name}/receipts/{token}`, and without a token for a gateway that signs: what became of messages, pushed by the gateways.
//!
//! A gateway that there is not, a wrong token and an unsigned body are answered alike, and after the same work. Neither the token nor
//! anything of what was pushed is logged: paths of what is no call of ours never are.

use axum::body::Bytes;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use domain::error::Error;
use domain::reason::Reason;
use engine::sms::Pushed;
use tokio::sync::Semaphore;

use super::arrival::Arrival;
use super::{Host, Refusal, json};

/// Bytes of the longest push: the big ones send a hundred receipts of some hundred bytes.
const LARGEST: usize = 256 * 1024;
/// Pushes whose bodies are waited for at once: each may keep [`LARGEST`]. One that came with its headers is not waited for.
const ARRIVING: usize = 64;
/// Pushes that are read at once.
const INSIDE: usize = 4;
/// Seconds after which a gateway pushes again.
const RETRY_AFTER_S: u32 = 30;

static ARRIVALS: Arrival = Arrival { largest: LARGEST, arriving: Semaphore::const_new(ARRIVING), retry_after_s: RETRY_AFTER_S };
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
    let body = ARRIVALS.whole(body).await?;
    // refused in the words for what is not there: whoever is no gateway learns nothing
    if json::is_too_deep(&body) { Err(Error::new(Reason::NotFound).into()) } else { Ok((parts.headers, body)) }
}
