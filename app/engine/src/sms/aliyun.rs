//! Aliyun (阿里云短信服务): `SendSms` and `QuerySendDetails` of 2017-05-25, RPC style, signed with ACS3-HMAC-SHA256; receipts by `SmsReport`.
//!
//! Sources: help.aliyun.com, "V3 版本请求体&签名机制", "SendSms", "QuerySendDetails", "SmsReport", "国内消息API错误码" (101346), "什么是短信发送流控限制"
//! (2881383). `SendSms` is not idempotent: the same `OutId` twice is two messages.
//!
//! Its codes, as they are read here:
//! - *not now, this number*: `isv.BUSINESS_LIMIT_CONTROL` (its words tell minute, hour or day);
//! - *not now, the gateway*: `Throttling…`, `ServiceUnavailable`, `isp.…` (its own fault), `isv.DAY_LIMIT_CONTROL`, `isv.MONTH_LIMIT_CONTROL` (caps that
//!   the customer has set), and what holds for every message until somebody has put it right: no balance, service not ordered, keys or
//!   rights or address not accepted, clock wrong;
//! - *in doubt*: `SignatureNonceUsed` (somebody on the way sent the request twice, and the first may have been taken), `InternalError`, `isp.UNKNOWN`;
//! - *refused*: every other `isv.…`: number, template, signature, parameters, contents.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{NaiveDate, TimeDelta};
use domain::lang::Lang;
use domain::message::MessageKind;
use domain::time::{Clock, civil};
use domain::{DateTime, Utc};
use serde::Deserialize;

use super::secret::{Secret, mac, sha256_hex};
use super::template::Templates;
use super::wire::{Failed, Reply, Wire};
use super::{Gateway, GatewayLimits, Handed, Letter, PerNumber, Pushed, Receipt, ReceiptRefused, Told, code};
use crate::entropy::Entropy;

/// Where it is asked, unless the settings name another place.
pub(super) const URL: &str = "https://dysmsapi.aliyuncs.com";
const VERSION: &str = "2017-05-25";
/// Messages of a page of `QuerySendDetails`; it gives no more.
const A_PAGE: usize = 50;
/// Pages that are looked through: a number gets some dozens of messages a day.
const PAGES: usize = 4;
/// So near to midnight the day at Aliyun may be another one than ours.
const NEAR: TimeDelta = TimeDelta::minutes(15);
/// How long it is left alone where somebody has to put something right.
const TO_MEND: Duration = Duration::from_secs(600);

/// How much it takes, unless the customer has another agreement: 5,000 calls a second; codes to a number 1 a minute, 5 an hour, 10 a day; notices
/// of a template to a number 50 a day.
pub(super) fn limits() -> GatewayLimits {
    GatewayLimits {
        a_second: 5000,
        at_once: 128,
        codes: PerNumber { a_minute: Some(1), an_hour: Some(5), a_day: Some(10) },
        notices: PerNumber::default(),
        a_template_a_day: Some(50),
    }
}

/// A customer of Aliyun.
pub(super) struct Aliyun {
    pub name: String,
    pub limits: GatewayLimits,
    pub wire: Wire,
    pub access_key_id: String,
    pub access_key_secret: Secret,
    pub sign_name: String,
    pub templates: Templates,
    pub receipt_token: Secret,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
}

impl core::fmt::Debug for Aliyun {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Aliyun").field("name", &self.name).field("wire", &self.wire).finish_non_exhaustive()
    }
}

/// An answer; what there is of it depends on the call.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    code: String,
    #[serde(default)]
    message: String,
    biz_id: Option<String>,
    #[serde(rename = "SmsSendDetailDTOs")]
    details: Option<Details>,
}

#[derive(Deserialize)]
struct Details {
    #[serde(rename = "SmsSendDetailDTO", default)]
    all: Vec<Detail>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Detail {
    out_id: Option<String>,
    #[serde(default)]
    send_status: i64,
    #[serde(default)]
    err_code: String,
}

#[derive(Deserialize)]
struct Report {
    phone_number: Option<String>,
    success: bool,
    #[serde(default)]
    err_code: String,
    biz_id: String,
    out_id: Option<String>,
}

#[async_trait]
impl Gateway for Aliyun {
    fn name(&self) -> &str {
        &self.name
    }

    fn limits(&self) -> &GatewayLimits {
        &self.limits
    }

    fn takes(&self, kind: MessageKind, lang: Lang) -> bool {
        self.templates.has(kind, lang)
    }

