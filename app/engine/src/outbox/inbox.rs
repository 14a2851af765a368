//! What phones have shown: the demo's inbox, and what an account is told of its own messages.

use domain::error::{Error, Result};
use domain::identity::Phone;
use domain::message::{DemoMessage, MessageKind, MessageState};
use domain::{DateTime, Utc};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};

use super::row::{HANDED, QUEUED};
use crate::Engine;
use crate::error::internal;
use crate::store::entities::message;

/// Messages that the demo's inbox shows at most.
const INBOX: u64 = 200;

impl Engine {
    /// The demo's inbox: what phones would have shown by now, newest first; of one number or of all. What is due and has not gone yet is shown
    /// as it would go now.
    ///
    /// # Errors
    /// `not_found` outside demo mode, `invalid` on `phone`.
    pub async fn demo_messages(&self, phone: Option<&str>) -> Result<Vec<DemoMessage>> {
        if !self.is_demo() {
            return Err(Error::new(domain::reason::Reason::NotFound));
        }
        let hash = phone.map(Phone::parse).transpose()?.map(|phone| self.phone_hash(&phone));
        let of_number = |query: Select<message::Entity>| match &hash {
            Some(hash) => query.filter(message::COLUMN.to_hash.eq(hash.clone())),
            None => query,
        };
        let db = &self.store().read;
        // waiting first: what goes between the two is seen twice, and otherwise it would not be seen at all
        let waiting = message::Entity::find().filter(Expr::cust(QUEUED)).filter(message::COLUMN.due_at.lte(self.now()));
        let waiting = waiting.filter(message::COLUMN.urgency.is_in([0, 1])).order_by_desc(message::COLUMN.due_at).limit(INBOX);
        let mut rows = of_number(waiting).all(db).await.map_err(internal)?;
        let failed = [MessageState::Failed, MessageState::Called].map(MessageState::as_str);
        let went = message::Entity::find().filter(Expr::cust(HANDED)).filter(message::Column::State.is_not_in(failed));
        // a rehearsal that begins again does not show what is still to come
        let went = went.filter(message::COLUMN.handed_at.lte(self.now()));
        let went = went.order_by_desc(message::COLUMN.handed_at).order_by_desc(message::COLUMN.id).limit(INBOX);
        let went = of_number(went).all(db).await.map_err(internal)?;
        rows.retain(|row| went.iter().all(|other| other.id != row.id));
        rows.extend(went);
        let worded = self.worded(rows).await?;
        let mut shown: Vec<_> = worded
            .into_iter()
            .filter_map(|(row, body)| Some((row, body?)))
            .map(|(row, body)| DemoMessage {
                to: body.to,
                kind: row.kind.parse().unwrap_or(MessageKind::Booked),
                text: body.text,
                at: shown_at(&row),
                state: row.state.parse().unwrap_or(MessageState::Queued),
            })
            .collect();
        shown.sort_by_key(|message| core::cmp::Reverse(message.at));
        shown.truncate(INBOX as usize);
        Ok(shown)
    }
}

/// When a phone shows it. What is told at once stands in the order in which it was written, whatever was quicker on its way: a code that was
/// asked for after a booking is the newer message.
fn shown_at(row: &message::Model) -> DateTime<Utc> {
    let later = [MessageKind::Reminder, MessageKind::NextDose, MessageKind::Missed];
    let at_once = later.iter().all(|kind| kind.as_str() != row.kind);
    if at_once { row.created_at } else { row.handed_at.unwrap_or(row.due_at) }
}
