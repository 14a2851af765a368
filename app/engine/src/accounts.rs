//! Accounts: a phone, proved by a code.

use chrono::Duration;
use domain::error::{Error, Result};
use domain::identity::Phone;
use domain::lang::Lang;
use domain::message::{CODE_LASTS, MessageKind};
use domain::person::{Account, CodeSent};
use domain::reason::Reason;
use domain::work::Work;
use domain::{DateTime, Utc, Uuid};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::Engine;
use crate::audit::Actor;
use crate::error::internal;
use crate::sessions::Holder;
use crate::store::entities::{account, message, sign_in_code};
use crate::tallies::{Tally, Tried, Whence, too_many};
use crate::vault::Label;

/// How long a sign-in code is remembered for the limits of a number.
pub(crate) const REMEMBERED: Duration = Duration::days(1);
/// Seconds until another code can be asked for.
const RESEND_AFTER_S: u32 = 60;

/// A citizen who is signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Citizen {
    /// Their account.
    pub account_id: Uuid,
}

impl Engine {
    /// Sends a sign-in code, with Chinese words around it. The answer is the same whether the phone is known or not.
    ///
    /// # Errors
    /// `invalid` on `phone`; `too_many` past the limits of a number, a device or an address, and where `work` is asked for.
    pub async fn send_code(&self, phone: &str, work: Option<&Work>, whence: &Whence) -> Result<CodeSent> {
        self.send_code_in(Lang::Zh, phone, work, whence).await
    }

    /// The same in the language of whoever asks: that of an account, if the number has one, would tell that it has.
    ///
    /// # Errors
    /// As [`Engine::send_code`].
    pub async fn send_code_in(&self, lang: Lang, phone: &str, work: Option<&Work>, whence: &Whence) -> Result<CodeSent> {
        let phone = Phone::parse(phone)?;
        let tallies = self.tallies(Tried::Codes, whence);
        self.check(&tallies).await?;
        let asks_for_work = self.asks_for_work(&tallies).await?;
        if asks_for_work {
            // refused without a write, so that those who do not work cost next to nothing
            self.check_work(work)?;
        }
        self.send_code_to((MessageKind::SignInCode, lang), &phone, &tallies, work.filter(|_| asks_for_work)).await
    }

    /// Sends a code to the citizen's own phone: whoever takes their data out or away shows once more that they hold it.
    ///
    /// # Errors
    /// `too_many`, as [`Engine::send_code`].
    pub async fn send_own_code(&self, citizen: &Citizen, whence: &Whence) -> Result<CodeSent> {
        let phone = self.account_phone(citizen.account_id).await?;
        let tallies = self.tallies(Tried::Codes, whence);
        self.check(&tallies).await?;
        // whoever is signed in has one number to send codes to: no work is asked of them
        let lang = self.lang_of(citizen.account_id).await?;
        self.send_code_to((MessageKind::OwnDataCode, lang), &phone, &tallies, None).await
    }

    /// The citizen's phone, which they have just shown to hold: the code is used up, and no session begins.
    ///
    /// # Errors
    /// `invalid` on `code`; `too_many`.
    pub(crate) async fn prove_phone(&self, citizen: &Citizen, code: &str, whence: &Whence) -> Result<Phone> {
        let phone = self.account_phone(citizen.account_id).await?;
        self.use_code(&phone, &digits(code), whence).await?;
        Ok(phone)
    }

    /// Sends a code and uses up the `work` that was done for it.
    async fn send_code_to(
        &self,
        (kind, lang): (MessageKind, Lang),
        phone: &Phone,
        tallies: &[Tally],
        work: Option<&Work>,
    ) -> Result<CodeSent> {
        let now = self.now();
        let phone_hash = self.phone_hash(phone);
        let code = self.vault().entropy().six_digits();
        let message = self.code_message(kind, phone, &code, lang)?;
        let row = sign_in_code::ActiveModel {
            id: Set(self.new_id()),
            phone_hash: Set(phone_hash.clone()),
            code_hash: Set(self.code_hash(phone, &code)),
            sent_at: Set(now),
            tries: Set(0),
            used: Set(false),
        };
        // counted and written in one transaction, or two requests at once would both be the first
        let tx = self.store().begin().await.map_err(internal)?;
        self.check_code_limits(&tx, &phone_hash, now).await?;
        self.count(&tx, tallies).await?;
        if let Some(work) = work {
            self.spend_work(&tx, work).await?;
        }
        sign_in_code::Entity::insert(row).exec_without_returning(&tx).await.map_err(internal)?;
        message::Entity::insert(message).exec_without_returning(&tx).await.map_err(internal)?;
        tx.commit().await.map_err(internal)?;
        self.post().wake_codes();
        self.note_code_sent();
        Ok(CodeSent { resend_after_s: if self.limits().enabled { RESEND_AFTER_S } else { 0 } })
    }

