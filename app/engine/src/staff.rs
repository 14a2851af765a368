//! Members of staff: signing in with a password, locked out with a growing delay.

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use chrono::Duration;
use domain::access::{Action, Role, may};
use domain::error::{Error, Result};
use domain::reason::Reason;
use domain::staff::StaffMember;
use domain::{DateTime, Utc, Uuid};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{EntityTrait, QueryFilter};

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::Engine;
use crate::error::internal;
use crate::sessions::Holder;
use crate::store::entities::staff;
use crate::tallies::too_many;

/// The longest that somebody is locked out after wrong passwords, in minutes.
const LONGEST_LOCK_MINUTES: u32 = 60;
/// The shortest password that `staff add` takes.
const SHORTEST_PASSWORD: usize = 8;
/// Passwords that are tried at the same time: each takes 19 MiB and a core. Fewer than the wrong tries that lock somebody out, so that
/// colleagues who share a name and sign in together do not lock each other out.
const AT_ONCE: usize = 2;
/// Sign-ins that are tried or wait for it; whoever comes then is asked to come later.
const AT_THE_DOOR: usize = 64;
/// Seconds that they are asked to wait.
const RETRY_AFTER_S: u32 = 5;

static DOOR: Semaphore = Semaphore::const_new(AT_THE_DOOR);
static TRIES: Semaphore = Semaphore::const_new(AT_ONCE);

/// A member of staff who is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staff {
    /// Their id.
    pub id: Uuid,
    /// Who they are.
    pub member: StaffMember,
}

impl Staff {
    /// Asks whether they may do something at a site.
    ///
    /// # Errors
    /// `forbidden`
    pub(crate) fn may(&self, action: Action, site_id: Uuid) -> Result<()> {
        if may(self.member.role, action, self.member.site_id == Some(site_id)) {
            Ok(())
        } else {
            Err(Error::new(Reason::NotAllowed))
        }
    }

    /// Asks whether they may do something at any site at all: before anything is looked for, so that a role without the right learns
    /// nothing of what is there.
    ///
    /// # Errors
    /// `forbidden`
    pub(crate) fn may_somewhere(&self, action: Action) -> Result<()> {
        if [true, false].into_iter().any(|own_site| may(self.member.role, action, own_site)) {
            Ok(())
        } else {
            Err(Error::new(Reason::NotAllowed))
        }
    }
}

/// A member of staff to be added, or to be given a new password and place.
#[derive(Clone, Debug)]
pub struct NewStaff {
    /// What they sign in with: 2–40 letters, digits, `.`, `_` or `-`.
    pub username: String,
    /// What others see.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Where they work; needed for all but the office.
    pub site_id: Option<Uuid>,
    /// At least eight characters.
    pub password: String,
}

