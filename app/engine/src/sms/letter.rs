//! A message as it is handed to a gateway. What it says is shown to nobody else.

use domain::Uuid;
use domain::identity::Phone;
use domain::lang::Lang;
use domain::message::{Field, MessageKind, Values};

/// A message as it is handed to a gateway.
pub struct Letter {
    /// The message's id. The gateways keep it beside theirs, so that a message can be found again whose answer was lost.
    pub id: Uuid,
    /// What it is about.
    pub kind: MessageKind,
    /// Its language.
    pub lang: Lang,
    /// To whom.
    pub to: Phone,
    /// The whole text, for gateways that take one.
    pub text: String,
    /// What the fields say, for gateways that fill in a registered template. A field that is not there is empty.
    pub values: Values,
}

impl Letter {
    /// What a field says.
    pub(super) fn value(&self, field: Field) -> &str {
        self.values.iter().find(|(name, _)| *name == field).map_or("", |(_, value)| value)
    }
}

impl core::fmt::Debug for Letter {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Letter").field("id", &self.id).field("kind", &self.kind).field("lang", &self.lang).finish_non_exhaustive()
    }
}
