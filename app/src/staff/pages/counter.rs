//! The flow at the counter: a scan, its answer, the jab recorded once; the next scan takes the place of all that.

use domain::Uuid;
use domain::accept::Accept;
use domain::access::{Action, Place, may};
use domain::checkin::{LookUp, Redeem, Redemption};
use domain::error::{Error, ErrorCode};
use domain::reason::Reason;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::desk::{Desk, sleep};
use super::flow::Said;
use super::found::Found;
use super::shelf::{self, Shelf};
use super::sound::{Sound, play};
use crate::staff::offline;
use crate::staff::scan::Scan;
use crate::staff::search::sought;
use crate::staff::verdict::Verdict;
use crate::ui::{dom, now_lang};

/// For how long the button of a new answer takes no press when it took the place of another: that press was meant for the one before.
const ARM_AFTER_MS: u32 = 700;
/// Waits between tries to record over a bad network, the last one again and again.
const TRY_AGAIN_MS: [i32; 4] = [500, 1_500, 3_000, 5_000];

/// What the counter shows.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Screen {
    /// Nothing: waiting for a scan.
    Ready,
    /// A scan is being looked up.
    Asking,
    /// A booking was found.
    Answer(Box<LookUp>),
    /// Nothing was found, or it could not be asked.
    Refused(Error),
    /// A photo without a code in it.
    NoCode,
    /// Who of today's list fits what was typed.
    Found(Found),
    /// The jab is being recorded; after a failure with the reason, while it is tried again.
    Recording(Box<LookUp>, Option<Error>),
    /// The jab is recorded.
    Done(Box<LookUp>, Option<Redemption>),
    /// A recorded jab was taken back.
    Undone(Box<LookUp>),
    /// Something else was said of somebody.
    Said(Box<LookUp>, Said),
}

/// It.
#[derive(Clone, Copy)]
pub(super) struct Counter {
    pub(super) desk: Desk,
    pub(super) screen: RwSignal<Screen>,
    /// Whether the button that records takes a press.
    pub(super) armed: RwSignal<bool>,
    /// Whether the form that takes a jab back is open: no scan may sweep it away.
    pub(super) undoing: RwSignal<bool>,
    /// Whether the form that shows something in full is open, or shows it: the same.
    pub(super) revealing: RwSignal<bool>,
    /// Whether a form that decides about the person is open: the same.
    pub(super) settling: RwSignal<bool>,
    /// The lots of the site.
    pub(super) shelf: Shelf,
    /// Somebody scanned while a jab was not recorded yet.
    pub(super) held: RwSignal<bool>,
    /// Grows with every step, so that a late answer finds that it is late.
    turn: StoredValue<u32>,
    scan: StoredValue<Option<Scan>>,
    /// Made once per scan.
    nonce: StoredValue<Uuid>,
    /// Why the jab of this scan is recorded although it was booked for another site or day.
    accepted: StoredValue<Option<Accept>>,
}

impl Counter {
    pub(super) fn start() -> Self {
        let desk = Desk::here();
        let counter = Self {
            desk,
            settling: RwSignal::new(false),
            shelf: Shelf::start(desk),
            accepted: StoredValue::new(None),
            screen: RwSignal::new(Screen::Ready),
            armed: RwSignal::new(false),
            undoing: RwSignal::new(false),
            revealing: RwSignal::new(false),
            held: RwSignal::new(false),
            turn: StoredValue::new(0),
            scan: StoredValue::new(None),
            nonce: StoredValue::new(Uuid::nil()),
        };
        counter.go_on_after_trouble();
        counter.forget_for_another();
        if let Some(wanted) = counter.desk.wanted.try_update(Option::take).flatten() {
            counter.look_up(wanted);
        }
        counter
    }

    /// Somebody else has signed in: the answer was not for them.
    fn forget_for_another(self) {
        Effect::new(move |before: Option<Option<String>>| {
            let now = self.desk.member.with(|member| member.as_ref().map(|member| member.username.clone()));
            if before.is_some_and(|before| before != now) {
                self.clear();
            }
            now
        });
    }

