//! The request's citizen or member of staff, and the cookie that says so.

use std::net::IpAddr;

use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use domain::error::{Error, Result};
use domain::reason::Reason;
use engine::{Citizen, Engine, Staff};
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;

/// Whose session a cookie holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// A citizen's, for all pages.
    Citizen,
    /// A member of staff's.
    Staff,
}

impl Who {
    fn cookie(self) -> &'static str {
        match self {
            Self::Citizen => "yizhen",
            Self::Staff => "yizhen_staff",
        }
    }
}

/// Whether cookies may travel over https only; provided by the host.
#[derive(Clone, Copy, Debug)]
pub struct SecureCookies(pub bool);

/// From where a request comes; provided by the host.
#[derive(Clone, Copy, Debug)]
pub struct ClientAddress(pub IpAddr);

/// The engine of this process.
///
/// # Errors
/// `internal` when the host did not provide it.
pub fn engine() -> Result<Engine> {
    use_context().ok_or_else(Error::internal)
}

/// The citizen who is calling.
///
/// # Errors
/// `sign_in_required`
pub async fn citizen() -> Result<Citizen> {
    let token = token(Who::Citizen).ok_or_else(|| Error::new(Reason::SignIn))?;
    engine()?.citizen(&token).await
}

/// The member of staff who is calling.
///
/// # Errors
/// `sign_in_required`
pub async fn staff() -> Result<Staff> {
    let token = token(Who::Staff).ok_or_else(|| Error::new(Reason::SignIn))?;
    engine()?.staff(&token).await
}

/// The session's token that came along, whether or not it is still worth anything.
pub fn token(who: Who) -> Option<String> {
    cookie(who.cookie())
}

/// Sets the session's cookie, for as long as the session can last.
///
/// # Errors
/// `internal` outside a request.
pub fn remember(who: Who, token: &str) -> Result<()> {
    let sessions = engine()?.sessions();
    let lasts = match who {
        Who::Citizen => sessions.citizens,
        Who::Staff => sessions.staff,
    };
    set_cookie(who, token, lasts.whole.num_seconds())
}

/// Ends the session and takes its cookie away. Nothing happens when there is none.
///
/// # Errors
/// `internal` outside a request.
pub async fn forget(who: Who) -> Result<()> {
    if let Some(token) = token(who) {
        let engine = engine()?;
        match who {
            Who::Citizen => engine.sign_out(&token).await?,
            Who::Staff => engine.staff_sign_out(&token).await?,
        }
    }
    forget_here(who)
}

/// Takes the session's cookie away, and nothing else.
///
/// # Errors
/// `internal` outside a request.
pub fn forget_here(who: Who) -> Result<()> {
    set_cookie(who, "", 0)
}

fn cookie(wanted: &str) -> Option<String> {
    let parts: Parts = use_context()?;
    parts
        .headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, value)| *name == wanted && !value.is_empty())
        .map(|(_, value)| value.to_owned())
}

fn set_cookie(who: Who, token: &str, max_age_s: i64) -> Result<()> {
    let options: ResponseOptions = use_context().ok_or_else(Error::internal)?;
    let secure = if use_context::<SecureCookies>().is_some_and(|secure| secure.0) { "; Secure" } else { "" };
    let cookie = format!("{}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={max_age_s}{secure}", who.cookie());
    options.append_header(header::SET_COOKIE, HeaderValue::from_str(&cookie).map_err(|_| Error::internal())?);
    Ok(())
}
