//! The city's own texts of messages: `[texts.zh]` and `[texts.en]`, a kind of message each line.

use std::collections::BTreeMap;

use domain::lang::Lang;
use domain::message::{MessageKind, Texts, read_wording};

/// The built-in texts with the city's own in their places, or the first that is wrong: its key, and what to do about it.
pub(super) fn read(own: &BTreeMap<String, BTreeMap<String, String>>) -> Result<Texts, (String, String)> {
    let mut texts = Texts::default();
    for (lang, kinds) in own {
        let language: Lang =
            lang.parse().map_err(|()| (format!("texts.{lang}"), format!("is no language; there are {}", words(Lang::ALL))))?;
        for (kind, text) in kinds {
            let key = format!("texts.{lang}.{kind}");
            let kind: MessageKind = kind
                .parse()
                .map_err(|()| (key.clone(), format!("is no kind of message; there are {}", words(MessageKind::ALL))))?;
            let template = read_wording(kind, language, text).map_err(|wrong| (key, wrong.text(kind, Lang::En)))?;
            texts.set(kind, language, template);
        }
    }
    Ok(texts)
}

fn words(all: &[impl ToString]) -> String {
    all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
