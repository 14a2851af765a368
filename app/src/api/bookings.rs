//! `bookings/*`: the citizen's bookings.

use domain::booking::{Bookings, Move, OneBooking, Reserve};
use domain::message::BookingMessages;
use leptos::prelude::*;
use server_fn::codec::Json;

use super::ApiError;

/// Takes a place.
#[server(name = ReservePlace, prefix = "/api", endpoint = "bookings/reserve", input = Json)]
pub async fn reserve(#[server(flatten)] reserve: Reserve) -> Result<OneBooking, ApiError> {
    let citizen = crate::caller::citizen().await?;
    Ok(OneBooking { booking: crate::caller::engine()?.reserve(&citizen, reserve).await? })
}

/// Takes another place and lets the old one go.
#[server(name = MoveBooking, prefix = "/api", endpoint = "bookings/move", input = Json)]
pub async fn move_to(#[server(flatten)] to: Move) -> Result<OneBooking, ApiError> {
    let citizen = crate::caller::citizen().await?;
    Ok(OneBooking { booking: crate::caller::engine()?.move_booking(&citizen, to).await? })
}

/// Calls a booking off.
#[server(name = CancelBooking, prefix = "/api", endpoint = "bookings/cancel", input = Json)]
pub async fn cancel(code: String) -> Result<OneBooking, ApiError> {
    let citizen = crate::caller::citizen().await?;
    Ok(OneBooking { booking: crate::caller::engine()?.cancel(&citizen, &code).await? })
}

/// One of the account's bookings.
#[server(name = ShowBooking, prefix = "/api", endpoint = "bookings/show", input = Json)]
pub async fn show(code: String) -> Result<OneBooking, ApiError> {
    let citizen = crate::caller::citizen().await?;
    Ok(OneBooking { booking: crate::caller::engine()?.show_booking(&citizen, &code).await? })
}

/// All of the account's bookings.
#[server(name = ListBookings, prefix = "/api", endpoint = "bookings/list", input = Json)]
pub async fn list() -> Result<Bookings, ApiError> {
    let citizen = crate::caller::citizen().await?;
    Ok(Bookings { bookings: crate::caller::engine()?.list_bookings(&citizen).await? })
}

/// What was told about one of the account's bookings, when, and what became of it.
#[server(name = ReadMessages, prefix = "/api", endpoint = "bookings/messages", input = Json)]
pub async fn messages(code: String) -> Result<BookingMessages, ApiError> {
    let citizen = crate::caller::citizen().await?;
    Ok(crate::caller::engine()?.booking_messages_of(&citizen, &code).await?)
}
