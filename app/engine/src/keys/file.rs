//! The key file: made on first start, its owner's alone, never in the database. It is replaced as a whole or not at all.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use domain::{DateTime, Utc};
use zeroize::Zeroizing;

use super::{KeyText, Keys, draw};
use crate::config::OpenError;
use crate::entropy::Entropy;
use crate::suite::{INDEX_KEY, Suite};

/// The name of the key file within the data directory.
pub const FILE_NAME: &str = "keys.toml";

/// Bytes that a key file has at most; 255 versions have a fifth of it.
pub(super) const LONGEST: usize = 64 * 1024;

/// What is said of a text that holds no keys.
pub(super) const NO_KEYS: &str = "not a key file of this service";

const HEAD: &str = "# The keys of this installation. Without this file the database cannot be read: keep a copy in a safe place.\n";

impl Keys {
    /// Reads a key file.
    ///
    /// # Errors
    /// When it is not there, cannot be read, is open to others, or holds no usable keys.
    pub fn read(path: &Path) -> Result<Self, OpenError> {
        Self::parse(&text(path)?).map_err(|why| wrong(path, why))
    }

    /// Makes a key file, and the folder that it lies in.
    ///
    /// # Errors
    /// When there is one already (it is never overwritten), or it cannot be written.
    pub fn create(path: &Path, suite: Suite, entropy: &dyn Entropy) -> Result<(), OpenError> {
        let keys = KeyText {
            index: draw(suite, INDEX_KEY, entropy),
            vault: [(1, draw(suite, suite.key_length(), entropy))].into(),
            seals_from: [].into(),
            pass: [(1, draw(Suite::Aes, 32, entropy))].into(),
            pass_signs_from: [].into(),
            audit: [(1, draw(Suite::Aes, 32, entropy))].into(),
        };
        let body = write(path, &keys)?;
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            crate::folder::make(folder).map_err(|error| wrong(path, error))?;
        }
        let mut out = make(path).map_err(|error| wrong(path, error))?;
        out.write_all(body.as_bytes()).and_then(|()| out.sync_all()).map_err(|error| wrong(path, error))
    }

    /// Adds a new version, which seals from `seals_from` on. Without a suite it is of the newest version's. Gives its number.
    ///
    /// # Errors
    /// When the newest version does not seal yet at `now`, no number is left, or the file cannot be replaced.
    pub fn rotate(
        path: &Path,
        suite: Option<Suite>,
        now: DateTime<Utc>,
        seals_from: DateTime<Utc>,
        entropy: &dyn Entropy,
    ) -> Result<u8, OpenError> {
        replace(path, |text, keys| {
            let newest = keys.versions().last().copied().ok_or("it has no vault key")?;
            if newest.seals_from.is_some_and(|from| from > now) {
                return Err("its newest version does not seal yet; wait until it does");
            }
            let version = newest.version.checked_add(1).ok_or("it has no number left for another version")?;
            let suite = suite.unwrap_or(newest.suite);
            text.vault.insert(version, draw(suite, suite.key_length(), entropy));
            text.seals_from.insert(version, seals_from);
            Ok(version)
        })
    }

    /// Adds a key that signs the audit's checkpoints, to a file that has none.
    ///
    /// # Errors
    /// When it has one, or the file cannot be replaced.
    pub(crate) fn add_checkpoint_key(path: &Path, entropy: &dyn Entropy) -> Result<(), OpenError> {
        replace(path, |text, _| {
            if !text.audit.is_empty() {
                return Err("it has a key for checkpoints already");
            }
            text.audit.insert(1, draw(Suite::Aes, 32, entropy));
            Ok(())
        })
    }

    /// Takes an old version away. Whether anything is still sealed with it is for the caller to know.
    ///
    /// # Errors
    /// When there is no such version, it is the one that seals at `now` or later, or the file cannot be replaced.
    pub fn forget(path: &Path, version: u8, now: DateTime<Utc>) -> Result<(), OpenError> {
        replace(path, |text, keys| {
            if version >= keys.sealing_version(now) {
                return Err("that version seals, or is to seal");
            }
            if keys.settled(now).is_none() {
                return Err("the next version does not seal for long enough yet; wait a minute");
            }
            text.vault.remove(&version).ok_or("it has no such version")?;
            text.seals_from.remove(&version);
            Ok(())
        })
    }
}

