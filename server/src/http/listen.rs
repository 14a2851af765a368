//! The accept loop: HTTP/1.1 with a bound on how long a client may take over its headers, and a stop that waits for what is in flight.
//!
//! `axum::serve` gives no such bound: a thousand clients that send half a line each would stay for ever, and hold up every stop.
//! HTTP/2 is the business of the proxy that brings https.

use std::convert::Infallible;
use std::future::Future;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt;

/// How long a client may take over a request's headers; also how long an idle connection is kept.
const TO_SEND_HEADERS: Duration = Duration::from_secs(10);
/// The pause after a connection that could not be accepted: usually too many open files.
const AFTER_FAILURE: Duration = Duration::from_millis(50);

/// Answers on `listener` until `stop` is done; then takes no more connections and returns when those that are open have been answered.
pub async fn listen(listener: TcpListener, app: Router, stop: impl Future<Output = ()>) {
    tokio::pin!(stop);
    let open = GracefulShutdown::new();
    loop {
        tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => connect(stream, app.clone(), &open),
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(AFTER_FAILURE).await;
                }
            },
        }
    }
    drop(listener);
    open.shutdown().await;
}

fn connect(stream: TcpStream, app: Router, open: &GracefulShutdown) {
    // answers are written whole, so nothing is gained by waiting for more
    let _ = stream.set_nodelay(true);
    let answer = service_fn(move |request: Request<Incoming>| {
        let app = app.clone();
        async move { Ok::<_, Infallible>(app.oneshot(request.map(Body::new)).await.unwrap_or_else(|never| match never {})) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(TO_SEND_HEADERS)
        .serve_connection(TokioIo::new(stream), answer);
    let connection = open.watch(connection);
    tokio::spawn(async move {
        // a client that breaks off is no news
        let _ = connection.await;
    });
}
