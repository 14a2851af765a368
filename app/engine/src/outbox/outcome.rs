//! What is written down of a message that somebody had in hand, many in one statement, each only where nobody has taken it over.

use domain::error::Result;
use domain::message::MessageState;
use domain::{DateTime, Utc};
use sea_orm::{ConnectionTrait, Statement, Value};

use super::row::marked;
use crate::Engine;
use crate::error::internal;
use crate::store::entities::message;

/// Rows of one `VALUES`, so that each connection prepares a handful of statements.
const LENGTHS: [usize; 3] = [1, 16, 64];
/// Columns of a row of it.
const COLUMNS: usize = 14;

/// What became of a message that was in hand.
pub(super) struct Outcome {
    /// The row as it was taken in hand.
    pub(super) was: message::Model,
    pub state: MessageState,
    /// When something is next to be done.
    pub due_at: DateTime<Utc>,
    pub gateway: Option<String>,
    pub refused_by: Option<String>,
    pub reference: Option<String>,
    pub trouble: Option<String>,
    pub handed_at: Option<DateTime<Utc>>,
    pub told_at: Option<DateTime<Utc>>,
    /// Number and words; empty: they stay as they are.
    pub sealed: Vec<u8>,
}

impl Outcome {
    /// Of a row that was in hand; all but the state stays as it is.
    pub(super) fn of(was: message::Model, state: MessageState, due_at: DateTime<Utc>) -> Self {
        Self {
            state,
            due_at,
            gateway: was.gateway.clone(),
            refused_by: was.refused_by.clone(),
            reference: was.reference.clone(),
            trouble: was.trouble.clone(),
            handed_at: was.handed_at,
            told_at: was.told_at,
            sealed: vec![],
            was,
        }
    }

    /// It was not handed over after all.
    pub(super) fn untouched(self) -> Self {
        Self { handed_at: None, gateway: None, ..self }
    }

    /// With what went wrong.
    pub(super) fn because(self, trouble: &str) -> Self {
        Self { trouble: Some(trouble.to_owned()), ..self }
    }

    /// Its gateway will not deliver it: the next that has not said so gets it, or nobody.
    pub(super) fn refused(mut self, ways: &[&str], now: DateTime<Utc>) -> Self {
        let by = self.gateway.take().unwrap_or_default();
        let mut refused_by = self.refused_by.take().unwrap_or_else(|| " ".to_owned());
        if !refused_by.contains(&marked(&by)) {
            refused_by += &format!("{by} ");
        }
        let next = ways.iter().find(|way| !refused_by.contains(&marked(way)));
        self.state = if next.is_some() { MessageState::Queued } else { MessageState::Failed };
        // who failed stays named
        self.gateway = Some(next.map_or(by, |way| (*way).to_owned()));
        self.refused_by = Some(refused_by);
        self.reference = None;
        self.due_at = now;
        self
    }

    /// The gateway that it was taken in hand for.
    pub(super) fn taken_for(&self) -> &str {
        self.was.gateway.as_deref().unwrap_or_default()
    }

    fn values(&self) -> [Value; COLUMNS] {
        [
            self.was.id.into(),
            self.was.state.clone().into(),
            self.was.tries.into(),
            self.was.asks.into(),
            self.state.as_str().into(),
            self.due_at.into(),
            self.gateway.clone().into(),
            self.refused_by.clone().into(),
            self.reference.clone().into(),
            self.trouble.clone().into(),
            self.handed_at.into(),
            self.told_at.into(),
            self.sealed.clone().into(),
            self.was.to_hash.clone().into(),
        ]
    }
}

impl Engine {
    /// Writes outcomes down. Gives how many were still in the hands of whoever writes them.
    pub(super) async fn write_outcomes(&self, outcomes: &[Outcome]) -> Result<u64> {
        let db = &self.store().write;
        let mut written = 0;
        for chunk in outcomes.chunks(LENGTHS[LENGTHS.len() - 1]) {
            let length = LENGTHS.into_iter().find(|length| *length >= chunk.len()).unwrap_or(chunk.len());
            let row = |row: usize| {
                let columns: Vec<_> = (1..=COLUMNS).map(|column| format!("${}", COLUMNS * row + column)).collect();
                format!("({})", columns.join(", "))
            };
            let rows: Vec<_> = (0..length).map(row).collect();
            // both engines call the columns of VALUES so
            let sql = format!(
                "UPDATE messages SET state = f.column5, due_at = f.column6, gateway = f.column7, refused_by = f.column8, \
                 reference = f.column9, trouble = f.column10, handed_at = f.column11, told_at = f.column12, \
                 sealed = CASE WHEN length(f.column13) = 0 THEN messages.sealed ELSE f.column13 END, \
                 to_hash = f.column14 \
                 FROM (VALUES {}) AS f WHERE messages.id = f.column1 AND messages.state = f.column2 \
                 AND messages.tries = f.column3 AND messages.asks = f.column4",
                rows.join(", ")
            );
            let last = chunk.last().into_iter().cycle();
            let values: Vec<_> = chunk.iter().chain(last).take(length).flat_map(Outcome::values).collect();
            let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
            written += db.execute_raw(statement).await.map_err(internal)?.rows_affected();
        }
        Ok(written)
    }
}
