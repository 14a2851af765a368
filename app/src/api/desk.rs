//! `desk/*`: bookings that staff make for somebody who walks in, or who calls.

use domain::Uuid;
use domain::at_desk::{AtDesk, BookAtDesk, Places};
use domain::booking::OneBooking;
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
