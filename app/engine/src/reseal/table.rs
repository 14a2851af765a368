//! The tables that hold sealed values. A column that comes to hold them is added here, and all else follows.

use domain::Uuid;
use sea_orm::{ConnectionTrait, DbErr, Statement, Value};

use crate::vault::Label;

/// Rows of one `VALUES`, so that each connection prepares a handful of statements.
const LENGTHS: [usize; 4] = [1, 16, 64, 256];

/// A table with a column of sealed values.
pub(super) struct Table {
    pub name: &'static str,
    pub column: &'static str,
    pub label: Label,
}

/// All of them.
pub(super) static TABLES: [Table; 5] = [
    Table { name: "people", column: "sealed", label: Label::Person },
    Table { name: "accounts", column: "phone_sealed", label: Label::AccountPhone },
    Table { name: "identities", column: "sealed", label: Label::Identity },
    Table { name: "messages", column: "sealed", label: Label::Message },
    Table { name: "second_factors", column: "secret_sealed", label: Label::SecondFactor },
];

/// A row with its sealed value.
pub(super) struct Found {
    pub id: Uuid,
    pub sealed: Vec<u8>,
}

/// A row with what is to stand in place of what stood there.
#[derive(Clone)]
pub(super) struct Changed {
    pub id: Uuid,
    pub old: Vec<u8>,
    pub fresh: Vec<u8>,
}

impl Table {
    /// The rows after one, by their primary key.
    pub(super) async fn read(&self, db: &impl ConnectionTrait, after: Option<Uuid>, rows: u32) -> Result<Vec<Found>, DbErr> {
        self.rows(db, self.column, after, rows).await
    }

    /// The same, but only the first bytes of the values: suite and version.
    pub(super) async fn heads(&self, db: &impl ConnectionTrait, after: Option<Uuid>, rows: u32) -> Result<Vec<Found>, DbErr> {
        self.rows(db, &format!("substr({}, 1, 2)", self.column), after, rows).await
    }

    async fn rows(&self, db: &impl ConnectionTrait, what: &str, after: Option<Uuid>, rows: u32) -> Result<Vec<Found>, DbErr> {
        let name = self.name;
        // the smallest id is nobody's
        let column = self.column;
        // what is forgotten, or not worded yet, is empty
        let sql = format!("SELECT id, {what} FROM {name} WHERE id > $1 AND length({column}) > 0 ORDER BY id LIMIT {rows}");
        let values: [Value; 1] = [after.unwrap_or_default().into()];
        let rows = db.query_all_raw(Statement::from_sql_and_values(db.get_database_backend(), sql, values)).await?;
        rows.iter().map(|row| Ok(Found { id: row.try_get_by_index(0)?, sealed: row.try_get_by_index(1)? })).collect()
    }

    /// Writes what still stands as it stood; a row that has changed meanwhile stays as it is. Gives how many were written.
    pub(super) async fn write(&self, db: &impl ConnectionTrait, changed: &[Changed]) -> Result<u64, DbErr> {
        let Self { name, column, .. } = self;
        let mut written = 0;
        for chunk in changed.chunks(LENGTHS[LENGTHS.len() - 1]) {
            let length = LENGTHS.into_iter().find(|length| *length >= chunk.len()).unwrap_or(chunk.len());
            let rows: Vec<_> = (0..length).map(|row| format!("(${}, ${}, ${})", 3 * row + 1, 3 * row + 2, 3 * row + 3)).collect();
            // both engines call the columns of VALUES so
            let sql = format!(
                "UPDATE {name} SET {column} = fresh.column3 FROM (VALUES {}) AS fresh \
                 WHERE {name}.id = fresh.column1 AND {name}.{column} = fresh.column2",
                rows.join(", ")
            );
            let last = chunk.last().into_iter().cycle();
            let values = chunk.iter().chain(last).take(length);
            let values = values.flat_map(|row| [Value::from(row.id), row.old.clone().into(), row.fresh.clone().into()]);
            let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values.collect::<Vec<_>>());
            written += db.execute_raw(statement).await?.rows_affected();
        }
        Ok(written)
    }
}
