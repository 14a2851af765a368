//! Coming in from a city's app: its token becomes a session, and the account's holder is who it says.

use chrono::Duration;
use domain::error::Error;
use domain::identity::{Document, Name, Phone};
use domain::person::{Details, PersonDraft, Relation};
use domain::{DateTime, Uuid};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::Expr;
use sea_orm::{DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter};

use super::apps::HostApps;
use super::token::{self, Claims, Genuine, LEEWAY_S, Refused};
use crate::Engine;
use crate::audit::Actor;
use crate::error::internal;
use crate::identities::KnownIdentity;
use crate::people::{LISTED, hold, open, seal};
use crate::sessions::Holder;
use crate::store::entities::person;

/// Minutes for which a token is remembered after nobody takes it any more: as much as the clocks of two processes may differ.
const REMEMBERED_MINUTES: i64 = 10;

/// Somebody who came in.
#[derive(Debug)]
pub struct Entered {
    /// The session's token.
    pub token: String,
    /// The app's name.
    pub host: String,
}

/// Why somebody did not come in.
#[derive(Debug, PartialEq, Eq)]
pub enum NotEntered {
    /// The token is not good.
    Token(Refused),
    /// We are not.
    Failed(Error),
}

impl From<Refused> for NotEntered {
    fn from(refused: Refused) -> Self {
        Self::Token(refused)
    }
}

impl From<Error> for NotEntered {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Who comes, by the rules for people.
struct Comer {
    phone: Phone,
    known: KnownIdentity,
    /// County and address, as the app has them. Whether they can be is judged where they are needed.
    home: Option<(String, String)>,
}

impl Engine {
    /// Exchanges an app's token for a session; the session that came along, `old`, ends. The account is that of the phone.
    ///
    /// # Errors
    /// What is wrong with the token, which is used up all the same where it was genuine; or `internal`, `busy`.
    pub async fn enter(&self, apps: &HostApps, token: &str, old: Option<&str>) -> Result<Entered, NotEntered> {
        let Genuine { app, claims } = token::read(apps, token, self.now())?;
        let comer = self.comer(&app.name, &claims)?;
        let gone = DateTime::from_timestamp(claims.exp + LEEWAY_S, 0).ok_or(Refused::Claim("exp"))?;
        // before anything is done with it: of many who come with it at once, one goes on
        let what = format!("{}\0{}", app.issuer, claims.jti);
        if !self.spend_once("host-token", &what, gone + Duration::minutes(REMEMBERED_MINUTES)).await? {
            return Err(Refused::Used.into());
        }
        let account_id = self.account_of(&comer.phone).await?;
        let tx = self.store().begin().await.map_err(internal)?;
        self.write_identity(&tx, account_id, &comer.known).await?;
        self.identify(&tx, account_id, &comer).await?;
        self.deed(&tx, Actor::Citizen(account_id), "enter", account_id, Some(app.name.clone())).await?;
        tx.commit().await.map_err(internal)?;
        let token = self.begin_session(Holder::Account(account_id), old).await?;
        Ok(Entered { token, host: app.name.clone() })
    }

    fn comer(&self, host: &str, claims: &Claims) -> Result<Comer, Refused> {
        let phone = Phone::parse(&claims.phone).map_err(|_| Refused::Claim("phone"))?;
        let name = Name::parse(&claims.name).map_err(|_| Refused::Claim("name"))?;
        let draft = claims.document.draft();
        let document = Document::parse(draft.kind, &draft.number).map_err(|_| Refused::Claim("document"))?;
        let born_on = document.born_on().or(claims.born_on);
        if born_on.is_some_and(|day| day > self.today()) {
            return Err(Refused::Claim("document"));
        }
        let person_hash = self.person_hash(&document);
        let home = claims.county.clone().zip(claims.address.clone());
        Ok(Comer { phone, home, known: KnownIdentity { host: host.to_owned(), name, document, born_on, person_hash } })
    }

