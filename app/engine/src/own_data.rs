//! A citizen's own data: what is kept of it in numbers, and all of it, once they have shown again that they hold the phone.

use std::collections::BTreeSet;

use domain::Uuid;
use domain::booking::BookingState;
use domain::error::{Error, Result};
use domain::own_data::{
    Ahead, FORM, Holdings, OwnAccount, OwnBooking, OwnConsent, OwnData, OwnDeed, OwnIdentity, OwnLeftOver, OwnMessage, OwnPerson,
    OwnSession,
};
use domain::person::Relation;
use domain::time::{civil, plus_days};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use crate::Engine;
use crate::accounts::Citizen;
use crate::audit::Actor;
use crate::error::internal;
use crate::outbox::{Body, kind_of, state_of};
use crate::people::{self, dose_out};
use crate::shown::Found;
use crate::store::entities::{account, audit as audit_row, booking, consent, message, person, session};
use crate::store::lists::lists;
use crate::tallies::Whence;

/// The conditions of the indexes of the audit, in their own words.
const BY_CITIZEN: &str = "actor = 'citizen' AND action NOT IN ('reserve', 'move', 'cancel')";
const OF_STAFF: &str = "actor = 'staff'";

impl Engine {
    /// What is kept about the citizen, in numbers, and what would be kept if they had it erased.
    ///
    /// # Errors
    /// `internal`
    pub async fn holdings(&self, citizen: &Citizen) -> Result<Holdings> {
        let found = self.find(booking::COLUMN.account_id.eq(citizen.account_id)).await?;
        let people = self.list_people(citizen).await?;
        let (today, from) = (self.today(), self.kept_from());
        let retention = self.config().retention;
        let mut kept = found
            .iter()
            .filter(|found| found.booking.state == BookingState::Redeemed.as_str() && found.slot.date >= from)
            .map(|found| plus_days(found.slot.date, retention.finished_days + 1))
            .collect::<Vec<_>>();
        kept.sort_unstable();
        let mut ahead = Vec::new();
        for found in found.iter().filter(|found| is_ahead(found, today)) {
            let code = domain::code::Code::parse(&found.booking.code).map_err(|_| Error::internal())?;
            ahead.push(Ahead { code, state: found.state(today)?, window: found.slot.window() });
        }
        ahead.sort_by_key(|ahead| (ahead.window.date, ahead.window.start));
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Ok(Holdings {
            people: number(people.len()),
            bookings: number(found.len()),
            ahead,
            must_keep: number(kept.len()),
            must_keep_until: kept.last().copied(),
            sensitive: self.sensitive_agreed(citizen).await?,
            finished_days: retention.finished_days,
            messages_days: retention.messages_days,
        })
    }

    /// Everything that is kept about the citizen. Audited.
    ///
    /// # Errors
    /// `invalid` on `code`; `too_many`.
    pub async fn own_data(&self, citizen: &Citizen, code: &str, whence: &Whence) -> Result<OwnData> {
        let phone = self.prove_phone(citizen, code, whence).await?;
        let now = self.now();
        self.deed(&self.store().write, Actor::Citizen(citizen.account_id), "own_data", citizen.account_id, None).await?;
        let account = account::Entity::find_by_id(citizen.account_id).one(&self.store().read).await.map_err(internal)?;
        let found = self.find(booking::COLUMN.account_id.eq(citizen.account_id)).await?;
        Ok(OwnData {
            form: FORM,
            service: format!("一针{} · Yizhen {}", self.city().name, self.city().name_en),
            made_at: now,
            account: OwnAccount {
                phone: phone.as_str().to_owned(),
                since: account.ok_or_else(Error::internal)?.created_at,
                vouched: self.known_identity(&self.store().read, citizen.account_id).await?.map(|known| OwnIdentity {
                    app: known.host,
                    name: known.name.as_str().to_owned(),
                    document_kind: known.document.kind(),
                    document_number: known.document.number().to_owned(),
                    born_on: known.born_on,
                }),
                wechat: self.has_wechat(citizen.account_id).await?,
                lang: self.lang_of(citizen.account_id).await?,
            },
            people: self.own_people(citizen, &found).await?,
            messages: self.own_messages(&self.phone_hash(&phone), &found).await?,
            history: self.own_history(citizen, &found).await?,
            bookings: found.into_iter().map(|found| self.own_booking_out(found)).collect::<Result<_>>()?,
            left_over: self.own_left_over(citizen).await?,
            consents: self.own_consents(citizen).await?,
            sessions: self.own_sessions(citizen).await?,
        })
    }

    async fn own_people(&self, citizen: &Citizen, found: &[Found]) -> Result<Vec<OwnPerson>> {
        let listed = person::Entity::find().filter(person::COLUMN.account_id.eq(citizen.account_id)).filter(people::listed());
        let mut rows = listed.order_by_asc(person::COLUMN.id).all(&self.store().read).await.map_err(internal)?;
        rows.sort_by_key(|row| row.relation != Relation::Myself.as_str());
        for kept in found.iter().map(|found| &found.person) {
            if rows.iter().all(|row| row.id != kept.id) {
                rows.push(kept.clone());
            }
        }
        let out = |row: person::Model| {
            let details = people::open(self.vault(), &row)?;
            Ok(OwnPerson {
                id: row.id,
                relation: row.relation.parse().map_err(|()| Error::internal())?,
                in_list: !row.removed,
                name: details.name.as_str().to_owned(),
                phone: details.phone.as_str().to_owned(),
                document_kind: details.document.kind(),
                document_number: details.document.number().to_owned(),
                born_on: details.born_on,
                county: details.county,
                address: details.address.as_str().to_owned(),
                since: row.created_at,
                changed_at: row.changed_at,
            })
        };
        rows.into_iter().map(out).collect()
    }

