//! Check-in: what staff see of a booking, and the jab recorded once.

use std::collections::{HashMap, HashSet};

use domain::access::Action;
use domain::booking::{BookingState, Transition};
use domain::checkin::{CheckedIn, Light, LookUp, Redeem, Redemption, Roster, RosterRow, RosterSlot, Timing, VisitSeen};
use domain::code::Code;
use domain::error::{Error, Result};
use domain::flow::Next;
use domain::message::{MessageKind, next_dose_due};
use domain::pass::Pass;
use domain::reason::Reason;
use domain::screening::Screening;
use domain::time::{age_on, instant};
use domain::{DateTime, NaiveDate, Utc, Uuid};
use sea_orm::sea_query::ExprTrait;
use sea_orm::{EntityTrait, QueryFilter};

use crate::Engine;
use crate::audit::{self, Actor};
use crate::desk::{Job, Redemption as RedeemJob, UndoRedemption};
use crate::error::internal;
use crate::people;
use crate::shown::{Found, vaccine_out};
use crate::staff::Staff;
use crate::store::entities::{booking, message, site, slot};

/// The longest lot number and reason that are kept.
const LONGEST_TEXT: usize = 200;

impl Engine {
    /// Asks whether they may do something with this at a site; that they may not is audited.
    pub(crate) fn allow(&self, staff: &Staff, action: Action, site_id: Uuid, object: impl ToString) -> Result<()> {
        let allowed = staff.may(action, site_id);
        allowed.inspect_err(|refused| self.note_refused(Actor::Staff(staff.id), action.as_str(), object, refused.code))
    }

    /// Asks whether they may do something at any site at all; that they may not is audited.
    pub(crate) fn allow_somewhere(&self, staff: &Staff, action: Action) -> Result<()> {
        let allowed = staff.may_somewhere(action);
        allowed.inspect_err(|refused| self.note_refused(Actor::Staff(staff.id), action.as_str(), "-", refused.code))
    }

    /// Asks whether they may do something at a site that is named by its id; that they may not is audited.
    ///
    /// # Errors
    /// `forbidden`; `not_found` on `site_id` for an unknown one.
    pub(crate) fn allow_at_site(&self, staff: &Staff, action: Action, site_id: Uuid) -> Result<site::Model> {
        self.allow_somewhere(staff, action)?;
        let site = self.site(site_id).map_err(|error| Error { field: Some("site_id".into()), ..error })?;
        self.allow(staff, action, site_id, site_id)?;
        Ok(site)
    }

    /// What staff need to see of the booking of a pass or a code; looking is audited.
    ///
    /// # Errors
    /// `invalid` on `pass` or `code`; `not_found`; `forbidden`.
    pub async fn look_up(&self, staff: &Staff, pass: Option<&str>, code: Option<&str>) -> Result<LookUp> {
        self.allow_somewhere(staff, Action::LookUp)?;
        let pass = pass.map(|pass| Pass::verify(pass, |id| self.vault().keys().verifying(id))).transpose()?;
        let code = match (&pass, code) {
            (Some(pass), _) => pass.code,
            (None, Some(code)) => Code::parse(code)?,
            (None, None) => return Err(Error::field("code", Reason::Missing)),
        };
        let found = self.booking(code).await?.ok_or_else(|| Error::field("code", Reason::NotFound))?;
        self.allow(staff, Action::LookUp, found.slot.site_id, code)?;
        self.note_look_up(staff, code).await?;
        self.look_up_out(staff, code, pass.as_ref(), found).await
    }

