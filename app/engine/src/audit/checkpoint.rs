//! Checkpoints: what the strands have come to, signed, in a file outside the database, so that whoever can change the database cannot cut off
//! its end unnoticed.
//!
//! One file a month, `checkpoints-2026-11.log`, written only at its end; a line each: JSON without a space in it, a space, the key's id, a
//! colon and the signature. Each names the hash of the line before it, across months; the database in turn keeps the number and the hash of
//! the last line, so that lines cut off the end are missed. Processes that share the folder share its one row of lines. No personal
//! data: numbers and hashes.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use domain::error::{Error, Result};
use domain::time::civil;
use domain::{DateTime, Utc};
use ed25519_dalek::{Signature, Signer, VerifyingKey};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, QueryFilter};
use serde::{Deserialize, Serialize};

use super::chain::{ChainKey, Head, heads, sequence_of, strand_of};
use super::encoding::{HASH, hash, keyed};
use crate::Engine;
use crate::error::internal;
use crate::store::entities::fact;

const PREFIX: &str = "checkpoints-";
const SUFFIX: &str = ".log";
/// Held while a line is added.
const LOCK: &str = "checkpoints.lock";
/// What the signature covers before the line.
const PURPOSE: &[u8] = b"yizhen audit checkpoint 1\n";
/// Strands that a checkpoint looks at: the latest. Those before have ended, and were named by these.
const STRANDS: u64 = 64;
/// The end of a file in which its last line is looked for; a line has a tenth of it at most.
const TAIL: u64 = 128 * 1024;
/// The facts that name the last line of a folder: this, and the beginning of its first line's hash.
const LAST: &str = "audit-checkpoint-";

/// Why a checkpoint is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Occasion {
    /// A service began.
    Start,
    /// Time has passed, and something was written.
    Timer,
    /// A service or a command ends.
    Stop,
}

/// What was last written by this process.
#[derive(Default)]
pub(crate) struct Written {
    /// Strand → its last link.
    strands: HashMap<i64, i64>,
}

/// What a line says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Checkpoint {
    /// The line's number in its folder, from 1.
    pub(super) number: u64,
    pub(super) at: DateTime<Utc>,
    /// The process's number on its machine.
    process: u32,
    occasion: Occasion,
    pub(super) strands: Vec<Told>,
    /// The hash of the first line of all; empty in that line.
    first: String,
    /// The hash of the line before; empty in the first.
    previous: String,
}

/// What a checkpoint says of a strand: what it had come to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Told {
    pub(super) strand: i64,
    pub(super) link: i64,
    /// Rows up to there.
    pub(super) rows: i64,
    pub(super) hash: String,
}

/// A line, and what it says.
pub(super) struct Line {
    pub(super) says: Checkpoint,
    pub(super) hash: [u8; HASH],
    key_id: u8,
    signature: Vec<u8>,
    signed: String,
}

impl Line {
    /// Reads a line. `None`: it is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (json, signature) = text.rsplit_once(' ')?;
        let (key_id, signature) = signature.split_once(':')?;
        Some(Self {
            says: serde_json::from_str(json).ok()?,
            hash: hash(text.as_bytes()),
            key_id: key_id.parse().ok()?,
            signature: BASE64.decode(signature).ok()?,
            signed: json.to_owned(),
        })
    }

    /// Whether one of our keys has signed it.
    pub(super) fn is_signed(&self, key: impl Fn(u8) -> Option<VerifyingKey>) -> bool {
        let signature = Signature::from_slice(&self.signature).ok();
        key(self.key_id)
            .zip(signature)
            .is_some_and(|(key, signature)| key.verify_strict(&covered(&self.signed), &signature).is_ok())
    }

    /// Whether it follows `before`.
    pub(super) fn follows(&self, before: Option<&Self>) -> bool {
        match before {
            None => self.says.number == 1 && self.says.previous.is_empty() && self.says.first.is_empty(),
            Some(before) => {
                self.says.number == before.says.number + 1
                    && self.says.previous == told(&before.hash)
                    && self.says.first == before.first()
            }
        }
    }

    /// The hash of the first line of its folder.
    pub(super) fn first(&self) -> String {
        if self.says.first.is_empty() { told(&self.hash) } else { self.says.first.clone() }
    }
}

