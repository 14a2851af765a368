//! The ledger: what the rows around bookings must add up to, proved on one snapshot of the database.
//!
//! The tables' own guards keep it so; the ledger is for the day on which somebody restored half a backup, loaded rows without the
//! guards, or changed one by hand. It never writes, and runs beside whoever serves.

mod rules;

use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::booking::BookingState;
use domain::{NaiveDate, Uuid};
use sea_orm::{
    AccessMode, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, EntityTrait, IsolationLevel, PaginatorTrait,
    QueryFilter, QueryResult, QuerySelect, Statement, TransactionOptions, TransactionTrait,
};

use self::rules::{Key, RULES, Rule, Takes};
use crate::Engine;
use crate::config::OpenError;
use crate::store::Store;
use crate::store::connect::unreadable;
use crate::store::entities::{booking, message, request, slot};

/// How long a ledger that does not balance is left to whoever mends it, before it is looked at again.
const AGAIN: Duration = Duration::from_secs(30);

/// What was counted in one snapshot, and what does not fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Slots.
    pub slots: u64,
    /// Their places.
    pub places: u64,
    /// Of these, those that are taken.
    pub taken: u64,
    /// Bookings, by their state in the database, in the order of [`BookingState::ALL`].
    pub bookings: Vec<(BookingState, u64)>,
    /// Requests that were answered.
    pub requests: u64,
    /// Messages.
    pub messages: u64,
    /// The rules that do not hold.
    pub broken: Vec<Broken>,
}

/// A rule that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The rule.
    pub rule: &'static str,
    /// The table whose rows break it.
    pub table: &'static str,
    /// How many rows break it.
    pub count: u64,
    /// The first of them: a hundred at most.
    pub rows: Vec<Row>,
}

/// A row that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its id, or a booking's code.
    pub key: String,
    /// What the rule asks for.
    pub expected: String,
    /// What is there.
    pub found: String,
}

impl Ledger {
    /// Whether every rule holds.
    pub fn balances(&self) -> bool {
        self.broken.is_empty()
    }

    /// How many rows break a rule; one that breaks two counts twice.
    pub fn broken_rows(&self) -> u64 {
        self.broken.iter().map(|broken| broken.count).sum()
    }

    /// Places that are left.
    pub fn free(&self) -> u64 {
        self.places.saturating_sub(self.taken)
    }
}

/// What is looked at.
#[derive(Clone, Copy, Debug)]
enum Scope {
    /// All there is.
    Everything,
    /// The slots that are still to come, and who waits for them: what an index by day leads to.
    ToCome,
}

