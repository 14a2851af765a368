//! Chance that can be run again, and a voice that the test runner does not swallow.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::Write;

/// A seeded source of decisions (SplitMix64).
pub(crate) struct Chance(u64);

impl Chance {
    /// The chance of one test: from `FAULT_SEED`, or drawn; said either way.
    pub(crate) fn of(test: &str) -> Self {
        let seed = match std::env::var("FAULT_SEED") {
            Ok(seed) => seed.parse().expect("FAULT_SEED is a whole number"),
            Err(_) => RandomState::new().build_hasher().finish() % 1_000_000_000,
        };
        say(&format!("{test}: FAULT_SEED={seed}"));
        Self(seed)
    }

    /// A chance of its own, which follows from this one.
    pub(crate) fn fork(&mut self) -> Self {
        Self(self.draw())
    }

    /// 64 bits.
    pub(crate) fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which is at least 1.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.draw() % bound
    }

    /// An id that nothing else has.
    pub(crate) fn id(&mut self) -> domain::Uuid {
        domain::Uuid::from_u64_pair(self.draw(), self.draw())
    }

    /// One of `from`.
    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let at = self.below(from.len() as u64);
        &from[usize::try_from(at).expect("an index")]
    }
}

/// A number from the environment, or `standard`.
pub(crate) fn setting(name: &str, standard: u64) -> u64 {
    std::env::var(name)
        .map_or(standard, |value| value.parse().unwrap_or_else(|_| panic!("{name} is a whole number, not {value:?}")))
}

/// Says what was checked, so that nobody has to believe: also when the test passes.
pub(crate) fn say(line: &str) {
    // one write a line, or tests that run side by side would talk into each other's
    let _ = std::io::stderr().lock().write_all(format!("   {line}\n").as_bytes());
}
