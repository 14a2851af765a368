//! The demo's citizen: an account with four people and a booking in each of the four states, so that every page has
//! something to show without anything having been done.

use domain::booking::BookingState;
use domain::chrono::Duration;
use domain::code::Code;
use domain::error::Result;
use domain::identity::Phone;
use domain::message::MessageKind;
use domain::person::{Details, Relation};
use domain::screening;
use domain::time::instant;
use domain::vaccine::Vaccine;
use domain::{DateTime, NaiveDate, Utc, Uuid};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};

use super::crowd::{account_row, insert_all, person_row};
use super::{day, invent};
use crate::Engine;
use crate::city_file::stable_id;
use crate::error::internal;
use crate::outbox::{About, drop_queued};
use crate::store::entities::{account, booking, message, person, site, slot};

/// The phone that signs in as the demo's citizen.
pub(super) const DEMO_PHONE: &str = "13800138000";

/// Somebody of the family.
struct Member {
    relation: Relation,
    name: &'static str,
    born: (i32, u32, u32),
    /// Where their booking stands.
    state: BookingState,
}

const MEMBERS: [Member; 4] = [
    Member { relation: Relation::Myself, name: "周明远", born: (1986, 3, 14), state: BookingState::Booked },
    Member { relation: Relation::Other, name: "李秀兰", born: (1957, 9, 2), state: BookingState::Redeemed },
    Member { relation: Relation::Other, name: "周国平", born: (1955, 12, 20), state: BookingState::Cancelled },
    Member { relation: Relation::Other, name: "唐桂香", born: (1963, 6, 8), state: BookingState::Missed },
];

/// What the family's bookings are made with.
pub(super) struct Family<'a, C> {
    pub(super) engine: &'a Engine,
    pub(super) db: &'a C,
    pub(super) site: &'a site::Model,
    pub(super) vaccine: &'a Vaccine,
    pub(super) nurse: Uuid,
    pub(super) now: DateTime<Utc>,
}

