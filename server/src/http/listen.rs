//! The accept loop: HTTP/1.1 with bounds on how many connections there are, how long a client may take over its headers and over
//! reading its answers; and a stop that answers what was sent.
//!
//! `axum::serve` gives no such bounds: a thousand clients that send half a line each would stay for ever, and hold up every stop.
//! HTTP/2 is the business of the proxy that brings https.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use domain::error::Error;
use domain::reason::Reason;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Semaphore;

use super::patient::Patient;
use super::service::{Connected, Service};

/// How long a client may take over a request's headers; also how long an idle connection is kept.
const TO_SEND_HEADERS: Duration = Duration::from_secs(10);
/// How much of a connection is buffered, either way: the longest headers, and what a slow reader has not taken yet.
const BUFFER: usize = 64 * 1024;
/// The pause after a connection that could not be accepted: usually too many open files.
const AFTER_FAILURE: Duration = Duration::from_millis(50);
/// Connections beyond the bound that are told so at a time; what comes beyond these is closed without a word.
const FAREWELLS: usize = 64;
/// How long a client may take to hear it.
const TO_HEAR: Duration = Duration::from_secs(1);
/// Seconds that it is asked to wait.
const RETRY_AFTER_S: u32 = 5;

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
/// There are at most `most` connections.
pub async fn listen(listener: TcpListener, service: Service, most: usize, stop: impl Future<Output = ()>) {
    tokio::pin!(stop);
    let open = GracefulShutdown::new();
    let farewells = Arc::new(Semaphore::new(FAREWELLS));
    loop {
        tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) if open.count() < most => connect(stream, service.with(peer.ip()), &open),
                Ok((stream, _)) => turn_away(stream, &farewells),
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(AFTER_FAILURE).await;
                }
            },
        }
    }
    for (stream, peer) in waiting(listener) {
        connect(stream, service.with(peer.ip()), &open);
    }
    if open.count() > 0 {
        // closing a connection at once would reset it if there is a request in it that nobody has read yet
        tokio::time::sleep(LULL).await;
    }
    open.shutdown().await;
}

/// The connections that the system has made and nobody has accepted: closing the listener would reset them.
fn waiting(listener: TcpListener) -> Vec<(TcpStream, SocketAddr)> {
    let Ok(listener) = listener.into_std() else { return vec![] };
    // it does not block: it gives what is there
    std::iter::from_fn(|| {
        let (stream, peer) = listener.accept().ok()?;
        stream.set_nonblocking(true).and_then(|()| TcpStream::from_std(stream)).ok().map(|stream| (stream, peer))
    })
    .collect()
}

fn connect(stream: TcpStream, service: Connected, open: &GracefulShutdown) {
    // answers are written whole, so nothing is gained by waiting for more
    let _ = stream.set_nodelay(true);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(TO_SEND_HEADERS)
        .max_buf_size(BUFFER)
        .serve_connection(TokioIo::new(Patient::new(stream)), service);
    let connection = open.watch(connection);
    tokio::spawn(async move {
        // a client that breaks off is no news
        let _ = connection.await;
    });
}

/// Tells a client that there are too many, whatever it was going to ask.
fn turn_away(mut stream: TcpStream, farewells: &Arc<Semaphore>) {
    static WORDS: LazyLock<String> = LazyLock::new(|| {
        let body = serde_json::to_string(&Error::later(Reason::Busy, RETRY_AFTER_S)).unwrap_or_default();
        let length = body.len();
        format!(
            "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
             retry-after: {RETRY_AFTER_S}\r\ncache-control: no-store\r\nconnection: close\r\n\r\n{body}"
        )
    });
    let Ok(turn) = farewells.clone().try_acquire_owned() else { return };
    tokio::spawn(async move {
        let told = async {
            stream.write_all(WORDS.as_bytes()).await?;
            stream.shutdown().await?;
            // closed before all that it sent was read, the client would see a reset instead of the answer
            let mut sent = [0; 1024];
            while stream.read(&mut sent).await? > 0 {}
            std::io::Result::Ok(())
        };
        let _ = tokio::time::timeout(TO_HEAR, told).await;
        drop(turn);
    });
}
