//! Sessions: a random token in a cookie, its keyed hash in the database. They end when nobody uses them, and after their whole time.
//!
//! A look-up of a session is on the way of every booking, so it never writes: that it was used is kept in memory, and written down
//! once a minute for all of them together.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::error::{Error, Result};
use domain::reason::Reason;
use domain::session::Lasts;
use domain::{DateTime, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::Expr;
use sea_orm::{EntityTrait, QueryFilter};

use crate::Engine;
use crate::accounts::Citizen;
use crate::error::internal;
use crate::store::entities::session;

/// Sessions of citizens whose use is kept in memory at most; on a release day a city comes back within minutes. Whoever finds no room is
/// noted at one of the next calls.
const KEPT: usize = 4096;
/// Notes that one transaction writes: a few milliseconds of the one connection that writes.
const AT_ONCE: usize = 256;

/// Whose session it is.
#[derive(Clone, Copy)]
pub(crate) enum Holder {
    /// An account's.
    Account(domain::Uuid),
    /// A member of staff's.
    Staff(domain::Uuid),
}

/// Which sessions were used since the last time that it was written down.
#[derive(Default)]
pub(crate) struct Seen(Mutex<HashMap<Vec<u8>, Use>>);

/// That a session was used.
#[derive(Clone, Copy)]
struct Use {
    at: DateTime<Utc>,
    until: DateTime<Utc>,
}

impl Seen {
    /// Keeps a use in mind. Staff always find room: there are few of them, and they would be signed out at work.
    fn note(&self, row: &session::Model, used: Use) {
        let mut seen = self.lock();
        if seen.len() < KEPT || row.staff_id.is_some() || seen.contains_key(&row.token_hash) {
            seen.insert(row.token_hash.clone(), used);
        }
    }

    /// What there is, in the order in which every process writes it: two that write the same rows never wait for each other.
    fn take(&self) -> Vec<(Vec<u8>, Use)> {
        let mut seen: Vec<_> = std::mem::take(&mut *self.lock()).into_iter().collect();
        seen.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        seen
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Vec<u8>, Use>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// Begins a session and gives its token. The one that came along with the sign-in, `old`, ends with it: a token that somebody knew
    /// before is worth nothing afterwards.
    pub(crate) async fn begin_session(&self, holder: Holder, old: Option<&str>) -> Result<String> {
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
            expires_at: Set(self.lasts(staff_id.is_some()).until(now, now)),
            last_seen_at: Set(None),
        };
        let tx = self.store().begin().await.map_err(internal)?;
        if let Some(old) = old {
            session::Entity::delete_by_id(self.token_hash(old)).exec(&tx).await.map_err(internal)?;
        }
        session::Entity::insert(row).exec_without_returning(&tx).await.map_err(internal)?;
        tx.commit().await.map_err(internal)?;
        Ok(token)
    }

    /// The session of a token.
    ///
    /// # Errors
    /// `sign_in_required` when there is none, or it has ended.
    pub(crate) async fn session(&self, token: &str) -> Result<session::Model> {
        let now = self.now();
        let found = self.lookups().sessions.one(self.token_hash(token)).await?.filter(|row| row.expires_at > now);
        let row = found.ok_or_else(|| Error::new(Reason::SignIn))?;
        let (lasts, seen) = (self.lasts(row.staff_id.is_some()), row.last_seen_at.unwrap_or(row.created_at));
        // asked again: what the settings say now counts for the sessions of yesterday as well, where it is less
        if lasts.until(row.created_at, seen) <= now {
            return Err(Error::new(Reason::SignIn));
        }
        if Lasts::is_news(seen, now) {
            self.seen().note(&row, Use { at: now, until: lasts.until(row.created_at, now) });
        }
        Ok(row)
    }

    /// Ends a session.
    pub(crate) async fn end_session(&self, token: &str) -> Result<()> {
        let ended = session::Entity::delete_by_id(self.token_hash(token));
        ended.exec(&self.store().write).await.map_err(internal)?;
        Ok(())
    }

    /// Ends every session of a citizen's account, on all devices.
    ///
    /// # Errors
    /// `internal`
    pub async fn sign_out_everywhere(&self, citizen: &Citizen) -> Result<()> {
        let theirs = session::Entity::delete_many().filter(session::COLUMN.account_id.eq(citizen.account_id));
        theirs.exec(&self.store().write).await.map_err(internal)?;
        Ok(())
    }

    /// Writes down which sessions were used. What could not be written down is noted again when the session is used again.
    pub(crate) async fn note_seen(&self) -> Result<()> {
        for some in self.seen().take().chunks(AT_ONCE) {
            let tx = self.store().begin().await.map_err(internal)?;
            for (token_hash, used) in some {
                session::Entity::update_many()
                    .col_expr(session::Column::LastSeenAt, Expr::value(used.at))
                    .col_expr(session::Column::ExpiresAt, Expr::value(used.until))
                    .filter(session::COLUMN.token_hash.eq(token_hash.clone()))
                    .exec(&tx)
                    .await
                    .map_err(internal)?;
            }
            tx.commit().await.map_err(internal)?;
        }
        Ok(())
    }

    fn lasts(&self, staff: bool) -> Lasts {
        let sessions = &self.config().sessions;
        if staff { sessions.staff } else { sessions.citizens }
    }

    fn token_hash(&self, token: &str) -> Vec<u8> {
        self.vault().hash("session", token)
    }
}
