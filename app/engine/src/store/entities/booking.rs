//! `bookings`: a booking.

use sea_orm::entity::prelude::*;

/// A booking.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "bookings")]
pub struct Model {
    /// What it is known by.
    #[sea_orm(primary_key, auto_increment = false)]
    pub code: String,
    /// Whose.
    pub account_id: Uuid,
    /// Whom for.
    pub person_id: Uuid,
    /// As in people: one live booking for person, course and dose.
    pub person_hash: Vec<u8>,
    /// Where and when.
    pub slot_id: Uuid,
    /// What it protects against.
    pub course: String,
    /// Which dose.
    pub dose: i16,
    /// `domain::booking::BookingState`.
    pub state: String,
    /// Grows with every move.
    pub version: i32,
    /// The day of the dose before, as declared.
    pub previous_dose_on: Option<Date>,
    /// Which version of the health questions was answered, each with no: with a yes there is no booking. See `domain::screening::VERSION`.
    pub questions: i16,
    /// The notice that was agreed to.
    pub consent_version: String,
    /// When it was made.
    pub created_at: DateTimeUtc,
    /// When it last changed.
    pub changed_at: DateTimeUtc,
    /// When the jab was recorded.
    pub redeemed_at: Option<DateTimeUtc>,
    /// By whom.
    pub redeemed_by: Option<Uuid>,
    /// The scan that recorded it.
    pub redeem_nonce: Option<Uuid>,
    /// The lot of the vaccine.
    pub lot: Option<String>,
    /// When the person came, on the day.
    pub arrived_at: Option<DateTimeUtc>,
    /// Who received them.
    pub arrived_by: Option<Uuid>,
    /// When they were let go after the jab.
    pub left_at: Option<DateTimeUtc>,
    /// By whom.
    pub left_by: Option<Uuid>,
    /// The lot's row, where the site keeps its lots.
    pub lot_id: Option<Uuid>,
    /// `domain::flow::TurnedAway`, where the person went home without the jab.
    pub turned_away: Option<String>,
    /// The intent that turned them away.
    pub turned_away_nonce: Option<Uuid>,
    /// The site where the jab was given, where it was booked for another site or day.
    pub given_at_site: Option<Uuid>,
    /// The day on which it was, then.
    pub given_on: Option<Date>,
    /// How it came to the desk, where staff made it: `domain::at_desk::AtDesk`.
    pub at_desk: Option<String>,
    /// The slot's row.
    #[sea_orm(belongs_to, from = "slot_id", to = "id")]
    pub slot: BelongsTo<super::slot::Entity>,
    /// The person's row.
    #[sea_orm(belongs_to, from = "person_id", to = "id")]
    pub person: BelongsTo<super::person::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
