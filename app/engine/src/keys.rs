//! The keys in memory: which version seals now and which are there to open, as the text of a key file says it.

mod file;
mod passes;
mod source;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::Duration;
use domain::{DateTime, Utc};
use ed25519_dalek::{SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

pub use file::FILE_NAME;
use passes::PassKey;
pub use passes::PassKeyTold;
pub use source::KeySource;

use crate::entropy::Entropy;
use crate::suite::{INDEX_KEY, Suite};

/// How long what was sealed with the older version may be on its way into the database, and how far clocks of several machines differ.
const GRACE: Duration = Duration::minutes(1);

/// As the text stands.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyText {
    /// The key of the keyed hashes: 32 bytes in base64. It is never another one, or nothing would be found again.
    index: Zeroizing<String>,
    /// Version → key that encrypts, in base64.
    vault: BTreeMap<u8, Zeroizing<String>>,
    /// Version → from when on it seals, for those that did not always.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    seals_from: BTreeMap<u8, DateTime<Utc>>,
    /// Key id → key that signs passes: 32 bytes in base64.
    pass: BTreeMap<u8, Zeroizing<String>>,
    /// Key id → from when on it signs, for those that did not always.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pass_signs_from: BTreeMap<u8, DateTime<Utc>>,
    /// Key id → key that signs the audit's checkpoints, in the same way. A file of before has none; the first start adds one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    audit: BTreeMap<u8, Zeroizing<String>>,
}

/// A key that seals and opens.
#[derive(PartialEq, Eq)]
pub(crate) struct VaultKey {
    pub suite: Suite,
    pub bytes: Zeroizing<Vec<u8>>,
    /// From when on it seals. It opens from the moment that it is known, so that every process knows it before any seals with it.
    pub seals_from: Option<DateTime<Utc>>,
}

/// The keys of this installation.
pub struct Keys {
    vault: BTreeMap<u8, VaultKey>,
    index: (Suite, Zeroizing<[u8; INDEX_KEY]>),
    pass: BTreeMap<u8, PassKey>,
    audit: BTreeMap<u8, SigningKey>,
    /// The key of the audit's digests and hashes: derived from the index key, which never changes, so that what was chained once can be
    /// proved for ever, and with a name of its own, so that no keyed hash of anything else is one of them.
    chain: Zeroizing<[u8; INDEX_KEY]>,
}

/// What may be told of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyVersion {
    /// Its number.
    pub version: u8,
    /// What it seals with.
    pub suite: Suite,
    /// From when on it seals; `None`: it always did.
    pub seals_from: Option<DateTime<Utc>>,
}

