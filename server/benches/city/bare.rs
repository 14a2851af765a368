//! The bare loop: the very rows that a run wrote, written again by prepared statements into a fresh copy of the database. What nothing on
//! top of this SQLite can pass.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, Row, params_from_iter};

/// Bookings of one transaction.
const BATCH: usize = 512;

/// All rows of one booking.
struct Rows {
    booking: Vec<Value>,
    request: Vec<Value>,
    messages: Vec<Vec<Value>>,
    audit: Vec<Value>,
    slot: Value,
    at: Value,
}

/// Bookings a second, and how many were written.
pub(crate) fn write_again(from: &Path, into: &Path) -> Result<(f64, usize)> {
    let rows = read(from).context("the rows of the run are read")?;
    let took = write(into, &rows).context("the rows of the run are written again")?;
    Ok((rows.len() as f64 / took.as_secs_f64(), rows.len()))
}

fn read(from: &Path) -> Result<Vec<Rows>> {
    let db = Connection::open_with_flags(from, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    db.execute_batch(
        "CREATE TEMP TABLE asked AS SELECT booking_code AS code, rowid AS at FROM requests; CREATE UNIQUE INDEX temp.asked_at ON asked (code);
         CREATE TEMP TABLE done AS SELECT object AS code, rowid AS at FROM audit; CREATE INDEX temp.done_at ON done (code)",
    )?;
    let mut bookings = db.prepare("SELECT * FROM bookings WHERE code IN (SELECT code FROM asked) ORDER BY created_at, code")?;
    let mut requests = db.prepare("SELECT * FROM requests WHERE rowid = (SELECT at FROM asked WHERE code = ?1)")?;
    let mut messages = db.prepare("SELECT * FROM messages WHERE booking_made_at = ?1 AND booking_code = ?2")?;
    let mut audits = db.prepare("SELECT * FROM audit WHERE rowid = (SELECT at FROM done WHERE code = ?1)")?;
    let [code_at, slot_at, created_at] = ["code", "slot_id", "created_at"].map(|name| bookings.column_index(name));
    let (code_at, slot_at, created_at) = (code_at?, slot_at?, created_at?);
    let all = bookings.query_map([], values)?.collect::<rusqlite::Result<Vec<_>>>()?;
    let mut rows = Vec::with_capacity(all.len());
    for booking in all {
        let code = booking[code_at].clone();
        let (slot, at) = (booking[slot_at].clone(), booking[created_at].clone());
        let messages = messages.query_map([&at, &code], values)?.collect::<rusqlite::Result<Vec<_>>>()?;
        let audit = audits.query_row([&code], values)?;
        rows.push(Rows { request: requests.query_row([&code], values)?, booking, messages, audit, slot, at });
    }
    Ok(rows)
}

fn values(row: &Row<'_>) -> rusqlite::Result<Vec<Value>> {
    (0..row.as_ref().column_count()).map(|at| row.get(at)).collect()
}

fn write(into: &Path, rows: &[Rows]) -> Result<Duration> {
    let db = Connection::open(into)?;
    // as engine::store::connect sets them
    let mode: String = db.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    ensure!(mode == "wal", "the journal is {mode}");
    db.execute_batch(
        "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000; PRAGMA cache_size = -65536;
         PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 64000",
    )?;
    let Some(first) = rows.first() else { return Ok(Duration::from_secs(1)) };
    let insert = |table: &str, columns: usize| {
        let marks = vec!["?"; columns].join(", ");
        db.prepare(&format!("INSERT INTO {table} VALUES ({marks})"))
    };
    let mut booking = insert("bookings", first.booking.len())?;
    let mut request = insert("requests", first.request.len())?;
    let mut message = insert("messages", first.messages.first().map_or(0, Vec::len))?;
    let mut audit = insert("audit", first.audit.len())?;
    let mut slot = db.prepare(
        "UPDATE slots SET taken = taken + 1, version = version + 1, changed_at = ?1 WHERE id = ?2 AND taken < capacity AND NOT closed",
    )?;
    let began = Instant::now();
    for batch in rows.chunks(BATCH) {
        db.execute_batch("BEGIN IMMEDIATE")?;
        for row in batch {
            request.execute(params_from_iter(&row.request))?;
            booking.execute(params_from_iter(&row.booking))?;
            ensure!(slot.execute([&row.at, &row.slot])? == 1, "a slot has no place");
            for one in &row.messages {
                message.execute(params_from_iter(one))?;
            }
            audit.execute(params_from_iter(&row.audit))?;
        }
        db.execute_batch("COMMIT")?;
    }
    Ok(began.elapsed())
}
