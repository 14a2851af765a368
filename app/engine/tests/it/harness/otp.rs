//! An authenticator app: RFC 6238 once more, written apart from the engine's.

use domain::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

/// The six digits that an app shows at an instant, for the secret that it was given in base32.
pub fn otp(secret: &str, at: DateTime<Utc>) -> String {
    let sign = |sign: char| u32::try_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(sign).expect("base32")).expect("small");
    let bits: String = secret.chars().map(|letter| format!("{:05b}", sign(letter))).collect();
    let key: Vec<u8> = (0..bits.len() / 8).map(|at| u8::from_str_radix(&bits[8 * at..8 * at + 8], 2).expect("bits")).collect();
    let mut mac = Hmac::<Sha1>::new_from_slice(&key).expect("a key");
    mac.update(&(at.timestamp() / 30).to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let from = usize::from(hash[19] & 15);
    let number = hash[from..from + 4].iter().fold(0u64, |number, byte| number << 8 | u64::from(*byte)) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}