    async fn look_up_out(&self, staff: &Staff, code: Code, pass: Option<&Pass>, found: Found) -> Result<LookUp> {
        let now = self.now();
        let today = self.today();
        let state = found.state(today)?;
        let window = found.slot.window();
        let timing = Timing::of(&window, now);
        let details = people::open(self.vault(), &found.person)?;
        let outdated = Self::pass_outdated(&found, pass);
        let objection = match self.objection(staff, &found, state)? {
            // who shows an old picture is told where and when they are expected, and why this says something else
            Some(Reason::OtherDay { .. } | Reason::OtherSite) if outdated.is_some() => outdated.clone(),
            Some(objection) => Some(objection),
            None => self.too_young(&details),
        };
        let caution = match &objection {
            Some(_) => None,
            None => {
                let doses = self.doses_before(std::slice::from_ref(&found)).await?;
                self.doubtful_dose(&found, &details, &doses)?.or(outdated)
            }
        };
        let next = found.visit(today)?.next(self.steps(), now);
        let light = match (&objection, &caution, timing) {
            // under observation after it; never green, which says that a jab may be given
            (Some(_), ..) if matches!(next, Next::Observe | Next::Leave) => Light::Amber,
            (Some(_), ..) => Light::Red,
            (None, None, Timing::OnTime) if !found.is_to_be_asked() => Light::Green,
            (None, ..) => Light::Amber,
        };
        let names = self.staff_names(found.booking.redeemed_by).await?;
        let may_redeem = staff.may(Action::Redeem, found.slot.site_id).is_ok();
        Ok(LookUp {
            light,
            may_redeem: objection.is_none(),
            reason: objection.or(caution),
            code,
            state,
            // at another site's door nobody compares it with a document
            name: if may_redeem { details.name.as_str().to_owned() } else { details.name.masked() },
            age: age_on(details.born_on, today).unwrap_or(0),
            document_kind: details.document.kind(),
            document_last_four: details.document.last_four().to_owned(),
            vaccine: vaccine_out(self.vaccine(&found.slot.vaccine_id)?),
            dose: found.dose(),
            window,
            timing,
            site_id: found.slot.site_id,
            site_name: self.site(found.slot.site_id)?.name,
            screening: Screening::ALL_NO,
            screening_due: found.is_to_be_asked(),
            redemption: self.redemption(&found, &names)?,
            visit: VisitSeen {
                may_accept: self.may_accept(staff, &found, state),
                // what ails somebody is for those who sent them home
                turned_away: found.turned_away().filter(|_| may_redeem),
                ..self.visit_seen(&found)?
            },
        })
    }

    /// Why a jab cannot be recorded, or nothing.
    fn objection(&self, staff: &Staff, found: &Found, state: BookingState) -> Result<Option<Reason>> {
        if let Err(error) = state.after(Transition::Redeem) {
            return Ok(error.reason);
        }
        if staff.may(Action::Redeem, found.slot.site_id).is_err() {
            return Ok(Some(Reason::OtherSite));
        }
        Ok((found.slot.date != self.today()).then_some(Reason::OtherDay { date: found.slot.date }))
    }

    /// Who recorded the jab, by the names of those who may have.
    pub(crate) fn redemption(&self, found: &Found, names: &HashMap<Uuid, String>) -> Result<Option<Redemption>> {
        let (Some(at), Some(by)) = (found.booking.redeemed_at, found.booking.redeemed_by) else { return Ok(None) };
        let by = names.get(&by).cloned().unwrap_or_default();
        Ok(Some(Redemption { at, by, site_name: self.site(found.given_site())?.name }))
    }

