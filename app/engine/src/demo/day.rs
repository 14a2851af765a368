//! The staff's day at the demo's site: whoever had a window by now has mostly been, and yesterday has been dealt with.

use domain::booking::BookingState;
use domain::chrono::Duration;
use domain::time::instant;
use domain::{DateTime, NaiveDate, Utc, Uuid};
use sea_orm::ActiveValue::Set;
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder};

use super::crowd::is_of_the_crowd;
use super::invent::Dice;
use crate::Engine;
use crate::store::entities::{booking, slot};

/// Even a minute after midnight some are done, and a minute before some are still to come.
const AT_LEAST: usize = 3;
/// The lot on the demo's vials.
pub(super) const LOT: &str = "DEMO-2601";

/// Records the crowd's jabs of `date` at a site, until `now`. Does nothing on a day on which jabs are recorded already.
pub(super) async fn redeem(
    engine: &Engine,
    db: &impl ConnectionTrait,
    site_id: Uuid,
    date: NaiveDate,
    nurse: Uuid,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let mut rows = booking::Entity::find()
        .find_also_related(slot::Entity)
        .filter(slot::COLUMN.site_id.eq(site_id))
        .filter(slot::COLUMN.date.eq(date))
        .filter(booking::COLUMN.state.is_in([BookingState::Booked.as_str(), BookingState::Redeemed.as_str()]))
        .order_by_asc(slot::COLUMN.start_time)
        .order_by_asc(booking::COLUMN.person_id)
        .all(db)
        .await?;
    if rows.iter().any(|(booking, _)| booking.state == BookingState::Redeemed.as_str() && is_of_the_crowd(booking.account_id)) {
        return Ok(());
    }
    rows.retain(|(booking, _)| is_of_the_crowd(booking.account_id));
    let latest = rows.len().saturating_sub(AT_LEAST);
    for (at, (booking, slot)) in rows.into_iter().enumerate().take(latest) {
        let Some(slot) = slot else { continue };
        let begins = instant(slot.date, slot.start_time);
        let came = Dice::of("came", booking.person_id).below(5) > 0;
        if at >= AT_LEAST && !(came && instant(slot.date, slot.end_time) <= now) {
            continue;
        }
        let minutes = i64::try_from(Dice::of("minute", booking.person_id).below(25)).unwrap_or(0);
        let redeemed_at = (begins + Duration::minutes(minutes)).min(now);
        let done = booking::ActiveModel {
            state: Set(BookingState::Redeemed.as_str().to_owned()),
            redeemed_at: Set(Some(redeemed_at)),
            redeemed_by: Set(Some(nurse)),
            redeem_nonce: Set(Some(engine.new_id())),
            lot: Set(Some(LOT.to_owned())),
            changed_at: Set(redeemed_at),
            ..Default::default()
        };
        booking::Entity::update_many()
            .set(done)
            .filter(booking::COLUMN.code.eq(booking.code))
            .filter(booking::COLUMN.state.eq(BookingState::Booked.as_str()))
            .exec(db)
            .await?;
    }
    Ok(())
}
