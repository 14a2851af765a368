//! Database errors on their way out: the log has what happened, the caller hears `internal`.

use domain::error::Error;
use domain::reason::Reason;
use sea_orm::DbErr;

/// Seconds that a caller is asked to wait when the database is overloaded.
const RETRY_AFTER_S: u32 = 2;

/// Turns a database error into an `internal` one, or into `busy` where it passes with time, after logging it. Values are never part of the database's message here: all
/// statements are prepared with parameters.
#[track_caller]
pub(crate) fn internal(error: DbErr) -> Error {
    let at = std::panic::Location::caller();
    if is_transient(&error) {
        tracing::warn!(%error, place = %at, "the database is too busy");
        return Error::later(Reason::Busy, RETRY_AFTER_S);
    }
    tracing::error!(%error, place = %at, "the database failed");
    Error::internal()
}

/// Whether a whole transaction failed for a reason that passes: a serialisation failure or deadlock (PostgreSQL 40001, 40P01), a server that
/// stops, starts (57P01 to 57P03) or only reads for now (25006), a disk that fails or is full and whatever else is used up (classes 58 and 53);
/// or a SQLite that is busy or locked (5, 6), cannot read, write or open its files (10, 14), or has no room (13).
pub(crate) fn is_transient(error: &DbErr) -> bool {
    let text = error.to_string();
    let (DbErr::Exec(sea_orm::RuntimeErr::SqlxError(inner)) | DbErr::Query(sea_orm::RuntimeErr::SqlxError(inner))) = error else {
        return matches!(error, DbErr::Conn(_) | DbErr::ConnectionAcquire(_)) || text.contains("database is locked");
    };
    match &**inner {
        sea_orm::sqlx::Error::Database(database) => match database.code().as_deref() {
            Some("25006" | "40001" | "40P01" | "57P01" | "57P02" | "57P03") => true,
            // SQLSTATEs have five characters, SQLite's codes fewer; class 08 is a connection that broke
            Some(code) if code.len() == 5 => ["08", "53", "58"].iter().any(|class| code.starts_with(class)),
            Some(code) => code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 5 | 6 | 10 | 13 | 14)),
            None => false,
        },
        sea_orm::sqlx::Error::Io(_) | sea_orm::sqlx::Error::PoolTimedOut => true,
        _ => false,
    }
}
