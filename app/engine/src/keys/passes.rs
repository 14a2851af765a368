//! The keys that sign passes: one signs, all that are known verify, and a number is never another key.

use std::path::Path;

use domain::{DateTime, Utc};
use ed25519_dalek::{SigningKey, VerifyingKey};

use super::file::replace;
use super::{GRACE, Keys, draw};
use crate::config::OpenError;
use crate::entropy::Entropy;
use crate::suite::Suite;

/// A key that signs passes.
#[derive(PartialEq, Eq)]
pub(super) struct PassKey {
    pub key: SigningKey,
    /// From when on it signs. It verifies from the moment that it is known, so that every process knows it before any signs with it.
    pub signs_from: Option<DateTime<Utc>>,
}

/// What may be told of a key that signs passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PassKeyTold {
    /// Its id, as it stands in each pass that it signed.
    pub id: u8,
    /// From when on it signs; `None`: it always did.
    pub signs_from: Option<DateTime<Utc>>,
}

impl Keys {
    /// What may be told of each key that signs passes, oldest first.
    pub fn pass_keys(&self) -> Vec<PassKeyTold> {
        self.pass.iter().map(|(id, one)| PassKeyTold { id: *id, signs_from: one.signs_from }).collect()
    }

    /// The key that signs passes at `now`, with its id: the newest whose time has come, the oldest where none's has.
    pub(crate) fn signing(&self, now: DateTime<Utc>) -> (u8, &SigningKey) {
        let in_use = self.pass.iter().rev().find(|(_, one)| one.signs_from.is_none_or(|from| from <= now));
        let (id, one) = in_use.or_else(|| self.pass.first_key_value()).expect("parse() keeps no empty set");
        (*id, &one.key)
    }

    /// The id of the key that signs passes at `now`.
    pub fn signing_id(&self, now: DateTime<Utc>) -> u8 {
        self.signing(now).0
    }

    /// The public key of an id.
    pub(crate) fn verifying(&self, id: u8) -> Option<VerifyingKey> {
        self.pass.get(&id).map(|one| one.key.verifying_key())
    }

    /// From when on nobody signs with a key any more: the next one's time, and how far clocks differ. `None`: there is no next one.
    pub fn signed_until(&self, id: u8) -> Option<DateTime<Utc>> {
        let (_, next) = self.pass.range(id.checked_add(1)?..).next()?;
        next.signs_from.map(|from| from + GRACE)
    }

    /// Adds a key that signs passes from `signs_from` on, and verifies at once. Gives its id, which is higher than each before: the highest is
    /// never forgotten, so no id is ever given twice.
    ///
    /// # Errors
    /// When the newest one does not sign yet at `now`, no id is left, or the file cannot be replaced.
    pub fn add_pass_key(
        path: &Path,
        now: DateTime<Utc>,
        signs_from: DateTime<Utc>,
        entropy: &dyn Entropy,
    ) -> Result<u8, OpenError> {
        replace(path, |text, keys| {
            let newest = keys.pass_keys().last().copied().ok_or("it has no pass key")?;
            if newest.signs_from.is_some_and(|from| from > now) {
                return Err("its newest pass key does not sign yet; wait until it does");
            }
            let id = newest.id.checked_add(1).ok_or("it has no id left for another pass key")?;
            text.pass.insert(id, draw(Suite::Aes, 32, entropy));
            text.pass_signs_from.insert(id, signs_from);
            Ok(id)
        })
    }

