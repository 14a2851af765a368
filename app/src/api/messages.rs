//! `messages/*`: what staff do where a message did not arrive, and the office's sheet of texts.

use domain::Uuid;
use domain::lang::Lang;
use domain::message::{CallCount, CallList, MessageKind, Preview, Sheet};
use domain::person::Done;
use leptos::prelude::*;
use server_fn::codec::Json;

use super::ApiError;

/// Whom to tell by telephone what a message did not tell them: at one's own site, for the office everywhere.
#[server(name = ReadCallList, prefix = "/api", endpoint = "messages/to_call", input = Json)]
pub async fn to_call() -> Result<CallList, ApiError> {
    let staff = crate::caller::staff().await?;
    Ok(crate::caller::engine()?.call_list(&staff).await?)
}

/// How many there are. The page asks it by itself, which keeps no screen open.
#[server(name = CountCalls, prefix = "/api", endpoint = "messages/to_call_count", input = Json)]
pub async fn to_call_count() -> Result<CallCount, ApiError> {
    let staff = crate::caller::staff_by_itself().await?;
    Ok(crate::caller::engine()?.call_count(&staff).await?)
}

/// Somebody has told it by telephone.
#[server(name = SayCalled, prefix = "/api", endpoint = "messages/called", input = Json)]
pub async fn called(id: Uuid) -> Result<Done, ApiError> {
    let staff = crate::caller::staff().await?;
    crate::caller::engine()?.called(&staff, id).await?;
    Ok(Done {})
}

/// Every text of messages, filled with an example and measured.
#[server(name = ReadTexts, prefix = "/api", endpoint = "messages/texts", input = Json)]
pub async fn texts() -> Result<Sheet, ApiError> {
    let staff = crate::caller::staff().await?;
    Ok(crate::caller::engine()?.message_sheet(&staff)?)
}

/// What another wording would look like.
#[server(name = PreviewText, prefix = "/api", endpoint = "messages/preview", input = Json)]
pub async fn preview(kind: MessageKind, lang: Lang, text: String) -> Result<Preview, ApiError> {
    let staff = crate::caller::staff().await?;
    Ok(crate::caller::engine()?.preview_message(&staff, kind, lang, &text)?)
}

/// Sends a text as a test to a number.
#[server(name = SendTestMessage, prefix = "/api", endpoint = "messages/send_test", input = Json)]
pub async fn send_test(kind: MessageKind, lang: Lang, phone: String) -> Result<Done, ApiError> {
    let staff = crate::caller::staff().await?;
    crate::caller::engine()?.send_test_message(&staff, kind, lang, &phone).await?;
    Ok(Done {})
}
