//! How often what was tried from where: from a device, and from an address. A tally is kept by a keyed hash, never by who it is, and only
//! for as long as it counts.

use std::net::IpAddr;

use domain::allowance::Allowance;
use domain::error::{Error, Result};
use domain::reason::Reason;
use domain::{DateTime, Utc, Uuid};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{CaseStatement, Expr, ExprTrait, OnConflict};
use sea_orm::{ConnectionTrait, EntityTrait, QueryFilter};

use crate::Engine;
use crate::error::internal;
use crate::store::entities::tally;

/// From where a call comes, as far as it is known.
#[derive(Clone, Debug, Default)]
pub struct Whence {
    /// The token that the device was given.
    pub device: Option<String>,
    /// The client's address.
    pub address: Option<IpAddr>,
}

/// What is counted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Tried {
    /// Sign-in codes that are asked for.
    Codes,
    /// Wrong sign-in codes.
    Guesses,
}

/// A tally and what it may come to.
pub(crate) struct Tally {
    hash: Vec<u8>,
    allowance: Allowance,
}

impl Engine {
    /// A token for a device that has none: it says nothing, but that it is the same one.
    pub fn new_device(&self) -> String {
        self.vault().entropy().token()
    }

    /// The tallies of what is tried from there: always the device's before the address's, so that two never wait for each other.
    pub(crate) fn tallies(&self, tried: Tried, whence: &Whence) -> Vec<Tally> {
        let limits = self.limits();
        if !limits.enabled {
            return vec![];
        }
        let (name, a_device, an_address) = match tried {
            Tried::Codes => ("codes", limits.codes_a_device, limits.codes_an_address),
            Tried::Guesses => ("guesses", limits.tries_a_device, limits.tries_an_address),
        };
        let tally = |of: &str, who: &str, most| Tally {
            hash: self.vault().hash(&format!("tally.{name}.{of}"), who),
            allowance: Allowance::an_hour(most),
        };
        let device = whence.device.as_deref().map(|device| tally("device", device, a_device));
        let address = whence.address.map(|address| tally("address", &subscriber(address), an_address));
        device.into_iter().chain(address).collect()
    }

    /// The tally of what one member of staff does, `most` times an hour.
    pub(crate) fn staff_tally(&self, what: &str, staff_id: Uuid, most: u32) -> Vec<Tally> {
        if !self.limits().enabled {
            return vec![];
        }
        let hash = self.vault().hash(&format!("tally.{what}.staff"), &staff_id.to_string());
        vec![Tally { hash, allowance: Allowance::an_hour(most) }]
    }

    /// Refuses what is used up, without writing anything: a flood of what is refused anyway costs the bookings nothing.
    ///
    /// # Errors
    /// `too_many`
    pub(crate) async fn check(&self, tallies: &[Tally]) -> Result<()> {
        let now = self.now();
        for tally in tallies {
            if let Some(wait_s) = wait(&self.store().read, tally, now).await? {
                return Err(too_many(wait_s));
            }
        }
        Ok(())
    }

    /// Whether one of them is half full or more.
    pub(crate) async fn half_full(&self, tallies: &[Tally]) -> Result<bool> {
        for tally in tallies {
            let kept = tally::Entity::find_by_id(tally.hash.clone()).one(&self.store().read).await.map_err(internal)?;
            if kept.is_some_and(|kept| tally.allowance.is_half_full(kept.empty_ms, self.now())) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Counts one more on each of the tallies. A refusal leaves the transaction to be rolled back.
    ///
    /// # Errors
    /// `too_many`
    pub(crate) async fn count(&self, tx: &impl ConnectionTrait, tallies: &[Tally]) -> Result<()> {
        let now = self.now();
        let now_ms = now.timestamp_millis();
        for tally in tallies {
            let each_ms = tally.allowance.each_ms();
            let row = tally::ActiveModel { hash: Set(tally.hash.clone()), empty_ms: Set(now_ms + each_ms) };
            let kept = || Expr::col((tally::Entity, tally::Column::EmptyMs));
            let from = CaseStatement::new().case(kept().gt(now_ms), kept()).finally(now_ms);
            // decided by the database, in one statement: of many at once, so many as fit
            let one_more = OnConflict::column(tally::Column::Hash)
                .value(tally::Column::EmptyMs, from.add(each_ms))
                .action_and_where(kept().lte(tally.allowance.room_ms(now)))
                .to_owned();
            let counted = tally::Entity::insert(row).on_conflict(one_more).exec_without_returning(tx).await.map_err(internal)?;
            if counted == 0 {
                return Err(too_many(wait(tx, tally, now).await?.unwrap_or(1)));
            }
        }
        Ok(())
    }

    /// Takes one back from each of the tallies: it was none of what they count.
    pub(crate) async fn uncount(&self, tx: &impl ConnectionTrait, tallies: &[Tally]) -> Result<()> {
        for tally in tallies {
            tally::Entity::update_many()
                .col_expr(tally::Column::EmptyMs, Expr::col(tally::Column::EmptyMs).sub(tally.allowance.each_ms()))
                .filter(tally::COLUMN.hash.eq(tally.hash.clone()))
                .exec(tx)
                .await
                .map_err(internal)?;
        }
        Ok(())
    }
}

/// Seconds until there is room for one more; nothing where there is.
async fn wait(db: &impl ConnectionTrait, tally: &Tally, now: DateTime<Utc>) -> Result<Option<u32>> {
    let kept = tally::Entity::find_by_id(tally.hash.clone()).one(db).await.map_err(internal)?;
    let full = kept.filter(|kept| kept.empty_ms > tally.allowance.room_ms(now));
    Ok(full.map(|kept| tally.allowance.wait_s(kept.empty_ms, now)))
}

/// The refusal of what was tried too often.
pub(crate) fn too_many(wait_s: u32) -> Error {
    Error::later(Reason::TooMany { wait_s }, wait_s)
}

/// Whose address it is: with version 6 a household has at least 2^64 of them, which are the first half of it.
fn subscriber(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_household_is_one_subscriber_with_either_version() {
        for (address, expected) in [
            ("203.0.113.9", "203.0.113.9"),
            ("::ffff:203.0.113.9", "203.0.113.9"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:db8:1:2::", "2001:db8:1:2::/64"),
            ("2001:db8:1:3::", "2001:db8:1:3::/64"),
        ] {
            assert_eq!(subscriber(address.parse().expect("an address")), expected, "{address}");
        }
    }
}
