//! Suites: which cipher seals and which hash finds again. A sealed value's first byte is its suite's number, and a key belongs to one
//! suite, so that no value is ever opened by another cipher than the one that sealed it.
//!
//! Another suite is another variant here, with a number that was never used, a name that stands before its keys in the key file, and known
//! answers from its standard among the tests below.

use aes_gcm::aead::consts::U12;
use aes_gcm::aead::{Aead, Nonce, Payload};
use aes_gcm::{Aes256Gcm, KeyInit};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// Bytes of a nonce, of every suite.
pub(crate) const NONCE: usize = 12;
/// Bytes of a key of the keyed hashes, of every suite.
pub(crate) const INDEX_KEY: usize = 32;

/// A cipher and a keyed hash that go together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Suite {
    /// AES-256-GCM (NIST SP 800-38D) and HMAC-SHA-256 (RFC 2104).
    #[default]
    Aes,
}

impl Suite {
    /// All of them.
    pub const ALL: [Self; 1] = [Self::Aes];

    /// Its number: the first byte of what it seals.
    pub(crate) fn format(self) -> u8 {
        match self {
            Self::Aes => 1,
        }
    }

    /// Its name in settings and in the key file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Aes => "aes",
        }
    }

    /// What it seals with, for people.
    pub fn cipher(self) -> &'static str {
        match self {
            Self::Aes => "AES-256-GCM",
        }
    }

    /// Bytes of a key that seals.
    pub(crate) fn key_length(self) -> usize {
        match self {
            Self::Aes => 32,
        }
    }

    /// The ciphertext and its tag. `None` when the cipher refuses, which it does only for gigabytes and for keys of another length.
    pub(crate) fn seal(self, key: &[u8], nonce: [u8; NONCE], plain: &[u8], aad: &[u8]) -> Option<Vec<u8>> {
        let payload = Payload { msg: plain, aad };
        match self {
            Self::Aes => seal::<Aes256Gcm>(key, nonce, payload),
        }
    }

    /// What [`Suite::seal`] sealed. `None` when anything was changed.
    pub(crate) fn open(self, key: &[u8], nonce: [u8; NONCE], body: &[u8], aad: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let payload = Payload { msg: body, aad };
        match self {
            Self::Aes => open::<Aes256Gcm>(key, nonce, payload),
        }
    }

    /// The keyed hash of these parts, one after the other.
    pub(crate) fn mac(self, key: &[u8; INDEX_KEY], parts: &[&[u8]]) -> Vec<u8> {
        match self {
            Self::Aes => mac::<Hmac<Sha256>>(key, parts),
        }
    }
}

fn seal<C: Aead<NonceSize = U12> + KeyInit>(key: &[u8], nonce: [u8; NONCE], payload: Payload) -> Option<Vec<u8>> {
    C::new_from_slice(key).ok()?.encrypt(&Nonce::<C>::from(nonce), payload).ok()
}

fn open<C: Aead<NonceSize = U12> + KeyInit>(key: &[u8], nonce: [u8; NONCE], payload: Payload) -> Option<Zeroizing<Vec<u8>>> {
    C::new_from_slice(key).ok()?.decrypt(&Nonce::<C>::from(nonce), payload).ok().map(Zeroizing::new)
}

fn mac<M: Mac + KeyInit>(key: &[u8; INDEX_KEY], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = <M as KeyInit>::new_from_slice(key).expect("HMAC takes keys of any length");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().to_vec()
}
