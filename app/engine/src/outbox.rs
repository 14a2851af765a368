//! The outbox: messages are rows, written in the transaction of what they tell about.

use domain::code::Code;
use domain::error::Result;
use domain::identity::{Name, Phone};
use domain::message::{DemoMessage, Facts, MessageKind, MessageState, reminder_due, text};
use domain::slot::Window;
use domain::{DateTime, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};
use serde::{Deserialize, Serialize};

use crate::Engine;
use crate::error::internal;
use crate::store::entities::{booking, message, site};
use crate::vault::Label;

/// Messages that the demo's inbox shows at most.
const INBOX: u64 = 200;

/// Number and words, as they are sealed.
#[derive(Serialize, Deserialize)]
struct Body {
    to: String,
    text: String,
}

/// What a booking's messages are made from.
pub(crate) struct About<'a> {
    pub code: Code,
    /// When the booking was made; of a new one the desk tells.
    pub made_at: DateTime<Utc>,
    pub version: i32,
    pub dose: u8,
    pub name: &'a Name,
    pub phone: &'a Phone,
    pub window: Window,
    pub site: &'a site::Model,
    pub vaccine: &'a str,
}

impl Engine {
    /// The rows that tell about a booking that was made or moved: the confirmation, and the reminder where there is time for one.
    pub(crate) fn booking_messages(
        &self,
        kind: MessageKind,
        about: &About,
        now: DateTime<Utc>,
    ) -> Result<Vec<message::ActiveModel>> {
        let mut rows = vec![self.booking_message(kind, about, now, now)?];
        if let Some(due_at) = reminder_due(&about.window, now) {
            rows.push(self.booking_message(MessageKind::Reminder, about, due_at, now)?);
        }
        Ok(rows)
    }

    /// The row that tells one thing about a booking.
    pub(crate) fn booking_message(
        &self,
        kind: MessageKind,
        about: &About,
        due_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<message::ActiveModel> {
        let facts = Facts {
            city: &self.city().name,
            name: &about.name.masked(),
            vaccine: about.vaccine,
            dose: about.dose,
            window: about.window,
            site: &about.site.name,
            phone: &about.site.phone,
            code: about.code,
        };
        let mut row = self.message(kind, about.phone, text(kind, &facts), due_at, now)?;
        row.booking_code = Set(Some(about.code.to_string()));
        row.booking_made_at = Set(Some(about.made_at));
        row.booking_version = Set(Some(about.version));
        Ok(row)
    }

    /// A row of the outbox that is about no booking.
    pub(crate) fn message(
        &self,
        kind: MessageKind,
        to: &Phone,
        text: String,
        due_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<message::ActiveModel> {
        let id = self.vault().id(now);
        let body = serde_json::to_vec(&Body { to: to.as_str().to_owned(), text }).map_err(|_| domain::error::Error::internal())?;
        Ok(message::ActiveModel {
            id: Set(id),
            booking_code: Set(None),
            booking_made_at: Set(None),
            booking_version: Set(None),
            kind: Set(kind.as_str().to_owned()),
            to_hash: Set(self.phone_hash(to)),
            sealed: Set(self.vault().seal(Label::Message, id, &body)?),
            state: Set(MessageState::Queued.as_str().to_owned()),
            due_at: Set(due_at),
            created_at: Set(now),
        })
    }

    /// The demo's inbox: what phones would have shown by now, newest first; of one number or of all.
    ///
    /// # Errors
    /// `not_found` outside demo mode, `invalid` on `phone`.
    pub async fn demo_messages(&self, phone: Option<&str>) -> Result<Vec<DemoMessage>> {
        if !self.is_demo() {
            return Err(domain::error::Error::new(domain::reason::Reason::NotFound));
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
        rows.into_iter().map(|row| self.open_message(row)).collect()
    }

    pub(crate) fn open_message(&self, row: message::Model) -> Result<DemoMessage> {
        let plain = self.vault().open(Label::Message, row.id, &row.sealed)?;
        let unreadable = || domain::error::Error::internal();
        let body: Body = serde_json::from_slice(&plain).map_err(|_| unreadable())?;
        Ok(DemoMessage { to: body.to, kind: row.kind.parse().map_err(|()| unreadable())?, text: body.text, at: row.due_at })
    }
}

/// Takes back what is not sent yet: the booking has changed. Part of the transaction that changes it.
pub(crate) async fn drop_queued(db: &impl ConnectionTrait, code: &str, now: DateTime<Utc>) -> core::result::Result<(), DbErr> {
    let made_at = booking::Entity::find_by_id(code).select_only().column(booking::Column::CreatedAt).into_query();
    message::Entity::update_many()
        .col_expr(message::Column::State, Expr::value(MessageState::Dropped.as_str()))
        .filter(message::Column::BookingMadeAt.in_subquery(made_at))
        .filter(message::COLUMN.booking_code.eq(code))
        .filter(message::COLUMN.state.eq(MessageState::Queued.as_str()))
        .filter(message::COLUMN.due_at.gt(now))
        .exec(db)
        .await?;
    Ok(())
}