/// The text of a key file that nobody else may read.
pub(super) fn text(path: &Path) -> Result<Zeroizing<String>, OpenError> {
    let mut file = File::open(path).map_err(|error| wrong(path, error))?;
    let metadata = file.metadata().map_err(|error| wrong(path, error))?;
    guard(path, &metadata)?;
    if usize::try_from(metadata.len()).is_ok_and(|length| length > LONGEST) {
        return Err(wrong(path, NO_KEYS));
    }
    // as large as it can become: a text that grows leaves copies behind
    let mut text = Zeroizing::new(String::with_capacity(LONGEST));
    file.read_to_string(&mut text).map_err(|error| wrong(path, error))?;
    Ok(text)
}

/// What stands beside the file while it is being replaced.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    name.into()
}

/// Replaces the file by one in which `change` was made. At every moment there is the whole old one or the whole new one.
pub(super) fn replace<T>(path: &Path, change: impl FnOnce(&mut KeyText, &Keys) -> Result<T, &'static str>) -> Result<T, OpenError> {
    // a link goes on pointing where it does
    let path = path.canonicalize().map_err(|error| wrong(path, error))?;
    let fresh = beside(&path);
    // there can be only one, so of two who change it at once the second is refused
    let mut out = make(&fresh).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => {
            wrong(&fresh, "is there: the keys are being changed, or such a change was cut short; remove it if nobody is at it")
        }
        _ => wrong(&fresh, error),
    })?;
    let done = fill(&path, &mut out, change).and_then(|done| {
        std::fs::rename(&fresh, &path).map_err(|error| wrong(&path, error))?;
        Ok(done)
    });
    match done {
        Ok(done) => {
            // the new name is on the disk when the folder is
            let folder = path.parent().unwrap_or_else(|| Path::new("."));
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| wrong(&path, error))?;
            Ok(done)
        }
        Err(error) => {
            let _ = std::fs::remove_file(&fresh);
            Err(error)
        }
    }
}

fn fill<T>(
    path: &Path,
    out: &mut File,
    change: impl FnOnce(&mut KeyText, &Keys) -> Result<T, &'static str>,
) -> Result<T, OpenError> {
    let old = text(path)?;
    let keys = Keys::parse(&old).map_err(|why| wrong(path, why))?;
    let mut text: KeyText = toml::from_str(&old).map_err(|_| wrong(path, NO_KEYS))?;
    let done = change(&mut text, &keys).map_err(|why| wrong(path, why))?;
    let body = write(path, &text)?;
    Keys::parse(&body).map_err(|why| wrong(path, why))?;
    same_owner(path, out)?;
    out.write_all(body.as_bytes()).and_then(|()| out.sync_all()).map_err(|error| wrong(path, error))?;
    Ok(done)
}

fn write(path: &Path, keys: &KeyText) -> Result<Zeroizing<String>, OpenError> {
    let body = Zeroizing::new(toml::to_string(keys).map_err(|_| wrong(path, "the keys cannot be written down"))?);
    let mut text = Zeroizing::new(String::with_capacity(HEAD.len() + body.len()));
    text.push_str(HEAD);
    text.push_str(&body);
    Ok(text)
}

fn make(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// The service must be able to read what an administrator has replaced.
#[cfg(unix)]
fn same_owner(path: &Path, out: &File) -> Result<(), OpenError> {
    use std::os::unix::fs::{MetadataExt, fchown};
    let failed = |error: std::io::Error| wrong(path, error);
    let (old, new) = (std::fs::metadata(path).map_err(failed)?, out.metadata().map_err(failed)?);
    if (old.uid(), old.gid()) == (new.uid(), new.gid()) {
        return Ok(());
    }
    fchown(out, Some(old.uid()), Some(old.gid())).map_err(failed)
}

#[cfg(not(unix))]
fn same_owner(_: &Path, _: &File) -> Result<(), OpenError> {
    Ok(())
}

#[cfg(unix)]
fn guard(path: &Path, metadata: &Metadata) -> Result<(), OpenError> {
    use std::os::unix::fs::PermissionsExt;
    if metadata.permissions().mode() & 0o077 == 0 { Ok(()) } else { Err(wrong(path, "others may read it; run chmod 600 on it")) }
}

#[cfg(not(unix))]
fn guard(_: &Path, _: &Metadata) -> Result<(), OpenError> {
    Ok(())
}

fn wrong(path: &Path, why: impl std::fmt::Display) -> OpenError {
    OpenError::Keys(format!("{}: {why}", path.display()))
}
