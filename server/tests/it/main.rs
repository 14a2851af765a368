//! The service over HTTP and on the command line: the real router on a port of its own, with a database of its own.

mod api;
mod availability;
mod command;
mod day_at_the_site;
mod doors;
mod gateways;
mod guard;
mod house;
mod limits;
mod matrix;
mod messages;
mod pages;
mod planted;
mod privacy;
mod rush;
mod sessions;
mod staff;
#[allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    missing_docs,
    reason = "the engine's tests share them, and use another part of them"
)]
#[path = "../../../app/engine/tests/standins/mod.rs"]
mod standins;
mod support;
mod wechat;
