//! Detailed addresses: below the county, as the source takes them.

use crate::error::{Error, Result};
use crate::identity::{half_width, is_han};
use crate::reason::Reason;

/// 5–60 Chinese characters and digits.
///
/// Source: `mission.md` rule 3; annex 3 of the Yongzhou notice (Chinese characters and digits only, no emoji or other
/// symbols).
#[derive(Clone, PartialEq, Eq)]
pub struct Address(String);

impl Address {
    /// Reads an address; full-width digits become plain ones, spaces at the ends go.
    ///
    /// # Errors
    /// `invalid` on `address`: too short, too long, or a character that is neither Chinese nor a digit.
    pub fn parse(typed: &str) -> Result<Self> {
        let typed = typed.trim();
        if let Some(reason) = Self::objection(typed) {
            return Err(Error::field("address", reason));
        }
        Ok(Self(typed.chars().map(half_width).collect()))
    }

    fn objection(typed: &str) -> Option<Reason> {
        let mut count = 0;
        for sign in typed.chars() {
            count += 1;
            if !is_han(sign) && !half_width(sign).is_ascii_digit() {
                return Some(Reason::AddressCharacter);
            }
        }
        (!(5..=60).contains(&count)).then_some(Reason::AddressLength)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl core::fmt::Debug for Address {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "address of {} characters", self.0.chars().count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn chinese_characters_and_digits_are_kept() {
        for (typed, kept) in [
            ("梧桐街道12号3单元", "梧桐街道12号3单元"),
            (" 梧桐街道１２号 ", "梧桐街道12号"),
            ("𠮷祥路一〇一号", "𠮷祥路一〇一号"),
            ("\u{30EDE}街道八号", "\u{30EDE}街道八号"),
        ] {
            assert_eq!(Address::parse(typed).expect(typed).as_str(), kept);
        }
    }

    #[test]
    fn anything_else_is_refused_with_what_to_do() {
        for (typed, reason) in [
            ("梧桐街道😀12号", Reason::AddressCharacter),
            ("梧桐街道A座12号", Reason::AddressCharacter),
            ("梧桐街道 12号", Reason::AddressCharacter),
            ("梧桐街道12-3号", Reason::AddressCharacter),
            ("梧桐街道12号。", Reason::AddressCharacter),
            ("梧桐街道<b>12号", Reason::AddressCharacter),
            ("梧桐街道\u{202e}12号", Reason::AddressCharacter),
            ("梧桐街道\u{0}12号", Reason::AddressCharacter),
            ("梧桐街道①号", Reason::AddressCharacter),
            ("梧桐12", Reason::AddressLength),
            ("", Reason::AddressLength),
        ] {
            assert_eq!(Address::parse(typed).expect_err(typed), Error::field("address", reason), "{typed}");
        }
        assert!(Address::parse(&"路".repeat(60)).is_ok());
        assert!(Address::parse(&"路".repeat(61)).is_err());
    }

    proptest! {
        #[test]
        fn anything_may_be_typed_without_a_panic(typed in any::<String>()) {
            let _ = Address::parse(&typed);
        }

        #[test]
        fn what_is_kept_can_be_read_again(typed in "[一-龥0-9０-９]{5,60}") {
            let once = Address::parse(&typed).expect("legal");
            prop_assert_eq!(Address::parse(once.as_str()).expect("legal"), once);
        }
    }
}
