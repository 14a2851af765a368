//! The world as it should be: people, slots and bookings in plain vectors, and what must be answered to whom. It knows nothing of
//! databases, queues or batches.

use std::collections::BTreeMap;

use domain::booking::{BookingState, Transition};
use domain::reason::Reason;
use domain::slot::{Terms, Window};
use domain::time::{civil, plus_days};
use domain::{DateTime, NaiveDate, Utc};

/// Dose 2 of vero comes so many days after dose 1, and not later than so many (the city file says it too).
const DOSE_2: (u32, u32) = (21, 56);
/// People besides oneself that an account may keep.
const OTHERS: usize = 5;

#[derive(Clone, Debug)]
pub struct Slot {
    pub site: usize,
    pub vaccine: &'static str,
    pub terms: Terms,
}

#[derive(Clone, Debug)]
pub struct Person {
    pub account: usize,
    pub document: u8,
    pub oneself: bool,
    pub removed: bool,
}

#[derive(Clone, Debug)]
pub struct Booking {
    pub account: usize,
    pub person: usize,
    /// The person's document when it was made: who it is for.
    pub document: u8,
    pub slot: usize,
    pub dose: u8,
    pub declared: Option<NaiveDate>,
    state: BookingState,
    /// The scan that redeemed it.
    scan: Option<u32>,
    /// What was done to it, for the messages and the audit.
    pub deeds: BTreeMap<&'static str, i64>,
}

/// What is asked for, with everything chosen. Numbers are places in the vectors of [`World`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    Reserve {
        id: u32,
        account: usize,
        person: usize,
        slot: usize,
        dose: u8,
        declared: Option<NaiveDate>,
    },
    Move {
        id: u32,
        account: usize,
        booking: usize,
        slot: usize,
    },
    Cancel {
        account: usize,
        booking: usize,
    },
    Redeem {
        site: usize,
        booking: usize,
        scan: u32,
    },
    Undo {
        site: usize,
        booking: usize,
    },
    Change {
        account: usize,
        person: usize,
        document: u8,
    },
    Add {
        account: usize,
        document: u8,
    },
    Remove {
        account: usize,
        person: usize,
    },
    /// The office: so many places, or as many as are taken.
    Places {
        slot: usize,
        places: u32,
    },
    Close {
        slot: usize,
        closed: bool,
    },
}

/// What must be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Booking(usize),
    Redeemed,
    Undone,
    Person(usize),
    Done,
    No(Refusal),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub reason: Reason,
    pub field: Option<&'static str>,
    /// The bookings of the caller's own that may be named as what stands in the way; where there are some, one is.
    pub own: Vec<usize>,
}

type Result<T> = core::result::Result<T, Refusal>;

fn no<T>(reason: Reason) -> Result<T> {
    Err(Refusal { reason, field: None, own: vec![] })
}

fn no_at<T>(field: &'static str, reason: Reason) -> Result<T> {
    Err(Refusal { reason, field: Some(field), own: vec![] })
}

/// A dose that somebody has, or waits for.
struct Had {
    dose: u8,
    on: NaiveDate,
    vaccine: &'static str,
}

#[derive(Clone, Debug)]
pub struct World {
    pub now: DateTime<Utc>,
    pub slots: Vec<Slot>,
    pub people: Vec<Person>,
    pub bookings: Vec<Booking>,
    /// What was asked under an id, and the booking that was answered.
    pub answered: BTreeMap<u32, (Act, usize)>,
}

impl World {
    pub fn today(&self) -> NaiveDate {
        civil(self.now).date()
    }

    pub fn window(&self, booking: usize) -> Window {
        self.slots[self.bookings[booking].slot].terms.window
    }

    /// The state as everybody sees it: a day that is over makes a booking missed.
    pub fn state(&self, booking: usize) -> BookingState {
        self.bookings[booking].state.on(self.window(booking).date, self.today())
    }

    /// What the engine is known to get wrong, and is not asked for `with` others at the same moment.
    pub fn is_known_gap(&self, act: &Act, with: &[Act]) -> bool {
        // the rules between the doses of one person are judged before the desk and not again by it
        let other_dose = |other: &Act| match (self.dose(other), self.dose(act)) {
            (Some((who, dose)), Some((same, other))) => who == same && dose != other,
            _ => false,
        };
        // whose jab is recorded may be removed or become somebody else; when the jab is taken back, they wait again
        let somebody_else = |undone: &Act| match *undone {
            Act::Undo { booking, .. } => {
                let Booking { person, document, .. } = self.bookings[booking];
                let changes = |other: &Act| matches!(*other, Act::Change { person: which, .. } | Act::Remove { person: which, .. } if which == person);
                self.people[person].removed || self.people[person].document != document || changes(act) || with.iter().any(changes)
            }
            _ => false,
        };
        with.iter().any(other_dose) || somebody_else(act) || with.iter().any(somebody_else)
    }

