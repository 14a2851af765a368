//! What every request goes through: its id, the guard, its room, the headers of its answer, and the count.

use std::any::Any;
use std::convert::Infallible;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use app::caller::ClientAddress;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Method, Request, header};
use axum::response::{IntoResponse, Response};
use engine::Origin;
use futures_util::FutureExt;
use hyper::body::Incoming;
use tower::ServiceExt;
use tracing::{Instrument, Span};

use super::gates::{Gate, Kind};
use super::metrics::Room;
use super::observe::{REQUEST_ID, RequestId};
use super::{Host, Refusal, api, client, doors, feed, guard, headers, https, refusal};

/// Everything that is answered. Cheap to clone.
#[derive(Clone)]
pub struct Service {
    host: Host,
    rooms: Router,
}

/// It, for the requests of one connection.
pub struct Connected {
    service: Service,
    /// The other end: a client, or a proxy that asks for one.
    peer: IpAddr,
}

/// An answer on its way. What lies ready is answered without a task of its own; the rest is kept apart from the connection, which stays small.
pub enum Answer {
    /// Here.
    Now(Option<Response>),
    /// Under way.
    Later(Pin<Box<dyn Future<Output = Response> + Send>>),
}

impl Future for Answer {
    type Output = Result<Response, Infallible>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut *self {
            Self::Now(response) => response.take().map_or(Poll::Pending, |response| Poll::Ready(Ok(response))),
            Self::Later(response) => response.as_mut().poll(context).map(Ok),
        }
    }
}

impl Service {
    pub(super) fn new(host: Host, rooms: Router) -> Self {
        Self { host, rooms }
    }

    /// For a connection with `peer`.
    pub(super) fn with(&self, peer: IpAddr) -> Connected {
        Connected { service: self.clone(), peer }
    }
}

impl hyper::service::Service<Request<Incoming>> for Connected {
    type Response = Response;
    type Error = Infallible;
    type Future = Answer;

    fn call(&self, mut request: Request<Incoming>) -> Answer {
        let Service { host, rooms } = &self.service;
        let https = https::is_used(host, request.headers());
        let asked = Asked { id: RequestId::next(), room: Room::of(request.uri().path()), began: Instant::now(), https };
        // what everybody asks for, and always lies ready
        if request.uri().path() == "/availability" && request.method() == Method::GET {
            return Answer::Now(Some(asked.finish(host, feed::overview(host, request.headers()))));
        }
        // in a rush most calls are turned away: before anything is spent on them, so that those inside have the machine
        let gate = if asked.room == Room::Api { host.gates().of(Kind::of(request.uri().path())) } else { None };
        if let Some(Err(full)) = gate.map(Gate::glance) {
            let turn = host.gates().turn_to_refuse();
            if turn.is_zero() {
                return Answer::Now(Some(asked.finish(host, Refusal::from(full).into_response())));
            }
            let host = host.clone();
            return Answer::Later(Box::pin(async move {
                tokio::time::sleep(turn).await;
                asked.finish(&host, Refusal::from(full).into_response())
            }));
        }
        let client = ClientAddress(client::address(&host.0.trusted_proxies, self.peer, request.headers()));
        request.extensions_mut().insert(client);
        request.extensions_mut().insert(asked.id);
        Answer::Later(Box::pin(asked.answer(host.clone(), rooms.clone(), request)))
    }
}

/// A request, as the log and the counters see it.
struct Asked {
    id: RequestId,
    room: Room,
    began: Instant,
    /// Whether the visitor comes by https.
    https: bool,
}

impl Asked {
    async fn answer(self, host: Host, rooms: Router, request: Request<Incoming>) -> Response {
        // paths of pages hold booking codes, and those of calls that do not exist whatever somebody put there
        let path = api::known(request.uri().path()).unwrap_or_default();
        let span = tracing::info_span!("request", id = %self.id, method = %request.method(), room = self.room.name(), path);
        // an app's page may post a token: it stands for itself, and is good once
        let guarded = request.uri().path() != doors::ENTER;
        let ours = || if guarded { guard::same_origin(&host, request.method(), request.headers()) } else { Ok(()) };
        let response = match span.in_scope(ours) {
            Ok(()) => {
                // what is written down of the call says from where it came
                let origin = request.extensions().get::<ClientAddress>().map(|client| Origin(client.0));
                let response = rooms.oneshot(request.map(Body::new));
                let response = async {
                    match origin {
                        Some(origin) => origin.of(response).await,
                        None => response.await,
                    }
                };
                let response = AssertUnwindSafe(response).catch_unwind();
                response.instrument(span.clone()).await.map_or_else(
                    |cause: Box<dyn Any + Send>| span.in_scope(|| refusal::panicked(cause)),
                    |response| response.unwrap_or_else(|never| match never {}),
                )
            }
            Err(refused) => refused.into_response(),
        };
        let status = response.status().as_u16();
        self.tell(&span, status);
        self.finish(&host, response)
    }

    fn tell(&self, span: &Span, status: u16) {
        let took = self.began.elapsed();
        span.in_scope(|| match status {
            // in a rush there are thousands of them; they are counted
            503 => tracing::debug!(status, ?took, "answered"),
            500.. => tracing::warn!(status, ?took, "answered"),
            _ => tracing::debug!(status, ?took, "answered"),
        });
    }

    fn finish(self, host: &Host, mut response: Response) -> Response {
        host.metrics().count(self.room, response.status().as_u16(), self.began.elapsed());
        headers::harden(&mut response, host.0.hsts.as_ref().filter(|_| self.https));
        response.headers_mut().extend(self.id.header().map(|id| (REQUEST_ID, id)));
        if host.is_stopping() {
            // told now, a client does not send its next request into a connection that closes
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}
