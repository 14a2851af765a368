//! The ground of Yizhen: types and rules, shared by browser and server.
//!
//! Pure: no I/O, no clock, no randomness, no database. Whatever depends on the moment or on chance takes it as an
//! argument. Types cross the wire as they are; text that came from outside becomes a newtype that cannot hold a wrong
//! value, or an [`error::Error`] that names the field and what to do.

mod words;

pub mod accept;
pub mod access;
pub mod allowance;
pub mod at_desk;
pub mod availability;
pub mod booking;
pub mod calendar;
pub mod checkin;
pub mod city;
pub mod closing;
pub mod code;
pub mod consent;
pub mod division;
pub mod eligibility;
pub mod error;
pub mod flow;
pub mod identity;
pub mod jobs;
pub mod lang;
pub mod left_over;
pub mod lot;
pub mod message;
pub mod next_dose;
pub mod notice;
pub mod offline;
pub mod own_data;
pub mod pass;
pub mod person;
pub mod pin;
pub mod reason;
pub mod reveal;
pub mod screening;
pub mod session;
pub mod slot;
pub mod staff;
pub mod time;
pub mod today;
pub mod vaccine;
pub mod work;

pub use chrono;
pub use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
pub use uuid::Uuid;
