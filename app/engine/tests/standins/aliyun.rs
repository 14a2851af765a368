//! A stand-in of Aliyun's SMS service, from help.aliyun.com: V3 signature, `SendSms`, `QuerySendDetails`, `SmsReport`.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, Uri};
use axum::routing::any;
use chrono::{FixedOffset, NaiveDateTime, TimeDelta};
use domain::time::Clock;
use domain::{DateTime, Utc};
use serde_json::{Value, json};

use super::door::Door;
use super::memory::{Accepted, Memory, Outcome};
use super::mode::{Moods, Words, answer, json as answer_json};
use super::post::{Forgery, Post, Push, Writes};
use super::{SECRET, SIGN_NAME, TOKEN, hex, hmac, is_mobile, sha256};

/// The customer's key.
pub const KEY_ID: &str = "LTAIstandin";
/// How far a date may be from the clock.
const FRESH: TimeDelta = TimeDelta::minutes(15);
/// Characters of the longest parameter.
const LONGEST: usize = 100;

/// The stand-in.
pub struct AliyunStandin {
    pub door: Door,
    /// How it answers `SendSms`, and `QuerySendDetails`.
    pub sends: Arc<Moods>,
    pub asks: Arc<Moods>,
    pub memory: Arc<Memory>,
    pub post: Arc<Post>,
    name: String,
}

struct Desk {
    clock: Arc<dyn Clock>,
    /// Parameters by template.
    templates: HashMap<String, Vec<String>>,
    nonces: Mutex<HashSet<String>>,
    sends: Arc<Moods>,
    asks: Arc<Moods>,
    memory: Arc<Memory>,
    post: Arc<Post>,
}

/// A refusal: status, code, words.
type Refused = (u16, &'static str, &'static str);

impl AliyunStandin {
    /// For a gateway of this name, with these templates and the names of their parameters.
    pub async fn start(name: &str, clock: Arc<dyn Clock>, templates: &[(&str, &[&str])]) -> Self {
        let (sends, asks, memory, post) = (Arc::default(), Arc::default(), Arc::<Memory>::default(), Arc::<Post>::default());
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let templates = templates.iter().map(|(id, params)| ((*id).to_owned(), names(params))).collect();
        let desk = Desk {
            clock,
            templates,
            nonces: Mutex::default(),
            sends: Arc::clone(&sends),
            asks: Arc::clone(&asks),
            memory: memory.clone(),
            post: post.clone(),
        };
        let door = Door::open(Router::new().fallback(any(call)).with_state(Arc::new(desk))).await;
        post.carry(&memory, Writer { name: name.to_owned() });
        Self { door, sends, asks, memory, post, name: name.to_owned() }
    }

    /// Its part of a gateways file, without templates. Its secrets are in these variables or files, as `how` says: `env`, `file`.
    pub fn settings(&self, how: &str, secret: &str, token: &str) -> String {
        format!(
            "[[gateway]]\nkind = \"aliyun\"\nname = \"{}\"\nurl = \"{}\"\ntimeout_s = 1\naccess_key_id = \"{KEY_ID}\"\naccess_key_secret_{how} = \"{secret}\"\n\
             sign_name = \"{SIGN_NAME}\"\nreceipt_token_{how} = \"{token}\"\n",
            self.name,
            self.door.url(),
        )
    }

    /// Pushes receipts now, and says what was answered.
    pub async fn push(&self, to: &str, about: &[Accepted], forgery: Option<&Forgery>) -> Option<(u16, Value)> {
        let about: Vec<_> = about.iter().map(|one| forgery.map_or_else(|| one.clone(), |forgery| forgery.of(one))).collect();
        self.post.send(to, Writer { name: self.name.clone() }.push(&about, forgery)).await
    }

    /// A push, as it would be sent.
    pub fn write(&self, about: &[Accepted]) -> Push {
        Writer { name: self.name.clone() }.push(about, None)
    }
}

