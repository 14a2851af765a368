//! Availability: ready-made bytes from the board, and what changes as server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use domain::Uuid;
use domain::error::Error;
use domain::reason::Reason;
use engine::board::Ready;
use serde::Deserialize;
use tokio::sync::watch;
use tokio_stream::wrappers::WatchStream;
use tokio_stream::{Stream, StreamExt};

use super::page::{accepts_brotli, has};
use super::{Host, Refusal};

/// Proxies and phones close a connection that says nothing for a minute.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// `GET /availability`
pub(super) async fn overview(State(host): State<Host>, headers: HeaderMap) -> Response {
    send(&host.engine().board().overview(), &headers)
}

/// `GET /availability/{site_id}`
pub(super) async fn site(State(host): State<Host>, Path(site_id): Path<String>, headers: HeaderMap) -> Result<Response, Refusal> {
    let ready = site_id.parse().ok().and_then(|id| host.engine().board().site(id)).ok_or_else(|| Error::new(Reason::NotFound))?;
    Ok(send(&ready, &headers))
}

/// Always asked for again, and answered in a few bytes when nothing has changed.
fn send(ready: &Ready, asked: &HeaderMap) -> Response {
    let brotli = accepts_brotli(asked);
    let mut headers = HeaderMap::new();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(etag) = HeaderValue::from_str(&ready.etag) {
        headers.insert(header::ETAG, etag);
    }
    if has(asked, &ready.etag) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if brotli {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
    }
    (headers, if brotli { ready.brotli.clone() } else { ready.body.clone() }).into_response()
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
    let after = match wanted.after.as_deref().filter(|after| !after.is_empty()) {
        Some(after) => Some(after.parse().map_err(|_| Error::field("after", Reason::Malformed))?),
        None => None,
    };
    let board = host.engine().board();
    let site = match wanted.site.as_deref().filter(|site| !site.is_empty()) {
        Some(site) => Some(
            site.parse::<Uuid>()
                .ok()
                .filter(|id| board.site(*id).is_some())
                .ok_or_else(|| Error::field("site", Reason::NotFound))?,
        ),
        None => None,
    };
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    let events = board.subscribe(site, last.or(after)).map(|event| {
        let sent = Event::default().data(&*event.data);
        // version 0: the reader lagged behind and starts again, its last id stays
        Ok(if event.version == 0 { sent } else { sent.id(event.version.to_string()) })
    });
    let sse = Sse::new(until_stopped(host.0.stopping.clone(), events)).keep_alive(KeepAlive::new().interval(KEEP_ALIVE));
    Ok(([(header::CACHE_CONTROL, "no-cache, no-transform"), (header::HeaderName::from_static("x-accel-buffering"), "no")], sse))
}

/// The same events, until the service begins to stop: an open feed must not hold the process.
fn until_stopped<S: Stream<Item = Result<Event, Infallible>>>(
    stopping: watch::Receiver<bool>,
    events: S,
) -> impl Stream<Item = S::Item> {
    let stopped = WatchStream::new(stopping).filter(|stopping| *stopping).map(|_| None);
    events.map(Some).merge(stopped).take_while(Option::is_some).filter_map(|event| event)
}
