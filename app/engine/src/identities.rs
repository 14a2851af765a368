//! Who an account's holder is, as a city's app has vouched for it: kept beside the account, and law for the person that it calls itself.
//!
//! A person is identified when theirs is the document that the app named. Nothing of it is written into `people`, so an account that is
//! told another identity, or a second account of the same person, needs no care.

use domain::error::{Error, Result};
use domain::identity::{Document, DocumentKind, Name, Phone};
use domain::person::{Details, Identity, MaskedDocument, PersonDraft, Relation};
use domain::reason::Reason;
use domain::{NaiveDate, Uuid};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ConnectionTrait, EntityTrait, QueryFilter};
use serde::{Deserialize, Serialize};

use crate::Engine;
use crate::error::internal;
use crate::people::LISTED;
use crate::store::entities::{identity, person};
use crate::vault::Label;

/// Who somebody is, as it is sealed.
#[derive(Serialize, Deserialize)]
struct Sealed {
    name: String,
    kind: DocumentKind,
    number: String,
    born_on: Option<NaiveDate>,
}

/// Who an account's holder is.
#[derive(Clone, Debug)]
pub(crate) struct KnownIdentity {
    pub host: String,
    pub name: Name,
    pub document: Document,
    pub born_on: Option<NaiveDate>,
    pub person_hash: Vec<u8>,
}

impl KnownIdentity {
    /// Whether a person of the account is the one that was vouched for.
    pub(crate) fn is_of(&self, row: &person::Model) -> bool {
        row.relation == Relation::Myself.as_str() && row.person_hash == self.person_hash
    }

    /// Fills in what a page leaves out, or sends back masked, of somebody who is not in the list yet.
    pub(crate) fn complete(&self, draft: &mut PersonDraft) {
        if draft.name.trim().is_empty() {
            draft.name = self.name.as_str().to_owned();
        }
        let number = draft.document.number.trim();
        if number.is_empty() || number == self.document.masked() && draft.document.kind == self.document.kind() {
            draft.document.kind = self.document.kind();
            draft.document.number = self.document.number().to_owned();
        }
        draft.born_on = draft.born_on.or(self.born_on);
    }

    /// Judges a change of the person that the account calls itself, `same` where they are in the list: name, document and phone stay what
    /// the app has said. Whoever else has that document is the same person.
    ///
    /// # Errors
    /// `invalid` on `name`, `document.number`, `born_on` or `phone`.
    pub(crate) fn guard(
        &self,
        same: Option<&person::Model>,
        relation: Relation,
        details: &Details,
        person_hash: &[u8],
        account_phone: &Phone,
    ) -> Result<()> {
        let myself = same.map_or(relation == Relation::Myself, |row| row.relation == Relation::Myself.as_str());
        let not = |field: &str| Err(Error::field(field, Reason::Identified));
        if person_hash == self.person_hash {
            if details.name != self.name {
                return not("name");
            }
            if self.born_on.is_some_and(|day| details.born_on != day) {
                return not("born_on");
            }
            if myself && details.phone != *account_phone {
                return not("phone");
            }
            return Ok(());
        }
        // another document stays as long as a booking holds it, and is not taken for one more
        let stays = same.is_some_and(|row| row.person_hash == person_hash);
        if myself && !stays { not("document.number") } else { Ok(()) }
    }
}

impl Engine {
    /// What was vouched for about an account's holder, if anything was.
    pub(crate) async fn known_identity(&self, db: &impl ConnectionTrait, account_id: Uuid) -> Result<Option<KnownIdentity>> {
        let Some(row) = identity::Entity::find_by_id(account_id).one(db).await.map_err(internal)? else { return Ok(None) };
        let plain = self.vault().open(Label::Identity, row.id, &row.sealed)?;
        let sealed: Sealed = serde_json::from_slice(&plain).map_err(|_| Error::internal())?;
        // rules may have grown stricter since
        let kept = |error: Error| {
            tracing::error!(account = %row.id, field = error.field, "a stored identity no longer fits the rules");
            Error::internal()
        };
        Ok(Some(KnownIdentity {
            host: row.host,
            name: Name::parse(&sealed.name).map_err(kept)?,
            document: Document::parse(sealed.kind, &sealed.number).map_err(kept)?,
            born_on: sealed.born_on,
            person_hash: row.person_hash,
        }))
    }

    /// The same as the holder sees it.
    pub(crate) async fn identity(&self, account_id: Uuid) -> Result<Option<Identity>> {
        let db = &self.store().read;
        let Some(known) = self.known_identity(db, account_id).await? else { return Ok(None) };
        let oneself = person::Entity::find()
            .filter(person::COLUMN.account_id.eq(account_id))
            .filter(Expr::cust(LISTED))
            .filter(person::COLUMN.relation.eq(Relation::Myself.as_str()))
            .one(db)
            .await
            .map_err(internal)?;
        Ok(Some(Identity {
            differs: oneself.is_some_and(|row| row.person_hash != known.person_hash),
            host: known.host,
            name: known.name.as_str().to_owned(),
            document: MaskedDocument { kind: known.document.kind(), number: known.document.masked() },
            born_on: known.born_on,
        }))
    }

    /// Writes down what an app has said; what it said before is replaced.
    pub(crate) async fn write_identity(&self, tx: &impl ConnectionTrait, account_id: Uuid, known: &KnownIdentity) -> Result<()> {
        let sealed = Sealed {
            name: known.name.as_str().to_owned(),
            kind: known.document.kind(),
            number: known.document.number().to_owned(),
            born_on: known.born_on,
        };
        let plain = zeroize::Zeroizing::new(serde_json::to_vec(&sealed).map_err(|_| Error::internal())?);
        let row = identity::ActiveModel {
            id: Set(account_id),
            host: Set(known.host.clone()),
            person_hash: Set(known.person_hash.clone()),
            sealed: Set(self.vault().seal(Label::Identity, account_id, &plain)?),
            at: Set(self.now()),
        };
        let replace = OnConflict::column(identity::Column::Id)
            .update_columns([identity::Column::Host, identity::Column::PersonHash, identity::Column::Sealed, identity::Column::At])
            .to_owned();
        identity::Entity::insert(row).on_conflict(replace).exec_without_returning(tx).await.map_err(internal)?;
        Ok(())
    }
}
