//! What staff see masked, shown in full: for a reason, audited, and so many an hour. Looking bookings up is watched as well: a member of
//! staff who reads the whole city is noticed, and a nurse is stopped.

use std::sync::atomic::{AtomicU64, Ordering};

use domain::access::{Action, Role};
use domain::code::Code;
use domain::error::{Error, ErrorCode, Result};
use domain::reason::Reason;
use domain::reveal::{Reveal, Revealed, SHOWN_S, Secret};

use crate::Engine;
use crate::audit::Actor;
use crate::error::internal;
use crate::people;
use crate::staff::Staff;

/// What was watched since the start.
#[derive(Default)]
pub(crate) struct Watch {
    reveals: AtomicU64,
    reveals_over: AtomicU64,
    look_ups_over: AtomicU64,
}

/// The same, for those who read it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Watched {
    /// Masked values that were shown in full.
    pub reveals: u64,
    /// Those that were refused because there had been too many.
    pub reveals_over: u64,
    /// Bookings looked up, or refused, beyond what a member of staff may in an hour.
    pub look_ups_over: u64,
}

impl Engine {
    /// What was watched since the start.
    pub fn watched(&self) -> Watched {
        let Watch { reveals, reveals_over, look_ups_over } = self.watch();
        let [reveals, reveals_over, look_ups_over] =
            [reveals, reveals_over, look_ups_over].map(|count| count.load(Ordering::Relaxed));
        Watched { reveals, reveals_over, look_ups_over }
    }

    /// Shows one thing about the person of a booking in full. Audited with its reason before it is shown.
    ///
    /// # Errors
    /// `invalid` on `code` or `note`; `not_found`; `forbidden` for nurses, and for managers at another site; `too_many`.
    pub async fn reveal(&self, staff: &Staff, reveal: &Reveal) -> Result<Revealed> {
        self.allow_somewhere(staff, Action::Reveal)?;
        let code = Code::parse(&reveal.code)?;
        let why = reveal.why()?;
        let found = self.booking(code).await?.ok_or_else(|| Error::field("code", Reason::NotFound))?;
        self.allow(staff, Action::Reveal, found.slot.site_id, code)?;
        self.note_reveal(staff, "reveal", code, Some(why)).await?;
        let details = people::open(self.vault(), &found.person)?;
        let value = match reveal.what {
            Secret::Document => details.document.number().to_owned(),
            Secret::Phone => details.phone.as_str().to_owned(),
            Secret::Address => details.address.as_str().to_owned(),
        };
        Ok(Revealed { what: reveal.what, value, seconds: SHOWN_S })
    }

    /// Writes down that something is shown in full, before it is, and counts it.
    ///
    /// # Errors
    /// `too_many` for whoever has seen too many.
    pub(crate) async fn note_reveal(&self, staff: &Staff, action: &str, object: impl ToString, why: Option<String>) -> Result<()> {
        let tally = self.staff_tally("reveals", staff.id, self.limits().reveals);
        let tx = self.store().begin().await.map_err(internal)?;
        if let Err(error) = self.count(&tx, &tally).await {
            if error.code == ErrorCode::TooMany {
                self.watch().reveals_over.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(staff = %staff.id, an_hour = self.limits().reveals, "a member of staff wants to see more than they may in full");
            }
            return Err(error);
        }
        self.deed(&tx, Actor::Staff(staff.id), action, object, why).await?;
        tx.commit().await.map_err(internal)?;
        self.watch().reveals.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Writes down that a booking was looked at, and counts it.
    ///
    /// # Errors
    /// `too_many` for a nurse who has looked at too many.
    pub(crate) async fn note_look_up(&self, staff: &Staff, code: Code) -> Result<()> {
        let tally = self.staff_tally("look_ups", staff.id, self.limits().look_ups);
        let tx = self.store().begin().await.map_err(internal)?;
        match self.count(&tx, &tally).await {
            Err(error) if error.code == ErrorCode::TooMany => {
                self.watch().look_ups_over.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(staff = %staff.id, an_hour = self.limits().look_ups, "a member of staff looks at more bookings than they may");
                if staff.member.role == Role::Nurse {
                    return Err(error);
                }
            }
            done => done?,
        }
        self.deed(&tx, Actor::Staff(staff.id), "look_up", code, None).await?;
        tx.commit().await.map_err(internal)
    }
}
