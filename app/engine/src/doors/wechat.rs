//! A WeChat user and an account: bound by one phone code, found again by a keyed hash of the openid, let go when the account says so.

use chrono::TimeDelta;
use domain::Uuid;
use domain::error::Result;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{EntityTrait, PaginatorTrait, QueryFilter};

use super::wechat_api::Openid;
use crate::Engine;
use crate::accounts::Citizen;
use crate::audit::Actor;
use crate::error::internal;
use crate::sessions::Holder;
use crate::store::entities::{wechat_binding, wechat_pending};

/// What comes of a WeChat user who knocks.
#[derive(Debug)]
pub enum ByWechat {
    /// They are known: the session's token.
    Session(String),
    /// They are not: a phone code is needed once.
    Pending(Pending),
}

/// That a WeChat user may be bound to the account that is signed in to next.
#[derive(Debug)]
pub struct Pending {
    /// The token that their browser keeps.
    pub token: String,
}

impl Pending {
    /// How long they may take over it.
    pub const LASTS: TimeDelta = TimeDelta::minutes(10);
}

impl Engine {
    /// Lets a WeChat user in whose account is known; the session that came along, `old`, ends. Anybody else is given a token with which the
    /// next sign-in binds them.
    ///
    /// # Errors
    /// `internal`, `busy`
    pub async fn enter_by_wechat(&self, openid: &Openid, old: Option<&str>) -> Result<ByWechat> {
        let openid_hash = self.openid_hash(openid);
        let known = wechat_binding::Entity::find_by_id(openid_hash.clone()).one(&self.store().read).await.map_err(internal)?;
        if let Some(known) = known {
            let session = self.begin_session(Holder::Account(known.account_id), old).await?;
            let citizen = Actor::Citizen(known.account_id);
            self.deed(&self.store().write, citizen, "enter_by_wechat", known.account_id, None).await?;
            return Ok(ByWechat::Session(session));
        }
        let token = self.vault().entropy().token();
        let row = wechat_pending::ActiveModel {
            token_hash: Set(self.pending_hash(&token)),
            openid_hash: Set(openid_hash),
            expires_at: Set(self.now() + Pending::LASTS),
        };
        wechat_pending::Entity::insert(row).exec_without_returning(&self.store().write).await.map_err(internal)?;
        Ok(ByWechat::Pending(Pending { token }))
    }

    /// Binds the WeChat user of a token to the account that this session has just signed in to. Whether it did: the token is good once, and
    /// for ten minutes.
    ///
    /// # Errors
    /// `sign_in_required`, `internal`, `busy`
    pub async fn bind_wechat(&self, pending: &str, session: &str) -> Result<bool> {
        let Citizen { account_id } = self.citizen(session).await?;
        let tx = self.store().begin().await.map_err(internal)?;
        let token_hash = self.pending_hash(pending);
        let found = wechat_pending::Entity::find_by_id(token_hash.clone()).one(&tx).await.map_err(internal)?;
        let Some(found) = found.filter(|found| found.expires_at > self.now()) else { return Ok(false) };
        let taken = wechat_pending::Entity::delete_by_id(token_hash).exec(&tx).await.map_err(internal)?;
        if taken.rows_affected != 1 {
            return Ok(false);
        }
        let row =
            wechat_binding::ActiveModel { openid_hash: Set(found.openid_hash), account_id: Set(account_id), at: Set(self.now()) };
        let replace = OnConflict::column(wechat_binding::Column::OpenidHash)
            .update_columns([wechat_binding::Column::AccountId, wechat_binding::Column::At])
            .to_owned();
        wechat_binding::Entity::insert(row).on_conflict(replace).exec_without_returning(&tx).await.map_err(internal)?;
        self.deed(&tx, Actor::Citizen(account_id), "bind_wechat", account_id, None).await?;
        tx.commit().await.map_err(internal)?;
        Ok(true)
    }

    /// Lets every WeChat user of the account go: they need a phone code again. Sessions go on.
    ///
    /// # Errors
    /// `internal`
    pub async fn unbind_wechat(&self, citizen: &Citizen) -> Result<()> {
        let theirs = wechat_binding::Entity::delete_many().filter(wechat_binding::COLUMN.account_id.eq(citizen.account_id));
        theirs.exec(&self.store().write).await.map_err(internal)?;
        self.deed(&self.store().write, Actor::Citizen(citizen.account_id), "unbind_wechat", citizen.account_id, None).await
    }

    /// Whether a WeChat user is bound to the account.
    pub(crate) async fn has_wechat(&self, account_id: Uuid) -> Result<bool> {
        let theirs = wechat_binding::Entity::find().filter(wechat_binding::COLUMN.account_id.eq(account_id));
        Ok(theirs.count(&self.store().read).await.map_err(internal)? > 0)
    }

    fn openid_hash(&self, openid: &Openid) -> Vec<u8> {
        self.vault().hash("wechat.openid", &format!("{}\0{}", openid.app_id, openid.openid))
    }

    fn pending_hash(&self, token: &str) -> Vec<u8> {
        self.vault().hash("wechat.pending", token)
    }
}
