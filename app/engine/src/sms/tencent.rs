//! Tencent (腾讯云短信): `SendSms` and `PullSmsSendStatusByPhoneNumber` of 2021-01-11, signed with TC3-HMAC-SHA256; receipts by its callback.
//!
//! Sources: cloud.tencent.com, "签名方法 v3" (382/52072), "发送短信" (382/55981), "拉取单个号码短信下发状态" (1359/55976), "错误码", "短信下发状态通知" (382/59178), "短信默认的频率限制"
//! (382/13303). `SendSms` is not idempotent: the same `SessionContext` twice is two messages. `ext` (our id) is in a receipt only where Tencent
//! has enabled it for the account; `sid` (what `SendSms` called `SerialNo`) always is.
//!
//! Its codes, as they are read here:
//! - *not now, this number*: `LimitExceeded.PhoneNumber…`, `LimitExceeded.DeliveryFrequencyLimit`;
//! - *not now, the gateway*: `RequestLimitExceeded…`, the other `LimitExceeded…` (caps of the app), `ServiceUnavailable`, and what holds for every
//!   message until somebody has put it right: `AuthFailure…`, `UnauthorizedOperation…`, no balance, another app's id, clock wrong;
//! - *in doubt*: `InternalError…`: `SendAndRecvFail` and `Timeout` are time-outs behind the gateway, and of the others it does not say either;
//! - *refused*: everything else: number, black list, template, signature, parameters.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use domain::lang::Lang;
use domain::message::MessageKind;
use domain::time::Clock;
use domain::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::secret::{Secret, mac, sha256_hex};
use super::template::Templates;
use super::wire::{Failed, Reply, Wire};
use super::{Gateway, GatewayLimits, Handed, Letter, PerNumber, Pushed, Receipt, ReceiptRefused, Told, code};

/// Where it is asked, unless the settings name another place.
pub(super) const URL: &str = "https://sms.tencentcloudapi.com";
/// The region, unless the settings name another one.
pub(super) const REGION: &str = "ap-guangzhou";
const SERVICE: &str = "sms";
const VERSION: &str = "2021-01-11";
const CONTENT_TYPE: &str = "application/json; charset=utf-8";
/// Entries that it gives at most.
const MOST: usize = 100;
/// Its clock may differ so much from ours.
const APART: TimeDelta = TimeDelta::minutes(5);
/// Older ones are not given.
const OLDEST: TimeDelta = TimeDelta::days(7);
/// How long it is left alone where somebody has to put something right.
const TO_MEND: Duration = Duration::from_secs(600);

/// How much it takes, unless the customer has another agreement: 3,000 calls a second; to a number 1 of the same text in 30 seconds and 10 a day, which
/// is the carriers' limit. (Its console starts with 2 a day since 2025: raise that before the first campaign.)
pub(super) fn limits() -> GatewayLimits {
    let number = PerNumber { a_minute: None, an_hour: None, a_day: Some(10) };
    GatewayLimits {
        a_second: 3000,
        at_once: 128,
        codes: PerNumber { a_minute: Some(2), an_hour: Some(5), ..number },
        notices: number,
        a_template_a_day: None,
    }
}

/// A customer of Tencent.
pub(super) struct Tencent {
    pub name: String,
    pub limits: GatewayLimits,
    pub wire: Wire,
    pub secret_id: String,
    pub secret_key: Secret,
    pub app_id: String,
    pub region: String,
    pub sign_name: String,
    pub templates: Templates,
    pub receipt_token: Secret,
    pub clock: Arc<dyn Clock>,
}

