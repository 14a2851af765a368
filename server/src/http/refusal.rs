//! A refusal as an answer: the status of its code, the one shape of the contract, and `Retry-After`.

use std::any::Any;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::error::{Error, ErrorCode};

/// A refusal on its way out.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    error: Error,
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let status = StatusCode::from_u16(error.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { status, error }
    }
}

impl Refusal {
    /// A refusal of the transport, which no page has words for.
    pub(super) fn of_transport(status: StatusCode, code: ErrorCode, message: &str) -> Self {
        Self { status, error: Error { code, message: message.to_owned(), field: None, reason: None, retry_after_s: None } }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = (self.status, axum::Json(&self.error)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.error.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// A path that is there, but not for this method.
pub(super) async fn wrong_method() -> Refusal {
    Refusal::of_transport(StatusCode::METHOD_NOT_ALLOWED, ErrorCode::Invalid, "这个地址不支持这种请求方法")
}

/// A bug: the caller hears `internal`, the log has where it happened.
pub(super) fn panicked(cause: Box<dyn Any + Send>) -> Response {
    let cause = cause.downcast_ref::<&str>().map(|text| (*text).to_owned()).or_else(|| cause.downcast_ref::<String>().cloned());
    tracing::error!(cause, "a handler panicked");
    Refusal::from(Error::internal()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_answered_as_internal_and_says_nothing_of_its_cause() {
        let response = panicked(Box::new("the index is 3"));
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let body = axum::body::to_bytes(response.into_body(), 4096).await.expect("a body");
        let error: Error = serde_json::from_slice(&body).expect("the shape of the contract");
        assert_eq!(error, Error::internal());
    }
}
