//! The people of an account: oneself and those whom one books for. Who they are is sealed.

use std::collections::HashMap;

use domain::booking::BookingState;
use domain::eligibility::DoseRecord;
use domain::error::{Error, Result};
use domain::identity::{Address, Document, DocumentKind, Name, Phone};
use domain::person::{Details, MaskedDocument, Person, PersonDraft, Relation};
use domain::reason::Reason;
use domain::{NaiveDate, Uuid};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, SqlErr};
use serde::{Deserialize, Serialize};

use crate::Engine;
use crate::accounts::Citizen;
use crate::audit::Actor;
use crate::error::internal;
use crate::identities::KnownIdentity;
use crate::shown::LIVE;
use crate::store::entities::{account, booking, person, slot};
use crate::store::lists::lists;
use crate::vault::{Label, Vault};

/// Who somebody is, as it is sealed.
#[derive(Serialize, Deserialize)]
struct Sealed {
    name: String,
    phone: String,
    kind: DocumentKind,
    number: String,
    born_on: NaiveDate,
    address: String,
}

/// The condition of the indexes of people, in its own words: with a parameter no engine would know that they fit.
pub(crate) const LISTED: &str = "NOT removed";

impl Engine {
    /// Adds or changes a person of the citizen's account.
    ///
    /// A masked document or phone, as the lists give them, stands for the one that is there.
    ///
    /// # Errors
    /// `invalid` with the field (`name`, `document.number`, `born_on`, `phone`, `county`, `address`); `not_found` for a person of
    /// another account; `wrong_state` when the document would change under a live booking. Where it is required: `invalid` on `sensitive`
    /// without the separate consent to the processing of sensitive data.
    pub async fn save_person(&self, citizen: &Citizen, draft: PersonDraft) -> Result<Person> {
        self.check_consent(citizen).await?;
        let present = match draft.id {
            Some(id) => Some(self.person_of(citizen, id).await?),
            None => None,
        };
        let identity = self.known_identity(&self.store().read, citizen.account_id).await?;
        let draft = self.complete(citizen, draft, present.as_ref(), identity.as_ref()).await?;
        let details =
            draft.check(self.city(), self.today()).map_err(|errors| errors.into_iter().next().unwrap_or_else(Error::internal))?;
        let person_hash = self.person_hash(&details.document);
        let row = self.write_person(citizen, &draft, &details, person_hash, present.as_ref()).await?;
        let doses = doses_of(&self.store().read, std::slice::from_ref(&row), self.today())
            .await?
            .remove(&row.person_hash)
            .unwrap_or_default();
        let identified = self.known_identity(&self.store().read, citizen.account_id).await?;
        self.person_out(row, doses, identified.as_ref())
    }

    /// Fills in what the page left out or sent back masked.
    async fn complete(
        &self,
        citizen: &Citizen,
        mut draft: PersonDraft,
        present: Option<&person::Model>,
        identity: Option<&KnownIdentity>,
    ) -> Result<PersonDraft> {
        if let Some(identity) = identity.filter(|_| present.is_none() && draft.relation == Relation::Myself) {
            identity.complete(&mut draft);
        }
        if let Some(present) = present {
            let known = open(self.vault(), present)?;
            if draft.document.number == known.document.masked() && draft.document.kind == known.document.kind() {
                draft.document.number = known.document.number().to_owned();
                draft.born_on = draft.born_on.or(Some(known.born_on));
            }
            if draft.phone == known.phone.masked() {
                draft.phone = known.phone.as_str().to_owned();
            }
        }
        if draft.relation == Relation::Myself && (draft.phone.trim().is_empty() || draft.phone.contains('*')) {
            draft.phone = self.account_phone(citizen.account_id).await?.as_str().to_owned();
        }
        Ok(draft)
    }