    /// Records a jab, once, today, at the booking's site; where a manager accepts it, at theirs. The same nonce again gives the same answer.
    ///
    /// # Errors
    /// `invalid` on `code`, `lot` or `accept.reason`; `not_found`; `forbidden` at another site; `already_redeemed`; `wrong_state` when it is
    /// cancelled, missed or for another day; `ineligible` under age. What is accepted: `ineligible` and `already_booked` as for a booking of today.
    pub async fn redeem(&self, staff: &Staff, redeem: Redeem) -> Result<CheckedIn> {
        self.allow_somewhere(staff, Action::Redeem)?;
        let code = Code::parse(&redeem.code)?;
        let lot = redeem.lot.map(|lot| short(&lot, LONGEST_TEXT, "lot")).transpose()?.filter(|lot| !lot.is_empty());
        let found = self.booking(code).await?.ok_or_else(|| Error::field("code", Reason::NotFound))?;
        let again = found.booking.redeem_nonce == Some(redeem.nonce);
        let accepted = match &redeem.accept {
            Some(accept) => self.accept(staff, &found, accept, again).await?,
            None => None,
        };
        let site_id = match &accepted {
            Some(accepted) => accepted.site_id,
            None if again => found.given_site(),
            None => found.slot.site_id,
        };
        if accepted.is_none() {
            self.allow(staff, Action::Redeem, site_id, code)?;
            if !again && let Some(objection) = self.objection(staff, &found, found.state(self.today())?)? {
                return Err(Error::new(objection));
            }
        }
        if !again && let Some(too_young) = self.too_young(&people::open(self.vault(), &found.person)?) {
            return Err(Error::new(too_young));
        }
        let (lot, lot_id) = if again { (lot, None) } else { self.lot_of_jab(site_id, &found.slot.vaccine_id, lot).await? };
        let now = self.now();
        let why = accepted.as_ref().and(redeem.accept).map(|accept| accept.why().map(str::to_owned)).transpose()?;
        let action = if accepted.is_some() { "accept_elsewhere" } else { "redeem" };
        let job = RedeemJob {
            code,
            version: found.booking.version,
            nonce: redeem.nonce,
            staff_id: staff.id,
            lot,
            lot_id,
            accepted,
            record: Redemption { at: now, by: staff.member.name.clone(), site_name: self.site(site_id)?.name },
            next_dose: self.next_dose_message(&found, now)?,
            audit: audit::row(self.vault(), now, Actor::Staff(staff.id), action, code, why),
        };
        self.desk().check_in(Job::Redeem(Box::new(job))).await
    }

    /// What tells of the dose after the one of this booking, due when it can be booked.
    pub(crate) fn next_dose_message(&self, found: &Found, now: DateTime<Utc>) -> Result<Option<message::ActiveModel>> {
        let vaccine = self.vaccine(&found.slot.vaccine_id)?;
        // it is given today, whatever day it was booked for
        let due = next_dose_due(&vaccine, found.dose(), self.today(), self.city().reminder_at);
        due.map(|due_at| self.message_about(MessageKind::NextDose, found, due_at, now)).transpose()
    }

    /// Takes a recorded jab back: on the same day, with a reason, by a manager.
    ///
    /// # Errors
    /// `invalid` on `code` or `reason`; `not_found`; `forbidden`; `wrong_state` when it was not recorded, or not today.
    pub async fn undo(&self, staff: &Staff, code: &str, reason: &str) -> Result<CheckedIn> {
        self.allow_somewhere(staff, Action::Undo)?;
        let code = Code::parse(code)?;
        let reason = short(reason, LONGEST_TEXT, "reason")?;
        if reason.is_empty() {
            return Err(Error::field("reason", Reason::Missing));
        }
        let found = self.booking(code).await?.ok_or_else(|| Error::field("code", Reason::NotFound))?;
        self.allow(staff, Action::Undo, found.given_site(), code)?;
        match found.state(self.today())? {
            BookingState::Redeemed if found.given_on() == self.today() => {}
            BookingState::Redeemed => return Err(Error::new(Reason::OtherDay { date: found.given_on() })),
            other => drop(other.after(Transition::Undo)?),
        }
        let audit = audit::row(self.vault(), self.now(), Actor::Staff(staff.id), "undo", code, Some(reason));
        self.desk().check_in(Job::Undo(Box::new(UndoRedemption { code, audit }))).await
    }

