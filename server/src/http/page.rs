//! A built file, ready to be sent: its bytes, plain and in brotli, its tag, and how long it may be kept.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::Write as _;

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use domain::city::City;
use sha2::{Digest, Sha256};

use super::headers::Framed;
use crate::config::FrameHosts;

/// A file whose name changes with its content.
const FOREVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// A file whose name stays.
const AN_HOUR: HeaderValue = HeaderValue::from_static("public, max-age=3600");
/// A page: asked for again each time.
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");

/// How the names of service workers end.
const WORKER: &str = "-sw.js";
/// What a service worker may do: fetch our own files.
const FETCHES: HeaderValue = HeaderValue::from_static("default-src 'none'; connect-src 'self'; frame-ancestors 'none'");

/// A file, ready to be sent.
#[derive(Clone, Debug)]
pub(super) struct Page {
    body: Bytes,
    brotli: Option<Bytes>,
    etag: String,
    content_type: &'static str,
    cache: HeaderValue,
    policy: Option<HeaderValue>,
    /// Whether the policy lets others show it in a frame.
    framed: bool,
    /// The paths that a service worker may serve, where they are more than those below it.
    scope: Option<HeaderValue>,
}

impl Page {
    /// A file that is no document. `None` for a kind of file that is never built.
    pub(super) fn asset(name: &str, body: Cow<'static, [u8]>, brotli: Option<Cow<'static, [u8]>>) -> Option<Self> {
        let worker = name.ends_with(WORKER);
        let cache = match worker {
            true => ASK_AGAIN,
            false if is_hashed(name) => FOREVER,
            false => AN_HOUR,
        };
        let body = bytes(body);
        Some(Self {
            etag: etag(&body),
            body,
            brotli: brotli.map(bytes),
            content_type: content_type(name)?,
            cache,
            policy: worker.then_some(FETCHES),
            framed: false,
            scope: None,
        })
    }

    /// A document, with the city's name and hotline and the apps around us written into it, and a policy that lets its own scripts run and no others, and those of
    /// `frames` show it in a frame.
    pub(super) fn document(html: &str, city: &City, frames: &FrameHosts, hosts: &str) -> Self {
        let html = fill(&fill(&fill(html, "name", &city.name), "hotline", &city.hotline), "hosts", hosts);
        let policy = HeaderValue::from_str(&policy(&html, frames)).ok();
        let framed = policy.is_some() && !frames.is_empty();
        let brotli = compress(html.as_bytes());
        let body = Bytes::from(html);
        Self {
            etag: etag(&body),
            body,
            brotli,
            content_type: "text/html; charset=utf-8",
            cache: ASK_AGAIN,
            policy,
            framed,
            scope: None,
        }
    }

    /// The staff's service worker: a script with a policy of its own, which may take its files from us and nothing else.
    pub(super) fn worker(script: String) -> Self {
        let body = Bytes::from(script);
        Self {
            etag: etag(&body),
            body,
            brotli: None,
            content_type: "text/javascript; charset=utf-8",
            cache: ASK_AGAIN,
            policy: Some(FETCHES),
            framed: false,
            scope: Some(HeaderValue::from_static("/staff")),
        }
    }

    /// What tells this version from others.
    pub(super) fn tag(&self) -> &str {
        &self.etag
    }

    /// The answer to a request with these headers.
    pub(super) fn send(&self, asked: &HeaderMap) -> Response {
        let mut response = self.answer(asked);
        if self.framed {
            response.extensions_mut().insert(Framed);
        }
        response
    }

    fn answer(&self, asked: &HeaderMap) -> Response {
        let mut headers = HeaderMap::new();
        headers.insert(header::CACHE_CONTROL, self.cache.clone());
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        if let Ok(etag) = HeaderValue::from_str(&self.etag) {
            headers.insert(header::ETAG, etag);
        }
        if let Some(scope) = &self.scope {
            headers.insert(HeaderName::from_static("service-worker-allowed"), scope.clone());
        }
        if let Some(policy) = &self.policy {
            headers.insert(header::CONTENT_SECURITY_POLICY, policy.clone());
        }
        if has(asked, &self.etag) {
            return (StatusCode::NOT_MODIFIED, headers).into_response();
        }
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        match &self.brotli {
            Some(brotli) if accepts_brotli(asked) => {
                headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
                (headers, brotli.clone()).into_response()
            }
            _ => (headers, self.body.clone()).into_response(),
        }
    }
}

/// Whether brotli is among what is accepted.
pub(super) fn accepts_brotli(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let is_brotli = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("br"));
        is_brotli && !parts.any(|weight| weight.strip_prefix("q=").is_some_and(|q| q.trim_end_matches(['0', '.']).is_empty()))
    })
}

/// Whether the reader has this very version already.
pub(super) fn has(headers: &HeaderMap, etag: &str) -> bool {
    let lines = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim).any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

/// What a document may load and run: our own files, and its inline scripts by their hash.
fn policy(html: &str, frames: &FrameHosts) -> String {
    let mut scripts = String::new();
    for script in inline_scripts(html) {
        let _ = write!(scripts, " 'sha256-{}'", BASE64.encode(Sha256::digest(script)));
    }
    format!(
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'{scripts}; style-src 'self'; img-src 'self' data: blob:; \
         media-src 'self' blob:; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors {}",
        frames.ancestors()
    )
}

