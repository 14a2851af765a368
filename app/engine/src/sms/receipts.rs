//! Receipts that gateways push: verified here, then laid to the messages that they are about.

use domain::error::{Error, Result};
use domain::reason::Reason;

use super::{Pushed, ReceiptRefused};
use crate::Engine;

impl Engine {
    /// Takes what was pushed in a gateway's name, and says what the gateway wants to hear.
    ///
    /// # Errors
    /// `not_found` for a gateway that there is not, and alike for a push that does not come from it; `invalid` where it comes from the gateway
    /// and cannot be read; what the database says.
    pub async fn take_receipts(&self, name: &str, pushed: &Pushed<'_>) -> Result<&'static str> {
        let gateways = &self.config().gateways;
        let gateway = gateways.iter().find(|gateway| gateway.name() == name).ok_or_else(|| Error::new(Reason::NotFound))?;
        let receipts = gateway.receipts(pushed).map_err(|why| {
            Error::new(match why {
                ReceiptRefused::NotVerified => Reason::NotFound,
                ReceiptRefused::Unreadable => Reason::Malformed,
            })
        })?;
        tracing::debug!(gateway = gateway.name(), count = receipts.len(), "receipts came");
        self.apply_receipts(gateway.name(), receipts).await?;
        Ok(gateway.thanks())
    }
}