    fn own_booking_out(&self, found: Found) -> Result<OwnBooking> {
        let Found { booking, slot, .. } = &found;
        Ok(OwnBooking {
            code: booking.code.clone(),
            person_id: booking.person_id,
            state: found.state(self.today())?,
            vaccine: self.vaccine(&slot.vaccine_id)?.name,
            dose: dose_out(booking.dose),
            site: self.site(slot.site_id)?.name,
            window: slot.window(),
            previous_dose_on: booking.previous_dose_on,
            health_questions: booking.questions,
            notice: booking.consent_version.clone(),
            made_at: booking.created_at,
            changed_at: booking.changed_at,
            given_at: booking.redeemed_at,
            lot: booking.lot.clone(),
            given_at_site: booking.given_at_site.map(|id| self.site(id)).transpose()?.map(|site| site.name),
            arrived_at: booking.arrived_at,
            left_at: booking.left_at,
            turned_away: found.turned_away(),
        })
    }

    /// The messages to the number that are about no booking, and those about the account's bookings.
    async fn own_messages(&self, phone_hash: &[u8], found: &[Found]) -> Result<Vec<OwnMessage>> {
        let db = &self.store().read;
        let codes = message::Entity::find()
            .filter(message::COLUMN.to_hash.eq(phone_hash.to_vec()))
            .filter(Expr::cust("booking_code IS NULL"));
        let mut rows = codes.all(db).await.map_err(internal)?;
        for Found { booking, .. } in found {
            let about = message::Entity::find()
                .filter(message::COLUMN.booking_made_at.eq(booking.created_at))
                .filter(message::COLUMN.booking_code.eq(booking.code.as_str()));
            rows.extend(about.all(db).await.map_err(internal)?);
        }
        rows.sort_by_key(|row| (row.due_at, row.id));
        let out = |(row, body): (message::Model, Option<Body>)| {
            // what was taken back before it went was never worded
            let (to, text) = body.map(|body| (body.to, body.text)).unwrap_or_default();
            let (kind, state) = (kind_of(&row)?, state_of(&row)?);
            let at = row.handed_at.unwrap_or(row.due_at);
            Ok(OwnMessage { kind, to, text, at, state })
        };
        self.worded(rows).await?.into_iter().map(out).collect()
    }

    async fn own_left_over(&self, citizen: &Citizen) -> Result<Vec<OwnLeftOver>> {
        let out = |(row, sites): (crate::store::entities::left_over::Model, Vec<Uuid>)| {
            Ok(OwnLeftOver {
                person_id: row.person_id,
                course: row.course,
                dose: dose_out(row.dose),
                sites: sites.into_iter().map(|id| Ok(self.site(id)?.name)).collect::<Result<_>>()?,
                asked_at: row.asked_at,
                until: row.until,
                outcome: row.outcome,
                called_at: row.called_at,
            })
        };
        self.left_overs_of(citizen).await?.into_iter().map(out).collect()
    }

    async fn own_consents(&self, citizen: &Citizen) -> Result<Vec<OwnConsent>> {
        let rows =
            consent::Entity::find().filter(consent::COLUMN.account_id.eq(citizen.account_id)).order_by_asc(consent::COLUMN.at);
        let out = |row: consent::Model| OwnConsent { kind: row.kind, version: row.version, given: row.given, at: row.at };
        Ok(rows.all(&self.store().read).await.map_err(internal)?.into_iter().map(out).collect())
    }

    async fn own_sessions(&self, citizen: &Citizen) -> Result<Vec<OwnSession>> {
        let rows = session::Entity::find().filter(session::COLUMN.account_id.eq(citizen.account_id));
        let out = |row: session::Model| OwnSession { since: row.created_at, last_seen: row.last_seen_at };
        Ok(rows
            .order_by_asc(session::COLUMN.created_at)
            .all(&self.store().read)
            .await
            .map_err(internal)?
            .into_iter()
            .map(out)
            .collect())
    }

    /// What the citizen has done beside bookings, which tell of themselves; and what staff have done to these.
    async fn own_history(&self, citizen: &Citizen, found: &[Found]) -> Result<Vec<OwnDeed>> {
        let db = &self.store().read;
        let by_you =
            audit_row::Entity::find().filter(Expr::cust(BY_CITIZEN)).filter(audit_row::COLUMN.actor_id.eq(citizen.account_id));
        let mut rows = by_you.all(db).await.map_err(internal)?;
        let codes: BTreeSet<_> = found.iter().map(|found| found.booking.code.clone()).collect();
        for list in lists(&codes.into_iter().collect::<Vec<_>>()) {
            let by_staff = audit_row::Entity::find().filter(Expr::cust(OF_STAFF)).filter(audit_row::Column::Object.is_in(list));
            rows.extend(by_staff.all(db).await.map_err(internal)?);
        }
        rows.sort_by_key(|row| (row.at, row.id));
        let by = |actor_id: Option<Uuid>| if actor_id == Some(citizen.account_id) { "you" } else { "staff" };
        let out =
            |row: audit_row::Model| OwnDeed { at: row.at, by: by(row.actor_id).to_owned(), what: row.action, about: row.object };
        Ok(rows.into_iter().map(out).collect())
    }
}

/// Whether a booking waits for its day, or may wait again: its jab was recorded today, and can be taken back.
pub(crate) fn is_ahead(found: &Found, today: domain::NaiveDate) -> bool {
    match (found.booking.state.as_str(), found.booking.redeemed_at) {
        (_, Some(at)) => civil(at).date() == today,
        (state, None) => state == BookingState::Booked.as_str() && found.slot.date >= today,
    }
}
