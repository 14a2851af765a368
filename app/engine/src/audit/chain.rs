//! Strands: the links that one writer of one process adds, each with the ids of its rows and a running hash over all before it.
//!
//! A strand has one writer, so that several of them, in several processes, share no row and wait for nobody. Its head is kept in memory and
//! moves only after the commit that wrote the link. Where the answer of a commit is lost, the strand is given up, and where it ends is where it
//! ends: the next one names it. Strands are numbered without gaps, and the first link of each names the heads of those before, so that a
//! whole strand that is taken away is missed.

use chrono::SubsecRound;
use domain::{DateTime, Utc, Uuid};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, TryInsertResult};

use super::encoding::{HASH, keyed};
use crate::store::entities::audit_link;

/// Bits of a link's id that count the links of its strand.
const SEQUENCE: u32 = 32;
/// Strands whose heads a new one names. Older ones were named by those.
const NAMED: u64 = 64;
/// Bytes of the name of a head: a link's id and its hash.
pub(super) const NAME: usize = 8 + HASH;
/// Tries to be the next strand: another process may be quicker.
const TRIES: u32 = 16;

/// The key of digests and hashes.
pub(crate) type ChainKey = [u8; HASH];

/// The head of a strand: the last link that is known to be committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Strand {
    id: i64,
    total: i64,
    hash: [u8; HASH],
}

/// The number of a link's strand.
pub(super) fn strand_of(id: i64) -> i64 {
    id >> SEQUENCE
}

/// A link's number within its strand; 0 for the first, which has no rows.
pub(super) fn sequence_of(id: i64) -> i64 {
    id & ((1 << SEQUENCE) - 1)
}

/// A link for people: strand and number.
pub(super) fn named(id: i64) -> String {
    format!("{}/{}", strand_of(id), sequence_of(id))
}

/// The id of the first link of a strand.
pub(super) fn first_of(strand: i64) -> i64 {
    strand << SEQUENCE
}

/// The running hash at a link, from what it says and the hash before it.
pub(super) fn running(key: &ChainKey, before: &[u8], link: &audit_link::Model) -> [u8; HASH] {
    let [id, at, total] = [link.id, link.at.timestamp_micros(), link.total].map(i64::to_be_bytes);
    keyed(key, &[b"link\0", before, &id, &at, &total, &link.ids])
}

/// What the first link of a strand runs from.
pub(super) const BEFORE_ALL: [u8; HASH] = [0; HASH];

impl Strand {
    /// Begins the next strand, in a transaction of its own.
    ///
    /// # Errors
    /// Those of the database; and when other processes were quicker again and again.
    pub(crate) async fn begin(db: &impl ConnectionTrait, key: &ChainKey, now: DateTime<Utc>) -> Result<Self, DbErr> {
        for _ in 0..TRIES {
            let heads = heads(db, NAMED).await?;
            let strand = heads.first().map_or(0, |head| strand_of(head.id)) + 1;
            let names = heads.iter().flat_map(|head| [head.id.to_be_bytes().as_slice(), &head.hash].concat()).collect();
            let link = made(key, &BEFORE_ALL, first_of(strand), now, 0, names);
            if insert(db, &link).await? {
                return Ok(Self::at(&link));
            }
        }
        Err(DbErr::Custom("no strand of the audit could be begun".into()))
    }

    /// The id of the next link.
    pub(crate) fn next(&self) -> i64 {
        self.id + 1
    }

    /// Writes the next link, of rows that are written in the same transaction. Gives the head once that is committed; nothing where there is
    /// such a link already, and this strand is not ours any more.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) async fn extend(
        &self,
        db: &impl ConnectionTrait,
        key: &ChainKey,
        now: DateTime<Utc>,
        rows: &[Uuid],
    ) -> Result<Option<Self>, DbErr> {
        let total = self.total + i64::try_from(rows.len()).unwrap_or(i64::MAX);
        let ids = rows.iter().flat_map(|id| *id.as_bytes()).collect();
        let link = made(key, &self.hash, self.next(), now, total, ids);
        Ok(insert(db, &link).await?.then(|| Self::at(&link)))
    }

    fn at(link: &audit_link::Model) -> Self {
        let mut hash = BEFORE_ALL;
        hash.copy_from_slice(&link.hash);
        Self { id: link.id, total: link.total, hash }
    }
}

fn made(key: &ChainKey, before: &[u8], id: i64, now: DateTime<Utc>, total: i64, ids: Vec<u8>) -> audit_link::Model {
    let link = audit_link::Model { id, at: now.trunc_subsecs(6), total, ids, hash: vec![] };
    audit_link::Model { hash: running(key, before, &link).to_vec(), ..link }
}

/// Whether the link was written; there may be one of its id.
async fn insert(db: &impl ConnectionTrait, link: &audit_link::Model) -> Result<bool, DbErr> {
    let audit_link::Model { id, at, total, ids, hash } = link.clone();
    let row = audit_link::ActiveModel { id: Set(id), at: Set(at), total: Set(total), ids: Set(ids), hash: Set(hash) };
    let nothing = OnConflict::column(audit_link::Column::Id).do_nothing().to_owned();
    let written = audit_link::Entity::insert(row).on_conflict(nothing).try_insert().exec_without_returning(db).await?;
    Ok(matches!(written, TryInsertResult::Inserted(1..)))
}

/// A head, without the ids of its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) id: i64,
    pub(super) total: i64,
    pub(super) hash: Vec<u8>,
}

/// The last links of the latest strands, the latest strand first.
pub(super) async fn heads(db: &impl ConnectionTrait, most: u64) -> Result<Vec<Head>, DbErr> {
    let mut heads: Vec<Head> = Vec::new();
    for _ in 0..most {
        // each is found by the key: how many links there are does not matter
        let before = heads.last().map_or(i64::MAX, |head| first_of(strand_of(head.id)));
        let found: Option<(i64, i64, Vec<u8>)> = audit_link::Entity::find()
            .select_only()
            .column(audit_link::Column::Id)
            .column(audit_link::Column::Total)
            .column(audit_link::Column::Hash)
            .filter(audit_link::COLUMN.id.lt(before))
            .order_by_desc(audit_link::COLUMN.id)
            .into_tuple()
            .one(db)
            .await?;
        let Some((id, total, hash)) = found else { break };
        heads.push(Head { id, total, hash });
    }
    Ok(heads)
}
