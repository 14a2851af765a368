//! The messages about a booking, as its owner sees them.

use domain::code::Code;
use domain::error::Result;
use domain::identity::Phone;
use domain::message::{BookingMessages, MessageState, MessageTold};
use sea_orm::{EntityTrait, QueryFilter};

use super::row::{kind_of, state_of};
use crate::Engine;
use crate::accounts::Citizen;
use crate::error::internal;
use crate::people;
use crate::store::entities::message;

impl Engine {
    /// The messages about one of the citizen's bookings, the latest first.
    ///
    /// # Errors
    /// `invalid` on `code`; `not_found` when there is none, or it is another account's.
    pub async fn booking_messages_of(&self, citizen: &Citizen, code: &str) -> Result<BookingMessages> {
        let found = self.booking_of(citizen, Code::parse(code)?).await?;
        let rows = message::Entity::find()
            .filter(message::COLUMN.booking_made_at.eq(found.booking.created_at))
            .filter(message::COLUMN.booking_code.eq(found.booking.code.as_str()))
            .filter(message::COLUMN.state.ne(MessageState::Dropped.as_str()))
            .all(&self.store().read)
            .await
            .map_err(internal)?;
        let now_to = people::open(self.vault(), &found.person)?.phone.masked();
        let mut messages = Vec::with_capacity(rows.len());
        for (row, body) in self.worded(rows).await? {
            let (kind, state) = (kind_of(&row)?, state_of(&row)?);
            let waits = matches!(state, MessageState::Queued | MessageState::Sending);
            // one that will not go, for it would not be true, is not told of
            if waits && body.is_none() {
                continue;
            }
            let went_to = body.and_then(|body| Phone::parse(&body.to).ok()).map(|phone| phone.masked());
            let at = if waits { row.due_at } else { row.handed_at.unwrap_or(row.due_at) };
            messages.push(MessageTold { kind, state, at, to: went_to.unwrap_or_else(|| now_to.clone()) });
        }
        messages.sort_by_key(|told| std::cmp::Reverse((told.at, told.kind)));
        Ok(BookingMessages { messages })
    }
}
