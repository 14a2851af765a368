//! Erasing an account: who it was goes at once, but for jabs that must be kept until their time is over.

use domain::code::Code;
use domain::error::{Error, Result};
use domain::own_data::Erased;
use domain::reason::Reason;
use sea_orm::sea_query::Expr;
use sea_orm::{ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::Engine;
use crate::accounts::Citizen;
use crate::audit::Actor;
use crate::error::internal;
use crate::own_data::is_ahead;
use crate::people;
use crate::store::entities::{account, booking, message, person, session};
use crate::tallies::Whence;

impl Engine {
    /// Erases the citizen's account, once they have shown again that they hold the phone: their sessions end, the people of their list are
    /// forgotten, their bookings that are over are nobody's. What must be kept (jabs, until their time is over) stays sealed, and belongs to an
    /// account that nobody can find or sign in to. Audited.
    ///
    /// # Errors
    /// `wrong_state` while a booking is not over, with its code; `invalid` on `code`; `too_many`.
    pub async fn erase_account(&self, citizen: &Citizen, code: &str, whence: &Whence) -> Result<Erased> {
        self.refuse_ahead(citizen).await?;
        let phone = self.prove_phone(citizen, code, whence).await?;
        let phone_hash = self.phone_hash(&phone);
        let tx = self.store().begin().await.map_err(internal)?;
        // people before their account, as whoever books for them does
        for row in self.in_list(&tx, citizen).await? {
            match self.take_out(&tx, row.id).await {
                // booked since they were asked about
                Err(Error { reason: Some(Reason::PersonHasBooking), .. }) => {
                    return self.refuse_ahead(citizen).await.and(Err(changed()));
                }
                done => done?,
            }
        }
        let id = citizen.account_id;
        account::Entity::find_by_id(id).lock_exclusive().one(&tx).await.map_err(internal)?;
        // somebody may have been written down meanwhile
        if !self.in_list(&tx, citizen).await?.is_empty() {
            return Err(changed());
        }
        self.forget_messages(&tx, citizen, phone_hash).await?;
        session::Entity::delete_many().filter(session::COLUMN.account_id.eq(id)).exec(&tx).await.map_err(internal)?;
        self.empty_account(&tx, id).await?;
        self.deed(&tx, Actor::Citizen(id), "erase", id, None).await?;
        let must_keep = booking::Entity::find().filter(booking::COLUMN.account_id.eq(id)).count(&tx).await.map_err(internal)?;
        tx.commit().await.map_err(internal)?;
        let must_keep_until = if must_keep == 0 { None } else { self.holdings_until(citizen).await? };
        Ok(Erased { must_keep: u32::try_from(must_keep).unwrap_or(u32::MAX), must_keep_until })
    }

    /// Names a booking that is not over.
    async fn refuse_ahead(&self, citizen: &Citizen) -> Result<()> {
        let (found, today) = (self.find(booking::COLUMN.account_id.eq(citizen.account_id)).await?, self.today());
        let first =
            found.iter().filter(|found| is_ahead(found, today)).min_by_key(|found| (found.slot.date, found.slot.start_time));
        match first {
            Some(found) => {
                let code = Code::parse(&found.booking.code).map_err(|_| Error::internal())?;
                Err(Error::new(Reason::BookingAhead { code }))
            }
            None => Ok(()),
        }
    }

    async fn in_list(&self, tx: &impl ConnectionTrait, citizen: &Citizen) -> Result<Vec<person::Model>> {
        let listed = person::Entity::find().filter(person::COLUMN.account_id.eq(citizen.account_id)).filter(people::listed());
        listed.order_by_asc(person::COLUMN.id).all(tx).await.map_err(internal)
    }

    /// Messages tell names and numbers. Those about bookings that are nobody's by now have gone with them.
    async fn forget_messages(&self, tx: &impl ConnectionTrait, citizen: &Citizen, phone_hash: Vec<u8>) -> Result<()> {
        let kept =
            booking::Entity::find().filter(booking::COLUMN.account_id.eq(citizen.account_id)).all(tx).await.map_err(internal)?;
        for booking in kept {
            message::Entity::delete_many()
                .filter(message::COLUMN.booking_made_at.eq(booking.created_at))
                .filter(message::COLUMN.booking_code.eq(booking.code))
                .exec(tx)
                .await
                .map_err(internal)?;
        }
        message::Entity::delete_many()
            .filter(message::COLUMN.to_hash.eq(phone_hash))
            .filter(Expr::cust("booking_code IS NULL"))
            .exec(tx)
            .await
            .map_err(internal)?;
        Ok(())
    }

    async fn holdings_until(&self, citizen: &Citizen) -> Result<Option<domain::NaiveDate>> {
        let kept = self.find(booking::COLUMN.account_id.eq(citizen.account_id)).await?;
        let days = self.config().retention.finished_days + 1;
        Ok(kept.iter().map(|found| domain::time::plus_days(found.slot.date, days)).max())
    }
}

fn changed() -> Error {
    Error::new(Reason::ChangedMeanwhile)
}