fn covered(json: &str) -> Vec<u8> {
    [PURPOSE, json.as_bytes()].concat()
}

/// A hash as the lines tell it.
pub(super) fn told(hash: &[u8]) -> String {
    BASE64.encode(hash)
}

/// Whether a folder holds checkpoints.
pub(crate) fn has_checkpoints(folder: &Path) -> bool {
    files(folder).is_ok_and(|files| !files.is_empty())
}

/// The files of a folder, oldest first; none where there is no folder.
pub(super) fn files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(vec![]),
        entries => entries?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let name = entry?.file_name();
        if name.to_str().is_some_and(|name| name.starts_with(PREFIX) && name.ends_with(SUFFIX)) {
            files.push(folder.join(name));
        }
    }
    files.sort();
    Ok(files)
}

impl Engine {
    /// Signs what the strands have come to. With the timer only where something was written since.
    ///
    /// # Errors
    /// `internal` or `busy`; the log has why.
    pub(crate) async fn checkpoint(&self, occasion: Occasion) -> Result<()> {
        let keys = self.vault().keys();
        if keys.checkpoints().is_none() {
            return Ok(());
        }
        let mut written = self.audit().written.lock().await;
        let heads = heads(&self.store().read, STRANDS).await.map_err(internal)?;
        let news: Vec<Head> = heads.into_iter().filter(|head| written.strands.get(&strand_of(head.id)) != Some(&head.id)).collect();
        if news.is_empty() && occasion != Occasion::Start {
            return Ok(());
        }
        let (folder, now, strands) = (self.config().audit_dir.clone(), self.now(), news.iter().map(Told::of).collect());
        let line = tokio::task::spawn_blocking(move || {
            let (key_id, key) = keys.checkpoints().ok_or_else(|| std::io::Error::other("there is no key"))?;
            add(&folder, now, |number, first, previous| {
                let says = Checkpoint { number, at: now, process: std::process::id(), occasion, strands, first, previous };
                let json = serde_json::to_string(&says)?;
                let signature = key.sign(&covered(&json));
                Ok(format!("{json} {key_id}:{}", BASE64.encode(signature.to_bytes())))
            })
        });
        let line = line.await.map_err(|_| Error::internal())?.map_err(|error| {
            tracing::error!(%error, folder = %self.config().audit_dir.display(), "a checkpoint of the audit cannot be written; see AUDIT_DIR");
            Error::internal()
        })?;
        remember(&self.store().write, self.vault().keys().chain(), &line).await.map_err(internal)?;
        written.strands.extend(news.iter().map(|head| (strand_of(head.id), head.id)));
        Ok(())
    }
}

impl Told {
    fn of(head: &Head) -> Self {
        Self { strand: strand_of(head.id), link: sequence_of(head.id), rows: head.total, hash: told(&head.hash) }
    }
}

/// Adds a line at the end of all, and gives it when it is on the disk.
fn add(
    folder: &Path,
    now: DateTime<Utc>,
    line: impl FnOnce(u64, String, String) -> std::io::Result<String>,
) -> std::io::Result<Line> {
    if !folder.exists() {
        crate::folder::make(folder)?;
        same_owner(folder, folder.parent());
    }
    let lock = append(&folder.join(LOCK), folder)?;
    // until it is closed
    lock.lock()?;
    let files = files(folder)?;
    let last = files.iter().rev().find_map(|path| last_line(path).transpose()).transpose()?;
    if last.is_none() && files.iter().any(|path| path.metadata().is_ok_and(|file| file.len() > 0)) {
        return Err(std::io::Error::other("what is there holds no checkpoint at its end; see `yizhen audit verify`"));
    }
    let (number, first, previous) = match &last {
        Some(last) => (last.says.number + 1, last.first(), told(&last.hash)),
        None => (1, String::new(), String::new()),
    };
    let text = line(number, first, previous)?;
    let this_month = folder.join(format!("{PREFIX}{}{SUFFIX}", civil(now).format("%Y-%m")));
    // a clock that was set back does not bring the files out of their order
    let path = files.last().filter(|last| **last > this_month).cloned().unwrap_or(this_month);
    let mut file = append(&path, folder)?;
    let torn = file.metadata()?.len() > 0 && !ends_with_a_line(&mut file)?;
    // one write: it is there as a whole, or as the torn end of a crash
    file.write_all(format!("{}{text}\n", if torn { "\n" } else { "" }).as_bytes())?;
    file.sync_all()?;
    File::open(folder)?.sync_all()?;
    Line::parse(&text).ok_or_else(|| std::io::Error::other("the line cannot be read again"))
}

