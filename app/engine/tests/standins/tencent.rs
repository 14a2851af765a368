//! A stand-in of Tencent's SMS service, from cloud.tencent.com: TC3 signature, `SendSms`, `PullSmsSendStatusByPhoneNumber`, the callback.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, Uri};
use axum::routing::any;
use domain::time::Clock;
use domain::{DateTime, Utc};
use serde_json::{Value, json};

use super::door::Door;
use super::memory::{Accepted, Memory, Outcome};
use super::mode::{Moods, Words, answer, json as answer_json};
use super::post::{Forgery, Post, Push, Writes};
use super::{SECRET, SIGN_NAME, TOKEN, hex, hmac, is_mobile, sha256};

/// The customer's key.
pub const SECRET_ID: &str = "AKIDstandin";
/// The customer's app.
pub const APP_ID: &str = "1400006666";
/// Seconds that a date may be from the clock.
const FRESH_S: i64 = 300;

/// The stand-in.
pub struct TencentStandin {
    pub door: Door,
    /// How it answers `SendSms`, and `PullSmsSendStatusByPhoneNumber`.
    pub sends: Arc<Moods>,
    pub asks: Arc<Moods>,
    pub memory: Arc<Memory>,
    pub post: Arc<Post>,
    /// Whether receipts and what is pulled say our id (`ext`, `SessionContext`): Tencent enables it on request.
    pub tells_ids: Arc<AtomicBool>,
    name: String,
}

struct Desk {
    clock: Arc<dyn Clock>,
    /// How many parameters, by template.
    templates: HashMap<String, usize>,
    sends: Arc<Moods>,
    asks: Arc<Moods>,
    memory: Arc<Memory>,
    post: Arc<Post>,
    tells_ids: Arc<AtomicBool>,
}

impl TencentStandin {
    /// For a gateway of this name, with these templates and the count of their parameters.
    pub async fn start(name: &str, clock: Arc<dyn Clock>, templates: &[(&str, usize)]) -> Self {
        let (sends, asks, memory, post) = (Arc::default(), Arc::default(), Arc::<Memory>::default(), Arc::<Post>::default());
        let tells_ids = Arc::new(AtomicBool::new(true));
        let desk = Desk {
            clock,
            templates: templates.iter().map(|(id, count)| ((*id).to_owned(), *count)).collect(),
            sends: Arc::clone(&sends),
            asks: Arc::clone(&asks),
            memory: memory.clone(),
            post: post.clone(),
            tells_ids: tells_ids.clone(),
        };
        let door = Door::open(Router::new().fallback(any(call)).with_state(Arc::new(desk))).await;
        post.carry(&memory, Writer { name: name.to_owned(), tells_ids: tells_ids.clone() });
        Self { door, sends, asks, memory, post, tells_ids, name: name.to_owned() }
    }

    /// Its part of a gateways file, without templates. Its secrets are in these variables or files, as `how` says: `env`, `file`.
    pub fn settings(&self, how: &str, secret: &str, token: &str) -> String {
        format!(
            "[[gateway]]\nkind = \"tencent\"\nname = \"{}\"\nurl = \"{}\"\ntimeout_s = 1\nsecret_id = \"{SECRET_ID}\"\nsecret_key_{how} = \"{secret}\"\n\
             app_id = \"{APP_ID}\"\nsign_name = \"{SIGN_NAME}\"\nreceipt_token_{how} = \"{token}\"\n",
            self.name,
            self.door.url(),
        )
    }

    /// Pushes receipts now, and says what was answered.
    pub async fn push(&self, to: &str, about: &[Accepted], forgery: Option<&Forgery>) -> Option<(u16, Value)> {
        let about: Vec<_> = about.iter().map(|one| forgery.map_or_else(|| one.clone(), |forgery| forgery.of(one))).collect();
        self.post.send(to, self.writer().push(&about, forgery)).await
    }

    /// A push, as it would be sent.
    pub fn write(&self, about: &[Accepted]) -> Push {
        self.writer().push(about, None)
    }

    fn writer(&self) -> Writer {
        Writer { name: self.name.clone(), tells_ids: self.tells_ids.clone() }
    }
}

