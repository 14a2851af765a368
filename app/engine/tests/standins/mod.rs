//! Local stand-ins of the gateways, on free ports of this machine: they verify on their own what the real ones document, remember what they
//! accepted, push receipts, and misbehave when they are told to.
//!
//! They are written from the gateways' documentation and share no line with what they verify. Their clock is an argument, as everybody's.

pub mod aliyun;
pub mod city;
pub mod door;
pub mod memory;
pub mod mode;
pub mod post;
pub mod tencent;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

pub use aliyun::AliyunStandin;
pub use city::CityStandin;
pub use memory::{Accepted, Outcome};
pub use mode::{Mode, Moods};
pub use post::{Delivery, Forgery};
pub use tencent::TencentStandin;

/// The token in the address of the receipts, of all of them.
pub const TOKEN: &str = "a-receipt-token-of-more-than-32-characters";
/// The secret of all of them.
pub const SECRET: &str = "a-secret-of-the-standins-with-more-than-32-characters";
/// The signature (sign name) that is registered.
pub const SIGN_NAME: &str = "一针永州";

fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    Hmac::<Sha256>::new_from_slice(key).expect("a key").chain_update(text).finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Eleven digits of a mobile number.
fn is_mobile(number: &str) -> bool {
    let bytes = number.as_bytes();
    bytes.len() == 11 && bytes[0] == b'1' && (b'3'..=b'9').contains(&bytes[1]) && bytes.iter().all(u8::is_ascii_digit)
}
