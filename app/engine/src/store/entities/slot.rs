//! `slots`: a slot: site × vaccine × window, how many it takes and how many are taken.

use sea_orm::entity::prelude::*;

/// A slot: site × vaccine × window, how many it takes and how many are taken.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "slots")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Where.
    pub site_id: Uuid,
    /// What.
    pub vaccine_id: String,
    /// The day, in the site's zone.
    pub date: Date,
    /// When it begins.
    pub start_time: Time,
    /// When it ends.
    pub end_time: Time,
    /// Places in all.
    pub capacity: i32,
    /// Places taken: the number of its live bookings.
    pub taken: i32,
    /// When it can be booked from.
    pub opens_at: DateTimeUtc,
    /// Closed by the site.
    pub closed: bool,
    /// Grows with every change of this row, so that an older reading never replaces a newer one.
    pub version: i32,
    /// When this row last changed; other processes follow it.
    pub changed_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// The window.
    pub fn window(&self) -> domain::slot::Window {
        domain::slot::Window { date: self.date, start: self.start_time, end: self.end_time }
    }

    /// All that decides whether it can be booked.
    pub fn terms(&self) -> domain::slot::Terms {
        // the table's CHECK keeps both at zero or more
        let count = |number: i32| u32::try_from(number).unwrap_or(0);
        domain::slot::Terms {
            window: self.window(),
            capacity: count(self.capacity),
            taken: count(self.taken),
            opens_at: self.opens_at,
            closed: self.closed,
        }
    }
}
