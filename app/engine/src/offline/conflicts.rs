//! The manager's desk: what late records disagree on, both sides of it, and how it was settled.

use std::collections::HashMap;

use chrono::TimeDelta;
use domain::access::Action;
use domain::booking::BookingState;
use domain::code::Code;
use domain::error::{Error, Result};
use domain::offline::conflict::{Conflict, ConflictCount, ConflictKind, Conflicts, Decision, JabRecord, Settle, Settled};
use domain::reason::Reason;
use domain::{DateTime, Utc, Uuid};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::Engine;
use crate::audit::Actor;
use crate::error::internal;
use crate::people;
use crate::shown::Found;
use crate::staff::Staff;
use crate::store::entities::{booking, conflict};

/// How many are shown at once, at most.
const MOST: u64 = 200;
/// How long a settled one is still shown.
const SHOWN: TimeDelta = TimeDelta::days(7);

impl Engine {
    /// A site's conflicts: the open ones, then those that were settled in the last days. Reading them is audited.
    ///
    /// # Errors
    /// `not_found` on `site_id`; `forbidden`.
    pub async fn conflicts(&self, staff: &Staff, site_id: Uuid) -> Result<Conflicts> {
        self.allow_at_site(staff, Action::SettleConflict, site_id)?;
        self.deed(&self.store().write, Actor::Staff(staff.id), "read_conflicts", site_id, None).await?;
        let since = conflict::Column::SettledAt.is_null().or(conflict::Column::SettledAt.gte(self.now() - SHOWN));
        let rows = conflict::Entity::find()
            .filter(conflict::COLUMN.site_id.eq(site_id))
            .filter(since)
            .order_by_asc(Expr::cust("CASE WHEN settled_at IS NULL THEN 0 ELSE 1 END"))
            .order_by_asc(conflict::Column::At)
            .limit(MOST)
            .all(&self.store().read)
            .await
            .map_err(internal)?;
        let more = rows.len() as u64 == MOST;
        let named: Vec<Uuid> = rows.iter().flat_map(|row| [Some(row.staff_id), row.first_by, row.settled_by]).flatten().collect();
        let names = self.staff_names(named).await?;
        let codes: Vec<_> = rows.iter().map(|row| row.booking_code.clone()).collect();
        // also of somebody who was forgotten meanwhile
        let bookings = self.find_any(booking::Column::Code.is_in(codes)).await?;
        let bookings: HashMap<_, _> = bookings.into_iter().map(|found| (found.booking.code.clone(), found)).collect();
        let shown = rows.into_iter().map(|row| {
            let found = bookings.get(&row.booking_code).ok_or_else(Error::internal)?;
            self.conflict_out(row, found, &names)
        });
        Ok(Conflicts { rows: shown.collect::<Result<_>>()?, more })
    }

    /// How many are open: it names nobody, and is not audited.
    ///
    /// # Errors
    /// `not_found` on `site_id`; `forbidden`.
    pub async fn conflict_count(&self, staff: &Staff, site_id: Uuid) -> Result<ConflictCount> {
        self.allow_at_site(staff, Action::SettleConflict, site_id)?;
        let open = conflict::Entity::find()
            .filter(conflict::COLUMN.site_id.eq(site_id))
            .filter(conflict::Column::SettledAt.is_null())
            .count(&self.store().read)
            .await
            .map_err(internal)?;
        Ok(ConflictCount { count: u32::try_from(open).unwrap_or(u32::MAX) })
    }

