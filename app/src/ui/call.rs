//! Calling the server: what is under way, what came, what was refused.

use core::future::Future;

use domain::error::Error;
use domain::reason::Reason;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde::de::DeserializeOwned;

use crate::api::ApiError;

/// Something that was asked for.
#[derive(Clone, Debug)]
pub enum Load<T> {
    /// Under way.
    Waiting,
    /// Here.
    Ready(T),
    /// Refused.
    Failed(Error),
}

impl<T> From<Result<T, ApiError>> for Load<T> {
    fn from(answer: Result<T, ApiError>) -> Self {
        match answer {
            Ok(value) => Self::Ready(value),
            Err(ApiError(error)) => Self::Failed(error),
        }
    }
}

impl<T> Load<T> {
    /// What came, if it did.
    pub fn ready(&self) -> Option<&T> {
        match self {
            Self::Ready(value) => Some(value),
            _ => None,
        }
    }
}

/// Asks, and puts the answer into `into`. An answer that comes after its page is gone is dropped.
pub fn load<T: Send + Sync + 'static>(into: RwSignal<Load<T>>, ask: impl Future<Output = Result<T, ApiError>> + 'static) {
    into.set(Load::Waiting);
    spawn_local(async move {
        let answer = ask.await;
        let _ = into.try_set(answer.into());
    });
}

/// Asks once for a press of a button: `busy` is true meanwhile, and a second press is ignored.
pub fn call<T: 'static>(
    busy: RwSignal<bool>,
    ask: impl Future<Output = Result<T, ApiError>> + 'static,
    then: impl FnOnce(Result<T, Error>) + 'static,
) {
    if busy.get_untracked() {
        return;
    }
    busy.set(true);
    spawn_local(async move {
        let answer = ask.await;
        // The page may have been left meanwhile; then nobody waits for the answer.
        if busy.try_set(false).is_none() {
            then(answer.map_err(|ApiError(error)| error));
        }
    });
}

/// Calls a server function and gives its answer as the text that it is, without reading it.
///
/// # Errors
/// As [`get`].
pub async fn post_for_text(path: &str, body: &impl serde::Serialize) -> Result<String, Error> {
    let gone = |_| Error::new(Reason::Network);
    let request = gloo_net::http::Request::post(path).header("Accept", "application/json").json(body).map_err(gone)?;
    let answer = request.send().await.map_err(gone)?;
    if answer.ok() { answer.text().await.map_err(gone) } else { Err(answer.json().await.map_err(gone)?) }
}

/// Reads JSON from a path of our own.
///
/// # Errors
/// The refusal that came instead, or `busy` (network) where nothing of ours answered.
pub async fn get<T: DeserializeOwned>(path: &str) -> Result<T, Error> {
    let gone = |_| Error::new(Reason::Network);
    let answer = gloo_net::http::Request::get(path).header("Accept", "application/json").send().await.map_err(gone)?;
    if answer.ok() { answer.json().await.map_err(gone) } else { Err(answer.json().await.map_err(gone)?) }
}
