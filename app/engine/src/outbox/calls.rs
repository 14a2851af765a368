//! Whom staff call: people whom a message did not reach, while what it should have told still matters to them.

use domain::access::{Action, Place, may};
use domain::booking::BookingState;
use domain::code::Code;
use domain::error::{Error, Result};
use domain::message::{AsItIs, CallCount, CallList, DOUBTED, MessageKind, MessageState, NotArrived, ToCall, matters, not_arrived};
use domain::reason::Reason;
use domain::{DateTime, Utc, Uuid};
use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::row::{FAILED, OPEN, kind_of, state_of};
use crate::Engine;
use crate::audit::Actor;
use crate::error::internal;
use crate::people;
use crate::shown::Found;
use crate::staff::Staff;
use crate::store::entities::{booking, message, slot};

/// Messages that a call list looks at, at most: who has worked through it finds the next ones.
const MOST: u64 = 200;

/// Somebody who does not know what they should.
struct Unheard {
    row: message::Model,
    kind: MessageKind,
    found: Found,
    why: NotArrived,
}

impl Engine {
    /// Who should be told by telephone what a message did not tell them: at one's own site, for the office everywhere. Reading it is audited.
    ///
    /// # Errors
    /// `forbidden`
    pub async fn call_list(&self, staff: &Staff) -> Result<CallList> {
        let site = self.calls_for(staff)?;
        let object = site.map_or_else(|| "-".to_owned(), |site| site.to_string());
        self.deed(&self.store().write, Actor::Staff(staff.id), Action::ReadCallList.as_str(), object, None).await?;
        let (unheard, more) = self.unheard(site).await?;
        let mut rows = unheard.into_iter().map(|one| self.to_call(one)).collect::<Result<Vec<_>>>()?;
        rows.sort_by_key(|row| (row.window.date, row.window.start, row.code));
        Ok(CallList { rows, more })
    }

    /// How many there are: it names nobody, and is not audited.
    ///
    /// # Errors
    /// `forbidden`
    pub async fn call_count(&self, staff: &Staff) -> Result<CallCount> {
        let (unheard, _) = self.unheard(self.calls_for(staff)?).await?;
        Ok(CallCount { count: u32::try_from(unheard.len()).unwrap_or(u32::MAX) })
    }

    /// Somebody of the staff has told it by telephone: this message needs nobody any more, nor does any other of the same version of its
    /// booking. Said twice, it changes nothing the second time.
    ///
    /// # Errors
    /// `not_found` on `id`; `forbidden` at another site; `wrong_state` for a message that arrived meanwhile, or was none of those.
    pub async fn called(&self, staff: &Staff, id: Uuid) -> Result<()> {
        self.allow_somewhere(staff, Action::ReadCallList)?;
        let missing = || Error::field("id", Reason::NotFound);
        let row = message::Entity::find_by_id(id).one(&self.store().read).await.map_err(internal)?.ok_or_else(missing)?;
        let code = row.booking_code.as_deref().and_then(|code| Code::parse(code).ok()).ok_or_else(missing)?;
        let (made_at, version) = (row.booking_made_at.ok_or_else(missing)?, row.booking_version.ok_or_else(missing)?);
        let found = self.booking(code).await?.ok_or_else(missing)?;
        self.allow(staff, Action::ReadCallList, found.slot.site_id, code)?;
        let tx = self.store().begin().await.map_err(internal)?;
        let told = message::Entity::update_many()
            .col_expr(message::Column::State, Expr::value(MessageState::Called.as_str()))
            .filter(message::COLUMN.booking_made_at.eq(made_at))
            .filter(message::COLUMN.booking_code.eq(code.as_str()))
            .filter(message::COLUMN.booking_version.eq(version))
            .filter(message::Column::State.is_in([MessageState::Failed.as_str(), MessageState::InDoubt.as_str()]))
            .exec(&tx)
            .await
            .map_err(internal)?;
        if told.rows_affected == 0 {
            let now = message::Entity::find_by_id(id).one(&tx).await.map_err(internal)?.ok_or_else(missing)?;
            let again = now.state == MessageState::Called.as_str();
            return if again { Ok(()) } else { Err(Error::new(Reason::ChangedMeanwhile)) };
        }
        self.deed(&tx, Actor::Staff(staff.id), "told_by_telephone", code, Some(row.kind)).await?;
        tx.commit().await.map_err(internal)
    }