impl<C: ConnectionTrait> Family<'_, C> {
    /// Makes the account with its people and bookings; on a later day, gives it a booking to come if it has none.
    pub(super) async fn settle(&self) -> Result<()> {
        let phone = Phone::parse(DEMO_PHONE)?;
        let known = account::Entity::find().filter(account::COLUMN.phone_hash.eq(self.engine.phone_hash(&phone)));
        match known.one(self.db).await.map_err(internal)? {
            None => self.move_in(&phone).await,
            Some(account) => self.book_again(account.id, &phone).await,
        }
    }

    async fn move_in(&self, phone: &Phone) -> Result<()> {
        let account_id = stable_id(&["demo", "family"]);
        let row = account_row(self.engine, account_id, phone, self.now)?;
        account::Entity::insert(row).exec_without_returning(self.db).await.map_err(internal)?;
        for Member { relation, name, born, state } in MEMBERS {
            let details = details(name, born, phone, &self.site.county);
            let id = stable_id(&["demo", "family", name]);
            let row = person_row(self.engine, id, account_id, relation, &details, self.now)?;
            person::Entity::insert(row).exec_without_returning(self.db).await.map_err(internal)?;
            self.book(account_id, id, &details, state).await?;
        }
        Ok(())
    }

    /// Whoever of the family has nothing booked or given gets the booking to come.
    async fn book_again(&self, account_id: Uuid, phone: &Phone) -> Result<()> {
        let live = [BookingState::Booked.as_str(), BookingState::Redeemed.as_str()];
        let of_account =
            booking::Entity::find().filter(booking::COLUMN.account_id.eq(account_id)).filter(booking::COLUMN.state.is_in(live));
        if of_account.all(self.db).await.map_err(internal)?.iter().any(|row| row.state == BookingState::Booked.as_str()) {
            return Ok(());
        }
        for Member { name, born, .. } in MEMBERS {
            let id = stable_id(&["demo", "family", name]);
            let Some(row) = person::Entity::find_by_id(id).one(self.db).await.map_err(internal)? else { continue };
            let same = booking::Entity::find()
                .filter(booking::COLUMN.person_hash.eq(row.person_hash.clone()))
                .filter(booking::COLUMN.state.is_in(live));
            if row.account_id == account_id && !row.removed && same.one(self.db).await.map_err(internal)?.is_none() {
                let details = details(name, born, phone, &self.site.county);
                return self.book(account_id, id, &details, BookingState::Booked).await;
            }
        }
        Ok(())
    }

    async fn book(&self, account_id: Uuid, person_id: Uuid, details: &Details, state: BookingState) -> Result<()> {
        let Some(slot) = self.free_slot(state).await? else { return Ok(()) };
        let begins = instant(slot.date, slot.start_time);
        let made = Ord::max(Ord::min(begins, self.now) - Duration::hours(20), slot.opens_at);
        let code = self.engine.vault().entropy().code();
        let done = (state == BookingState::Redeemed).then_some(begins + Duration::minutes(7));
        let row = booking::ActiveModel {
            code: Set(code.to_string()),
            account_id: Set(account_id),
            person_id: Set(person_id),
            person_hash: Set(self.engine.person_hash(&details.document)),
            slot_id: Set(slot.id),
            course: Set(self.vaccine.course.clone()),
            dose: Set(1),
            state: Set(state.as_str().to_owned()),
            version: Set(1),
            previous_dose_on: Set(None),
            questions: Set(screening::VERSION),
            consent_version: Set(self.engine.notice().version.clone()),
            created_at: Set(made),
            changed_at: Set(done.unwrap_or(made)),
            redeemed_at: Set(done),
            redeemed_by: Set(done.map(|_| self.nurse)),
            redeem_nonce: Set(done.map(|_| self.engine.new_id())),
            lot: Set(done.map(|_| day::LOT.to_owned())),
            ..Default::default()
        };
        booking::Entity::insert(row).exec_without_returning(self.db).await.map_err(internal)?;
        if state != BookingState::Cancelled {
            take_place(self.db, slot.id, self.now).await.map_err(internal)?;
        }
        self.tell(code, details, &slot, state, made).await
    }

    /// The messages that the booking would have led to.
    async fn tell(
        &self,
        code: Code,
        details: &Details,
        slot: &slot::Model,
        state: BookingState,
        made: DateTime<Utc>,
    ) -> Result<()> {
        let about = About { code, made_at: made, version: 1, phone: &details.phone, window: slot.window() };
        let messages = self.engine.booking_messages(MessageKind::Booked, &about, made);
        insert_all::<message::Entity, _>(messages, self.db).await.map_err(internal)?;
        if state == BookingState::Cancelled {
            drop_queued(self.db, code.as_str(), self.now).await.map_err(internal)?;
            let row = self.engine.booking_message(MessageKind::Cancelled, &about, self.now, self.now);
            message::Entity::insert(row).exec_without_returning(self.db).await.map_err(internal)?;
        }
        Ok(())
    }

    /// A window with a free place: later today for the booking to come (tomorrow morning, late in the evening), tomorrow for the
    /// cancelled one, yesterday for what is past.
    async fn free_slot(&self, state: BookingState) -> Result<Option<slot::Model>> {
        let today = domain::time::civil(self.now).date();
        let (tomorrow, yesterday) = (today.succ_opt().unwrap_or(today), today.pred_opt().unwrap_or(today));
        let days: &[NaiveDate] = match state {
            BookingState::Booked => &[today, tomorrow],
            BookingState::Cancelled => &[tomorrow],
            BookingState::Redeemed | BookingState::Missed => &[yesterday],
        };
        for date in days {
            let rows = slot::Entity::find()
                .filter(slot::COLUMN.site_id.eq(self.site.id))
                .filter(slot::COLUMN.vaccine_id.eq(self.vaccine.id.as_str()))
                .filter(slot::COLUMN.date.eq(*date))
                .order_by_asc(slot::COLUMN.start_time)
                .all(self.db)
                .await
                .map_err(internal)?;
            let morning = instant(*date, domain::NaiveTime::from_hms_opt(9, 0, 0).unwrap_or_default());
            let from = if *date == today { self.now + Duration::minutes(20) } else { morning };
            let fits = |row: &slot::Model| row.taken < row.capacity && !row.closed && instant(row.date, row.start_time) >= from;
            if let Some(row) = rows.into_iter().find(fits) {
                return Ok(Some(row));
            }
        }
        Ok(None)
    }
}

fn details(name: &str, (year, month, day): (i32, u32, u32), phone: &Phone, county: &str) -> Details {
    let born_on = NaiveDate::from_ymd_opt(year, month, day).expect("the four are born on days that were");
    invent::named(name, born_on, phone, county)
}

/// Takes one place of a slot.
async fn take_place(db: &impl ConnectionTrait, slot_id: Uuid, now: DateTime<Utc>) -> core::result::Result<(), sea_orm::DbErr> {
    slot::Entity::update_many()
        .col_expr(slot::Column::Taken, Expr::col(slot::Column::Taken).add(1))
        .col_expr(slot::Column::Version, Expr::col(slot::Column::Version).add(1))
        .col_expr(slot::Column::ChangedAt, Expr::value(now))
        .filter(slot::COLUMN.id.eq(slot_id))
        .exec(db)
        .await?;
    Ok(())
}
