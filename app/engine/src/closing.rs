//! Windows closed by their site, and bookings called off by it: what is checked and prepared before the desk does it.

use std::collections::HashMap;

use domain::access::Action;
use domain::booking::{BookingState, Transition};
use domain::closing::{CallOffOne, CallOffReason, CalledOff as One, CloseSlot, SlotClosed};
use domain::code::Code;
use domain::error::{Error, Result};
use domain::message::MessageKind;
use domain::reason::Reason;
use domain::time::instant;
use domain::{DateTime, Utc, Uuid};
use sea_orm::ActiveValue::Set;
use sea_orm::EntityTrait;
use sea_orm::sea_query::ExprTrait;

use crate::Engine;
use crate::audit::{self, Actor};
use crate::desk::{CallOff, CalledOff, Job, SetClosed};
use crate::error::internal;
use crate::shown::Found;
use crate::staff::Staff;
use crate::store::entities::{booking, message, slot};

/// Bookings that one transaction calls off.
const AT_ONCE: usize = 256;
/// How often all are read anew because somebody has booked meanwhile, before the window is closed first and emptied then.
const TRIES: u32 = 3;
/// Seconds that a caller is asked to wait where that came to nothing.
const RETRY_AFTER_S: u32 = 2;

impl Engine {
    /// Closes a window for booking, calls off every booking that waits in it, and tells whose they are. What is booked or moved there at the
    /// same moment is refused or called off. Recorded jabs stay. The same again changes nothing more.
    ///
    /// # Errors
    /// `invalid` on `note`; `not_found` on `slot_id`; `forbidden` for nurses, and for managers at another site; `wrong_state` when the window is
    /// over; `busy`, after which the same call goes on where this one was.
    pub async fn close_slot(&self, staff: &Staff, close: &CloseSlot) -> Result<SlotClosed> {
        let slot = self.slot_to_close(staff, close.slot_id).await?;
        let why = close.why()?;
        let mut called_off = 0;
        let done = async |closing: SetClosed| self.desk().set_closed(Job::SetClosed(Box::new(closing))).await;
        for _ in 0..TRIES {
            let waiting = self.waiting_in(slot.id).await?;
            if waiting.len() > AT_ONCE {
                break;
            }
            match done(self.closing(staff, close, &why, waiting, true)?).await {
                Err(error) if error.reason == Some(Reason::ChangedMeanwhile) => {}
                answer => return answer.map(|called_off| SlotClosed { slot_id: slot.id, closed: true, called_off }),
            }
        }
        // many, or people who book faster than they are read: closed first, so that nobody comes in any more
        done(self.closing(staff, close, &why, vec![], false)?).await?;
        let mut in_vain = 0;
        while in_vain < TRIES {
            let mut waiting = self.waiting_in(slot.id).await?;
            if waiting.is_empty() {
                return Ok(SlotClosed { slot_id: slot.id, closed: true, called_off });
            }
            waiting.truncate(AT_ONCE);
            let some = done(self.closing(staff, close, &why, waiting, false)?).await?;
            called_off += some;
            in_vain += u32::from(some == 0);
        }
        // somebody opens it again and again
        Err(Error::later(Reason::Busy, RETRY_AFTER_S))
    }

    /// Opens a window again. What was called off stays so.
    ///
    /// # Errors
    /// As [`Engine::close_slot`].
    pub async fn open_slot(&self, staff: &Staff, slot_id: Uuid) -> Result<SlotClosed> {
        let slot = self.slot_to_close(staff, slot_id).await?;
        let audit = audit::row(self.vault(), self.now(), Actor::Staff(staff.id), "open_slot", slot.id, None);
        let open = SetClosed { slot_id: slot.id, closed: false, whole: false, waiting: HashMap::new(), audit };
        self.desk().set_closed(Job::SetClosed(Box::new(open))).await?;
        Ok(SlotClosed { slot_id: slot.id, closed: false, called_off: 0 })
    }

    /// Calls one booking off in the name of its site, also one that a later dose rests on.
    ///
    /// # Errors
    /// `invalid` on `code` or `note`; `not_found`; `forbidden` for nurses, and for managers at another site; `wrong_state` or
    /// `already_redeemed` when it is not waiting for its day.
    pub async fn call_off(&self, staff: &Staff, call_off: &CallOffOne) -> Result<One> {
        self.allow_somewhere(staff, Action::CloseSlot)?;
        let code = Code::parse(&call_off.code)?;
        let why = call_off.why()?;
        let found = self.booking(code).await?.ok_or_else(|| Error::field("code", Reason::NotFound))?;
        self.allow(staff, Action::CloseSlot, found.slot.site_id, code)?;
        found.state(self.today())?.after(Transition::Cancel)?;
        let judged = self.judged(&found, &self.vaccine(&found.slot.vaccine_id)?).await?;
        let now = self.now();
        let job = CallOff {
            code,
            version: found.booking.version,
            dose: found.dose(),
            judged,
            slot_id: found.slot.id,
            turned_away: None,
            message: Some(self.called_off_message(&found, call_off.reason, now)?),
            audit: audit::row(self.vault(), now, Actor::Staff(staff.id), "call_off", code, Some(why)),
        };
        self.desk().ask(Job::CallOff(Box::new(job))).await?;
        Ok(One { code, state: BookingState::Cancelled })
    }

    /// A window that this member of staff may close or open now.
    async fn slot_to_close(&self, staff: &Staff, slot_id: Uuid) -> Result<slot::Model> {
        self.allow_somewhere(staff, Action::CloseSlot)?;
        let found = slot::Entity::find_by_id(slot_id).one(&self.store().read).await.map_err(internal)?;
        let slot = found.ok_or_else(|| Error::field("slot_id", Reason::NotFound))?;
        self.allow(staff, Action::CloseSlot, slot.site_id, slot_id)?;
        if self.now() >= instant(slot.date, slot.end_time) {
            return Err(Error::field("slot_id", Reason::SlotPast));
        }
        Ok(slot)
    }

    async fn waiting_in(&self, slot_id: Uuid) -> Result<Vec<Found>> {
        self.find(booking::COLUMN.slot_id.eq(slot_id).and(booking::COLUMN.state.eq(BookingState::Booked.as_str()))).await
    }

    /// All rows of a window that is to be closed.
    fn closing(&self, staff: &Staff, close: &CloseSlot, why: &str, waiting: Vec<Found>, whole: bool) -> Result<SetClosed> {
        let (now, actor) = (self.now(), Actor::Staff(staff.id));
        let prepared = waiting.into_iter().map(|found| {
            let code = Code::parse(&found.booking.code).map_err(|_| Error::internal())?;
            let rows = CalledOff {
                version: found.booking.version,
                made_at: found.booking.created_at,
                message: self.called_off_message(&found, close.reason, now)?,
                audit: audit::row(self.vault(), now, actor, "call_off", code, Some(why.to_owned())),
            };
            Ok((code, rows))
        });
        Ok(SetClosed {
            slot_id: close.slot_id,
            closed: true,
            whole,
            waiting: prepared.collect::<Result<_>>()?,
            audit: audit::row(self.vault(), now, actor, "close_slot", close.slot_id, Some(why.to_owned())),
        })
    }

    /// What tells that the site has called a booking off, and why.
    fn called_off_message(&self, found: &Found, reason: CallOffReason, now: DateTime<Utc>) -> Result<message::ActiveModel> {
        let mut row = self.message_about(MessageKind::CancelledBySite, found, now, now)?;
        row.detail = Set(Some(reason.as_str().to_owned()));
        Ok(row)
    }
}
