//! Availability: ready-made bytes from the board, and what changes as server-sent events.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::Uuid;
use domain::error::Error;
use domain::reason::Reason;
use engine::board::{Reader, Ready};
use hyper::body::Frame;
use serde::Deserialize;
use tokio::time::{Instant, Interval, interval_at};
use tokio_stream::Stream;

use super::page::{accepts_brotli, has};
use super::{Host, Refusal};

/// Proxies and phones close a connection that says nothing for a minute.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// A comment, which says nothing and keeps the connection.
const NOTHING: Bytes = Bytes::from_static(b":\n\n");
/// Seconds that a reader is asked to wait when there are too many.
const RETRY_AFTER_S: u32 = 15;

/// `GET /availability`
pub(super) fn overview(host: &Host, asked: &HeaderMap) -> Response {
    send(&host.engine().board().overview(), asked)
}

/// The same, for whoever asks otherwise than by a plain GET.
pub(super) async fn overview_again(State(host): State<Host>, headers: HeaderMap) -> Response {
    overview(&host, &headers)
}

/// `GET /availability/{site_id}`
pub(super) async fn site(State(host): State<Host>, Path(site_id): Path<String>, headers: HeaderMap) -> Result<Response, Refusal> {
    let ready = site_id.parse().ok().and_then(|id| host.engine().board().site(id)).ok_or_else(|| Error::new(Reason::NotFound))?;
    Ok(send(&ready, &headers))
}

/// Always asked for again, and answered in a few bytes when nothing has changed.
fn send(ready: &Ready, asked: &HeaderMap) -> Response {
    let etag = HeaderValue::from_maybe_shared(ready.etag.clone()).ok();
    let known = core::str::from_utf8(&ready.etag).is_ok_and(|etag| has(asked, etag));
    let (status, body, coding) = if known {
        (StatusCode::NOT_MODIFIED, Body::empty(), None)
    } else if accepts_brotli(asked) {
        (StatusCode::OK, Body::from(ready.brotli().clone()), Some(HeaderValue::from_static("br")))
    } else {
        (StatusCode::OK, Body::from(ready.body.clone()), None)
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    // with room for what every answer says
    headers.reserve(12);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if !known {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    for (name, value) in [(header::ETAG, etag), (header::CONTENT_ENCODING, coding)] {
        headers.extend(value.map(|value| (name, value)));
    }
    response
}

/// What the feed can be asked for.
#[derive(Deserialize)]
pub(super) struct Wanted {
    /// One site's changes only.
    site: Option<String>,
    /// The version that the reader holds: for the first connection, as browsers send `Last-Event-ID` only when they come back.
    after: Option<String>,
}

/// `GET /availability/feed?site=&after=`: what changed since `Last-Event-ID`, then live. Ends when the service stops.
pub(super) async fn follow(
    State(host): State<Host>,
    wanted: Result<Query<Wanted>, QueryRejection>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Refusal> {
    let Query(wanted) = wanted.map_err(|_| Error::new(Reason::Malformed))?;
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let after = match given(wanted.after) {
        Some(after) => Some(after.parse().map_err(|_| Error::field("after", Reason::Malformed))?),
        None => None,
    };
    let nowhere = || Error::field("site", Reason::NotFound);
    let site = given(wanted.site).map(|site| site.parse::<Uuid>().map_err(|_| nowhere())).transpose()?;
    let board = host.engine().board();
    if board.readers() >= host.bounds().feeds {
        return Err(Error::later(Reason::Busy, RETRY_AFTER_S).into());
    }
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    let reader = board.subscribe(site, last.or(after)).ok_or_else(nowhere)?;
    let events = Events { reader, alive: interval_at(Instant::now() + KEEP_ALIVE, KEEP_ALIVE) };
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-cache, no-transform"),
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    Ok((headers, Body::new(events)))
}

/// A feed as the body of an answer. The bytes are the same for all readers; nothing is written for one of them.
struct Events {
    reader: Reader,
    alive: Interval,
}

impl HttpBody for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Poll::Ready(piece) = Pin::new(&mut self.reader).poll_next(context) {
            return Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))));
        }
        self.alive.poll_tick(context).map(|_| Some(Ok(Frame::data(NOTHING))))
    }
}
