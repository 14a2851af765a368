//! The vault: what must not stand in the clear is sealed here before it reaches the database, and found again by a keyed hash.
//!
//! Sealed bytes: the suite's number (1), key version (1), nonce (12), ciphertext and tag. The label and the row's id are
//! authenticated with it, so that a sealed value cannot be moved to another row or column.

use std::sync::{Arc, PoisonError, RwLock};

use domain::error::Error;
use domain::time::Clock;
use domain::{DateTime, Utc, Uuid};
use zeroize::Zeroizing;

use crate::entropy::Entropy;
use crate::keys::Keys;
use crate::suite::NONCE;

const NONCE_AT: usize = 2;
const BODY_AT: usize = NONCE_AT + NONCE;

/// Seals, opens and hashes.
pub struct Vault {
    keys: RwLock<Arc<Keys>>,
    entropy: Arc<dyn Entropy>,
    clock: Arc<dyn Clock>,
}

/// What a sealed value is: part of what is authenticated.
#[derive(Clone, Copy, Debug)]
pub enum Label {
    /// A person's details.
    Person,
    /// An account's phone.
    AccountPhone,
    /// Who an account's holder is, as a city's app has said.
    Identity,
    /// A message's number and words.
    Message,
    /// The secret of a second factor.
    SecondFactor,
    /// The known text that tells whether these keys belong to this database.
    KeyCheck,
}

impl Label {
    fn bytes(self, row: Uuid) -> Vec<u8> {
        let name: &[u8] = match self {
            Self::Person => b"person",
            Self::AccountPhone => b"account.phone",
            Self::Identity => b"identity",
            Self::Message => b"message",
            Self::SecondFactor => b"staff.second-factor",
            Self::KeyCheck => b"key-check",
        };
        [name, b"\0", row.as_bytes()].concat()
    }
}

impl Vault {
    pub(crate) fn new(keys: Keys, entropy: Arc<dyn Entropy>, clock: Arc<dyn Clock>) -> Self {
        Self { keys: RwLock::new(Arc::new(keys)), entropy, clock }
    }

    /// The keys as they are now.
    pub(crate) fn keys(&self) -> Arc<Keys> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Goes on with other keys; whether it may is for the caller to know.
    pub(crate) fn take(&self, keys: Keys) {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
    }

    /// Seals `plain` for the row `row`, with the version that is to seal by now.
    ///
    /// # Errors
    /// `internal` when the cipher refuses, which it does only for gigabytes.
    pub fn seal(&self, label: Label, row: Uuid, plain: &[u8]) -> Result<Vec<u8>, Error> {
        let keys = self.keys();
        let (version, key) = keys.sealing(self.clock.now());
        let nonce: [u8; NONCE] = self.entropy.bytes();
        let body = key.suite.seal(&key.bytes, nonce, plain, &label.bytes(row)).ok_or_else(Error::internal)?;
        Ok([&[key.suite.format(), version], nonce.as_slice(), &body].concat())
    }

    /// Opens what [`Vault::seal`] sealed for the same label and row.
    ///
    /// # Errors
    /// `internal` when it was changed, or sealed with a key that is not there any more. The log has the label.
    pub fn open(&self, label: Label, row: Uuid, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        try_open(&self.keys(), label, row, sealed).ok_or_else(|| {
            let key_version = version_of(sealed);
            tracing::error!(?label, %row, key_version, "a sealed value does not open: changed, or its key is missing");
            Error::internal()
        })
    }

    /// The keyed hash of a value, to find it again without storing it. `what` keeps the kinds apart.
    pub fn hash(&self, what: &str, value: &str) -> Vec<u8> {
        hash(&self.keys(), what, value)
    }

    /// The entropy of this installation, for ids and codes.
    pub(crate) fn entropy(&self) -> &dyn Entropy {
        &*self.entropy
    }

    /// A new id, ordered by time.
    pub(crate) fn id(&self, now: DateTime<Utc>) -> Uuid {
        self.entropy().id(now)
    }
}

/// The version of the key that something was sealed with.
pub(crate) fn version_of(sealed: &[u8]) -> Option<u8> {
    sealed.get(1).copied()
}

/// Opens with these keys.
pub(crate) fn try_open(keys: &Keys, label: Label, row: Uuid, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (head, body) = sealed.split_at_checked(BODY_AT)?;
    let key = keys.opening(head[1]).filter(|key| key.suite.format() == head[0])?;
    key.suite.open(&key.bytes, head[NONCE_AT..].try_into().ok()?, body, &label.bytes(row))
}

/// Hashes with these keys.
pub(crate) fn hash(keys: &Keys, what: &str, value: &str) -> Vec<u8> {
    let (suite, key) = keys.index();
    suite.mac(key, &[what.as_bytes(), b"\0", value.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use crate::entropy::SystemEntropy;
    use crate::keys::FILE_NAME;
    use crate::suite::Suite;

    fn vault(dir: &std::path::Path, suite: Suite) -> Vault {
        let path = dir.join(suite.name()).join(FILE_NAME);
        Keys::create(&path, suite, &SystemEntropy).expect("made");
        Vault::new(Keys::read(&path).expect("read"), Arc::new(SystemEntropy), Arc::new(SystemClock))
    }

    #[test]
    fn what_is_sealed_opens_only_in_its_place_and_unchanged() {
        let dir = tempfile::tempdir().expect("a directory");
        for suite in Suite::ALL {
            let vault = vault(dir.path(), suite);
            let (row, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
            let sealed = vault.seal(Label::Person, row, "张秀兰".as_bytes()).expect("sealed");
            assert_eq!(sealed[..2], [suite.format(), 1]);
            assert_eq!(vault.open(Label::Person, row, &sealed).expect("opens").as_slice(), "张秀兰".as_bytes());
            assert!(vault.open(Label::Person, other, &sealed).is_err());
            assert!(vault.open(Label::Message, row, &sealed).is_err());
            for at in 0..sealed.len() {
                let mut changed = sealed.clone();
                changed[at] ^= 1;
                assert!(vault.open(Label::Person, row, &changed).is_err(), "byte {at}");
            }
            assert!(vault.open(Label::Person, row, &sealed[..5]).is_err());
            let again = || vault.seal(Label::Person, row, b"x").expect("sealed");
            assert_ne!(again(), again());
        }
    }

    #[test]
    fn a_hash_is_the_same_for_the_same_and_differs_by_kind() {
        let dir = tempfile::tempdir().expect("a directory");
        for suite in Suite::ALL {
            let vault = vault(dir.path(), suite);
            assert_eq!(vault.hash("phone", "13800138000"), vault.hash("phone", "13800138000"));
            assert_ne!(vault.hash("phone", "13800138000"), vault.hash("document", "13800138000"));
        }
    }
}
