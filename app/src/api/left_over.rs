//! `left_over/*`: who asks to be called for a dose that is left over, and the calls.

use domain::Uuid;
use domain::left_over::{Ask, Asks, CallOutcome, LeftOverList, OneAsk, WhomToCall};
use domain::person::Done;
use leptos::prelude::*;
use server_fn::codec::Json;

use super::ApiError;

/// Asks for one of the account's people.
#[server(name = AskForLeftOver, prefix = "/api", endpoint = "left_over/ask", input = Json)]
pub async fn ask(#[server(flatten)] ask: Ask) -> Result<OneAsk, ApiError> {
    let citizen = crate::caller::citizen().await?;
    Ok(OneAsk { ask: crate::caller::engine()?.ask_for_left_over(&citizen, &ask).await? })
}

/// Takes it back.
#[server(name = WithdrawLeftOver, prefix = "/api", endpoint = "left_over/withdraw", input = Json)]
pub async fn withdraw(id: Uuid) -> Result<Done, ApiError> {
    let citizen = crate::caller::citizen().await?;
    crate::caller::engine()?.withdraw_left_over(&citizen, id).await?;
    Ok(Done {})
}

/// What the account has asked and still counts.
#[server(name = MyLeftOvers, prefix = "/api", endpoint = "left_over/mine", input = Json)]
pub async fn mine() -> Result<Asks, ApiError> {
    let citizen = crate::caller::citizen().await?;
    Ok(Asks { asks: crate::caller::engine()?.left_over_asks(&citizen).await? })
}

/// Whom a site may call today, masked; for one of its vaccines, or for any that it gives.
#[server(name = ReadLeftOverList, prefix = "/api", endpoint = "left_over/call_list", input = Json)]
pub async fn call_list(site_id: Uuid, #[server(default)] vaccine_id: Option<String>) -> Result<LeftOverList, ApiError> {
    let staff = crate::caller::staff().await?;
    Ok(crate::caller::engine()?.left_over_list(&staff, site_id, vaccine_id.as_deref()).await?)
}

/// Name and number of one of them, for a moment: audited.
#[server(name = RevealLeftOver, prefix = "/api", endpoint = "left_over/reveal", input = Json)]
pub async fn reveal(id: Uuid) -> Result<WhomToCall, ApiError> {
    let staff = crate::caller::staff().await?;
    Ok(crate::caller::engine()?.reveal_left_over(&staff, id).await?)
}

/// What came of the call.
#[server(name = SayLeftOverCalled, prefix = "/api", endpoint = "left_over/called", input = Json)]
pub async fn called(id: Uuid, outcome: CallOutcome) -> Result<Done, ApiError> {
    let staff = crate::caller::staff().await?;
    crate::caller::engine()?.called_for_left_over(&staff, id, outcome).await?;
    Ok(Done {})
}
