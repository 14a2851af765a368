//! A city's own gateway: a signed webhook.
//!
//! # The protocol
//!
//! The city runs a service at `url`, by https. It and Yizhen share a secret of at least 32 characters.
//!
//! **Signature.** Every request, in both directions, has two headers: `X-Yizhen-Timestamp`, the seconds since 1970 in decimal digits, and
//! `X-Yizhen-Signature`, 64 hexadecimal digits: HMAC-SHA-256 with the secret over the timestamp, a full stop, and the body, byte for byte as it is
//! sent. A `GET` has no body: the message's id, as it stands in the address, takes its place. Whoever receives a request compares in constant time
//! and refuses it when the signature does not fit or the timestamp is more than 300 seconds away from their clock.
//!
//! **A message**: `POST {url}`, `Content-Type: application/json`:
//! ```json
//! {"id": "0193…", "kind": "reminder", "lang": "zh", "to": "13800138000", "text": "【…】…", "fields": {"name": "张*兰", …}, "at": "2026-11-23T09:00:00Z"}
//! ```
//! `id` names the message: **the same id again is the same message**, to be sent to the phone once, and answered as before. `text` is what the phone
//! shows; `fields` is the same in parts, for those who fill in templates of their own. `at` is when it was handed over. What is not known is ignored.
//!
//! | answer | means |
//! |---|---|
//! | 200, 201 or 202 with `{"reference": "…"}` (at most 64 characters; without it the id stands for it) | taken |
//! | 429, with `Retry-After` in seconds or without; `{"code": "…"}` | not now: too many. With `"about": "number"` in the body it is this number that has had too many |
//! | 503 with `{"code": "…"}` | not now: out of order, surely not taken |
//! | 400 or 422 with `{"code": "…"}` | refused, and will be: the number, the text |
//! | 401, 403, 404, 405, 410 | not now: something is set up wrongly |
//! | anything else, nothing, or a body that cannot be read | in doubt: it is asked |
//!
//! `code` is letters, digits, `.`, `_`, `-` and `:`, at most 64.
//!
//! **What became of it**: `GET {url}/{id}` is answered with 200 and `{"state": "delivered" | "failed" | "on_its_way" | "unknown", "code"?, "reference"?}`.
//! `unknown` (also with 404) says that no such message was taken, and that one that is on its way now will be taken under its id as if it were new.
//!
//! **Receipts**: the city's service sends `POST /gateways/{name}/receipts` to Yizhen, signed in the same way with the same secret, at most 256 KB:
//! ```json
//! {"receipts": [{"id": "0193…", "reference": "…", "to": "13800138000", "state": "delivered" | "failed", "code": "…"}]}
//! ```
//! `reference`, `to` and `code` may be left out. The answer to good ones is 200 `{"ok":true}`; until it comes they are sent again, and again is no harm.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::lang::Lang;
use domain::message::{MessageKind, fields_of};
use domain::time::Clock;
use domain::{DateTime, Utc, Uuid};
use serde::Deserialize;
use serde_json::json;

use super::secret::{Secret, is_mac, mac};
use super::wire::{Failed, Reply, Wire};
use super::{Gateway, GatewayLimits, Handed, Letter, PerNumber, Pushed, Receipt, ReceiptRefused, Told, code};

const TIMESTAMP: &str = "x-yizhen-timestamp";
const SIGNATURE: &str = "x-yizhen-signature";
/// Seconds that a request may be old, or ahead.
const FRESH_S: u64 = 300;
/// How long it is left alone where somebody has to put something right.
const TO_MEND: Duration = Duration::from_secs(600);

/// How much it takes, unless the settings say otherwise.
pub(super) fn limits() -> GatewayLimits {
    GatewayLimits { a_second: 200, at_once: 32, codes: PerNumber::default(), notices: PerNumber::default(), a_template_a_day: None }
}

