//! Settings: how much is taken on at once. What comes beyond is told to come again, at once; it never makes the rest slow.

use clap::Args;

use super::at_least_one;
use crate::http::{self, Widths};

/// How much is taken on at once.
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Limits of what goes on at once")]
pub struct Bounds {
    /// Connections. The system's limit of open files comes before, where it is lower.
    #[arg(long, env = "LIMIT_CONNECTIONS", value_name = "N", default_value_t = 16_000, value_parser = at_least_one(), hide_env_values = true)]
    pub limit_connections: u32,
    /// Of these, pages that follow the feed of free places.
    #[arg(long, env = "LIMIT_FEEDS", value_name = "N", default_value_t = 12_000, value_parser = at_least_one(), hide_env_values = true)]
    pub limit_feeds: u32,
    /// Reservations, moves and cancellations in progress; twice as many may wait for a moment.
    #[arg(long, env = "LIMIT_BOOKING_AT_ONCE", value_name = "N", default_value_t = 1024, value_parser = at_least_one(), hide_env_values = true)]
    pub limit_booking_at_once: u32,
    /// Sign-ins of citizens, and changes of their people, in progress.
    #[arg(long, env = "LIMIT_SIGNING_IN_AT_ONCE", value_name = "N", default_value_t = 64, value_parser = at_least_one(), hide_env_values = true)]
    pub limit_signing_in_at_once: u32,
    /// Citizens' other calls in progress.
    #[arg(long, env = "LIMIT_READING_AT_ONCE", value_name = "N", default_value_t = 64, value_parser = at_least_one(), hide_env_values = true)]
    pub limit_reading_at_once: u32,
    /// Calls of staff in progress: their own share, whatever citizens do.
    #[arg(long, env = "LIMIT_STAFF_AT_ONCE", value_name = "N", default_value_t = 64, value_parser = at_least_one(), hide_env_values = true)]
    pub limit_staff_at_once: u32,
}

impl Bounds {
    /// As the host takes them.
    pub fn http(&self) -> http::Bounds {
        http::Bounds {
            connections: self.limit_connections as usize,
            feeds: self.limit_feeds as usize,
            calls: Widths {
                bookings: self.limit_booking_at_once as usize,
                accounts: self.limit_signing_in_at_once as usize,
                reading: self.limit_reading_at_once as usize,
                staff: self.limit_staff_at_once as usize,
            },
        }
    }
}
