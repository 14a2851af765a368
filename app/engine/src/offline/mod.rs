//! Working without a network: what tablets send afterwards, and what two of them disagree on.

mod conflicts;
mod send;
mod take;

pub(crate) use take::Stretched;
