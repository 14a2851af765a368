//! Who among the staff may do what, where, and with which session. Asked in one place, deny by default.
//!
//! Source: `design.md` (Role × Action × Site); issue: nurse and manager at their own site, the office everywhere.

use crate::words::words;

words! {
    /// What a member of staff is.
    Role {
        /// Scans and records jabs, at one site.
        Nurse = "nurse",
        /// Leads one site.
        Manager = "manager",
        /// The city's office.
        Office = "office",
    }
}

words! {
    /// What staff do: with bookings, and with their own session.
    Action {
        /// See a booking by its code or pass.
        LookUp = "look_up",
        /// See the day's list.
        ReadRoster = "read_roster",
        /// Record a jab.
        Redeem = "redeem",
        /// Take a recorded jab back.
        Undo = "undo",
        /// Say that somebody has come, or has left after the observation.
        Receive = "receive",
        /// Send somebody home without the jab, with a reason.
        TurnAway = "turn_away",
        /// Record a jab that was booked for another site or day, with a reason.
        AcceptElsewhere = "accept_elsewhere",
        /// Book a free place of the site for somebody who stands there, who calls, or whose next dose is due.
        BookAtDesk = "book_at_desk",
        /// Say which lots are open, and close them.
        KeepLots = "keep_lots",
        /// Take along what works without a network: public keys and the sealed list of the day; and send what was recorded meanwhile.
        WorkOffline = "work_offline",
        /// See what two tablets disagree on, and settle it.
        SettleConflict = "settle_conflict",
        /// See the site's day in numbers.
        ReadToday = "read_today",
        /// See who asked to be called for a dose that is left over, and say what came of it.
        CallForLeftOver = "call_for_left_over",
        /// See in full what is masked.
        Reveal = "reveal",
        /// Close a window, or open it again, and call off who waits in it.
        CloseSlot = "close_slot",
        /// See who should be told by telephone, and say that they were.
        ReadCallList = "read_call_list",
        /// See the texts of messages, try others, and have one sent as a test.
        MessageTexts = "message_texts",
        /// Say at which of their sites they work.
        ChooseSite = "choose_site",
        /// Turn their own second factor on or off.
        SecondFactor = "second_factor",
        /// Set the PIN that opens their own locked screen.
        SetPin = "set_pin",
        /// Change their own password.
        SetPassword = "set_password",
        /// Lock the screen.
        Lock = "lock",
        /// Open the locked screen.
        Unlock = "unlock",
        /// End all of their own sessions.
        SignOutEverywhere = "sign_out_everywhere",
    }
}

words! {
    /// What a session of staff is good for at the moment. Signing out is possible from each.
    Standing {
        /// All that the role may do.
        Full = "full",
        /// The role needs a second factor, and this member of staff has none yet.
        Enrolling = "enrolling",
        /// The screen is locked.
        Locked = "locked",
    }
}

/// Where something is, seen from the site that the session is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// At that site.
    Here,
    /// At another one.
    Elsewhere,
    /// The session is bound to no site.
    Nowhere,
}

impl Place {
    /// The place of something at the site `of`, for a session that is bound to `bound`.
    pub fn of<T: PartialEq>(of: &T, bound: Option<&T>) -> Self {
        match bound {
            Some(bound) if bound == of => Self::Here,
            Some(_) => Self::Elsewhere,
            None => Self::Nowhere,
        }
    }
}

/// Whether `role` may do `action` in a session that is `standing`; `place` tells where, as seen from the session's site. For what concerns
/// only oneself the place counts for nothing.
///
/// ```
/// use domain::access::{Action, Place, Role, Standing, may};
/// assert!(may(Role::Nurse, Standing::Full, Action::Redeem, Place::Here));
/// assert!(!may(Role::Nurse, Standing::Full, Action::Redeem, Place::Elsewhere));
/// assert!(!may(Role::Nurse, Standing::Full, Action::Undo, Place::Here));
/// assert!(!may(Role::Office, Standing::Locked, Action::LookUp, Place::Nowhere));
/// ```
pub const fn may(role: Role, standing: Standing, action: Action, place: Place) -> bool {
    match standing {
        Standing::Full => may_in_full(role, action, place),
        Standing::Enrolling => matches!(action, Action::SecondFactor | Action::Lock | Action::SignOutEverywhere),
        Standing::Locked => matches!(action, Action::Unlock),
    }
}

