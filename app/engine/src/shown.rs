//! How bookings are found and shown: always through their owner's account, or for staff by code.

use std::collections::HashMap;

use domain::booking::{BookedPerson, BookedSite, BookedVaccine, Booking, BookingState};
use domain::code::Code;
use domain::error::{Error, Result};
use domain::flow::TurnedAway;
use domain::pass::Pass;
use domain::person::Details;
use domain::reason::Reason;
use domain::slot::Window;
use domain::vaccine::Vaccine;
use domain::{DateTime, NaiveDate, Utc, Uuid};
use sea_orm::sea_query::{Expr, ExprTrait, IntoCondition, Query};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};

use crate::Engine;
use crate::accounts::Citizen;
use crate::audit::Actor;
use crate::error::internal;
use crate::forget::NOBODY;
use crate::people::{self, dose_out};
use crate::store::entities::{booking, person, site, slot};
use crate::store::lists::lists;

/// The condition of the index `bookings_one_live`, in its own words: with parameters no engine would know that the index fits.
pub(crate) const LIVE: &str = "state IN ('booked', 'redeemed')";

/// The condition of the index `bookings_waiting`.
pub(crate) const WAITING: &str = "state = 'booked'";

/// A booking with the rows around it.
pub(crate) struct Found {
    pub booking: booking::Model,
    pub slot: slot::Model,
    pub person: person::Model,
}

impl Found {
    /// The state as it is on `today`.
    pub(crate) fn state(&self, today: NaiveDate) -> Result<BookingState> {
        Ok(self.booking.state.parse::<BookingState>().map_err(|()| Error::internal())?.on(self.slot.date, today))
    }

    /// Which dose.
    pub(crate) fn dose(&self) -> u8 {
        dose_out(self.booking.dose)
    }
}

impl Engine {
    /// One of the citizen's bookings.
    ///
    /// # Errors
    /// `invalid` on `code`; `not_found` when there is none, or it is another account's.
    pub async fn show_booking(&self, citizen: &Citizen, code: &str) -> Result<Booking> {
        let booking = self.show(citizen, Code::parse(code)?).await?;
        self.note_read(Actor::Citizen(citizen.account_id), "show_booking", booking.code);
        Ok(booking)
    }

    pub(crate) async fn show(&self, citizen: &Citizen, code: Code) -> Result<Booking> {
        self.booking_out(self.booking_of(citizen, code).await?)
    }

    /// All of the citizen's bookings: those to come first, soonest first; then the others, latest first.
    ///
    /// # Errors
    /// `internal`
    pub async fn list_bookings(&self, citizen: &Citizen) -> Result<Vec<Booking>> {
        let found = self.find(booking::COLUMN.account_id.eq(citizen.account_id)).await?;
        self.note_read(Actor::Citizen(citizen.account_id), "list_bookings", citizen.account_id);
        let shown: Result<Vec<_>> = found.into_iter().map(|found| self.booking_out(found)).collect();
        let (mut coming, mut past): (Vec<_>, Vec<_>) =
            shown?.into_iter().partition(|booking| booking.state == BookingState::Booked);
        coming.sort_by_key(|booking| (booking.window.date, booking.window.start));
        past.sort_by_key(|booking| std::cmp::Reverse((booking.window.date, booking.window.start)));
        coming.append(&mut past);
        Ok(coming)
    }

    /// A booking of the citizen's account: somebody else's is not found.
    pub(crate) async fn booking_of(&self, citizen: &Citizen, code: Code) -> Result<Found> {
        let found = self.booking(code).await?;
        let refused = Error::field("code", Reason::NotFound);
        if found.as_ref().is_some_and(|found| found.booking.account_id != citizen.account_id) {
            self.note_refused(Actor::Citizen(citizen.account_id), "read_booking", code, refused.code);
        }
        found.filter(|found| found.booking.account_id == citizen.account_id).ok_or(refused)
    }

    /// A booking by its code, whosever it is: for staff.
    pub(crate) async fn booking(&self, code: Code) -> Result<Option<Found>> {
        Ok(self.find(booking::COLUMN.code.eq(code.as_str())).await?.pop())
    }

