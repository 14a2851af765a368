//! The tables, one file each. Rows never leave the engine.

pub mod account;
pub mod audit;
pub mod audit_link;
pub mod booking;
pub mod consent;
pub mod fact;
pub mod identity;
pub mod job;
pub mod lot;
pub mod message;
pub mod person;
pub mod recovery_code;
pub mod request;
pub mod second_factor;
pub mod session;
pub mod sign_in_code;
pub mod site;
pub mod slot;
pub mod spent;
pub mod staff;
pub mod staff_site;
pub mod tally;
pub mod vaccine;
pub mod wechat_binding;
pub mod wechat_pending;
