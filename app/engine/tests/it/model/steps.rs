//! What may happen, drawn at random and shrunk by proptest. A wish names things by any number; it becomes an [`Act`] when the world is
//! there to choose from, so that a sequence still makes sense when steps are taken out of it.

use domain::time::plus_days;
use proptest::prelude::*;

use super::world::{Act, World};

/// Documents that people may hold.
const DOCUMENTS: u8 = 7;

/// What happens next.
#[derive(Clone, Debug)]
pub enum Step {
    /// One thing, answered before the next.
    One(Wish),
    /// Several at once.
    Together(Vec<Wish>),
    /// Time passes.
    Wait(Wait),
    /// The house marks what is over as missed.
    Sweep,
}

#[derive(Clone, Copy, Debug)]
pub enum Wait {
    Minutes(u16),
    /// Until the next day begins.
    Midnight,
    /// Until the second before a slot is released, or the second itself.
    Release {
        early: bool,
    },
}

/// What somebody wants; `stranger` and `elsewhere`: who asks has nothing to do with it.
#[derive(Clone, Debug)]
pub enum Wish {
    Reserve {
        person: u8,
        slot: u8,
        dose: u8,
        declared: Option<u8>,
        stranger: bool,
    },
    Move {
        booking: u8,
        slot: u8,
        stranger: bool,
    },
    Cancel {
        booking: u8,
        stranger: bool,
    },
    Redeem {
        booking: u8,
        scan: Option<u8>,
        elsewhere: bool,
    },
    Undo {
        booking: u8,
        elsewhere: bool,
    },
    /// A request id that was used before, perhaps with other content.
    Again {
        asked: u8,
        changed: bool,
    },
    Change {
        person: u8,
        document: u8,
        stranger: bool,
    },
    Add {
        account: u8,
        document: u8,
    },
    Remove {
        person: u8,
        stranger: bool,
    },
    Places {
        slot: u8,
        places: u32,
    },
    Close {
        slot: u8,
        closed: bool,
    },
}

fn rarely() -> impl Strategy<Value = bool> {
    prop::bool::weighted(0.06)
}

fn reserve() -> impl Strategy<Value = Wish> {
    let dose = prop_oneof![12 => Just(1_u8), 6 => Just(2), 1 => Just(3)];
    // days ago; 250 is in the future
    let declared = prop_oneof![3 => Just(None), 3 => (15_u8..60).prop_map(Some), 1 => Just(Some(250))];
    (any::<u8>(), any::<u8>(), dose, declared, rarely()).prop_map(|(person, slot, dose, declared, stranger)| Wish::Reserve {
        person,
        slot,
        dose,
        declared,
        stranger,
    })
}

/// What citizens and staff may want at the same moment.
fn wish() -> impl Strategy<Value = Wish> {
    let booking = any::<u8>;
    prop_oneof![
        8 => reserve(),
        4 => (booking(), any::<u8>(), rarely()).prop_map(|(booking, slot, stranger)| Wish::Move { booking, slot, stranger }),
        3 => (booking(), rarely()).prop_map(|(booking, stranger)| Wish::Cancel { booking, stranger }),
        3 => (booking(), prop::option::weighted(0.3, any::<u8>()), rarely())
            .prop_map(|(booking, scan, elsewhere)| Wish::Redeem { booking, scan, elsewhere }),
        1 => (booking(), rarely()).prop_map(|(booking, elsewhere)| Wish::Undo { booking, elsewhere }),
        2 => (any::<u8>(), any::<bool>()).prop_map(|(asked, changed)| Wish::Again { asked, changed }),
        1 => (any::<u8>(), 0..DOCUMENTS, rarely())
            .prop_map(|(person, document, stranger)| Wish::Change { person, document, stranger }),
        1 => (any::<u8>(), rarely()).prop_map(|(person, stranger)| Wish::Remove { person, stranger }),
        1 => (any::<u8>(), 0_u32..4).prop_map(|(slot, places)| Wish::Places { slot, places }),
    ]
}

