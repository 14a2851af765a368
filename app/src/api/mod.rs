//! Server functions, one file a noun, ten lines each: who is calling, one engine call, return.
#![expect(missing_docs, reason = "the fields of the generated request types are the functions' arguments")]

pub mod accounts;
pub mod bookings;
pub mod checkin;
pub mod desk;
pub mod left_over;
pub mod lots;
pub mod messages;
pub mod notices;
pub mod offline;
pub mod people;
pub mod schedule;
pub mod staff;

mod error;

pub use error::ApiError;