    /// Bookings of these codes, as [`Engine::find`] finds them.
    pub(crate) async fn bookings_of(&self, mut codes: Vec<String>) -> Result<HashMap<String, Found>> {
        codes.sort_unstable();
        codes.dedup();
        let mut bookings = HashMap::with_capacity(codes.len());
        for list in lists(&codes) {
            let found = self.find(booking::Column::Code.is_in(list)).await?;
            bookings.extend(found.into_iter().map(|found| (found.booking.code.clone(), found)));
        }
        Ok(bookings)
    }

    /// Bookings with their slots and people; not those of which nobody is known any more.
    pub(crate) async fn find(&self, filter: impl IntoCondition) -> Result<Vec<Found>> {
        self.find_any(filter.into_condition().add(booking::COLUMN.account_id.ne(NOBODY))).await
    }

    /// The same, also those of which nobody is known any more.
    pub(crate) async fn find_any(&self, filter: impl IntoCondition) -> Result<Vec<Found>> {
        let rows = booking::Entity::find()
            .filter(filter)
            .find_also_related(slot::Entity)
            .find_also_related(person::Entity)
            .all(&self.store().read)
            .await
            .map_err(internal)?;
        rows.into_iter()
            .map(|(booking, slot, person)| match (slot, person) {
                (Some(slot), Some(person)) => Ok(Found { booking, slot, person }),
                _ => Err(Error::internal()),
            })
            .collect()
    }

    pub(crate) fn booking_out(&self, found: Found) -> Result<Booking> {
        let details = people::open(self.vault(), &found.person)?;
        Ok(self.shown(Shown {
            code: Code::parse(&found.booking.code).map_err(|_| Error::internal())?,
            state: found.state(self.today())?,
            dose: found.dose(),
            person_id: found.person.id,
            details,
            site: self.site(found.slot.site_id)?,
            vaccine: self.vaccine(&found.slot.vaccine_id)?,
            window: found.slot.window(),
            version: found.booking.version,
            turned_away: found.turned_away(),
            consent_version: found.booking.consent_version,
        }))
    }

    /// A booking as its owner sees it.
    pub(crate) fn shown(&self, shown: Shown) -> Booking {
        let Shown { code, state, dose, person_id, details, site, vaccine, window, version, consent_version, turned_away } = shown;
        let keys = self.vault().keys();
        let (key_id, key) = keys.signing(self.now());
        let pass = Pass { key_id, code, site_id: site.id, window, version: Some(Pass::version_of(version)) };
        let pass = state.is_live().then(|| pass.sign(key));
        Booking {
            code,
            state,
            dose,
            person: BookedPerson { id: person_id, name: details.name.as_str().to_owned(), phone: details.phone.masked() },
            site: BookedSite { id: site.id, name: site.name, name_en: site.name_en, address: site.address, phone: site.phone },
            vaccine: vaccine_out(vaccine),
            window,
            pass,
            consent_version: Some(consent_version),
            turned_away,
        }
    }
}

/// What a booking is shown from.
pub(crate) struct Shown {
    pub code: Code,
    pub state: BookingState,
    pub dose: u8,
    pub person_id: Uuid,
    pub details: Details,
    pub site: site::Model,
    pub vaccine: Vaccine,
    pub window: Window,
    pub version: i32,
    pub consent_version: String,
    pub turned_away: Option<TurnedAway>,
}

pub(crate) fn vaccine_out(vaccine: Vaccine) -> BookedVaccine {
    BookedVaccine { id: vaccine.id, name: vaccine.name, name_en: vaccine.name_en, doses: vaccine.doses }
}

/// Marks one person's bookings of past days as missed: such a booking blocks nobody, also before the job has come to it. Nobody is told then:
/// whoever is about to book again knows.
pub(crate) async fn sweep_person(
    db: &impl ConnectionTrait,
    person_hash: &[u8],
    today: NaiveDate,
    now: DateTime<Utc>,
) -> core::result::Result<u64, DbErr> {
    let past =
        Query::select().column(slot::Column::Id).from(slot::Entity).and_where(Expr::col(slot::Column::Date).lt(today)).to_owned();
    let marked = booking::Entity::update_many()
        .col_expr(booking::Column::State, Expr::value(BookingState::Missed.as_str()))
        .col_expr(booking::Column::ChangedAt, Expr::value(now))
        .filter(Expr::cust(WAITING))
        .filter(booking::Column::SlotId.in_subquery(past))
        .filter(booking::COLUMN.person_hash.eq(person_hash.to_vec()))
        .filter(Expr::cust(LIVE))
        .exec(db)
        .await?;
    Ok(marked.rows_affected)
}
