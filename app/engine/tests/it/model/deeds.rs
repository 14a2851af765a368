//! What each act leads to, and the rules that forbid it, in the order in which they speak.

use std::collections::BTreeMap;

use domain::NaiveDate;
use domain::booking::{BookingState, Transition};
use domain::reason::Reason;
use domain::time::plus_days;

use super::world::{Answer, Booking, Person, Refusal, Slot, World};

/// Dose 2 of vero comes so many days after dose 1, and not later than so many (the city file says it too).
const DOSE_2: (u32, u32) = (21, 56);
/// People besides oneself that an account may keep.
const OTHERS: usize = 5;
pub type Result<T> = core::result::Result<T, Refusal>;

fn no<T>(reason: Reason) -> Result<T> {
    Err(Refusal { reason, field: None, own: vec![] })
}

pub fn no_at<T>(field: &'static str, reason: Reason) -> Result<T> {
    Err(Refusal { reason, field: Some(field), own: vec![] })
}

/// A dose that somebody has, or waits for.
struct Had {
    dose: u8,
    on: NaiveDate,
    vaccine: &'static str,
}

impl World {
    pub fn reserve(&mut self, account: usize, person: usize, slot: usize, dose: u8, declared: Option<NaiveDate>) -> Result<usize> {
        self.listed(account, person).map_err(|refusal| Refusal { field: Some("person_id"), ..refusal })?;
        let document = self.people[person].document;
        self.may_have(document, dose, slot, declared, None).map_err(|refusal| match refusal.reason {
            Reason::AlreadyBooked { .. } => Refusal { own: self.own(account, document, dose), ..refusal },
            _ => refusal,
        })?;
        self.take(slot)?;
        self.bookings.push(Booking {
            account,
            person,
            document,
            slot,
            dose,
            declared,
            state: BookingState::Booked,
            scan: None,
            forgotten: false,
            deeds: BTreeMap::from([("reserve", 1)]),
        });
        Ok(self.bookings.len() - 1)
    }

    pub fn move_to(&mut self, account: usize, booking: usize, slot: usize) -> Result<()> {
        let Booking { dose, document, declared, slot: from, .. } = self.bookings[booking];
        self.owned(account, booking)?;
        self.may(booking, Transition::Move)?;
        if slot == from {
            return no_at("slot_id", Reason::SameSlot);
        }
        if self.slots[slot].vaccine != self.slots[from].vaccine {
            return no_at("slot_id", Reason::OtherVaccine);
        }
        self.may_have(document, dose, slot, declared, Some(booking))?;
        let on = self.slots[slot].terms.window.date;
        let in_time = |had: &Had| had.on >= plus_days(on, DOSE_2.0) && had.on <= plus_days(on, DOSE_2.1);
        if !self.had(document).iter().filter(|had| had.dose > dose).all(in_time) {
            return no(Reason::LaterDoseBooked);
        }
        self.take(slot)?;
        self.slots[from].terms.taken -= 1;
        self.bookings[booking].slot = slot;
        self.note(booking, "move");
        Ok(())
    }

    pub fn cancel(&mut self, account: usize, booking: usize) -> Result<Answer> {
        self.owned(account, booking)?;
        self.may(booking, Transition::Cancel)?;
        let Booking { dose, document, slot, .. } = self.bookings[booking];
        if self.had(document).iter().any(|had| had.dose > dose) {
            return no(Reason::LaterDoseBooked);
        }
        self.bookings[booking].state = BookingState::Cancelled;
        self.slots[slot].terms.taken -= 1;
        self.note(booking, "cancel");
        Ok(Answer::Booking(booking))
    }

    pub fn redeem(&mut self, site: usize, booking: usize, scan: u32) -> Result<Answer> {
        self.at_site(site, booking)?;
        if self.bookings[booking].scan == Some(scan) {
            return Ok(Answer::Redeemed);
        }
        self.may(booking, Transition::Redeem)?;
        let date = self.window(booking).date;
        if date != self.today() {
            return no(Reason::OtherDay { date });
        }
        if self.bookings.iter().any(|other| other.scan == Some(scan)) {
            return no_at("nonce", Reason::RequestReused);
        }
        self.bookings[booking].state = BookingState::Redeemed;
        self.bookings[booking].scan = Some(scan);
        self.note(booking, "redeem");
        Ok(Answer::Redeemed)
    }

    pub fn undo(&mut self, site: usize, booking: usize) -> Result<Answer> {
        self.at_site(site, booking)?;
        self.may(booking, Transition::Undo)?;
        let date = self.window(booking).date;
        if date != self.today() {
            return no(Reason::OtherDay { date });
        }
        self.bookings[booking].state = BookingState::Booked;
        self.bookings[booking].scan = None;
        self.note(booking, "undo");
        Ok(Answer::Undone)
    }

    pub fn change(&mut self, account: usize, person: usize, document: u8) -> Result<Answer> {
        self.listed(account, person)?;
        if self.people[person].document != document {
            self.without_booking(person)?;
        }
        let same = |one: &Person| one.account == account && one.document == document && !one.removed;
        if self.people.iter().enumerate().any(|(at, one)| at != person && same(one)) {
            return no_at("document.number", Reason::AlreadyListed);
        }
        self.people[person].document = document;
        Ok(Answer::Person(person))
    }

