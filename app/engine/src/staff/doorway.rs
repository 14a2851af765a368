//! Passwords tried: counted before they are looked at, locked out with a growing delay, a bounded number at once.

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use chrono::Duration;
use domain::error::{Error, ErrorCode, Result};
use domain::reason::Reason;
use domain::{DateTime, Utc};
use sea_orm::sea_query::Expr;
use sea_orm::{EntityTrait, QueryFilter};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::Engine;
use crate::audit::Actor;
use crate::error::internal;
use crate::store::entities::staff;
use crate::tallies::too_many;

/// The longest that somebody is locked out after wrong tries, in minutes: nobody is locked out for ever by a stranger who knows their name.
const LONGEST_LOCK_MINUTES: u32 = 60;
/// Passwords that are tried at the same time: each takes 19 MiB and a core. Fewer than the wrong tries that lock somebody out, so that
/// colleagues who share a name and sign in together do not lock each other out.
const AT_ONCE: usize = 2;
/// Sign-ins that are tried or wait for it; whoever comes then is asked to come later.
const AT_THE_DOOR: usize = 64;
/// Seconds that they are asked to wait.
const RETRY_AFTER_S: u32 = 5;

static DOOR: Semaphore = Semaphore::const_new(AT_THE_DOOR);
static TRIES: Semaphore = Semaphore::const_new(AT_ONCE);

/// A turn at trying a password, for as long as it is held.
pub(super) async fn turn() -> Result<[SemaphorePermit<'static>; 2]> {
    let busy = || Error::later(Reason::Busy, RETRY_AFTER_S);
    let inside = DOOR.try_acquire().map_err(|_| busy())?;
    Ok([TRIES.acquire().await.map_err(|_| busy())?, inside])
}

impl Engine {
    /// Whose password it is. The try stays counted until [`Engine::let_in`] or [`Engine::take_try_back`]: gives the row as it was before.
    ///
    /// # Errors
    /// `sign_in_required` when name or password is wrong, the same for both; `too_many` while locked out.
    pub(super) async fn try_password(&self, username: &str, password: &str) -> Result<staff::Model> {
        let row = self.count_try(&username.trim().to_lowercase()).await?;
        // an unknown name costs as much time as a wrong password
        let fits = self.password_fits(password.to_owned(), row.as_ref().map(|row| row.password_hash.clone())).await?;
        let refused = Error::new(Reason::Password);
        if !fits {
            // what was typed for a user name may be anything: it is not written down
            let whose = row.as_ref().map(|row| row.id);
            let actor = whose.map_or(Actor::Nobody, Actor::Staff);
            self.note_refused(actor, "staff_sign_in", whose.map_or_else(|| "-".to_owned(), |id| id.to_string()), refused.code);
        }
        row.filter(|_| fits).ok_or(refused)
    }

    /// Whose password is tried. The try is counted before the password is looked at, or many at once would all be the first.
    async fn count_try(&self, username: &str) -> Result<Option<staff::Model>> {
        loop {
            let row = staff::Entity::find().filter(staff::COLUMN.username.eq(username)).one(&self.store().read).await;
            let Some(row) = row.map_err(internal)?.filter(|row| !row.disabled) else { return Ok(None) };
            if let Some(until) = row.locked_until.filter(|until| *until > self.now()) {
                self.note_refused(Actor::Staff(row.id), "staff_sign_in", row.id, ErrorCode::TooMany);
                let wait_s = u32::try_from((until - self.now()).num_seconds() + 1).unwrap_or(60);
                return Err(too_many(wait_s));
            }
            let failed = row.failed.saturating_add(1);
            if self.note_tries(&row, row.failed, failed, self.locked_until(failed)).await? {
                return Ok(Some(row));
            }
        }
    }

    /// Until when somebody is locked out after so many wrong tries.
    fn locked_until(&self, failed: i32) -> Option<DateTime<Utc>> {
        let over =
            u32::try_from(failed).unwrap_or(0).checked_sub(self.limits().tries_a_password).filter(|_| self.limits().enabled)?;
        let minutes = 1u32.checked_shl(over).unwrap_or(LONGEST_LOCK_MINUTES).min(LONGEST_LOCK_MINUTES);
        Some(self.now() + Duration::minutes(i64::from(minutes)))
    }

    /// Writes the number of wrong tries down, if nobody else did meanwhile: whether it was written.
    async fn note_tries(&self, row: &staff::Model, was: i32, failed: i32, locked_until: Option<DateTime<Utc>>) -> Result<bool> {
        let update = staff::Entity::update_many()
            .col_expr(staff::Column::Failed, Expr::value(failed))
            .col_expr(staff::Column::LockedUntil, Expr::value(locked_until))
            .filter(staff::COLUMN.id.eq(row.id))
            .filter(staff::COLUMN.failed.eq(was));
        Ok(update.exec(&self.store().write).await.map_err(internal)?.rows_affected > 0)
    }

    /// The try that [`Engine::try_password`] counted was none: only a part of what is needed was given. What was counted before stays.
    pub(super) async fn take_try_back(&self, row: &staff::Model) -> Result<()> {
        self.note_tries(row, row.failed.saturating_add(1), row.failed, row.locked_until).await.map(drop)
    }

    /// Everything that was asked for was right: no try counts any more.
    pub(super) async fn forget_tries(&self, row: &staff::Model) -> Result<()> {
        staff::Entity::update_many()
            .col_expr(staff::Column::Failed, Expr::value(0))
            .col_expr(staff::Column::LockedUntil, Expr::value(None::<DateTime<Utc>>))
            .filter(staff::COLUMN.id.eq(row.id))
            .exec(&self.store().write)
            .await
            .map(drop)
            .map_err(internal)
    }

    /// The same, and they sign in.
    pub(super) async fn let_in(&self, row: &staff::Model) -> Result<()> {
        self.forget_tries(row).await?;
        staff::Entity::update_many()
            .col_expr(staff::Column::SignedInAt, Expr::value(self.now()))
            .filter(staff::COLUMN.id.eq(row.id))
            .exec(&self.store().write)
            .await
            .map(drop)
            .map_err(internal)
    }

    /// argon2id with the parameters that its authors recommend; on a thread of its own, for it takes tens of milliseconds.
    pub(crate) async fn hash_password(&self, password: String) -> Result<String> {
        let salt: [u8; 16] = self.vault().entropy().bytes();
        let hashed = tokio::task::spawn_blocking(move || {
            Argon2::default().hash_password_with_salt(password.as_bytes(), &salt).map(|hash| hash.to_string())
        });
        hashed.await.map_err(|_| Error::internal())?.map_err(|_| Error::internal())
    }

    /// Whether a password belongs to a hash. Without a hash it takes as long, and does not.
    pub(super) async fn password_fits(&self, password: String, hash: Option<String>) -> Result<bool> {
        let Some(hash) = hash else {
            self.hash_password(password).await?;
            return Ok(false);
        };
        let fits =
            tokio::task::spawn_blocking(move || Argon2::default().verify_password(password.as_bytes(), hash.as_str()).is_ok());
        fits.await.map_err(|_| Error::internal())
    }
}
