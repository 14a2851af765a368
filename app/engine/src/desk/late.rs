//! Jabs that were recorded without a network, in the order of their time: each is recorded, known already, or kept beside what its
//! booking says. Nothing that a booking says is ever overwritten.

use domain::booking::BookingState;
use domain::code::Code;
use domain::offline::conflict::ConflictKind;
use domain::offline::late::{Became, LateAnswer, When, in_the_way};
use domain::reason::Reason;
use domain::{DateTime, Utc, Uuid};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{EntityTrait, PaginatorTrait, QueryFilter};

use super::batch::{Batch, Outcome};
use super::checkin::Jab;
use super::{Done, Trouble};
use crate::shown::LIVE;
use crate::store::entities::{audit, booking, conflict, message, slot};

/// What one tablet sends, sorted by time.
pub(crate) struct LateJabs(pub Vec<LateJab>);

/// One of them.
pub(crate) struct LateJab {
    pub code: Code,
    pub nonce: Uuid,
    pub when: When,
    /// The site where it was given.
    pub here: Uuid,
    /// Who gave it.
    pub staff_id: Uuid,
    /// Who sends it.
    pub sent_by: Uuid,
    pub lot: Option<String>,
    /// The lot's row, where the site had it open on that day.
    pub lot_id: Option<Uuid>,
    pub device: Option<String>,
    /// What tells of the next dose, where one follows.
    pub next_dose: Option<message::ActiveModel>,
    /// The id of the conflict that it may become.
    pub conflict_id: Uuid,
    /// What is written down where it is recorded, and where it is a conflict.
    pub audit: [audit::ActiveModel; 2],
}

impl LateJabs {
    pub(super) fn codes(&self) -> Vec<Code> {
        self.0.iter().map(|jab| jab.code).collect()
    }

    pub(super) async fn run(&self, batch: &mut Batch<'_>) -> Outcome {
        let mut answers = Vec::with_capacity(self.0.len());
        for jab in &self.0 {
            answers.push(jab.run(batch).await?);
        }
        Ok(Ok(Done::late(answers)))
    }
}

impl LateJab {
    async fn run(&self, batch: &mut Batch<'_>) -> Result<LateAnswer, Trouble> {
        if let Some(known) = self.known(batch).await? {
            return Ok(known);
        }
        let found = booking::Entity::find_by_id(self.code.to_string()).find_also_related(slot::Entity).one(batch.tx).await?;
        let Some((row, Some(slot))) = found else { return Ok(LateAnswer::refused(self.nonce, Reason::NotFound)) };
        // a state that this program does not know is one in which nobody waits
        let state = row.state.parse().unwrap_or(BookingState::Cancelled);
        let kind = match in_the_way(state, slot.date, slot.site_id, self.when.at, self.here) {
            None if state == BookingState::Missed && self.is_booked_again(batch, &row).await? => Some(ConflictKind::BookedAgain),
            other => other,
        };
        match kind {
            None => self.record(batch, &row).await,
            Some(kind) => self.keep(batch, kind, &row, slot.site_id).await,
        }
    }

    /// What became of the same scan before.
    async fn known(&self, batch: &Batch<'_>) -> Result<Option<LateAnswer>, Trouble> {
        let same = |code: &str, became| match code == self.code.as_str() {
            true => LateAnswer::of(self.nonce, became),
            false => LateAnswer::refused(self.nonce, Reason::RequestReused),
        };
        let recorded = booking::Entity::find().filter(booking::COLUMN.redeem_nonce.eq(self.nonce)).one(batch.tx).await?;
        if let Some(row) = recorded {
            return Ok(Some(same(&row.code, Became::Already)));
        }
        let kept = conflict::Entity::find().filter(conflict::COLUMN.nonce.eq(self.nonce)).one(batch.tx).await?;
        Ok(kept.map(|row| same(&row.booking_code, Became::Conflict)))
    }

    async fn is_booked_again(&self, batch: &Batch<'_>, row: &booking::Model) -> Result<bool, Trouble> {
        let others = booking::Entity::find()
            .filter(booking::COLUMN.person_hash.eq(row.person_hash.clone()))
            .filter(booking::COLUMN.course.eq(row.course.as_str()))
            .filter(booking::COLUMN.dose.eq(row.dose))
            .filter(booking::COLUMN.code.ne(row.code.as_str()))
            .filter(Expr::cust(LIVE));
        Ok(others.count(batch.tx).await? > 0)
    }

    async fn record(&self, batch: &mut Batch<'_>, row: &booking::Model) -> Result<LateAnswer, Trouble> {
        let jab = Jab {
            code: self.code,
            version: row.version,
            at: self.when.at,
            staff_id: self.staff_id,
            nonce: self.nonce,
            lot: self.lot.as_deref(),
            lot_id: self.lot_id,
            elsewhere: None,
            next_dose: self.next_dose.as_ref(),
            audit: &self.audit[0],
        };
        if !jab.record(batch, booking::COLUMN.state.eq(row.state.as_str())).await? {
            // another process was quicker: what was read no longer holds
            return Err(Trouble::Overtaken);
        }
        Ok(LateAnswer::of(self.nonce, Became::Recorded))
    }

    async fn keep(
        &self,
        batch: &mut Batch<'_>,
        kind: ConflictKind,
        row: &booking::Model,
        site_id: Uuid,
    ) -> Result<LateAnswer, Trouble> {
        let kept = conflict::ActiveModel {
            id: Set(self.conflict_id),
            nonce: Set(self.nonce),
            booking_code: Set(self.code.to_string()),
            site_id: Set(self.here),
            kind: Set(kind.as_str().to_owned()),
            at: Set(self.when.at),
            clamped: Set(self.when.clamped),
            staff_id: Set(self.staff_id),
            lot: Set(self.lot.clone()),
            device: Set(self.device.clone()),
            sent_by: Set(self.sent_by),
            sent_at: Set(batch.now),
            first_at: Set(row.redeemed_at),
            first_by: Set(row.redeemed_by),
            first_nonce: Set(row.redeem_nonce),
            first_lot: Set(row.lot.clone()),
            first_site_id: Set(site_id),
            settled_at: Set(None::<DateTime<Utc>>),
            settled_by: Set(None),
            decision: Set(None),
            note: Set(String::new()),
        };
        let there = OnConflict::column(conflict::Column::Nonce).do_nothing().to_owned();
        let kept = conflict::Entity::insert(kept).on_conflict(there).try_insert().exec_without_returning(batch.tx).await?;
        if matches!(kept, sea_orm::TryInsertResult::Conflicted) {
            return Err(Trouble::Overtaken);
        }
        batch.pending.audit.push(self.audit[1].clone());
        Ok(LateAnswer::of(self.nonce, Became::Conflict))
    }
}
