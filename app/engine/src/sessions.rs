//! Sessions: a random token in a cookie, its keyed hash in the database.

use chrono::Duration;
use domain::error::{Error, Result};
use domain::reason::Reason;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::ExprTrait;
use sea_orm::{EntityTrait, QueryFilter};

use crate::Engine;
use crate::error::internal;
use crate::store::entities::session;

/// How long a session lasts, in seconds: half a day, so that a tablet signed in at eight lasts the day.
pub const SESSION_S: u32 = 12 * 3600;

/// Whose session it is.
#[derive(Clone, Copy)]
pub(crate) enum Holder {
    /// An account's.
    Account(domain::Uuid),
    /// A member of staff's.
    Staff(domain::Uuid),
}

impl Engine {
    /// Begins a session and gives its token.
    pub(crate) async fn begin_session(&self, holder: Holder) -> Result<String> {
        let token = self.vault().entropy().token();
        let now = self.now();
        let (account_id, staff_id) = match holder {
            Holder::Account(id) => (Some(id), None),
            Holder::Staff(id) => (None, Some(id)),
        };
        let row = session::ActiveModel {
            token_hash: Set(self.token_hash(&token)),
            account_id: Set(account_id),
            staff_id: Set(staff_id),
            created_at: Set(now),
            expires_at: Set(now + Duration::seconds(i64::from(SESSION_S))),
        };
        session::Entity::insert(row).exec_without_returning(&self.store().write).await.map_err(internal)?;
        Ok(token)
    }

    /// The session of a token.
    ///
    /// # Errors
    /// `sign_in_required` when there is none, or it has ended.
    pub(crate) async fn session(&self, token: &str) -> Result<session::Model> {
        let found = self.lookups().sessions.one(self.token_hash(token)).await?;
        found.filter(|session| session.expires_at > self.now()).ok_or_else(|| Error::new(Reason::SignIn))
    }

    /// Ends a session; and with it those that ended by themselves.
    pub(crate) async fn end_session(&self, token: &str) -> Result<()> {
        let over = session::COLUMN.token_hash.eq(self.token_hash(token)).or(session::COLUMN.expires_at.lte(self.now()));
        session::Entity::delete_many().filter(over).exec(&self.store().write).await.map_err(internal)?;
        Ok(())
    }

    fn token_hash(&self, token: &str) -> Vec<u8> {
        self.vault().hash("session", token)
    }
}
