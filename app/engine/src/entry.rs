//! A booking as an entry of its owner's calendar.

use domain::calendar;
use domain::code::Code;
use domain::error::Result;

use crate::Engine;
use crate::accounts::Citizen;

impl Engine {
    /// The calendar file of one of the citizen's bookings, in the language of their messages.
    ///
    /// # Errors
    /// `invalid` on `code`; `not_found` when there is none, or it is another account's.
    pub async fn calendar_entry(&self, citizen: &Citizen, code: &str) -> Result<String> {
        let found = self.booking_of(citizen, Code::parse(code)?).await?;
        let version = u32::try_from(found.booking.version).unwrap_or(1);
        let lang = self.lang_of(citizen.account_id).await?;
        Ok(calendar::file(&self.booking_out(found)?, version, lang, self.now()))
    }
}
