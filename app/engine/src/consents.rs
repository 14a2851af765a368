//! Consent that is given on its own, and taken back: a row each, none is ever changed. The latest of a kind counts.

use domain::consent::ConsentKind;
use domain::error::{Error, Result};
use domain::reason::Reason;
use sea_orm::ActiveValue::Set;
use sea_orm::{ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};

use crate::Engine;
use crate::accounts::Citizen;
use crate::audit::Actor;
use crate::config::SensitiveConsent;
use crate::error::internal;
use crate::store::entities::{consent, identity};

impl Engine {
    /// Records that the citizen agrees to what is asked for on its own, in the version in force; or, not `given`, that they take it back. What
    /// they have agreed to already is not recorded again. Without consent nobody's document may be kept: taking it back takes everybody out of
    /// the citizen's list.
    ///
    /// # Errors
    /// `invalid` on `version` when another one is in force; `wrong_state` when it is taken back while a booking waits for its day.
    pub async fn consent(&self, citizen: &Citizen, kind: ConsentKind, version: &str, given: bool) -> Result<()> {
        if given && Some(version) != self.sensitive_version() {
            return Err(Error::field("version", Reason::SensitiveConsent));
        }
        let tx = self.store().begin().await.map_err(internal)?;
        let latest = latest(&tx, citizen, kind).await?;
        let Some(version) = (if given { Some(version) } else { latest.as_ref().map(|row| row.version.as_str()) }) else {
            return Ok(());
        };
        if latest.as_ref().map_or(!given, |row| row.given == given && row.version == version) {
            return Ok(());
        }
        if !given {
            self.remove_everybody(&tx, citizen).await?;
            // nor what a city's app has said about who they are
            identity::Entity::delete_many().filter(identity::COLUMN.id.eq(citizen.account_id)).exec(&tx).await.map_err(internal)?;
        }
        self.write_consent(&tx, citizen, Actor::Citizen(citizen.account_id), (kind, version, given)).await?;
        tx.commit().await.map_err(internal)
    }

    /// Records that a citizen has agreed to the processing of sensitive data in front of a member of staff, unless they have already.
    pub(crate) async fn agreed_at_desk(&self, tx: &impl ConnectionTrait, citizen: &Citizen, actor: Actor) -> Result<()> {
        let Some(version) = self.sensitive_version() else { return Ok(()) };
        match latest(tx, citizen, ConsentKind::Sensitive).await? {
            Some(row) if row.given && row.version == version => Ok(()),
            _ => self.write_consent(tx, citizen, actor, (ConsentKind::Sensitive, version, true)).await,
        }
    }

    async fn write_consent(
        &self,
        tx: &impl ConnectionTrait,
        citizen: &Citizen,
        actor: Actor,
        (kind, version, given): (ConsentKind, &str, bool),
    ) -> Result<()> {
        let (id, now) = (self.new_id(), self.now());
        let row = consent::ActiveModel {
            id: Set(id),
            account_id: Set(citizen.account_id),
            kind: Set(kind.as_str().to_owned()),
            version: Set(version.to_owned()),
            given: Set(given),
            at: Set(now),
        };
        consent::Entity::insert(row).exec_without_returning(tx).await.map_err(internal)?;
        let action = if given { "consent" } else { "withdraw_consent" };
        self.deed(tx, actor, action, id, Some(format!("{kind} {version}"))).await
    }

    /// Whether the citizen has agreed to the processing of sensitive data, in the version in force, and not taken it back.
    pub(crate) async fn consents_to_sensitive(&self, citizen: &Citizen) -> Result<bool> {
        let agreed = self.sensitive_agreed(citizen).await?;
        Ok(agreed.is_some() && agreed.as_deref() == self.sensitive_version())
    }

    /// The version of the text about sensitive data that the citizen has agreed to, and not taken back.
    pub(crate) async fn sensitive_agreed(&self, citizen: &Citizen) -> Result<Option<String>> {
        let latest = latest(&self.store().read, citizen, ConsentKind::Sensitive).await?;
        Ok(latest.filter(|row| row.given).map(|row| row.version))
    }

    /// Refuses, where it is required, to go on without the separate consent.
    ///
    /// # Errors
    /// `invalid` on `sensitive`
    pub(crate) async fn check_consent(&self, citizen: &Citizen) -> Result<()> {
        if self.config().sensitive_consent == SensitiveConsent::Asked || self.consents_to_sensitive(citizen).await? {
            return Ok(());
        }
        Err(Error::field("sensitive", Reason::SensitiveConsent))
    }

    fn sensitive_version(&self) -> Option<&str> {
        self.notice().sensitive.as_ref().map(|notice| notice.version.as_str())
    }
}

async fn latest(db: &impl ConnectionTrait, citizen: &Citizen, kind: ConsentKind) -> Result<Option<consent::Model>> {
    consent::Entity::find()
        .filter(consent::COLUMN.account_id.eq(citizen.account_id))
        .filter(consent::COLUMN.kind.eq(kind.as_str()))
        .order_by_desc(consent::COLUMN.at)
        .order_by_desc(consent::COLUMN.id)
        .one(db)
        .await
        .map_err(internal)
}
