//! `checkin/*`: the day at the site.

use domain::checkin::{CheckedIn, LookUp, Redeem, Roster};
use domain::closing::{CallOffOne, CalledOff};
use domain::flow::{Observation, Stepped, TurnAway, WentHome};
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

/// Says that somebody has come. The same again changes nothing, so a nonce that comes along is not needed.
#[server(name = SayArrived, prefix = "/api", endpoint = "checkin/arrive", input = Json)]
pub async fn arrive(code: String, #[server(default)] nonce: Option<Uuid>) -> Result<Stepped, ApiError> {
    let staff = crate::caller::staff().await?;
    let _ = nonce;
    Ok(crate::caller::engine()?.arrive(&staff, &code).await?)
}

/// Lets somebody go after the observation.
#[server(name = SayLeft, prefix = "/api", endpoint = "checkin/leave", input = Json)]
pub async fn leave(code: String) -> Result<Stepped, ApiError> {
    let staff = crate::caller::staff().await?;
    Ok(crate::caller::engine()?.leave(&staff, &code).await?)
}

/// Who is under observation at a site. `by_itself`: the page reads it again without anybody's doing, which keeps no screen open.
#[server(name = ReadObservation, prefix = "/api", endpoint = "checkin/observed", input = Json)]
pub async fn observed(site_id: Uuid, #[server(default)] by_itself: bool) -> Result<Observation, ApiError> {
    let staff = if by_itself { crate::caller::staff_by_itself().await? } else { crate::caller::staff().await? };
    Ok(crate::caller::engine()?.observed(&staff, site_id, by_itself).await?)
}

/// Sends somebody home without the jab, with a reason; they may book again at once.
#[server(name = TurnSomebodyAway, prefix = "/api", endpoint = "checkin/turn_away", input = Json)]
pub async fn turn_away(#[server(flatten)] turn_away: TurnAway) -> Result<WentHome, ApiError> {
    let staff = crate::caller::staff().await?;
    Ok(crate::caller::engine()?.turn_away(&staff, &turn_away).await?)
}