async fn call(State(desk): State<Arc<Desk>>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response<Body> {
    let (action, body) = match desk.verify(&method, &uri, &headers, &body) {
        Ok(asked) => asked,
        Err(code) => {
            desk.memory.refuse(code);
            return answer_json(error(code));
        }
    };
    let number = body["PhoneNumberSet"][0].as_str().unwrap_or_default().to_owned();
    let words = Words {
        throttled: error("RequestLimitExceeded"),
        number_limit: status("LimitExceeded.PhoneNumberOneHourLimit", &number),
        refused: error,
    };
    if action == "SendSms" {
        match desk.read(&body) {
            Ok(message) => answer(desk.sends.draw(), words, || desk.take(message)).await,
            Err(code) => {
                desk.memory.refuse(code);
                answer_json(status(code, &number))
            }
        }
    } else {
        answer(desk.asks.draw(), words, || desk.tell(&body)).await
    }
}

impl Desk {
    /// Who asks, when, and for what.
    fn verify(&self, method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Result<(String, Value), &'static str> {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        let authorization = header("authorization");
        let fields = authorization.strip_prefix("TC3-HMAC-SHA256 ").ok_or("AuthFailure.InvalidAuthorization")?;
        let field =
            |name: &str| fields.split(", ").find_map(|field| field.strip_prefix(name)?.strip_prefix('=')).unwrap_or_default();
        let stamp: i64 = header("x-tc-timestamp").parse().map_err(|_| "AuthFailure.SignatureExpire")?;
        let day = DateTime::<Utc>::from_timestamp(stamp, 0).ok_or("AuthFailure.SignatureExpire")?.format("%Y-%m-%d").to_string();
        let scope = format!("{day}/sms/tc3_request");
        let (id, told_scope) = field("Credential").split_once('/').ok_or("AuthFailure.InvalidAuthorization")?;
        if id != SECRET_ID {
            return Err("AuthFailure.SecretIdNotFound");
        }
        let signed: Vec<&str> = field("SignedHeaders").split(';').collect();
        if !signed.is_sorted() || !["content-type", "host"].iter().all(|name| signed.contains(name)) {
            return Err("AuthFailure.InvalidAuthorization");
        }
        let line = |name: &&str| format!("{}:{}\n", name, header(name).trim().to_lowercase());
        let lines: String = signed.iter().map(line).collect();
        let canonical =
            [method.as_str(), uri.path(), uri.query().unwrap_or_default(), &lines, field("SignedHeaders"), &sha256(body)]
                .join("\n");
        let text = format!("TC3-HMAC-SHA256\n{stamp}\n{scope}\n{}", sha256(canonical.as_bytes()));
        let date_key = hmac(format!("TC3{SECRET}").as_bytes(), day.as_bytes());
        let key = hmac(&hmac(&date_key, b"sms"), b"tc3_request");
        if told_scope != scope || field("Signature") != hex(&hmac(&key, text.as_bytes())) {
            return Err("AuthFailure.SignatureFailure");
        }
        if (self.clock.now().timestamp() - stamp).abs() > FRESH_S {
            return Err("AuthFailure.SignatureExpire");
        }
        if header("x-tc-version") != "2021-01-11" {
            return Err("NoSuchVersion");
        }
        if header("x-tc-region").is_empty() {
            return Err("MissingParameter");
        }
        let action = header("x-tc-action");
        if !["SendSms", "PullSmsSendStatusByPhoneNumber"].contains(&action.as_str()) {
            return Err("InvalidAction");
        }
        let body: Value = serde_json::from_slice(body).map_err(|_| "InvalidParameter")?;
        if body["SmsSdkAppId"] != APP_ID { Err("InvalidParameterValue.SdkAppIdNotExist") } else { Ok((action, body)) }
    }

    /// A message whose number, signature, template and parameters are in order.
    fn read(&self, body: &Value) -> Result<Accepted, &'static str> {
        let numbers =
            body["PhoneNumberSet"].as_array().filter(|all| all.len() == 1).ok_or("MissingParameter.EmptyPhoneNumberSet")?;
        let to = numbers[0].as_str().and_then(|number| number.strip_prefix("+86")).filter(|number| is_mobile(number));
        let to = to.ok_or("InvalidParameterValue.IncorrectPhoneNumber")?;
        if body["SignName"] != SIGN_NAME {
            return Err("FailedOperation.SignatureIncorrectOrUnapproved");
        }
        let template = body["TemplateId"].as_str().unwrap_or_default();
        let count = self.templates.get(template).ok_or("FailedOperation.TemplateUnapprovedOrNotExist")?;
        let params = body["TemplateParamSet"].as_array().filter(|all| all.len() == *count);
        let params = params.ok_or("FailedOperation.TemplateParamSetNotMatchApprovedTemplate")?;
        let mut given = Vec::new();
        for (place, param) in (1..).zip(params) {
            let param =
                param.as_str().filter(|param| !param.is_empty()).ok_or("InvalidParameterValue.TemplateParameterFormatError")?;
            if param.chars().count() > 100 {
                return Err("InvalidParameterValue.TemplateParameterLengthLimit");
            }
            given.push((place.to_string(), param.to_owned()));
        }
        let id = body["SessionContext"].as_str().filter(|id| !id.is_empty()).ok_or("InvalidParameter.InvalidParameters")?;
        Ok(Accepted {
            id: id.to_owned(),
            to: to.to_owned(),
            reference: String::new(),
            template: template.to_owned(),
            params: given,
            at: self.clock.now(),
            outcome: Outcome::Waiting,
        })
    }

    fn take(&self, message: Accepted) -> (u16, String) {
        let accepted = self.memory.accept(|number| Accepted { reference: format!("5000:104571066915705{number:08}"), ..message });
        self.post.accepted(&accepted);
        let status = json!({
            "SerialNo": accepted.reference, "PhoneNumber": format!("+86{}", accepted.to), "Fee": 1, "SessionContext": accepted.id,
            "Code": "Ok", "Message": "send success", "IsoCode": "CN",
        });
        (200, json!({ "Response": { "SendStatusSet": [status], "RequestId": "a0aabda6" } }).to_string())
    }

    fn tell(&self, body: &Value) -> (u16, String) {
        let (since, number) =
            (body["BeginTime"].as_i64(), body["PhoneNumber"].as_str().and_then(|number| number.strip_prefix("+86")));
        let (Some(since), Some(number), Some(0), Some(limit @ 1..=100)) =
            (since, number, body["Offset"].as_u64(), body["Limit"].as_u64())
        else {
            return error("InvalidParameter");
        };
        if self.clock.now().timestamp() - since > 7 * 24 * 3600 {
            return error("InvalidParameterValue.BeginTimeVerifyFail");
        }
        let entry = |one: Accepted| {
            // there is an entry when the carrier has answered, and not before
            let (report, description) = match one.outcome {
                Outcome::Waiting => return None,
                Outcome::Arrived => ("SUCCESS", "DELIVRD"),
                Outcome::Lost(code) => ("FAIL", code),
            };
            let id = if self.tells_ids.load(Ordering::Relaxed) { one.id.as_str() } else { "" };
            Some(json!({
                "UserReceiveTime": one.at.timestamp(), "CountryCode": "86", "SubscriberNumber": one.to, "PhoneNumber": format!("+86{}", one.to),
                "SerialNo": one.reference, "ReportStatus": report, "Description": description, "SessionContext": id,
            }))
        };
        let fits = |one: &Accepted| one.to == number && one.at.timestamp() >= since;
        let limit = usize::try_from(limit).expect("small");
        let all: Vec<_> = self.memory.accepted().into_iter().filter(fits).filter_map(entry).take(limit).collect();
        (200, json!({ "Response": { "PullSmsSendStatusSet": all, "RequestId": "R" } }).to_string())
    }
}

