//! The booking code: ten characters that nobody can guess and most slips of the finger cannot reach.
//!
//! Crockford base32 (no I, L, O, U; any case; I and L read as 1, O as 0). Nine random characters and Crockford's check
//! symbol, the number modulo 37. Numbers whose symbol would be one of the five extra signs (`*~$=U`) are not used, so a
//! code can be typed on any keyboard and stands in a QR's alphanumeric mode: 32/37 of 2⁴⁵, about 3·10¹³ codes.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::reason::Reason;

/// Crockford's alphabet.
pub(crate) const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LENGTH: usize = 10;
const RANDOM_BITS: u32 = 45;

/// A booking code. Ten characters in upper case, without groups.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code([u8; LENGTH]);

impl Code {
    /// The code of a random number, or `None` for those numbers that have none (one in seven): draw again.
    pub fn from_random(random: u64) -> Option<Self> {
        let number = random & ((1 << RANDOM_BITS) - 1);
        let check = usize::try_from(number % 37).ok().and_then(|at| ALPHABET.get(at))?;
        let mut text = [0; LENGTH];
        let mut rest = number;
        for place in text[..LENGTH - 1].iter_mut().rev() {
            *place = ALPHABET[(rest & 31) as usize];
            rest >>= 5;
        }
        text[LENGTH - 1] = *check;
        Some(Self(text))
    }

    /// Reads a code as people type it: any case, with spaces, hyphens and the look-alikes I, L, O, in full width too.
    ///
    /// # Errors
    /// `invalid` when it is not ten characters of the alphabet or its check symbol does not fit.
    pub fn parse(typed: &str) -> Result<Self> {
        Self::read(typed).ok_or_else(|| Error::field("code", Reason::CodeShape))
    }

    fn read(typed: &str) -> Option<Self> {
        let mut text = [0; LENGTH];
        let mut at = 0;
        for sign in typed.chars().filter(|sign| !sign.is_whitespace() && !matches!(sign, '-' | '－' | '–' | '—')) {
            *text.get_mut(at)? = ALPHABET[usize::from(value(sign)?)];
            at += 1;
        }
        if at != LENGTH {
            return None;
        }
        let code = Self(text);
        (Self::from_random(code.number())? == code).then_some(code)
    }

    /// The random number of the code, 45 bits.
    pub(crate) fn number(&self) -> u64 {
        self.0[..LENGTH - 1].iter().fold(0, |sum, sign| sum << 5 | u64::from(value(char::from(*sign)).unwrap_or(0)))
    }

    /// The ten characters.
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.0).expect("the alphabet is ASCII")
    }

    /// In groups, as it is shown and read out: `7K2-M9Q-X4TD`.
    pub fn grouped(&self) -> String {
        let text = self.as_str();
        format!("{}-{}-{}", &text[..3], &text[3..6], &text[6..])
    }
}

/// The five bits of a sign, look-alikes included.
pub(crate) fn value(sign: char) -> Option<u8> {
    let plain = crate::identity::half_width(sign).to_ascii_uppercase();
    let plain = match plain {
        'I' | 'L' => '1',
        'O' => '0',
        other => other,
    };
    let at = ALPHABET.iter().position(|letter| char::from(*letter) == plain)?;
    u8::try_from(at).ok()
}

impl core::fmt::Display for Code {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl core::fmt::Debug for Code {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, to: S) -> core::result::Result<S::Ok, S::Error> {
        to.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> core::result::Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::read(&text).ok_or_else(|| serde::de::Error::custom("not a booking code"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_code() -> impl Strategy<Value = Code> {
        any::<u64>().prop_filter_map("has no plain check symbol", Code::from_random)
    }

    proptest! {
        #[test]
        fn a_code_is_read_back_however_it_is_typed(code in any_code()) {
            for typed in [
                code.to_string(), code.grouped(), code.grouped().to_lowercase(), format!("  {} ", code.grouped().replace('-', " ")),
                code.as_str().replace('1', "l").replace('0', "o"),
            ] {
                prop_assert_eq!(Code::parse(&typed), Ok(code), "{}", typed);
            }
        }

        #[test]
        fn one_wrong_character_is_noticed(code in any_code(), at in 0..LENGTH, by in 1u8..32) {
            let mut text: Vec<u8> = code.as_str().bytes().collect();
            let was = value(char::from(text[at])).expect("of the alphabet");
            text[at] = ALPHABET[usize::from((was + by) % 32)];
            prop_assert!(Code::parse(std::str::from_utf8(&text).expect("ASCII")).is_err());
        }

        #[test]
        fn two_neighbours_swapped_are_noticed(code in any_code(), at in 0..LENGTH - 2) {
            let mut text: Vec<u8> = code.as_str().bytes().collect();
            prop_assume!(text[at] != text[at + 1]);
            text.swap(at, at + 1);
            prop_assert!(Code::parse(std::str::from_utf8(&text).expect("ASCII")).is_err());
        }

        #[test]
        fn anything_may_be_typed_without_a_panic(typed in any::<String>()) {
            let _ = Code::parse(&typed);
        }
    }

    #[test]
    fn what_is_not_a_code_names_the_field() {
        for wrong in ["", "123", "0000000000000", "UUUUUUUUUU", "预约码预约码预约码预", "00000-0000-5"] {
            assert_eq!(Code::parse(wrong).expect_err(wrong).field.as_deref(), Some("code"));
        }
    }

    #[test]
    fn the_check_symbol_is_crockfords() {
        assert_eq!(Code::from_random(0).expect("zero has a check symbol").as_str(), "0000000000");
        assert_eq!(Code::from_random(32).map(|c| c.to_string()), None);
        assert_eq!(Code::from_random(1234).expect("fits").as_str(), "00000016JD");
    }
}
