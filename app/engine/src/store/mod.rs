//! The database: its tables, its migrations, and how it is connected to.

pub mod connect;
pub mod entities;
pub(crate) mod facts;
pub mod lists;
pub mod migrations;

pub use connect::Store;
