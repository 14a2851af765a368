//! Calling the server: what is under way, what came, what was refused.

use core::future::Future;

use domain::error::Error;
use leptos::prelude::*;
use leptos::task::spawn_local;

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
