//! A visitor over real HTTP who tells an answer from silence.

use std::time::Duration;

use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use crate::service::{HANGS, PASSWORD};

/// What became of a request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Heard {
    /// The service answered.
    Answer(Answer),
    /// The connection broke before there was an answer: nobody knows whether it was done.
    Silence(String),
}

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Value,
    /// Seconds that the caller is asked to wait.
    pub(crate) retry_after: Option<u32>,
}

impl Answer {
    /// The rule that said no.
    pub(crate) fn rule(&self) -> &str {
        self.body["reason"]["rule"].as_str().unwrap_or_default()
    }

    pub(crate) fn is_ok(&self) -> bool {
        self.status == StatusCode::OK
    }

    /// Whether it says "not now", as it should be said.
    pub(crate) fn is_busy(&self) -> bool {
        let busy = self.status == StatusCode::SERVICE_UNAVAILABLE;
        assert!(!busy || self.retry_after.is_some(), "503 without Retry-After: {self:?}");
        busy
    }
}

/// Connections to the service, without anybody's session.
pub(crate) fn connections() -> Client {
    // a request that is never answered must fail its test, not hang it
    Client::builder().http1_only().timeout(HANGS).pool_max_idle_per_host(4).no_proxy().build().expect("a client")
}

/// Somebody who is signed in.
#[derive(Clone)]
pub(crate) struct Visitor {
    http: Client,
    cookie: String,
}

impl Visitor {
    /// Nobody in particular.
    pub(crate) fn nobody() -> Self {
        Self { http: connections(), cookie: String::new() }
    }

    /// A citizen with this phone, signed in with the code that was sent to it.
    pub(crate) async fn citizen(base: &str, phone: &str) -> Self {
        let nobody = Self::nobody();
        nobody.must(base, "accounts/send_code", &json!({ "phone": phone })).await;
        let inbox = nobody.http.get(format!("{base}/demo/messages")).query(&[("phone", phone)]);
        let inbox: Value = inbox.header("accept", "application/json").send().await.expect("an answer").json().await.expect("JSON");
        let code: String = inbox[0]["text"].as_str().expect("a text").chars().filter(char::is_ascii_digit).take(6).collect();
        nobody.sign_in(base, "accounts/sign_in", &json!({ "phone": phone, "code": code })).await
    }

    /// A member of the demo's staff.
    pub(crate) async fn staff(base: &str, username: &str) -> Self {
        Self::nobody().sign_in(base, "staff/sign_in", &json!({ "username": username, "password": PASSWORD })).await
    }

    /// The session's cookie.
    pub(crate) fn cookie(&self) -> &str {
        &self.cookie
    }

    async fn sign_in(self, base: &str, call: &str, body: &Value) -> Self {
        let response = self.http.post(format!("{base}/api/{call}")).json(body).send().await.expect("an answer");
        assert_eq!(response.status(), StatusCode::OK, "{call}");
        let cookie = response.headers().get("set-cookie").expect("a session").to_str().expect("text");
        let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        Self { cookie, ..self }
    }

    /// Calls a server function.
    pub(crate) async fn call(&self, base: &str, name: &str, body: &Value) -> Heard {
        self.call_with(base, name, body, &[]).await
    }

    async fn call_with(&self, base: &str, name: &str, body: &Value, headers: &[(&str, &str)]) -> Heard {
        let mut request = self.http.post(format!("{base}/api/{name}")).header("cookie", &self.cookie).json(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) if error.is_timeout() => panic!("{name} was not answered within {HANGS:?}"),
            Err(error) => return Heard::Silence(format!("{error:?}")),
        };
        let (status, retry_after) = (response.status(), response.headers().get("retry-after").cloned());
        let retry_after = retry_after.map(|seconds| seconds.to_str().expect("text").parse().expect("seconds"));
        match response.json().await {
            Ok(body) => Heard::Answer(Answer { status, body, retry_after }),
            // the head arrived and the body did not
            Err(error) => Heard::Silence(format!("{error:?}")),
        }
    }

    /// Calls a server function that must be answered.
    pub(crate) async fn answer(&self, base: &str, name: &str, body: &Value) -> Answer {
        self.answer_with(base, name, body, &[]).await
    }

    /// The same with headers that a browser would not send.
    pub(crate) async fn answer_with(&self, base: &str, name: &str, body: &Value, headers: &[(&str, &str)]) -> Answer {
        match self.call_with(base, name, body, headers).await {
            Heard::Answer(answer) => answer,
            Heard::Silence(why) => panic!("{name} was not answered: {why}"),
        }
    }

    /// Calls a server function that must not refuse.
    pub(crate) async fn must(&self, base: &str, name: &str, body: &Value) -> Value {
        let answer = self.answer(base, name, body).await;
        assert!(answer.is_ok(), "{name}: {answer:?}");
        answer.body
    }

    /// Reads a page or a list: its status and its words.
    pub(crate) async fn get(&self, base: &str, path: &str) -> (StatusCode, String) {
        let response = self.http.get(format!("{base}{path}")).send().await.expect("an answer");
        (response.status(), response.text().await.expect("text"))
    }

    /// Saves a person and gives the id.
    pub(crate) async fn save_person(&self, base: &str, number: u32) -> String {
        let body = json!({ "person": {
            "relation": "other", "name": "王小明", "phone": "13800138001", "county": "431103", "address": "梧桐路12号3栋",
            "document": { "kind": "resident_id", "number": resident_id(number) },
        }});
        self.must(base, "people/save", &body).await["person"]["id"].as_str().expect("an id").to_owned()
    }
}

/// A citizen identity number that nobody holds; each `number` has its own.
fn resident_id(number: u32) -> String {
    let (year, month, day) = (1950 + number / 1000 % 40, 1 + number / 40_000 % 9, 1 + number / 360_000 % 9);
    let first_17 = format!("431197{year}0{month}0{day}{:03}", number % 1000);
    let check = domain::identity::check_character(&first_17).expect("17 digits");
    format!("{first_17}{check}")
}

/// What a reservation asks for.
pub(crate) fn reservation(request: domain::Uuid, person: &str, slot: &str, notice: &str) -> Value {
    let answers = json!({ "allergy": false, "severe_reaction": false, "neurological": false, "acute_or_uncontrolled": false, "pregnant": false });
    json!({
        "request_id": request, "person_id": person, "slot_id": slot, "dose": 1,
        "screening": answers, "consent": { "version": notice },
    })
}

/// The windows of a site that can be booked: id and day.
pub(crate) async fn open_windows(base: &str, site: domain::Uuid) -> Vec<(String, String)> {
    let (status, text) = Visitor::nobody().get(base, &format!("/availability/{site}")).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    let site: Value = serde_json::from_str(&text).expect("JSON");
    let open = site["slots"].as_array().expect("slots").iter().filter(|slot| slot["state"] == "open");
    let word = |value: &Value| value.as_str().expect("text").to_owned();
    open.map(|slot| (word(&slot["id"]), word(&slot["date"]))).collect()
}

/// Asks for `/readyz` until it answers `wanted`; fails when it does not within `HANGS`.
pub(crate) async fn until_ready_is(base: &str, wanted: StatusCode) {
    let visitor = Visitor::nobody();
    let asked = async {
        while visitor.get(base, "/readyz").await.0 != wanted {
            // the next question, not a guess of how long it takes
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(HANGS, asked).await.unwrap_or_else(|_| panic!("/readyz does not say {wanted}"));
}
