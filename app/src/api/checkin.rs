//! `checkin/*`: the day at the site.

use domain::checkin::{CheckedIn, LookUp, Redeem, Roster};
use domain::closing::{CallOffOne, CalledOff};
use domain::reveal::{Reveal, Revealed};
use domain::today::Today;
use domain::{NaiveDate, Uuid};
use leptos::prelude::*;
use server_fn::codec::Json;

use super::ApiError;

/// What staff need to see of the booking of a pass or a code: one of the two.
#[server(name = LookUpBooking, prefix = "/api", endpoint = "checkin/look_up", input = Json)]
pub async fn look_up(#[server(default)] pass: Option<String>, #[server(default)] code: Option<String>) -> Result<LookUp, ApiError> {
    let staff = crate::caller::staff().await?;
    Ok(crate::caller::engine()?.look_up(&staff, pass.as_deref(), code.as_deref()).await?)
}

/// Records a jab, once.
#[server(name = RedeemBooking, prefix = "/api", endpoint = "checkin/redeem", input = Json)]
pub async fn redeem(#[server(flatten)] redeem: Redeem) -> Result<CheckedIn, ApiError> {
    let staff = crate::caller::staff().await?;
    Ok(crate::caller::engine()?.redeem(&staff, redeem).await?)
}

/// Takes a recorded jab back: the same day, with a reason, by a manager.
#[server(name = UndoRedemption, prefix = "/api", endpoint = "checkin/undo", input = Json)]
pub async fn undo(code: String, reason: String) -> Result<CheckedIn, ApiError> {
    let staff = crate::caller::staff().await?;
    Ok(crate::caller::engine()?.undo(&staff, &code, &reason).await?)
}

/// A site's list of a day. `by_itself`: the page reads it again without anybody's doing, which keeps no screen open.
#[server(name = ReadRoster, prefix = "/api", endpoint = "checkin/roster", input = Json)]
pub async fn roster(site_id: Uuid, date: NaiveDate, #[server(default)] by_itself: bool) -> Result<Roster, ApiError> {
    let staff = if by_itself { crate::caller::staff_by_itself().await? } else { crate::caller::staff().await? };
    Ok(crate::caller::engine()?.roster(&staff, site_id, date).await?)
}

/// A site's day in numbers. `by_itself`: as for the roster.
#[server(name = ReadToday, prefix = "/api", endpoint = "checkin/today", input = Json)]
pub async fn today(site_id: Uuid, #[server(default)] by_itself: bool) -> Result<Today, ApiError> {
    let staff = if by_itself { crate::caller::staff_by_itself().await? } else { crate::caller::staff().await? };
    Ok(crate::caller::engine()?.read_today(&staff, site_id).await?)
}

/// Shows one thing in full that is masked otherwise: with a reason, audited.
#[server(name = RevealSecret, prefix = "/api", endpoint = "checkin/reveal", input = Json)]
pub async fn reveal(#[server(flatten)] reveal: Reveal) -> Result<Revealed, ApiError> {
    let staff = crate::caller::staff().await?;
    Ok(crate::caller::engine()?.reveal(&staff, &reveal).await?)
}

/// Calls a booking off in the name of its site, with a reason that its citizen is told.
#[server(name = CallOffBooking, prefix = "/api", endpoint = "checkin/call_off", input = Json)]
pub async fn call_off(#[server(flatten)] call_off: CallOffOne) -> Result<CalledOff, ApiError> {
    let staff = crate::caller::staff().await?;
    Ok(crate::caller::engine()?.call_off(&staff, &call_off).await?)
}