const fn may_in_full(role: Role, action: Action, place: Place) -> bool {
    match (role, action) {
        (Role::Nurse | Role::Manager, Action::ReadRoster | Action::Redeem) => matches!(place, Place::Here),
        (Role::Nurse | Role::Manager, Action::Receive | Action::TurnAway | Action::BookAtDesk) => matches!(place, Place::Here),
        (Role::Nurse | Role::Manager, Action::WorkOffline | Action::ReadToday) => matches!(place, Place::Here),
        // a citizen at the wrong door must be told which one is right
        (Role::Nurse | Role::Manager, Action::LookUp) => matches!(place, Place::Here | Place::Elsewhere),
        (Role::Manager, Action::Undo | Action::Reveal | Action::CloseSlot | Action::ReadCallList) => matches!(place, Place::Here),
        (Role::Office, Action::LookUp | Action::ReadRoster | Action::Redeem | Action::Undo | Action::Reveal) => true,
        (Role::Manager, Action::AcceptElsewhere | Action::KeepLots | Action::SettleConflict | Action::CallForLeftOver) => {
            matches!(place, Place::Here)
        }
        (Role::Office, Action::CloseSlot | Action::ReadCallList | Action::MessageTexts) => true,
        (Role::Office, Action::Receive | Action::TurnAway | Action::BookAtDesk | Action::WorkOffline | Action::ReadToday) => true,
        (Role::Office, Action::AcceptElsewhere | Action::KeepLots | Action::SettleConflict | Action::CallForLeftOver) => true,
        (Role::Nurse, Action::Undo | Action::Reveal | Action::CloseSlot | Action::ReadCallList | Action::MessageTexts) => false,
        (Role::Nurse, Action::AcceptElsewhere | Action::KeepLots | Action::SettleConflict | Action::CallForLeftOver) => false,
        (Role::Manager, Action::MessageTexts) => false,
        // once: another site is another sign-in
        (Role::Nurse | Role::Manager, Action::ChooseSite) => matches!(place, Place::Nowhere),
        (Role::Office, Action::ChooseSite) => false,
        (_, Action::SecondFactor | Action::SetPin | Action::SetPassword | Action::Lock | Action::SignOutEverywhere) => true,
        // nothing is locked
        (_, Action::Unlock) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACES: [Place; 3] = [Place::Here, Place::Elsewhere, Place::Nowhere];

    #[test]
    fn each_role_may_do_what_the_table_says_and_nothing_else() {
        // look_up, read_roster, redeem, undo and reveal, choose_site; the others are everybody's
        for (role, place, table) in [
            (Role::Nurse, Place::Here, [true, true, true, false, false]),
            (Role::Nurse, Place::Elsewhere, [true, false, false, false, false]),
            (Role::Nurse, Place::Nowhere, [false, false, false, false, true]),
            (Role::Manager, Place::Here, [true, true, true, true, false]),
            (Role::Manager, Place::Elsewhere, [true, false, false, false, false]),
            (Role::Manager, Place::Nowhere, [false, false, false, false, true]),
            (Role::Office, Place::Here, [true, true, true, true, false]),
            (Role::Office, Place::Elsewhere, [true, true, true, true, false]),
            (Role::Office, Place::Nowhere, [true, true, true, true, false]),
        ] {
            let own = [Action::SecondFactor, Action::SetPin, Action::SetPassword, Action::Lock, Action::SignOutEverywhere];
            let actions = [Action::LookUp, Action::ReadRoster, Action::Redeem, Action::Undo, Action::ChooseSite];
            for action in Action::ALL {
                let like = match action {
                    // who may take a jab back may see in full what is masked, close windows, see whom to call, and decide what is not usual
                    Action::Reveal | Action::CloseSlot | Action::ReadCallList => &Action::Undo,
                    Action::AcceptElsewhere | Action::KeepLots | Action::SettleConflict | Action::CallForLeftOver => &Action::Undo,
                    // who may record a jab may do what comes before and after it
                    Action::Receive | Action::TurnAway | Action::BookAtDesk | Action::WorkOffline | Action::ReadToday => {
                        &Action::Redeem
                    }
                    other => other,
                };
                let expected = if *action == Action::MessageTexts {
                    role == Role::Office
                } else {
                    match actions.iter().position(|listed| listed == like) {
                        Some(at) => table[at],
                        None => own.contains(action),
                    }
                };
                assert_eq!(may(role, Standing::Full, *action, place), expected, "{role} {action} {place:?}");
            }
        }
    }

    #[test]
    fn a_locked_session_may_only_be_opened_and_one_that_must_enrol_only_enrols() {
        for role in Role::ALL {
            for place in PLACES {
                for action in Action::ALL {
                    let locked = *action == Action::Unlock;
                    assert_eq!(may(*role, Standing::Locked, *action, place), locked, "locked {role} {action}");
                    let enrolling = matches!(action, Action::SecondFactor | Action::Lock | Action::SignOutEverywhere);
                    assert_eq!(may(*role, Standing::Enrolling, *action, place), enrolling, "enrolling {role} {action}");
                }
            }
        }
    }

    #[test]
    fn a_place_is_here_elsewhere_or_nowhere() {
        assert_eq!(Place::of(&1, Some(&1)), Place::Here);
        assert_eq!(Place::of(&1, Some(&2)), Place::Elsewhere);
        assert_eq!(Place::of(&1, None), Place::Nowhere);
    }
}