fn append(path: &Path, folder: &Path) -> std::io::Result<File> {
    let is_new = !path.exists();
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    if is_new {
        same_owner(path, Some(folder));
    }
    Ok(file)
}

/// The service must be able to go on with what an administrator's command began.
fn same_owner(path: &Path, as_of: Option<&Path>) {
    #[cfg(unix)]
    if let Some(Ok(theirs)) = as_of.map(std::fs::metadata) {
        use std::os::unix::fs::MetadataExt;
        // whoever may not give it away is its owner already
        let _ = std::os::unix::fs::chown(path, Some(theirs.uid()), Some(theirs.gid()));
    }
    #[cfg(not(unix))]
    let _ = (path, as_of);
}

fn ends_with_a_line(file: &mut File) -> std::io::Result<bool> {
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

/// The last checkpoint of a file; a torn end is passed over.
fn last_line(path: &Path) -> std::io::Result<Option<Line>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail)?;
    Ok(String::from_utf8_lossy(&tail).lines().rev().find_map(Line::parse))
}

/// Writes down in the database which line is the last.
async fn remember(db: &impl ConnectionTrait, key: &ChainKey, line: &Line) -> core::result::Result<(), DbErr> {
    let value = remembered(key, line.says.number, &line.hash);
    let row = fact::ActiveModel { name: Set(name(&line.first())), value: Set(value.clone()) };
    // the number stands first: of two processes the later line stays
    let later = OnConflict::column(fact::Column::Name)
        .value(fact::Column::Value, Expr::value(value.clone()))
        .action_and_where(Expr::col((fact::Entity, fact::Column::Value)).lt(value))
        .to_owned();
    fact::Entity::insert(row).on_conflict(later).exec_without_returning(db).await?;
    Ok(())
}

fn remembered(key: &ChainKey, number: u64, hash: &[u8; HASH]) -> Vec<u8> {
    let number = number.to_be_bytes();
    [number.as_slice(), hash, &keyed(key, &[b"checkpoint\0", &number, hash])].concat()
}

fn name(first: &str) -> String {
    let begins: String = first.chars().filter(char::is_ascii_alphanumeric).take(16).collect();
    format!("{LAST}{begins}")
}

/// What the database remembers of a folder's last line.
pub(super) struct Remembered {
    name: String,
    /// The line's number; `None`: somebody has changed it.
    pub(super) number: Option<u64>,
}

impl Remembered {
    /// All of them: one for each folder that checkpoints were written to.
    pub(super) async fn all(db: &impl ConnectionTrait, key: &ChainKey) -> core::result::Result<Vec<Self>, DbErr> {
        let facts = fact::Entity::find().filter(Expr::col(fact::Column::Name).like(format!("{LAST}%"))).all(db).await?;
        let read = |value: &[u8]| {
            let number = u64::from_be_bytes(value.get(..8)?.try_into().ok()?);
            let hash: [u8; HASH] = value.get(8..8 + HASH)?.try_into().ok()?;
            (value == remembered(key, number, &hash)).then_some(number)
        };
        Ok(facts.into_iter().map(|fact| Self { number: read(&fact.value), name: fact.name }).collect())
    }

    /// Whether it is about the folder that begins with this line.
    pub(super) fn is_of(&self, first: &str) -> bool {
        self.name == name(first)
    }
}
