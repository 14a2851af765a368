//! What phones have shown: the demo's inbox, and what an account is told of its own messages.

use domain::error::{Error, Result};
use domain::identity::Phone;
use domain::message::{DemoMessage, MessageState};
use sea_orm::{EntityTrait, QueryFilter, QueryOrder, QuerySelect};

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
        let mut query = message::Entity::find()
            .filter(message::COLUMN.due_at.lte(self.now()))
            .filter(message::COLUMN.state.ne(MessageState::Dropped.as_str()))
            .order_by_desc(message::COLUMN.due_at)
            .order_by_desc(message::COLUMN.id)
            .limit(INBOX);
        if let Some(phone) = phone {
            query = query.filter(message::COLUMN.to_hash.eq(self.phone_hash(&Phone::parse(phone)?)));
        }
        let rows = query.all(&self.store().read).await.map_err(internal)?;
        let worded = self.worded(rows).await?;
        Ok(worded
            .into_iter()
            .filter_map(|(row, body)| Some((row, body?)))
            .map(|(row, body)| DemoMessage {
                to: body.to,
                kind: row.kind.parse().unwrap_or(domain::message::MessageKind::Booked),
                text: body.text,
                at: row.handed_at.unwrap_or(row.due_at),
                state: row.state.parse().unwrap_or(MessageState::Queued),
            })
            .collect())
    }
}