struct Writer {
    name: String,
    tells_ids: Arc<AtomicBool>,
}

impl Writes for Writer {
    fn push(&self, about: &[Accepted], forgery: Option<&Forgery>) -> Push {
        let report = |one: &Accepted| {
            let (status, code) = match one.outcome {
                Outcome::Arrived | Outcome::Waiting => ("SUCCESS", "DELIVRD"),
                Outcome::Lost(code) => ("FAIL", code),
            };
            let mut report = json!({
                "user_receive_time": "2015-10-17 08:03:04", "nationcode": "86", "mobile": one.to, "report_status": status,
                "errmsg": code, "description": "用户短信送达成功", "sid": one.reference,
            });
            if self.tells_ids.load(Ordering::Relaxed) {
                report["ext"] = one.id.as_str().into();
            }
            report
        };
        let token = if forgery == Some(&Forgery::Token) { "not-the-token-but-as-long-as-a-good-one" } else { TOKEN };
        let body = about.iter().map(report).collect::<Value>().to_string();
        Push { path: format!("/gateways/{}/receipts/{token}", self.name), headers: vec![], body }
    }
}

/// The call is refused: always with the status 200.
fn error(code: &str) -> (u16, String) {
    (200, json!({ "Response": { "Error": { "Code": code, "Message": "refused" }, "RequestId": "R" } }).to_string())
}

/// The message is refused.
fn status(code: &str, number: &str) -> (u16, String) {
    let status = json!({ "SerialNo": "", "PhoneNumber": number, "Fee": 0, "SessionContext": "", "Code": code, "Message": "refused", "IsoCode": "CN" });
    (200, json!({ "Response": { "SendStatusSet": [status], "RequestId": "R" } }).to_string())
}
