//! The engine, tested through its one handle; every test runs on SQLite and on PostgreSQL.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub)]

mod harness;
#[allow(dead_code, unused_imports, reason = "each of the crates that share the stand-ins leaves another part of them alone")]
#[path = "../standins/mod.rs"]
mod standins;

mod accounts;
mod after_the_day;
mod at_desk;
mod audit;
mod bookings;
mod checkin;
mod closing;
mod consents;
mod demo;
mod doors;
mod doses;
mod flow;
mod gateways;
mod jobs;
mod langs;
mod late;
mod ledger;
mod left_over;
mod limits;
mod lost_answers;
mod meanwhile;
mod messages;
mod model;
mod multitude;
mod neighbours;
mod next_dose;
mod opening;
mod outbox;
mod outbox_abroad;
mod own_data;
mod people;
mod privacy;
mod races;
mod reseal;
mod retention;
mod reveal;
mod rotation;
mod second_factor;
mod secrets;
mod sessions;
mod spent;
mod staff;
mod staff_house;
mod staff_lock;
mod take_along;
mod today;
mod told;
mod wechat;
mod work;
