//! The PIN of a member of staff: six digits that open their locked screen, and nothing else.

use chrono::NaiveDate;

use crate::reason::Reason;

/// How many digits it has.
const DIGITS: usize = 6;

/// Six digits that are not among the first that somebody would try.
#[derive(Clone, PartialEq, Eq)]
pub struct Pin(String);

impl Pin {
    /// Takes six digits.
    ///
    /// # Errors
    /// [`Reason::PinShape`] for anything else; [`Reason::PinEasy`] for one digit again and again, a run (123456, 654321), a pair or three
    /// that repeats (121212, 123123), and a day or month of birth (850712, 120785, 198507).
    pub fn parse(text: &str) -> Result<Self, Reason> {
        let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_digit).map(|digit| digit - b'0').collect();
        if digits.len() != DIGITS || text.len() != DIGITS {
            return Err(Reason::PinShape);
        }
        if repeats(&digits) || runs(&digits) || is_birthday(text) { Err(Reason::PinEasy) } else { Ok(Self(text.to_owned())) }
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One digit, a pair or three digits, again and again.
fn repeats(digits: &[u8]) -> bool {
    [1, 2, 3].into_iter().any(|length| digits.chunks(length).all(|part| part == &digits[..length]))
}

/// Each digit one more than the one before, or one less; nine and zero are neighbours.
fn runs(digits: &[u8]) -> bool {
    let steps = |by: u8| digits.windows(2).all(|pair| (pair[0] + by) % 10 == pair[1]);
    steps(1) || steps(9)
}

/// Year and month, or a day with two digits of the year, in the orders in which people write them.
fn is_birthday(text: &str) -> bool {
    let number = |from: usize, to: usize| text.get(from..to).and_then(|part| part.parse::<u32>().ok()).unwrap_or(0);
    let (a, b, c) = (number(0, 2), number(2, 4), number(4, 6));
    // a leap year, so that the 29 February of every year counts
    let is_day = |month, day| NaiveDate::from_ymd_opt(2000, month, day).is_some();
    let year_and_month = matches!(number(0, 4), 1900..=2099) && (1..=12).contains(&c);
    let month_and_year = (1..=12).contains(&a) && matches!(number(2, 6), 1900..=2099);
    year_and_month || month_and_year || is_day(b, c) || is_day(b, a) || is_day(a, b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_pin_has_six_digits_and_is_none_that_is_tried_first() {
        for (text, reason) in [
            ("", Reason::PinShape),
            ("12345", Reason::PinShape),
            ("1234567", Reason::PinShape),
            ("12345a", Reason::PinShape),
            (" 940263", Reason::PinShape),
            ("９４０２６３", Reason::PinShape),
            ("000000", Reason::PinEasy),
            ("777777", Reason::PinEasy),
            ("121212", Reason::PinEasy),
            ("407407", Reason::PinEasy),
            ("123456", Reason::PinEasy),
            ("654321", Reason::PinEasy),
            ("890123", Reason::PinEasy),
            ("321098", Reason::PinEasy),
            ("850712", Reason::PinEasy),
            ("120785", Reason::PinEasy),
            ("071285", Reason::PinEasy),
            ("000229", Reason::PinEasy),
            ("198507", Reason::PinEasy),
            ("071985", Reason::PinEasy),
        ] {
            assert_eq!(Pin::parse(text).err(), Some(reason), "{text}");
        }
        for text in ["940263", "583920", "770042", "306951"] {
            assert_eq!(Pin::parse(text).expect(text).as_str(), text);
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_stumble(text in "\\PC*") {
            let _ = Pin::parse(&text);
        }
    }

    #[test]
    fn most_of_a_million_are_left() {
        let left = (0..1_000_000).filter(|number| Pin::parse(&format!("{number:06}")).is_ok()).count();
        assert!(left > 870_000, "{left}");
    }
}
