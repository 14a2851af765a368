//! How a stand-in behaves: always, for the next calls, or at every n-th; switched while it runs.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{Response, StatusCode, header};

use super::door::Closed;

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mode {
    /// What should.
    Well,
    /// It is taken, and the answer never comes.
    TakeAndHang,
    /// It is not taken, and no answer comes.
    Hang,
    /// It is not taken: there are too many calls.
    Throttle,
    /// It is not taken: the number has had too many.
    NumberLimit,
    /// It is not taken; 500 without a code.
    Fail,
    /// It is taken; 500 without a code.
    TakeAndFail,
    /// It is not taken; this code.
    Refuse(&'static str),
    /// It is taken; the answer comes byte by byte, with so long between two.
    TakeAndTrickle(Duration),
    /// It is taken; the answer ends in the middle.
    TakeAndCut,
    /// It is taken; the answer makes no sense.
    TakeAndGarble,
    /// It is taken; the connection is closed without an answer.
    TakeAndClose,
}

#[derive(Default)]
struct Plan {
    always: Option<Mode>,
    next: VecDeque<Mode>,
    every: Option<(u64, Mode)>,
    calls: u64,
}

/// The plan of a stand-in's moods.
#[derive(Default)]
pub struct Moods(Mutex<Plan>);

impl Moods {
    /// From now on.
    pub fn set(&self, mode: Mode) {
        *self.0.lock().expect("no panic") = Plan { always: Some(mode), ..Plan::default() };
    }

    /// For the next `count` calls; then as before.
    pub fn next(&self, count: usize, mode: Mode) {
        self.0.lock().expect("no panic").next.extend(std::iter::repeat_n(mode, count));
    }

    /// At every `nth` call from now on; the others as before.
    pub fn every(&self, nth: u64, mode: Mode) {
        let mut plan = self.0.lock().expect("no panic");
        (plan.every, plan.calls) = (Some((nth, mode)), 0);
    }

    /// The mood of the next call.
    pub fn draw(&self) -> Mode {
        let mut plan = self.0.lock().expect("no panic");
        plan.calls += 1;
        let nth = plan.every.filter(|(nth, _)| plan.calls.is_multiple_of(*nth)).map(|(_, mode)| mode);
        nth.or_else(|| plan.next.pop_front()).or(plan.always).unwrap_or(Mode::Well)
    }
}

/// How a stand-in words what it does not take: status and body.
pub struct Words {
    pub throttled: (u16, String),
    pub number_limit: (u16, String),
    pub refused: fn(&str) -> (u16, String),
}

/// Answers in a mood; `take` is called where the call is taken, and gives what would be answered.
pub async fn answer(mode: Mode, words: Words, take: impl FnOnce() -> (u16, String)) -> Response<Body> {
    match mode {
        Mode::Well => json(take()),
        Mode::Throttle => json(words.throttled),
        Mode::NumberLimit => json(words.number_limit),
        Mode::Refuse(code) => json((words.refused)(code)),
        Mode::Fail => plain(500, "<html>Internal Server Error</html>"),
        Mode::Hang => std::future::pending().await,
        Mode::TakeAndHang => {
            take();
            std::future::pending().await
        }
        Mode::TakeAndFail => {
            take();
            plain(500, "<html>Internal Server Error</html>")
        }
        Mode::TakeAndGarble => {
            take();
            plain(200, "\u{0}{]not what you think")
        }
        Mode::TakeAndClose => {
            take();
            let mut response = plain(200, "");
            response.extensions_mut().insert(Closed);
            response
        }
        Mode::TakeAndCut => {
            let (status, body) = take();
            let half = Bytes::from(body.as_bytes()[..body.len() / 2].to_vec());
            let parts = [Ok(half), Err(std::io::Error::other("cut"))];
            let mut response = plain(status, "");
            response.headers_mut().insert(header::CONTENT_LENGTH, body.len().into());
            *response.body_mut() = Body::from_stream(tokio_stream::iter(parts));
            response
        }
        Mode::TakeAndTrickle(each) => {
            use tokio_stream::StreamExt;
            let (status, body) = take();
            let bytes = tokio_stream::iter(body.into_bytes()).throttle(each);
            let mut response = plain(status, "");
            *response.body_mut() = Body::from_stream(bytes.map(|byte| Ok::<_, std::io::Error>(Bytes::from(vec![byte]))));
            response
        }
    }
}

pub fn json((status, body): (u16, String)) -> Response<Body> {
    let mut response = plain(status, "");
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    *response.body_mut() = Body::from(body);
    response
}

fn plain(status: u16, body: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).expect("a status");
    response
}
