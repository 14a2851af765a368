//! Templates that are registered at a gateway: the country's gateways send no free text.

use std::collections::HashMap;

use domain::lang::Lang;
use domain::message::{Field, MessageKind};

use super::Letter;

/// A template as it is registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template {
    /// Its id at the gateway: `SMS_…`, or a number.
    pub id: String,
    /// Its parameters: what the gateway calls each, and what is filled in. Where it calls them by place, the names are not looked at.
    pub params: Vec<(String, Field)>,
}

/// A gateway's templates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Templates(pub HashMap<(MessageKind, Lang), Template>);

impl Templates {
    /// Whether there is one.
    pub fn has(&self, kind: MessageKind, lang: Lang) -> bool {
        self.0.contains_key(&(kind, lang))
    }

    /// The template of a letter, and what is filled in.
    pub fn of<'a>(&'a self, letter: &'a Letter) -> Option<(&'a str, Vec<(&'a str, &'a str)>)> {
        let template = self.0.get(&(letter.kind, letter.lang))?;
        let params = template.params.iter().map(|(name, field)| (name.as_str(), letter.value(*field)));
        Some((&template.id, params.collect()))
    }
}
