//! HTTP: which path is answered by which room, and what every answer has around it.

mod api;
mod demo;
mod feed;
mod guard;
mod headers;
mod health;
mod listen;
mod metrics;
mod observe;
mod page;
mod pages;
mod refusal;

use std::sync::Arc;

use axum::Router;
use axum::middleware;
use axum::routing::{any, get};
use engine::Engine;
use tokio::sync::watch;
use tower_http::catch_panic::CatchPanicLayer;

use crate::config::SecureCookies;
pub use listen::{bind, listen};
use metrics::Metrics;
pub use pages::Pages;
use refusal::Refusal;

/// What the handlers hold on to. Cheap to clone.
#[derive(Clone)]
pub struct Host(Arc<Inner>);

struct Inner {
    engine: Engine,
    pages: Pages,
    secure_cookies: SecureCookies,
    public_origin: Option<String>,
    stopping: watch::Receiver<bool>,
    metrics: Metrics,
}

impl Host {
    /// A host of `engine`; `stopping` turns true when the process begins to stop.
    pub fn new(
        engine: Engine,
        pages: Pages,
        secure_cookies: SecureCookies,
        public_origin: Option<String>,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        Self(Arc::new(Inner { engine, pages, secure_cookies, public_origin, stopping, metrics: Metrics::default() }))
    }

    fn engine(&self) -> &Engine {
        &self.0.engine
    }

    fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    fn is_stopping(&self) -> bool {
        *self.0.stopping.borrow()
    }
}

/// Everything that is answered.
pub fn router(host: Host) -> Router {
    Router::new()
        .route("/availability", get(feed::overview))
        .route("/availability/feed", get(feed::follow))
        .route("/availability/{site_id}", get(feed::site))
        .route("/api", any(api::nowhere))
        .route("/api/", any(api::nowhere))
        .route("/api/{*path}", any(api::call))
        .route("/demo/messages", get(demo::messages))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .fallback(pages::answer)
        .method_not_allowed_fallback(refusal::wrong_method)
        .layer(middleware::from_fn_with_state(host.clone(), guard::same_origin))
        .layer(CatchPanicLayer::custom(refusal::panicked))
        .layer(middleware::from_fn(headers::harden))
        .layer(middleware::from_fn_with_state(host.clone(), observe::request))
        .with_state(host)
}