fn inline_scripts(html: &str) -> impl Iterator<Item = &str> {
    html.split("<script").skip(1).filter_map(|rest| {
        let (attributes, rest) = rest.split_once('>')?;
        let (script, _) = rest.split_once("</script>")?;
        (!attributes.contains("src=")).then_some(script)
    })
}

/// Replaces the text of the elements marked `data-city=NAME`, quoted or not.
fn fill(html: &str, name: &str, value: &str) -> String {
    let value = escape(value);
    let mut filled = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find("data-city=") {
        let (before, marked) = rest.split_at(at);
        filled.push_str(before);
        let Some((tag, after)) = marked.split_once('>') else { break };
        filled.push_str(tag);
        filled.push('>');
        let marker = tag.split_whitespace().next().unwrap_or_default();
        rest = after;
        if marker.trim_start_matches("data-city=").trim_matches('"') == name {
            filled.push_str(&value);
            rest = after.find('<').map_or("", |end| &after[end..]);
        }
    }
    filled + rest
}

/// Text as it may stand in a document.
pub(super) fn escape(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut escaped, sign| {
        match sign {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(sign),
        }
        escaped
    })
}

fn compress(bytes: &[u8]) -> Option<Bytes> {
    let mut small = Vec::new();
    // as small as it gets: a millisecond or two, once. Quality 9 would take 32 MB for its tables, and save less
    let mut writer = brotli::CompressorWriter::new(&mut small, 4096, 11, 16);
    writer.write_all(bytes).ok()?;
    drop(writer);
    (small.len() < bytes.len()).then(|| Bytes::from(small))
}

fn etag(body: &[u8]) -> String {
    let digest = Sha256::digest(body);
    format!("\"{}\"", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(&digest[..12]))
}

fn bytes(body: Cow<'static, [u8]>) -> Bytes {
    match body {
        Cow::Borrowed(body) => Bytes::from_static(body),
        Cow::Owned(body) => Bytes::from(body),
    }
}

/// Whether a name holds the hash of its content, as trunk writes it: `citizen-103c8a7d506eab3a_bg.wasm`.
fn is_hashed(name: &str) -> bool {
    name.split(['-', '_', '.', '/'])
        .any(|part| part.len() == 16 && part.bytes().all(|sign| matches!(sign, b'0'..=b'9' | b'a'..=b'f')))
}

fn content_type(name: &str) -> Option<&'static str> {
    Some(match name.rsplit('.').next()? {
        "css" => "text/css; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "txt" => "text/plain; charset=utf-8",
        "mp3" => "audio/mpeg",
        "wav" => "audio/wav",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: header::HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn brotli_is_sent_to_those_who_take_it() {
        for (accepts, brotli) in [
            ("gzip, deflate, br", true),
            ("br;q=0.5, gzip", true),
            ("BR", true),
            ("gzip, br;q=0", false),
            ("br;q=0.000", false),
            ("gzip, deflate", false),
            ("", false),
        ] {
            assert_eq!(accepts_brotli(&headers(header::ACCEPT_ENCODING, accepts)), brotli, "{accepts}");
        }
    }

    #[test]
    fn a_tag_is_recognised_alone_in_a_list_and_weak() {
        for (tags, known) in [("\"a\"", true), ("\"b\", \"a\"", true), ("W/\"a\"", true), ("*", true), ("\"b\"", false)] {
            assert_eq!(has(&headers(header::IF_NONE_MATCH, tags), "\"a\""), known, "{tags}");
        }
    }

    #[test]
    fn only_inline_scripts_are_hashed_and_exactly_as_they_stand() {
        let html = "<script src=/a.js></script><script type=module>\nlet a = 1 < 2;\n</script><script>b</script>";
        assert_eq!(inline_scripts(html).collect::<Vec<_>>(), ["\nlet a = 1 < 2;\n", "b"]);
        let empty_hash = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        assert!(
            policy("<script></script>", &FrameHosts::default())
                .contains(&format!("script-src 'self' 'wasm-unsafe-eval' 'sha256-{empty_hash}';"))
        );
    }

    #[test]
    fn the_citys_words_are_filled_in_and_escaped() {
        let html = "<b data-city=name>永州</b> <i data-city=\"hotline\" id=x>0</i> <b data-city=name></b>";
        assert_eq!(
            fill(&fill(html, "name", "<郴州>"), "hotline", "0735"),
            "<b data-city=name>&lt;郴州&gt;</b> <i data-city=\"hotline\" id=x>0735</i> <b data-city=name>&lt;郴州&gt;</b>"
        );
        assert_eq!(fill("<p>none</p>", "name", "x"), "<p>none</p>");
    }

    #[test]
    fn only_names_with_a_hash_are_kept_forever() {
        for (name, hashed) in [
            ("citizen-103c8a7d506eab3a_bg.wasm", true),
            ("base-beac7abfa8d6e805.css", true),
            ("icon-192.png", false),
            ("robots.txt", false),
            ("app.webmanifest", false),
        ] {
            assert_eq!(is_hashed(name), hashed, "{name}");
        }
    }
}