/// A city's own gateway.
pub(super) struct Webhook {
    pub name: String,
    pub limits: GatewayLimits,
    pub wire: Wire,
    pub secret: Secret,
    pub clock: Arc<dyn Clock>,
}

impl core::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Webhook").field("name", &self.name).field("wire", &self.wire).finish_non_exhaustive()
    }
}

#[derive(Default, Deserialize)]
struct Answer {
    reference: Option<String>,
    code: Option<String>,
    about: Option<String>,
    state: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reports {
    receipts: Vec<Report>,
}

#[derive(Deserialize)]
struct Report {
    id: Uuid,
    reference: Option<String>,
    to: Option<String>,
    state: State,
    code: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Delivered,
    Failed,
}

#[async_trait]
impl Gateway for Webhook {
    fn name(&self) -> &str {
        &self.name
    }

    fn limits(&self) -> &GatewayLimits {
        &self.limits
    }

    fn takes(&self, _: MessageKind, _: Lang) -> bool {
        true
    }

    async fn send(&self, letter: &Letter) -> Handed {
        let now = self.clock.now();
        let told = fields_of(letter.kind);
        let values = letter.values.iter().filter(|(field, _)| told.contains(field));
        let fields: BTreeMap<&str, &str> = values.map(|(field, value)| (field.as_str(), value.as_str())).collect();
        let body = json!({
            "id": letter.id, "kind": letter.kind, "lang": letter.lang, "to": letter.to.as_str(), "text": letter.text, "fields": fields, "at": now,
        });
        let body = body.to_string();
        let call = self.wire.client.post(self.wire.url().clone()).header("content-type", "application/json");
        match self.call(call, body.as_bytes(), now).await {
            Ok(reply) => read_handed(&reply, letter.id),
            Err(failed) => failed.handed(),
        }
    }

    async fn ask(&self, letter: &Letter, _: DateTime<Utc>, reference: Option<&str>) -> Told {
        let mut url = self.wire.url().clone();
        let id = letter.id.to_string();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().push(&id);
        }
        let now = self.clock.now();
        let stamp = now.timestamp().to_string();
        let call = self.wire.client.get(url).header(TIMESTAMP, &stamp).header(SIGNATURE, self.sign(&stamp, id.as_bytes()));
        let Ok(reply) = self.wire.call(call).await else { return Told::NoAnswer };
        let Some(answer) = answer(&reply).filter(|_| matches!(reply.status, 200 | 404)) else { return Told::NoAnswer };
        match (reply.status, answer.state.as_deref()) {
            (200, Some("delivered")) => Told::Delivered,
            (200, Some("failed")) => Told::Failed { why: code(answer.code.as_deref().unwrap_or_default()) },
            (200, Some("on_its_way")) => Told::OnItsWay { reference: answer.reference.or_else(|| reference.map(str::to_owned)) },
            (_, Some("unknown")) => Told::Unknown,
            _ => Told::NoAnswer,
        }
    }

    fn receipts(&self, pushed: &Pushed) -> Result<Vec<Receipt>, ReceiptRefused> {
        let text = |name| pushed.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let (stamp, signature) = (text(TIMESTAMP), text(SIGNATURE));
        let signed = is_mac(self.secret.bytes(), &[stamp.as_bytes(), b".", pushed.body], signature);
        let fresh = stamp.parse().is_ok_and(|at: i64| pushed.now.timestamp().abs_diff(at) <= FRESH_S);
        // a path with a token is not one of ours
        if !signed || !fresh || pushed.token.is_some() {
            return Err(ReceiptRefused::NotVerified);
        }
        let reports: Reports = serde_json::from_slice(pushed.body).map_err(|_| ReceiptRefused::Unreadable)?;
        let receipt = |report: Report| Receipt {
            id: Some(report.id),
            reference: report.reference,
            to: report.to,
            delivered: matches!(report.state, State::Delivered),
            why: code(report.code.as_deref().unwrap_or_default()),
        };
        Ok(reports.receipts.into_iter().map(receipt).collect())
    }