impl core::fmt::Debug for Tencent {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Tencent").field("name", &self.name).field("wire", &self.wire).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    response: Response,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Response {
    error: Option<Refusal>,
    send_status_set: Option<Vec<SendStatus>>,
    pull_sms_send_status_set: Option<Vec<PullStatus>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Refusal {
    code: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SendStatus {
    code: String,
    #[serde(default)]
    serial_no: String,
    #[serde(default)]
    phone_number: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PullStatus {
    #[serde(default)]
    serial_no: String,
    #[serde(default)]
    session_context: Option<String>,
    report_status: String,
    #[serde(default)]
    description: String,
}

#[derive(Deserialize)]
struct Report {
    mobile: Option<String>,
    report_status: String,
    #[serde(default)]
    errmsg: String,
    sid: String,
    ext: Option<String>,
}

#[async_trait]
impl Gateway for Tencent {
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
        let params: Vec<&str> = params.into_iter().map(|(_, value)| value).collect();
        let number = number(letter);
        let body = json!({
            "PhoneNumberSet": [number],
            "SmsSdkAppId": self.app_id,
            "SignName": self.sign_name,
            "TemplateId": template,
            "TemplateParamSet": params,
            "SessionContext": letter.id,
        });
        match self.call("SendSms", &body).await {
            Ok(reply) => read_handed(&reply, &number),
            Err(failed) => failed.handed(),
        }
    }

    async fn ask(&self, letter: &Letter, handed_at: DateTime<Utc>, reference: Option<&str>) -> Told {
        let now = self.clock.now();
        let since = (handed_at - APART).max(now - OLDEST);
        let body = json!({
            "BeginTime": since.timestamp(),
            "EndTime": (now + APART).timestamp(),
            "Offset": 0,
            "Limit": MOST,
            "PhoneNumber": number(letter),
            "SmsSdkAppId": self.app_id,
        });
        let Ok(reply) = self.call("PullSmsSendStatusByPhoneNumber", &body).await else { return Told::NoAnswer };
        let answer = serde_json::from_slice::<Answer>(&reply.body).ok().map(|answer| answer.response);
        match answer.and_then(|answer| answer.pull_sms_send_status_set) {
            Some(all) => sum_up(&all, &letter.id.to_string(), reference),
            None => Told::NoAnswer,
        }
    }

    fn receipts(&self, pushed: &Pushed) -> Result<Vec<Receipt>, ReceiptRefused> {
        let reports: Vec<Report> = pushed.reports(&self.receipt_token)?;
        let receipt = |report: Report| Receipt {
            id: report.ext.and_then(|id| id.parse().ok()),
            reference: Some(report.sid),
            to: report.mobile,
            delivered: report.report_status == "SUCCESS",
            why: code(&report.errmsg),
        };
        Ok(reports.into_iter().map(receipt).collect())
    }

    fn thanks(&self) -> &'static str {
        r#"{"result":0,"errmsg":"OK"}"#
    }
}

impl Tencent {
    async fn call(&self, action: &str, body: &Value) -> Result<Reply, Failed> {
        let (body, host, at) = (body.to_string(), self.wire.host(), self.clock.now());
        let lower = action.to_ascii_lowercase();
        let headers = [("content-type", CONTENT_TYPE), ("host", &host), ("x-tc-action", &lower)];
        let authorization = authorization(&self.secret_id, &self.secret_key, SERVICE, &headers, body.as_bytes(), at);
        let call = self
            .wire
            .client
            .post(self.wire.url().clone())
            .header("authorization", authorization)
            .header("content-type", CONTENT_TYPE)
            .header("x-tc-action", action)
            .header("x-tc-version", VERSION)
            .header("x-tc-region", &self.region)
            .header("x-tc-timestamp", at.timestamp().to_string())
            .body(body);
        self.wire.call(call).await
    }
}

/// The number as E.164 writes it.
fn number(letter: &Letter) -> String {
    format!("+86{}", letter.to.as_str())
}

/// The header `Authorization`. `headers`: those that are signed, by name.
fn authorization(id: &str, key: &Secret, service: &str, headers: &[(&str, &str)], body: &[u8], at: DateTime<Utc>) -> String {
    let signed = headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
    let lines: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let canonical = format!("POST\n/\n\n{lines}\n{signed}\n{}", sha256_hex(body));
    // the day of UTC, whatever the region
    let day = at.format("%Y-%m-%d").to_string();
    let scope = format!("{day}/{service}/tc3_request");
    let text = format!("TC3-HMAC-SHA256\n{}\n{scope}\n{}", at.timestamp(), sha256_hex(canonical.as_bytes()));
    let key = mac(&mac(&mac(&[b"TC3", key.bytes()].concat(), &[day.as_bytes()]), &[service.as_bytes()]), &[b"tc3_request"]);
    let signature = domain::work::hex(&mac(&key, &[text.as_bytes()]));
    format!("TC3-HMAC-SHA256 Credential={id}/{scope}, SignedHeaders={signed}, Signature={signature}")
}

fn read_handed(reply: &Reply, number: &str) -> Handed {
    let Ok(Answer { response }) = serde_json::from_slice::<Answer>(&reply.body) else {
        return reply.without_sense();
    };
    if let Some(refusal) = response.error {
        return class(&refusal.code);
    }
    match response.send_status_set.unwrap_or_default().as_slice() {
        [SendStatus { code, .. }] if code != "Ok" => class(code),
        [one] if one.phone_number == number && !one.serial_no.is_empty() && one.serial_no.len() <= 64 => {
            Handed::Taken { reference: one.serial_no.clone() }
        }
        _ => Handed::InDoubt { why: "no-reference".into() },
    }
}

/// What a refusal's code means.
fn class(said: &str) -> Handed {
    let why = code(said);
    let begins = |heads: &[&str]| heads.iter().any(|head| said.starts_with(head));
    let number = |seconds| Handed::NotNow { why: why.clone(), after: Some(Duration::from_secs(seconds)), down: false };
    let down = |after| Handed::NotNow { why: why.clone(), after, down: true };
    match said {
        "LimitExceeded.PhoneNumberThirtySecondLimit" => number(30),
        "LimitExceeded.DeliveryFrequencyLimit" => number(60),
        "LimitExceeded.PhoneNumberOneHourLimit" => number(3600),
        "LimitExceeded.PhoneNumberDailyLimit" | "LimitExceeded.PhoneNumberSameContentDailyLimit" => number(24 * 3600),
        // of one number that cannot be
        "LimitExceeded.PhoneNumberCountLimit" => Handed::Refused { why },
        "FailedOperation.InsufficientBalanceInSmsPackage"
        | "InvalidParameterValue.SdkAppIdNotExist"
        | "InvalidParameter.AppidAndBizId"
        | "InternalError.RequestTimeException"
        | "InternalError.RestApiInterfaceNotExist"
        | "InternalError.SigFieldMissing"
        | "InternalError.SigVerificationFail" => down(Some(TO_MEND)),
        "InternalError.JsonParseFail" => Handed::Refused { why },
        _ if begins(&["InternalError"]) => Handed::InDoubt { why },
        _ if begins(&["RequestLimitExceeded", "ServiceUnavailable", "ResourceUnavailable"]) => down(None),
        _ if begins(&["LimitExceeded"]) => down(Some(Duration::from_secs(3600))),
        _ if begins(&[
            "AuthFailure",
            "UnauthorizedOperation",
            "IpInBlacklist",
            "IpNotInWhitelist",
            "ActionOffline",
            "InvalidAction",
            "NoSuch",
        ]) =>
        {
            down(Some(TO_MEND))
        }
        _ => Handed::Refused { why },
    }
}

/// What became of a message. Entries appear when the carrier has answered, not before.
fn sum_up(all: &[PullStatus], id: &str, reference: Option<&str>) -> Told {
    let ours = |entry: &&PullStatus| match reference {
        Some(reference) => entry.serial_no == reference,
        None => entry.session_context.as_deref() == Some(id),
    };
    let nameless = |entry: &PullStatus| entry.session_context.as_deref().unwrap_or_default().is_empty();
    let found: Vec<_> = all.iter().filter(ours).collect();
    if found.iter().any(|entry| entry.report_status == "SUCCESS") {
        return Told::Delivered;
    }
    match (found.first(), reference) {
        (Some(entry), _) => Told::Failed { why: code(&entry.description) },
        // it has told us its number: so it has it
        (None, Some(reference)) => Told::OnItsWay { reference: Some(reference.to_owned()) },
        // one of those may be ours
        (None, None) if all.len() >= MOST || all.iter().any(nameless) => Told::NoAnswer,
        (None, None) => Told::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use zeroize::Zeroizing;

    /// The example `DescribeInstances` of "签名方法 v3" (cloud.tencent.com, 213/30654; tencentcloud.com, 614/42761).
    #[test]
    fn the_signature_is_that_of_tencents_example() {
        let key = Secret::new(Zeroizing::new("Gu5t9xGARNpq86cd98joQYCN3EXAMPLE".to_owned()));
        let body = br#"{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}"#;
        let headers = [("content-type", "application/json; charset=utf-8"), ("host", "cvm.tencentcloudapi.com")];
        let at = DateTime::from_timestamp(1_551_113_065, 0).expect("an instant");
        assert_eq!(
            authorization("AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE", &key, "cvm", &headers, body, at),
            "TC3-HMAC-SHA256 Credential=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE/2019-02-25/cvm/tc3_request, SignedHeaders=content-type;host, \
             Signature=72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168"
        );
    }

    #[test]
    fn each_code_falls_into_its_class() {
        let number = "+8613800138000";
        let said = |status, body: &str| read_handed(&Reply { status, body: body.as_bytes().to_vec(), after: None }, number);
        let of_message = |code: &str| {
            said(200, &json!({ "Response": { "SendStatusSet": [{ "SerialNo": "", "PhoneNumber": number, "Fee": 0, "SessionContext": "", "Code": code, "Message": number, "IsoCode": "CN" }], "RequestId": "R" } }).to_string())
        };
        let of_call = |code: &str| {
            said(200, &json!({ "Response": { "Error": { "Code": code, "Message": number }, "RequestId": "R" } }).to_string())
        };
        let taken = json!({ "Response": { "SendStatusSet": [{ "SerialNo": "5000:1045710669157053657849499619", "PhoneNumber": number, "Fee": 1, "SessionContext": "", "Code": "Ok", "Message": "send success", "IsoCode": "CN" }], "RequestId": "R" } });
        assert_eq!(said(200, &taken.to_string()), Handed::Taken { reference: "5000:1045710669157053657849499619".into() });
        for (code, seconds) in [
            ("LimitExceeded.PhoneNumberThirtySecondLimit", 30),
            ("LimitExceeded.PhoneNumberOneHourLimit", 3600),
            ("LimitExceeded.PhoneNumberDailyLimit", 86400),
        ] {
            let after = Some(Duration::from_secs(seconds));
            assert_eq!(of_message(code), Handed::NotNow { why: code.into(), after, down: false });
        }
        for code in [
            "RequestLimitExceeded",
            "RequestLimitExceeded.UinLimitExceeded",
            "LimitExceeded.AppMainlandChinaDailyLimit",
            "AuthFailure.SignatureFailure",
            "AuthFailure.SignatureExpire",
            "AuthFailure.SecretIdNotFound",
            "UnauthorizedOperation.RequestIpNotInWhitelist",
            "FailedOperation.InsufficientBalanceInSmsPackage",
            "InternalError.RequestTimeException",
        ] {
            for handed in [of_message(code), of_call(code)] {
                assert!(matches!(handed, Handed::NotNow { down: true, why, .. } if why == code), "{code}");
            }
        }
        for code in [
            "InvalidParameterValue.IncorrectPhoneNumber",
            "FailedOperation.PhoneNumberInBlacklist",
            "FailedOperation.TemplateIncorrectOrUnapproved",
            "FailedOperation.SignatureIncorrectOrUnapproved",
            "FailedOperation.TemplateParamSetNotMatchApprovedTemplate",
            "UnsupportedOperation.UnsupportedRegion",
        ] {
            assert_eq!(of_message(code), Handed::Refused { why: code.into() });
        }
        for code in ["InternalError", "InternalError.SendAndRecvFail", "InternalError.Timeout", "InternalError.UnknownError"] {
            assert_eq!(of_message(code), Handed::InDoubt { why: code.into() });
            assert_eq!(of_call(code), Handed::InDoubt { why: code.into() });
        }
        let somebody_elses = taken.to_string().replace("13800138000", "13900139000");
        for (status, body, why) in [
            (200, "", "unreadable"),
            (200, "{}", "unreadable"),
            (200, r#"{"Response":{"RequestId":"R"}}"#, "no-reference"),
            (200, r#"{"Response":{"SendStatusSet":[]}}"#, "no-reference"),
            (200, &somebody_elses, "no-reference"),
            (502, "<html>13800138000</html>", "http-502"),
        ] {
            assert_eq!(said(status, body), Handed::InDoubt { why: why.into() }, "{status} {body}");
        }
        assert!(matches!(said(429, ""), Handed::NotNow { down: true, .. }));
    }

    #[test]
    fn an_entry_without_our_id_may_be_ours_as_long_as_we_do_not_know_its_number() {
        let entry = |serial: &str, session: Option<&str>, report: &str| PullStatus {
            serial_no: serial.into(),
            session_context: session.map(str::to_owned),
            report_status: report.into(),
            description: "MK:0001".into(),
        };
        let failed = || Told::Failed { why: "MK:0001".into() };
        for (all, reference, told) in [
            (vec![], None, Told::Unknown),
            (vec![], Some("1"), Told::OnItsWay { reference: Some("1".into()) }),
            (vec![entry("1", Some("id"), "SUCCESS")], None, Told::Delivered),
            (vec![entry("1", Some("id"), "FAIL")], None, failed()),
            // sent twice, and one arrived
            (vec![entry("1", Some("id"), "FAIL"), entry("2", Some("id"), "SUCCESS")], None, Told::Delivered),
            (vec![entry("1", None, "FAIL")], Some("1"), failed()),
            (vec![entry("2", Some("id"), "SUCCESS")], Some("1"), Told::OnItsWay { reference: Some("1".into()) }),
            (vec![entry("2", Some("another"), "SUCCESS")], None, Told::Unknown),
            (vec![entry("2", None, "SUCCESS")], None, Told::NoAnswer),
            (vec![entry("2", Some(""), "FAIL")], None, Told::NoAnswer),
        ] {
            assert_eq!(sum_up(&all, "id", reference), told);
        }
    }
}
