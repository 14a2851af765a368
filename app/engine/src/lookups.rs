//! What every booking has to look up first, gathered: whose session it is, and whom it is for.

use std::collections::HashMap;

use domain::Uuid;
use domain::eligibility::DoseRecord;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use crate::config::Config;
use crate::error::internal;
use crate::gather::Gather;
use crate::people;
use crate::store::Store;
use crate::store::entities::{person, session};
use crate::store::lists::lists;

/// A person who is in a list, and the doses that they have had or booked.
#[derive(Clone, Debug)]
pub(crate) struct KnownPerson {
    pub row: person::Model,
    pub doses: Vec<DoseRecord>,
}

/// The look-ups of a booking.
pub(crate) struct Lookups {
    /// Sessions by the hash of their token, also those that are over.
    pub sessions: Gather<Vec<u8>, session::Model>,
    /// People by id, without those who were taken out of their list.
    pub people: Gather<Uuid, KnownPerson>,
}

impl Lookups {
    pub(crate) fn start(store: &Store, config: &Config) -> Self {
        let db = store.read.clone();
        let sessions = Gather::start(move |hashes: Vec<Vec<u8>>| {
            let db = db.clone();
            async move {
                let mut found = HashMap::with_capacity(hashes.len());
                for list in lists(&hashes) {
                    let query = session::Entity::find().filter(session::Column::TokenHash.is_in(list));
                    found.extend(query.all(&db).await.map_err(internal)?.into_iter().map(|row| (row.token_hash.clone(), row)));
                }
                Ok(found)
            }
        });
        let (db, clock) = (store.read.clone(), config.clock.clone());
        let people = Gather::start(move |ids: Vec<Uuid>| {
            let (db, today) = (db.clone(), clock.today());
            async move {
                let mut rows = Vec::with_capacity(ids.len());
                for list in lists(&ids) {
                    let query = person::Entity::find().filter(person::Column::Id.is_in(list));
                    rows.extend(query.filter(person::Column::Removed.eq(false)).all(&db).await.map_err(internal)?);
                }
                let doses = people::doses_of(&db, &rows, today).await?;
                let known = |row: person::Model| {
                    let doses = doses.get(&row.person_hash).cloned().unwrap_or_default();
                    (row.id, KnownPerson { row, doses })
                };
                Ok(rows.into_iter().map(known).collect())
            }
        });
        Self { sessions, people }
    }
}