    /// Says what was found out about a conflict, once. The booking stays as it is: what has to be changed there has its own way.
    ///
    /// # Errors
    /// `not_found` on `id`; `forbidden` at another site; `invalid` on `decision` or `note`; `wrong_state` where it was settled otherwise.
    pub async fn settle(&self, staff: &Staff, settle: &Settle) -> Result<()> {
        self.allow_somewhere(staff, Action::SettleConflict)?;
        let missing = || Error::field("id", Reason::NotFound);
        let row = conflict::Entity::find_by_id(settle.id).one(&self.store().read).await.map_err(internal)?.ok_or_else(missing)?;
        self.allow(staff, Action::SettleConflict, row.site_id, &row.booking_code)?;
        let note = settle.checked_note()?;
        if !settle.decision.fits(kind_of(&row)?) {
            return Err(Error::field("decision", Reason::Malformed));
        }
        let tx = self.store().begin().await.map_err(internal)?;
        let settled = conflict::Entity::update_many()
            .col_expr(conflict::Column::SettledAt, Expr::value(self.now()))
            .col_expr(conflict::Column::SettledBy, Expr::value(staff.id))
            .col_expr(conflict::Column::Decision, Expr::value(settle.decision.as_str()))
            .col_expr(conflict::Column::Note, Expr::value(note))
            .filter(conflict::COLUMN.id.eq(settle.id))
            .filter(conflict::Column::SettledAt.is_null())
            .exec(&tx)
            .await
            .map_err(internal)?;
        if settled.rows_affected == 0 {
            let now = conflict::Entity::find_by_id(settle.id).one(&tx).await.map_err(internal)?.ok_or_else(missing)?;
            let same = now.decision.as_deref() == Some(settle.decision.as_str()) && now.note == note;
            return if same { Ok(()) } else { Err(Error::new(Reason::ChangedMeanwhile)) };
        }
        let detail = format!("{} {}", settle.id, settle.decision);
        self.deed(&tx, Actor::Staff(staff.id), "settle_conflict", &row.booking_code, Some(detail)).await?;
        tx.commit().await.map_err(internal)
    }

    fn conflict_out(&self, row: conflict::Model, found: &Found, names: &HashMap<Uuid, String>) -> Result<Conflict> {
        let kind = kind_of(&row)?;
        let record = |at: DateTime<Utc>, by: Uuid, site: Uuid, lot: Option<String>, nonce: Uuid, device: Option<String>| {
            let site = self.site(site)?;
            let by = names.get(&by).cloned().unwrap_or_default();
            Ok(JabRecord { at, by, site_name: site.name, site_name_en: site.name_en, lot, nonce, device })
        };
        let first = match (row.first_at, row.first_by, row.first_nonce) {
            (Some(at), Some(by), Some(nonce)) => Some(record(at, by, row.first_site_id, row.first_lot, nonce, None)?),
            _ => None,
        };
        let settled = match (row.settled_at, row.settled_by, row.decision.as_deref()) {
            (Some(at), Some(by), Some(word)) => {
                let decision: Decision = word.parse().map_err(|()| Error::internal())?;
                Some(Settled { at, by: names.get(&by).cloned().unwrap_or_default(), decision, note: row.note })
            }
            _ => None,
        };
        let name = match () {
            // of somebody who was forgotten meanwhile there is none
            () if found.person.sealed.is_empty() => String::new(),
            () if found.slot.site_id == row.site_id => people::open(self.vault(), &found.person)?.name.as_str().to_owned(),
            () => people::open(self.vault(), &found.person)?.name.masked(),
        };
        let (site, vaccine) = (self.site(found.slot.site_id)?, self.vaccine(&found.slot.vaccine_id)?);
        Ok(Conflict {
            id: row.id,
            code: Code::parse(&row.booking_code).map_err(|_| Error::internal())?,
            kind,
            name,
            state: found.booking.state.parse::<BookingState>().map_err(|()| Error::internal())?,
            vaccine_name: vaccine.name,
            vaccine_name_en: vaccine.name_en,
            dose: found.dose(),
            window: found.slot.window(),
            site_name: site.name,
            site_name_en: site.name_en,
            first,
            late: record(row.at, row.staff_id, row.site_id, row.lot, row.nonce, row.device)?,
            clamped: row.clamped,
            sent_at: row.sent_at,
            settled,
        })
    }
}

fn kind_of(row: &conflict::Model) -> Result<ConflictKind> {
    row.kind.parse().map_err(|()| Error::internal())
}
