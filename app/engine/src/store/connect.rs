//! Connecting: one writer and a few readers on SQLite, one pool on PostgreSQL.

use std::iter;
use std::path::Path;
use std::time::Duration;

use sea_orm::sqlx::Connection;
use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, SqliteTransactionMode,
    Statement, TransactionOptions, TransactionTrait,
};
use sea_orm_migration::MigratorTrait;

use super::migrations::Migrator;
use crate::config::OpenError;
use crate::shown::LIVE;

/// Rows that a SQLite reader may look at while the writer works: WAL lets them.
const READERS: u32 = 4;
/// Connections to PostgreSQL a process: for reading, for writing, and for the desk, so that no kind of work waits for another's.
const POOLS: [u32; 3] = [8, 6, 2];
/// Indexes of the bookings whose keys are a matter of chance, with the bookings that are in each.
const SCATTERED: [(&str, &str); 3] =
    [("sqlite_autoindex_bookings_1", "code > ''"), ("bookings_one_live", LIVE), ("bookings_by_account", "account_id > x''")];

/// The database: where to read and where to write.
#[derive(Clone)]
pub struct Store {
    /// For reading. Never decides about a place.
    pub read: DatabaseConnection,
    /// For writing. On SQLite there is one connection that writes, and the desk's is the same.
    pub write: DatabaseConnection,
    /// The desk's, for its thread alone.
    desk: DatabaseConnection,
}

impl Store {
    /// Connects; an embedded database is made where there is none.
    ///
    /// # Errors
    /// When the URL is of no known kind, or the database cannot be reached.
    pub async fn connect(url: &str) -> Result<Self, OpenError> {
        if let Some(path) = url.strip_prefix("sqlite://") {
            Self::sqlite(path.split('?').next().unwrap_or(path)).await
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            // the driver's own words repeat the URL, and with it the password
            if url.parse::<PgConnectOptions>().is_err() {
                return Err(OpenError::Connect("DATABASE_URL is not of the form postgres://USER:PASSWORD@HOST/NAME".into()));
            }
            let [read, write, desk] = POOLS.map(|connections| {
                let mut options = ConnectOptions::new(url);
                // the first one is enough to know that the server answers
                options.max_connections(connections).connect_lazy(connections != POOLS[0]);
                options.acquire_timeout(Duration::from_secs(5)).sqlx_logging(false);
                options
            });
            let read = connect(read).await.map_err(|why| {
                if why.contains("timed out") { "PostgreSQL does not answer at the address of DATABASE_URL".into() } else { why }
            });
            let read = read.map_err(OpenError::Connect)?;
            let write = connect(write).await.map_err(OpenError::Connect)?;
            let desk = connect(desk).await.map_err(OpenError::Connect)?;
            Ok(Self { read, write, desk })
        } else {
            Err(OpenError::DatabaseUrl)
        }
    }

    /// Works on a database that is there and of this program's version; none is made, none is brought up to date.
    ///
    /// # Errors
    /// As [`Store::connect`]; when there is no such file, or its version is another one; those of the work.
    pub(crate) async fn on_existing<T>(url: &str, work: impl AsyncFnOnce(&Self) -> Result<T, OpenError>) -> Result<T, OpenError> {
        let file = url.strip_prefix("sqlite://").map(|rest| rest.split('?').next().unwrap_or(rest));
        if let Some(file) = file.filter(|file| !Path::new(file).exists()) {
            return Err(OpenError::Connect(format!("{file} does not exist")));
        }
        let store = Self::connect(url).await?;
        let pending = Migrator::get_pending_migrations_read_only(&store.read).await.map_err(unreadable);
        let done = match pending {
            Ok(pending) if pending.is_empty() => work(&store).await,
            Ok(pending) => Err(OpenError::Pending(pending.len())),
            Err(error) => Err(error),
        };
        store.close().await;
        done
    }