    async fn write_person(
        &self,
        citizen: &Citizen,
        draft: &PersonDraft,
        details: &Details,
        person_hash: Vec<u8>,
        present: Option<&person::Model>,
    ) -> Result<person::Model> {
        let now = self.now();
        let tx = self.store().begin().await.map_err(internal)?;
        // the same document again, or oneself again, is the same person: changed, not doubled
        let same = match present {
            Some(present) => Some(hold(&tx, present.id).await?),
            None => self.same_person(&tx, citizen, draft.relation, &person_hash).await?,
        };
        if let Some(identity) = self.known_identity(&tx, citizen.account_id).await? {
            let account_phone = self.account_phone(citizen.account_id).await?;
            identity.guard(same.as_ref(), draft.relation, details, &person_hash, &account_phone)?;
        }
        if let Some(same) = &same
            && same.person_hash != person_hash
            && self.has_booking(&tx, same).await?
        {
            return Err(Error::new(Reason::PersonHasBooking));
        }
        if same.is_none() && draft.relation == Relation::Other {
            self.check_people_limit(&tx, citizen).await?;
        }
        let id = same.as_ref().map_or_else(|| self.new_id(), |row| row.id);
        let row = person::ActiveModel {
            id: Set(id),
            account_id: Set(citizen.account_id),
            relation: Set(same.as_ref().map_or_else(|| draft.relation.as_str().to_owned(), |row| row.relation.clone())),
            person_hash: Set(person_hash),
            sealed: Set(seal(self.vault(), id, details)?),
            county: Set(details.county.clone()),
            removed: Set(false),
            created_at: Set(same.as_ref().map_or(now, |row| row.created_at)),
            changed_at: Set(now),
        };
        let written = if same.is_some() {
            person::Entity::update(row).exec(&tx).await
        } else {
            person::Entity::insert(row).exec_with_returning(&tx).await
        };
        let row = written.map_err(|error| match error.sql_err() {
            // another tab was quicker, or the document is that of another person in the list
            Some(SqlErr::UniqueConstraintViolation(_)) => Error::field("document.number", Reason::AlreadyListed),
            _ => internal(error),
        })?;
        // whoever erases the account meanwhile waits for this, or has been quicker
        let kept = account::Entity::find_by_id(citizen.account_id).lock_shared().one(&tx).await.map_err(internal)?;
        if kept.is_none_or(|account| account.phone_sealed.is_empty()) {
            return Err(Error::new(Reason::SignIn));
        }
        self.deed(&tx, Actor::Citizen(citizen.account_id), "save_person", row.id, None).await?;
        tx.commit().await.map_err(internal)?;
        Ok(row)
    }

    async fn same_person(
        &self,
        db: &impl ConnectionTrait,
        citizen: &Citizen,
        relation: Relation,
        person_hash: &[u8],
    ) -> Result<Option<person::Model>> {
        let listed = person::Entity::find().filter(person::COLUMN.account_id.eq(citizen.account_id)).filter(Expr::cust(LISTED));
        let same_document =
            listed.clone().filter(person::COLUMN.person_hash.eq(person_hash.to_vec())).one(db).await.map_err(internal)?;
        if same_document.is_some() || relation == Relation::Other {
            return Ok(same_document);
        }
        let oneself = listed.filter(person::COLUMN.relation.eq(Relation::Myself.as_str())).one(db).await.map_err(internal)?;
        match oneself {
            // one's own row becomes another document's, while nothing hangs on it
            Some(row) => hold(db, row.id).await.map(Some),
            None => Ok(None),
        }
    }

    async fn check_people_limit(&self, db: &impl ConnectionTrait, citizen: &Citizen) -> Result<()> {
        let most = self.limits().others_an_account;
        let others = person::Entity::find()
            .filter(person::COLUMN.account_id.eq(citizen.account_id))
            .filter(person::COLUMN.relation.eq(Relation::Other.as_str()))
            .filter(Expr::cust(LISTED))
            .count(db)
            .await
            .map_err(internal)?;
        if self.limits().enabled && others >= u64::from(most) { Err(Error::new(Reason::TooManyPeople { most })) } else { Ok(()) }
    }

    /// The citizen's people: oneself first, then the others as they were added.
    ///
    /// # Errors
    /// `internal`
    pub async fn list_people(&self, citizen: &Citizen) -> Result<Vec<Person>> {
        let mut rows = person::Entity::find()
            .filter(person::COLUMN.account_id.eq(citizen.account_id))
            .filter(Expr::cust(LISTED))
            .order_by_asc(person::COLUMN.id)
            .all(&self.store().read)
            .await
            .map_err(internal)?;
        rows.sort_by_key(|row| row.relation != Relation::Myself.as_str());
        self.note_read(Actor::Citizen(citizen.account_id), "list_people", citizen.account_id);
        let mut doses = doses_of(&self.store().read, &rows, self.today()).await?;
        let identity = self.known_identity(&self.store().read, citizen.account_id).await?;
        rows.into_iter()
            .map(|row| {
                let history = doses.remove(&row.person_hash).unwrap_or_default();
                self.person_out(row, history, identity.as_ref())
            })
            .collect()
    }

