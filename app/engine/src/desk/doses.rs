//! The doses that people have had or booked, as they are while the batch runs: what a request was judged by must still be so.
//!
//! The rules between the doses of a course (dose 2 rests on dose 1 and its day) were applied before the request came to the desk. What
//! another request changed since makes the answer of the rules worthless, and the request is refused with that reason.

use std::collections::{BTreeSet, HashMap};

use domain::booking::BookingState;
use domain::eligibility::DoseRecord;
use domain::{DateTime, NaiveDate, Utc};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use crate::people::dose_out;
use crate::shown::{LIVE, sweep_person};
use crate::store::entities::{booking, slot};
use crate::store::lists::lists;

/// What a request was judged by: a person's live doses of a course.
#[derive(Clone, Debug)]
pub(crate) struct Judged {
    pub person_hash: Vec<u8>,
    pub course: String,
    pub doses: Vec<DoseRecord>,
}

/// A dose of a course on a day. Whether it was given meanwhile changes nothing for the rules.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Dose {
    dose: u8,
    on: NaiveDate,
    vaccine_id: String,
}

/// Person-hash, course, dose, state, vaccine, the day that it was booked for, and the day on which it was given instead.
type Row = (Vec<u8>, String, i16, String, String, NaiveDate, Option<NaiveDate>);

/// The live doses of the people in a batch, by person-hash and course.
#[derive(Default)]
pub(super) struct Doses(HashMap<(Vec<u8>, String), BTreeSet<Dose>>);

impl Doses {
    /// Reads the doses of everybody who was judged. A booking whose day has passed is marked as missed: it stands in nobody's way.
    pub(super) async fn read(
        tx: &DatabaseTransaction,
        judged: &[&Judged],
        today: NaiveDate,
        now: DateTime<Utc>,
    ) -> Result<Self, DbErr> {
        let hashes = |wanted: &dyn Fn(&Judged) -> bool| -> Vec<_> {
            let hashes = judged.iter().filter(|judged| wanted(judged)).map(|judged| judged.person_hash.clone());
            hashes.collect::<BTreeSet<_>>().into_iter().collect()
        };
        if tx.get_database_backend() == DbBackend::Postgres {
            // another process may be about to change what somebody rests on: it waits, or we do, before the doses are read
            lock(tx, &hashes(&|judged| !judged.doses.is_empty())).await?;
        }
        let mut doses = Self::default();
        let mut past = BTreeSet::new();
        for list in lists(&hashes(&|_| true)) {
            let rows: Vec<Row> = booking::Entity::find()
                .select_only()
                .column(booking::Column::PersonHash)
                .column(booking::Column::Course)
                .column(booking::Column::Dose)
                .column(booking::Column::State)
                .column(slot::Column::VaccineId)
                .column(slot::Column::Date)
                .column(booking::Column::GivenOn)
                .inner_join(slot::Entity)
                .filter(booking::Column::PersonHash.is_in(list))
                .filter(Expr::cust(LIVE))
                .into_tuple()
                .all(tx)
                .await?;
            for (hash, course, dose, state, vaccine_id, on, given_on) in rows {
                if state == BookingState::Booked.as_str() && on < today {
                    past.insert(hash);
                } else {
                    let on = given_on.unwrap_or(on);
                    doses.0.entry((hash, course)).or_default().insert(Dose { dose: dose_out(dose), on, vaccine_id });
                }
            }
        }
        for hash in past {
            sweep_person(tx, &hash, today, now).await?;
        }
        Ok(doses)
    }

    /// Whether the person has this dose of the course, given or booked.
    pub(super) fn has(&self, judged: &Judged, dose: u8) -> bool {
        self.of(judged).is_some_and(|doses| doses.iter().any(|one| one.dose == dose))
    }

    /// Whether the person's doses are still those that the request was judged by.
    pub(super) fn are_still(&self, judged: &Judged) -> bool {
        let then: BTreeSet<_> = judged
            .doses
            .iter()
            .map(|record| Dose { dose: record.dose, on: record.on, vaccine_id: record.vaccine_id.clone() })
            .collect();
        self.of(judged).map_or(then.is_empty(), |now| *now == then)
    }

    /// A dose is booked, or on another day.
    pub(super) fn put(&mut self, judged: &Judged, dose: u8, on: NaiveDate, vaccine_id: &str) {
        self.take_away(judged, dose);
        let doses = self.0.entry((judged.person_hash.clone(), judged.course.clone())).or_default();
        doses.insert(Dose { dose, on, vaccine_id: vaccine_id.to_owned() });
    }

    /// A dose is no longer booked.
    pub(super) fn take_away(&mut self, judged: &Judged, dose: u8) {
        if let Some(doses) = self.0.get_mut(&(judged.person_hash.clone(), judged.course.clone())) {
            doses.retain(|one| one.dose != dose);
        }
    }

    /// The same, for whoever was not judged.
    pub(super) fn forget(&mut self, person_hash: &[u8], course: &str, dose: u8) {
        if let Some(doses) = self.0.get_mut(&(person_hash.to_vec(), course.to_owned())) {
            doses.retain(|one| one.dose != dose);
        }
    }

    fn of(&self, judged: &Judged) -> Option<&BTreeSet<Dose>> {
        self.0.get(&(judged.person_hash.clone(), judged.course.clone()))
    }
}

/// Locks people's live bookings, in the order of their codes.
async fn lock(tx: &DatabaseTransaction, hashes: &[Vec<u8>]) -> Result<(), DbErr> {
    for list in lists(hashes) {
        booking::Entity::find()
            .select_only()
            .column(booking::Column::Code)
            .filter(booking::Column::PersonHash.is_in(list))
            .filter(Expr::cust(LIVE))
            .order_by_asc(booking::Column::Code)
            .lock_exclusive()
            .into_tuple::<String>()
            .all(tx)
            .await?;
    }
    Ok(())
}
