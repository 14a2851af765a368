//! The world as it should be: people, slots and bookings in plain vectors, and what must be answered to whom. It knows nothing of
//! databases, queues or batches.

use std::collections::BTreeMap;

use domain::booking::BookingState;
use domain::reason::Reason;
use domain::slot::{Terms, Window};
use domain::time::civil;
use domain::{DateTime, NaiveDate, Utc};

use super::deeds::{Result, no_at};

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
    pub state: BookingState,
    /// The scan that redeemed it.
    pub scan: Option<u32>,
    /// Its person was taken out of the list, and no jab must be kept: nobody finds it any more.
    pub forgotten: bool,
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

    /// Whom an act is about: the person in the list, and the document.
    pub fn about(&self, act: &Act) -> Option<(usize, u8)> {
        match *act {
            Act::Move { booking, .. } | Act::Cancel { booking, .. } | Act::Redeem { booking, .. } | Act::Undo { booking, .. } => {
                Some((self.bookings[booking].person, self.bookings[booking].document))
            }
            Act::Reserve { person, .. } | Act::Change { person, .. } | Act::Remove { person, .. } => {
                Some((person, self.people[person].document))
            }
            Act::Add { .. } | Act::Places { .. } | Act::Close { .. } => None,
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
            Some((asked, booking)) if asked == act && self.bookings[*booking].forgotten => no_at("code", Reason::NotFound),
            Some((asked, booking)) if asked == act => Ok(Some(*booking)),
            Some(_) => no_at("request_id", Reason::RequestReused),
        }
    }
}
