//! Writing by the ten million: a connection of its own, tuned for it, and the tables without their indexes meanwhile.
//!
//! An index over random keys that outgrows memory costs a page a row; built at the end it costs a sort. The statements that
//! made the indexes are read from the database and run again, word for word, so that its guards are those of its migrations,
//! whichever these are.

use std::any::TypeId;
use std::collections::HashMap;
use std::time::Duration;

use domain::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::{
    ActiveModelTrait, ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    EntityTrait, IntoActiveModel, Iterable, QueryFilter, QueryTrait, Statement, TransactionTrait, Value,
};

use super::rows::Rows;
use crate::store::entities::slot;

/// The tables that grow.
const TABLES: &str = "'accounts', 'people', 'bookings', 'requests', 'messages', 'audit'";
/// Rows of one statement, largest first: few texts, so that each is prepared once. SQLite takes 32,766 parameters.
const SIZES: [usize; 5] = [128, 32, 8, 2, 1];
/// What SQLite keeps of the file in memory, in KiB: the two tables whose keys are random, without growing out of it.
const CACHE_KIB: u32 = 1_500_000;

/// An index that was taken away, and how it is made.
pub(super) struct Index {
    pub name: String,
    pub sql: String,
}

/// The connection.
pub(super) struct Bulk {
    db: DatabaseConnection,
}

impl Bulk {
    /// Connects.
    pub(super) async fn connect(url: &str) -> Result<Self, DbErr> {
        let mut options = ConnectOptions::new(url);
        options.min_connections(1).max_connections(1).sqlx_logging(false).idle_timeout(None).max_lifetime(None);
        options.acquire_timeout(Duration::from_secs(10));
        options.map_sqlx_sqlite_opts(|sqlite| {
            sqlite
                .journal_mode(SqliteJournalMode::Wal)
                // a crash of the machine spoils what was not finished, which is refused anyway; `finish` makes it last
                .synchronous(SqliteSynchronous::Off)
                .busy_timeout(Duration::from_secs(30))
                // what is written refers to what was written before it; the tests look
                .foreign_keys(false)
                .pragma("cache_size", format!("-{CACHE_KIB}"))
                .pragma("threads", "2")
        });
        let db = Database::connect(options).await?;
        if db.get_database_backend() == DbBackend::Postgres {
            db.execute_unprepared("SET synchronous_commit TO off").await?;
            db.execute_unprepared("SET maintenance_work_mem TO '512MB'").await?;
        }
        Ok(Self { db })
    }

    pub(super) fn backend(&self) -> DbBackend {
        self.db.get_database_backend()
    }

    pub(super) async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        self.db.begin().await
    }

    /// Builds the indexes again, one after the other.
    pub(super) async fn restore(&self, indexes: &[Index], mut tell: impl FnMut(usize)) -> Result<(), DbErr> {
        for (at, index) in indexes.iter().enumerate() {
            tell(at);
            self.db.execute_unprepared(&index.sql).await?;
        }
        Ok(())
    }

    /// Makes what was written last, and closes.
    pub(super) async fn finish(self) -> Result<(), DbErr> {
        match self.backend() {
            DbBackend::Sqlite => {
                self.db.execute_unprepared("PRAGMA synchronous = FULL").await?;
                self.db.execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)").await?;
            }
            _ => {
                // autovacuum would come to it a minute later
                self.db.execute_unprepared("ANALYZE").await?;
                self.db.execute_unprepared("CHECKPOINT").await?;
            }
        }
        self.db.close().await
    }
}

/// Takes the indexes of the tables away that no constraint stands on.
pub(super) async fn take_indexes(tx: &DatabaseTransaction) -> Result<Vec<Index>, DbErr> {
    let sql = match tx.get_database_backend() {
        DbBackend::Sqlite => {
            format!(
                "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN ({TABLES}) ORDER BY rowid"
            )
        }
        _ => format!(
            "SELECT i.relname::text AS name, pg_get_indexdef(i.oid) AS sql FROM pg_index x \
             JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid \
             WHERE t.relnamespace = current_schema()::regnamespace AND t.relname IN ({TABLES}) \
             AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = x.indexrelid) ORDER BY i.oid"
        ),
    };
    let rows = tx.query_all_raw(Statement::from_string(tx.get_database_backend(), sql)).await?;
    let mut indexes = Vec::with_capacity(rows.len());
    for row in rows {
        let index = Index { name: row.try_get("", "name")?, sql: row.try_get("", "sql")? };
        tx.execute_unprepared(&format!("DROP INDEX \"{}\"", index.name.replace('"', "\"\""))).await?;
        indexes.push(index);
    }
    Ok(indexes)
}

/// Takes `count` more places of a slot; `false` when it does not have them any more.
pub(super) async fn take_places(
    tx: &DatabaseTransaction,
    row: &slot::Model,
    count: i32,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let done = slot::Entity::update_many()
        .col_expr(slot::Column::Taken, Expr::col(slot::Column::Taken).add(count))
        .col_expr(slot::Column::Version, Expr::col(slot::Column::Version).add(count))
        .col_expr(slot::Column::ChangedAt, Expr::value(now))
        .filter(slot::COLUMN.id.eq(row.id))
        .filter(Expr::col(slot::Column::Taken).add(count).lte(Expr::col(slot::Column::Capacity)))
        .exec(tx)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Makes statements of rows, each text once: what differs from one to the next are the values.
pub(super) struct Inserts {
    backend: DbBackend,
    texts: HashMap<(TypeId, usize), String>,
}

impl Inserts {
    pub(super) fn new(backend: DbBackend) -> Self {
        Self { backend, texts: HashMap::new() }
    }

    /// The statements that write rows, in an order in which none refers to a later one.
    pub(super) fn of(&mut self, rows: Rows) -> Vec<Statement> {
        let mut statements = vec![];
        self.add(rows.accounts, &mut statements);
        self.add(rows.people, &mut statements);
        self.add(rows.bookings, &mut statements);
        self.add(rows.requests, &mut statements);
        self.add(rows.messages, &mut statements);
        self.add(rows.audit, &mut statements);
        statements
    }

    fn add<A>(&mut self, rows: Vec<A>, statements: &mut Vec<Statement>)
    where
        A: ActiveModelTrait + Clone + 'static,
        <A::Entity as EntityTrait>::Model: IntoActiveModel<A>,
    {
        let mut rows = rows.into_iter();
        for size in SIZES {
            while rows.len() >= size {
                let text = self.texts.entry((TypeId::of::<A>(), size)).or_insert_with(|| {
                    let like_these = rows.as_slice()[..size].iter().cloned();
                    A::Entity::insert_many(like_these).build(self.backend).sql
                });
                let values = rows.by_ref().take(size).flat_map(values);
                statements.push(Statement::from_sql_and_values(self.backend, text.clone(), values));
            }
        }
    }
}

/// The values of a row, in the order of its columns; every one of them is set.
fn values<A: ActiveModelTrait>(mut row: A) -> impl Iterator<Item = Value> {
    <A::Entity as EntityTrait>::Column::iter().filter_map(move |column| row.take(column).into_value())
}
