//! The checkpoints: signed by us, each after the one before, up to the last that the database remembers.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;

use sea_orm::ConnectionTrait;

use super::{AuditReport, Finding};
use crate::audit::chain::first_of;
use crate::audit::checkpoint::{Line, Remembered, files};
use crate::config::OpenError;
use crate::keys::Keys;
use crate::store::connect::unreadable;

/// What the checkpoints know.
pub(super) struct Read {
    /// Link → its hash, as the lines tell it.
    pub(super) known: BTreeMap<i64, String>,
}

impl Read {
    /// Reads all of a folder.
    pub(super) async fn all(
        db: &impl ConnectionTrait,
        folder: &Path,
        keys: &Keys,
        report: &mut AuditReport,
    ) -> Result<Self, OpenError> {
        let remembered = Remembered::all(db, keys.chain()).await.map_err(unreadable)?;
        let mut lines = Lines { keys, report, known: BTreeMap::new(), last: None, is_whole: true };
        let wrong = |error: std::io::Error| OpenError::Connect(format!("the checkpoints in {}: {error}", folder.display()));
        for path in files(folder).map_err(wrong)? {
            lines.file(&path).map_err(wrong)?;
        }
        lines.compare(&remembered);
        Ok(Self { known: lines.known })
    }
}

struct Lines<'a> {
    keys: &'a Keys,
    report: &'a mut AuditReport,
    known: BTreeMap<i64, String>,
    last: Option<Line>,
    /// Whether the last line is as it was: otherwise the next one cannot follow it.
    is_whole: bool,
}

impl Lines<'_> {
    fn file(&mut self, path: &Path) -> std::io::Result<()> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for (at, text) in BufReader::new(std::fs::File::open(path)?).split(b'\n').enumerate() {
            let text = String::from_utf8_lossy(&text?).into_owned();
            // what is no line at all may be the torn end of a crash; the next one then follows the line before it
            if let Some(line) = Line::parse(&text) {
                self.line(line, &name, at + 1);
            }
        }
        Ok(())
    }

    fn line(&mut self, line: Line, file: &str, at: usize) {
        let is_signed = line.is_signed(|id| self.keys.checkpoint_key(id));
        let follows = line.follows(self.last.as_ref()) || !self.is_whole;
        if !is_signed || !follows {
            self.report.find(Finding::CheckpointForged(file.to_owned(), at));
        }
        if is_signed {
            self.report.checkpoints += 1;
            self.report.last_checkpoint = Some(line.says.at);
            for told in &line.says.strands {
                self.known.insert(first_of(told.strand) + told.link, told.hash.clone());
            }
        }
        self.is_whole = is_signed;
        self.last = Some(line);
    }

    fn compare(&mut self, remembered: &[Remembered]) {
        let first = self.last.as_ref().map(Line::first);
        let last = self.last.as_ref().map_or(0, |line| line.says.number);
        let ours = |one: &&Remembered| first.as_deref().is_some_and(|first| one.is_of(first));
        for one in remembered {
            match one.number {
                None => self.report.find(Finding::NoteChanged),
                Some(number) if !ours(&one) => self.report.find(Finding::CheckpointsCut(number, 0)),
                Some(number) if number > last => self.report.find(Finding::CheckpointsCut(number, last)),
                Some(_) => {}
            }
        }
        // a crash right after the very first line leaves no note of it
        if self.report.checkpoints > 1 && !remembered.iter().any(|one| ours(&one)) {
            self.report.find(Finding::NoteChanged);
        }
    }
}
