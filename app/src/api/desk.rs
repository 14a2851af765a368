//! `desk/*`: bookings that staff make for somebody who walks in, or who calls.

use domain::Uuid;
use domain::at_desk::{AtDesk, BookAtDesk, Places};
use domain::booking::OneBooking;
use domain::next_dose::{BookNext, NextDose};
use leptos::prelude::*;
use server_fn::codec::Json;

use super::ApiError;

/// The places of a site that can be given away now.
#[server(name = ReadPlaces, prefix = "/api", endpoint = "desk/places", input = Json)]
pub async fn places(site_id: Uuid, how: AtDesk) -> Result<Places, ApiError> {
    let staff = crate::caller::staff().await?;
    Ok(crate::caller::engine()?.places_at_desk(&staff, site_id, how).await?)
}

/// Takes one of them, in the account of the person's phone.
#[server(name = BookOneAtDesk, prefix = "/api", endpoint = "desk/book", input = Json)]
pub async fn book(#[server(flatten)] book: BookAtDesk) -> Result<OneBooking, ApiError> {
    let staff = crate::caller::staff().await?;
    Ok(OneBooking { booking: crate::caller::engine()?.book_at_desk(&staff, book).await? })
}

/// What comes after the jab of a booking, and the first good days for it.
#[server(name = ReadNextDose, prefix = "/api", endpoint = "desk/next_dose", input = Json)]
pub async fn next_dose(code: String) -> Result<NextDose, ApiError> {
    let staff = crate::caller::staff().await?;
    Ok(crate::caller::engine()?.next_dose(&staff, &code).await?)
}

/// Books it, in the name of the booking's own account.
#[server(name = BookNextDose, prefix = "/api", endpoint = "desk/book_next", input = Json)]
pub async fn book_next(#[server(flatten)] book: BookNext) -> Result<OneBooking, ApiError> {
    let staff = crate::caller::staff().await?;
    Ok(OneBooking { booking: crate::caller::engine()?.book_next(&staff, &book).await? })
}