    /// Makes the account's own person the one who came, where nothing stands in the way; otherwise leaves the list as it is.
    async fn identify(&self, tx: &DatabaseTransaction, account_id: Uuid, comer: &Comer) -> Result<(), Error> {
        let listed = || person::Entity::find().filter(person::COLUMN.account_id.eq(account_id)).filter(Expr::cust(LISTED));
        let oneself = listed().filter(person::COLUMN.relation.eq(Relation::Myself.as_str())).one(tx).await.map_err(internal)?;
        let same =
            listed().filter(person::COLUMN.person_hash.eq(comer.known.person_hash.clone())).one(tx).await.map_err(internal)?;
        match (oneself, same) {
            (Some(oneself), _) if oneself.person_hash == comer.known.person_hash => self.become_comer(tx, oneself.id, comer).await,
            (Some(oneself), same) => {
                let held = hold(tx, oneself.id).await?;
                if self.has_booking(tx, &held).await? {
                    return Ok(());
                }
                match same {
                    // they were in their own list, as somebody else
                    Some(same) => {
                        self.take_out(tx, held.id).await?;
                        self.become_comer(tx, same.id, comer).await
                    }
                    None => self.become_comer(tx, held.id, comer).await,
                }
            }
            (None, Some(same)) => self.become_comer(tx, same.id, comer).await,
            (None, None) => self.add_comer(tx, account_id, comer).await,
        }
    }

    /// Gives a row of the list the comer's name, document and phone; where they live stays. A document without a date of birth that nobody
    /// told makes it somebody new, whose details are asked.
    async fn become_comer(&self, tx: &DatabaseTransaction, id: Uuid, comer: &Comer) -> Result<(), Error> {
        let row = hold(tx, id).await?;
        let before = open(self.vault(), &row)?;
        let same_document = row.person_hash == comer.known.person_hash;
        let Some(born_on) = comer.known.born_on.or(same_document.then_some(before.born_on)) else {
            return self.take_out(tx, row.id).await;
        };
        let details = Details {
            name: comer.known.name.clone(),
            phone: comer.phone.clone(),
            document: comer.known.document.clone(),
            born_on,
            ..before
        };
        let mut changed = row.into_active_model();
        changed.relation = Set(Relation::Myself.as_str().to_owned());
        changed.person_hash = Set(comer.known.person_hash.clone());
        changed.sealed = Set(seal(self.vault(), id, &details)?);
        changed.changed_at = Set(self.now());
        person::Entity::update(changed).exec(tx).await.map_err(internal)?;
        Ok(())
    }

    /// Adds the comer to the list, where the app told all that it takes; otherwise county and address are asked with the first booking.
    async fn add_comer(&self, tx: &DatabaseTransaction, account_id: Uuid, comer: &Comer) -> Result<(), Error> {
        let Some((county, address)) = comer.home.clone() else { return Ok(()) };
        let draft = PersonDraft {
            id: None,
            relation: Relation::Myself,
            name: comer.known.name.as_str().to_owned(),
            phone: comer.phone.as_str().to_owned(),
            document: domain::identity::DocumentDraft {
                kind: comer.known.document.kind(),
                number: comer.known.document.number().to_owned(),
            },
            born_on: comer.known.born_on,
            county,
            address,
        };
        // an address of another city, or one that is no address, is theirs to write again
        let Ok(details) = draft.check(self.city(), self.today()) else { return Ok(()) };
        let (id, now) = (self.new_id(), self.now());
        let row = person::ActiveModel {
            id: Set(id),
            account_id: Set(account_id),
            relation: Set(Relation::Myself.as_str().to_owned()),
            person_hash: Set(comer.known.person_hash.clone()),
            sealed: Set(seal(self.vault(), id, &details)?),
            county: Set(details.county),
            removed: Set(false),
            created_at: Set(now),
            changed_at: Set(now),
        };
        person::Entity::insert(row).exec_without_returning(tx).await.map_err(internal)?;
        Ok(())
    }
}
