//! What a message's row says, read in one way; and the conditions under which rows are found.

use domain::error::{Error, Result};
use domain::message::{MessageKind, MessageState};

use crate::store::entities::message;

// The conditions of the indexes of messages, in their own words: with parameters no engine would know that they fit.

/// Of `messages_due`.
pub(super) const QUEUED: &str = "state = 'queued'";
/// Of `messages_open`.
pub(super) const OPEN: &str = "state IN ('sending', 'in_doubt')";
/// Of `messages_awaited`.
pub(super) const AWAITED: &str = "state = 'sent'";
/// Of `messages_failed`.
pub(super) const FAILED: &str = "state = 'failed'";
/// Of `messages_handed`.
pub(super) const HANDED: &str = "handed_at IS NOT NULL";

pub(crate) fn kind_of(row: &message::Model) -> Result<MessageKind> {
    row.kind.parse().map_err(|()| Error::internal())
}

pub(crate) fn state_of(row: &message::Model) -> Result<MessageState> {
    row.state.parse().map_err(|()| Error::internal())
}

/// A gateway among those of `messages.refused_by`: no name is a part of another's.
pub(super) fn marked(gateway: &str) -> String {
    format!(" {gateway} ")
}