    /// Takes a person out of the list, and forgets them: their bookings that are over are nobody's then. A jab that was recorded is kept, sealed,
    /// until its time is over.
    ///
    /// # Errors
    /// `not_found`; `wrong_state` while a booking waits for its day.
    pub async fn remove_person(&self, citizen: &Citizen, id: Uuid) -> Result<()> {
        self.person_of(citizen, id).await?;
        let tx = self.store().begin().await.map_err(internal)?;
        self.take_out(&tx, id).await?;
        self.deed(&tx, Actor::Citizen(citizen.account_id), "remove_person", id, None).await?;
        tx.commit().await.map_err(internal)
    }

    /// Takes everybody out of the citizen's list, in the order of their ids: two who do so never wait for each other.
    pub(crate) async fn remove_everybody(&self, tx: &impl ConnectionTrait, citizen: &Citizen) -> Result<()> {
        let listed = person::Entity::find().filter(person::COLUMN.account_id.eq(citizen.account_id)).filter(Expr::cust(LISTED));
        for row in listed.order_by_asc(person::COLUMN.id).all(tx).await.map_err(internal)? {
            self.take_out(tx, row.id).await?;
        }
        Ok(())
    }

    /// As [`Engine::remove_person`], in a transaction.
    pub(crate) async fn take_out(&self, tx: &impl ConnectionTrait, id: Uuid) -> Result<()> {
        let held = hold(tx, id).await?;
        if self.has_booking(tx, &held).await? {
            return Err(Error::new(Reason::PersonHasBooking));
        }
        self.forget_person(tx, &held).await
    }

    /// A person of the citizen's account: somebody else's is not found.
    pub(crate) async fn person_of(&self, citizen: &Citizen, id: Uuid) -> Result<person::Model> {
        let row = person::Entity::find_by_id(id).one(&self.store().read).await.map_err(internal)?;
        let refused = Error::new(Reason::NotFound);
        if row.as_ref().is_some_and(|row| row.account_id != citizen.account_id) {
            self.note_refused(Actor::Citizen(citizen.account_id), "read_person", id, refused.code);
        }
        row.filter(|row| row.account_id == citizen.account_id && !row.removed).ok_or(refused)
    }

    /// Whether a booking waits for its day, or may wait again, because its jab was recorded today and can be taken back; for a person
    /// that is held, or one could come in between.
    pub(crate) async fn has_booking(&self, db: &impl ConnectionTrait, held: &person::Model) -> Result<bool> {
        let live = booking::Entity::find()
            .filter(booking::COLUMN.person_hash.eq(held.person_hash.clone()))
            .filter(Expr::cust(LIVE))
            .filter(booking::COLUMN.person_id.eq(held.id))
            .find_also_related(slot::Entity)
            .all(db)
            .await
            .map_err(internal)?;
        let today = self.today();
        Ok(live.iter().any(|(booking, slot)| match booking.redeemed_at {
            Some(at) => domain::time::civil(at).date() == today,
            None => slot.as_ref().is_some_and(|slot| slot.date >= today),
        }))
    }

    fn person_out(&self, row: person::Model, doses: Vec<DoseRecord>, identity: Option<&KnownIdentity>) -> Result<Person> {
        let details = open(self.vault(), &row)?;
        let identified = identity.is_some_and(|identity| identity.is_of(&row));
        Ok(Person {
            id: row.id,
            relation: row.relation.parse().map_err(|()| Error::internal())?,
            name: details.name.as_str().to_owned(),
            phone: details.phone.masked(),
            document: MaskedDocument { kind: details.document.kind(), number: details.document.masked() },
            born_on: details.born_on,
            county: row.county,
            address: details.address.as_str().to_owned(),
            doses,
            identified,
        })
    }

