//! The request's citizen or member of staff, and the cookie that says so.

use std::net::IpAddr;

use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use domain::error::{Error, Result};
use domain::reason::Reason;
use engine::{Citizen, Engine, Staff, Whence};
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;

/// The cookie that tells a device from others, and nothing else about it.
const DEVICE: &str = "yizhen_device";
/// Where it is sent along: to nothing but signing in.
pub const SIGNING_IN: &str = "/api/accounts";
/// The cookie of a WeChat user whom the next sign-in binds.
pub const WECHAT: &str = "yizhen_wechat";
/// How long it is kept: as long as browsers keep any.
const DEVICE_S: i64 = 400 * 24 * 3600;
/// The longest that is taken for one.
const LONGEST_DEVICE: usize = 64;

/// Whose session a cookie holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// A citizen's, for all pages.
    Citizen,
    /// A member of staff's.
    Staff,
}

impl Who {
    /// The cookie's name.
    pub fn cookie(self) -> &'static str {
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

/// The member of staff who is calling, whose screen is open and who has all that their role needs.
///
/// # Errors
/// `sign_in_required`, `forbidden`
pub async fn staff() -> Result<Staff> {
    engine()?.staff(&staff_token()?).await
}

/// The same for a call that the page makes by itself: it keeps no screen open.
///
/// # Errors
/// `sign_in_required`, `forbidden`
pub async fn staff_by_itself() -> Result<Staff> {
    engine()?.staff_by_itself(&staff_token()?).await
}

/// The member of staff who is calling, whatever their session is good for: for what concerns that session itself.
///
/// # Errors
/// `sign_in_required`
pub async fn staff_as_they_are() -> Result<Staff> {
    engine()?.staff_as_they_are(&staff_token()?).await
}

fn staff_token() -> Result<String> {
    token(Who::Staff).ok_or_else(|| Error::new(Reason::SignIn))
}

/// The session's token that came along, whether or not it is still worth anything.
pub fn token(who: Who) -> Option<String> {
    cookie(who.cookie())
}

/// From where the call comes.
///
/// # Errors
/// `internal` outside a request.
pub fn whence() -> Result<Whence> {
    let ClientAddress(address) = use_context().ok_or_else(Error::internal)?;
    // one that we never gave is as good as any: it only tells devices apart
    let device = cookie(DEVICE).filter(|device| device.len() <= LONGEST_DEVICE);
    Ok(Whence { device, address: Some(address) })
}

/// The same; a device that has no token is given one.
///
/// # Errors
/// `internal` outside a request.
pub fn whence_known() -> Result<Whence> {
    let mut whence = whence()?;
    if whence.device.is_none() {
        let device = engine()?.new_device();
        append_cookie(&format!("{DEVICE}={device}; Path={SIGNING_IN}"), DEVICE_S)?;
        whence.device = Some(device);
    }
    Ok(whence)
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

/// Binds the WeChat user who knocked in this browser, where one did, to the account that has just signed in. Whether it did; what goes wrong
/// with it does not undo the sign-in: they are asked for a code once more.
///
/// # Errors
/// `internal` outside a request.
pub async fn bind_wechat(session: &str) -> Result<bool> {
    let Some(pending) = cookie(WECHAT) else { return Ok(false) };
    let bound = engine()?.bind_wechat(&pending, session).await;
    if bound.is_err() {
        tracing::warn!("a WeChat user could not be bound");
    }
    append_cookie(&format!("{WECHAT}=; Path={SIGNING_IN}"), 0)?;
    Ok(bound.unwrap_or(false))
}

fn cookie(wanted: &str) -> Option<String> {
    let parts: Parts = use_context()?;
    cookie_of(&parts.headers, wanted, secure())
}

fn secure() -> bool {
    use_context::<SecureCookies>().is_some_and(|secure| secure.0)
}

/// What a cookie's name begins with where it travels over https only: then browsers take it from nobody else than this very host (RFC 6265bis,
/// 4.1.3), so that a neighbour below the same domain cannot put a session of its own here. One that is not for all paths may not have the
/// stronger of the two.
fn prefix(whole_host: bool, secure: bool) -> &'static str {
    match (secure, whole_host) {
        (false, _) => "",
        (true, true) => "__Host-",
        (true, false) => "__Secure-",
    }
}

/// The value of a cookie that came along. `secure`: whether cookies travel over https only.
pub fn cookie_of(headers: &HeaderMap, wanted: &str, secure: bool) -> Option<String> {
    let names = [true, false].map(|whole_host| format!("{}{wanted}", prefix(whole_host, secure)));
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, value)| names.iter().any(|wanted| wanted == name) && !value.is_empty())
        .map(|(_, value)| value.to_owned())
}

fn set_cookie(who: Who, token: &str, max_age_s: i64) -> Result<()> {
    append_cookie(&format!("{}={token}; Path=/", who.cookie()), max_age_s)
}

fn append_cookie(pair: &str, max_age_s: i64) -> Result<()> {
    let options: ResponseOptions = use_context().ok_or_else(Error::internal)?;
    options.append_header(header::SET_COOKIE, cookie_text(pair, max_age_s, secure())?);
    Ok(())
}

/// A cookie as it is set: out of reach for scripts and for what other sites send. `pair`: its name without prefix, its value, and its path.
///
/// # Errors
/// `internal` where `pair` cannot stand in a header.
pub fn cookie_text(pair: &str, max_age_s: i64, secure: bool) -> Result<HeaderValue> {
    let prefix = prefix(pair.ends_with("; Path=/"), secure);
    let secure = if secure { "; Secure" } else { "" };
    let cookie = format!("{prefix}{pair}; HttpOnly; SameSite=Lax; Max-Age={max_age_s}{secure}");
    HeaderValue::from_str(&cookie).map_err(|_| Error::internal())
}
