//! The staff's pages: scan, answer, record; and the day's list.
//!
//! What needs no browser stands beside the pages, so that it is tested without one: the QR reader, what an answer says, and
//! which scan is a new one.

pub(crate) mod burst;
pub(crate) mod patience;
pub(crate) mod qr;
pub(crate) mod scale;
pub(crate) mod scan;
pub(crate) mod search;
pub(crate) mod verdict;

#[cfg(feature = "staff")]
mod offline;
#[cfg(feature = "staff")]
mod pages;

#[cfg(feature = "staff")]
pub use pages::App;
