//! Who did what to what, from where, when, and how it ended. Written in the transaction of what was done; references only, no personal data.
//!
//! Each row carries a keyed digest of all that it says (`encoding`), so that nobody changes or invents one without the key. Each belongs to a
//! link of a *strand* (`chain`): a link names its rows and carries a running hash, so that a row that is taken away is missed. The desk's rows
//! get their link in their own transaction; all others are written by whoever does the deed, in its transaction and without a lock between
//! them, and get theirs within a second (`sealing`). What the strands have come to is signed into a file outside the database
//! (`checkpoint`), so that an end that is cut off is missed as well. `verify` proves all of it.
//!
//! What citizens read of their own, and what is refused, is kept in memory until the next sealing and bounded (`bounds`): a flood
//! cannot fill the disk.

mod before;
mod bounds;
pub(crate) mod chain;
mod checkpoint;
mod encoding;
mod origin;
mod sealing;
mod verify;

use chrono::SubsecRound;
use domain::error::{ErrorCode, Result};
use domain::{DateTime, Utc, Uuid};
use sea_orm::ActiveValue::Set;
use sea_orm::{ConnectionTrait, EntityTrait};

pub(crate) use before::{count_before, recount_before};
pub(crate) use checkpoint::{Occasion, has_checkpoints};
pub use origin::Origin;
pub(crate) use sealing::Audit;
pub use verify::{AuditReport, Finding};

use crate::Engine;
use crate::error::internal;
use crate::store::entities::audit;
use crate::vault::Vault;

/// What stands in a row whose deed was done.
pub(crate) const DONE: &str = "done";
/// The link of a row that waits for one.
pub(crate) const WAITING: i64 = 0;

/// Who did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Actor {
    Citizen(Uuid),
    Staff(Uuid),
    /// The command line.
    House,
    /// Somebody who is not signed in.
    Nobody,
}

impl Actor {
    fn parts(self) -> (&'static str, Option<Uuid>) {
        match self {
            Self::Citizen(id) => ("citizen", Some(id)),
            Self::Staff(id) => ("staff", Some(id)),
            Self::House => ("house", None),
            Self::Nobody => ("nobody", None),
        }
    }
}

/// The row of one deed that was done.
pub(crate) fn row(
    vault: &Vault,
    now: DateTime<Utc>,
    actor: Actor,
    action: &str,
    object: impl ToString,
    detail: Option<String>,
) -> audit::ActiveModel {
    made(vault, now, actor, action, object, detail, DONE)
}

/// The row of what was refused.
pub(crate) fn refused(
    vault: &Vault,
    now: DateTime<Utc>,
    actor: Actor,
    action: &str,
    object: impl ToString,
    code: ErrorCode,
) -> audit::ActiveModel {
    made(vault, now, actor, action, object, None, code.as_str())
}

/// A row as it was before there was a chain, for what is written by the million: it is counted, and proved by nothing.
pub(crate) fn unchained(
    vault: &Vault,
    now: DateTime<Utc>,
    actor: Actor,
    action: &str,
    object: impl ToString,
) -> audit::ActiveModel {
    let (word, actor_id) = actor.parts();
    audit::ActiveModel {
        id: Set(vault.id(now)),
        at: Set(now),
        actor: Set(word.to_owned()),
        actor_id: Set(actor_id),
        action: Set(action.to_owned()),
        object: Set(object.to_string()),
        detail: Set(None),
        outcome: Set(DONE.to_owned()),
        origin: Set(None),
        link: Set(None),
        mac: Set(None),
    }
}

fn made(
    vault: &Vault,
    now: DateTime<Utc>,
    actor: Actor,
    action: &str,
    object: impl ToString,
    detail: Option<String>,
    outcome: &str,
) -> audit::ActiveModel {
    // as exactly as every database keeps it: what is read again must give the same digest
    let at = now.trunc_subsecs(6);
    let (word, actor_id) = actor.parts();
    let row = audit::Model {
        id: vault.id(now),
        at,
        actor: word.to_owned(),
        actor_id,
        action: action.to_owned(),
        object: object.to_string(),
        detail,
        outcome: outcome.to_owned(),
        origin: origin::of(actor),
        link: Some(WAITING),
        mac: None,
    };
    let mac = encoding::mac(vault.keys().chain(), &row);
    audit::ActiveModel {
        id: Set(row.id),
        at: Set(row.at),
        actor: Set(row.actor),
        actor_id: Set(row.actor_id),
        action: Set(row.action),
        object: Set(row.object),
        detail: Set(row.detail),
        outcome: Set(row.outcome),
        origin: Set(row.origin),
        link: Set(row.link),
        mac: Set(Some(mac.to_vec())),
    }
}

impl Engine {
    /// Writes down what was done, in the transaction of the deed where it has one.
    ///
    /// # Errors
    /// `internal`, `busy`
    pub(crate) async fn deed(
        &self,
        db: &impl ConnectionTrait,
        actor: Actor,
        action: &str,
        object: impl ToString,
        detail: Option<String>,
    ) -> Result<()> {
        let row = row(self.vault(), self.now(), actor, action, object, detail);
        audit::Entity::insert(row).exec_without_returning(db).await.map_err(internal)?;
        Ok(())
    }

    /// Notes that a citizen has read what is theirs: once an hour and kind. Nothing waits for it.
    pub(crate) fn note_read(&self, actor: Actor, action: &'static str, object: impl ToString) {
        let now = self.now();
        self.audit()
            .note(|bounds| bounds.is_first_read(actor, action, now), || row(self.vault(), now, actor, action, object, None));
    }

    /// Notes a refusal, so many an hour of each who is refused. Nothing waits for it.
    pub(crate) fn note_refused(&self, actor: Actor, action: &str, object: impl ToString, code: ErrorCode) {
        let now = self.now();
        let whose = (actor, origin::of(actor).filter(|_| actor == Actor::Nobody));
        self.audit()
            .note(|bounds| bounds.has_room_for_refusal(whose, now), || refused(self.vault(), now, actor, action, object, code));
    }

    /// Rows that were counted and not written, because there were too many of their kind.
    pub fn audit_left_out(&self) -> u64 {
        self.audit().left_out()
    }
}