    async fn check_code_limits(&self, db: &impl ConnectionTrait, phone_hash: &[u8], now: DateTime<Utc>) -> Result<()> {
        let limits = self.limits();
        if !limits.enabled {
            return Ok(());
        }
        let sent: Vec<DateTime<Utc>> = sign_in_code::Entity::find()
            .select_only()
            .column(sign_in_code::Column::SentAt)
            .filter(sign_in_code::COLUMN.phone_hash.eq(phone_hash.to_vec()))
            .filter(sign_in_code::COLUMN.sent_at.gt(now - REMEMBERED))
            .order_by_desc(sign_in_code::COLUMN.sent_at)
            .into_tuple()
            .all(db)
            .await
            .map_err(internal)?;
        for (span, most) in [
            (Duration::minutes(1), limits.codes_a_minute),
            (Duration::hours(1), limits.codes_an_hour),
            (REMEMBERED, limits.codes_a_day),
        ] {
            // the one whose leaving the span makes room for another
            let Some(oldest) = most.checked_sub(1).and_then(|at| sent.get(at as usize)).filter(|at| now - **at < span) else {
                continue;
            };
            let wait_s = u32::try_from((*oldest + span - now).num_seconds() + 1).unwrap_or(60);
            return Err(too_many(wait_s));
        }
        Ok(())
    }

    /// Exchanges a code for a session; an account is made for a phone that has none. The session that came along, `old`, ends. Gives the
    /// account and the new session's token.
    ///
    /// # Errors
    /// `invalid` on `phone` or `code`; `too_many` after too many wrong tries, for this code, from this device or from this address.
    pub async fn sign_in(&self, phone: &str, code: &str, whence: &Whence, old: Option<&str>) -> Result<(Account, String)> {
        let phone = Phone::parse(phone)?;
        self.use_code(&phone, &digits(code), whence).await.inspect_err(|refused| {
            self.note_refused(Actor::Nobody, "sign_in", self.phone_reference(&phone), refused.code);
        })?;
        let account_id = self.account_of(&phone).await?;
        let token = self.begin_session(Holder::Account(account_id), old).await?;
        Ok((self.account_of_phone(account_id, &phone).await?, token))
    }

    /// What stands for a number where nobody may read it: the same for the same number, and of no use without the key.
    pub(crate) fn phone_reference(&self, phone: &Phone) -> String {
        let hash = self.vault().hash("audit-phone", phone.as_str());
        format!("phone:{}", domain::work::hex(&hash[..8]))
    }

    /// Uses up the latest code of a phone, or counts a wrong try.
    async fn use_code(&self, phone: &Phone, digits: &str, whence: &Whence) -> Result<()> {
        let wrong = || Error::field("code", Reason::SignInCode);
        // whatever the number is: who has guessed too often hears nothing of this code either
        let guesses = self.tallies(Tried::Guesses, whence);
        self.check(&guesses).await?;
        // read where nothing is written: a million bogus codes cost the bookings nothing
        let latest = sign_in_code::Entity::find()
            .filter(sign_in_code::COLUMN.phone_hash.eq(self.phone_hash(phone)))
            .order_by_desc(sign_in_code::COLUMN.sent_at)
            .order_by_desc(sign_in_code::COLUMN.id)
            .one(&self.store().read)
            .await
            .map_err(internal)?
            .filter(|row| !row.used && self.now() - row.sent_at < CODE_LASTS)
            .ok_or_else(wrong)?;
        let tries = i32::try_from(self.limits().tries_a_code).unwrap_or(i32::MAX);
        if latest.tries >= tries {
            return Err(too_many(RESEND_AFTER_S));
        }
        // counted before it is looked at, or many tries at once would all be among the first
        let tx = self.store().begin().await.map_err(internal)?;
        let counted = sign_in_code::Entity::update_many()
            .col_expr(sign_in_code::Column::Tries, Expr::col(sign_in_code::Column::Tries).add(1))
            .filter(sign_in_code::COLUMN.id.eq(latest.id))
            .filter(sign_in_code::COLUMN.tries.lt(tries))
            .exec(&tx)
            .await
            .map_err(internal)?;
        if counted.rows_affected == 0 {
            return Err(too_many(RESEND_AFTER_S));
        }
        self.count(&tx, &guesses).await?;
        tx.commit().await.map_err(internal)?;
        // hashes are compared, so the time it takes tells nothing about the code
        if latest.code_hash != self.code_hash(phone, digits) {
            return Err(wrong());
        }
        let tx = self.store().begin().await.map_err(internal)?;
        // whoever comes second with the same code, at the same moment too, finds it used
        let used = sign_in_code::Entity::update_many()
            .col_expr(sign_in_code::Column::Used, Expr::value(true))
            .filter(sign_in_code::COLUMN.id.eq(latest.id))
            .filter(sign_in_code::COLUMN.used.eq(false))
            .exec(&tx)
            .await
            .map_err(internal)?;
        if used.rows_affected != 1 {
            return Err(wrong());
        }
        // the right one was no guess
        self.uncount(&tx, &guesses).await?;
        tx.commit().await.map_err(internal)
    }

