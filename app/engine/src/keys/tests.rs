//! The key file: who may read it, what is replaced in it, and what is no key file.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::*;
use crate::entropy::SystemEntropy;

const ENTROPY: SystemEntropy = SystemEntropy;

fn new(dir: &Path) -> PathBuf {
    let path = dir.join("above").join(FILE_NAME);
    Keys::create(&path, Suite::Aes, &ENTROPY).expect("made");
    path
}

fn at(minute: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(minute * 60, 0).expect("an instant")
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).expect("there").permissions().mode() & 0o777
}

#[test]
fn the_key_file_is_its_owners_alone_and_is_never_overwritten() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = new(dir.path());
    assert_eq!(mode(&path), 0o600);
    assert!(Keys::create(&path, Suite::Aes, &ENTROPY).is_err());
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).expect("changed");
    assert!(Keys::read(&path).is_err());
    assert!(Keys::rotate(&path, None, at(0), at(0), &ENTROPY).is_err());
}

#[test]
fn a_new_version_leaves_the_old_keys_as_they_were_and_seals_from_its_time_on() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = new(dir.path());
    let before = Keys::read(&path).expect("read");
    let inode = std::fs::metadata(&path).expect("there").ino();
    assert_eq!(Keys::rotate(&path, None, at(0), at(10), &ENTROPY).ok(), Some(2));
    assert_eq!(mode(&path), 0o600);
    assert_ne!(std::fs::metadata(&path).expect("there").ino(), inode, "another file, not the same one written over");
    let after = Keys::read(&path).expect("read");
    assert!(after.continues(&before) && !after.same_as(&before));
    assert!(before.continues(&after), "both ways: nothing was changed");
    assert_ne!(after.opening(1).map(|key| &key.bytes), after.opening(2).map(|key| &key.bytes));
    for (minute, version) in [(0, 1), (9, 1), (10, 2), (1000, 2)] {
        assert_eq!(after.sealing_version(at(minute)), version, "minute {minute}");
    }
    let entries = std::fs::read_dir(path.parent().expect("a folder")).expect("listed").count();
    assert_eq!(entries, 1, "nothing is left beside it");
}

#[test]
fn a_version_that_does_not_seal_yet_is_not_followed_by_another() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = new(dir.path());
    Keys::rotate(&path, None, at(0), at(10), &ENTROPY).expect("rotated");
    assert!(Keys::rotate(&path, None, at(9), at(20), &ENTROPY).is_err());
    assert_eq!(Keys::rotate(&path, None, at(10), at(20), &ENTROPY).ok(), Some(3));
}

#[test]
fn of_two_who_change_the_file_at_once_the_second_is_refused_and_changes_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = new(dir.path());
    let (before, other) = (std::fs::read(&path).expect("read"), dir.path().join("above/keys.toml.new"));
    std::fs::write(&other, "half a file").expect("written");
    let refused = Keys::rotate(&path, None, at(0), at(10), &ENTROPY).expect_err("refused").to_string();
    assert!(refused.contains("keys.toml.new"), "{refused}");
    assert!(std::fs::read(&path).expect("read") == before);
    assert_eq!(std::fs::read(&other).expect("read"), b"half a file");
    std::fs::remove_file(&other).expect("removed");
    Keys::rotate(&path, None, at(0), at(10), &ENTROPY).expect("rotated");
}

#[test]
fn a_link_to_the_key_file_stays_a_link() {
    let dir = tempfile::tempdir().expect("a directory");
    let (path, link) = (new(dir.path()), dir.path().join("link.toml"));
    std::os::unix::fs::symlink(&path, &link).expect("linked");
    Keys::rotate(&link, None, at(0), at(10), &ENTROPY).expect("rotated");
    assert!(std::fs::symlink_metadata(&link).expect("there").is_symlink());
    assert_eq!(Keys::read(&path).expect("read").versions().len(), 2);
}