/// What happens, in any order.
pub fn steps(most: usize) -> impl Strategy<Value = Vec<Step>> {
    let wait = prop_oneof![
        4 => (1_u16..90).prop_map(Wait::Minutes),
        1 => Just(Wait::Midnight),
        3 => any::<bool>().prop_map(|early| Wait::Release { early }),
    ];
    let step = prop_oneof![
        22 => wish().prop_map(Step::One),
        2 => (any::<u8>(), any::<bool>()).prop_map(|(slot, closed)| Step::One(Wish::Close { slot, closed })),
        2 => (any::<u8>(), 0..DOCUMENTS).prop_map(|(account, document)| Step::One(Wish::Add { account, document })),
        8 => prop::collection::vec(wish(), 2..=5).prop_map(Step::Together),
        2 => wait.prop_map(Step::Wait),
        1 => Just(Step::Sweep),
    ];
    prop::collection::vec(step, 1..=most)
}

impl Wish {
    /// The act in this world, or nothing where there is nothing yet that it could be about. `asked` are the requests made so far, `next`
    /// gives a number that was never used.
    pub fn choose(&self, world: &World, asked: &[Act], mut next: impl FnMut() -> u32) -> Option<Act> {
        let among = |number: u8, count: usize| (count > 0).then(|| usize::from(number) % count);
        let accounts = 1 + world.people.iter().map(|person| person.account).max()?;
        let asks = |owner: usize, stranger: bool| if stranger { (owner + 1) % accounts } else { owner };
        let slot = |number| among(number, world.slots.len());
        // mostly one that can still change
        let booking = |number: u8| {
            let live: Vec<_> = (0..world.bookings.len()).filter(|at| world.state(*at).is_live()).collect();
            if number.is_multiple_of(8) {
                among(number / 8, world.bookings.len())
            } else {
                among(number / 8, live.len()).map(|at| live[at])
            }
        };
        let person = |number| among(number, world.people.len());
        let site = |booking: usize, elsewhere: bool| {
            let site = world.slots[world.bookings[booking].slot].site;
            if elsewhere { 1 - site } else { site }
        };
        Some(match *self {
            Self::Reserve { person: number, slot: at, dose, declared, stranger } => {
                let person = person(number)?;
                let account = asks(world.people[person].account, stranger);
                let days_ago = |days: u8| match days {
                    250 => plus_days(world.today(), 1),
                    days => world.today() - chrono::Days::new(u64::from(days)),
                };
                Act::Reserve { id: next(), account, person, slot: slot(at)?, dose, declared: declared.map(days_ago) }
            }
            Self::Move { booking: number, slot: at, stranger } => {
                let booking = booking(number)?;
                Act::Move { id: next(), account: asks(world.bookings[booking].account, stranger), booking, slot: slot(at)? }
            }
            Self::Cancel { booking: number, stranger } => {
                let booking = booking(number)?;
                Act::Cancel { account: asks(world.bookings[booking].account, stranger), booking }
            }
            Self::Redeem { booking: number, scan, elsewhere } => {
                let booking = booking(number)?;
                // few old numbers, so that they meet
                let scan = scan.map_or_else(next, |scan| u32::from(scan) % 3);
                Act::Redeem { site: site(booking, elsewhere), booking, scan }
            }
            Self::Undo { booking: number, elsewhere } => {
                let booking = booking(number)?;
                Act::Undo { site: site(booking, elsewhere), booking }
            }
            Self::Again { asked: number, changed } => {
                let mut act = asked[among(number, asked.len())?].clone();
                if let (true, Act::Reserve { slot, .. } | Act::Move { slot, .. }) = (changed, &mut act) {
                    *slot = (*slot + 1) % world.slots.len();
                }
                act
            }
            Self::Change { person: number, document, stranger } => {
                let person = person(number)?;
                Act::Change { account: asks(world.people[person].account, stranger), person, document }
            }
            Self::Add { account, document } => Act::Add { account: among(account, accounts)?, document },
            Self::Remove { person: number, stranger } => {
                let person = person(number)?;
                Act::Remove { account: asks(world.people[person].account, stranger), person }
            }
            Self::Places { slot: at, places } => Act::Places { slot: slot(at)?, places },
            Self::Close { slot: at, closed } => Act::Close { slot: slot(at)?, closed },
        })
    }
}
