//! The rows, each held against the link that it says to be of: what no link names was never written by the service.

use std::collections::{HashSet, VecDeque};

use domain::Uuid;
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::links::is_as_written;
use super::{AuditReport, Finding};
use crate::audit::chain::ChainKey;
use crate::audit::{WAITING, before};
use crate::store::entities::{audit, audit_link};

/// Rows that are read at a time.
const PAGE: u64 = 1024;
/// Links whose ids are kept at hand: rows of the same time are of few links.
const KEPT: usize = 64;

/// Walks through all rows.
pub(super) async fn walk(db: &impl ConnectionTrait, key: &ChainKey, report: &mut AuditReport) -> Result<(), DbErr> {
    let (mut after, mut links) = (None, Links::default());
    loop {
        let mut page = audit::Entity::find().order_by_asc(audit::COLUMN.id).limit(PAGE);
        if let Some(after) = after {
            page = page.filter(audit::COLUMN.id.gt(after));
        }
        let page = page.all(db).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        for row in page {
            match row.link {
                None if row.mac.is_none() => report.before += 1,
                Some(WAITING) if is_as_written(key, &row) => report.waiting += 1,
                Some(WAITING) => report.find(Finding::Changed(row.id)),
                Some(link) if links.names(db, link, row.id).await? => {}
                _ => report.find(Finding::Inserted(row.id)),
            }
        }
    }
    match before::counted(db, key).await? {
        Some(Some(counted)) if counted == report.before => {}
        counted => report.find(Finding::BeforeChanged(report.before, counted.flatten())),
    }
    Ok(())
}

/// The ids of the links that were asked for last.
#[derive(Default)]
struct Links(VecDeque<(i64, HashSet<Uuid>)>);

impl Links {
    /// Whether a link names a row.
    async fn names(&mut self, db: &impl ConnectionTrait, link: i64, row: Uuid) -> Result<bool, DbErr> {
        if let Some((_, ids)) = self.0.iter().find(|(id, _)| *id == link) {
            return Ok(ids.contains(&row));
        }
        let found = audit_link::Entity::find_by_id(link).one(db).await?;
        let ids = found.map(|link| link.ids.chunks_exact(16).filter_map(|id| Uuid::from_slice(id).ok()).collect());
        let ids: HashSet<Uuid> = ids.unwrap_or_default();
        let names = ids.contains(&row);
        self.0.push_front((link, ids));
        self.0.truncate(KEPT);
        Ok(names)
    }
}
