//! The accept loop: HTTP/1.1 with a bound on how long a client may take over its headers, and a stop that answers what was sent.
//!
//! `axum::serve` gives no such bound: a thousand clients that send half a line each would stay for ever, and hold up every stop.
//! HTTP/2 is the business of the proxy that brings https.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Request, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tower::ServiceExt;

/// How long a client may take over a request's headers; also how long an idle connection is kept.
const TO_SEND_HEADERS: Duration = Duration::from_secs(10);
/// The pause after a connection that could not be accepted: usually too many open files.
const AFTER_FAILURE: Duration = Duration::from_millis(50);

/// How many connections may wait to be accepted. When a city comes at once, one too many is tried again by its system a second later.
const BACKLOG: u32 = 4096;
/// How long idle connections are kept at a stop: requests that are on their way arrive, and are answered.
const LULL: Duration = Duration::from_millis(250);

/// A listener on an address.
///
/// # Errors
/// What the system says when it is taken or forbidden.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // or a port could not be used again for a minute after a stop
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Answers on `listener` until `stop` is done; then takes no more connections and returns when what was sent has been answered.
pub async fn listen(listener: TcpListener, app: Router, stop: impl Future<Output = ()>) {
    tokio::pin!(stop);
    let open = GracefulShutdown::new();
    let stopping = Arc::new(AtomicBool::new(false));
    loop {
        tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => connect(stream, app.clone(), &open, stopping.clone()),
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(AFTER_FAILURE).await;
                }
            },
        }
    }
    stopping.store(true, Ordering::Relaxed);
    for stream in waiting(listener) {
        connect(stream, app.clone(), &open, stopping.clone());
    }
    if open.count() > 0 {
        // closing a connection at once would reset it if there is a request in it that nobody has read yet
        tokio::time::sleep(LULL).await;
    }
    open.shutdown().await;
}

/// The connections that the system has made and nobody has accepted: closing the listener would reset them.
fn waiting(listener: TcpListener) -> Vec<TcpStream> {
    let Ok(listener) = listener.into_std() else { return vec![] };
    // it does not block: it gives what is there
    std::iter::from_fn(|| {
        let (stream, _) = listener.accept().ok()?;
        stream.set_nonblocking(true).and_then(|()| TcpStream::from_std(stream)).ok()
    })
    .collect()
}

fn connect(stream: TcpStream, app: Router, open: &GracefulShutdown, stopping: Arc<AtomicBool>) {
    // answers are written whole, so nothing is gained by waiting for more
    let _ = stream.set_nodelay(true);
    let answer = service_fn(move |request: Request<Incoming>| {
        let (app, stopping) = (app.clone(), stopping.clone());
        async move {
            let mut response = app.oneshot(request.map(Body::new)).await.unwrap_or_else(|never| match never {});
            if stopping.load(Ordering::Relaxed) {
                // told now, a client does not send its next request into a connection that closes
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, Infallible>(response)
        }
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