    async fn send(&self, letter: &Letter) -> Handed {
        let Some((template, params)) = self.templates.of(letter) else { return Handed::Refused { why: "no-template".into() } };
        let params: BTreeMap<&str, &str> = params.into_iter().collect();
        let Ok(params) = serde_json::to_string(&params) else { return Handed::Refused { why: "parameters".into() } };
        let id = letter.id.to_string();
        let query = [
            ("OutId", id.as_str()),
            ("PhoneNumbers", letter.to.as_str()),
            ("SignName", &self.sign_name),
            ("TemplateCode", template),
            ("TemplateParam", &params),
        ];
        match self.call("SendSms", &query).await {
            Ok(reply) => read_handed(&reply),
            Err(failed) => failed.handed(),
        }
    }

    async fn ask(&self, letter: &Letter, handed_at: DateTime<Utc>, reference: Option<&str>) -> Told {
        let mut told = Told::Unknown;
        for day in days(handed_at) {
            told = self.ask_of(letter, day, reference).await;
            if told != Told::Unknown {
                break;
            }
        }
        told
    }

    fn receipts(&self, pushed: &Pushed) -> Result<Vec<Receipt>, ReceiptRefused> {
        let reports: Vec<Report> = pushed.reports(&self.receipt_token)?;
        let receipt = |report: Report| Receipt {
            id: report.out_id.and_then(|id| id.parse().ok()),
            reference: Some(report.biz_id),
            to: report.phone_number,
            delivered: report.success,
            why: code(&report.err_code),
        };
        Ok(reports.into_iter().map(receipt).collect())
    }

    fn thanks(&self) -> &'static str {
        r#"{"code":0,"msg":"接收成功"}"#
    }
}

impl Aliyun {
    /// What became of a message of this day.
    async fn ask_of(&self, letter: &Letter, day: NaiveDate, reference: Option<&str>) -> Told {
        let (day, id) = (day.format("%Y%m%d").to_string(), letter.id.to_string());
        let mut found = Vec::new();
        for page in 1..=PAGES {
            let (page, size) = (page.to_string(), A_PAGE.to_string());
            let mut query =
                vec![("CurrentPage", page.as_str()), ("PageSize", &size), ("PhoneNumber", letter.to.as_str()), ("SendDate", &day)];
            query.extend(reference.map(|reference| ("BizId", reference)));
            let Ok(reply) = self.call("QuerySendDetails", &query).await else { return Told::NoAnswer };
            let Ok(answer) = serde_json::from_slice::<Answer>(&reply.body) else { return Told::NoAnswer };
            if answer.code != "OK" {
                return Told::NoAnswer;
            }
            let all = answer.details.map(|details| details.all).unwrap_or_default();
            let last = all.len() < A_PAGE;
            found.extend(all.into_iter().filter(|detail| detail.out_id.as_deref() == Some(&id)));
            if last {
                return sum_up(&found, reference);
            }
        }
        // of so many messages to one number ours may be one that was not looked at
        match sum_up(&found, reference) {
            Told::Unknown => Told::NoAnswer,
            told => told,
        }
    }

    async fn call(&self, action: &str, query: &[(&str, &str)]) -> Result<Reply, Failed> {
        let query = canonical_query(query);
        let nonce = domain::work::hex(&(*self.entropy).bytes::<16>());
        let request = Request {
            action,
            version: VERSION,
            host: &self.wire.host(),
            query: &query,
            body: b"",
            at: self.clock.now(),
            nonce: &nonce,
        };
        let mut url = self.wire.url().clone();
        url.set_query(Some(&query));
        let authorization = request.authorization(&self.access_key_id, &self.access_key_secret);
        let call = self
            .wire
            .client
            .post(url)
            .header("x-acs-action", action)
            .header("x-acs-version", VERSION)
            .header("x-acs-date", request.date())
            .header("x-acs-signature-nonce", &nonce)
            .header("x-acs-content-sha256", sha256_hex(request.body))
            .header("authorization", authorization);
        self.wire.call(call).await
    }
}

/// The days on which Aliyun may have counted a message that was handed over then.
fn days(handed_at: DateTime<Utc>) -> Vec<NaiveDate> {
    let mut days = vec![civil(handed_at).date(), civil(handed_at - NEAR).date(), civil(handed_at + NEAR).date()];
    // the days beside it are its own at noon, and one of them is another at midnight
    days.dedup();
    days.truncate(2);
    days
}

/// What became of a message of which there are these entries: more than one where it was sent more than once.
fn sum_up(found: &[Detail], reference: Option<&str>) -> Told {
    // 1: waiting for the carrier, 2: failed, 3: arrived
    if found.iter().any(|detail| detail.send_status == 3) {
        return Told::Delivered;
    }
    match found.iter().find(|detail| detail.send_status != 2).or(found.first()) {
        None => Told::Unknown,
        Some(detail) if detail.send_status == 2 => Told::Failed { why: code(&detail.err_code) },
        Some(_) => Told::OnItsWay { reference: reference.map(str::to_owned) },
    }
}

