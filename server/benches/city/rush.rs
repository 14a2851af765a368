//! The rush: everybody of the crowd wants one place.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use crate::crowd::intent;
use crate::dice::Dice;
use crate::ledger::{self, Code};
use crate::load::{Arrivals, Load};
use crate::places::PLENTY_PLACES;
use crate::stage::Stage;

/// Which places they want.
#[derive(Clone, Copy)]
pub(crate) enum Wish {
    /// One of so many windows that sell out.
    Scarce(usize),
    /// One of so many windows that do not.
    Plenty(usize),
    /// All of them the same window, until it is full; then all of them the next.
    OneHot,
}

/// Who has asked, who waits, and what was acknowledged.
pub(crate) struct Rush {
    stage: Rc<Stage>,
    wish: Wish,
    number: u32,
    /// Those who have not asked yet, or were told to come again.
    waiting: RefCell<VecDeque<u32>>,
    /// Who made request `n`.
    who: RefCell<Vec<u32>>,
    codes: RefCell<Vec<Code>>,
}

impl Rush {
    /// Everybody, in an order of chance. Rushes with different numbers are different intents.
    pub(crate) fn new(stage: &Rc<Stage>, wish: Wish, number: u32) -> Rc<Self> {
        let mut everybody: Vec<u32> = (0..).take(stage.bookers()).collect();
        let mut dice = Dice::new(u64::from(number));
        for at in (1..everybody.len()).rev() {
            everybody.swap(at, dice.below(at + 1));
        }
        let waiting = RefCell::new(everybody.into());
        Rc::new(Self { stage: stage.clone(), wish, number, waiting, who: RefCell::default(), codes: RefCell::default() })
    }

    /// Their requests. Who is told to come back later goes to the end of the queue.
    pub(crate) fn load(self: &Rc<Self>, address: SocketAddr, connections: usize, arrivals: Arrivals, until: Duration) -> Load {
        let (asking, hearing) = (self.clone(), self.clone());
        Load {
            address,
            connections,
            arrivals,
            until,
            ask: Box::new(move |n, out| asking.ask(n, out)),
            hear: Box::new(move |n, answer| match answer.status {
                200 => hearing.codes.borrow_mut().extend(ledger::code_in(answer.body)),
                503 => hearing.waiting.borrow_mut().push_back(hearing.who.borrow()[n]),
                _ => {}
            }),
        }
    }

    fn ask(&self, n: usize, out: &mut Vec<u8>) -> bool {
        let Some(who) = self.waiting.borrow_mut().pop_front() else { return false };
        let mut asked = self.who.borrow_mut();
        let places = &self.stage.places;
        let any = |of: usize| Dice::new(u64::from(self.number) << 32 | u64::from(who)).below(of);
        let slot = match self.wish {
            Wish::Scarce(windows) => &places.scarce[any(windows)],
            Wish::Plenty(windows) => &places.plenty[any(windows)],
            Wish::OneHot => &places.plenty[n / PLENTY_PLACES as usize],
        };
        // requests are numbered as they become due, and leave in another order
        let numbers = asked.len().max(n + 1);
        asked.resize(numbers, 0);
        asked[n] = who;
        self.stage.crowd.reserve(out, who as usize, slot, intent(self.number, who as usize));
        true
    }

    /// The codes of all bookings that were acknowledged.
    pub(crate) fn acknowledged(&self) -> Vec<Code> {
        self.codes.borrow().clone()
    }
}
