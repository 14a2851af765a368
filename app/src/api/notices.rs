//! `notices/*`: the information notice.

use domain::notice::Notice;
use leptos::prelude::*;
use server_fn::codec::Json;

use super::ApiError;

/// The notice and consent text in force. Nobody needs to be signed in.
#[server(name = CurrentNotice, prefix = "/api", endpoint = "notices/current", input = Json)]
pub async fn current() -> Result<Notice, ApiError> {
    Ok(crate::caller::engine()?.notice().clone())
}