async fn call(State(desk): State<Arc<Desk>>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response<Body> {
    let query = pairs(uri.query().unwrap_or_default());
    let action = match desk.verify(&method, &uri, &query, &headers, &body) {
        Ok(action) => action,
        Err(refused) => return desk.refuse(refused),
    };
    let words = Words {
        throttled: error(400, "Throttling.User", "Request was denied due to user flow control."),
        number_limit: error(200, "isv.BUSINESS_LIMIT_CONTROL", "触发小时级流控Permits:5"),
        refused: |code| error(if code.starts_with("isv.") { 200 } else { 400 }, code, "refused"),
    };
    if action == "SendSms" {
        match desk.read(&query) {
            Ok(message) => answer(desk.sends.draw(), words, || desk.take(message)).await,
            Err(refused) => desk.refuse(refused),
        }
    } else {
        answer(desk.asks.draw(), words, || desk.tell(&query)).await
    }
}

impl Desk {
    fn refuse(&self, (status, code, words): Refused) -> Response<Body> {
        self.memory.refuse(code);
        answer_json(error(status, code, words))
    }

    /// Who asks, when, and for what.
    fn verify(
        &self,
        method: &Method,
        uri: &Uri,
        query: &BTreeMap<String, String>,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<String, Refused> {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        let authorization = header("authorization");
        let fields = authorization.strip_prefix("ACS3-HMAC-SHA256 ").ok_or((400, "IncompleteSignature", "no V3 signature"))?;
        let field =
            |name: &str| fields.split(',').find_map(|field| field.strip_prefix(name)?.strip_prefix('=')).unwrap_or_default();
        if field("Credential") != KEY_ID {
            return Err((404, "InvalidAccessKeyId.NotFound", "Specified access key is not found."));
        }
        let signed: Vec<&str> = field("SignedHeaders").split(';').collect();
        let must = ["host", "x-acs-action", "x-acs-content-sha256", "x-acs-date", "x-acs-signature-nonce", "x-acs-version"];
        if !signed.is_sorted() || must.iter().any(|name| !signed.contains(name)) {
            return Err((400, "IncompleteSignature", "a header is not signed"));
        }
        let query: Vec<_> = query.iter().map(|(name, value)| format!("{}={}", percent(name), percent(value))).collect();
        let lines: String = signed.iter().map(|name| format!("{name}:{}\n", header(name).trim())).collect();
        let hash = sha256(body);
        let canonical = [method.as_str(), uri.path(), &query.join("&"), &lines, field("SignedHeaders"), &hash].join("\n");
        let text = format!("ACS3-HMAC-SHA256\n{}", sha256(canonical.as_bytes()));
        if header("x-acs-content-sha256") != hash || field("Signature") != hex(&hmac(SECRET.as_bytes(), text.as_bytes())) {
            return Err((400, "SignatureDoesNotMatch", "Specified signature is not matched with our calculation."));
        }
        let date = NaiveDateTime::parse_from_str(&header("x-acs-date"), "%Y-%m-%dT%H:%M:%SZ");
        if date.map_or(true, |date| (self.clock.now() - date.and_utc()).abs() > FRESH) {
            return Err((400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired."));
        }
        let nonce = header("x-acs-signature-nonce");
        if nonce.len() < 16 || !self.nonces.lock().expect("no panic").insert(nonce) {
            return Err((400, "SignatureNonceUsed", "Specified signature nonce was used already."));
        }
        if header("x-acs-version") != "2017-05-25" {
            return Err((400, "InvalidVersion", "Specified parameter Version is not valid."));
        }
        match header("x-acs-action") {
            action if ["SendSms", "QuerySendDetails"].contains(&action.as_str()) => Ok(action),
            _ => Err((404, "InvalidAction.NotFound", "Specified api is not found.")),
        }
    }

    /// A message whose number, signature, template and parameters are in order.
    fn read(&self, query: &BTreeMap<String, String>) -> Result<Accepted, Refused> {
        let given = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
        if !is_mobile(given("PhoneNumbers")) {
            return Err((200, "isv.MOBILE_NUMBER_ILLEGAL", "非法手机号"));
        }
        if given("SignName") != SIGN_NAME {
            return Err((200, "isv.SMS_SIGNATURE_ILLEGAL", "短信签名不合法"));
        }
        let names = self.templates.get(given("TemplateCode")).ok_or((200, "isv.SMS_TEMPLATE_ILLEGAL", "短信模版不合法"))?;
        let params: BTreeMap<String, String> =
            serde_json::from_str(given("TemplateParam")).map_err(|_| (200, "isv.INVALID_JSON_PARAM", "JSON参数不合法"))?;
        if params.len() != names.len() || names.iter().any(|name| params.get(name).is_none_or(String::is_empty)) {
            return Err((200, "isv.TEMPLATE_MISSING_PARAMETERS", "模板缺少变量"));
        }
        if params.values().any(|value| value.chars().count() > LONGEST) {
            return Err((200, "isv.PARAM_LENGTH_LIMIT", "参数超出长度限制"));
        }
        if given("OutId").is_empty() {
            return Err((200, "isv.INVALID_PARAMETERS", "参数异常"));
        }
        Ok(Accepted {
            id: given("OutId").to_owned(),
            to: given("PhoneNumbers").to_owned(),
            reference: String::new(),
            template: given("TemplateCode").to_owned(),
            params: params.into_iter().collect(),
            at: self.clock.now(),
            outcome: Outcome::Waiting,
        })
    }

    fn take(&self, message: Accepted) -> (u16, String) {
        let accepted = self.memory.accept(|number| Accepted { reference: format!("9006197469{number:08}^0"), ..message });
        self.post.accepted(&accepted);
        (200, json!({ "Code": "OK", "Message": "OK", "RequestId": "F655A8D5", "BizId": accepted.reference }).to_string())
    }

    fn tell(&self, query: &BTreeMap<String, String>) -> (u16, String) {
        let given = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
        let (page, size): (usize, usize) = (given("CurrentPage").parse().unwrap_or(0), given("PageSize").parse().unwrap_or(0));
        if page == 0 || !(1..=50).contains(&size) || given("SendDate").len() != 8 {
            return error(200, "isv.INVALID_PARAMETERS", "参数异常");
        }
        let fits = |one: &Accepted| {
            one.to == given("PhoneNumber")
                && day(one.at) == given("SendDate")
                && query.get("BizId").is_none_or(|id| *id == one.reference)
        };
        let all: Vec<_> = self.memory.accepted().into_iter().filter(fits).collect();
        let detail = |one: &Accepted| {
            let (status, code) = match one.outcome {
                Outcome::Waiting => (1, ""),
                Outcome::Lost(code) => (2, code),
                Outcome::Arrived => (3, "DELIVERED"),
            };
            json!({ "PhoneNum": one.to, "SendStatus": status, "ErrCode": code, "TemplateCode": one.template, "OutId": one.id, "SendDate": "2017-05-25 00:00:00" })
        };
        let details: Vec<_> = all.iter().skip((page - 1) * size).take(size).map(detail).collect();
        let total = all.len().to_string();
        (200, json!({ "Code": "OK", "Message": "OK", "RequestId": "R", "TotalCount": total, "SmsSendDetailDTOs": { "SmsSendDetailDTO": details } }).to_string())
    }
}

struct Writer {
    name: String,
}

impl Writes for Writer {
    fn push(&self, about: &[Accepted], forgery: Option<&Forgery>) -> Push {
        let report = |one: &Accepted| {
            let (success, code) = match one.outcome {
                Outcome::Arrived | Outcome::Waiting => (true, "DELIVERED"),
                Outcome::Lost(code) => (false, code),
            };
            json!({
                "phone_number": one.to, "send_time": "2017-01-01 00:00:00", "report_time": "2017-01-01 00:00:05", "success": success,
                "err_code": code, "err_msg": "用户接收成功", "sms_size": "1", "biz_id": one.reference, "out_id": one.id,
            })
        };
        let token = if forgery == Some(&Forgery::Token) { "not-the-token-but-as-long-as-a-good-one" } else { TOKEN };
        let body = about.iter().map(report).collect::<Value>().to_string();
        Push { path: format!("/gateways/{}/receipts/{token}", self.name), headers: vec![], body }
    }
}

fn error(status: u16, code: &str, words: &str) -> (u16, String) {
    (status, json!({ "Code": code, "Message": words, "RequestId": "R", "HostId": "dysmsapi.aliyuncs.com" }).to_string())
}

/// The day in China.
fn day(at: DateTime<Utc>) -> String {
    at.with_timezone(&FixedOffset::east_opt(8 * 3600).expect("a zone")).format("%Y%m%d").to_string()
}

/// The pairs of a query, decoded.
fn pairs(query: &str) -> BTreeMap<String, String> {
    let url = reqwest::Url::parse(&format!("http://none/?{query}")).expect("an address");
    url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

fn percent(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(byte.into()),
            _ => out += &format!("%{byte:02X}"),
        }
    }
    out
}
