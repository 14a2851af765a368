//! One-time codes out of a secret and the time: RFC 6238 over RFC 4226, with SHA-1, six digits, 30 seconds, which is what authenticator
//! apps take.
//!
//! The standard's dozen lines over `hmac` and `sha1`, which are in the build anyway, with its test values beside them: a crate for it would
//! bring encoders of addresses and pictures of its own.

use domain::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use subtle::ConstantTimeEq;

/// Bytes of a secret: as many as SHA-1 gives (RFC 4226, 4).
pub(super) const SECRET: usize = 20;
/// Seconds of a step.
const STEP_S: i64 = 30;
/// Steps that a clock may be wrong by, in both directions.
const DRIFT: i64 = 1;
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The step whose code was given, if it is one of those around `now`.
pub(super) fn step_of(secret: &[u8], given: &str, now: DateTime<Utc>) -> Option<i64> {
    let present = now.timestamp().div_euclid(STEP_S);
    let mut found = None;
    // all are looked at, whichever fits
    for step in present - DRIFT..=present + DRIFT {
        if bool::from(code(secret, step).as_bytes().ct_eq(given.as_bytes())) {
            found = Some(step);
        }
    }
    found
}

/// The six digits of a step.
fn code(secret: &[u8], step: i64) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret).expect("HMAC takes a key of any length");
    mac.update(&step.to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let at = usize::from(hash[hash.len() - 1] & 0x0f);
    let number = u32::from_be_bytes([hash[at] & 0x7f, hash[at + 1], hash[at + 2], hash[at + 3]]);
    format!("{:06}", number % 1_000_000)
}

/// What an authenticator app reads from the QR.
pub(super) fn uri(issuer: &str, account: &str, secret: &str) -> String {
    let (issuer, account) = (escaped(issuer), escaped(account));
    format!("otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}&algorithm=SHA1&digits=6&period=30")
}

fn escaped(text: &str) -> String {
    let sign = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(sign).collect()
}

/// Base32 (RFC 4648) of whole groups of five bytes, so without padding.
pub(super) fn base32(secret: &[u8; SECRET]) -> String {
    let group = |bytes: &[u8]| bytes.iter().fold(0u64, |bits, byte| bits << 8 | u64::from(*byte));
    let signs = |bits: u64| (0..8).rev().map(move |at| char::from(BASE32[usize::try_from(bits >> (5 * at) & 31).unwrap_or(0)]));
    secret.chunks(5).map(group).flat_map(signs).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: &[u8; SECRET] = b"12345678901234567890";

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).expect("an instant")
    }

    #[test]
    fn the_codes_are_those_of_the_standard() {
        // RFC 6238, appendix B: the last six of its eight digits
        for (seconds, expected) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(code(SEED, seconds / STEP_S), expected, "{seconds}");
            assert_eq!(step_of(SEED, expected, at(seconds)), Some(seconds / STEP_S), "{seconds}");
        }
    }

    #[test]
    fn a_clock_may_be_wrong_by_one_step_and_no_more() {
        let (now, given) = (1_234_567_890, "005924");
        for (later, fits) in [(-60, false), (-30, true), (0, true), (30, true), (59, true), (60, false)] {
            assert_eq!(step_of(SEED, given, at(now + later)).is_some(), fits, "{later} s");
        }
        for wrong in ["", "5924", "005925", "0059240", "00592４"] {
            assert_eq!(step_of(SEED, wrong, at(now)), None, "{wrong}");
        }
    }

    #[test]
    fn an_app_is_told_what_it_needs() {
        assert_eq!(base32(SEED), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(
            uri("Yizhen 永", "li.na", "GEZD"),
            "otpauth://totp/Yizhen%20%E6%B0%B8:li.na?secret=GEZD&issuer=Yizhen%20%E6%B0%B8&algorithm=SHA1&digits=6&period=30"
        );
    }
}