impl Keys {
    /// Reads the text of a key file. What is wrong with it is told without a word of it.
    fn parse(text: &str) -> Result<Self, &'static str> {
        let text: KeyText = toml::from_str(text).map_err(|_| file::NO_KEYS)?;
        let mut vault = BTreeMap::new();
        for (version, key) in &text.vault {
            let (suite, key) = suite_of(key);
            let bytes = decode(key).filter(|bytes| bytes.len() == suite.key_length());
            let bytes = bytes.ok_or("a vault key is not of its suite's length, in base64")?;
            vault.insert(*version, VaultKey { suite, bytes, seals_from: text.seals_from.get(version).copied() });
        }
        let (suite, key) = suite_of(&text.index);
        let index = decode(key).and_then(|bytes| exactly(&bytes)).ok_or("the index key is not 32 bytes in base64")?;
        let pass = signing_keys(&text.pass).ok_or("a pass key is not 32 bytes in base64")?;
        let audit = signing_keys(&text.audit).ok_or("an audit key is not 32 bytes in base64")?;
        if vault.is_empty() || pass.is_empty() {
            return Err("it needs at least one vault key and one pass key");
        }
        if text.seals_from.keys().any(|version| !vault.contains_key(version)) {
            return Err("seals_from names a version that has no key");
        }
        if text.pass_signs_from.keys().any(|id| !pass.contains_key(id)) {
            return Err("pass_signs_from names an id that has no key");
        }
        let signs_from = |id: &u8| text.pass_signs_from.get(id).copied();
        let pass = pass.into_iter().map(|(id, key)| (id, PassKey { key, signs_from: signs_from(&id) })).collect();
        let derived = Zeroizing::new(suite.mac(&index, &[b"yizhen audit chain 1"]));
        let chain = exactly(&derived).ok_or("the index key is of no use")?;
        Ok(Self { vault, index: (suite, index), pass, audit, chain })
    }

    /// What may be told of each version, oldest first.
    pub fn versions(&self) -> Vec<KeyVersion> {
        let told =
            |(version, key): (&u8, &VaultKey)| KeyVersion { version: *version, suite: key.suite, seals_from: key.seals_from };
        self.vault.iter().map(told).collect()
    }

    /// The version that seals at `now`: the newest whose time has come, the oldest where none's has.
    pub(crate) fn sealing(&self, now: DateTime<Utc>) -> (u8, &VaultKey) {
        let in_use = self.vault.iter().rev().find(|(_, key)| key.seals_from.is_none_or(|from| from <= now));
        let (version, key) = in_use.or_else(|| self.vault.first_key_value()).expect("parse() keeps no empty set");
        (*version, key)
    }

    /// The version that seals at `now`.
    pub fn sealing_version(&self, now: DateTime<Utc>) -> u8 {
        self.sealing(now).0
    }

    /// The version that seals at `now`, where there are older ones and nothing can be on its way any more that they have sealed.
    pub(crate) fn settled(&self, now: DateTime<Utc>) -> Option<u8> {
        let (version, key) = self.sealing(now);
        let older = self.vault.keys().any(|other| *other < version);
        (older && key.seals_from.is_none_or(|from| from + GRACE <= now)).then_some(version)
    }

    /// The key of a version.
    pub(crate) fn opening(&self, version: u8) -> Option<&VaultKey> {
        self.vault.get(&version)
    }

    /// The key of the keyed hashes.
    pub(crate) fn index(&self) -> (Suite, &[u8; INDEX_KEY]) {
        (self.index.0, &self.index.1)
    }

    /// The key of the audit's digests and hashes.
    pub(crate) fn chain(&self) -> &[u8; INDEX_KEY] {
        &self.chain
    }

    /// The key that signs checkpoints now, with its id. `None` in a key file of before.
    pub(crate) fn checkpoints(&self) -> Option<(u8, &SigningKey)> {
        self.audit.last_key_value().map(|(id, key)| (*id, key))
    }

    /// The public key of checkpoints, of an id.
    pub(crate) fn checkpoint_key(&self, id: u8) -> Option<VerifyingKey> {
        self.audit.get(&id).map(SigningKey::verifying_key)
    }

    /// Whether nothing is new.
    pub(crate) fn same_as(&self, other: &Self) -> bool {
        self.vault == other.vault && self.index == other.index && self.pass == other.pass && self.audit == other.audit
    }

    /// Whether a running service may go on with these keys instead of `before`: no version and no id ever becomes another key, the keyed
    /// hashes stay what they are, and no key of checkpoints goes: nobody could check them any more.
    pub(crate) fn continues(&self, before: &Self) -> bool {
        let same = |(version, key): (&u8, &VaultKey)| {
            self.vault.get(version).is_none_or(|now| now.suite == key.suite && now.bytes == key.bytes)
        };
        let passes = |(id, one): (&u8, &PassKey)| self.pass.get(id).is_none_or(|now| now.key == one.key);
        let signed = |(id, key): (&u8, &SigningKey)| self.audit.get(id) == Some(key);
        self.index == before.index
            && before.vault.iter().all(same)
            && before.pass.iter().all(passes)
            && before.audit.iter().all(signed)
    }
}

fn signing_keys(texts: &BTreeMap<u8, Zeroizing<String>>) -> Option<BTreeMap<u8, SigningKey>> {
    let key = |(id, text): (&u8, &Zeroizing<String>)| Some((*id, SigningKey::from_bytes(&*exactly(&decode(text)?)?)));
    texts.iter().map(key).collect()
}

/// A new key of a suite, as it stands in the file.
fn draw(suite: Suite, length: usize, entropy: &dyn Entropy) -> Zeroizing<String> {
    let mut bytes = Zeroizing::new(vec![0; length]);
    entropy.fill(&mut bytes);
    let text = Zeroizing::new(BASE64.encode(&*bytes));
    match suite {
        // the first suite's keys have no name before them: so they stood before there was another
        Suite::Aes => text,
        named => {
            let mut long = Zeroizing::new(String::with_capacity(named.name().len() + 1 + text.len()));
            long.push_str(named.name());
            long.push(':');
            long.push_str(&text);
            long
        }
    }
}

/// The suite whose name stands before a key, and the key's text.
fn suite_of(text: &str) -> (Suite, &str) {
    let named = Suite::ALL.into_iter().find_map(|suite| Some((suite, text.strip_prefix(suite.name())?.strip_prefix(':')?)));
    named.unwrap_or((Suite::Aes, text))
}

fn decode(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let text = text.trim();
    // as large as it can become: a vector that grows leaves copies behind
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    BASE64.decode_vec(text, &mut bytes).ok()?;
    Some(bytes)
}

fn exactly<const N: usize>(bytes: &[u8]) -> Option<Zeroizing<[u8; N]>> {
    let mut out = Zeroizing::new([0; N]);
    if bytes.len() != N {
        return None;
    }
    out.copy_from_slice(bytes);
    Some(out)
}
