//! `offline/*`: working without a network, and what came of it.

use domain::Uuid;
use domain::offline::conflict::{ConflictCount, Conflicts, Settle};
use domain::offline::late::{Late, Sent};
use domain::offline::take::TakeAlong;
use domain::person::Done;
use leptos::prelude::*;
use server_fn::codec::Json;

use super::ApiError;

/// Takes jabs that were recorded without a network, each with an answer of its own. The tablet sends them by itself.
#[server(name = SendLate, prefix = "/api", endpoint = "offline/send", input = Json)]
pub async fn send(redemptions: Vec<Late>) -> Result<Sent, ApiError> {
    let staff = crate::caller::staff_by_itself().await?;
    Ok(crate::caller::engine()?.send_late(&staff, redemptions).await?)
}

/// What works without a network: public keys, and the site's day, sealed. The page asks it by itself, which keeps no screen open.
#[server(name = TakeAlongToday, prefix = "/api", endpoint = "offline/take", input = Json)]
pub async fn take(site_id: Uuid) -> Result<TakeAlong, ApiError> {
    let staff = crate::caller::staff_by_itself().await?;
    Ok(crate::caller::engine()?.take_along(&staff, site_id).await?)
}

/// What late records of a site disagree on.
#[server(name = ReadConflicts, prefix = "/api", endpoint = "offline/conflicts", input = Json)]
pub async fn conflicts(site_id: Uuid) -> Result<Conflicts, ApiError> {
    let staff = crate::caller::staff().await?;
    Ok(crate::caller::engine()?.conflicts(&staff, site_id).await?)
}

/// How many are open. The page asks it by itself, which keeps no screen open.
#[server(name = CountConflicts, prefix = "/api", endpoint = "offline/conflict_count", input = Json)]
pub async fn conflict_count(site_id: Uuid) -> Result<ConflictCount, ApiError> {
    let staff = crate::caller::staff_by_itself().await?;
    Ok(crate::caller::engine()?.conflict_count(&staff, site_id).await?)
}

/// Says what was found out about one.
#[server(name = SettleConflict, prefix = "/api", endpoint = "offline/settle", input = Json)]
pub async fn settle(#[server(flatten)] settle: Settle) -> Result<Done, ApiError> {
    let staff = crate::caller::staff().await?;
    crate::caller::engine()?.settle(&staff, &settle).await?;
    Ok(Done {})
}
