//! The steps around the jab: who has come, who is under observation, who is let go, and who went home without it.

use domain::access::Action;
use domain::booking::{BookingState, Transition};
use domain::checkin::VisitSeen;
use domain::code::Code;
use domain::error::{Error, Result};
use domain::flow::{Observation, Observed, Stepped, Steps, TurnAway, TurnedAway, Visit, WentHome};
use domain::reason::Reason;
use domain::time::age_on;
use domain::{NaiveDate, Uuid};
use sea_orm::sea_query::ExprTrait;

use crate::Engine;
use crate::audit::{self, Actor};
use crate::desk::{CallOff, Job, Step, Stride};
use crate::people;
use crate::shown::Found;
use crate::staff::Staff;
use crate::store::entities::{booking, slot};

impl Found {
    /// Where the jab is, or was, given.
    pub(crate) fn given_site(&self) -> Uuid {
        self.booking.given_at_site.unwrap_or(self.slot.site_id)
    }

    /// The day on which it is, or was.
    pub(crate) fn given_on(&self) -> NaiveDate {
        self.booking.given_on.unwrap_or(self.slot.date)
    }

    /// How far its person has come at the site. An arrival on a day that is over was another visit.
    pub(crate) fn visit(&self, today: NaiveDate) -> Result<Visit> {
        let state = self.state(today)?;
        let of_this_visit =
            |at: &domain::DateTime<domain::Utc>| state != BookingState::Booked || domain::time::civil(*at).date() == today;
        Ok(Visit {
            state,
            arrived_at: self.booking.arrived_at.filter(of_this_visit),
            redeemed_at: self.booking.redeemed_at,
            left_at: self.booking.left_at,
        })
    }

    /// Whether nobody has asked the health questions yet.
    pub(crate) fn is_to_be_asked(&self) -> bool {
        self.booking.questions == domain::screening::NOT_ASKED
    }

    /// Why its person went home without the jab.
    pub(crate) fn turned_away(&self) -> Option<TurnedAway> {
        self.booking.turned_away.as_deref().and_then(|word| word.parse().ok())
    }
}

impl Engine {
    /// With how many steps the sites work.
    pub(crate) fn steps(&self) -> Steps {
        self.config().city.on_site.steps
    }

    pub(crate) fn visit_seen(&self, found: &Found) -> Result<VisitSeen> {
        let (visit, steps) = (found.visit(self.today())?, self.steps());
        Ok(VisitSeen {
            steps: Some(steps),
            next: Some(visit.next(steps, self.now())),
            arrived_at: visit.arrived_at,
            observe_until: visit.observe_until(steps),
            left_at: visit.left_at,
            lot: found.booking.lot.clone(),
            turned_away: found.turned_away(),
            may_accept: None,
        })
    }

    /// Says that the person of a booking has come: today, at its site. Again changes nothing.
    ///
    /// # Errors
    /// `invalid` on `code`; `not_found`; `forbidden` at another site; `already_redeemed`; `wrong_state` when it is cancelled, missed or for
    /// another day.
    pub async fn arrive(&self, staff: &Staff, code: &str) -> Result<Stepped> {
        let found = self.received(staff, code).await?;
        found.state(self.today())?.after(Transition::Redeem)?;
        if found.slot.date != self.today() {
            return Err(Error::new(Reason::OtherDay { date: found.slot.date }));
        }
        self.step(staff, &found, Stride::Arrive, "arrive", None).await
    }

    /// Lets somebody go after their jab: on its day, where it was given. Again changes nothing. That they went before their time is audited.
    ///
    /// # Errors
    /// As [`Engine::arrive`]; `wrong_state` when no jab is recorded.
    pub async fn leave(&self, staff: &Staff, code: &str) -> Result<Stepped> {
        let found = self.received(staff, code).await?;
        match found.state(self.today())? {
            BookingState::Redeemed if found.given_on() == self.today() => {}
            BookingState::Redeemed => return Err(Error::new(Reason::OtherDay { date: found.given_on() })),
            BookingState::Booked => return Err(Error::new(Reason::NoJabYet)),
            over => drop(over.after(Transition::Redeem)?),
        }
        let until = found.visit(self.today())?.observe_until(Steps::Observe);
        let early = until.is_some_and(|until| self.now() < until).then(|| "early".to_owned());
        self.step(staff, &found, Stride::Leave, "leave", early).await
    }

    /// A booking that this member of staff receives people for.
    async fn received(&self, staff: &Staff, code: &str) -> Result<Found> {
        self.allow_somewhere(staff, Action::Receive)?;
        let code = Code::parse(code)?;
        let found = self.booking(code).await?.ok_or_else(|| Error::field("code", Reason::NotFound))?;
        self.allow(staff, Action::Receive, found.given_site(), code)?;
        Ok(found)
    }

    async fn step(&self, staff: &Staff, found: &Found, stride: Stride, action: &str, detail: Option<String>) -> Result<Stepped> {
        let code = Code::parse(&found.booking.code).map_err(|_| Error::internal())?;
        let audit = audit::row(self.vault(), self.now(), Actor::Staff(staff.id), action, code, detail);
        let step = Step { code, version: found.booking.version, stride, staff_id: staff.id, audit };
        self.desk().ask(Job::Step(Box::new(step))).await?;
        let found = self.booking(code).await?.ok_or_else(|| Error::field("code", Reason::NotFound))?;
        let seen = self.visit_seen(&found)?;
        let next = seen.next.ok_or_else(Error::internal)?;
        Ok(Stepped { code, arrived_at: seen.arrived_at, left_at: seen.left_at, next })
    }

