//! The crowd: invented people who hold places, so that full means full and a roster has names on it.
//!
//! Their accounts' ids are of UUID version 8, those of real accounts of version 7: nothing that the demo does by itself
//! ever touches a real account. Nobody is told about these bookings, so they write no messages.

use domain::booking::BookingState;
use domain::chrono::{Days, Duration};
use domain::eligibility::Question;
use domain::error::Result;
use domain::person::{Details, Relation};
use domain::screening;
use domain::time::instant;
use domain::vaccine::Vaccine;
use domain::{DateTime, NaiveDate, Utc, Uuid};
use sea_orm::ActiveValue::Set;
use sea_orm::{ConnectionTrait, DbErr, EntityTrait};

use super::invent::{self, Dice};
use crate::Engine;
use crate::city_file::stable_id;
use crate::store::entities::{account, booking, person, slot};
use crate::vault::Label;

/// People of an account: oneself and three others.
const HOUSEHOLD: u64 = 4;
/// Rows of one statement. SQLite takes 32,766 parameters, PostgreSQL 65,535; the widest row has 18.
const CHUNK: usize = 1_000;

/// Rows that are to be written in one go.
pub(super) struct Crowd<'a> {
    engine: &'a Engine,
    now: DateTime<Utc>,
    /// The number of the next person.
    pub(super) next: u64,
    accounts: Vec<account::ActiveModel>,
    people: Vec<person::ActiveModel>,
    bookings: Vec<booking::ActiveModel>,
}

/// Whether an account was invented here.
pub(super) fn is_of_the_crowd(account_id: Uuid) -> bool {
    account_id.get_version_num() == 8
}

impl<'a> Crowd<'a> {
    /// A crowd whose first person has the number `next`, which begins a household.
    pub(super) fn new(engine: &'a Engine, now: DateTime<Utc>, next: u64) -> Self {
        let next = next.next_multiple_of(HOUSEHOLD);
        Self { engine, now, next, accounts: vec![], people: vec![], bookings: vec![] }
    }

    /// How many people it has.
    pub(super) fn len(&self) -> usize {
        self.people.len()
    }

    /// Gives a place of `slot` to the next person.
    pub(super) fn seat(&mut self, slot: &slot::Model, county: &str, vaccine: &Vaccine) -> Result<()> {
        let number = self.next;
        self.next += 1;
        let account_id = stable_id(&["demo", "account", &(number / HOUSEHOLD).to_string()]);
        let relation = if number.is_multiple_of(HOUSEHOLD) { Relation::Myself } else { Relation::Other };
        if relation == Relation::Myself {
            self.accounts.push(account_row(self.engine, account_id, &invent::phone(number), self.now)?);
        }
        let details = invent::person(number, county);
        let person_id = stable_id(&["demo", "person", &number.to_string()]);
        let row = person_row(self.engine, person_id, account_id, relation, &details, self.now)?;
        let created_at = made_at(slot, number, self.now);
        let (dose, previous_dose_on) = dose(vaccine, slot.date, number, &details, created_at);
        self.bookings.push(booking::ActiveModel {
            code: Set(self.engine.vault().entropy().code().to_string()),
            account_id: Set(account_id),
            person_id: Set(person_id),
            person_hash: row.person_hash.clone(),
            slot_id: Set(slot.id),
            course: Set(vaccine.course.clone()),
            dose: Set(dose),
            state: Set(BookingState::Booked.as_str().to_owned()),
            version: Set(1),
            previous_dose_on: Set(previous_dose_on),
            questions: Set(screening::VERSION),
            consent_version: Set(self.engine.notice().version.clone()),
            created_at: Set(created_at),
            changed_at: Set(created_at),
            redeemed_at: Set(None),
            redeemed_by: Set(None),
            redeem_nonce: Set(None),
            lot: Set(None),
            ..Default::default()
        });
        self.people.push(row);
        Ok(())
    }

    /// Writes all of it.
    pub(super) async fn write(self, db: &impl ConnectionTrait) -> core::result::Result<(), DbErr> {
        insert_all::<account::Entity, _>(self.accounts, db).await?;
        insert_all::<person::Entity, _>(self.people, db).await?;
        insert_all::<booking::Entity, _>(self.bookings, db).await
    }
}

/// Inserts rows, many a statement.
pub(super) async fn insert_all<E, A>(rows: Vec<A>, db: &impl ConnectionTrait) -> core::result::Result<(), DbErr>
where
    E: EntityTrait,
    A: sea_orm::ActiveModelTrait<Entity = E> + Clone,
{
    for chunk in rows.chunks(CHUNK) {
        E::insert_many(chunk.iter().cloned()).exec_without_returning(db).await?;
    }
    Ok(())
}

/// The row of an account.
pub(super) fn account_row(
    engine: &Engine,
    id: Uuid,
    phone: &domain::identity::Phone,
    now: DateTime<Utc>,
) -> Result<account::ActiveModel> {
    Ok(account::ActiveModel {
        id: Set(id),
        phone_hash: Set(engine.phone_hash(phone)),
        phone_sealed: Set(engine.vault().seal(Label::AccountPhone, id, phone.as_str().as_bytes())?),
        created_at: Set(now),
        lang: Set(domain::lang::Lang::Zh.as_str().to_owned()),
    })
}

/// The row of a person.
pub(super) fn person_row(
    engine: &Engine,
    id: Uuid,
    account_id: Uuid,
    relation: Relation,
    details: &Details,
    now: DateTime<Utc>,
) -> Result<person::ActiveModel> {
    Ok(person::ActiveModel {
        id: Set(id),
        account_id: Set(account_id),
        relation: Set(relation.as_str().to_owned()),
        person_hash: Set(engine.person_hash(&details.document)),
        sealed: Set(crate::people::seal(engine.vault(), id, details)?),
        county: Set(details.county.clone()),
        removed: Set(false),
        created_at: Set(now),
        changed_at: Set(now),
    })
}

/// When a booking was made: within the three days before its window, after its release, and not in the future.
fn made_at(slot: &slot::Model, number: u64, now: DateTime<Utc>) -> DateTime<Utc> {
    let minutes = i64::try_from(60 + Dice::new(&["made", &number.to_string()]).below(3 * 24 * 60)).unwrap_or(60);
    let begins = instant(slot.date, slot.start_time);
    (begins.min(now) - Duration::minutes(minutes)).max(slot.opens_at.min(now))
}

/// One in five comes for dose 2, where the course's window lets them.
fn dose(vaccine: &Vaccine, on: NaiveDate, number: u64, details: &Details, made: DateTime<Utc>) -> (i16, Option<NaiveDate>) {
    let mut dice = Dice::new(&["dose", &number.to_string()]);
    let Some(window) = vaccine.window(2).filter(|_| dice.below(5) == 0) else { return (1, None) };
    let after = u64::from(window.after_days.max(window.offered_after_days.unwrap_or(0))) + dice.below(14);
    let today = domain::time::civil(made).date();
    let previous = on.checked_sub_days(Days::new(after)).unwrap_or(on);
    let question = Question {
        born_on: details.born_on,
        from_age: 0,
        vaccine,
        dose: 2,
        on,
        today,
        history: &[],
        previous_dose_on: Some(previous),
        screening: None,
    };
    if question.decide().is_ok() { (2, Some(previous)) } else { (1, None) }
}
