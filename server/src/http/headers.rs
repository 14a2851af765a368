//! What every answer says about how it may be used.

use axum::http::{HeaderName, HeaderValue, header};
use axum::response::Response;

const ALWAYS: [(HeaderName, HeaderValue); 4] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(self), geolocation=(), microphone=(), payment=()"),
    ),
];

/// Data is no page: nothing in it may run.
const DATA: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

/// Marks an answer whose own policy says who may show it in a frame. `X-Frame-Options` knows only nobody and ourselves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Framed;

/// Marks an answer at an address that nobody else is to hear of, ourselves included: there is a token in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Silent;

/// Adds the security headers. A page brings a content security policy of its own. `strict`: what holds browsers to https, where it is used.
pub(super) fn harden(response: &mut Response, strict: Option<&HeaderValue>) {
    let framed = response.extensions_mut().remove::<Framed>().is_some();
    let silent = response.extensions_mut().remove::<Silent>().is_some();
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        headers.insert(name, value);
    }
    if silent {
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    }
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(DATA);
    if !framed {
        headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    }
    if let Some(strict) = strict {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, strict.clone());
    }
}