impl Engine {
    /// Proves the whole ledger.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn ledger(&self) -> Result<Ledger, OpenError> {
        check(self.store(), Scope::Everything, self.today()).await.map_err(unreadable)
    }

    /// Proves the whole ledger of a database that exists, without keys or city, and changes nothing in it. `today` is the present day.
    ///
    /// # Errors
    /// When the database cannot be read, or is not of this program's version.
    pub async fn check_ledger(database_url: &str, today: NaiveDate) -> Result<Ledger, OpenError> {
        let whole = async |store: &Store| check(store, Scope::Everything, today).await.map_err(unreadable);
        Store::on_existing(database_url, whole).await
    }

    /// Proves the ledger of the slots that are still to come, again and again until it balances; meanwhile the engine is not ready.
    /// What breaks it is named in the log.
    pub async fn watch_ledger(&self) {
        loop {
            match check(self.store(), Scope::ToCome, self.today()).await {
                Ok(ledger) => {
                    let off = !ledger.balances();
                    self.ledger_off().store(off, Ordering::Relaxed);
                    if !off {
                        tracing::info!(slots = ledger.slots, taken = ledger.taken, "the ledger of the days to come balances");
                        return;
                    }
                    log(&ledger);
                }
                Err(error) => tracing::warn!(%error, "the ledger cannot be read; it will be tried again"),
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// Whether the ledger was found out of balance, and not in balance since.
    pub fn ledger_is_off(&self) -> bool {
        self.ledger_off().load(Ordering::Relaxed)
    }
}

fn log(ledger: &Ledger) {
    for broken in &ledger.broken {
        tracing::error!(rule = broken.rule, table = broken.table, rows = broken.count, "the ledger does not balance");
        for row in &broken.rows {
            tracing::error!(table = broken.table, row = row.key, expected = row.expected, found = row.found, "out of balance");
        }
    }
}

/// Reads everything in one transaction, and so from one snapshot: a WAL reader on SQLite, repeatable read on PostgreSQL.
async fn check(store: &Store, scope: Scope, today: NaiveDate) -> Result<Ledger, DbErr> {
    let isolated = store.read.get_database_backend() == DbBackend::Postgres;
    let options = TransactionOptions {
        isolation_level: isolated.then_some(IsolationLevel::RepeatableRead),
        access_mode: isolated.then_some(AccessMode::ReadOnly),
        ..TransactionOptions::default()
    };
    let snapshot = store.read.begin_with_options(options).await?;
    let from = match scope {
        Scope::Everything => NaiveDate::from_ymd_opt(1, 1, 1).expect("a day"),
        Scope::ToCome => today,
    };
    let mut ledger = count_slots(&snapshot, from).await?;
    if matches!(scope, Scope::Everything) {
        ledger.bookings = count_bookings(&snapshot).await?;
        ledger.requests = request::Entity::find().count(&snapshot).await?;
        ledger.messages = message::Entity::find().count(&snapshot).await?;
    }
    for rule in RULES {
        let day = match (rule.takes, scope) {
            (Takes::FirstDay, _) => Some(from),
            (Takes::Today, _) => Some(today),
            (Takes::Nothing, Scope::Everything) => None,
            (Takes::Nothing, Scope::ToCome) => continue,
        };
        ledger.broken.extend(broken(&snapshot, rule, day).await?);
    }
    snapshot.commit().await?;
    Ok(ledger)
}

async fn count_slots(snapshot: &DatabaseTransaction, from: NaiveDate) -> Result<Ledger, DbErr> {
    let counted = slot::Entity::find()
        .select_only()
        .column_as(slot::Column::Id.count(), "slots")
        .column_as(slot::Column::Capacity.sum(), "places")
        .column_as(slot::Column::Taken.sum(), "taken")
        .filter(slot::COLUMN.date.gte(from))
        .into_tuple::<(i64, Option<i64>, Option<i64>)>()
        .one(snapshot)
        .await?;
    let (slots, places, taken) = counted.unwrap_or_default();
    let number = |sum: Option<i64>| natural(sum.unwrap_or_default());
    Ok(Ledger { slots: natural(slots), places: number(places), taken: number(taken), ..Ledger::default() })
}

async fn count_bookings(snapshot: &DatabaseTransaction) -> Result<Vec<(BookingState, u64)>, DbErr> {
    let counted: Vec<(String, i64)> = booking::Entity::find()
        .select_only()
        .column(booking::Column::State)
        .column_as(booking::Column::Code.count(), "bookings")
        .group_by(booking::Column::State)
        .into_tuple()
        .all(snapshot)
        .await?;
    let of = |state: &BookingState| counted.iter().find(|(word, _)| word == state.as_str()).map_or(0, |(_, count)| natural(*count));
    Ok(BookingState::ALL.iter().map(|state| (*state, of(state))).collect())
}

async fn broken(snapshot: &DatabaseTransaction, rule: &Rule, day: Option<NaiveDate>) -> Result<Option<Broken>, DbErr> {
    let statement = Statement::from_sql_and_values(snapshot.get_database_backend(), rule.query(), day.map(Into::into));
    let found = snapshot.query_all_raw(statement).await?;
    let Some(first) = found.first() else { return Ok(None) };
    let count = natural(first.try_get("", "broken_rows")?);
    let rows = found.iter().map(|row| named(row, rule.key)).collect::<Result<_, _>>()?;
    Ok(Some(Broken { rule: rule.says, table: rule.table, count, rows }))
}

fn named(row: &QueryResult, key: Key) -> Result<Row, DbErr> {
    let key = match key {
        Key::Id => row.try_get::<Uuid>("", "key")?.to_string(),
        Key::Code => row.try_get("", "key")?,
    };
    Ok(Row { key, expected: row.try_get("", "expected")?, found: row.try_get("", "found")? })
}

fn natural(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
