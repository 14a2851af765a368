//! What the database holds, to be compared with what the world holds.

use std::collections::BTreeSet;

use domain::booking::Booking;
use domain::identity::Document;
use domain::person::Relation;
use domain::{NaiveDate, Uuid};
use engine::Broken;

use super::play::{DOCUMENT, Names, Play};
use super::world::World;
use crate::harness::draft;

/// What the database holds at one moment.
#[derive(Default)]
pub struct Picture {
    broken: Vec<Broken>,
    /// Of each slot: places, and how many are taken.
    places: Vec<(u32, u32)>,
    /// Of each account.
    bookings: Vec<Vec<Booking>>,
    /// Of each account: who is listed, and their dates of birth.
    people: Vec<BTreeSet<(Uuid, NaiveDate)>>,
}

impl Play {
    /// What the database holds now.
    pub async fn picture(&self) -> Picture {
        let ledger = self.city.engine.ledger().await.expect("the ledger is read");
        let mut picture = Picture { broken: ledger.broken, ..Picture::default() };
        for (id, _) in &self.slots {
            picture.places.push(self.city.places(*id).await);
        }
        for citizen in &self.accounts {
            picture.bookings.push(self.city.engine.list_bookings(citizen).await.expect("listed"));
            let people = self.city.engine.list_people(citizen).await.expect("listed");
            picture.people.push(people.into_iter().map(|person| (person.id, person.born_on)).collect());
        }
        picture
    }

    /// In what a picture differs from the world; or that its ledger does not balance.
    pub fn difference(&self, world: &World, names: &Names, picture: &Picture) -> Option<String> {
        if !picture.broken.is_empty() {
            return Some(format!("the ledger does not balance: {:?}", picture.broken));
        }
        for (slot, places) in world.slots.iter().zip(&picture.places) {
            if (slot.terms.capacity, slot.terms.taken) != *places {
                return Some(format!("{places:?} places and taken, {:?}", slot.terms));
            }
        }
        for (account, listed) in picture.bookings.iter().enumerate() {
            let mut theirs =
                (0..world.bookings.len()).filter(|at| world.bookings[*at].account == account && !world.bookings[*at].forgotten);
            if theirs.clone().count() != listed.len() {
                return Some(format!("account {account} has {listed:?}"));
            }
            let differs = |which: usize| {
                !listed.iter().any(|shown| shown.code == names.codes[which] && self.shows(world, names, which, shown))
            };
            if let Some(which) = theirs.find(|which| differs(*which)) {
                return Some(format!("{:?} is not in {listed:?}", world.bookings[which]));
            }
        }
        for (account, listed) in picture.people.iter().enumerate() {
            let there = |at: &usize| world.people[*at].account == account && !world.people[*at].removed;
            let theirs = (0..world.people.len()).filter(there);
            let theirs: BTreeSet<_> = theirs.map(|at| (names.people[at], born_on(world.people[at].document))).collect();
            if theirs != *listed {
                return Some(format!("account {account} has the people {listed:?}, not {theirs:?}"));
            }
        }
        None
    }

    /// What was done has left its traces, once each, and what was refused has left none.
    pub async fn traces(&self, world: &World, names: &Names) -> Result<(), String> {
        let mut expected = vec![];
        for (booking, code) in world.bookings.iter().zip(&names.codes) {
            expected.extend(booking.deeds.iter().map(|(deed, times)| format!("{deed} {code} {times}")));
        }
        expected.sort_unstable();
        let mut audit = self.city.column("SELECT action || ' ' || object || ' ' || CAST(count(*) AS text) FROM audit WHERE outcome = 'done' AND action IN ('reserve', 'move', 'cancel', 'redeem', 'undo') GROUP BY action, object").await;
        audit.sort_unstable();
        if audit != expected {
            return Err(format!("the audit tells {audit:?}, not {expected:?}"));
        }
        // what was told about a booking goes with whom it was for
        let told = || world.bookings.iter().filter(|booking| !booking.forgotten);
        let done = |deed| told().map(|booking| booking.deeds.get(deed).copied().unwrap_or_default()).sum::<i64>();
        let answered = i64::try_from(world.answered.len()).expect("few");
        for (expected, rows) in [
            (done("reserve"), "messages WHERE kind = 'booked'"),
            (done("move"), "messages WHERE kind = 'moved'"),
            (done("cancel"), "messages WHERE kind = 'cancelled'"),
            (answered, "requests"),
        ] {
            let found = self.city.count(&format!("SELECT count(*) FROM {rows}")).await;
            if found != expected {
                return Err(format!("{found} rows, not {expected}: {rows}"));
            }
        }
        Ok(())
    }
}

/// Every document has another date of birth.
fn born_on(document: u8) -> NaiveDate {
    let draft = draft(Relation::Other, DOCUMENT + u32::from(document)).document;
    Document::parse(draft.kind, &draft.number).expect("a document").born_on().expect("it tells")
}
