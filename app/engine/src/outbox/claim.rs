//! Taking messages in hand: a few at a time, for as long as a lease, so that several processes send together and none sends what another has.

use domain::error::Result;
use domain::message::{MessageKind, MessageState};
use domain::{DateTime, Utc, Uuid};
use sea_orm::sea_query::{Expr, ExprTrait, LockBehavior, LockType, SimpleExpr};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::row::{OPEN, QUEUED, marked};
use crate::Engine;
use crate::error::internal;
use crate::store::entities::message;
use crate::store::lists::lists;

/// For which gateway messages are taken.
pub(super) struct For<'a> {
    /// It.
    pub gateway: &'a str,
    /// All that are not down, where it is the first of them: it also takes what is of no gateway yet, or of one that is down.
    pub first_of: Option<&'a [&'a str]>,
}

/// A message that somebody has in hand.
pub(super) struct UnderWay {
    pub id: Uuid,
    pub booking_code: Option<String>,
    pub place: Place,
}

/// Where a message stands among those of its booking: they arrive in the order in which they were written, a reminder last.
pub(super) type Place = (DateTime<Utc>, bool);

/// The place of a message that was written then.
pub(super) fn place(created_at: DateTime<Utc>, kind: &str) -> Place {
    (created_at, kind == MessageKind::Reminder.as_str())
}

impl Engine {
    /// Takes messages in hand that are due: at most `most`, of one urgency, the longest due first.
    pub(super) async fn claim(
        &self,
        urgency: i16,
        whose: &For<'_>,
        most: usize,
        lease: chrono::Duration,
    ) -> Result<Vec<message::Model>> {
        let now = self.now();
        let most = u64::try_from(most).unwrap_or(u64::MAX);
        let due = || {
            message::Entity::find()
                .filter(Expr::cust(QUEUED))
                .filter(message::COLUMN.urgency.eq(urgency))
                .filter(message::COLUMN.due_at.lte(now))
                .filter(may_go(whose))
        };
        // looked at where nothing is locked: most of the time there is nothing to do
        let peek: Option<Uuid> = due()
            .select_only()
            .column(message::Column::Id)
            .limit(1)
            .into_tuple()
            .one(&self.store().read)
            .await
            .map_err(internal)?;
        if peek.is_none() {
            return Ok(vec![]);
        }
        let tx = self.store().begin().await.map_err(internal)?;
        let mut rows = due()
            .order_by_asc(message::COLUMN.due_at)
            .limit(most)
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
            .all(&tx)
            .await
            .map_err(internal)?;
        let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
        for list in lists(&ids) {
            message::Entity::update_many()
                .col_expr(message::Column::State, Expr::value(MessageState::Sending.as_str()))
                .col_expr(message::Column::Tries, Expr::col(message::Column::Tries).add(1))
                .col_expr(message::Column::Gateway, Expr::value(whose.gateway))
                .col_expr(message::Column::DueAt, Expr::value(now + lease))
                .col_expr(message::Column::HandedAt, Expr::value(now))
                .filter(message::Column::Id.is_in(list))
                .exec(&tx)
                .await
                .map_err(internal)?;
        }
        tx.commit().await.map_err(internal)?;
        for row in &mut rows {
            row.state = MessageState::Sending.as_str().to_owned();
            row.tries += 1;
            row.gateway = Some(whose.gateway.to_owned());
            row.due_at = now + lease;
            row.handed_at = Some(now);
        }
        Ok(rows)
    }