impl Engine {
    /// Adds a member of staff; one of the same user name gets the new name, role, site and password.
    ///
    /// # Errors
    /// `invalid` on `username`, `password` or `site_id`.
    pub async fn staff_add(&self, new: NewStaff) -> Result<()> {
        let username = new.username.trim().to_lowercase();
        let allowed = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '.' | '_' | '-');
        if !(2..=40).contains(&username.len()) || !username.chars().all(allowed) {
            return Err(Error::field("username", Reason::Malformed));
        }
        if new.password.chars().count() < SHORTEST_PASSWORD {
            return Err(Error::field("password", Reason::Malformed));
        }
        match (new.role, new.site_id) {
            (Role::Office, _) => {}
            (_, Some(site_id)) => drop(self.site(site_id).map_err(|_| Error::field("site_id", Reason::NotFound))?),
            (_, None) => return Err(Error::field("site_id", Reason::Missing)),
        }
        let row = staff::ActiveModel {
            id: Set(self.new_id()),
            username: Set(username),
            name: Set(new.name.trim().to_owned()),
            role: Set(new.role.as_str().to_owned()),
            site_id: Set(new.site_id.filter(|_| new.role != Role::Office)),
            password_hash: Set(self.hash_password(new.password).await?),
            disabled: Set(false),
            failed: Set(0),
            locked_until: Set(None),
            created_at: Set(self.now()),
        };
        use staff::Column::{Disabled, Failed, LockedUntil, Name, PasswordHash, Role as RoleColumn, SiteId, Username};
        let replace = OnConflict::column(Username)
            .update_columns([Name, RoleColumn, SiteId, PasswordHash, Disabled, Failed, LockedUntil])
            .to_owned();
        staff::Entity::insert(row).on_conflict(replace).exec_without_returning(&self.store().write).await.map_err(internal)?;
        Ok(())
    }

    /// Exchanges user name and password for a session. The session that came along, `old`, ends. Gives the member of staff and the new
    /// session's token.
    ///
    /// # Errors
    /// `sign_in_required` when either is wrong, the same for both; `too_many` while locked out; `busy` when too many sign in at once.
    pub async fn staff_sign_in(&self, username: &str, password: &str, old: Option<&str>) -> Result<(StaffMember, String)> {
        let _turn = turn().await?;
        let row = self.count_try(&username.trim().to_lowercase()).await?;
        // an unknown name costs as much time as a wrong password
        let fits = self.password_fits(password.to_owned(), row.as_ref().map(|row| row.password_hash.clone())).await?;
        match row {
            Some(row) if fits => {
                self.note_tries(&row, 0, None).await?;
                let token = self.begin_session(Holder::Staff(row.id), old).await?;
                Ok((self.member(&row)?, token))
            }
            _ => Err(Error::new(Reason::Password)),
        }
    }

    /// Whose password is tried. The try is counted before the password is looked at, or many at once would all be the first.
    async fn count_try(&self, username: &str) -> Result<Option<staff::Model>> {
        loop {
            let row = staff::Entity::find().filter(staff::COLUMN.username.eq(username)).one(&self.store().read).await;
            let Some(row) = row.map_err(internal)?.filter(|row| !row.disabled) else { return Ok(None) };
            if let Some(until) = row.locked_until.filter(|until| *until > self.now()) {
                let wait_s = u32::try_from((until - self.now()).num_seconds() + 1).unwrap_or(60);
                return Err(too_many(wait_s));
            }
            let failed = row.failed.saturating_add(1);
            if self.note_tries(&row, failed, self.locked_until(failed)).await? {
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

    /// Writes the number of wrong tries down. On the way up only if nobody else did meanwhile: whether it was written.
    async fn note_tries(&self, row: &staff::Model, failed: i32, locked_until: Option<DateTime<Utc>>) -> Result<bool> {
        let mut update = staff::Entity::update_many()
            .col_expr(staff::Column::Failed, Expr::value(failed))
            .col_expr(staff::Column::LockedUntil, Expr::value(locked_until))
            .filter(staff::COLUMN.id.eq(row.id));
        if failed > 0 {
            update = update.filter(staff::COLUMN.failed.eq(row.failed));
        }
        Ok(update.exec(&self.store().write).await.map_err(internal)?.rows_affected > 0)
    }

    /// The member of staff of a session's token.
    ///
    /// # Errors
    /// `sign_in_required`, also when they were disabled meanwhile.
    pub async fn staff(&self, token: &str) -> Result<Staff> {
        let staff_id = self.session(token).await?.staff_id.ok_or_else(|| Error::new(Reason::SignIn))?;
        let row = staff::Entity::find_by_id(staff_id).one(&self.store().read).await.map_err(internal)?;
        let row = row.filter(|row| !row.disabled).ok_or_else(|| Error::new(Reason::SignIn))?;
        Ok(Staff { id: row.id, member: self.member(&row)? })
    }

    /// Ends a member of staff's session. Nothing happens when there is none.
    ///
    /// # Errors
    /// `internal`
    pub async fn staff_sign_out(&self, token: &str) -> Result<()> {
        self.end_session(token).await
    }

    fn member(&self, row: &staff::Model) -> Result<StaffMember> {
        let site_name = row.site_id.and_then(|id| self.board().site_row(id)).map(|site| site.name);
        let role = row.role.parse().map_err(|()| Error::internal())?;
        Ok(StaffMember { username: row.username.clone(), name: row.name.clone(), role, site_id: row.site_id, site_name })
    }

    /// argon2id with the parameters that its authors recommend; on a thread of its own, for it takes tens of milliseconds.
    pub(crate) async fn hash_password(&self, password: String) -> Result<String> {
        let salt: [u8; 16] = self.vault().entropy().bytes();
        let hashed = tokio::task::spawn_blocking(move || {
            Argon2::default().hash_password_with_salt(password.as_bytes(), &salt).map(|hash| hash.to_string())
        });
        hashed.await.map_err(|_| Error::internal())?.map_err(|_| Error::internal())
    }

    async fn password_fits(&self, password: String, hash: Option<String>) -> Result<bool> {
        let Some(hash) = hash else {
            self.hash_password(password).await?;
            return Ok(false);
        };
        let fits =
            tokio::task::spawn_blocking(move || Argon2::default().verify_password(password.as_bytes(), hash.as_str()).is_ok());
        fits.await.map_err(|_| Error::internal())
    }
}

/// A turn at trying a password, for as long as it is held.
async fn turn() -> Result<[SemaphorePermit<'static>; 2]> {
    let busy = || Error::later(Reason::Busy, RETRY_AFTER_S);
    let inside = DOOR.try_acquire().map_err(|_| busy())?;
    Ok([TRIES.acquire().await.map_err(|_| busy())?, inside])
}
