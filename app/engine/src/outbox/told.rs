//! Receipts, laid to the messages that they are about: only where id, gateway, reference and number all fit.

use std::sync::atomic::Ordering;

use domain::error::Result;
use domain::identity::Phone;
use domain::message::MessageState;
use sea_orm::sea_query::Expr;
use sea_orm::{EntityTrait, QueryFilter};

use super::outcome::Outcome;
use super::row::{AWAITED, state_of};
use crate::Engine;
use crate::error::internal;
use crate::sms::Receipt;
use crate::store::entities::message;

/// How often a receipt is laid to a message that somebody is changing.
const TRIES: usize = 3;

impl Engine {
    /// Lays verified receipts to the messages that were handed to this gateway. One that came before, or that fits no message, changes nothing.
    pub(crate) async fn apply_receipts(&self, gateway: &str, receipts: Vec<Receipt>) -> Result<()> {
        let Some(way) = self.post().way(gateway) else { return Ok(()) };
        for receipt in receipts {
            for _ in 0..TRIES {
                let Some(row) = self.receipted(gateway, &receipt).await? else {
                    way.counts.unproven.fetch_add(1, Ordering::Relaxed);
                    break;
                };
                let state = state_of(&row)?;
                if !matches!(state, MessageState::Sending | MessageState::InDoubt | MessageState::Sent) {
                    break;
                }
                let now = self.now();
                let reference = receipt.reference.clone().or_else(|| row.reference.clone());
                let told = Outcome { told_at: Some(now), reference, ..Outcome::of(row, MessageState::Delivered, now) };
                let outcome = match receipt.delivered {
                    true => Outcome { trouble: None, ..told },
                    false => told.because(&receipt.why).refused(&self.post().names(), now),
                };
                if self.write_outcomes(std::slice::from_ref(&outcome)).await? > 0 {
                    if receipt.delivered {
                        way.counts.delivered()
                    } else {
                        way.counts.failed()
                    }
                    break;
                }
            }
        }
        Ok(())
    }

    /// The message that a receipt is about.
    async fn receipted(&self, gateway: &str, receipt: &Receipt) -> Result<Option<message::Model>> {
        let found = match receipt.id {
            Some(id) => message::Entity::find_by_id(id).one(&self.store().read).await.map_err(internal)?,
            None if receipt.reference.is_none() => None,
            None => message::Entity::find()
                .filter(Expr::cust(AWAITED))
                .filter(message::COLUMN.reference.eq(receipt.reference.clone()))
                .filter(message::COLUMN.gateway.eq(gateway))
                .one(&self.store().read)
                .await
                .map_err(internal)?,
        };
        let fits = |row: &message::Model| {
            let theirs = row.gateway.as_deref() == Some(gateway);
            let named = row.reference.is_none() || receipt.reference.is_none() || row.reference == receipt.reference;
            let hash = |to: &str| Phone::parse(to).is_ok_and(|to| self.phone_hash(&to) == row.to_hash);
            theirs && named && receipt.to.as_deref().is_none_or(hash)
        };
        Ok(found.filter(fits))
    }
}
