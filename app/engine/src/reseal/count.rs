//! How many values each version has sealed: counted in one walk by primary key, a bounded piece a statement, beside a running service.

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, DbErr, EntityTrait};

use super::place::Place;
use super::table::TABLES;
use crate::Engine;
use crate::config::OpenError;
use crate::key_check;
use crate::store::Store;
use crate::store::connect::unreadable;
use crate::store::entities::fact;
use crate::vault::version_of;

/// Rows that one statement looks at.
const PIECE: u32 = 8192;

/// How many values each version has sealed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SealedRows(pub BTreeMap<u8, u64>);

impl SealedRows {
    /// Those of a version.
    pub fn of(&self, version: u8) -> u64 {
        self.0.get(&version).copied().unwrap_or(0)
    }
}

impl Engine {
    /// Counts the sealed values of a database that exists, without its keys, and changes nothing.
    ///
    /// # Errors
    /// When the database cannot be read, or is not of this program's version.
    pub async fn sealed_rows(database_url: &str) -> Result<SealedRows, OpenError> {
        Store::on_existing(database_url, async |store: &Store| count(&store.read).await.map_err(unreadable)).await
    }

    /// How many values a version has still sealed. Where there are any, a service that believes that there are none looks for them once more.
    ///
    /// # Errors
    /// As [`Engine::sealed_rows`]; or when the database cannot be written.
    pub async fn still_sealed_with(database_url: &str, version: u8) -> Result<u64, OpenError> {
        let work = async |store: &Store| {
            let rows = count(&store.read).await.map_err(unreadable)?.of(version);
            if rows > 0 {
                Place::again(&store.write).await.map_err(unreadable)?;
            }
            Ok(rows)
        };
        Store::on_existing(database_url, work).await
    }
}

async fn count(db: &impl ConnectionTrait) -> Result<SealedRows, DbErr> {
    let mut rows = SealedRows::default();
    let check = fact::Entity::find_by_id(key_check::SEALED).one(db).await?;
    let mut add = |sealed: &[u8]| *rows.0.entry(version_of(sealed).unwrap_or(0)).or_default() += 1;
    check.iter().for_each(|row| add(&row.value));
    for table in &TABLES {
        let mut after = None;
        loop {
            let heads = table.heads(db, after, PIECE).await?;
            heads.iter().filter(|row| !row.sealed.is_empty()).for_each(|row| add(&row.sealed));
            let Some(last) = heads.last() else { break };
            after = Some(last.id);
        }
    }
    Ok(rows)
}
