//! Booking codes by number: as scattered as random ones, but no two alike, and the same again when it is asked for again.
//!
//! Ten million codes drawn at random out of 3·10¹³ would hold one pair of equals more often than not.

use std::collections::HashSet;

use domain::code::Code;

/// Bits of a code's number.
const BITS: u32 = 45;
/// Of these, bits of what a code is made for.
const NUMBER_BITS: u32 = 26;
const MASK: u64 = (1 << BITS) - 1;

/// Codes that nobody has yet.
pub(super) struct Codes {
    key: u64,
    present: HashSet<Code>,
}

impl Codes {
    /// A series of codes for each `key`; none of those that are `present`.
    pub(super) fn new(key: u64, present: HashSet<Code>) -> Self {
        Self { key, present }
    }

    /// The code of a number below 2²⁶. One in seven numbers has no code, so each has many tries, shared with no other.
    pub(super) fn code(&self, number: u64) -> Code {
        let tries = (0..1 << (BITS - NUMBER_BITS)).map(|nth: u64| Code::from_random(self.shuffle(nth << NUMBER_BITS | number)));
        let free = tries.flatten().find(|code| !self.present.contains(code));
        free.expect("of half a million tries one is a code that is not taken")
    }

    /// A permutation of the numbers below 2⁴⁵: each step can be undone.
    fn shuffle(&self, number: u64) -> u64 {
        let mut mixed = (number ^ self.key) & MASK;
        for factor in [0x9E37_79B9_7F4A_7C15, 0xBF58_476D_1CE4_E5B9, 0x94D0_49BB_1331_11EB] {
            mixed = mixed.wrapping_mul(factor) & MASK;
            mixed ^= mixed >> (BITS / 2);
            mixed = mixed.wrapping_add(self.key >> 19) & MASK;
        }
        mixed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_numbers_have_the_same_code_nor_one_that_is_there() {
        let first = Codes::new(7, HashSet::new());
        let present: HashSet<_> = (0..1000).map(|number| first.code(number)).collect();
        assert_eq!(present.len(), 1000);
        let codes = Codes::new(7, present.clone());
        let mut seen = present.clone();
        assert!((0..200_000).all(|number| seen.insert(codes.code(number))));
        assert_eq!(codes.code(5), codes.code(5));
        assert_ne!(Codes::new(8, present).code(5), codes.code(5));
    }

    #[test]
    fn neighbours_are_scattered() {
        let codes = Codes::new(42, HashSet::new());
        let first: HashSet<_> = (0..320).map(|number| codes.code(number).as_str().as_bytes()[0]).collect();
        assert!(first.len() >= 30, "first signs of neighbours: {}", first.len());
    }
}
