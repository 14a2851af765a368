//! The reckoning: what a database holds after a run, beside what was acknowledged over HTTP. The same questions to both engines.

use std::collections::HashSet;

use anyhow::{Context, Result, ensure};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, Statement};

/// The ten characters of a booking's code.
pub(crate) type Code = [u8; 10];

/// The code in the answer to a reservation.
pub(crate) fn code_in(body: &[u8]) -> Option<Code> {
    const KEY: &[u8] = b"\"code\":\"";
    let at = body.windows(KEY.len()).position(|found| found == KEY)? + KEY.len();
    body.get(at..at + 10)?.try_into().ok()
}

/// Bookings that were asked for over HTTP, each with the request's kept answer. The demo's own people never asked.
const ASKED: &str = "SELECT booking_code FROM requests";

/// Each must count nothing.
const NEVER: [(&str, &str); 5] = [
    ("answers without their booking", "SELECT count(*) FROM requests WHERE booking_code NOT IN (SELECT code FROM bookings)"),
    (
        "bookings without their message",
        "SELECT count(*) FROM requests WHERE booking_code NOT IN
         (SELECT booking_code FROM messages WHERE kind = 'booked' AND booking_code IS NOT NULL)",
    ),
    ("bookings without their audit row", "SELECT count(*) FROM requests WHERE booking_code NOT IN (SELECT object FROM audit)"),
    (
        "slots whose ledger does not balance",
        "SELECT count(*) FROM slots LEFT JOIN
         (SELECT slot_id, count(*) AS live FROM bookings WHERE state <> 'cancelled' GROUP BY slot_id) AS held ON held.slot_id = slots.id
         WHERE taken NOT BETWEEN 0 AND capacity OR taken <> coalesce(live, 0)",
    ),
    (
        "people with two live bookings of one dose",
        "SELECT count(*) FROM (SELECT 1 FROM bookings WHERE state IN ('booked', 'redeemed')
         GROUP BY person_hash, course, dose HAVING count(*) > 1) AS twice",
    ),
];

/// Proves that the bookings asked for and the acknowledged ones are the same, with all their rows, and that nothing was given twice.
/// Gives how many were found. `unanswered` requests may or may not have become bookings.
pub(crate) async fn check(url: &str, acknowledged: &[Code], unanswered: usize) -> Result<usize> {
    let db = open(url).await?;
    let checked = reckon(&db, acknowledged, unanswered).await;
    db.close().await?;
    checked
}

async fn open(url: &str) -> Result<DatabaseConnection> {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    Database::connect(options).await.context("the database is opened again")
}

/// How many requests a database has answered.
pub(crate) async fn asked(url: &str) -> Result<i64> {
    let db = open(url).await?;
    let asked = count(&db, "SELECT count(*) FROM requests").await?;
    db.close().await?;
    Ok(asked)
}

/// The same proof beside millions of other bookings, whose requests were `before`: each acknowledged booking is there, and no other one came.
/// What must never be is left to `yizhen ledger check`.
pub(crate) async fn check_beside(url: &str, acknowledged: &[Code], before: i64) -> Result<usize> {
    let came = asked(url).await? - before;
    ensure!(came == acknowledged.len() as i64, "{came} bookings came, but {} were acknowledged", acknowledged.len());
    let db = open(url).await?;
    let mut found = 0;
    for some in acknowledged.chunks(500) {
        let codes: Vec<_> = some.iter().map(|code| format!("'{}'", String::from_utf8_lossy(code))).collect();
        found += count(&db, &format!("SELECT count(*) FROM bookings WHERE code IN ({})", codes.join(", "))).await?;
    }
    db.close().await?;
    ensure!(found == came, "{} of {came} acknowledged bookings are not in the database", came - found);
    Ok(acknowledged.len())
}

async fn reckon(db: &DatabaseConnection, acknowledged: &[Code], unanswered: usize) -> Result<usize> {
    let statement = Statement::from_string(db.get_database_backend(), ASKED);
    let rows = db.query_all_raw(statement).await?;
    let codes = rows.iter().map(|row| row.try_get_by_index::<String>(0)).collect::<std::result::Result<Vec<_>, _>>()?;
    let found: HashSet<&[u8]> = codes.iter().map(String::as_bytes).collect();
    let lost = acknowledged.iter().filter(|code| !found.contains(&code[..])).count();
    ensure!(lost == 0, "{lost} of {} acknowledged bookings are not in the database", acknowledged.len());
    let distinct: HashSet<_> = acknowledged.iter().collect();
    ensure!(distinct.len() == acknowledged.len(), "a booking was acknowledged to two people");
    ensure!(found.len() == codes.len(), "a booking is the answer to two requests");
    let most = acknowledged.len() + unanswered;
    ensure!(codes.len() <= most, "{} bookings asked for, but only {} acknowledged", codes.len(), acknowledged.len());
    for (what, sql) in NEVER {
        let count = count(db, sql).await?;
        ensure!(count == 0, "{count} {what}");
    }
    Ok(codes.len())
}

async fn count(db: &DatabaseConnection, sql: &str) -> Result<i64> {
    let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await?;
    Ok(row.context("a count is one row")?.try_get_by_index(0)?)
}
