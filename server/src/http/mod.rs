//! HTTP: which path is answered by which room, and what every answer has around it.

mod api;
mod arrival;
mod calendar;
mod client;
mod demo;
mod doors;
mod feed;
mod gates;
mod guard;
mod headers;
mod health;
mod https;
mod jobs;
mod json;
mod listen;
mod metrics;
mod observe;
mod page;
mod pages;
mod patient;
mod receipts;
mod refusal;
mod routes;
mod service;
mod worker;

use std::sync::Arc;

use axum::http::HeaderValue;
use engine::Engine;
use tokio::sync::watch;

use crate::config::{SecureCookies, Serve, TrustedProxies};
pub use doors::Doors;
use gates::Gates;
pub use gates::Widths;
use health::{LastAnswer, LastJobs};
pub use listen::{bind, listen};
use metrics::Metrics;
pub use pages::{MINE, Pages};
use refusal::Refusal;
pub use routes::plain_paths;
pub use service::Service;

/// How much is taken on at once.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Connections.
    pub connections: usize,
    /// Of these, readers of the feed.
    pub feeds: usize,
    /// Calls in progress.
    pub calls: Widths,
}

/// What the handlers hold on to. Cheap to clone.
#[derive(Clone)]
pub struct Host(Arc<Inner>);

struct Inner {
    engine: Engine,
    pages: Pages,
    doors: Doors,
    secure_cookies: SecureCookies,
    /// What tells browsers to come by https only.
    hsts: Option<HeaderValue>,
    public_origin: Option<String>,
    trusted_proxies: TrustedProxies,
    stopping: watch::Receiver<bool>,
    metrics: Metrics,
    bounds: Bounds,
    gates: Gates,
    last_answer: LastAnswer,
    last_jobs: LastJobs,
}

impl Host {
    /// A host of `engine` by these settings; `stopping` turns true when the process begins to stop.
    pub fn new(
        engine: Engine,
        pages: Pages,
        doors: Doors,
        settings: &Serve,
        bounds: Bounds,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        Self(Arc::new(Inner {
            engine,
            pages,
            doors,
            secure_cookies: settings.secure_cookies,
            hsts: https::strict(settings.hsts_days),
            public_origin: settings.public_origin.clone(),
            trusted_proxies: settings.trusted_proxies.clone(),
            stopping,
            metrics: Metrics::default(),
            bounds,
            gates: Gates::new(bounds.calls),
            last_answer: LastAnswer::default(),
            last_jobs: LastJobs::default(),
        }))
    }

    fn engine(&self) -> &Engine {
        &self.0.engine
    }

    fn doors(&self) -> &Doors {
        &self.0.doors
    }

    fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    fn bounds(&self) -> &Bounds {
        &self.0.bounds
    }

    fn gates(&self) -> &Gates {
        &self.0.gates
    }

    fn last_answer(&self) -> &LastAnswer {
        &self.0.last_answer
    }

    fn last_jobs(&self) -> &LastJobs {
        &self.0.last_jobs
    }

    fn is_stopping(&self) -> bool {
        *self.0.stopping.borrow()
    }
}

/// Everything that is answered.
pub fn service(host: Host) -> Service {
    let rooms =
        routes::router().fallback(pages::answer).method_not_allowed_fallback(refusal::wrong_method).with_state(host.clone());
    Service::new(host, rooms)
}
