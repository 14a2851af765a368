//! Working without a network: what a tablet takes along, what it sends afterwards, and what two of them disagree on.

pub mod conflict;
pub mod late;
pub mod seal;
pub mod take;
