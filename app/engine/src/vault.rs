//! The vault: what must not stand in the clear is sealed here before it reaches the database, and found again by a keyed hash.
//!
//! Sealed bytes: format (1), key version (1), nonce (12), AES-256-GCM ciphertext and tag. The label and the row's id are
//! authenticated with it, so that a sealed value cannot be moved to another row or column.

use std::sync::Arc;

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit, Nonce};
use domain::error::Error;
use domain::{DateTime, Utc, Uuid};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::entropy::Entropy;
use crate::keys::Keys;

const FORMAT: u8 = 1;
const NONCE_AT: usize = 2;
const BODY_AT: usize = NONCE_AT + 12;

/// Seals, opens and hashes.
pub struct Vault {
    keys: Arc<Keys>,
    entropy: Arc<dyn Entropy>,
}

/// What a sealed value is: part of what is authenticated.
#[derive(Clone, Copy, Debug)]
pub enum Label {
    /// A person's details.
    Person,
    /// An account's phone.
    AccountPhone,
    /// A message's number and words.
    Message,
    /// The known text that tells whether these keys belong to this database.
    KeyCheck,
}

impl Label {
    fn bytes(self, row: Uuid) -> Vec<u8> {
        let name: &[u8] = match self {
            Self::Person => b"person",
            Self::AccountPhone => b"account.phone",
            Self::Message => b"message",
            Self::KeyCheck => b"key-check",
        };
        [name, b"\0", row.as_bytes()].concat()
    }
}

impl Vault {
    pub(crate) fn new(keys: Arc<Keys>, entropy: Arc<dyn Entropy>) -> Self {
        Self { keys, entropy }
    }

    /// Seals `plain` for the row `row`.
    ///
    /// # Errors
    /// `internal` when the cipher refuses, which it does only for gigabytes.
    pub fn seal(&self, label: Label, row: Uuid, plain: &[u8]) -> Result<Vec<u8>, Error> {
        let (version, key) = self.keys.vault.last_key_value().ok_or_else(Error::internal)?;
        let cipher = Aes256Gcm::new_from_slice(key.as_slice()).map_err(|_| Error::internal())?;
        let nonce: [u8; 12] = self.entropy.bytes();
        let aad = label.bytes(row);
        let body = cipher.encrypt(&Nonce::from(nonce), Payload { msg: plain, aad: &aad }).map_err(|_| Error::internal())?;
        Ok([&[FORMAT, *version], nonce.as_slice(), &body].concat())
    }

    /// Opens what [`Vault::seal`] sealed for the same label and row.
    ///
    /// # Errors
    /// `internal` when it was changed, or sealed with a key that is not there any more. The log has the label.
    pub fn open(&self, label: Label, row: Uuid, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        self.try_open(label, row, sealed).ok_or_else(|| {
            tracing::error!(?label, %row, "a sealed value does not open: changed, or its key is missing");
            Error::internal()
        })
    }

    fn try_open(&self, label: Label, row: Uuid, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (head, body) = sealed.split_at_checked(BODY_AT)?;
        if head[0] != FORMAT {
            return None;
        }
        let cipher = Aes256Gcm::new_from_slice(self.keys.vault.get(&head[1])?.as_slice()).ok()?;
        let nonce: [u8; 12] = head[NONCE_AT..].try_into().ok()?;
        let aad = label.bytes(row);
        cipher.decrypt(&Nonce::from(nonce), Payload { msg: body, aad: &aad }).ok().map(Zeroizing::new)
    }

    /// Whether `sealed` was sealed with these keys.
    pub(crate) fn fits(&self, sealed: &[u8]) -> bool {
        self.try_open(Label::KeyCheck, Uuid::nil(), sealed).is_some()
    }

    /// The keyed hash (HMAC-SHA-256) of a value, to find it again without storing it. `what` keeps the kinds apart.
    pub fn hash(&self, what: &str, value: &str) -> Vec<u8> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.keys.index.as_slice()).expect("HMAC takes keys of any length");
        mac.update(what.as_bytes());
        mac.update(b"\0");
        mac.update(value.as_bytes());
        mac.finalize().into_bytes().to_vec()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SystemEntropy;

    fn vault(dir: &std::path::Path) -> Vault {
        Keys::create(dir, &SystemEntropy).expect("made");
        Vault::new(Arc::new(Keys::read(dir).expect("read")), Arc::new(SystemEntropy))
    }

    #[test]
    fn what_is_sealed_opens_only_in_its_place_and_unchanged() {
        let dir = tempfile::tempdir().expect("a directory");
        let vault = vault(dir.path());
        let (row, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let sealed = vault.seal(Label::Person, row, "张秀兰".as_bytes()).expect("sealed");
        assert_eq!(vault.open(Label::Person, row, &sealed).expect("opens").as_slice(), "张秀兰".as_bytes());
        assert!(vault.open(Label::Person, other, &sealed).is_err());
        assert!(vault.open(Label::Message, row, &sealed).is_err());
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(vault.open(Label::Person, row, &changed).is_err(), "byte {at}");
        }
        assert!(vault.open(Label::Person, row, &sealed[..5]).is_err());
        assert_ne!(vault.seal(Label::Person, row, b"x").expect("sealed"), vault.seal(Label::Person, row, b"x").expect("sealed"));
    }

    #[test]
    fn a_hash_is_the_same_for_the_same_and_differs_by_kind() {
        let dir = tempfile::tempdir().expect("a directory");
        let vault = vault(dir.path());
        assert_eq!(vault.hash("phone", "13800138000"), vault.hash("phone", "13800138000"));
        assert_ne!(vault.hash("phone", "13800138000"), vault.hash("document", "13800138000"));
    }

    #[test]
    fn the_key_file_is_its_owners_alone_and_is_never_overwritten() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().expect("a directory");
        Keys::create(dir.path(), &SystemEntropy).expect("made");
        let path = dir.path().join(crate::keys::FILE_NAME);
        assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        assert!(Keys::create(dir.path(), &SystemEntropy).is_err());
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("changed");
        assert!(Keys::read(dir.path()).is_err());
    }
}
