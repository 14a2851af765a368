//! The reckoning: what an embedded database holds after a run, beside what was acknowledged over HTTP.

use std::collections::HashSet;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use rusqlite::{Connection, OpenFlags};

/// The ten characters of a booking's code.
pub(crate) type Code = [u8; 10];

/// The code in the answer to a reservation.
pub(crate) fn code_in(body: &[u8]) -> Option<Code> {
    const KEY: &[u8] = b"\"code\":\"";
    let at = body.windows(KEY.len()).position(|found| found == KEY)? + KEY.len();
    body.get(at..at + 10)?.try_into().ok()
}

/// What the reckoning found.
pub(crate) struct Found {
    /// Bookings of the crowd that signed in, whatever became of them.
    pub(crate) bookings: usize,
}

/// Bookings of accounts that signed in: those of the demo's own people have ids of UUID version 8.
pub(crate) const REAL: &str = "hex(account_id) LIKE '____________7%'";

/// Proves that every acknowledged booking is there, with its rows, and that nothing was given twice.
pub(crate) fn check(database: &Path, acknowledged: &[Code], complete: bool) -> Result<Found> {
    let db = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY).context("the database is opened again")?;
    let count = |sql: &str| -> Result<usize> {
        Ok(usize::try_from(db.query_row(sql, [], |row| row.get::<_, i64>(0)).with_context(|| sql.to_owned())?)?)
    };
    let mut statement = db.prepare(&format!("SELECT code FROM bookings WHERE {REAL}"))?;
    let codes = statement.query_map([], |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<HashSet<_>>>()?;
    let lost = acknowledged.iter().filter(|code| !std::str::from_utf8(*code).is_ok_and(|code| codes.contains(code))).count();
    ensure!(lost == 0, "{lost} of {} acknowledged bookings are not in the database", acknowledged.len());
    let distinct: HashSet<_> = acknowledged.iter().collect();
    ensure!(distinct.len() == acknowledged.len(), "a booking was acknowledged to two people");
    ensure!(!complete || codes.len() == acknowledged.len(), "{} bookings, {} acknowledged", codes.len(), acknowledged.len());
    let requests = count("SELECT count(*) FROM requests JOIN bookings ON bookings.code = requests.booking_code")?;
    ensure!(requests == codes.len(), "{requests} answers kept for {} bookings", codes.len());
    let silent = count(&format!(
        "SELECT count(*) FROM bookings WHERE {REAL} AND NOT EXISTS (SELECT 1 FROM messages WHERE booking_code = code AND kind = 'booked')"
    ))?;
    ensure!(silent == 0, "{silent} bookings without a message");
    let unsigned =
        count(&format!("SELECT count(*) FROM bookings WHERE {REAL} AND NOT EXISTS (SELECT 1 FROM audit WHERE object = code)"))?;
    ensure!(unsigned == 0, "{unsigned} bookings without an audit row");
    let wrong = count(
        "SELECT count(*) FROM slots WHERE taken NOT BETWEEN 0 AND capacity
         OR taken <> (SELECT count(*) FROM bookings WHERE slot_id = slots.id AND state <> 'cancelled')",
    )?;
    ensure!(wrong == 0, "{wrong} slots whose ledger does not balance");
    let doubles = count(
        "SELECT count(*) FROM (SELECT 1 FROM bookings WHERE state IN ('booked', 'redeemed')
         GROUP BY person_hash, course, dose HAVING count(*) > 1)",
    )?;
    ensure!(doubles == 0, "{doubles} people with two bookings of one dose");
    Ok(Found { bookings: codes.len() })
}
