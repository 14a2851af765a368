//! Secrets of the gateways: shown nowhere, wiped when they go, and compared without telling by the time it takes.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// A secret.
#[derive(Clone)]
pub(super) struct Secret(Zeroizing<String>);

impl core::fmt::Debug for Secret {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Secret")
    }
}

impl Secret {
    pub fn new(text: Zeroizing<String>) -> Self {
        Self(text)
    }

    /// The bytes, for a key.
    pub fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Whether this is what somebody brought. Both are hashed first, so that not even the length shows.
    pub fn is(&self, brought: Option<&str>) -> bool {
        let [ours, theirs] = [self.bytes(), brought.unwrap_or_default().as_bytes()].map(Sha256::digest);
        bool::from(ours.ct_eq(&theirs)) && brought.is_some()
    }
}

/// HMAC-SHA-256 over parts, one after the other.
pub(super) fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    keyed(key, parts).finalize().into_bytes().into()
}

/// Whether `hex` is the HMAC-SHA-256 over the parts.
pub(super) fn is_mac(key: &[u8], parts: &[&[u8]], hex: &str) -> bool {
    let theirs: Option<Vec<u8>> = (hex.len() == 64 && hex.is_ascii())
        .then(|| (0..32).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).ok()).collect::<Option<Vec<u8>>>())
        .flatten();
    let given = theirs.is_some();
    keyed(key, parts).verify_slice(&theirs.unwrap_or_else(|| vec![0; 32])).is_ok() && given
}

fn keyed(key: &[u8], parts: &[&[u8]]) -> Hmac<Sha256> {
    let mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    parts.iter().fold(mac, |mac, part| mac.chain_update(part))
}

/// SHA-256, in hexadecimal digits.
pub(super) fn sha256_hex(bytes: &[u8]) -> String {
    domain::work::hex(&Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_itself_and_nothing_else_and_is_not_shown() {
        let secret = Secret::new(Zeroizing::new("a-token-of-thirty-two-characters".to_owned()));
        assert!(secret.is(Some("a-token-of-thirty-two-characters")));
        for other in [None, Some(""), Some("a-token-of-thirty-two-characterS"), Some("a-token-of-thirty-two-characters ")] {
            assert!(!secret.is(other), "{other:?}");
        }
        assert!(!Secret::new(Zeroizing::default()).is(None));
        assert_eq!(format!("{secret:?}"), "Secret");
    }

    #[test]
    fn a_signature_fits_its_parts_and_its_key() {
        let hex = domain::work::hex(&mac(b"key", &[b"1.", b"body"]));
        assert!(is_mac(b"key", &[b"1.", b"body"], &hex) && is_mac(b"key", &[b"1.body"], &hex));
        for (key, body, hex) in [
            (b"key", b"1.bodY", hex.as_str()),
            (b"kez", b"1.body", &hex),
            (b"key", b"1.body", &hex[..62]),
            (b"key", b"1.body", ""),
            (b"key", b"1.body", &"+1".repeat(32)),
            (b"key", b"1.body", &"é".repeat(32)),
        ] {
            assert!(!is_mac(key, &[body], hex), "{hex}");
        }
    }
}