#[test]
fn only_an_old_version_is_forgotten() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = new(dir.path());
    assert!(Keys::forget(&path, 1, at(0)).is_err(), "it seals");
    Keys::rotate(&path, None, at(0), at(10), &ENTROPY).expect("rotated");
    assert!(Keys::forget(&path, 1, at(9)).is_err(), "it still seals");
    assert!(Keys::forget(&path, 2, at(9)).is_err(), "it is to seal");
    assert!(Keys::forget(&path, 1, at(10)).is_err(), "something may be on its way");
    Keys::forget(&path, 1, at(11)).expect("forgotten");
    assert!(Keys::forget(&path, 1, at(11)).is_err(), "there is none");
    assert!(Keys::forget(&path, 2, at(11)).is_err(), "it seals");
    let versions: Vec<u8> = Keys::read(&path).expect("read").versions().iter().map(|one| one.version).collect();
    assert_eq!(versions, [2]);
}

#[test]
fn a_version_that_became_another_key_does_not_continue_what_was() {
    let dir = tempfile::tempdir().expect("a directory");
    let other = tempfile::tempdir().expect("a directory");
    let (one, two) = (Keys::read(&new(dir.path())).expect("read"), Keys::read(&new(other.path())).expect("read"));
    assert!(one.continues(&one) && !one.continues(&two));
}

#[test]
fn what_is_wrong_with_a_key_file_is_told_without_a_word_of_it() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = new(dir.path());
    let good = std::fs::read_to_string(&path).expect("read");
    let key = good.lines().find_map(|line| line.strip_prefix("index = ")).expect("an index key").trim_matches('"').to_owned();
    for (what, text) in [
        ("cut", good[..good.len() - 20].to_owned()),
        ("a short key", good.replace(&key, &key[..40])),
        ("no base64", good.replace(&key, &key.replacen(|sign: char| sign.is_alphanumeric(), "!", 1))),
        ("another setting", format!("{good}\nmore = \"{key}\"\n")),
        ("a time without a key", format!("{good}\n[seals_from]\n9 = \"2026-01-01T00:00:00Z\"\n")),
        ("no vault key", good.replacen("[vault]\n1 =", "[vault]\n\n[seals_from]\n1 =", 1)),
    ] {
        std::fs::write(&path, text).expect("written");
        let words = Keys::read(&path).err().unwrap_or_else(|| panic!("{what}: it must be refused")).to_string();
        assert!(words.contains("keys.toml") && !words.contains(&key[..8]), "{what}: {words}");
    }
    std::fs::write(&path, good).expect("written");
    Keys::read(&path).expect("the good one is read");
    assert_eq!(Keys::read(&path).expect("read").settled(at(0)), None, "there is nothing older");
}

#[test]
fn a_key_is_of_one_suite_and_a_new_version_of_the_suite_of_the_one_before_unless_another_is_asked_for() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = new(dir.path());
    let suites = |path: &Path| Keys::read(path).expect("read").versions().iter().map(|one| one.suite).collect::<Vec<_>>();
    Keys::rotate(&path, None, at(0), at(1), &ENTROPY).expect("rotated");
    Keys::rotate(&path, Some(Suite::Sm), at(1), at(2), &ENTROPY).expect("rotated");
    Keys::rotate(&path, None, at(2), at(3), &ENTROPY).expect("rotated");
    assert_eq!(suites(&path), [Suite::Aes, Suite::Aes, Suite::Sm, Suite::Sm]);
    let keys = Keys::read(&path).expect("read");
    assert_eq!(keys.index().0, Suite::Aes, "what is found by a hash is found by the same hash for ever");

    let other = dir.path().join("sm.toml");
    Keys::create(&other, Suite::Sm, &ENTROPY).expect("made");
    assert_eq!(suites(&other), [Suite::Sm]);
    assert_eq!(Keys::read(&other).expect("read").index().0, Suite::Sm);
    let text = std::fs::read_to_string(&other).expect("read");
    for wrong in [text.replace("sm:", ""), text.replace("sm:", "des:")] {
        std::fs::write(&other, wrong).expect("written");
        assert!(Keys::read(&other).is_err());
    }
}
