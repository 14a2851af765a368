//! `staff/*`: members of staff signing in, where they work, and the locks of their sessions.

use domain::Uuid;
use domain::person::Done;
use domain::staff::{OneStaffMember, RecoveryCodes, SecondFactorBegun, StaffSignIn};
use leptos::prelude::*;
use server_fn::codec::Json;

use super::ApiError;

/// Exchanges user name and password, and the second factor where it is on, for a session.
#[server(name = StaffSignInCall, prefix = "/api", endpoint = "staff/sign_in", input = Json)]
pub async fn sign_in(#[server(flatten)] sign_in: StaffSignIn) -> Result<OneStaffMember, ApiError> {
    let old = crate::caller::token(crate::caller::Who::Staff);
    let (staff, token) = crate::caller::engine()?.staff_sign_in(&sign_in, old.as_deref()).await?;
    crate::caller::remember(crate::caller::Who::Staff, &token)?;
    Ok(OneStaffMember { staff })
}

/// The member of staff who is signed in, and what the session is good for. `in_use`: they are at the screen; otherwise asking keeps no
/// screen open.
#[server(name = StaffMe, prefix = "/api", endpoint = "staff/me", input = Json)]
pub async fn me(#[server(default)] in_use: bool) -> Result<OneStaffMember, ApiError> {
    let staff = crate::caller::staff_as_they_are().await?;
    if in_use {
        crate::caller::engine()?.staff_is_there(&staff);
    }
    Ok(OneStaffMember { staff: staff.member })
}

/// Binds the session to one of the member's sites, once.
#[server(name = StaffChooseSite, prefix = "/api", endpoint = "staff/choose_site", input = Json)]
pub async fn choose_site(site_id: Uuid) -> Result<OneStaffMember, ApiError> {
    let staff = crate::caller::staff_as_they_are().await?;
    crate::caller::engine()?.staff_choose_site(&staff, site_id).await?;
    Ok(OneStaffMember { staff: crate::caller::staff_as_they_are().await?.member })
}

/// Ends the session.
#[server(name = StaffSignOut, prefix = "/api", endpoint = "staff/sign_out", input = Json)]
pub async fn sign_out() -> Result<Done, ApiError> {
    crate::caller::forget(crate::caller::Who::Staff).await?;
    Ok(Done {})
}

/// Ends all of the member's sessions, on every device.
#[server(name = StaffSignOutEverywhere, prefix = "/api", endpoint = "staff/sign_out_everywhere", input = Json)]
pub async fn sign_out_everywhere() -> Result<Done, ApiError> {
    let staff = crate::caller::staff_as_they_are().await?;
    crate::caller::engine()?.staff_sign_out_everywhere(&staff).await?;
    crate::caller::forget_here(crate::caller::Who::Staff)?;
    Ok(Done {})
}

/// Locks the screen.
#[server(name = StaffLock, prefix = "/api", endpoint = "staff/lock", input = Json)]
pub async fn lock() -> Result<Done, ApiError> {
    let staff = crate::caller::staff_as_they_are().await?;
    crate::caller::engine()?.staff_lock(&staff).await?;
    Ok(Done {})
}

/// Opens the locked screen, by PIN or by password.
#[server(name = StaffUnlock, prefix = "/api", endpoint = "staff/unlock", input = Json)]
pub async fn unlock(
    #[server(default)] pin: Option<String>,
    #[server(default)] password: Option<String>,
) -> Result<OneStaffMember, ApiError> {
    let staff = crate::caller::staff_as_they_are().await?;
    crate::caller::engine()?.staff_unlock(&staff, pin.as_deref(), password.as_deref()).await?;
    Ok(OneStaffMember { staff: crate::caller::staff_as_they_are().await?.member })
}

/// Sets the PIN that opens the member's own locked screens.
#[server(name = StaffSetPin, prefix = "/api", endpoint = "staff/set_pin", input = Json)]
pub async fn set_pin(password: String, pin: String) -> Result<OneStaffMember, ApiError> {
    let staff = crate::caller::staff_as_they_are().await?;
    crate::caller::engine()?.staff_set_pin(&staff, &password, &pin).await?;
    Ok(OneStaffMember { staff: crate::caller::staff_as_they_are().await?.member })
}

/// Changes one's own password; every other session of theirs ends.
#[server(name = StaffSetPassword, prefix = "/api", endpoint = "staff/set_password", input = Json)]
pub async fn set_password(password: String, new_password: String) -> Result<Done, ApiError> {
    let staff = crate::caller::staff_as_they_are().await?;
    crate::caller::engine()?.staff_set_password(&staff, &password, new_password).await?;
    Ok(Done {})
}

/// Makes the secret of a second factor, which counts for nothing until it is confirmed.
#[server(name = SecondFactorBegin, prefix = "/api", endpoint = "staff/second_factor/begin", input = Json)]
pub async fn second_factor_begin(#[server(default)] password: Option<String>) -> Result<SecondFactorBegun, ApiError> {
    let staff = crate::caller::staff_as_they_are().await?;
    Ok(crate::caller::engine()?.second_factor_begin(&staff, password.as_deref()).await?)
}

/// Turns the second factor on, and tells the recovery codes, once.
#[server(name = SecondFactorConfirm, prefix = "/api", endpoint = "staff/second_factor/confirm", input = Json)]
pub async fn second_factor_confirm(otp: String) -> Result<RecoveryCodes, ApiError> {
    let staff = crate::caller::staff_as_they_are().await?;
    Ok(crate::caller::engine()?.second_factor_confirm(&staff, &otp).await?)
}

/// Turns the second factor off.
#[server(name = SecondFactorOff, prefix = "/api", endpoint = "staff/second_factor/off", input = Json)]
pub async fn second_factor_off(password: String, otp: String) -> Result<OneStaffMember, ApiError> {
    let staff = crate::caller::staff_as_they_are().await?;
    crate::caller::engine()?.second_factor_off(&staff, &password, &otp).await?;
    Ok(OneStaffMember { staff: crate::caller::staff_as_they_are().await?.member })
}