    async fn sqlite(path: &str) -> Result<Self, OpenError> {
        if path.is_empty() {
            return Err(OpenError::Connect("DATABASE_URL names no file: sqlite://FILE".into()));
        }
        if let Some(directory) = Path::new(path).parent().filter(|directory| !directory.as_os_str().is_empty()) {
            crate::folder::make(directory)
                .map_err(|error| OpenError::DataDir { path: directory.display().to_string(), why: error.to_string() })?;
        }
        // SQLite would only say that it is "unable to open database file"
        std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(path)
            .map_err(|error| OpenError::Connect(format!("{path} cannot be written: {error}")))?;
        let options = |connections: u32, writes: bool| {
            let mut options = ConnectOptions::new(format!("sqlite://{path}?mode=rwc"));
            options.max_connections(connections).acquire_timeout(Duration::from_secs(10)).sqlx_logging(false);
            options.map_sqlx_sqlite_opts(move |sqlite| {
                sqlite
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(SqliteSynchronous::Full)
                    .busy_timeout(Duration::from_secs(5))
                    .foreign_keys(true)
                    .pragma("query_only", if writes { "OFF" } else { "ON" })
                    // negative: KiB. A batch that does not fit would be written to the disk before its commit
                    .pragma("cache_size", if writes { "-65536" } else { "-8192" })
                    // what undoes half a statement of many rows would be a file otherwise
                    .pragma("temp_store", "MEMORY")
                    // what is deleted or forgotten is overwritten: it costs those who delete
                    .pragma("secure_delete", if writes { "ON" } else { "OFF" })
                    // pages of the log before they are copied into the database: 256 MB, so that a hot page is copied once for many commits
                    .pragma("wal_autocheckpoint", "64000")
            });
            // A full or failing disk makes SQLite end a transaction by itself, and the driver, whose rollback then fails, believes that it goes on:
            // the next one would be a savepoint in it, acknowledged and never committed. Such a connection is not used again.
            options.map_sqlx_sqlite_before_acquire(|connection, _| {
                let left_open = connection.is_in_transaction();
                Box::pin(async move { Ok(!left_open) })
            });
            options
        };
        let failed = |why| OpenError::Connect(format!("{path}: {why}"));
        let write = connect(options(1, true)).await.map_err(failed)?;
        let read = connect(options(READERS, false)).await.map_err(failed)?;
        Ok(Self { read, desk: write.clone(), write })
    }

    /// Begins a transaction that writes. On SQLite it takes the write lock at once, so that it cannot fail half-way for want of it.
    pub(crate) async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        begin(&self.write).await
    }

    /// The same on the desk's connection. Only for the desk's thread: connections belong to the thread that made them.
    pub(crate) async fn begin_at_the_desk(&self) -> Result<DatabaseTransaction, DbErr> {
        begin(&self.desk).await
    }

    /// Reads the indexes that each booking writes to at a place of chance, so that they lie in the system's memory when the crowd comes:
    /// after a restart of the machine each booking would otherwise wait for the disk a few times. Before that, what a crash has left in the
    /// log is copied, so that the next crash does not leave more. PostgreSQL sees to both itself.
    pub(crate) async fn warm(&self) -> Result<(), DbErr> {
        if self.read.get_database_backend() != DbBackend::Sqlite {
            return Ok(());
        }
        let copy = "PRAGMA wal_checkpoint(PASSIVE)".to_owned();
        let read = |(index, those)| format!("SELECT count(*) FROM bookings INDEXED BY {index} WHERE {those}");
        for sql in iter::once(copy).chain(SCATTERED.map(read)) {
            self.read.query_one_raw(Statement::from_string(DbBackend::Sqlite, sql)).await?;
        }
        Ok(())
    }

    /// Brings the tables up to date.
    ///
    /// # Errors
    /// When a newer program was here before, or a migration fails.
    pub async fn migrate(&self) -> Result<(), OpenError> {
        let applied = self.applied().await?;
        let known = Migrator::migrations();
        if let Some(newer) = applied.iter().find(|name| !known.iter().any(|migration| migration.name() == name.as_str())) {
            return Err(OpenError::Newer(newer.clone()));
        }
        Migrator::up(&self.write, None).await.map_err(|error| OpenError::Migrate(error.to_string()))
    }

    async fn applied(&self) -> Result<Vec<String>, OpenError> {
        Migrator::install(&self.write).await.map_err(unreadable)?;
        let statement = Statement::from_string(self.write.get_database_backend(), "SELECT version FROM seaql_migrations");
        let rows = self.write.query_all_raw(statement).await.map_err(unreadable)?;
        rows.iter().map(|row| row.try_get("", "version").map_err(unreadable)).collect()
    }

    /// Closes every connection.
    pub(crate) async fn close(&self) {
        for connections in [&self.read, &self.write, &self.desk] {
            let _ = connections.clone().close().await;
        }
    }
}

/// What is said when a database does not answer as it should.
pub(crate) fn unreadable(error: DbErr) -> OpenError {
    OpenError::Connect(error.to_string())
}

async fn begin(db: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    let sqlite_transaction_mode = (db.get_database_backend() == DbBackend::Sqlite).then_some(SqliteTransactionMode::Immediate);
    db.begin_with_options(TransactionOptions { sqlite_transaction_mode, ..TransactionOptions::default() }).await
}

async fn connect(options: ConnectOptions) -> Result<DatabaseConnection, String> {
    Database::connect(options).await.map_err(|error| error.to_string().lines().next().unwrap_or_default().to_owned())
}
