//! `accounts/*`: signing in by phone.

use domain::person::{CodeSent, Done, OneAccount};
use domain::work::Work;
use leptos::prelude::*;
use server_fn::codec::Json;

use super::ApiError;

/// Sends a sign-in code. The answer is the same whether the phone is known or not. Where very many are asked for, the refusal says what the
/// device has to work out first, and the next call brings it as `work`.
#[server(name = SendCode, prefix = "/api", endpoint = "accounts/send_code", input = Json)]
pub async fn send_code(phone: String, #[server(default)] work: Option<Work>) -> Result<CodeSent, ApiError> {
    Ok(crate::caller::engine()?.send_code(&phone, work.as_ref(), &crate::caller::whence_known()?).await?)
}

/// Exchanges a code for a session; an account is made for a phone that has none.
#[server(name = SignIn, prefix = "/api", endpoint = "accounts/sign_in", input = Json)]
pub async fn sign_in(phone: String, code: String) -> Result<OneAccount, ApiError> {
    let old = crate::caller::token(crate::caller::Who::Citizen);
    let (mut account, token) = crate::caller::engine()?.sign_in(&phone, &code, &crate::caller::whence()?, old.as_deref()).await?;
    crate::caller::remember(crate::caller::Who::Citizen, &token)?;
    account.wechat |= crate::caller::bind_wechat(&token).await?;
    Ok(OneAccount { account })
}

/// The account that is signed in.
#[server(name = Me, prefix = "/api", endpoint = "accounts/me", input = Json)]
pub async fn me() -> Result<OneAccount, ApiError> {
    let citizen = crate::caller::citizen().await?;
    Ok(OneAccount { account: crate::caller::engine()?.account(&citizen).await? })
}

/// Lets go whoever signs in to the account by WeChat: they need a code again.
#[server(name = UnbindWechat, prefix = "/api", endpoint = "accounts/unbind_wechat", input = Json)]
pub async fn unbind_wechat() -> Result<OneAccount, ApiError> {
    let (engine, citizen) = (crate::caller::engine()?, crate::caller::citizen().await?);
    engine.unbind_wechat(&citizen).await?;
    Ok(OneAccount { account: engine.account(&citizen).await? })
}

/// Ends the session.
#[server(name = SignOut, prefix = "/api", endpoint = "accounts/sign_out", input = Json)]
pub async fn sign_out() -> Result<Done, ApiError> {
    crate::caller::forget(crate::caller::Who::Citizen).await?;
    Ok(Done {})
}

/// Ends every session of the account, on all devices.
#[server(name = SignOutEverywhere, prefix = "/api", endpoint = "accounts/sign_out_everywhere", input = Json)]
pub async fn sign_out_everywhere() -> Result<Done, ApiError> {
    let citizen = crate::caller::citizen().await?;
    crate::caller::engine()?.sign_out_everywhere(&citizen).await?;
    crate::caller::forget_here(crate::caller::Who::Citizen)?;
    Ok(Done {})
}