    /// A look-up that failed for want of a session or a network is made once that is back.
    fn go_on_after_trouble(self) {
        Effect::new(move |before: Option<(u32, bool)>| {
            let now = (self.desk.signed_in.get(), self.desk.online.get());
            let better = before.is_some_and(|before| now.0 != before.0 || (now.1 && !before.1));
            let waits = self.screen.with_untracked(|screen| match screen {
                Screen::Refused(error) => matches!(error.reason, Some(Reason::SignIn | Reason::Network | Reason::Busy)),
                _ => false,
            });
            if better
                && waits
                && let Some(scan) = self.scan.get_value()
            {
                self.look_up(scan);
            }
            now
        });
    }

    /// Takes a scan. False when it cannot be taken now, because a jab is not recorded yet or being taken back.
    pub(super) fn scanned(self, text: &str) -> bool {
        if self.is_held() {
            self.held.set(true);
            return false;
        }
        match Scan::read(text) {
            Ok(scan) => self.look_up(scan),
            Err(error) => {
                if let Some(sought) = sought(text) {
                    self.search(sought);
                    return true;
                }
                self.next_turn();
                self.scan.set_value(None);
                self.answer(Screen::Refused(error));
            }
        }
        true
    }

    /// A photo had no code in it.
    pub(super) fn no_code(self) {
        if !self.is_held() {
            self.next_turn();
            self.scan.set_value(None);
            self.answer(Screen::NoCode);
        }
    }

    /// What is asked next is no scan: nothing is to be looked up again by itself.
    pub(super) fn forget_scan(self) {
        self.scan.set_value(None);
    }

    fn is_held(self) -> bool {
        self.undoing.get_untracked()
            || self.revealing.get_untracked()
            || self.settling.get_untracked()
            || self.screen.with_untracked(|screen| matches!(screen, Screen::Recording(..)))
    }

    pub(super) fn look_up(self, scan: Scan) {
        let turn = self.next_turn();
        let replaces = self.screen.with_untracked(|screen| matches!(screen, Screen::Answer(_)));
        self.scan.set_value(Some(scan.clone()));
        self.nonce.set_value(dom::new_id());
        self.accepted.set_value(None);
        self.screen.set(Screen::Asking);
        spawn_local(async move {
            let answer = offline::look_up(self.desk, &scan).await;
            if !self.is_now(turn) {
                return;
            }
            match answer {
                Ok(found) => {
                    self.arm(turn, replaces);
                    self.answer(Screen::Answer(Box::new(found)));
                }
                Err(error) => self.answer(Screen::Refused(error)),
            }
        });
    }

    fn arm(self, turn: u32, later: bool) {
        self.armed.set(!later);
        if later {
            dom::after(ARM_AFTER_MS, move || {
                if self.is_now(turn) {
                    self.armed.set(true);
                }
            });
        }
    }

    /// Shows an answer, and lets it be heard.
    pub(super) fn answer(self, screen: Screen) {
        let lang = now_lang();
        let light = match &screen {
            Screen::Answer(found) => Some(found.light),
            Screen::Refused(error) => Some(Verdict::refused(error, lang).light),
            Screen::NoCode => Some(domain::checkin::Light::Amber),
            _ => None,
        };
        self.screen.set(screen);
        // on a narrow screen the answer stands above the camera
        dom::to_top_soon();
        if let Some(light) = light {
            play(Sound::Answer(light));
        }
    }

    /// Records the jab of the answer that is shown.
    pub(super) fn redeem(self) {
        // Ctrl+Enter in a form that is open is meant for the form
        if !self.armed.get_untracked() || self.revealing.get_untracked() || self.settling.get_untracked() {
            return;
        }
        let found = self.screen.with_untracked(|screen| match screen {
            Screen::Answer(found) if found.may_redeem => Some(found.clone()),
            _ => None,
        });
        if let Some(found) = found {
            if untrack(|| self.shelf.is_missing(&found.vaccine.id)) {
                return dom::focus(shelf::CHOICE);
            }
            self.record(found);
        }
    }

    /// Records the jab of somebody who booked for another site or day, with a manager's reason.
    pub(super) fn accept(self, found: Box<LookUp>, accept: Accept) {
        self.accepted.set_value(Some(accept));
        self.settling.set(false);
        self.record(found);
    }

    /// Looks somebody up again.
    pub(super) fn look_again(self, code: domain::code::Code) {
        self.look_up(Scan::Code(code));
    }