    /// Of the messages about the bookings of these those that somebody has in hand.
    pub(super) async fn under_way(&self, rows: &[message::Model]) -> Result<Vec<UnderWay>> {
        let made: Vec<_> = rows.iter().filter_map(|row| row.booking_made_at).collect();
        let mut found = Vec::new();
        for list in lists(&made) {
            let rows: Vec<(Uuid, Option<String>, DateTime<Utc>, String)> = message::Entity::find()
                .select_only()
                .column(message::Column::Id)
                .column(message::Column::BookingCode)
                .column(message::Column::CreatedAt)
                .column(message::Column::Kind)
                .filter(message::Column::BookingMadeAt.is_in(list))
                .filter(message::COLUMN.state.eq(MessageState::Sending.as_str()))
                .into_tuple()
                .all(&self.store().read)
                .await
                .map_err(internal)?;
            let in_hand = |(id, booking_code, created_at, kind): (_, _, _, String)| UnderWay {
                id,
                booking_code,
                place: place(created_at, &kind),
            };
            found.extend(rows.into_iter().map(in_hand));
        }
        Ok(found)
    }

    /// Those whose lease is over are in doubt: whoever had them in hand is gone, and may have sent them. Gives how many.
    pub(super) async fn give_up_lost(&self, ask_at: DateTime<Utc>) -> Result<u64> {
        let lost = message::Entity::update_many()
            .col_expr(message::Column::State, Expr::value(MessageState::InDoubt.as_str()))
            .col_expr(message::Column::DueAt, Expr::value(ask_at))
            .col_expr(message::Column::Trouble, Expr::value("lost"))
            .filter(Expr::cust(OPEN))
            .filter(message::COLUMN.state.eq(MessageState::Sending.as_str()))
            .filter(message::COLUMN.due_at.lte(self.now()))
            .exec(&self.store().write)
            .await
            .map_err(internal)?;
        Ok(lost.rows_affected)
    }

    /// Takes messages in hand whose gateway is to be asked.
    pub(super) async fn claim_doubtful(&self, most: u64, lease: chrono::Duration) -> Result<Vec<message::Model>> {
        let now = self.now();
        let tx = self.store().begin().await.map_err(internal)?;
        let mut rows = message::Entity::find()
            .filter(Expr::cust(OPEN))
            .filter(message::COLUMN.state.eq(MessageState::InDoubt.as_str()))
            .filter(message::COLUMN.due_at.lte(now))
            .order_by_asc(message::COLUMN.due_at)
            .limit(most)
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
            .all(&tx)
            .await
            .map_err(internal)?;
        let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
        for list in lists(&ids) {
            message::Entity::update_many()
                .col_expr(message::Column::Asks, Expr::col(message::Column::Asks).add(1))
                .col_expr(message::Column::DueAt, Expr::value(now + lease))
                .filter(message::Column::Id.is_in(list))
                .exec(&tx)
                .await
                .map_err(internal)?;
        }
        tx.commit().await.map_err(internal)?;
        for row in &mut rows {
            row.asks += 1;
            row.due_at = now + lease;
        }
        Ok(rows)
    }

    /// Whether anything is open: a look that locks nothing.
    pub(super) async fn is_anything_open(&self, db: &impl ConnectionTrait) -> Result<bool> {
        let open: Option<Uuid> = message::Entity::find()
            .select_only()
            .column(message::Column::Id)
            .filter(Expr::cust(OPEN))
            .filter(message::COLUMN.due_at.lte(self.now()))
            .limit(1)
            .into_tuple()
            .one(db)
            .await
            .map_err(internal)?;
        Ok(open.is_some())
    }
}

/// The messages that a gateway may have: its own, and what is nobody's; none that it has refused.
fn may_go(whose: &For<'_>) -> Condition {
    let mut mine = Condition::any().add(message::COLUMN.gateway.eq(whose.gateway));
    if let Some(up) = whose.first_of {
        mine = mine.add(Expr::cust("gateway IS NULL")).add(message::Column::Gateway.is_not_in(up.iter().copied()));
    }
    let refused: SimpleExpr = Expr::col(message::Column::RefusedBy).not_like(format!("%{}%", marked(whose.gateway)));
    Condition::all().add(mine).add(Condition::any().add(Expr::cust("refused_by IS NULL")).add(refused))
}
