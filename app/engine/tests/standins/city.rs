//! A stand-in of a city's own gateway, from the protocol of the webhook.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, Uri};
use axum::routing::any;
use domain::time::Clock;
use serde_json::{Value, json};

use super::door::Door;
use super::memory::{Accepted, Memory, Outcome};
use super::mode::{Moods, Words, answer, json as answer_json};
use super::post::{Forgery, Post, Push, Writes};
use super::{SECRET, hex, hmac, is_mobile};

/// Where it listens, behind its port.
pub const PATH: &str = "/yizhen";
/// Seconds that a timestamp may be from the clock.
const FRESH_S: u64 = 300;

/// The stand-in.
pub struct CityStandin {
    pub door: Door,
    /// How it answers messages, and questions.
    pub sends: Arc<Moods>,
    pub asks: Arc<Moods>,
    pub memory: Arc<Memory>,
    pub post: Arc<Post>,
    clock: Arc<dyn Clock>,
    name: String,
}

struct Desk {
    clock: Arc<dyn Clock>,
    sends: Arc<Moods>,
    asks: Arc<Moods>,
    memory: Arc<Memory>,
    post: Arc<Post>,
}

impl CityStandin {
    /// For a gateway of this name.
    pub async fn start(name: &str, clock: Arc<dyn Clock>) -> Self {
        let (sends, asks, memory, post) = (Arc::default(), Arc::default(), Arc::<Memory>::default(), Arc::<Post>::default());
        let desk = Desk {
            clock: clock.clone(),
            sends: Arc::clone(&sends),
            asks: Arc::clone(&asks),
            memory: memory.clone(),
            post: post.clone(),
        };
        let door = Door::open(Router::new().fallback(any(call)).with_state(Arc::new(desk))).await;
        post.carry(&memory, Writer { name: name.to_owned(), clock: clock.clone() });
        Self { door, sends, asks, memory, post, clock, name: name.to_owned() }
    }

    /// Its part of a gateways file. Its secret is in this variable or file, as `how` says: `env`, `file`.
    pub fn settings(&self, how: &str, secret: &str) -> String {
        format!(
            "[[gateway]]\nkind = \"webhook\"\nname = \"{}\"\nurl = \"{}{PATH}\"\ntimeout_s = 1\nsecret_{how} = \"{secret}\"\n",
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

    /// Whatever it is, signed.
    pub fn signed(&self, body: String) -> Push {
        self.writer().signed(body, None)
    }

    fn writer(&self) -> Writer {
        Writer { name: self.name.clone(), clock: self.clock.clone() }
    }
}

async fn call(State(desk): State<Arc<Desk>>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response<Body> {
    let words = Words {
        throttled: (429, json!({ "code": "busy" }).to_string()),
        number_limit: (429, json!({ "code": "number-day", "about": "number" }).to_string()),
        refused: |code| (422, json!({ "code": code }).to_string()),
    };
    let id = uri.path().strip_prefix(PATH).and_then(|rest| rest.strip_prefix('/'));
    let signed = id.map_or(body.as_ref(), str::as_bytes);
    if !desk.verified(&headers, signed) {
        desk.memory.refuse("signature");
        return answer_json((401, json!({ "code": "signature" }).to_string()));
    }
    match (method, id) {
        (Method::POST, None) if uri.path() == PATH => match read(&body, &desk) {
            Some(message) => answer(desk.sends.draw(), words, || desk.take(message)).await,
            None => {
                desk.memory.refuse("message");
                answer_json((400, json!({ "code": "message" }).to_string()))
            }
        },
        (Method::GET, Some(id)) => answer(desk.asks.draw(), words, || desk.tell(id)).await,
        _ => answer_json((405, "{}".into())),
    }
}

fn read(body: &[u8], desk: &Desk) -> Option<Accepted> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let text = |name: &str| body[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let fields = body["fields"].as_object()?.iter();
    let params =
        fields.map(|(name, value)| value.as_str().map(|value| (name.clone(), value.to_owned()))).collect::<Option<Vec<_>>>()?;
    let (id, to) = (text("id")?, text("to").filter(|to| is_mobile(to))?);
    text("text").zip(text("at")).zip(text("lang"))?;
    Some(Accepted {
        id,
        to,
        reference: String::new(),
        template: text("kind")?,
        params,
        at: desk.clock.now(),
        outcome: Outcome::Waiting,
    })
}

impl Desk {
    fn verified(&self, headers: &HeaderMap, signed: &[u8]) -> bool {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let stamp = header("x-yizhen-timestamp");
        let fresh = stamp.parse().is_ok_and(|at: i64| self.clock.now().timestamp().abs_diff(at) <= FRESH_S);
        fresh && header("x-yizhen-signature") == sign(stamp, signed)
    }

    /// The same id again is the same message.
    fn take(&self, message: Accepted) -> (u16, String) {
        let accepted = match self.memory.of(&message.id).pop() {
            Some(before) => before,
            None => {
                let accepted = self.memory.accept(|number| Accepted { reference: format!("c-{number}"), ..message });
                self.post.accepted(&accepted);
                accepted
            }
        };
        (200, json!({ "reference": accepted.reference }).to_string())
    }

    fn tell(&self, id: &str) -> (u16, String) {
        let Some(one) = self.memory.of(id).pop() else { return (404, json!({ "state": "unknown" }).to_string()) };
        let (state, code) = match one.outcome {
            Outcome::Waiting => ("on_its_way", ""),
            Outcome::Arrived => ("delivered", "DELIVRD"),
            Outcome::Lost(code) => ("failed", code),
        };
        (200, json!({ "state": state, "code": code, "reference": one.reference }).to_string())
    }
}

struct Writer {
    name: String,
    clock: Arc<dyn Clock>,
}

impl Writes for Writer {
    fn push(&self, about: &[Accepted], forgery: Option<&Forgery>) -> Push {
        let report = |one: &Accepted| {
            let (state, code) = match one.outcome {
                Outcome::Arrived | Outcome::Waiting => ("delivered", "DELIVRD"),
                Outcome::Lost(code) => ("failed", code),
            };
            json!({ "id": one.id, "reference": one.reference, "to": one.to, "state": state, "code": code })
        };
        self.signed(json!({ "receipts": about.iter().map(report).collect::<Value>() }).to_string(), forgery)
    }
}

impl Writer {
    fn signed(&self, body: String, forgery: Option<&Forgery>) -> Push {
        let stamp = self.clock.now().timestamp().to_string();
        let signature = sign(&stamp, body.as_bytes());
        let signature = if forgery == Some(&Forgery::Token) { signature.chars().rev().collect() } else { signature };
        let headers = vec![("x-yizhen-timestamp", stamp), ("x-yizhen-signature", signature)];
        Push { path: format!("/gateways/{}/receipts", self.name), headers, body }
    }
}

fn sign(stamp: &str, body: &[u8]) -> String {
    hex(&hmac(SECRET.as_bytes(), &[stamp.as_bytes(), b".", body].concat()))
}