    /// What makes two rows the same person: the keyed hash of the document.
    pub(crate) fn person_hash(&self, document: &Document) -> Vec<u8> {
        self.vault().hash("document", &format!("{}:{}", document.kind(), document.number()))
    }
}

/// Person-hash, dose, state, vaccine, the day that it was booked for, and the day on which it was given instead.
type DoseRow = (Vec<u8>, i16, String, String, NaiveDate, Option<NaiveDate>);

/// The doses given or booked for these people here, whatever account booked them, by person-hash.
pub(crate) async fn doses_of(
    db: &impl ConnectionTrait,
    people: &[person::Model],
    today: NaiveDate,
) -> Result<HashMap<Vec<u8>, Vec<DoseRecord>>> {
    let mut hashes: Vec<_> = people.iter().map(|row| row.person_hash.clone()).collect();
    hashes.sort_unstable();
    hashes.dedup();
    let mut doses: HashMap<Vec<u8>, Vec<DoseRecord>> = HashMap::new();
    for list in lists(&hashes) {
        let found: Vec<DoseRow> = booking::Entity::find()
            .select_only()
            .column(booking::Column::PersonHash)
            .column(booking::Column::Dose)
            .column(booking::Column::State)
            .column(slot::Column::VaccineId)
            .column(slot::Column::Date)
            .column(booking::Column::GivenOn)
            .inner_join(slot::Entity)
            .filter(booking::Column::PersonHash.is_in(list))
            .filter(Expr::cust(LIVE))
            .into_tuple()
            .all(db)
            .await
            .map_err(internal)?;
        for (hash, dose, state, vaccine_id, on, given_on) in found {
            let Ok(state) = state.parse::<BookingState>() else { continue };
            if state.on(on, today).is_live() {
                let on = given_on.unwrap_or(on);
                let record = DoseRecord { vaccine_id, dose: dose_out(dose), on, given: state == BookingState::Redeemed };
                doses.entry(hash).or_default().push(record);
            }
        }
    }
    for history in doses.values_mut() {
        history.sort_by_key(|record| record.dose);
    }
    Ok(doses)
}

/// The people who are in lists.
pub(crate) fn listed() -> Expr {
    Expr::cust(LISTED)
}

/// Keeps a person as they are until the transaction ends: no booking is made for them meanwhile, for the desk asks for the same row.
pub(crate) async fn hold(tx: &impl ConnectionTrait, id: Uuid) -> Result<person::Model> {
    let row = person::Entity::find_by_id(id).lock_exclusive().one(tx).await.map_err(internal)?;
    row.filter(|row| !row.removed).ok_or_else(|| Error::new(Reason::NotFound))
}

/// A dose from its column.
pub(crate) fn dose_out(dose: i16) -> u8 {
    u8::try_from(dose).unwrap_or(0)
}

/// Seals who somebody is.
pub(crate) fn seal(vault: &Vault, id: Uuid, details: &Details) -> Result<Vec<u8>> {
    let sealed = Sealed {
        name: details.name.as_str().to_owned(),
        phone: details.phone.as_str().to_owned(),
        kind: details.document.kind(),
        number: details.document.number().to_owned(),
        born_on: details.born_on,
        address: details.address.as_str().to_owned(),
    };
    let plain = zeroize::Zeroizing::new(serde_json::to_vec(&sealed).map_err(|_| Error::internal())?);
    vault.seal(Label::Person, id, &plain)
}

/// Opens who somebody is.
pub(crate) fn open(vault: &Vault, row: &person::Model) -> Result<Details> {
    let plain = vault.open(Label::Person, row.id, &row.sealed)?;
    let sealed: Sealed = serde_json::from_slice(&plain).map_err(|_| Error::internal())?;
    // rules may have grown stricter since; what was taken once is still that person
    let kept = |error: Error| {
        tracing::error!(person = %row.id, field = error.field, "a stored person no longer fits the rules");
        Error::internal()
    };
    Ok(Details {
        name: Name::parse(&sealed.name).map_err(kept)?,
        phone: Phone::parse(&sealed.phone).map_err(kept)?,
        document: Document::parse(sealed.kind, &sealed.number).map_err(kept)?,
        born_on: sealed.born_on,
        county: row.county.clone(),
        address: Address::parse(&sealed.address).map_err(kept)?,
    })
}
