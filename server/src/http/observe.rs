//! Every request gets an id, which its log lines and its answer carry.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::{HeaderName, HeaderValue};
use engine::entropy::{Entropy, SystemEntropy};

/// The header of an answer that tells its id.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A request's id: sixteen hexadecimal digits.
#[derive(Clone, Copy, Debug)]
pub(super) struct RequestId(u64);

impl RequestId {
    /// The next one: no two of a process are the same, and two processes begin at random places.
    pub(super) fn next() -> Self {
        static NEXT: LazyLock<AtomicU64> = LazyLock::new(|| {
            let entropy: &dyn Entropy = &SystemEntropy;
            AtomicU64::new(u64::from_le_bytes(entropy.bytes()))
        });
        Self(mix(NEXT.fetch_add(1, Ordering::Relaxed)))
    }

    /// As a header.
    pub(super) fn header(self) -> Option<HeaderValue> {
        let digits = std::array::from_fn::<u8, 16, _>(|place| b"0123456789abcdef"[(self.0 >> (60 - 4 * place)) as usize & 15]);
        HeaderValue::from_bytes(&digits).ok()
    }
}

impl core::fmt::Display for RequestId {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// Neighbours look nothing alike, and no two numbers become the same one (the finaliser of SplitMix64).
fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_the_same_in_the_log_and_in_the_answer() {
        for id in [RequestId(0), RequestId(0x0123_4567_89ab_cdef), RequestId::next()] {
            assert_eq!(id.header().expect("a header"), id.to_string().as_str());
        }
    }
}