    /// Who is under observation at a site, who may go first. Reading it is audited, unless the page does so by itself.
    ///
    /// # Errors
    /// `not_found` for an unknown site; `forbidden` for another site's.
    pub async fn observed(&self, staff: &Staff, site_id: Uuid, by_itself: bool) -> Result<Observation> {
        self.allow_at_site(staff, Action::Receive, site_id)?;
        if !by_itself {
            self.deed(&self.store().write, Actor::Staff(staff.id), "read_observation", site_id, None).await?;
        }
        let steps = self.steps();
        let mut people = vec![];
        if steps == Steps::Observe {
            for found in self.jabs_of_today(site_id).await? {
                if found.booking.left_at.is_none() {
                    people.extend(self.observed_out(&found)?);
                }
            }
            people.sort_by_key(|one| (one.until, one.code));
        }
        Ok(Observation { site_id, steps, now: self.now(), people })
    }

    /// The jabs that were given at a site today, whatever site and day they were booked for.
    async fn jabs_of_today(&self, site_id: Uuid) -> Result<Vec<Found>> {
        let redeemed = booking::COLUMN.state.eq(BookingState::Redeemed.as_str());
        let here = slot::COLUMN.site_id.eq(site_id).and(slot::COLUMN.date.eq(self.today()));
        let mut found = self.find(here.and(redeemed).and(booking::COLUMN.given_at_site.is_null())).await?;
        found.extend(self.accepted(site_id, self.today()).await?);
        Ok(found)
    }

    /// The jabs that were given at a site on a day and had been booked for another site or day.
    pub(crate) async fn accepted(&self, site_id: Uuid, on: NaiveDate) -> Result<Vec<Found>> {
        self.find(booking::COLUMN.given_at_site.eq(site_id).and(booking::COLUMN.given_on.eq(on))).await
    }

    fn observed_out(&self, found: &Found) -> Result<Option<Observed>> {
        let visit = found.visit(self.today())?;
        let (Some(redeemed_at), Some(until)) = (visit.redeemed_at, visit.observe_until(Steps::Observe)) else { return Ok(None) };
        let details = people::open(self.vault(), &found.person)?;
        let vaccine = self.vaccine(&found.slot.vaccine_id)?;
        Ok(Some(Observed {
            code: Code::parse(&found.booking.code).map_err(|_| Error::internal())?,
            name: details.name.as_str().to_owned(),
            age: age_on(details.born_on, self.today()).unwrap_or(0),
            document_last_four: details.document.last_four().to_owned(),
            vaccine_name: vaccine.name,
            vaccine_name_en: vaccine.name_en,
            dose: found.dose(),
            redeemed_at,
            until,
        }))
    }

    /// Sends somebody home without the jab: today, at the booking's site. Their place is free, and they may book again at once. The same nonce
    /// again gives the same answer.
    ///
    /// # Errors
    /// `invalid` on `code` or `detail`; `not_found`; `forbidden` at another site; `already_redeemed`; `wrong_state` when it is cancelled,
    /// missed or for another day.
    pub async fn turn_away(&self, staff: &Staff, turn_away: &TurnAway) -> Result<WentHome> {
        self.allow_somewhere(staff, Action::TurnAway)?;
        let code = Code::parse(&turn_away.code)?;
        let why = turn_away.why()?;
        let found = self.booking(code).await?.ok_or_else(|| Error::field("code", Reason::NotFound))?;
        self.allow(staff, Action::TurnAway, found.slot.site_id, code)?;
        let home = WentHome { code, state: BookingState::Cancelled, reason: turn_away.reason };
        if is_answered(&found, turn_away) {
            return Ok(home);
        }
        match self.try_to_turn_away(staff, turn_away, why, code, &found).await {
            Ok(_) => Ok(home),
            // by this very intent, in another try that was quicker
            Err(error) => match self.booking(code).await? {
                Some(found) if is_answered(&found, turn_away) => Ok(home),
                _ => Err(error),
            },
        }
    }

    async fn try_to_turn_away(&self, staff: &Staff, turn_away: &TurnAway, why: String, code: Code, found: &Found) -> Result<Code> {
        found.state(self.today())?.after(Transition::Cancel)?;
        if found.slot.date != self.today() {
            return Err(Error::new(Reason::OtherDay { date: found.slot.date }));
        }
        let judged = self.judged(found, &self.vaccine(&found.slot.vaccine_id)?).await?;
        let job = CallOff {
            code,
            version: found.booking.version,
            dose: found.dose(),
            judged,
            slot_id: found.slot.id,
            turned_away: Some((turn_away.reason, turn_away.nonce)),
            // they stand there, and hear it from a nurse
            message: None,
            audit: audit::row(self.vault(), self.now(), Actor::Staff(staff.id), "turn_away", code, Some(why)),
        };
        self.desk().ask(Job::CallOff(Box::new(job))).await
    }
}

fn is_answered(found: &Found, turn_away: &TurnAway) -> bool {
    found.booking.turned_away_nonce == Some(turn_away.nonce) && found.turned_away() == Some(turn_away.reason)
}