    /// Tries at once what is being tried anyway.
    pub(super) fn record_now(self) {
        let found = self.screen.with_untracked(|screen| match screen {
            Screen::Recording(found, Some(_)) => Some(found.clone()),
            _ => None,
        });
        if let Some(found) = found {
            self.record(found);
        }
    }

    /// Asks with the same nonce until there is an answer: a lost answer may have been a recorded jab.
    fn record(self, found: Box<LookUp>) {
        let turn = self.next_turn();
        let nonce = self.nonce.get_value();
        self.screen.set(Screen::Recording(found.clone(), None));
        spawn_local(async move {
            let mut waits = TRY_AGAIN_MS.into_iter();
            loop {
                let redeem = Redeem {
                    code: found.code.to_string(),
                    nonce,
                    lot: self.shelf.number(&found),
                    accept: self.accepted.get_value(),
                };
                let answer = offline::redeem(self.desk, redeem).await;
                if !self.is_now(turn) {
                    return;
                }
                match answer {
                    Ok(done) => {
                        self.screen.set(Screen::Done(found, done.redemption));
                        self.desk.count(1);
                        self.shelf.read();
                        return play(Sound::Done);
                    }
                    Err(error) if passes(&error) => {
                        if self.screen.with_untracked(|screen| matches!(screen, Screen::Recording(_, None))) {
                            play(Sound::Answer(domain::checkin::Light::Amber));
                        }
                        self.screen.set(Screen::Recording(found.clone(), Some(error)));
                    }
                    // the rules between doses have the last word: they say what stands in the way
                    Err(error) if self.accepted.with_value(Option::is_some) => return self.answer(Screen::Refused(error)),
                    // somebody else was faster, or it was cancelled meanwhile: look again, it says who and when
                    Err(error) if error.code != ErrorCode::Invalid => return self.look_up(Scan::Code(found.code)),
                    Err(error) => return self.answer(Screen::Refused(error)),
                }
                sleep(waits.next().unwrap_or(TRY_AGAIN_MS[3])).await;
                while self.is_now(turn) && self.desk.session.get_untracked() == super::desk::Session::Ended {
                    sleep(TRY_AGAIN_MS[0]).await;
                }
                if !self.is_now(turn) {
                    return;
                }
            }
        });
    }

    /// Stops trying to record. Whether it was recorded will be seen at the next look-up.
    pub(super) fn give_up(self) {
        self.clear();
    }

    /// Whether this member of staff may take the shown jab back.
    pub(super) fn may_undo(self, found: &LookUp) -> bool {
        self.may(Action::Undo, found)
    }

    /// Whether this member of staff may see in full what is masked.
    pub(super) fn may_reveal(self, found: &LookUp) -> bool {
        self.may(Action::Reveal, found)
    }

    fn may(self, action: Action, found: &LookUp) -> bool {
        self.desk.member.with_untracked(|member| {
            member
                .as_ref()
                .is_some_and(|member| may(member.role, member.standing, action, Place::of(&found.site_id, member.site_id.as_ref())))
        })
    }

    /// The jab was taken back.
    pub(super) fn undone(self, found: Box<LookUp>) {
        self.next_turn();
        self.undoing.set(false);
        self.revealing.set(false);
        self.settling.set(false);
        self.desk.count(-1);
        self.screen.set(Screen::Undone(found));
    }

    /// Empties the screen for the next person.
    pub(super) fn clear(self) {
        self.next_turn();
        self.undoing.set(false);
        self.revealing.set(false);
        self.settling.set(false);
        self.scan.set_value(None);
        self.screen.set(Screen::Ready);
    }

    pub(super) fn next_turn(self) -> u32 {
        self.held.set(false);
        self.turn
            .try_update_value(|turn| {
                *turn += 1;
                *turn
            })
            .unwrap_or_default()
    }

    /// Whether nothing has happened since, and the page is still there.
    pub(super) fn is_now(self, turn: u32) -> bool {
        self.turn.try_get_value() == Some(turn)
    }
}

/// Whether a refusal passes by itself, so that trying again makes sense.
fn passes(error: &Error) -> bool {
    matches!(error.code, ErrorCode::Busy | ErrorCode::TooMany | ErrorCode::Internal) || error.reason == Some(Reason::SignIn)
}
