//! The port of a stand-in: it can be shut, so that connections are refused and those that are open break, and opened again at the same place.

use std::net::SocketAddr;
use std::sync::Mutex;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::Response;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};
use tower::ServiceExt;

/// In an answer: it is not sent, and the connection is closed.
#[derive(Clone)]
pub struct Closed;

/// The port of a stand-in.
pub struct Door {
    address: SocketAddr,
    rooms: Router,
    running: Mutex<Option<JoinHandle<()>>>,
}

impl Door {
    /// Opens a free port of this machine.
    pub async fn open(rooms: Router) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let running = Mutex::new(Some(tokio::spawn(serve(listener, rooms.clone()))));
        Self { address, rooms, running }
    }

    /// `http://127.0.0.1:…`
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Refuses connections from now on, and breaks those that are open.
    pub async fn shut(&self) {
        let running = self.running.lock().expect("no panic").take();
        if let Some(running) = running {
            running.abort();
            let _ = running.await;
        }
    }

    /// Takes connections again, at the same place.
    pub async fn reopen(&self) {
        self.shut().await;
        let listener = TcpListener::bind(self.address).await.expect("the same port");
        *self.running.lock().expect("no panic") = Some(tokio::spawn(serve(listener, self.rooms.clone())));
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        if let Some(running) = self.running.lock().expect("no panic").take() {
            running.abort();
        }
    }
}

/// Ends, with all its connections, when its task is aborted.
async fn serve(listener: TcpListener, rooms: Router) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                let rooms = rooms.clone();
                let answer = hyper::service::service_fn(move |request: Request<Incoming>| answer(rooms.clone(), request));
                connections.spawn(async move {
                    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await;
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn answer(rooms: Router, request: Request<Incoming>) -> Result<Response<Body>, std::io::Error> {
    let response = rooms.oneshot(request.map(Body::new)).await.unwrap_or_else(|never| match never {});
    if response.extensions().get::<Closed>().is_some() { Err(std::io::Error::other("closed")) } else { Ok(response) }
}
