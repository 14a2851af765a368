//! Many rows a statement, in few sizes of statement, so that each connection prepares a handful of them and keeps them.

use domain::Uuid;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveModelTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, IntoActiveModel, TryInsertResult};

use crate::store::entities::{audit, booking, message, request};

/// Rows of one insert. The widest row has 20 columns; SQLite takes 32,766 parameters, PostgreSQL 65,535.
const INSERTS: [usize; 5] = [256, 64, 16, 4, 1];

/// Rows to be written before the commit, those of all requests of a batch together.
#[derive(Default)]
pub(super) struct Pending {
    pub bookings: Vec<booking::ActiveModel>,
    pub requests: Vec<request::ActiveModel>,
    pub messages: Vec<message::ActiveModel>,
    pub audit: Vec<audit::ActiveModel>,
    /// The audit's link that names its rows.
    link: i64,
    /// The audit's rows that are written.
    pub linked: Vec<Uuid>,
}

impl Pending {
    /// Nothing yet; what comes is of this link of the audit.
    pub(super) fn of(link: i64) -> Self {
        Self { link, ..Self::default() }
    }

    /// Writes them. `false`: a booking or a request of them is there already, written by another process.
    pub(super) async fn write(&mut self, tx: &DatabaseTransaction) -> Result<bool, DbErr> {
        // nothing more is written then: a message without its booking would fail the batch for another reason
        if !insert(tx, &mut self.bookings).await? || !insert(tx, &mut self.requests).await? {
            return Ok(false);
        }
        // the same kind for the same version of a booking is one message
        insert(tx, &mut self.messages).await?;
        for row in &mut self.audit {
            row.link = Set(Some(self.link));
            self.linked.push(*row.id.as_ref());
        }
        insert(tx, &mut self.audit).await?;
        Ok(true)
    }
}

/// Inserts the rows and empties the list; whether each of them was new.
pub(crate) async fn insert<A>(tx: &impl ConnectionTrait, rows: &mut Vec<A>) -> Result<bool, DbErr>
where
    A: ActiveModelTrait + Send,
    <A::Entity as EntityTrait>::Model: IntoActiveModel<A>,
{
    let expected = rows.len() as u64;
    let mut written = 0;
    for size in INSERTS {
        while rows.len() >= size {
            let some = rows.split_off(rows.len() - size);
            let nothing = OnConflict::new().do_nothing().to_owned();
            let insert = A::Entity::insert_many(some).on_conflict(nothing).try_insert();
            if let TryInsertResult::Inserted(rows) = insert.exec_without_returning(tx).await? {
                written += rows;
            }
        }
    }
    Ok(written == expected)
}
