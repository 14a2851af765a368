//! The outbox: messages are rows, written in the transaction of what they tell about, and worded when they go.

mod about;
mod calls;
mod claim;
mod counts;
mod doubtful;
mod inbox;
mod letter;
mod numbers;
mod of_booking;
mod outcome;
mod post;
mod row;
mod sheet;
mod told;
mod ways;

use domain::code::Code;
use domain::error::{Error, Result};
use domain::identity::Phone;
use domain::lang::Lang;
use domain::message::{CODE_LASTS, Field, MessageKind, MessageState, Values, reminder_due};
use domain::slot::Window;
use domain::{DateTime, Utc, Uuid};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect, QueryTrait};
use serde::{Deserialize, Serialize};

pub use counts::{GatewayCounts, OutboxCounts};
pub(crate) use post::Post;
pub(crate) use row::{kind_of, state_of};

use crate::Engine;
use crate::store::entities::{booking, message};
use crate::store::lists::lists;
use crate::vault::Label;

/// What is sealed in a message's row.
#[derive(Serialize, Deserialize)]
pub(crate) struct Body {
    /// The number.
    pub to: String,
    /// The words.
    pub text: String,
    /// Of a message that is about no booking: the language, and what its fields say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fields: Option<(Lang, Values)>,
}

/// When nothing more is to be done.
fn never() -> DateTime<Utc> {
    // PostgreSQL and SQLite keep it, and no clock comes there
    DateTime::from_timestamp(253_370_764_800, 0).unwrap_or_default()
}

/// The booking that a message is about.
pub(crate) struct About<'a> {
    pub code: Code,
    /// When the booking was made; of a new one the desk tells.
    pub made_at: DateTime<Utc>,
    pub version: i32,
    /// Whom to tell.
    pub phone: &'a Phone,
    pub window: Window,
}

impl Engine {
    /// The rows that tell about a booking that was made or moved: the confirmation, and the reminder where there is time for one.
    pub(crate) fn booking_messages(&self, kind: MessageKind, about: &About, now: DateTime<Utc>) -> Vec<message::ActiveModel> {
        let mut rows = vec![self.booking_message(kind, about, now, now)];
        if let Some(due_at) = reminder_due(&about.window, self.city().reminder_at, now) {
            // at once is after the confirmation
            let due_at = due_at.max(now + chrono::Duration::seconds(1));
            rows.push(self.booking_message(MessageKind::Reminder, about, due_at, now));
        }
        rows
    }

    /// The row that tells one thing about a booking.
    pub(crate) fn booking_message(
        &self,
        kind: MessageKind,
        about: &About,
        due_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> message::ActiveModel {
        let mut row = self.message_row(self.vault().id(now), kind, about.phone, due_at, now);
        row.booking_code = Set(Some(about.code.to_string()));
        row.booking_made_at = Set(Some(about.made_at));
        row.booking_version = Set(Some(about.version));
        row
    }

    /// The row of a code that somebody waits for.
    pub(crate) fn code_message(&self, kind: MessageKind, to: &Phone, code: &str, lang: Lang) -> Result<message::ActiveModel> {
        let now = self.now();
        let id = self.vault().id(now);
        let values = vec![
            (Field::City, self.city().title(lang).to_owned()),
            (Field::Code, code.to_owned()),
            (Field::Minutes, CODE_LASTS.num_minutes().to_string()),
        ];
        let text = self.config().city.texts.text(kind, lang, &values);
        let body = Body { to: to.as_str().to_owned(), text, fields: Some((lang, values)) };
        let mut row = self.message_row(id, kind, to, now, now);
        row.sealed = Set(self.seal_body(id, &body)?);
        row.urgency = Set(0);
        Ok(row)
    }

    fn message_row(
        &self,
        id: Uuid,
        kind: MessageKind,
        to: &Phone,
        due_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> message::ActiveModel {
        message::ActiveModel {
            id: Set(id),
            booking_code: Set(None),
            booking_made_at: Set(None),
            booking_version: Set(None),
            kind: Set(kind.as_str().to_owned()),
            to_hash: Set(self.phone_hash(to)),
            sealed: Set(vec![]),
            state: Set(MessageState::Queued.as_str().to_owned()),
            due_at: Set(due_at),
            created_at: Set(now),
            urgency: Set(1),
            detail: Set(None),
            tries: Set(0),
            asks: Set(0),
            gateway: Set(None),
            refused_by: Set(None),
            reference: Set(None),
            trouble: Set(None),
            handed_at: Set(None),
            told_at: Set(None),
        }
    }

    pub(crate) fn seal_body(&self, id: Uuid, body: &Body) -> Result<Vec<u8>> {
        let plain = serde_json::to_vec(body).map_err(|_| Error::internal())?;
        self.vault().seal(Label::Message, id, &plain)
    }

    /// What is sealed in a row; nothing in one that has not gone yet.
    pub(crate) fn open_body(&self, row: &message::Model) -> Result<Option<Body>> {
        if row.sealed.is_empty() {
            return Ok(None);
        }
        let plain = self.vault().open(Label::Message, row.id, &row.sealed)?;
        serde_json::from_slice(&plain).map(Some).map_err(|_| Error::internal())
    }
}

/// Takes back what is not due yet: the booking has changed. Part of the transaction that changes it. What is due already is looked at again
/// before it goes.
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

/// The same for many bookings, each by when it was made and its code.
pub(crate) async fn drop_queued_of(
    db: &impl ConnectionTrait,
    bookings: &[(DateTime<Utc>, String)],
    now: DateTime<Utc>,
) -> core::result::Result<(), DbErr> {
    for list in lists(bookings) {
        message::Entity::update_many()
            .col_expr(message::Column::State, Expr::value(MessageState::Dropped.as_str()))
            .filter(message::Column::BookingMadeAt.is_in(list.iter().map(|(made_at, _)| *made_at)))
            .filter(message::Column::BookingCode.is_in(list.into_iter().map(|(_, code)| code)))
            .filter(message::COLUMN.state.eq(MessageState::Queued.as_str()))
            .filter(message::COLUMN.due_at.gt(now))
            .exec(db)
            .await?;
    }
    Ok(())
}

/// Queues a message about a booking again that was taken back before it was due: what it tells is so once more, for the same version. `false`:
/// there is none, and it is to be written.
pub(crate) async fn queue_again(db: &impl ConnectionTrait, row: &message::ActiveModel) -> core::result::Result<bool, DbErr> {
    let again = message::Entity::update_many()
        .col_expr(message::Column::State, Expr::value(MessageState::Queued.as_str()))
        .col_expr(message::Column::DueAt, Expr::value(*row.due_at.as_ref()))
        .filter(message::Column::BookingMadeAt.eq(*row.booking_made_at.as_ref()))
        .filter(message::Column::BookingCode.eq(row.booking_code.as_ref().clone()))
        .filter(message::COLUMN.kind.eq(row.kind.as_ref().as_str()))
        .filter(message::Column::BookingVersion.eq(*row.booking_version.as_ref()))
        .filter(message::COLUMN.state.eq(MessageState::Dropped.as_str()))
        .exec(db)
        .await?;
    Ok(again.rows_affected > 0)
}
