//! The second factor: six digits that change every half minute, each good once, and ten recovery codes on paper.
//!
//! Password and digits are judged together: a wrong one of either counts in the same lock-out. That digits are needed is said after a right
//! password only, and what was counted before stays counted.

use domain::Uuid;
use domain::access::Action;
use domain::error::{Error, Result};
use domain::reason::Reason;
use domain::staff::{RecoveryCodes, SecondFactorBegun};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{EntityTrait, QueryFilter};

use super::house::take_factor_away;
use super::{Staff, doorway, is_fresh, totp};
use crate::Engine;
use crate::audit::Actor;
use crate::error::internal;
use crate::store::entities::{recovery_code, second_factor, staff};
use crate::vault::Label;

/// Recovery codes that are given.
const CODES: usize = 10;
/// Signs of one: 50 bits.
const CODE_SIGNS: usize = 10;
/// Letters and digits that are not taken for one another.
const SIGNS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Minutes after signing in during which the password need not be given again.
const PASSWORD_COUNTS_MINUTES: i64 = 5;
/// Minutes that an enrolment may take.
const ENROLMENT_MINUTES: i64 = 30;

impl Engine {
    /// Makes a new secret, which counts for nothing until it is confirmed. The password is needed where the sign-in was a while ago: a
    /// tablet that somebody left open must not take on a stranger's phone.
    ///
    /// # Errors
    /// `forbidden`; `invalid` or `sign_in_required` on `password`; `wrong_state` when a second factor is on already.
    pub async fn second_factor_begin(&self, staff: &Staff, password: Option<&str>) -> Result<SecondFactorBegun> {
        staff.may_oneself(Action::SecondFactor)?;
        self.note_use(&staff.session);
        if !is_fresh(staff.session.created_at, self.now(), PASSWORD_COUNTS_MINUTES) {
            let password = password.filter(|password| !password.is_empty());
            let password = password.ok_or_else(|| Error::field("password", Reason::Missing))?;
            self.own_password(staff, password).await?;
        }
        let secret: [u8; totp::SECRET] = self.vault().entropy().bytes();
        let row = second_factor::ActiveModel {
            id: Set(staff.id),
            secret_sealed: Set(self.vault().seal(Label::SecondFactor, staff.id, &secret)?),
            begun_at: Set(self.now()),
            confirmed_at: Set(None),
            used_step: Set(0),
        };
        use second_factor::Column::{BegunAt, ConfirmedAt, Id, SecretSealed};
        let instead = OnConflict::column(Id)
            .update_columns([SecretSealed, BegunAt])
            .action_and_where(Expr::col((second_factor::Entity, ConfirmedAt)).is_null())
            .to_owned();
        let written = second_factor::Entity::insert(row).on_conflict(instead).exec_without_returning(&self.store().write).await;
        if written.map_err(internal)? == 0 {
            return Err(Error::new(Reason::SecondFactorOn));
        }
        let secret = totp::base32(&secret);
        let issuer = format!("Yizhen {}", self.city().name_en);
        Ok(SecondFactorBegun { uri: totp::uri(&issuer, &staff.member.username, &secret), secret })
    }

    /// Turns the second factor on, once the app has shown that it has the secret. Other sessions of theirs end. Gives the recovery codes.
    ///
    /// # Errors
    /// `forbidden`; `sign_in_required` on `otp`; `wrong_state` when there is nothing to confirm.
    pub async fn second_factor_confirm(&self, staff: &Staff, otp: &str) -> Result<RecoveryCodes> {
        staff.may_oneself(Action::SecondFactor)?;
        self.note_use(&staff.session);
        let row = second_factor::Entity::find_by_id(staff.id).one(&self.store().read).await.map_err(internal)?;
        let row = row.filter(|row| row.confirmed_at.is_some() || is_fresh(row.begun_at, self.now(), ENROLMENT_MINUTES));
        let row = row.ok_or_else(|| Error::new(Reason::SecondFactorOff))?;
        if row.confirmed_at.is_some() {
            return Err(Error::new(Reason::SecondFactorOn));
        }
        let secret = self.vault().open(Label::SecondFactor, row.id, &row.secret_sealed)?;
        let step = totp::step_of(&secret, &tidied(otp), self.now()).ok_or_else(|| Error::field("otp", Reason::Otp))?;
        let codes: Vec<String> = (0..CODES).map(|_| self.draw_code()).collect();
        let tx = self.store().begin().await.map_err(internal)?;
        let on = second_factor::Entity::update_many()
            .col_expr(second_factor::Column::ConfirmedAt, Expr::value(self.now()))
            .col_expr(second_factor::Column::UsedStep, Expr::value(step))
            .filter(second_factor::COLUMN.id.eq(staff.id))
            .filter(second_factor::COLUMN.confirmed_at.is_null())
            .exec(&tx)
            .await
            .map_err(internal)?;
        if on.rows_affected == 0 {
            return Err(Error::new(Reason::SecondFactorOn));
        }
        let row =
            |code: &String| recovery_code::ActiveModel { hash: Set(self.code_hash_of(staff.id, code)), staff_id: Set(staff.id) };
        recovery_code::Entity::insert_many(codes.iter().map(row)).exec_without_returning(&tx).await.map_err(internal)?;
        self.end_staff_sessions(&tx, staff.id, Some(&staff.session.token_hash)).await?;
        self.deed(&tx, Actor::Staff(staff.id), "second_factor_on", staff.id, None).await?;
        tx.commit().await.map_err(internal)?;
        Ok(RecoveryCodes { recovery_codes: codes.iter().map(|code| grouped(code)).collect() })
    }

