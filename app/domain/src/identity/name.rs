//! Names of people. Other people's names are not ours to reject.

use crate::error::{Error, Result};
use crate::identity::half_width;
use crate::reason::Reason;

/// 2–50 characters, as on the document.
///
/// Letters of every script are taken, Han of every extension plane and the private-use characters that older identity
/// cards carry for rare ones; so are marks, spaces, hyphens, apostrophes and the middle dot of 买买提·吐尔逊 (written · • ‧ or
/// ・, kept as ·). What no document prints is refused: control and direction characters, symbols, emoji.
/// Source: GB 11643 holders' names follow 公安部 rules on name entry (up to 50 characters with ·).
#[derive(Clone, PartialEq, Eq)]
pub struct Name(String);

impl Name {
    /// Reads a name: spaces at the ends go, full-width Latin becomes plain, every middle dot becomes ·.
    ///
    /// # Errors
    /// `invalid` on `name`.
    pub fn parse(typed: &str) -> Result<Self> {
        let name: String = typed.trim().chars().map(plain).collect();
        let reason = if name.chars().any(|sign| !may_stand_in_a_name(sign)) {
            Reason::NameCharacter
        } else if !(2..=50).contains(&name.chars().count()) || !name.chars().any(char::is_alphanumeric) {
            Reason::NameLength
        } else {
            return Ok(Self(name));
        };
        Err(Error::field("name", reason))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `张*兰`, `王*`: what a message or a stranger's screen may show.
    pub fn masked(&self) -> String {
        let mut signs = self.0.chars();
        let first: String = signs.next().into_iter().collect();
        match (signs.next_back(), signs.count()) {
            (Some(last), hidden @ 1..) => format!("{first}{}{last}", "*".repeat(hidden.min(3))),
            _ => format!("{first}*"),
        }
    }
}

fn plain(sign: char) -> char {
    match sign {
        '•' | '‧' | '・' | '･' | '．' | '∙' | '⋅' => '·',
        other => half_width(other),
    }
}

fn may_stand_in_a_name(sign: char) -> bool {
    match sign {
        ' ' | '·' | '\'' | '-' | '.' | ',' | '’' | '‘' | 'ʼ' | '\u{2010}' | '\u{2011}' => true,
        // joiners that some scripts need between letters, and the variation selectors of ideographs
        '\u{200C}' | '\u{200D}' | '\u{E0100}'..='\u{E01EF}' => true,
        // characters of rare Han that have no code point of their own yet
        '\u{E000}'..='\u{F8FF}' | '\u{F0000}'..='\u{FFFFD}' => true,
        // marks that combine with letters
        '\u{0300}'..='\u{036F}' | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}' => true,
        // the viramas, nuktas and tone marks of Brahmic and neighbouring scripts are not alphabetic
        '\u{0900}'..='\u{109F}' | '\u{1780}'..='\u{17FF}' | '\u{A800}'..='\u{ABFF}' => true,
        other => other.is_alphabetic() || crate::identity::is_han(other),
    }
}

impl core::fmt::Debug for Name {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.masked())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_of_all_kinds_of_people_are_taken() {
        for name in [
            "张三",
            "欧阳修远",
            "买买提·吐尔逊",
            "𠮷田",
            "\u{30EDE}\u{2CE93}",
            "\u{E863}某",
            "O'Brien",
            "Anne-Marie",
            "Nguyễn Văn An",
            "أحمد علي",
            "राम कृष्ण",
            "Müller",
            "Jean le Rond d’Alembert",
            "ཚེ་རིང".trim_end_matches('་'),
            "J. R. Smith",
        ] {
            assert_eq!(Name::parse(name).map(|n| n.as_str().to_owned()), Ok(name.to_owned()));
        }
        assert_eq!(Name::parse(" 买买提•吐尔逊 ").expect("legal").as_str(), "买买提·吐尔逊");
        assert!(Name::parse(&"阿".repeat(50)).is_ok());
    }

    #[test]
    fn what_no_document_prints_is_refused() {
        for (typed, reason) in [
            ("", Reason::NameLength),
            ("张", Reason::NameLength),
            ("··", Reason::NameLength),
            ("张三😀", Reason::NameCharacter),
            ("张\u{0}三", Reason::NameCharacter),
            ("张\u{202e}三", Reason::NameCharacter),
            ("张\u{200b}三", Reason::NameCharacter),
            ("<b>张三</b>", Reason::NameCharacter),
            ("张三;--", Reason::NameCharacter),
            ("张\n三", Reason::NameCharacter),
        ] {
            assert_eq!(Name::parse(typed).expect_err(typed), Error::field("name", reason), "{typed:?}");
        }
        assert!(Name::parse(&"阿".repeat(51)).is_err());
    }

    #[test]
    fn a_masked_name_shows_its_ends() {
        for (name, masked) in [("张秀兰", "张*兰"), ("王丽", "王*"), ("欧阳修远", "欧**远"), ("Anne-Marie", "A***e")]
        {
            assert_eq!(Name::parse(name).expect("legal").masked(), masked);
        }
    }

    proptest! {
        #[test]
        fn anything_may_be_typed_without_a_panic(typed in any::<String>()) {
            if let Ok(name) = Name::parse(&typed) {
                let _ = name.masked();
                prop_assert_eq!(Name::parse(name.as_str()), Ok(name));
            }
        }
    }
}
