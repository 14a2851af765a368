//! `lots/*`: which boxes of vaccine a site has open.

use domain::Uuid;
use domain::lot::{Lots, OneLot, OpenLot};
use leptos::prelude::*;
use server_fn::codec::Json;

use super::ApiError;

/// The open lots of a site, and those that were closed today.
#[server(name = ListLots, prefix = "/api", endpoint = "lots/list", input = Json)]
pub async fn list(site_id: Uuid) -> Result<Lots, ApiError> {
    let staff = crate::caller::staff().await?;
    Ok(crate::caller::engine()?.lots(&staff, site_id).await?)
}

/// Opens a lot.
#[server(name = OpenLotCall, prefix = "/api", endpoint = "lots/open", input = Json)]
pub async fn open(#[server(flatten)] open: OpenLot) -> Result<OneLot, ApiError> {
    let staff = crate::caller::staff().await?;
    Ok(crate::caller::engine()?.open_lot(&staff, &open).await?)
}

/// Closes a lot.
#[server(name = CloseLotCall, prefix = "/api", endpoint = "lots/close", input = Json)]
pub async fn close(id: Uuid) -> Result<OneLot, ApiError> {
    let staff = crate::caller::staff().await?;
    Ok(crate::caller::engine()?.close_lot(&staff, id).await?)
}