    /// Turns the second factor off: with the password and the digits, or a recovery code. Other sessions of theirs end.
    ///
    /// # Errors
    /// `forbidden`; `sign_in_required` on what is wrong; `too_many` while locked out; `wrong_state` when none is on.
    pub async fn second_factor_off(&self, staff: &Staff, password: &str, otp: &str) -> Result<()> {
        staff.may_oneself(Action::SecondFactor)?;
        self.note_use(&staff.session);
        if !staff.member.second_factor {
            return Err(Error::new(Reason::SecondFactorOff));
        }
        let _turn = doorway::turn().await?;
        let row = self.try_own_password(staff, password).await?;
        self.judge_second_factor(&row, Some(otp)).await?;
        self.forget_tries(&row).await?;
        let tx = self.store().begin().await.map_err(internal)?;
        take_factor_away(&tx, staff.id).await?;
        self.end_staff_sessions(&tx, staff.id, Some(&staff.session.token_hash)).await?;
        self.deed(&tx, Actor::Staff(staff.id), "second_factor_off", staff.id, None).await?;
        tx.commit().await.map_err(internal)
    }

    /// Judges what was given besides a right password.
    ///
    /// # Errors
    /// `sign_in_required`: it is needed, or wrong.
    pub(super) async fn judge_second_factor(&self, row: &staff::Model, otp: Option<&str>) -> Result<()> {
        let factor = second_factor::Entity::find_by_id(row.id).one(&self.store().read).await.map_err(internal)?;
        let Some(factor) = factor.filter(|factor| factor.confirmed_at.is_some()) else { return Ok(()) };
        let given = otp.map(tidied).filter(|given| !given.is_empty());
        let Some(given) = given else {
            self.take_try_back(row).await?;
            return Err(Error::field("otp", Reason::OtpNeeded));
        };
        let fits = if given.len() == CODE_SIGNS {
            self.use_recovery_code(row.id, &given).await?
        } else {
            self.use_digits(&factor, &given).await?
        };
        if fits { Ok(()) } else { Err(Error::field("otp", Reason::Otp)) }
    }

    /// Whether the digits are those of a step that was not used before. It is used now: of two requests at once, one.
    async fn use_digits(&self, factor: &second_factor::Model, given: &str) -> Result<bool> {
        let secret = self.vault().open(Label::SecondFactor, factor.id, &factor.secret_sealed)?;
        let Some(step) = totp::step_of(&secret, given, self.now()) else { return Ok(false) };
        let used = second_factor::Entity::update_many()
            .col_expr(second_factor::Column::UsedStep, Expr::value(step))
            .filter(second_factor::COLUMN.id.eq(factor.id))
            .filter(second_factor::COLUMN.used_step.lt(step))
            .exec(&self.store().write)
            .await
            .map_err(internal)?;
        Ok(used.rows_affected == 1)
    }

    /// Whether it is a recovery code of theirs. It is gone now: of two requests at once, one has it.
    async fn use_recovery_code(&self, staff_id: Uuid, given: &str) -> Result<bool> {
        let code = recovery_code::Entity::delete_by_id(self.code_hash_of(staff_id, given));
        let used = code.exec(&self.store().write).await.map_err(internal)?.rows_affected == 1;
        if used {
            self.deed(&self.store().write, Actor::Staff(staff_id), "recovery_code_used", staff_id, None).await?;
        }
        Ok(used)
    }

    /// Whether a member of staff signs in with a second factor.
    pub(super) async fn has_second_factor(&self, staff_id: Uuid) -> Result<bool> {
        let row = second_factor::Entity::find_by_id(staff_id).one(&self.store().read).await.map_err(internal)?;
        Ok(row.is_some_and(|row| row.confirmed_at.is_some()))
    }

    /// Tries the member's own password, as at the door.
    pub(super) async fn own_password(&self, staff: &Staff, password: &str) -> Result<()> {
        let _turn = doorway::turn().await?;
        let row = self.try_own_password(staff, password).await?;
        self.forget_tries(&row).await
    }

    async fn try_own_password(&self, staff: &Staff, password: &str) -> Result<staff::Model> {
        let tried = self.try_password(&staff.member.username, password).await;
        tried.map_err(
            |error| if error.reason == Some(Reason::Password) { Error::field("password", Reason::Password) } else { error },
        )
    }

    fn draw_code(&self) -> String {
        let drawn: [u8; CODE_SIGNS] = self.vault().entropy().bytes();
        drawn.iter().map(|byte| char::from(SIGNS[usize::from(byte % 32)])).collect()
    }

    fn code_hash_of(&self, staff_id: Uuid, code: &str) -> Vec<u8> {
        self.vault().hash("staff.recovery-code", &format!("{staff_id}:{code}"))
    }
}

/// What was typed, as codes are written: without spaces and hyphens, in capitals, and without letters that look like digits.
fn tidied(otp: &str) -> String {
    let sign = |sign: char| match sign.to_ascii_uppercase() {
        ' ' | '-' => None,
        'O' => Some('0'),
        'I' | 'L' => Some('1'),
        sign => Some(sign),
    };
    otp.chars().take(64).filter_map(sign).collect()
}

/// A recovery code as it is printed.
fn grouped(code: &str) -> String {
    let (first, second) = code.split_at(CODE_SIGNS / 2);
    format!("{first}-{second}")
}
