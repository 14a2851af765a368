//! What the tablet says of a scan by itself.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use domain::booking::BookingState;
use domain::checkin::{LookUp, Redemption, RosterRow};
use domain::code::Code;
use domain::error::{Error, Result};
use domain::offline::seal::{FOR_ROSTER, of_record, open, stretch};
use domain::offline::take::{Here, Record, TakeAlong, pass_alone};
use domain::pass::Pass;
use domain::reason::Reason;
use ed25519_dalek::VerifyingKey;

use super::store::{Along, Entry};
use crate::staff::scan::Scan;

/// The answer. `entries`: what was recorded on this tablet.
pub(super) fn look_up(scan: &Scan, along: &Along, entries: &[Entry]) -> Result<LookUp> {
    let taken = &along.taken;
    let pass = match scan {
        Scan::Pass(text) => Some(Pass::verify(text, |id| key(taken, id))?),
        Scan::Code(_) => None,
    };
    let code = match (scan, &pass) {
        (Scan::Code(code), _) => *code,
        (_, Some(pass)) => pass.code,
        (Scan::Pass(_), None) => return Err(Error::field("pass", Reason::PassShape)),
    };
    let of_this = |entry: &&Entry| entry.refused.is_none() && Code::parse(&entry.late.code) == Ok(code);
    let done = entries.iter().find(of_this).map(|entry| Redemption {
        at: entry.late.at,
        by: along.member.name.clone(),
        site_name: taken.site_name.clone(),
    });
    let here = Here { site_id: taken.site_id, site_name: &taken.site_name, vaccines: &taken.vaccines, now: along.now() };
    match (record(taken, code), pass) {
        (Some(record), pass) => Ok(record.look_up(code, pass.as_ref(), done, &here)),
        (None, Some(pass)) => Ok(pass_alone(&pass, done, &here)),
        (None, None) => Err(Error::field("code", Reason::NotTakenAlong)),
    }
}

/// The list of the day, with what was recorded on this tablet since.
pub(super) fn list(along: &Along, entries: &[Entry]) -> Option<Vec<RosterRow>> {
    let taken = &along.taken;
    let mut rows: Vec<RosterRow> =
        serde_json::from_slice(&open(&taken.roster_key, FOR_ROSTER, &BASE64.decode(&taken.roster).ok()?)?).ok()?;
    for row in &mut rows {
        let of_this = |entry: &&Entry| entry.refused.is_none() && Code::parse(&entry.late.code) == Ok(row.code);
        if let Some(entry) = entries.iter().find(of_this) {
            (row.state, row.redeemed_at) = (BookingState::Redeemed, Some(entry.late.at));
        }
    }
    Some(rows)
}

fn key(taken: &TakeAlong, id: u8) -> Option<VerifyingKey> {
    let (_, bytes) = taken.pass_keys.iter().find(|(known, _)| *known == id)?;
    VerifyingKey::from_bytes(bytes).ok()
}

/// The record of a code, where it was taken along.
fn record(taken: &TakeAlong, code: Code) -> Option<Record> {
    let (name, key) = of_record(&taken.day_key, &stretch(code, &taken.salt)?)?;
    let wanted = BASE64.encode(name);
    let (_, sealed) = taken.records.iter().find(|(name, _)| *name == wanted)?;
    serde_json::from_slice(&open(&key, &name, &BASE64.decode(sealed).ok()?)?).ok()
}
