//! `staff/*`: members of staff signing in.

use domain::person::Done;
use domain::staff::OneStaffMember;
use leptos::prelude::*;
use server_fn::codec::Json;

use super::ApiError;

/// Exchanges user name and password (and, once enrolled, a one-time password) for a session.
#[server(name = StaffSignIn, prefix = "/api", endpoint = "staff/sign_in", input = Json)]
pub async fn sign_in(
    username: String,
    password: String,
    #[server(default)] otp: Option<String>,
) -> Result<OneStaffMember, ApiError> {
    let _ = otp; // second factors are not enrolled yet
    let old = crate::caller::token(crate::caller::Who::Staff);
    let (staff, token) = crate::caller::engine()?.staff_sign_in(&username, &password, old.as_deref()).await?;
    crate::caller::remember(crate::caller::Who::Staff, &token)?;
    Ok(OneStaffMember { staff })
}

/// The member of staff who is signed in.
#[server(name = StaffMe, prefix = "/api", endpoint = "staff/me", input = Json)]
pub async fn me() -> Result<OneStaffMember, ApiError> {
    Ok(OneStaffMember { staff: crate::caller::staff().await?.member })
}

/// Ends the session.
#[server(name = StaffSignOut, prefix = "/api", endpoint = "staff/sign_out", input = Json)]
pub async fn sign_out() -> Result<Done, ApiError> {
    crate::caller::forget(crate::caller::Who::Staff).await?;
    Ok(Done {})
}
