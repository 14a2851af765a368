//! No other site may act in a visitor's name: whatever changes something must come from our own pages, or from no page at all.

use axum::http::{HeaderMap, Method, StatusCode, header};
use domain::error::ErrorCode;

use super::{Host, Refusal};

/// Refuses what another site's page sends.
pub(super) fn same_origin(host: &Host, method: &Method, headers: &HeaderMap) -> Result<(), Refusal> {
    let reads = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    if reads || is_ours(headers, host.0.public_origin.as_deref()) {
        return Ok(());
    }
    tracing::warn!("refused: sent by another site's page");
    Err(Refusal::of_transport(StatusCode::FORBIDDEN, ErrorCode::Forbidden, "请在本平台的页面里操作"))
}

/// Browsers of today say where a request comes from (`Sec-Fetch-Site`); older ones send the `Origin`; programs send neither.
fn is_ours(headers: &HeaderMap, public_origin: Option<&str>) -> bool {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    if let Some(site) = text("sec-fetch-site") {
        return site == "same-origin" || site == "none";
    }
    let Some(origin) = text(header::ORIGIN.as_str()) else { return true };
    if public_origin.is_some_and(|public| public.eq_ignore_ascii_case(origin)) {
        return true;
    }
    let from = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    matches!((from, text(header::HOST.as_str())), (Some(from), Some(host)) if from.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_sites_page_sends_is_not_ours() {
        for (fetch_site, origin, ours) in [
            (Some("same-origin"), None, true),
            (Some("none"), None, true),
            (Some("cross-site"), None, false),
            (Some("same-site"), Some("https://yizhen.example"), false),
            (None, Some("https://yizhen.example"), true),
            (None, Some("http://YIZHEN.example"), true),
            (None, Some("https://public.example"), true),
            (None, Some("https://evil.example"), false),
            (None, Some("https://yizhen.example.evil.example"), false),
            (None, Some("null"), false),
            (None, None, true),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, "yizhen.example".parse().expect("a header"));
            if let Some(site) = fetch_site {
                headers.insert("sec-fetch-site", site.parse().expect("a header"));
            }
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, origin.parse().expect("a header"));
            }
            assert_eq!(is_ours(&headers, Some("https://public.example")), ours, "{fetch_site:?} {origin:?}");
        }
    }
}
