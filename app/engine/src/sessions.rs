//! Sessions: a random token in a cookie, its keyed hash in the database. They end when nobody uses them, and after their whole time.
//!
//! A look-up of a session is on the way of every booking, so it never writes: that it was used is kept in memory, and written down
//! once a minute for all of them together.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::error::{Error, Result};
use domain::reason::Reason;
use domain::session::{Lasts, NOTED_EVERY, STAFF_NOTED_EVERY};
use domain::{DateTime, Utc, Uuid};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::Expr;
use sea_orm::{ConnectionTrait, EntityTrait, QueryFilter};

use crate::Engine;
use crate::accounts::Citizen;
use crate::audit::Actor;
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
    Account(Uuid),
    /// A member of staff's, at a site where it is known already which.
    Staff(Uuid, Option<Uuid>),
}

/// Which sessions were used since the last time that it was written down.
#[derive(Default)]
pub(crate) struct Seen {
    noted: Mutex<HashMap<Vec<u8>, Use>>,
    /// When each session of staff was last used, to the second: their screens lock by it. What another process knows is in the database.
    staff: Mutex<HashMap<Vec<u8>, DateTime<Utc>>>,
}

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

    /// When this process last saw a session of staff in use.
    pub(crate) fn staff_use(&self, token_hash: &[u8]) -> Option<DateTime<Utc>> {
        self.staff().get(token_hash).copied()
    }

    /// Forgets the sessions of staff that nobody has used since.
    fn forget_staff(&self, before: DateTime<Utc>) {
        self.staff().retain(|_, at| *at >= before);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Vec<u8>, Use>> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn staff(&self) -> MutexGuard<'_, HashMap<Vec<u8>, DateTime<Utc>>> {
        self.staff.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// Begins a session and gives its token. The one that came along with the sign-in, `old`, ends with it: a token that somebody knew
    /// before is worth nothing afterwards.
    pub(crate) async fn begin_session(&self, holder: Holder, old: Option<&str>) -> Result<String> {
        let token = self.vault().entropy().token();
        let now = self.now();
        let (account_id, staff_id, site_id) = match holder {
            Holder::Account(id) => (Some(id), None, None),
            Holder::Staff(id, site_id) => (None, Some(id), site_id),
        };
        let row = session::ActiveModel {
            token_hash: Set(self.token_hash(&token)),
            account_id: Set(account_id),
            staff_id: Set(staff_id),
            created_at: Set(now),
            expires_at: Set(self.lasts(staff_id.is_some()).until(now, now)),
            last_seen_at: Set(None),
            site_id: Set(site_id),
            locked_at: Set(None),
            unlock_failed: Set(0),
        };
        let tx = self.store().begin().await.map_err(internal)?;
        if let Some(old) = old {
            session::Entity::delete_by_id(self.token_hash(old)).exec(&tx).await.map_err(internal)?;
        }
        session::Entity::insert(row).exec_without_returning(&tx).await.map_err(internal)?;
        // how staff sign in says more, and is written down where it is decided
        if let Holder::Account(id) = holder {
            self.deed(&tx, Actor::Citizen(id), "sign_in", id, None).await?;
        }
        tx.commit().await.map_err(internal)?;
        Ok(token)
    }

    /// The session of a token; it counts as used.
    ///
    /// # Errors
    /// `sign_in_required` when there is none, or it has ended.
    pub(crate) async fn session(&self, token: &str) -> Result<session::Model> {
        let row = self.session_as_it_is(token).await?;
        self.note_use(&row);
        Ok(row)
    }

    /// The same, without counting it as used.
    ///
    /// # Errors
    /// `sign_in_required` when there is none, or it has ended.
    pub(crate) async fn session_as_it_is(&self, token: &str) -> Result<session::Model> {
        let now = self.now();
        let found = self.lookups().sessions.one(self.token_hash(token)).await?.filter(|row| row.expires_at > now);
        let row = found.ok_or_else(|| Error::new(Reason::SignIn))?;
        let (lasts, seen) = (self.lasts(row.staff_id.is_some()), row.last_seen_at.unwrap_or(row.created_at));
        // asked again: what the settings say now counts for the sessions of yesterday as well, where it is less
        if lasts.until(row.created_at, seen) <= now {
            return Err(Error::new(Reason::SignIn));
        }
        Ok(row)
    }

    /// Keeps in mind that a session was used.
    pub(crate) fn note_use(&self, row: &session::Model) {
        let (now, of_staff) = (self.now(), row.staff_id.is_some());
        let (lasts, seen) = (self.lasts(of_staff), row.last_seen_at.unwrap_or(row.created_at));
        if of_staff {
            self.seen().staff().insert(row.token_hash.clone(), now);
        }
        if Lasts::is_news(seen, now, if of_staff { STAFF_NOTED_EVERY } else { NOTED_EVERY }) {
            self.seen().note(row, Use { at: now, until: lasts.until(row.created_at, now) });
        }
    }

    /// When a session was last used, as far as this process can know.
    pub(crate) fn last_use(&self, row: &session::Model) -> DateTime<Utc> {
        let noted = row.last_seen_at.unwrap_or(row.created_at);
        self.seen().staff_use(&row.token_hash).map_or(noted, |here| here.max(noted))
    }

    /// Ends a session.
    pub(crate) async fn end_session(&self, token: &str) -> Result<()> {
        let ended = session::Entity::delete_by_id(self.token_hash(token));
        ended.exec(&self.store().write).await.map_err(internal)?;
        Ok(())
    }

    /// Ends every session of a citizen's account, on all devices; no WeChat user signs in to it without a code any more, for that would be
    /// the lost phone again.
    ///
    /// # Errors
    /// `internal`
    pub async fn sign_out_everywhere(&self, citizen: &Citizen) -> Result<()> {
        self.unbind_wechat(citizen).await?;
        let tx = self.store().begin().await.map_err(internal)?;
        let theirs = session::Entity::delete_many().filter(session::COLUMN.account_id.eq(citizen.account_id));
        theirs.exec(&tx).await.map_err(internal)?;
        self.deed(&tx, Actor::Citizen(citizen.account_id), "sign_out_everywhere", citizen.account_id, None).await?;
        tx.commit().await.map_err(internal)
    }

    /// Ends every session of a member of staff, but the one `kept`. Gives how many there were.
    pub(crate) async fn end_staff_sessions(&self, db: &impl ConnectionTrait, staff_id: Uuid, kept: Option<&[u8]>) -> Result<u64> {
        let mut theirs = session::Entity::delete_many().filter(session::COLUMN.staff_id.eq(staff_id));
        if let Some(kept) = kept {
            theirs = theirs.filter(session::COLUMN.token_hash.ne(kept.to_vec()));
        }
        Ok(theirs.exec(db).await.map_err(internal)?.rows_affected)
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
        // what is older than this is written down, and a session that idle is over
        self.seen().forget_staff(self.now() - self.lasts(true).idle);
        Ok(())
    }

    fn lasts(&self, staff: bool) -> Lasts {
        let sessions = &self.config().sessions;
        if staff { sessions.staff } else { sessions.citizens }
    }

    pub(crate) fn token_hash(&self, token: &str) -> Vec<u8> {
        self.vault().hash("session", token)
    }
}
