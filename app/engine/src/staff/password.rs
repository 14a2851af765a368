//! Passwords of staff: which are taken, and changing one's own.

use domain::access::Action;
use domain::error::{Error, Result};
use domain::reason::Reason;
use sea_orm::sea_query::Expr;
use sea_orm::{EntityTrait, QueryFilter};

use super::Staff;
use crate::Engine;
use crate::audit::Actor;
use crate::error::internal;
use crate::store::entities::staff;

/// The shortest password that is taken, in characters.
const SHORTEST: usize = 8;
/// The longest, in characters. What is hashed costs the same, what is judged does not.
const LONGEST: usize = 128;
/// Words of this house, which are tried first by whoever knows it.
const OURS: [&str; 8] = ["yizhen", "一针", "yimiao", "疫苗", "jiezhong", "接种", "nurse", "vaccine"];

/// Whether a password may be one: long enough, and not among those that are tried first. Words of `whose` owner count as known.
///
/// Source: OWASP ASVS 5.0, 6.2.1, 6.2.4 and 6.2.11; zxcvbn (30,000 common passwords, names and words, keyboard rows, dates), of whose five
/// grades the upper two are taken: more than 10⁸ guesses.
///
/// # Errors
/// `invalid` on `field`.
pub(super) fn check(field: &str, password: &str, whose: &[&str]) -> Result<()> {
    let length = password.chars().count();
    if !(SHORTEST..=LONGEST).contains(&length) {
        return Err(Error::field(field, Reason::PasswordLength));
    }
    let known: Vec<&str> = OURS.into_iter().chain(whose.iter().copied()).collect();
    if zxcvbn::zxcvbn(password, &known).score() < zxcvbn::Score::Three {
        return Err(Error::field(field, Reason::PasswordEasy));
    }
    Ok(())
}

impl Engine {
    /// Changes one's own password. Every other session of theirs ends.
    ///
    /// # Errors
    /// `forbidden`; `invalid` on `new_password`; `sign_in_required` on `password`; `too_many` while locked out.
    pub async fn staff_set_password(&self, staff: &Staff, password: &str, new_password: String) -> Result<()> {
        staff.may_oneself(Action::SetPassword)?;
        self.note_use(&staff.session);
        check("new_password", &new_password, &[&staff.member.username, &staff.member.name])?;
        self.own_password(staff, password).await?;
        let hash = self.hash_password(new_password).await?;
        let tx = self.store().begin().await.map_err(internal)?;
        staff::Entity::update_many()
            .col_expr(staff::Column::PasswordHash, Expr::value(hash))
            .filter(staff::COLUMN.id.eq(staff.id))
            .exec(&tx)
            .await
            .map_err(internal)?;
        self.end_staff_sessions(&tx, staff.id, Some(&staff.session.token_hash)).await?;
        self.deed(&tx, Actor::Staff(staff.id), "staff_set_password", staff.id, None).await?;
        tx.commit().await.map_err(internal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_tried_first_is_no_password() {
        for (password, reason) in [
            ("short", Some(Reason::PasswordLength)),
            ("password1", Some(Reason::PasswordEasy)),
            ("12345678", Some(Reason::PasswordEasy)),
            ("qwertyuiop", Some(Reason::PasswordEasy)),
            ("yizhen2026", Some(Reason::PasswordEasy)),
            ("wang.li2026", Some(Reason::PasswordEasy)),
            ("19850314", Some(Reason::PasswordEasy)),
            ("aaaaaaaaaaaa", Some(Reason::PasswordEasy)),
            ("correct horse", None),
            ("梧桐树下三只猫", Some(Reason::PasswordLength)),
            ("梧桐树下有三只花猫在睡", None),
            ("kt7 wolf anchor", None),
        ] {
            let refused = check("password", password, &["wang.li", "王丽"]).err().and_then(|error| error.reason);
            assert_eq!(refused, reason, "{password}");
        }
        assert!(check("password", &"x y z ".repeat(30), &[]).is_err());
    }
}
