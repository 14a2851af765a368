//! Every request gets an id, which its log lines and its answer carry; and it is counted.

use std::fmt::Write;
use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use engine::entropy::{Entropy, SystemEntropy};
use tracing::Instrument;

use super::Host;
use super::metrics::Room;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Names, times, counts and logs a request. Paths of pages hold booking codes, so only calls are logged with their path.
pub(super) async fn request(State(host): State<Host>, request: Request, next: Next) -> Response {
    let id = id();
    let room = Room::of(request.uri().path());
    let path = if room == Room::Api { request.uri().path() } else { "" };
    let span = tracing::info_span!("request", id, method = %request.method(), room = room.name(), path);
    let began = Instant::now();
    let mut response = next.run(request).instrument(span.clone()).await;
    let (status, took) = (response.status().as_u16(), began.elapsed());
    host.metrics().count(room, status, took);
    span.in_scope(|| match status {
        500.. => tracing::warn!(status, ?took, "answered"),
        _ => tracing::debug!(status, ?took, "answered"),
    });
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

fn id() -> String {
    let entropy: &dyn Entropy = &SystemEntropy;
    entropy.bytes::<8>().iter().fold(String::with_capacity(16), |mut id, byte| {
        let _ = write!(id, "{byte:02x}");
        id
    })
}
