//! Whether keys belong to a database: it keeps a sealed text that they must open, and a keyed hash that they must give again.

use std::path::Path;
use std::time::Duration;

use domain::Uuid;
use sea_orm::ActiveValue::Set;
use sea_orm::EntityTrait;
use sea_orm::sea_query::OnConflict;

use crate::audit;
use crate::config::{Config, OpenError};
use crate::keys::{KeySource, Keys};
use crate::store::Store;
use crate::store::connect::unreadable;
use crate::store::entities::fact;
use crate::suite::Suite;
use crate::vault::{Label, Vault, hash, try_open};

/// The fact that the vault keys must open.
pub(crate) const SEALED: &str = "key-check";
/// The fact that the index key must give again: with another one everything would open, and nothing be found.
const HASHED: &str = "index-check";

/// The keys of this installation; made where neither they nor anything sealed with them is there.
pub(crate) async fn open(config: &Config, store: &Store) -> Result<Keys, OpenError> {
    if let KeySource::File(path) = &config.keys
        && !path.exists()
        && fact::Entity::find_by_id(SEALED).one(&store.read).await.map_err(unreadable)?.is_none()
    {
        Keys::create(path, Suite::default(), &*config.entropy)?;
    }
    let keys = config.keys.load().await?;
    match (keys.checkpoints(), &config.keys) {
        (Some(_), _) => Ok(keys),
        // another one would make all those that are there worthless, and nobody would be told why
        (None, source) if audit::has_checkpoints(&config.audit_dir) => Err(OpenError::Keys(format!(
            "{} has no key for checkpoints of the audit, but {} holds checkpoints; put the keys back that they were signed with",
            source.named(),
            config.audit_dir.display()
        ))),
        (None, KeySource::File(path)) => add_checkpoint_key(path, config).await,
        (None, source) => {
            tracing::warn!(
                "{} has no [audit] key: no checkpoints are signed, so that a cut end of the audit is not noticed",
                source.named()
            );
            Ok(keys)
        }
    }
}

/// Adds the key to a file of before. Another process may do so at the same moment.
async fn add_checkpoint_key(path: &Path, config: &Config) -> Result<Keys, OpenError> {
    let mut refused = None;
    for _ in 0..20 {
        let keys = config.keys.load().await?;
        if keys.checkpoints().is_some() {
            return Ok(keys);
        }
        match Keys::add_checkpoint_key(path, &*config.entropy) {
            Ok(()) => tracing::info!("the key file has a key for checkpoints of the audit now; keep a copy of it"),
            Err(error) => {
                refused = Some(error);
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    Err(refused.unwrap_or_else(|| OpenError::Keys("the key for checkpoints could not be added".into())))
}

/// Writes both facts where they are not there yet, and refuses keys that do not fit those that are.
pub(crate) async fn write(config: &Config, store: &Store, vault: &Vault) -> Result<(), OpenError> {
    let keys = vault.keys();
    let sealed = vault.seal(Label::KeyCheck, Uuid::nil(), b"fits").map_err(|error| OpenError::Keys(error.to_string()))?;
    insert(store, SEALED, sealed).await?;
    // a database of before has only the first; keys that do not open it must not write the second
    if !opens(store, &keys).await? {
        return Err(OpenError::OtherKeys(config.keys.named()));
    }
    insert(store, HASHED, hashed(&keys)).await?;
    check(config, store, &keys).await
}

/// Refuses keys that are not those of the database.
pub(crate) async fn check(config: &Config, store: &Store, keys: &Keys) -> Result<(), OpenError> {
    fits(&config.keys, store, keys).await
}

/// The same, for keys from anywhere.
pub(crate) async fn fits(source: &KeySource, store: &Store, keys: &Keys) -> Result<(), OpenError> {
    let found = kept(store, HASHED).await?.is_some_and(|value| value == hashed(keys));
    if found && opens(store, keys).await? { Ok(()) } else { Err(OpenError::OtherKeys(source.named())) }
}

async fn opens(store: &Store, keys: &Keys) -> Result<bool, OpenError> {
    let sealed = kept(store, SEALED).await?;
    Ok(sealed.is_some_and(|sealed| try_open(keys, Label::KeyCheck, Uuid::nil(), &sealed).is_some()))
}

async fn kept(store: &Store, name: &str) -> Result<Option<Vec<u8>>, OpenError> {
    Ok(fact::Entity::find_by_id(name).one(&store.write).await.map_err(unreadable)?.map(|row| row.value))
}

async fn insert(store: &Store, name: &str, value: Vec<u8>) -> Result<(), OpenError> {
    let row = fact::ActiveModel { name: Set(name.to_owned()), value: Set(value) };
    let nothing = OnConflict::new().do_nothing().to_owned();
    fact::Entity::insert(row).on_conflict(nothing).try_insert().exec_without_returning(&store.write).await.map_err(unreadable)?;
    Ok(())
}

fn hashed(keys: &Keys) -> Vec<u8> {
    hash(keys, HASHED, "fits")
}
