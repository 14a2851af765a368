//! Who did what to what. Written in the transaction of what was done; references only, no personal data.

use domain::{DateTime, Utc, Uuid};
use sea_orm::ActiveValue::Set;

use crate::store::entities::audit;
use crate::vault::Vault;

/// Who did it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Actor {
    Citizen(Uuid),
    Staff(Uuid),
    /// The command line.
    House,
}

/// The row of one deed.
pub(crate) fn row(
    vault: &Vault,
    now: DateTime<Utc>,
    actor: Actor,
    action: &str,
    object: impl ToString,
    detail: Option<String>,
) -> audit::ActiveModel {
    let (word, id) = match actor {
        Actor::Citizen(id) => ("citizen", Some(id)),
        Actor::Staff(id) => ("staff", Some(id)),
        Actor::House => ("house", None),
    };
    audit::ActiveModel {
        id: Set(vault.id(now)),
        at: Set(now),
        actor: Set(word.to_owned()),
        actor_id: Set(id),
        action: Set(action.to_owned()),
        object: Set(object.to_string()),
        detail: Set(detail),
    }
}