    /// Takes an old pass key away: what it signed is no pass any more, wherever it is shown.
    ///
    /// # Errors
    /// When there is no such key, it is the one that signs at `now` or later, or the file cannot be replaced.
    pub fn forget_pass_key(path: &Path, id: u8, now: DateTime<Utc>) -> Result<(), OpenError> {
        replace(path, |text, keys| {
            if id >= keys.signing_id(now) {
                return Err("that pass key signs, or is to sign");
            }
            if keys.signed_until(id).is_some_and(|until| until > now) {
                return Err("the next pass key does not sign for long enough yet; wait a minute");
            }
            text.pass.remove(&id).ok_or("it has no such pass key")?;
            text.pass_signs_from.remove(&id);
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::entropy::SystemEntropy;
    use crate::keys::FILE_NAME;

    const ENTROPY: SystemEntropy = SystemEntropy;

    fn new(dir: &Path) -> PathBuf {
        let path = dir.join(FILE_NAME);
        Keys::create(&path, Suite::Aes, &ENTROPY).expect("made");
        path
    }

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(minute * 60, 0).expect("an instant")
    }

    fn ids(path: &Path) -> Vec<u8> {
        Keys::read(path).expect("read").pass_keys().iter().map(|one| one.id).collect()
    }

    #[test]
    fn a_new_pass_key_verifies_at_once_and_signs_from_its_time_on() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = new(dir.path());
        let before = Keys::read(&path).expect("read");
        assert_eq!(Keys::add_pass_key(&path, at(0), at(10), &ENTROPY).ok(), Some(2));
        let after = Keys::read(&path).expect("read");
        assert!(after.continues(&before) && before.continues(&after) && !after.same_as(&before));
        assert_eq!(after.verifying(1), before.verifying(1), "what was signed before stays good");
        assert!(after.verifying(2).is_some_and(|key| Some(key) != after.verifying(1)));
        for (minute, id) in [(0, 1), (9, 1), (10, 2), (1000, 2)] {
            assert_eq!(after.signing_id(at(minute)), id, "minute {minute}");
        }
        assert_eq!(after.sealing_version(at(1000)), 1, "what seals is another matter");
    }

    #[test]
    fn a_pass_key_that_does_not_sign_yet_is_not_followed_by_another() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = new(dir.path());
        Keys::add_pass_key(&path, at(0), at(10), &ENTROPY).expect("added");
        assert!(Keys::add_pass_key(&path, at(9), at(20), &ENTROPY).is_err());
        assert_eq!(Keys::add_pass_key(&path, at(10), at(20), &ENTROPY).ok(), Some(3));
    }

    #[test]
    fn only_an_old_pass_key_is_forgotten_and_its_id_never_comes_back() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = new(dir.path());
        assert!(Keys::forget_pass_key(&path, 1, at(0)).is_err(), "it signs");
        Keys::add_pass_key(&path, at(0), at(10), &ENTROPY).expect("added");
        assert!(Keys::forget_pass_key(&path, 1, at(9)).is_err(), "it still signs");
        assert!(Keys::forget_pass_key(&path, 2, at(9)).is_err(), "it is to sign");
        assert!(Keys::forget_pass_key(&path, 1, at(10)).is_err(), "another clock may be behind");
        Keys::forget_pass_key(&path, 1, at(11)).expect("forgotten");
        assert!(Keys::forget_pass_key(&path, 1, at(11)).is_err(), "there is none");
        assert!(Keys::forget_pass_key(&path, 2, at(11)).is_err(), "it signs");
        assert!(Keys::read(&path).expect("read").verifying(1).is_none());
        assert_eq!(Keys::add_pass_key(&path, at(11), at(21), &ENTROPY).ok(), Some(3), "not 1 again");
        assert_eq!(ids(&path), [2, 3]);
    }

    #[test]
    fn the_last_id_is_followed_by_none() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = new(dir.path());
        let text = std::fs::read_to_string(&path).expect("read");
        std::fs::write(&path, text.replacen("[pass]\n1 =", "[pass]\n255 =", 1)).expect("written");
        assert!(Keys::add_pass_key(&path, at(0), at(10), &ENTROPY).is_err());
        assert_eq!(ids(&path), [255]);
    }

    #[test]
    fn an_id_that_became_another_key_does_not_continue_what_was() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = new(dir.path());
        let before = Keys::read(&path).expect("read");
        let text = std::fs::read_to_string(&path).expect("read");
        let old = text.split("[pass]\n1 = \"").nth(1).and_then(|rest| rest.split('"').next()).expect("a pass key");
        std::fs::write(&path, text.replace(old, &draw(Suite::Aes, 32, &ENTROPY))).expect("written");
        assert!(!Keys::read(&path).expect("read").continues(&before));
    }
}
