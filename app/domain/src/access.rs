//! Who among the staff may do what, and where. Asked in one place, deny by default.
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
    /// What staff do with bookings.
    Action {
        /// See a booking by its code or pass.
        LookUp = "look_up",
        /// See the day's list.
        ReadRoster = "read_roster",
        /// Record a jab.
        Redeem = "redeem",
        /// Take a recorded jab back.
        Undo = "undo",
    }
}

/// Whether `role` may do `action`; `own_site` tells whether it concerns the site that this member of staff works at.
///
/// ```
/// use domain::access::{Action, Role, may};
/// assert!(may(Role::Nurse, Action::Redeem, true));
/// assert!(!may(Role::Nurse, Action::Redeem, false));
/// assert!(!may(Role::Nurse, Action::Undo, true));
/// ```
pub const fn may(role: Role, action: Action, own_site: bool) -> bool {
    match (role, action) {
        (Role::Nurse | Role::Manager, Action::ReadRoster | Action::Redeem) => own_site,
        // a citizen at the wrong door must be told which one is right
        (Role::Nurse | Role::Manager, Action::LookUp) => true,
        (Role::Manager, Action::Undo) => own_site,
        (Role::Office, Action::LookUp | Action::ReadRoster | Action::Redeem | Action::Undo) => true,
        (Role::Nurse, Action::Undo) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_may_do_what_the_table_says_and_nothing_else() {
        // look_up, read_roster, redeem, undo
        for (role, own_site, table) in [
            (Role::Nurse, true, [true, true, true, false]),
            (Role::Nurse, false, [true, false, false, false]),
            (Role::Manager, true, [true, true, true, true]),
            (Role::Manager, false, [true, false, false, false]),
            (Role::Office, true, [true; 4]),
            (Role::Office, false, [true; 4]),
        ] {
            for (action, allowed) in Action::ALL.iter().zip(table) {
                assert_eq!(may(role, *action, own_site), allowed, "{role} {action} own site: {own_site}");
            }
        }
    }
}