    fn thanks(&self) -> &'static str {
        r#"{"ok":true}"#
    }
}

impl Webhook {
    fn sign(&self, stamp: &str, body: &[u8]) -> String {
        domain::work::hex(&mac(self.secret.bytes(), &[stamp.as_bytes(), b".", body]))
    }

    async fn call(&self, call: reqwest::RequestBuilder, body: &[u8], now: DateTime<Utc>) -> Result<Reply, Failed> {
        let stamp = now.timestamp().to_string();
        let signature = self.sign(&stamp, body);
        self.wire.call(call.header(TIMESTAMP, stamp).header(SIGNATURE, signature).body(body.to_vec())).await
    }
}

fn answer(reply: &Reply) -> Option<Answer> {
    serde_json::from_slice(&reply.body).ok()
}

fn read_handed(reply: &Reply, id: Uuid) -> Handed {
    let status = reply.status;
    let answer = answer(reply);
    let said = answer.as_ref().and_then(|answer| answer.code.as_deref()).map(code);
    let why = || said.clone().unwrap_or_else(|| format!("http-{status}"));
    match (status, &answer) {
        (200..=202, Some(answer)) => match answer.reference.clone().unwrap_or_else(|| id.to_string()) {
            reference if !reference.is_empty() && reference.len() <= 64 => Handed::Taken { reference },
            _ => Handed::InDoubt { why: "no-reference".into() },
        },
        (200..=202, None) => Handed::InDoubt { why: "unreadable".into() },
        (429, _) => {
            let down = answer.as_ref().is_none_or(|answer| answer.about.as_deref() != Some("number"));
            Handed::NotNow { why: why(), after: reply.after, down }
        }
        (503, _) if said.is_some() => Handed::NotNow { why: why(), after: reply.after, down: true },
        (400 | 422, _) if said.is_some() => Handed::Refused { why: why() },
        (401 | 403 | 404 | 405 | 410, _) => Handed::NotNow { why: why(), after: Some(TO_MEND), down: true },
        _ => Handed::InDoubt { why: why() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_answer_falls_into_its_class() {
        let id = Uuid::from_u128(7);
        let minute = Some(Duration::from_secs(60));
        let said = |status, body: &str| read_handed(&Reply { status, body: body.as_bytes().to_vec(), after: minute }, id);
        let taken = |reference: &str| Handed::Taken { reference: reference.into() };
        let not_now = |why: &str, after, down| Handed::NotNow { why: why.into(), after, down };
        let refused = |why: &str| Handed::Refused { why: why.into() };
        let doubt = |why: &str| Handed::InDoubt { why: why.into() };
        for (status, body, handed) in [
            (200, r#"{"reference":"c-1"}"#, taken("c-1")),
            (202, "{}", taken(&id.to_string())),
            (200, r#"{"reference":""}"#, doubt("no-reference")),
            (200, "OK", doubt("unreadable")),
            (204, "", doubt("http-204")),
            (429, "", not_now("http-429", minute, true)),
            (429, r#"{"code":"day","about":"number"}"#, not_now("day", minute, false)),
            (503, r#"{"code":"maintenance"}"#, not_now("maintenance", minute, true)),
            (503, "", doubt("http-503")),
            (400, r#"{"code":"number"}"#, refused("number")),
            (422, r#"{"code":"to 13800138000"}"#, refused("other")),
            (400, "<html>", doubt("http-400")),
            (401, "", not_now("http-401", Some(TO_MEND), true)),
            (404, "", not_now("http-404", Some(TO_MEND), true)),
            (500, "", doubt("http-500")),
            (502, r#"{"code":"upstream"}"#, doubt("upstream")),
            (302, "", doubt("http-302")),
        ] {
            assert_eq!(said(status, body), handed, "{status} {body}");
        }
    }
}
