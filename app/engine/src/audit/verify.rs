//! `yizhen audit verify`: every row, link and checkpoint, held against each other. It changes nothing, keeps a bounded part in memory, and
//! runs beside whoever serves: what is written meanwhile is later than what it holds it against.

mod checkpoints;
mod links;
mod rows;

use std::path::Path;

use domain::{DateTime, Utc, Uuid};

use self::checkpoints::Read;
use crate::Engine;
use crate::config::OpenError;
use crate::keys::KeySource;
use crate::store::Store;
use crate::store::connect::unreadable;

/// Findings that are told one by one; beyond, they are counted.
const TOLD: usize = 1000;
/// Something that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// A row says something else than it did, or was never written by the service.
    Changed(Uuid),
    /// A row that a link names is not there any more.
    Removed(Uuid, String),
    /// A row that no link names.
    Inserted(Uuid),
    /// A link, by strand and number, is not what it was.
    LinkChanged(String),
    /// Links are missing within a strand.
    LinksRemoved(String),
    /// A whole strand is missing.
    StrandRemoved(i64),
    /// The end of a strand is missing: up to where a checkpoint or another strand knows it, and what is there.
    TailCut(String, String),
    /// The rows of before the chain are another number than was written down.
    BeforeChanged(u64, Option<u64>),
    /// A checkpoint, by its file and line, is not ours, was changed, or does not follow the one before it.
    CheckpointForged(String, usize),
    /// The last checkpoints are missing: up to which the database remembers, and which is the last.
    CheckpointsCut(u64, u64),
    /// There are links, and no checkpoint speaks of them.
    NoCheckpoints,
    /// The database's own note of the last checkpoint was changed.
    NoteChanged,
}

impl core::fmt::Display for Finding {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Changed(id) => write!(f, "row {id}: changed, or not written by the service"),
            Self::Removed(id, link) => write!(f, "row {id}: removed (link {link} names it)"),
            Self::Inserted(id) => write!(f, "row {id}: inserted (no link names it)"),
            Self::LinkChanged(link) => write!(f, "link {link}: changed"),
            Self::LinksRemoved(link) => write!(f, "link {link}: what stands before it was removed"),
            Self::StrandRemoved(strand) => write!(f, "strand {strand}: removed"),
            Self::TailCut(known, last) => write!(f, "link {known}: removed; the strand was cut off after {last}"),
            Self::BeforeChanged(found, Some(known)) => write!(f, "rows of before the chain: {found}, and there were {known}"),
            Self::BeforeChanged(found, None) => {
                write!(f, "rows of before the chain: {found}; how many there were was changed or removed")
            }
            Self::CheckpointForged(file, line) => {
                write!(f, "{file} line {line}: changed, forged, or what stood before it was removed")
            }
            Self::CheckpointsCut(known, last) => write!(f, "checkpoint {known}: removed; the last that is there is {last}"),
            Self::NoCheckpoints => write!(f, "checkpoints: none; is AUDIT_DIR the folder that the service writes to?"),
            Self::NoteChanged => write!(f, "the database's note of the last checkpoint: changed"),
        }
    }
}

/// What was counted, and what is not as it was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditReport {
    /// Rows that a link names and whose digest holds.
    pub rows: u64,
    /// Rows of before the chain, which nothing proves but their number.
    pub before: u64,
    /// Rows that wait for their link: of the last second, or of a process that was killed. Their digests hold.
    pub waiting: u64,
    /// Links.
    pub links: u64,
    /// Strands.
    pub strands: u64,
    /// Checkpoints.
    pub checkpoints: u64,
    /// When the last checkpoint was signed.
    pub last_checkpoint: Option<DateTime<Utc>>,
    /// What is wrong: the first thousand.
    pub findings: Vec<Finding>,
    /// How many there are.
    pub found: u64,
}

impl AuditReport {
    fn find(&mut self, finding: Finding) {
        self.found += 1;
        if self.findings.len() < TOLD {
            self.findings.push(finding);
        }
    }
}

impl Engine {
    /// Proves the audit of a database, with its keys and the folder of its checkpoints.
    ///
    /// # Errors
    /// [`OpenError`] when one of them cannot be read; what is wrong with the audit is in the report.
    pub async fn verify_audit(url: &str, source: &KeySource, folder: &Path) -> Result<AuditReport, OpenError> {
        let keys = source.load().await?;
        Store::on_existing(url, async |store| {
            crate::key_check::fits(source, store, &keys).await?;
            let mut report = AuditReport::default();
            // the database's note before the files, and the files before the links: each may only be ahead of the one before
            let read = Read::all(&store.read, folder, &keys, &mut report).await?;
            links::walk(&store.read, keys.chain(), read.known, &mut report).await.map_err(unreadable)?;
            rows::walk(&store.read, keys.chain(), &mut report).await.map_err(unreadable)?;
            if report.links > 0 && report.checkpoints == 0 {
                report.find(Finding::NoCheckpoints);
            }
            Ok(report)
        })
        .await
    }
}