    pub fn add(&mut self, account: usize, document: u8) -> Result<Answer> {
        let mut listed = self.people.iter().enumerate().filter(|(_, one)| one.account == account && !one.removed);
        if let Some((same, _)) = listed.clone().find(|(_, one)| one.document == document) {
            return Ok(Answer::Person(same));
        }
        if listed.by_ref().filter(|(_, one)| !one.oneself).count() >= OTHERS {
            return no(Reason::TooManyPeople { most: 5 });
        }
        self.people.push(Person { account, document, oneself: false, removed: false });
        Ok(Answer::Person(self.people.len() - 1))
    }

    pub fn remove(&mut self, account: usize, person: usize) -> Result<Answer> {
        self.listed(account, person)?;
        self.without_booking(person)?;
        self.people[person].removed = true;
        // of their bookings only jabs are kept
        for booking in self.bookings.iter_mut().filter(|one| one.person == person && one.state != BookingState::Redeemed) {
            booking.forgotten = true;
        }
        Ok(Answer::Done)
    }

    /// Somebody else's person, and one who was removed, is not found.
    fn listed(&self, account: usize, person: usize) -> Result<()> {
        let person = &self.people[person];
        if person.account == account && !person.removed { Ok(()) } else { no(Reason::NotFound) }
    }

    fn owned(&self, account: usize, booking: usize) -> Result<()> {
        if self.bookings[booking].account == account && !self.bookings[booking].forgotten {
            Ok(())
        } else {
            no_at("code", Reason::NotFound)
        }
    }

    fn at_site(&self, site: usize, booking: usize) -> Result<()> {
        if self.bookings[booking].forgotten {
            return no_at("code", Reason::NotFound);
        }
        if self.slots[self.bookings[booking].slot].site == site { Ok(()) } else { no(Reason::NotAllowed) }
    }

    fn may(&self, booking: usize, transition: Transition) -> Result<()> {
        match self.state(booking).after(transition) {
            Ok(_) => Ok(()),
            Err(error) => no(error.reason.expect("a reason")),
        }
    }

    fn without_booking(&self, person: usize) -> Result<()> {
        // a jab that was recorded today can be taken back
        let today = |at: usize| self.slots[self.bookings[at].slot].terms.window.date == self.today();
        let may_wait = |at: usize| match self.state(at) {
            BookingState::Booked => true,
            BookingState::Redeemed => today(at),
            BookingState::Cancelled | BookingState::Missed => false,
        };
        let waits = |at: usize| self.bookings[at].person == person && may_wait(at);
        if (0..self.bookings.len()).any(waits) { no(Reason::PersonHasBooking) } else { Ok(()) }
    }

    /// What a document's holder has had or waits for, whatever account booked it.
    fn had(&self, document: u8) -> Vec<Had> {
        let theirs = (0..self.bookings.len()).filter(|at| self.bookings[*at].document == document && self.state(*at).is_live());
        let had = |at: usize| Had {
            dose: self.bookings[at].dose,
            on: self.window(at).date,
            vaccine: self.slots[self.bookings[at].slot].vaccine,
        };
        theirs.map(had).collect()
    }

    /// An account's own live bookings that stand in the way of a dose.
    fn own(&self, account: usize, document: u8, dose: u8) -> Vec<usize> {
        let stands = |at: &usize| {
            let one = &self.bookings[*at];
            one.account == account && one.document == document && one.dose >= dose && self.state(*at).is_live()
        };
        (0..self.bookings.len()).filter(stands).collect()
    }

    /// The rules of doses: one after the other, of one product, in its window.
    fn may_have(&self, document: u8, dose: u8, slot: usize, declared: Option<NaiveDate>, moving: Option<usize>) -> Result<()> {
        let Slot { vaccine, terms, .. } = self.slots[slot];
        let doses = if vaccine == "vero" { 2 } else { 1 };
        if !(1..=doses).contains(&dose) {
            return no_at("dose", Reason::DoseNumber);
        }
        let mut had = self.had(document);
        if moving.is_some() {
            had.retain(|had| had.dose < dose);
        } else if had.iter().any(|had| had.dose >= dose) {
            return no(Reason::AlreadyBooked { code: None });
        }
        if had.iter().any(|had| had.vaccine != vaccine) {
            return no(Reason::MixedCourse);
        }
        if dose == 1 {
            return Ok(());
        }
        let first = match (had.first(), declared) {
            (Some(first), _) => first.on,
            (None, None) => return no_at("previous_dose_on", Reason::PreviousDose { dose: 1 }),
            (None, Some(day)) if day > self.today() => return no_at("previous_dose_on", Reason::Date),
            (None, Some(day)) => day,
        };
        let (from, by) = (plus_days(first, DOSE_2.0), plus_days(first, DOSE_2.1));
        if terms.window.date < from {
            no(Reason::TooEarly { from })
        } else if terms.window.date > by {
            no(Reason::TooLate { by })
        } else {
            Ok(())
        }
    }

    fn take(&mut self, slot: usize) -> Result<()> {
        let terms = &mut self.slots[slot].terms;
        match terms.objection(self.now) {
            Some(reason) => no(reason),
            None => {
                terms.taken += 1;
                Ok(())
            }
        }
    }

    fn note(&mut self, booking: usize, deed: &'static str) {
        *self.bookings[booking].deeds.entry(deed).or_default() += 1;
    }
}