    /// The account of a phone; made when there is none.
    pub(crate) async fn account_of(&self, phone: &Phone) -> Result<Uuid> {
        let db = &self.store().write;
        let id = self.new_id();
        let row = account::ActiveModel {
            id: Set(id),
            phone_hash: Set(self.phone_hash(phone)),
            phone_sealed: Set(self.vault().seal(Label::AccountPhone, id, phone.as_str().as_bytes())?),
            created_at: Set(self.now()),
            lang: Set(Lang::Zh.as_str().to_owned()),
        };
        let nothing = OnConflict::column(account::Column::PhoneHash).do_nothing().to_owned();
        account::Entity::insert(row).on_conflict(nothing).try_insert().exec_without_returning(db).await.map_err(internal)?;
        let kept = account::Entity::find()
            .filter(account::COLUMN.phone_hash.eq(self.phone_hash(phone)))
            .one(db)
            .await
            .map_err(internal)?;
        kept.map(|account| account.id).ok_or_else(Error::internal)
    }

    /// The citizen of a session's token.
    ///
    /// # Errors
    /// `sign_in_required`
    pub async fn citizen(&self, token: &str) -> Result<Citizen> {
        let account_id = self.session(token).await?.account_id.ok_or_else(|| Error::new(Reason::SignIn))?;
        Ok(Citizen { account_id })
    }

    /// The citizen's account.
    ///
    /// # Errors
    /// `internal`
    pub async fn account(&self, citizen: &Citizen) -> Result<Account> {
        let phone = self.account_phone(citizen.account_id).await?;
        self.account_of_phone(citizen.account_id, &phone).await
    }

    /// The account of a phone that is known already, as its holder sees it.
    async fn account_of_phone(&self, account_id: Uuid, phone: &Phone) -> Result<Account> {
        let (identity, wechat) = (self.identity(account_id).await?, self.has_wechat(account_id).await?);
        let sensitive_consent = self.consents_to_sensitive(&Citizen { account_id }).await?;
        let lang = self.lang_of(account_id).await?;
        Ok(Account { phone: phone.masked(), identity, wechat, sensitive_consent, lang })
    }

    /// The phone of an account.
    pub(crate) async fn account_phone(&self, account_id: Uuid) -> Result<Phone> {
        let row =
            account::Entity::find_by_id(account_id).one(&self.store().read).await.map_err(internal)?.ok_or_else(Error::internal)?;
        // erased, while this call was on its way
        if row.phone_sealed.is_empty() {
            return Err(Error::new(Reason::SignIn));
        }
        let plain = self.vault().open(Label::AccountPhone, row.id, &row.phone_sealed)?;
        core::str::from_utf8(&plain).ok().and_then(|phone| Phone::parse(phone).ok()).ok_or_else(Error::internal)
    }

    /// Ends a citizen's session. Nothing happens when there is none.
    ///
    /// # Errors
    /// `internal`
    pub async fn sign_out(&self, token: &str) -> Result<()> {
        self.end_session(token).await
    }

    fn code_hash(&self, phone: &Phone, code: &str) -> Vec<u8> {
        self.vault().hash("sign-in-code", &format!("{}:{code}", phone.as_str()))
    }
}

/// A code as it was typed, in whatever digits and groups.
fn digits(code: &str) -> String {
    code.chars().map(domain::identity::half_width).filter(|sign| !sign.is_whitespace()).take(16).collect()
}
