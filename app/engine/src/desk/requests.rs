//! Which requests of a batch were answered before: by an earlier batch, an earlier process, or earlier in the same batch.

use std::collections::HashMap;

use domain::Uuid;
use domain::code::Code;
use domain::error::{Error, Result};
use domain::reason::Reason;
use sea_orm::{DatabaseTransaction, DbErr, EntityTrait, QueryFilter};

use crate::store::entities::request;
use crate::store::lists::lists;

struct Answered {
    account_id: Uuid,
    content_hash: Vec<u8>,
    code: Code,
}

/// The answers that request ids have had.
pub(super) struct Requests(HashMap<Uuid, Answered>);

impl Requests {
    /// Reads those of `ids` that were answered.
    pub(super) async fn read(tx: &DatabaseTransaction, ids: &[Uuid]) -> core::result::Result<Self, DbErr> {
        let mut answered = HashMap::new();
        for list in lists(ids) {
            let rows = request::Entity::find().filter(request::COLUMN.id.is_in(list)).all(tx).await?;
            for row in rows {
                let code = Code::parse(&row.booking_code).map_err(|_| DbErr::Type("requests.booking_code is no code".into()))?;
                answered.insert(row.id, Answered { account_id: row.account_id, content_hash: row.content_hash, code });
            }
        }
        Ok(Self(answered))
    }

    /// The booking that this request has led to already.
    ///
    /// # Errors
    /// `invalid` on `request_id` when the id came with other content, or from another account.
    pub(super) fn answer(&self, row: &request::ActiveModel) -> Result<Option<Code>> {
        match self.0.get(row.id.as_ref()) {
            None => Ok(None),
            Some(before) if before.account_id == *row.account_id.as_ref() && before.content_hash == *row.content_hash.as_ref() => {
                Ok(Some(before.code))
            }
            Some(_) => Err(Error::field("request_id", Reason::RequestReused)),
        }
    }

    /// Remembers an answer for those in the same batch who ask the same.
    pub(super) fn remember(&mut self, row: &request::ActiveModel, code: Code) {
        let answered = Answered { account_id: *row.account_id.as_ref(), content_hash: row.content_hash.as_ref().clone(), code };
        self.0.insert(*row.id.as_ref(), answered);
    }
}