    /// A site's list of a day, by window and name; cancelled bookings are not in it. What was given there that day and had been booked for
    /// another site or day is. Reading it is audited.
    ///
    /// # Errors
    /// `not_found` for an unknown site; `forbidden` for another site's.
    pub async fn roster(&self, staff: &Staff, site_id: Uuid, date: NaiveDate) -> Result<Roster> {
        let site = self.allow_at_site(staff, Action::ReadRoster, site_id)?;
        let detail = Some(date.to_string());
        self.deed(&self.store().write, Actor::Staff(staff.id), "read_roster", site_id, detail).await?;
        let on_the_day = slot::COLUMN.site_id.eq(site_id).and(slot::COLUMN.date.eq(date));
        let found = self.find(on_the_day.and(booking::COLUMN.state.ne(BookingState::Cancelled.as_str()))).await?;
        let mut waiting = HashMap::new();
        for found in &found {
            if found.state(self.today())? == BookingState::Booked {
                *waiting.entry(found.slot.id).or_default() += 1;
            }
        }
        let here = found.iter().map(|found| found.booking.code.clone()).collect::<HashSet<_>>();
        let accepted = self.accepted(site_id, date).await?;
        let accepted = accepted.into_iter().filter(|found| !here.contains(&found.booking.code));
        let mut rows = found.into_iter().chain(accepted).map(|found| self.roster_row(&found)).collect::<Result<Vec<_>>>()?;
        rows.sort_by(|a, b| (a.window.start, &a.name, a.code).cmp(&(b.window.start, &b.name, b.code)));
        let slots = self.roster_slots(staff, site_id, date, &waiting).await?;
        Ok(Roster { site_id, site_name: site.name, date, rows, slots })
    }

    /// The day's windows, with how many wait in each.
    async fn roster_slots(
        &self,
        staff: &Staff,
        site_id: Uuid,
        date: NaiveDate,
        waiting: &HashMap<Uuid, u32>,
    ) -> Result<Vec<RosterSlot>> {
        let on_the_day = slot::COLUMN.site_id.eq(site_id).and(slot::COLUMN.date.eq(date));
        let rows = slot::Entity::find().filter(on_the_day).all(&self.store().read).await.map_err(internal)?;
        let may = staff.may(Action::CloseSlot, site_id).is_ok();
        let slots = rows.into_iter().map(|row| {
            let vaccine = self.vaccine(&row.vaccine_id)?;
            Ok(RosterSlot {
                slot_id: row.id,
                vaccine_id: vaccine.id,
                vaccine_name: vaccine.name,
                vaccine_name_en: vaccine.name_en,
                window: row.window(),
                capacity: u32::try_from(row.capacity).unwrap_or(0),
                waiting: waiting.get(&row.id).copied().unwrap_or(0),
                closed: row.closed,
                may_close: may && self.now() < instant(row.date, row.end_time),
            })
        });
        let mut slots = slots.collect::<Result<Vec<_>>>()?;
        slots.sort_by(|a, b| (a.window.start, &a.vaccine_id).cmp(&(b.window.start, &b.vaccine_id)));
        Ok(slots)
    }

    pub(crate) fn roster_row(&self, found: &Found) -> Result<RosterRow> {
        let details = people::open(self.vault(), &found.person)?;
        let vaccine = self.vaccine(&found.slot.vaccine_id)?;
        Ok(RosterRow {
            code: Code::parse(&found.booking.code).map_err(|_| Error::internal())?,
            state: found.state(self.today())?,
            name: details.name.as_str().to_owned(),
            age: age_on(details.born_on, found.slot.date).unwrap_or(0),
            document_last_four: details.document.last_four().to_owned(),
            vaccine_id: vaccine.id,
            vaccine_name: vaccine.name,
            vaccine_name_en: vaccine.name_en,
            dose: found.dose(),
            window: found.slot.window(),
            redeemed_at: found.booking.redeemed_at,
            arrived_at: found.booking.arrived_at,
            left_at: found.booking.left_at,
        })
    }
}

/// Free text that staff, or their tablet, gave: trimmed, of at most so many characters, none of them a control character.
pub(crate) fn short(text: &str, most: usize, field: &str) -> Result<String> {
    let text = text.trim();
    if text.chars().count() > most || text.chars().any(char::is_control) {
        return Err(Error::field(field, Reason::Malformed));
    }
    Ok(text.to_owned())
}
