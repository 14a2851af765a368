//! Mobile numbers of mainland China.

use crate::error::{Error, Result};
use crate::identity::half_width;
use crate::reason::Reason;

/// Eleven digits, the first 1, the second 3 to 9.
///
/// Source: the MIIT numbering plan (2017) gives 13–19 to mobile networks. The third digit tells a carrier today and
/// another one tomorrow, so nothing is read from it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Phone(String);

impl Phone {
    /// Reads a number as people write it: spaces, hyphens, `+86`, `0086`, full-width digits.
    ///
    /// # Errors
    /// `invalid` on `phone`.
    pub fn parse(typed: &str) -> Result<Self> {
        let wrong = || Error::field("phone", Reason::Phone);
        let plain: String = typed
            .chars()
            .map(half_width)
            .filter(|sign| !sign.is_whitespace() && !matches!(sign, '-' | '(' | ')' | '\u{2010}'..='\u{2015}'))
            .take(20)
            .collect();
        let digits = ["+86", "0086", "86"].iter().find_map(|prefix| plain.strip_prefix(prefix)).unwrap_or(&plain);
        let mut signs = digits.bytes();
        let is_mobile = digits.len() == 11
            && signs.next() == Some(b'1')
            && signs.next().is_some_and(|second| (b'3'..=b'9').contains(&second))
            && signs.all(|sign| sign.is_ascii_digit());
        if is_mobile { Ok(Self(digits.to_owned())) } else { Err(wrong()) }
    }

    /// The eleven digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `138****8000`: what may be shown to its owner.
    pub fn masked(&self) -> String {
        format!("{}****{}", &self.0[..3], &self.0[7..])
    }
}

impl core::fmt::Debug for Phone {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.masked())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_number_is_read_as_people_write_it() {
        for typed in [
            "13800138000",
            "138 0013 8000",
            "+86 138-0013-8000",
            "0086 13800138000",
            "8613800138000",
            "１３８００１３８０００",
            " 13800138000\u{3000}",
        ] {
            assert_eq!(Phone::parse(typed).expect(typed).as_str(), "13800138000");
        }
    }

    #[test]
    fn what_is_not_a_mobile_number_is_refused() {
        for wrong in [
            "",
            "1380013800",
            "138001380000",
            "12800138000",
            "23800138000",
            "07468123456",
            "1380013800a",
            "138\u{202e}00138000",
            "+85213800138000",
        ] {
            assert_eq!(Phone::parse(wrong).expect_err(wrong).field.as_deref(), Some("phone"), "{wrong}");
        }
    }

    #[test]
    fn only_the_ends_are_shown() {
        let phone = Phone::parse("13800138000").expect("legal");
        assert_eq!(phone.masked(), "138****8000");
        assert_eq!(format!("{phone:?}"), "138****8000");
    }

    proptest! {
        #[test]
        fn anything_may_be_typed_without_a_panic(typed in any::<String>()) {
            let _ = Phone::parse(&typed);
        }

        #[test]
        fn every_legal_number_is_kept(digits in "1[3-9][0-9]{9}") {
            prop_assert!(Phone::parse(&digits).is_ok_and(|phone| phone.as_str() == digits));
        }
    }
}
