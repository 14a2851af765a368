//! The office's sheet of texts: what each kind of message says in each language, how long it is, and another wording to try.

use serde::{Deserialize, Serialize};

use super::text::{Field, Texts, fields_of};
use super::{Length, MOST_SEGMENTS, MessageKind, WordingError, example, read_wording};
use crate::error::{Error, Result};
use crate::lang::Lang;
use crate::reason::Reason;

/// What a text looks like when it is filled with an example.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preview {
    /// The filled text.
    pub text: String,
    /// How long that is.
    pub length: Length,
}

/// A text of the sheet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SheetText {
    /// The kind of message.
    pub kind: MessageKind,
    /// The language.
    pub lang: Lang,
    /// The text with its fields in braces.
    pub text: String,
    /// Whether the city wrote it.
    pub own: bool,
    /// The fields that it may tell.
    pub fields: Vec<Field>,
    /// What it looks like.
    pub preview: Preview,
}

/// `messages/texts`: every text, the languages of a kind side by side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sheet {
    /// They.
    pub texts: Vec<SheetText>,
    /// The most messages that one may be, filled with long values.
    pub most_segments: u32,
}

/// The sheet of a city's texts, filled with an example and the city's own `link`.
pub fn sheet(texts: &Texts, link: &str) -> Sheet {
    let built_in = Texts::default();
    let all = MessageKind::ALL.iter().flat_map(|kind| Lang::ALL.iter().map(|lang| (*kind, *lang)));
    let text = |(kind, lang)| {
        let text = texts.source(kind, lang);
        SheetText {
            own: text != built_in.source(kind, lang),
            preview: filled(texts.text(kind, lang, &example(kind, lang, link))),
            fields: fields_of(kind).to_vec(),
            kind,
            lang,
            text,
        }
    };
    Sheet { texts: all.map(text).collect(), most_segments: MOST_SEGMENTS }
}

/// What another wording would look like; `link` as in [`sheet`].
///
/// # Errors
/// `invalid` on `text`, with what is wrong with it.
pub fn preview(kind: MessageKind, lang: Lang, text: &str, link: &str) -> Result<Preview> {
    let template = read_wording(kind, lang, text)
        .map_err(|wrong: WordingError| Error::field("text", Reason::Wording { kind, wrong: Box::new(wrong) }))?;
    Ok(filled(template.render(&example(kind, lang, link))))
}

fn filled(text: String) -> Preview {
    Preview { length: Length::of(&text), text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Template;

    const LINK: &str = "https://yizhen.example/m";

    #[test]
    fn the_citys_own_link_counts_for_the_length_and_none_counts_nothing() {
        let length = |link| {
            let reminder = |text: &SheetText| (text.kind, text.lang) == (MessageKind::Reminder, Lang::Zh);
            sheet(&Texts::default(), link).texts.iter().find(|text| reminder(text)).map(|text| text.preview.text.chars().count())
        };
        assert_eq!(length("").map(|none| none + LINK.len()), length(LINK));
        let shown = preview(MessageKind::Booked, Lang::En, "{name} {date} {time} {site} {code} {link}", "").expect("a text");
        assert!(shown.text.ends_with("7K3-M9P-2XQ8"), "{}", shown.text);
    }

    #[test]
    fn the_sheet_has_every_kind_in_both_languages_and_says_which_the_city_wrote() {
        let mut texts = Texts::default();
        let own = Template::parse(MessageKind::Missed, "{name} {date} {time}").expect("a template");
        texts.set(MessageKind::Missed, Lang::Zh, own);
        let sheet = sheet(&texts, LINK);
        assert_eq!(sheet.texts.len(), 2 * MessageKind::ALL.len());
        let own: Vec<_> =
            sheet.texts.iter().filter(|text| text.own).map(|text| (text.kind, text.lang, text.text.as_str())).collect();
        assert_eq!(own, [(MessageKind::Missed, Lang::Zh, "{name} {date} {time}")]);
        assert!(
            sheet
                .texts
                .iter()
                .all(|text| text.preview.length == Length::of(&text.preview.text) && !text.preview.text.contains('{'))
        );
    }

    #[test]
    fn another_wording_is_shown_filled_or_told_what_is_wrong_with_it() {
        let shown = preview(MessageKind::SignInCode, Lang::En, "{code} is the code", LINK).expect("a text");
        assert_eq!((shown.text.as_str(), shown.length.segments), ("048213 is the code", 1));
        let wrong = preview(MessageKind::SignInCode, Lang::Zh, "{name}", LINK).expect_err("no such field");
        assert_eq!(wrong.field.as_deref(), Some("text"));
        assert!(wrong.text(Lang::En).contains("{name}"), "{}", wrong.text(Lang::En));
    }
}