fn read_handed(reply: &Reply) -> Handed {
    let Ok(answer) = serde_json::from_slice::<Answer>(&reply.body) else {
        return reply.without_sense();
    };
    if answer.code == "OK" {
        return match answer.biz_id.filter(|id| !id.is_empty() && id.len() <= 64) {
            Some(reference) => Handed::Taken { reference },
            None => Handed::InDoubt { why: "no-reference".into() },
        };
    }
    class(&answer.code, &answer.message, reply)
}

/// What a refusal's code means.
fn class(said: &str, words: &str, reply: &Reply) -> Handed {
    let why = code(said);
    let begins = |heads: &[&str]| heads.iter().any(|head| said.starts_with(head));
    let down = |after: Option<Duration>| Handed::NotNow { why: why.clone(), after: reply.after.or(after), down: true };
    match said {
        "isv.BUSINESS_LIMIT_CONTROL" => Handed::NotNow { why, after: Some(limit_lasts(words)), down: false },
        "isv.DAY_LIMIT_CONTROL" | "isv.MONTH_LIMIT_CONTROL" => down(Some(Duration::from_secs(3600))),
        "isv.OUT_OF_SERVICE"
        | "isv.AMOUNT_NOT_ENOUGH"
        | "isv.PRODUCT_UN_SUBSCRIPT"
        | "isv.PRODUCT_UNSUBSCRIBE"
        | "isv.ACCOUNT_NOT_EXISTS"
        | "isv.ACCOUNT_ABNORMAL"
        | "isv.DENY_IP_RANGE"
        | "isp.RAM_PERMISSION_DENY" => down(Some(TO_MEND)),
        "SignatureNonceUsed" | "isp.UNKNOWN" => Handed::InDoubt { why },
        _ if begins(&["Throttling", "ServiceUnavailable", "isp."]) => down(None),
        _ if begins(&[
            "InvalidAccessKeyId",
            "Signature",
            "IncompleteSignature",
            "InvalidTimeStamp",
            "Forbidden",
            "NoPermission",
            "InactiveAccessKey",
        ]) =>
        {
            down(Some(TO_MEND))
        }
        _ if begins(&["isv."]) => Handed::Refused { why },
        _ if reply.status >= 500 || begins(&["InternalError", "UnknownError"]) => Handed::InDoubt { why },
        _ if reply.status == 429 => down(None),
        _ => Handed::Refused { why },
    }
}

/// How long a number's limit lasts: 触发分钟级流控Permits:1, 触发小时级流控Permits:5, 触发天级流控Permits:10.
fn limit_lasts(words: &str) -> Duration {
    let levels = [("分钟", 60), ("天", 24 * 3600)];
    Duration::from_secs(levels.iter().find(|(level, _)| words.contains(level)).map_or(3600, |(_, seconds)| *seconds))
}

/// A query in the canonical form: sorted by name, everything but `A-Z a-z 0-9 - _ . ~` as `%XY`.
fn canonical_query(pairs: &[(&str, &str)]) -> String {
    let mut pairs: Vec<_> = pairs.iter().map(|(name, value)| (encode(name), encode(value))).collect();
    pairs.sort_unstable();
    let pairs: Vec<_> = pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

fn encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// What is signed.
struct Request<'a> {
    action: &'a str,
    version: &'a str,
    host: &'a str,
    query: &'a str,
    body: &'a [u8],
    at: DateTime<Utc>,
    nonce: &'a str,
}

