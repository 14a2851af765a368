//! How long a text is as a short message: its characters, in how many segments it travels, and how many of them are paid for.
//!
//! Source: 3GPP TS 23.038 (GSM 03.38) 6.2.1, the default alphabet and its extension, 7 bits a character: 160 in one message, 153 in each part
//! of several, of which one from the extension takes two places and is never cut (TS 23.040, 9.2.3.24.1). With any other character the whole
//! text is UCS-2: 70 in one, 67 in each part, and a character beyond the first plane takes two that stay together.
//! The gateways of mainland China count each character as one, whatever the alphabet: up to 70 are one message, beyond that each 67 are.

use serde::{Deserialize, Serialize};

use crate::words::words;

words! {
    /// In which alphabet a text travels.
    Alphabet {
        /// The default alphabet: Latin letters, digits, some signs.
        Gsm7 = "gsm7",
        /// All others, Chinese among them.
        Ucs2 = "ucs2",
    }
}

/// The default alphabet, without the escape to its extension.
const DEFAULT: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// Its extension.
const EXTENSION: &str = "\u{c}^{}\\[~]|€";

/// How long a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Length {
    /// Characters, as a person counts them.
    pub characters: u32,
    /// In which alphabet it travels.
    pub alphabet: Alphabet,
    /// Parts that a phone puts together.
    pub segments: u32,
    /// Messages that a gateway of mainland China counts.
    pub billed: u32,
}

impl Length {
    /// The length of a text. A text that says nothing is one segment all the same.
    pub fn of(text: &str) -> Self {
        let alphabet = if text.chars().all(|sign| septets(sign).is_some()) { Alphabet::Gsm7 } else { Alphabet::Ucs2 };
        let (one, each) = match alphabet {
            Alphabet::Gsm7 => (160, 153),
            Alphabet::Ucs2 => (70, 67),
        };
        let places = text.chars().map(|sign| match alphabet {
            Alphabet::Gsm7 => septets(sign).unwrap_or(1),
            Alphabet::Ucs2 => {
                if sign.len_utf16() == 2 {
                    2
                } else {
                    1
                }
            }
        });
        let characters = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        let billed = parts(core::iter::repeat_n(1, text.chars().count()), 70, 67);
        Self { characters, alphabet, segments: parts(places, one, each), billed }
    }
}

/// How many places a character takes in the default alphabet; nothing where it has none.
fn septets(sign: char) -> Option<u32> {
    if DEFAULT.contains(sign) { Some(1) } else { EXTENSION.contains(sign).then_some(2) }
}

/// How many parts characters of these widths fill, none of which is cut: `one` places alone, or `each` in each of several.
fn parts(places: impl Iterator<Item = u32> + Clone, one: u32, each: u32) -> u32 {
    if places.clone().sum::<u32>() <= one {
        return 1;
    }
    let (mut parts, mut room) = (1, each);
    for wide in places {
        if wide > room {
            parts += 1;
            room = each;
        }
        room -= wide;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> (Alphabet, u32, u32) {
        let Length { alphabet, segments, billed, .. } = Length::of(text);
        (alphabet, segments, billed)
    }

    #[test]
    fn a_text_is_cut_where_the_standard_cuts_it() {
        use Alphabet::*;
        for (text, expected) in [
            (String::new(), (Gsm7, 1, 1)),
            ("a".repeat(70), (Gsm7, 1, 1)),
            ("a".repeat(71), (Gsm7, 1, 2)),
            ("a".repeat(160), (Gsm7, 1, 3)),
            ("a".repeat(161), (Gsm7, 2, 3)),
            ("a".repeat(306), (Gsm7, 2, 5)),
            ("a".repeat(307), (Gsm7, 3, 5)),
            // two places each, escape and sign
            ("[".repeat(80), (Gsm7, 1, 2)),
            ("[".repeat(81), (Gsm7, 2, 2)),
            // 152 places and an escape that must not be cut from its sign: 76 a part
            ("€".repeat(152), (Gsm7, 2, 3)),
            ("€".repeat(153), (Gsm7, 3, 3)),
            ("针".repeat(70), (Ucs2, 1, 1)),
            ("针".repeat(71), (Ucs2, 2, 2)),
            ("针".repeat(134), (Ucs2, 2, 2)),
            ("针".repeat(135), (Ucs2, 3, 3)),
            (format!("{}针", "a".repeat(69)), (Ucs2, 1, 1)),
            (format!("{}针", "a".repeat(70)), (Ucs2, 2, 2)),
            // two units each, 66 of 67 used
            ("𠮷".repeat(35), (Ucs2, 1, 1)),
            ("𠮷".repeat(36), (Ucs2, 2, 1)),
            ("𠮷".repeat(66), (Ucs2, 2, 1)),
            ("𠮷".repeat(67), (Ucs2, 3, 1)),
            // the en dash of a window is in no alphabet but UCS-2
            ("09:30–10:00".to_owned(), (Ucs2, 1, 1)),
            ("09:30-10:00 {x}".to_owned(), (Gsm7, 1, 1)),
            ("àéÑß ¿Ω".to_owned(), (Gsm7, 1, 1)),
            ("â".to_owned(), (Ucs2, 1, 1)),
        ] {
            assert_eq!(of(&text), expected, "{} × {:?}", text.chars().count(), text.chars().next());
        }
    }

    #[test]
    fn the_default_alphabet_has_127_characters_besides_its_escape() {
        assert_eq!(DEFAULT.chars().count(), 127);
        assert_eq!(EXTENSION.chars().count(), 10);
        assert!(EXTENSION.chars().all(|sign| !DEFAULT.contains(sign)));
    }

    #[cfg(not(target_arch = "wasm32"))]
    proptest::proptest! {
        #[test]
        fn more_words_are_never_fewer_segments_and_none_is_fuller_than_it_may_be(text in "[a-z€针𠮷]{0,400}", more in "[a-z€针𠮷]{0,40}") {
            let (short, long) = (Length::of(&text), Length::of(&format!("{text}{more}")));
            proptest::prop_assert!(long.billed >= short.billed);
            // one Chinese character makes all of them wide: still not fewer
            proptest::prop_assert!(long.segments >= short.segments);
            let units = u32::try_from(match short.alphabet {
                Alphabet::Gsm7 => text.chars().map(|sign| if sign == '€' { 2 } else { 1 }).sum(),
                Alphabet::Ucs2 => text.encode_utf16().count(),
            }).expect("short");
            let (one, each) = if short.alphabet == Alphabet::Gsm7 { (160, 153) } else { (70, 67) };
            let fits = if short.segments == 1 { units <= one } else { units <= each * short.segments && units > one };
            proptest::prop_assert!(fits, "{units} units in {} segments", short.segments);
            // and none is emptier than one place that a cut would have to split
            proptest::prop_assert!(short.segments == 1 || units > (each - 1) * (short.segments - 1));
        }
    }
}
