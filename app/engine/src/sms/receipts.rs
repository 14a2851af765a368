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
        // every gateway looks at it, whichever is named: so the time tells neither which there are nor how they verify
        let looked = self.config().gateways.iter().map(|gateway| (gateway, gateway.receipts(pushed)));
        let looked: Vec<_> = looked.collect();
        let found = looked.into_iter().find(|(gateway, _)| gateway.name() == name);
        let (gateway, receipts) = found.ok_or_else(|| Error::new(Reason::NotFound))?;
        let receipts = receipts.map_err(|why| {
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
