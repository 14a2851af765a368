//! The key file: made on first start, readable by its owner alone, never in the database.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek::{SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::config::OpenError;
use crate::entropy::Entropy;

/// The name of the key file within the data directory.
pub const FILE_NAME: &str = "keys.toml";

/// As the file stands: every key 32 bytes in base64.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    /// Version → key that encrypts; the highest version is the one in use.
    vault: BTreeMap<u8, Zeroizing<String>>,
    /// The key of the keyed hashes.
    index: Zeroizing<String>,
    /// Key id → key that signs passes; the highest is the one in use.
    pass: BTreeMap<u8, Zeroizing<String>>,
}

/// The keys of this installation.
pub struct Keys {
    pub(crate) vault: BTreeMap<u8, Zeroizing<[u8; 32]>>,
    pub(crate) index: Zeroizing<[u8; 32]>,
    pass: BTreeMap<u8, SigningKey>,
}

impl Keys {
    /// Reads the key file of `data_dir`.
    ///
    /// # Errors
    /// When it is not there, cannot be read, is open to others, or holds no usable keys.
    pub fn read(data_dir: &Path) -> Result<Self, OpenError> {
        let path = data_dir.join(FILE_NAME);
        let text = std::fs::read_to_string(&path).map_err(|error| OpenError::Keys(format!("{}: {error}", path.display())))?;
        Self::guard(&path)?;
        let text = Zeroizing::new(text);
        let bad = |what: &str| OpenError::Keys(format!("{}: {what}", path.display()));
        let file: KeyFile = toml::from_str(&text).map_err(|_| bad("not a key file of this service"))?;
        let key = |text: &str| decode(text).ok_or_else(|| bad("a key is not 32 bytes in base64"));
        let keys = Self {
            vault: file.vault.iter().map(|(id, text)| Ok((*id, key(text)?))).collect::<Result<_, OpenError>>()?,
            index: key(&file.index)?,
            pass: file
                .pass
                .iter()
                .map(|(id, text)| Ok((*id, SigningKey::from_bytes(&*key(text)?))))
                .collect::<Result<_, OpenError>>()?,
        };
        if keys.vault.is_empty() || keys.pass.is_empty() {
            return Err(bad("it needs at least one vault key and one pass key"));
        }
        Ok(keys)
    }

    /// Makes a key file in `data_dir`.
    ///
    /// # Errors
    /// When there is one already (it is never overwritten), or it cannot be written.
    pub fn create(data_dir: &Path, entropy: &dyn Entropy) -> Result<(), OpenError> {
        let draw = || Zeroizing::new(BASE64.encode(*Zeroizing::new(entropy.bytes::<32>())));
        let file = KeyFile { vault: [(1, draw())].into(), index: draw(), pass: [(1, draw())].into() };
        let body = Zeroizing::new(toml::to_string(&file).map_err(|error| OpenError::Keys(error.to_string()))?);
        let path = data_dir.join(FILE_NAME);
        let failed = |error: std::io::Error| OpenError::Keys(format!("{}: {error}", path.display()));
        crate::folder::make(data_dir).map_err(failed)?;
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut out = options.open(&path).map_err(failed)?;
        writeln!(
            out,
            "# The keys of this installation. Without this file the database cannot be read: keep a copy in a safe place."
        )
        .map_err(failed)?;
        out.write_all(body.as_bytes()).and_then(|()| out.sync_all()).map_err(failed)
    }

    /// The key that signs passes now, with its id.
    pub(crate) fn signing(&self) -> (u8, &SigningKey) {
        let (id, key) = self.pass.last_key_value().expect("read() keeps no empty set");
        (*id, key)
    }

    /// The public key of an id.
    pub(crate) fn verifying(&self, id: u8) -> Option<VerifyingKey> {
        self.pass.get(&id).map(SigningKey::verifying_key)
    }

    #[cfg(unix)]
    fn guard(path: &Path) -> Result<(), OpenError> {
        use std::os::unix::fs::PermissionsExt;
        let failed = |error: std::io::Error| OpenError::Keys(format!("{}: {error}", path.display()));
        let mode = std::fs::metadata(path).map_err(failed)?.permissions().mode();
        if mode & 0o077 == 0 {
            Ok(())
        } else {
            Err(OpenError::Keys(format!("{}: others may read it; run chmod 600 on it", path.display())))
        }
    }

    #[cfg(not(unix))]
    fn guard(_: &Path) -> Result<(), OpenError> {
        Ok(())
    }
}

fn decode(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let bytes = Zeroizing::new(BASE64.decode(text.trim()).ok()?);
    Some(Zeroizing::new(bytes.as_slice().try_into().ok()?))
}
