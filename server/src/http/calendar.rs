//! `GET /bookings/{code}/calendar.ics`: a booking for its owner's calendar. A plain answer, for WeChat's browser and other webviews save no file
//! that a page made.

use app::caller::{Who, cookie_of};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::code::Code;
use domain::error::{Error, ErrorCode, Result};
use domain::reason::Reason;

use super::gates::Kind;
use super::{Host, Refusal, https};

/// The file, for the account that the booking belongs to. A person whose session has ended, or whose browser handed the address to another
/// one, is led to the booking's page, which asks who they are.
pub(super) async fn entry(
    State(host): State<Host>,
    Path(code): Path<String>,
    headers: HeaderMap,
) -> std::result::Result<Response, Refusal> {
    let by_page =
        headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).is_some_and(|accepts| accepts.contains("text/html"));
    match file(&host, &code, &headers).await {
        Ok((code, text)) => {
            let name = format!("inline; filename=\"yizhen-{code}.ics\"");
            let about = [
                (header::CONTENT_TYPE, "text/calendar; charset=utf-8"),
                (header::CONTENT_DISPOSITION, name.as_str()),
                (header::CACHE_CONTROL, "no-store"),
            ];
            Ok((about, text).into_response())
        }
        Err(error) if by_page && matches!(error.code, ErrorCode::SignInRequired | ErrorCode::NotFound | ErrorCode::Invalid) => {
            // only what is a code goes back into an address
            let page = Code::parse(&code).map_or_else(|_| "/bookings".to_owned(), |code| format!("/bookings/{code}"));
            Ok((StatusCode::SEE_OTHER, [(header::LOCATION, page.as_str()), (header::CACHE_CONTROL, "no-store")]).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

async fn file(host: &Host, code: &str, headers: &HeaderMap) -> Result<(Code, String)> {
    let _place = match host.gates().of(Kind::Reading) {
        Some(gate) => Some(gate.enter().await?),
        None => None,
    };
    let engine = host.engine();
    let token =
        cookie_of(headers, Who::Citizen.cookie(), https::is_used(host, headers)).ok_or_else(|| Error::new(Reason::SignIn))?;
    let citizen = engine.citizen(&token).await?;
    let text = engine.calendar_entry(&citizen, code).await?;
    Ok((Code::parse(code)?, text))
}
