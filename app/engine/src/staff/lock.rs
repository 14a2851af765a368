//! The locked screen of a shared tablet: it locks by itself or by a button, and a PIN or the password opens it.
//!
//! The server decides it: a session that nobody has used for a while, or that was locked, answers nothing of anybody. When it was last used
//! is kept in memory to the second and written down every minute, so a restart can only make it look idle for longer.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use domain::access::Action;
use domain::error::{Error, Result};
use domain::pin::Pin;
use domain::reason::Reason;
use domain::{DateTime, Utc, Uuid};
use sea_orm::sea_query::Expr;
use sea_orm::{EntityTrait, QueryFilter};
use zeroize::Zeroizing;

use super::{Staff, doorway};
use crate::Engine;
use crate::audit::Actor;
use crate::error::internal;
use crate::store::entities::{session, staff};

/// Wrong tries to open a screen, until its session ends.
const TRIES: i32 = 5;

impl Engine {
    /// Sets the PIN that opens one's own locked screens.
    ///
    /// # Errors
    /// `forbidden`; `invalid` on `pin`; `sign_in_required` on `password`; `too_many` while locked out.
    pub async fn staff_set_pin(&self, staff: &Staff, password: &str, pin: &str) -> Result<()> {
        staff.may_oneself(Action::SetPin)?;
        self.note_use(&staff.session);
        let pin = Pin::parse(pin).map_err(|reason| Error::field("pin", reason))?;
        self.own_password(staff, password).await?;
        let hash = self.hash_password(self.pin_in_our_keys(staff.id, pin.as_str())).await?;
        staff::Entity::update_many()
            .col_expr(staff::Column::PinHash, Expr::value(hash))
            .filter(staff::COLUMN.id.eq(staff.id))
            .exec(&self.store().write)
            .await
            .map_err(internal)?;
        self.deed(&self.store().write, Actor::Staff(staff.id), "staff_set_pin", staff.id, None).await
    }

    /// Locks the screen of this session. One that is locked stays so.
    ///
    /// # Errors
    /// `internal`
    pub async fn staff_lock(&self, staff: &Staff) -> Result<()> {
        if !staff.is_locked() {
            staff.may_oneself(Action::Lock)?;
        }
        session::Entity::update_many()
            .col_expr(session::Column::LockedAt, Expr::value(self.now()))
            .filter(session::COLUMN.token_hash.eq(staff.session.token_hash.clone()))
            .exec(&self.store().write)
            .await
            .map(drop)
            .map_err(internal)
    }

    /// Opens the locked screen, by PIN or password. After five wrong tries the session is over. One that is open stays so.
    ///
    /// # Errors
    /// `invalid` when neither is given; `sign_in_required` when it is wrong, with the tries that are left, and when the session is over;
    /// `too_many` while the password is locked out.
    pub async fn staff_unlock(&self, staff: &Staff, pin: Option<&str>, password: Option<&str>) -> Result<()> {
        if !staff.is_locked() {
            return Ok(());
        }
        staff.may_oneself(Action::Unlock)?;
        let given = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(|text| Zeroizing::new(text.to_owned()));
        let (pin, password) = (given(pin), given(password));
        let field = if password.is_some() { "password" } else { "pin" };
        if pin.is_none() && password.is_none() {
            return Err(Error::field(field, Reason::Missing));
        }
        let _turn = doorway::turn().await?;
        let tried = self.count_unlock(&staff.session.token_hash).await?;
        let fits = match (&pin, &password) {
            (_, Some(password)) => match self.try_password(&staff.member.username, password).await {
                Ok(row) => self.forget_tries(&row).await.map(|()| true),
                Err(error) if error.reason == Some(Reason::Password) => Ok(false),
                Err(error) => Err(error),
            },
            (Some(pin), None) => self.pin_fits(staff.id, pin).await,
            (None, None) => Ok(false),
        };
        match fits {
            Ok(true) => self.open_screen(staff).await,
            _ if tried >= TRIES => {
                session::Entity::delete_by_id(staff.session.token_hash.clone())
                    .exec(&self.store().write)
                    .await
                    .map_err(internal)?;
                self.deed(&self.store().write, Actor::Staff(staff.id), "staff_unlock_failed", staff.id, None).await?;
                Err(Error::new(Reason::SignIn))
            }
            Ok(false) => Err(Error::field(field, Reason::Pin { left: u32::try_from(TRIES - tried).unwrap_or(0) })),
            Err(error) => Err(error),
        }
    }

    /// Counts a try before it is looked at, or many at once would all be the first. Gives which it is.
    async fn count_unlock(&self, token_hash: &[u8]) -> Result<i32> {
        loop {
            let row = session::Entity::find_by_id(token_hash.to_vec()).one(&self.store().read).await.map_err(internal)?;
            let row = row.filter(|row| row.unlock_failed < TRIES).ok_or_else(|| Error::new(Reason::SignIn))?;
            let tried = row.unlock_failed + 1;
            let counted = session::Entity::update_many()
                .col_expr(session::Column::UnlockFailed, Expr::value(tried))
                .filter(session::COLUMN.token_hash.eq(token_hash.to_vec()))
                .filter(session::COLUMN.unlock_failed.eq(row.unlock_failed))
                .exec(&self.store().write)
                .await
                .map_err(internal)?;
            if counted.rows_affected == 1 {
                return Ok(tried);
            }
        }
    }

    /// Opens the screen; the session counts as used now, for every process.
    async fn open_screen(&self, staff: &Staff) -> Result<()> {
        let opened = session::Entity::update_many()
            .col_expr(session::Column::LockedAt, Expr::value(None::<DateTime<Utc>>))
            .col_expr(session::Column::UnlockFailed, Expr::value(0))
            .col_expr(session::Column::LastSeenAt, Expr::value(self.now()))
            .filter(session::COLUMN.token_hash.eq(staff.session.token_hash.clone()))
            .exec(&self.store().write)
            .await
            .map_err(internal)?;
        if opened.rows_affected == 0 {
            return Err(Error::new(Reason::SignIn));
        }
        self.note_use(&staff.session);
        Ok(())
    }

    async fn pin_fits(&self, staff_id: Uuid, pin: &str) -> Result<bool> {
        let row = staff::Entity::find_by_id(staff_id).one(&self.store().read).await.map_err(internal)?;
        self.password_fits(self.pin_in_our_keys(staff_id, pin), row.and_then(|row| row.pin_hash)).await
    }

    /// A million PINs are soon tried: with our key in what is hashed, the database alone is no help to whoever tries.
    fn pin_in_our_keys(&self, staff_id: Uuid, pin: &str) -> String {
        STANDARD_NO_PAD.encode(self.vault().hash("staff.pin", &format!("{staff_id}:{pin}")))
    }
}
