//! A jab that was booked for another site or day: whether this member of staff may accept it, and whether the rules between doses let them.

use domain::Uuid;
use domain::accept::{Accept, may_be_accepted};
use domain::access::Action;
use domain::booking::BookingState;
use domain::error::{Error, Result};
use domain::reason::Reason;

use crate::Engine;
use crate::desk::Accepted;
use crate::people;
use crate::shown::Found;
use crate::staff::Staff;

impl Engine {
    /// What is accepted, or nothing where there is nothing to accept: it is for today, at the site where they work. `again`: the same scan was
    /// recorded already, and is judged by nothing any more.
    ///
    /// # Errors
    /// `invalid` on `accept.reason`; `forbidden` for nurses; `already_redeemed`, `wrong_state`, `ineligible`, `already_booked`.
    pub(crate) async fn accept(&self, staff: &Staff, found: &Found, accept: &Accept, again: bool) -> Result<Option<Accepted>> {
        let site_id = giving_site(staff, found);
        if again || !self.is_elsewhere(site_id, found) {
            return Ok(None);
        }
        self.allow(staff, Action::AcceptElsewhere, site_id, &found.booking.code)?;
        accept.why()?;
        let (today, state) = (self.today(), found.state(self.today())?);
        may_be_accepted(state, found.slot.date, today)?;
        if found.person.removed || found.person.person_hash != found.booking.person_hash {
            return Err(Error::new(Reason::ChangedMeanwhile));
        }
        let vaccine = self.vaccine(&found.slot.vaccine_id)?;
        let judged = self.judged(found, &vaccine).await?;
        let missed = state == BookingState::Missed;
        if missed && judged.doses.iter().any(|record| record.dose == found.dose()) {
            return Err(Error::new(Reason::AlreadyBooked { code: None }));
        }
        // as if they had moved it to today
        let details = people::open(self.vault(), &found.person)?;
        self.may_move(found, &details, &vaccine, today, &judged)?;
        Ok(Some(Accepted { site_id, on: today, vaccine_id: vaccine.id, dose: found.dose(), judged, missed }))
    }

    /// Whether they may accept it, as far as a look tells; nothing where there is nothing to accept.
    pub(crate) fn may_accept(&self, staff: &Staff, found: &Found, state: BookingState) -> Option<bool> {
        let site_id = giving_site(staff, found);
        if !self.is_elsewhere(site_id, found) || may_be_accepted(state, found.slot.date, self.today()).is_err() {
            return None;
        }
        Some(staff.may(Action::AcceptElsewhere, site_id).is_ok())
    }

    fn is_elsewhere(&self, site_id: Uuid, found: &Found) -> bool {
        found.slot.site_id != site_id || found.slot.date != self.today()
    }
}

/// Where this member of staff gives it: where they work; the office, which works nowhere, at the booking's site.
fn giving_site(staff: &Staff, found: &Found) -> Uuid {
    staff.member.site_id.unwrap_or(found.slot.site_id)
}