    /// Whose dose an act is about, and which: a document and a dose.
    fn dose(&self, act: &Act) -> Option<(u8, u8)> {
        let of = |booking: usize| Some((self.bookings[booking].document, self.bookings[booking].dose));
        match *act {
            Act::Reserve { person, dose, .. } => Some((self.people[person].document, dose)),
            Act::Move { booking, .. } | Act::Cancel { booking, .. } => of(booking),
            _ => None,
        }
    }

    /// Does it, or leaves everything as it is.
    pub fn act(&mut self, act: &Act) -> Answer {
        let mut after = self.clone();
        match after.try_act(act) {
            Ok(answer) => {
                *self = after;
                answer
            }
            Err(refusal) => Answer::No(refusal),
        }
    }

    fn try_act(&mut self, act: &Act) -> Result<Answer> {
        match *act {
            Act::Reserve { id, account, person, slot, dose, declared } => match self.before(id, act)? {
                Some(booking) => Ok(Answer::Booking(booking)),
                None => {
                    let booking = self.reserve(account, person, slot, dose, declared)?;
                    self.answered.insert(id, (act.clone(), booking));
                    Ok(Answer::Booking(booking))
                }
            },
            Act::Move { id, account, booking, slot } => {
                if self.before(id, act)?.is_none() {
                    self.move_to(account, booking, slot)?;
                    self.answered.insert(id, (act.clone(), booking));
                }
                Ok(Answer::Booking(booking))
            }
            Act::Cancel { account, booking } => self.cancel(account, booking),
            Act::Redeem { site, booking, scan } => self.redeem(site, booking, scan),
            Act::Undo { site, booking } => self.undo(site, booking),
            Act::Change { account, person, document } => self.change(account, person, document),
            Act::Add { account, document } => self.add(account, document),
            Act::Remove { account, person } => self.remove(account, person),
            Act::Places { slot, places } => {
                let terms = &mut self.slots[slot].terms;
                terms.capacity = places.max(terms.taken);
                Ok(Answer::Done)
            }
            Act::Close { slot, closed } => {
                self.slots[slot].terms.closed = closed;
                Ok(Answer::Done)
            }
        }
    }

    /// The same id with the same content has the same answer, with other content none.
    fn before(&self, id: u32, act: &Act) -> Result<Option<usize>> {
        match self.answered.get(&id) {
            None => Ok(None),
            Some((asked, booking)) if asked == act => Ok(Some(*booking)),
            Some(_) => no_at("request_id", Reason::RequestReused),
        }
    }

    fn reserve(&mut self, account: usize, person: usize, slot: usize, dose: u8, declared: Option<NaiveDate>) -> Result<usize> {
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
            deeds: BTreeMap::from([("reserve", 1)]),
        });
        Ok(self.bookings.len() - 1)
    }

    fn move_to(&mut self, account: usize, booking: usize, slot: usize) -> Result<()> {
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

    fn cancel(&mut self, account: usize, booking: usize) -> Result<Answer> {
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

    fn redeem(&mut self, site: usize, booking: usize, scan: u32) -> Result<Answer> {
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

    fn undo(&mut self, site: usize, booking: usize) -> Result<Answer> {
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

    fn change(&mut self, account: usize, person: usize, document: u8) -> Result<Answer> {
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

    fn add(&mut self, account: usize, document: u8) -> Result<Answer> {
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

    fn remove(&mut self, account: usize, person: usize) -> Result<Answer> {
        self.listed(account, person)?;
        self.without_booking(person)?;
        self.people[person].removed = true;
        Ok(Answer::Done)
    }

    /// Somebody else's person, and one who was removed, is not found.
    fn listed(&self, account: usize, person: usize) -> Result<()> {
        let person = &self.people[person];
        if person.account == account && !person.removed { Ok(()) } else { no(Reason::NotFound) }
    }

    fn owned(&self, account: usize, booking: usize) -> Result<()> {
        if self.bookings[booking].account == account { Ok(()) } else { no_at("code", Reason::NotFound) }
    }

    fn at_site(&self, site: usize, booking: usize) -> Result<()> {
        if self.slots[self.bookings[booking].slot].site == site { Ok(()) } else { no(Reason::NotAllowed) }
    }

    fn may(&self, booking: usize, transition: Transition) -> Result<()> {
        match self.state(booking).after(transition) {
            Ok(_) => Ok(()),
            Err(error) => no(error.reason.expect("a reason")),
        }
    }

    fn without_booking(&self, person: usize) -> Result<()> {
        let waits = |at: usize| self.bookings[at].person == person && self.state(at) == BookingState::Booked;
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
