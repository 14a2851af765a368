//! What every test stands on: a city of its own, on a database of its own, at a moment that the test decides.

mod city;
pub mod gateway;
mod host_app;
mod moment;
mod otp;
mod people;
mod postgres;

pub use city::{Guest, MORNING, TestCity};
pub use host_app::{apps, token};
pub use moment::{Seeded, SteppedClock, until};
pub use otp::otp;
pub use people::{draft, resident_id};

/// The engines that every test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

/// Makes each of the named `async fn(Kind)` a test on SQLite and one on PostgreSQL.
macro_rules! on_both_engines {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)] async fn $name() { super::$name($crate::harness::Kind::Sqlite).await; })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)] async fn $name() { super::$name($crate::harness::Kind::Postgres).await; })+
        }
    };
}

pub(crate) use on_both_engines;
