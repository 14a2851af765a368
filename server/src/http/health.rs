//! Whether the process lives, whether it takes requests, and what it has done.

use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;

use super::Host;

/// How long the database may take to say that it is there.
const TO_ANSWER: Duration = Duration::from_secs(2);

/// `GET /healthz`
pub(super) async fn alive() -> impl IntoResponse {
    ([(header::CACHE_CONTROL, "no-store")], "ok\n")
}

/// `GET /readyz`: 503 while stopping, when the database does not answer, and when the ledger was found out of balance.
pub(super) async fn ready(State(host): State<Host>) -> impl IntoResponse {
    let (status, text) = if host.is_stopping() {
        (StatusCode::SERVICE_UNAVAILABLE, "stopping\n")
    } else if !answers(&host).await {
        (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n")
    } else if host.engine().ledger_is_off() {
        (StatusCode::SERVICE_UNAVAILABLE, "the ledger does not balance: the log names the rows, and so does yizhen ledger check\n")
    } else {
        (StatusCode::OK, "ready\n")
    };
    (status, [(header::CACHE_CONTROL, "no-store")], text)
}

/// `GET /metrics`
pub(super) async fn metrics(State(host): State<Host>) -> impl IntoResponse {
    let ready = !host.is_stopping() && !host.engine().ledger_is_off() && answers(&host).await;
    let text = host.metrics().text(host.engine().board().readers(), ready);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4"), (header::CACHE_CONTROL, "no-store")], text)
}

async fn answers(host: &Host) -> bool {
    matches!(tokio::time::timeout(TO_ANSWER, host.engine().ready()).await, Ok(Ok(())))
}