    /// The site whose calls are theirs to make; nothing: those of all.
    fn calls_for(&self, staff: &Staff) -> Result<Option<Uuid>> {
        self.allow_somewhere(staff, Action::ReadCallList)?;
        let everywhere = may(staff.member.role, staff.member.standing, Action::ReadCallList, Place::Elsewhere);
        match staff.member.site_id {
            _ if everywhere => Ok(None),
            Some(site) => Ok(Some(site)),
            None => Err(Error::new(Reason::SiteNotChosen)),
        }
    }

    /// Bookings that still matter and a message about which did not arrive, one each; and whether there are more.
    async fn unheard(&self, site: Option<Uuid>) -> Result<(Vec<Unheard>, bool)> {
        let now = self.now();
        let mut rows = self.lost(FAILED, site).all(&self.store().read).await.map_err(internal)?;
        let doubted = self
            .lost(OPEN, site)
            .filter(message::COLUMN.state.eq(MessageState::InDoubt.as_str()))
            .filter(message::COLUMN.handed_at.lte(now - DOUBTED))
            .all(&self.store().read)
            .await
            .map_err(internal)?;
        let more = [rows.len(), doubted.len()].into_iter().any(|read| read as u64 == MOST);
        rows.extend(doubted);
        let mut bookings = self.bookings_told(&rows).await?;
        // who has booked again after a cancellation is on their way already
        let cancelled = bookings.values().filter(|found| found.booking.state == BookingState::Cancelled.as_str()).collect();
        let settled = self.settled(cancelled).await?;
        let mut unheard = Vec::with_capacity(bookings.len());
        for row in rows {
            let Some(code) = row.booking_code.as_ref() else { continue };
            let Some(found) = bookings.get(code) else { continue };
            let settled = settled.get(code).copied().unwrap_or(false);
            if let Some((kind, why)) = self.is_unheard(&row, found, settled, now)? {
                // the first of them tells of the others as well
                let Some(found) = bookings.remove(code) else { continue };
                unheard.push(Unheard { row, kind, found, why });
            }
        }
        Ok((unheard, more))
    }

    fn is_unheard(
        &self,
        row: &message::Model,
        found: &Found,
        settled: bool,
        now: DateTime<Utc>,
    ) -> Result<Option<(MessageKind, NotArrived)>> {
        let (kind, state) = (kind_of(row)?, state_of(row)?);
        let version = row.booking_version.unwrap_or_default();
        let booking =
            AsItIs { state: found.state(self.today())?, version: found.booking.version, window: found.slot.window(), settled };
        let why = not_arrived(kind, state, row.handed_at, now).filter(|_| matters(kind, version, &booking, now));
        Ok(why.map(|why| (kind, why)))
    }

    /// Messages under a condition of an index, about bookings of today or later, at a site or at all.
    fn lost(&self, condition: &'static str, site: Option<Uuid>) -> sea_orm::Select<message::Entity> {
        let kinds = MessageKind::ALL.iter().filter(|kind| may_matter(**kind)).map(|kind| kind.as_str());
        message::Entity::find()
            .filter(Expr::cust(condition))
            .filter(message::Column::Kind.is_in(kinds))
            .filter(Expr::exists(self.to_come(site)))
            .order_by_asc(message::COLUMN.due_at)
            .limit(MOST)
    }

    /// Whether the booking of a message is for today or later: by two primary keys a message.
    fn to_come(&self, site: Option<Uuid>) -> SelectStatement {
        let mut to_come = Query::select();
        to_come
            .expr(Expr::val(1))
            .from(booking::Entity)
            .inner_join(
                slot::Entity,
                Expr::col((slot::Entity, slot::Column::Id)).equals((booking::Entity, booking::Column::SlotId)),
            )
            .and_where(Expr::col((booking::Entity, booking::Column::Code)).equals((message::Entity, message::Column::BookingCode)))
            .and_where(Expr::col((slot::Entity, slot::Column::Date)).gte(self.today()))
            .and_where_option(site.map(|site| Expr::col((slot::Entity, slot::Column::SiteId)).eq(site)));
        to_come
    }

    fn to_call(&self, Unheard { row, kind, found, why }: Unheard) -> Result<ToCall> {
        let site = self.site(found.slot.site_id)?;
        Ok(ToCall {
            id: row.id,
            code: Code::parse(&found.booking.code).map_err(|_| Error::internal())?,
            kind,
            name: people::open(self.vault(), &found.person)?.name.masked(),
            site_id: site.id,
            site_name: site.name,
            site_name_en: site.name_en,
            window: found.slot.window(),
            why,
        })
    }
}

/// Whether a message of a kind may ever be worth a call; `domain` decides about the one.
fn may_matter(kind: MessageKind) -> bool {
    matches!(kind, MessageKind::Booked | MessageKind::Moved | MessageKind::Reminder | MessageKind::CancelledBySite)
}
