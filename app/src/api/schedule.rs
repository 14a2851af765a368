//! `schedule/*`: a site's windows, closed and opened by its staff.

use domain::Uuid;
use domain::closing::{CloseSlot, SlotClosed};
use leptos::prelude::*;
use server_fn::codec::Json;

use super::ApiError;

/// Closes a window and calls off all that wait in it, with a reason that they are told.
#[server(name = CloseWindow, prefix = "/api", endpoint = "schedule/close", input = Json)]
pub async fn close(#[server(flatten)] close: CloseSlot) -> Result<SlotClosed, ApiError> {
    let staff = crate::caller::staff().await?;
    Ok(crate::caller::engine()?.close_slot(&staff, &close).await?)
}

/// Opens a window again; what was called off stays so.
#[server(name = OpenWindow, prefix = "/api", endpoint = "schedule/open", input = Json)]
pub async fn open(slot_id: Uuid) -> Result<SlotClosed, ApiError> {
    let staff = crate::caller::staff().await?;
    Ok(crate::caller::engine()?.open_slot(&staff, slot_id).await?)
}
