//! The row of a message about a booking that was read from the database.

use domain::DateTime;
use domain::Utc;
use domain::code::Code;
use domain::error::{Error, Result};
use domain::message::MessageKind;

use super::About;
use crate::Engine;
use crate::people;
use crate::shown::Found;
use crate::store::entities::message;

impl Engine {
    /// The row that tells one thing about a booking as it is.
    pub(crate) fn message_about(
        &self,
        kind: MessageKind,
        found: &Found,
        due_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<message::ActiveModel> {
        let details = people::open(self.vault(), &found.person)?;
        let about = About {
            code: Code::parse(&found.booking.code).map_err(|_| Error::internal())?,
            made_at: found.booking.created_at,
            version: found.booking.version,
            phone: &details.phone,
            window: found.slot.window(),
        };
        Ok(self.booking_message(kind, &about, due_at, now))
    }
}
