//! `accounts/*`: signing in by phone, and what an account decides about its data.

use domain::consent::ConsentKind;
use domain::lang::Lang;
use domain::own_data::{Erased, Holdings, OwnData};
use domain::person::{CodeSent, Done, OneAccount};
use domain::work::Work;
use leptos::prelude::*;
use server_fn::codec::Json;

use super::ApiError;

/// Sends a sign-in code. The answer is the same whether the phone is known or not. Where very many are asked for, the refusal says what the
/// device has to work out first, and the next call brings it as `work`. `lang`: the language around the code.
#[server(name = SendCode, prefix = "/api", endpoint = "accounts/send_code", input = Json)]
pub async fn send_code(
    phone: String,
    #[server(default)] work: Option<Work>,
    #[server(default)] lang: Option<Lang>,
) -> Result<CodeSent, ApiError> {
    let (engine, whence) = (crate::caller::engine()?, crate::caller::whence_known()?);
    Ok(engine.send_code_in(lang.unwrap_or(Lang::Zh), &phone, work.as_ref(), &whence).await?)
}

/// Exchanges a code for a session; an account is made for a phone that has none. With `lang` its messages are in that language from now on.
#[server(name = SignIn, prefix = "/api", endpoint = "accounts/sign_in", input = Json)]
pub async fn sign_in(phone: String, code: String, #[server(default)] lang: Option<Lang>) -> Result<OneAccount, ApiError> {
    let engine = crate::caller::engine()?;
    let old = crate::caller::token(crate::caller::Who::Citizen);
    let (mut account, token) = engine.sign_in(&phone, &code, &crate::caller::whence()?, old.as_deref()).await?;
    crate::caller::remember(crate::caller::Who::Citizen, &token)?;
    if let Some(lang) = lang {
        engine.set_lang(&engine.citizen(&token).await?, lang).await?;
        account.lang = lang;
    }
    account.wechat |= crate::caller::bind_wechat(&token).await?;
    Ok(OneAccount { account })
}

/// The account that is signed in.
#[server(name = Me, prefix = "/api", endpoint = "accounts/me", input = Json)]
pub async fn me() -> Result<OneAccount, ApiError> {
    let citizen = crate::caller::citizen().await?;
    Ok(OneAccount { account: crate::caller::engine()?.account(&citizen).await? })
}

/// The language that the account's messages are in from now on.
#[server(name = SetLang, prefix = "/api", endpoint = "accounts/set_lang", input = Json)]
pub async fn set_lang(lang: Lang) -> Result<OneAccount, ApiError> {
    let (engine, citizen) = (crate::caller::engine()?, crate::caller::citizen().await?);
    engine.set_lang(&citizen, lang).await?;
    Ok(OneAccount { account: engine.account(&citizen).await? })
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

/// Gives or takes back the consent that is asked for on its own. Without `given` it is given.
#[server(name = GiveConsent, prefix = "/api", endpoint = "accounts/consent", input = Json)]
pub async fn consent(kind: ConsentKind, version: String, #[server(default)] given: Option<bool>) -> Result<OneAccount, ApiError> {
    let citizen = crate::caller::citizen().await?;
    let engine = crate::caller::engine()?;
    engine.consent(&citizen, kind, &version, given.unwrap_or(true)).await?;
    Ok(OneAccount { account: engine.account(&citizen).await? })
}

/// What is kept about the account, in numbers, and what would be kept if it were erased.
#[server(name = ReadHoldings, prefix = "/api", endpoint = "accounts/holdings", input = Json)]
pub async fn holdings() -> Result<Holdings, ApiError> {
    let citizen = crate::caller::citizen().await?;
    Ok(crate::caller::engine()?.holdings(&citizen).await?)
}

/// Sends a code to the account's own phone, for `own_data` and `erase`.
#[server(name = SendOwnCode, prefix = "/api", endpoint = "accounts/send_own_code", input = Json)]
pub async fn send_own_code() -> Result<CodeSent, ApiError> {
    let citizen = crate::caller::citizen().await?;
    Ok(crate::caller::engine()?.send_own_code(&citizen, &crate::caller::whence_known()?).await?)
}

/// Everything that is kept about the account, for whoever holds its phone.
#[server(name = TakeOwnData, prefix = "/api", endpoint = "accounts/own_data", input = Json)]
pub async fn own_data(code: String) -> Result<OwnData, ApiError> {
    let citizen = crate::caller::citizen().await?;
    Ok(crate::caller::engine()?.own_data(&citizen, &code, &crate::caller::whence()?).await?)
}

/// Erases the account, for whoever holds its phone.
#[server(name = EraseAccount, prefix = "/api", endpoint = "accounts/erase", input = Json)]
pub async fn erase(code: String) -> Result<Erased, ApiError> {
    let citizen = crate::caller::citizen().await?;
    let erased = crate::caller::engine()?.erase_account(&citizen, &code, &crate::caller::whence()?).await?;
    crate::caller::forget_here(crate::caller::Who::Citizen)?;
    Ok(erased)
}
