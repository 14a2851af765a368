//! The office's sheet of texts, and a message that is sent to see what a phone makes of it.

use domain::access::Action;
use domain::error::Result;
use domain::identity::Phone;
use domain::lang::Lang;
use domain::message::{Field, MessageKind, Preview, Sheet, example, preview, sheet};
use sea_orm::ActiveValue::Set;
use sea_orm::EntityTrait;

use super::Body;
use crate::Engine;
use crate::audit::Actor;
use crate::error::internal;
use crate::staff::Staff;
use crate::store::entities::message;

/// Tests that a member of staff may have sent an hour: they cost money, and they arrive at whoever has the number.
const TESTS_AN_HOUR: u32 = 5;

impl Engine {
    /// Every text of messages, filled with an example and measured.
    ///
    /// # Errors
    /// `forbidden`
    pub fn message_sheet(&self, staff: &Staff) -> Result<Sheet> {
        self.allow_somewhere(staff, Action::MessageTexts)?;
        Ok(sheet(&self.config().city.texts, &self.config().link))
    }

    /// What another wording would look like, before it is written into the city file.
    ///
    /// # Errors
    /// `forbidden`; `invalid` on `text`, with what is wrong with it.
    pub fn preview_message(&self, staff: &Staff, kind: MessageKind, lang: Lang, text: &str) -> Result<Preview> {
        self.allow_somewhere(staff, Action::MessageTexts)?;
        preview(kind, lang, text, &self.config().link)
    }

    /// Sends a text, filled with an example and marked as a test, to a number. Audited, and so many an hour.
    ///
    /// # Errors
    /// `forbidden`; `invalid` on `phone`; `too_many`.
    pub async fn send_test_message(&self, staff: &Staff, kind: MessageKind, lang: Lang, phone: &str) -> Result<()> {
        self.allow_somewhere(staff, Action::MessageTexts)?;
        let to = Phone::parse(phone)?;
        let row = self.test_message(kind, lang, &to)?;
        let tally = self.staff_tally("test_messages", staff.id, TESTS_AN_HOUR);
        let tx = self.store().begin().await.map_err(internal)?;
        self.count(&tx, &tally).await?;
        message::Entity::insert(row).exec_without_returning(&tx).await.map_err(internal)?;
        self.deed(&tx, Actor::Staff(staff.id), "send_test_message", self.phone_reference(&to), Some(format!("{kind} {lang}")))
            .await?;
        tx.commit().await.map_err(internal)
    }

    /// The row of a test. It is marked in front, and in its fields: a gateway with templates of its own sends those and not the text.
    fn test_message(&self, kind: MessageKind, lang: Lang, to: &Phone) -> Result<message::ActiveModel> {
        let now = self.now();
        let id = self.vault().id(now);
        let mut values = example(kind, lang, &self.config().link);
        for (field, says) in &mut values {
            match field {
                Field::City => *says = lang.pick(format!("{}·测试", self.city().name), format!("{} TEST", self.city().name_en)),
                Field::Name => *says = lang.pick("测*试", "T*st").to_owned(),
                _ => {}
            }
        }
        let text = format!("{}{}", lang.pick("【测试】", "[TEST] "), self.config().city.texts.text(kind, lang, &values));
        let body = Body { to: to.as_str().to_owned(), text, fields: Some((lang, values)) };
        let mut row = self.message_row(id, kind, to, now, now);
        row.sealed = Set(self.seal_body(id, &body)?);
        Ok(row)
    }
}
