//! The links: each after the one before, up to where checkpoints and later strands know them; and the rows that they name.

use std::collections::{BTreeMap, HashMap, HashSet};

use domain::Uuid;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{AuditReport, Finding};
use crate::audit::chain::{BEFORE_ALL, ChainKey, NAME, first_of, named, running, sequence_of, strand_of};
use crate::audit::checkpoint::told;
use crate::audit::encoding::{HASH, mac};
use crate::store::entities::{audit, audit_link};
use crate::store::lists::lists;

/// Links that are read at a time.
const PAGE: u64 = 64;
/// Strands in a row that are said to be missing one by one.
const GAP: i64 = 1000;

/// Walks through all links.
pub(super) async fn walk(
    db: &impl ConnectionTrait,
    key: &ChainKey,
    known: BTreeMap<i64, String>,
    report: &mut AuditReport,
) -> Result<(), DbErr> {
    let mut walk = Walk { db, key, known, report, last: None, complained: HashSet::new() };
    loop {
        let after = walk.last.as_ref().map_or(i64::MIN, |last| last.id);
        let page = audit_link::Entity::find()
            .filter(audit_link::COLUMN.id.gt(after))
            .order_by_asc(audit_link::COLUMN.id)
            .limit(PAGE)
            .all(db)
            .await?;
        if page.is_empty() {
            break;
        }
        for link in page {
            walk.link(link).await?;
        }
    }
    let last = walk.last.as_ref().map_or(0, |last| strand_of(last.id));
    walk.end_of_strand();
    let beyond: HashSet<i64> = walk.known.keys().map(|id| strand_of(*id)).filter(|strand| *strand > last).collect();
    for strand in beyond {
        walk.report.find(Finding::StrandRemoved(strand));
    }
    Ok(())
}

struct Walk<'a, D> {
    db: &'a D,
    key: &'a ChainKey,
    /// What checkpoints know of links that are still to come.
    known: BTreeMap<i64, String>,
    report: &'a mut AuditReport,
    last: Option<audit_link::Model>,
    /// Links and strands of which something was said already: once is enough.
    complained: HashSet<i64>,
}

impl<D: ConnectionTrait> Walk<'_, D> {
    async fn link(&mut self, link: audit_link::Model) -> Result<(), DbErr> {
        self.report.links += 1;
        let begins = self.last.as_ref().is_none_or(|last| strand_of(last.id) != strand_of(link.id));
        if begins {
            self.end_of_strand();
            self.missing_strands(&link);
            self.report.strands += 1;
        }
        let follows =
            if begins { sequence_of(link.id) == 0 } else { self.last.as_ref().is_some_and(|last| last.id + 1 == link.id) };
        let before = self.last.as_ref().filter(|_| !begins).map_or(BEFORE_ALL.as_slice(), |last| &last.hash);
        if !follows {
            self.report.find(Finding::LinksRemoved(named(link.id)));
        } else if running(self.key, before, &link).as_slice() != link.hash {
            self.changed(link.id);
        }
        if self.known.remove(&link.id).is_some_and(|hash| hash != told(&link.hash)) {
            self.changed(link.id);
        }
        if sequence_of(link.id) == 0 {
            self.names(&link).await?;
        } else {
            self.rows(&link).await?;
        }
        self.last = Some(link);
        Ok(())
    }

    fn changed(&mut self, id: i64) {
        if self.complained.insert(id) {
            self.report.find(Finding::LinkChanged(named(id)));
        }
    }

    /// What is missing of the strand that ends here.
    fn end_of_strand(&mut self) {
        let Some(last) = self.last.as_ref().map(|last| last.id) else { return };
        let after = first_of(strand_of(last) + 1);
        let beyond: Vec<i64> = self.known.range(last + 1..after).map(|(id, _)| *id).collect();
        if let Some(furthest) = beyond.last() {
            self.cut(*furthest, last);
        }
        // nothing that is known lies before what comes
        self.known = self.known.split_off(&after);
    }

    fn cut(&mut self, known: i64, last: i64) {
        if self.complained.insert(-strand_of(known)) {
            self.report.find(Finding::TailCut(named(known), named(last)));
        }
    }

    /// Strands between the last and that of this link.
    fn missing_strands(&mut self, link: &audit_link::Model) {
        let from = self.last.as_ref().map_or(0, |last| strand_of(last.id)) + 1;
        for strand in (from..strand_of(link.id)).take(GAP as usize) {
            self.report.find(Finding::StrandRemoved(strand));
        }
        self.known = self.known.split_off(&first_of(strand_of(link.id)));
    }

    /// The heads that the first link of a strand names.
    async fn names(&mut self, link: &audit_link::Model) -> Result<(), DbErr> {
        let names: Vec<(i64, &[u8])> = link
            .ids
            .chunks_exact(NAME)
            .filter_map(|name| {
                let (id, hash) = name.split_at(NAME - HASH);
                Some((i64::from_be_bytes(id.try_into().ok()?), hash))
            })
            .collect();
        for (id, hash) in names {
            match audit_link::Entity::find_by_id(id).one(self.db).await? {
                Some(found) if found.hash == hash => {}
                Some(_) => self.changed(id),
                None => {
                    let (first, after) = (first_of(strand_of(id)), first_of(strand_of(id) + 1));
                    let theirs = audit_link::Entity::find().filter(audit_link::COLUMN.id.between(first, after - 1));
                    // a strand without any is missing as a whole, which was said
                    if let Some(last) = theirs.order_by_desc(audit_link::COLUMN.id).one(self.db).await? {
                        self.cut(id, last.id);
                    }
                }
            }
        }
        Ok(())
    }

    /// The rows that a link names.
    async fn rows(&mut self, link: &audit_link::Model) -> Result<(), DbErr> {
        let ids: Vec<Uuid> = link.ids.chunks_exact(16).filter_map(|id| Uuid::from_slice(id).ok()).collect();
        let mut found = HashMap::with_capacity(ids.len());
        for list in lists(&ids) {
            let rows = audit::Entity::find().filter(audit::Column::Id.is_in(list)).all(self.db).await?;
            found.extend(rows.into_iter().map(|row| (row.id, row)));
        }
        for id in ids {
            match found.get(&id) {
                None => self.report.find(Finding::Removed(id, named(link.id))),
                Some(row) if row.link == Some(link.id) && is_as_written(self.key, row) => self.report.rows += 1,
                Some(_) => self.report.find(Finding::Changed(id)),
            }
        }
        Ok(())
    }
}

/// Whether a row's digest is that of what it says.
pub(super) fn is_as_written(key: &ChainKey, row: &audit::Model) -> bool {
    row.mac.as_deref() == Some(&mac(key, row))
}
