//! The database, read behind the service's back: what is really there.

use std::collections::{BTreeMap, HashSet};

use domain::Uuid;
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, QueryResult, Statement};

/// A booking as the database has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) state: String,
    pub(crate) slot: String,
    pub(crate) person: String,
    /// How often it was moved, and once more.
    pub(crate) version: i32,
}

/// The database, open for reading.
pub(crate) struct Books(DatabaseConnection);

impl Books {
    /// Opens what a service that runs has open as well.
    ///
    /// Never between a kill and the next start: mending the files is the service's work.
    pub(crate) async fn open(url: &str) -> Self {
        let mut options = ConnectOptions::new(url);
        options.max_connections(1).sqlx_logging(false);
        Self(Database::connect(options).await.expect("the database opens"))
    }

    async fn rows(&self, sql: &str) -> Vec<QueryResult> {
        self.0.query_all_raw(Statement::from_string(self.0.get_database_backend(), sql)).await.expect(sql)
    }

    /// Changes rows behind the service's back.
    pub(crate) async fn execute(&self, sql: &str) {
        self.0.execute_unprepared(sql).await.expect(sql);
    }

    pub(crate) async fn count(&self, sql: &str) -> i64 {
        let rows = self.rows(&format!("SELECT CAST(({sql}) AS bigint)")).await;
        rows[0].try_get_by_index(0).expect("a number")
    }

    /// All bookings by their codes.
    pub(crate) async fn bookings(&self) -> BTreeMap<String, Row> {
        let rows = self.rows("SELECT code, state, slot_id, person_id, version FROM bookings").await;
        let read = |row: QueryResult| {
            let id = |name: &str| row.try_get::<Uuid>("", name).expect("an id").to_string();
            let state = row.try_get("", "state").expect("a state");
            let (slot, person) = (id("slot_id"), id("person_id"));
            let version = row.try_get("", "version").expect("a version");
            (row.try_get("", "code").expect("a code"), Row { state, slot, person, version })
        };
        rows.into_iter().map(read).collect()
    }

    /// The requests that have been answered, as far as the database knows.
    pub(crate) async fn requests(&self) -> HashSet<String> {
        let rows = self.rows("SELECT id FROM requests").await;
        rows.into_iter().map(|row| row.try_get::<Uuid>("", "id").expect("an id").to_string()).collect()
    }

    /// The ledger: no window sold out of more than it has, `taken` is what is booked, nobody has a dose twice, nothing hangs in the air.
    pub(crate) async fn balance(&self) {
        for (what, sql) in [
            ("windows whose count is wrong", OFF),
            ("people with two live bookings of one dose", DOUBLE),
            ("bookings without their window, person or account", ORPHANS),
            ("answered requests without a booking", UNKEPT),
            ("messages about no booking", STRAY),
            ("bookings without exactly one message that says so", UNTOLD),
            ("moves without exactly one message each", UNTOLD_MOVES),
            ("cancellations without exactly one message", UNTOLD_CANCELLATIONS),
        ] {
            assert_eq!(self.count(sql).await, 0, "{what}");
        }
    }

    pub(crate) async fn close(self) {
        self.0.close().await.expect("closed");
    }
}

const OFF: &str = "SELECT count(*) FROM slots WHERE taken > capacity OR taken < 0
    OR taken <> (SELECT count(*) FROM bookings WHERE slot_id = slots.id AND state <> 'cancelled')";
const DOUBLE: &str = "SELECT count(*) FROM (SELECT 1 FROM bookings WHERE state IN ('booked', 'redeemed')
    GROUP BY person_hash, course, dose HAVING count(*) > 1) AS twice";
const ORPHANS: &str = "SELECT count(*) FROM bookings WHERE slot_id NOT IN (SELECT id FROM slots)
    OR person_id NOT IN (SELECT id FROM people) OR account_id NOT IN (SELECT id FROM accounts)";
const UNKEPT: &str = "SELECT count(*) FROM requests WHERE booking_code NOT IN (SELECT code FROM bookings)";
const STRAY: &str =
    "SELECT count(*) FROM messages WHERE booking_code IS NOT NULL AND booking_code NOT IN (SELECT code FROM bookings)";
/// Of the bookings that came through a request: the demo's own people were written without.
const UNTOLD: &str = "SELECT count(*) FROM bookings WHERE code IN (SELECT booking_code FROM requests)
    AND 1 <> (SELECT count(*) FROM messages WHERE booking_made_at = bookings.created_at AND booking_code = code AND kind = 'booked')";
const UNTOLD_MOVES: &str = "SELECT count(*) FROM bookings WHERE code IN (SELECT booking_code FROM requests)
    AND version - 1 <> (SELECT count(*) FROM messages WHERE booking_made_at = bookings.created_at AND booking_code = code AND kind = 'moved')";
const UNTOLD_CANCELLATIONS: &str = "SELECT count(*) FROM bookings WHERE code IN (SELECT booking_code FROM requests)
    AND (CASE state WHEN 'cancelled' THEN 1 ELSE 0 END) <> (SELECT count(*) FROM messages WHERE booking_made_at = bookings.created_at AND booking_code = code AND kind = 'cancelled')";
