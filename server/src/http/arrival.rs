//! How the body of a request comes in: whole, within bounds of size, time and how many are waited for.

use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::StatusCode;
use domain::error::{Error, ErrorCode};
use domain::reason::Reason;
use futures_util::poll;
use tokio::sync::Semaphore;

use super::Refusal;

/// How long a client may take to send its request.
const TO_SEND: Duration = Duration::from_secs(10);

/// The bounds of a kind of request.
pub(super) struct Arrival {
    /// Bytes of the largest body.
    pub largest: usize,
    /// Bodies that are waited for at once. One that came with its headers is not waited for.
    pub arriving: Semaphore,
    /// Seconds that one too many is asked to wait.
    pub retry_after_s: u32,
}

impl Arrival {
    /// The whole body.
    pub(super) async fn whole(&self, body: Body) -> Result<Bytes, Refusal> {
        let too_large = || Refusal::of_transport(StatusCode::PAYLOAD_TOO_LARGE, ErrorCode::Invalid, "提交的内容太大");
        let too_slow = || Refusal::of_transport(StatusCode::REQUEST_TIMEOUT, ErrorCode::Invalid, "网络太慢，请再试一次");
        let mut body = pin!(to_bytes(body, self.largest));
        let body = match poll!(&mut body) {
            Poll::Ready(body) => body,
            Poll::Pending => {
                let _turn = self.arriving.try_acquire().map_err(|_| Error::later(Reason::Busy, self.retry_after_s))?;
                tokio::time::timeout(TO_SEND, body).await.map_err(|_| too_slow())?
            }
        };
        body.map_err(|_| too_large())
    }
}