impl Request<'_> {
    fn date(&self) -> String {
        self.at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// The header `Authorization`.
    fn authorization(&self, key_id: &str, secret: &Secret) -> String {
        let hash = sha256_hex(self.body);
        let headers = [
            ("host", self.host),
            ("x-acs-action", self.action),
            ("x-acs-content-sha256", &hash),
            ("x-acs-date", &self.date()),
            ("x-acs-signature-nonce", self.nonce),
            ("x-acs-version", self.version),
        ];
        let signed = headers.map(|(name, _)| name).join(";");
        let lines: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        let canonical = format!("POST\n/\n{}\n{lines}\n{signed}\n{hash}", self.query);
        let text = format!("ACS3-HMAC-SHA256\n{}", sha256_hex(canonical.as_bytes()));
        let signature = domain::work::hex(&mac(secret.bytes(), &[text.as_bytes()]));
        format!("ACS3-HMAC-SHA256 Credential={key_id},SignedHeaders={signed},Signature={signature}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use zeroize::Zeroizing;

    /// "固定参数示例" of "V3 版本请求体&签名机制" (help.aliyun.com, sdk/product-overview/v3-request-structure-and-signature).
    #[test]
    fn the_signature_is_that_of_aliyuns_example() {
        let query =
            canonical_query(&[("RegionId", "cn-shanghai"), ("ImageId", "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd")]);
        let request = Request {
            action: "RunInstances",
            version: "2014-05-26",
            host: "ecs.cn-shanghai.aliyuncs.com",
            query: &query,
            body: b"",
            at: "2023-10-26T10:22:32Z".parse().expect("an instant"),
            nonce: "3156853299f313e23d1673dc12e1703d",
        };
        let secret = Secret::new(Zeroizing::new("YourAccessKeySecret".to_owned()));
        assert_eq!(
            request.authorization("YourAccessKeyId", &secret),
            "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,\
             SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,\
             Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
        );
    }

    #[test]
    fn a_query_is_sorted_and_encoded_as_rfc_3986_has_it() {
        let query = canonical_query(&[("b", "a b*~"), ("a", "{\"名\":\"+\"}")]);
        assert_eq!(query, "a=%7B%22%E5%90%8D%22%3A%22%2B%22%7D&b=a%20b%2A~");
    }

    #[test]
    fn each_code_falls_into_its_class() {
        let said = |status, body: &str| read_handed(&Reply { status, body: body.as_bytes().to_vec(), after: None });
        let refusal =
            |status, code: &str, words: &str| said(status, &format!(r#"{{"Code":"{code}","Message":"{words}","RequestId":"R"}}"#));
        assert_eq!(
            said(200, r#"{"Code":"OK","Message":"OK","BizId":"900619746936498440^0"}"#),
            Handed::Taken { reference: "900619746936498440^0".into() }
        );
        for (words, seconds) in
            [("触发分钟级流控Permits:1", 60), ("触发小时级流控Permits:5", 3600), ("触发天级流控Permits:10", 86400)]
        {
            let after = Some(Duration::from_secs(seconds));
            let limit = Handed::NotNow { why: "isv.BUSINESS_LIMIT_CONTROL".into(), after, down: false };
            assert_eq!(refusal(200, "isv.BUSINESS_LIMIT_CONTROL", words), limit);
        }
        for (status, code) in [
            (200, "isv.AMOUNT_NOT_ENOUGH"),
            (200, "isv.OUT_OF_SERVICE"),
            (200, "isv.DAY_LIMIT_CONTROL"),
            (200, "isp.RAM_PERMISSION_DENY"),
            (200, "isp.SYSTEM_ERROR"),
            (400, "Throttling.User"),
            (429, "Throttling"),
            (503, "ServiceUnavailable"),
            (400, "SignatureDoesNotMatch"),
            (404, "InvalidAccessKeyId.NotFound"),
            (400, "InvalidTimeStamp.Expired"),
            (403, "Forbidden.RAM"),
        ] {
            assert!(matches!(refusal(status, code, ""), Handed::NotNow { down: true, why, .. } if why == code), "{code}");
        }
        for code in [
            "isv.MOBILE_NUMBER_ILLEGAL",
            "isv.SMS_TEMPLATE_ILLEGAL",
            "isv.SMS_SIGNATURE_ILLEGAL",
            "isv.TEMPLATE_MISSING_PARAMETERS",
            "MissingPhoneNumbers",
        ] {
            assert_eq!(refusal(400, code, "13800138000"), Handed::Refused { why: code.into() });
        }
        for (status, code) in [(400, "SignatureNonceUsed"), (500, "InternalError"), (200, "isp.UNKNOWN"), (500, "Whatever")] {
            assert_eq!(refusal(status, code, ""), Handed::InDoubt { why: code.into() });
        }
        for (status, body, why) in [
            (200, "", "unreadable"),
            (200, "<html>", "unreadable"),
            (200, r#"{"Code":"OK"}"#, "no-reference"),
            (500, "", "http-500"),
            (502, "<html>13800138000</html>", "http-502"),
            (503, "", "http-503"),
            (504, r#"{"Message":"x"}"#, "http-504"),
            (302, "", "http-302"),
        ] {
            assert_eq!(said(status, body), Handed::InDoubt { why: why.into() }, "{status} {body}");
        }
        assert!(matches!(said(429, "slow down"), Handed::NotNow { down: true, .. }));
    }

    #[test]
    fn around_midnight_both_days_are_looked_at() {
        let days = |at: &str| days(at.parse().expect("an instant")).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(days("2024-02-29T12:00:00+08:00"), ["2024-02-29"]);
        assert_eq!(days("2024-02-29T23:59:59+08:00"), ["2024-02-29", "2024-03-01"]);
        assert_eq!(days("2024-03-01T00:00:30+08:00"), ["2024-03-01", "2024-02-29"]);
    }
}
