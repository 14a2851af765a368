//! What a scanner, a camera or a hand brought: a pass, a code, or neither; and whether the camera has seen it before.

use domain::code::Code;
use domain::error::{Error, Result};
use domain::identity::half_width;
use domain::pass::whole_length;
use domain::reason::Reason;

/// How every pass begins (`domain::pass`).
pub(crate) const PASS: &str = "YZ1.";
/// A code with its groups and a few slips of the finger; what is longer was scanned.
const LONGEST_TYPED: usize = 20;
/// For how long a code must be out of sight before showing it again is a new scan.
const LEFT_AFTER_MS: f64 = 3_000.0;

/// Something that can be looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scan {
    /// The text of a QR.
    Pass(String),
    /// A booking code.
    Code(Code),
}

impl Scan {
    /// Reads what came out of the scan field or the camera.
    ///
    /// # Errors
    /// `invalid`, in the words for a mistyped code or for a QR of somebody else's.
    pub(crate) fn read(text: &str) -> Result<Self> {
        let text: String = text.trim().chars().map(half_width).collect();
        if starts_as_pass(&text) {
            return Ok(Self::Pass(text));
        }
        match Code::parse(&text) {
            Ok(code) => Ok(Self::Code(code)),
            Err(error) if text.chars().count() <= LONGEST_TYPED && !text.contains("://") => Err(error),
            Err(_) => Err(Error::field("pass", Reason::PassShape)),
        }
    }
}

/// Whether a scanner has typed the whole of a pass, also one that sends no Enter after it.
pub(crate) fn is_whole_pass(text: &str) -> bool {
    let text = text.trim();
    whole_length(text) == Some(text.len())
}

fn starts_as_pass(text: &str) -> bool {
    text.get(..PASS.len()).is_some_and(|start| start.eq_ignore_ascii_case(PASS))
}

/// Tells a code that has come from one that has stayed: a phone lies before the camera for as long as its owner likes.
#[derive(Debug, Default)]
pub(crate) struct Sight {
    /// What is in sight, and when it was seen last.
    seen: Vec<(String, f64)>,
}

impl Sight {
    /// Notes what a frame showed at `now_ms`; true when it has just come into sight.
    pub(crate) fn comes(&mut self, text: &str, now_ms: f64) -> bool {
        self.seen.retain(|(_, last)| now_ms - last < LEFT_AFTER_MS);
        match self.seen.iter_mut().find(|(seen, _)| seen == text) {
            Some((_, last)) => {
                *last = now_ms;
                false
            }
            None => {
                self.seen.push((text.to_owned(), now_ms));
                true
            }
        }
    }

    /// Forgets a code that could not be taken just now: it comes again with the next frame.
    pub(crate) fn forget(&mut self, text: &str) {
        self.seen.retain(|(seen, _)| seen != text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::error::ErrorCode;

    #[test]
    fn passes_and_codes_are_told_apart_however_they_are_typed() {
        let code = Code::from_random(1234).expect("a code");
        for typed in ["YZ1.ABC", " yz1.abc\r\n", "ＹＺ１．ABC"] {
            assert!(matches!(Scan::read(typed), Ok(Scan::Pass(_))), "{typed}");
        }
        for typed in [code.to_string(), code.grouped().to_lowercase(), format!(" {} \n", code.grouped().replace('-', " "))] {
            assert_eq!(Scan::read(&typed), Ok(Scan::Code(code)), "{typed}");
        }
    }

    #[test]
    fn a_mistyped_code_and_a_strangers_qr_get_their_own_words() {
        for (typed, reason) in [
            ("", Reason::CodeShape),
            ("123", Reason::CodeShape),
            ("000-000-16JE", Reason::CodeShape),
            ("https://w.org", Reason::PassShape),
            ("0123456789012345678901234567890", Reason::PassShape),
            ("YZ2.", Reason::CodeShape),
        ] {
            let error = Scan::read(typed).expect_err(typed);
            assert_eq!((error.code, error.reason), (ErrorCode::Invalid, Some(reason)), "{typed}");
        }
    }

    #[test]
    fn a_pass_is_whole_at_its_last_character() {
        for (format, length) in [("04", 158), ("08", 161)] {
            let pass = format!("yz1.{format}{}", "a".repeat(length - 6));
            assert!(is_whole_pass(&pass));
            assert!(is_whole_pass(&format!("{pass}\n")));
            assert!(!is_whole_pass(&pass[..length - 1]));
            assert!(!is_whole_pass(&format!("{pass}0")));
        }
        assert!(!is_whole_pass(&"A".repeat(158)));
    }

    #[test]
    fn a_code_that_stays_in_sight_comes_once() {
        let mut sight = Sight::default();
        assert!(sight.comes("A", 0.0));
        for frame in 1..200 {
            assert!(!sight.comes("A", f64::from(frame) * 100.0), "{frame}");
        }
        assert!(!sight.comes("A", 19_900.0 + 2_999.0), "shaken for a moment");
        assert!(sight.comes("A", 19_900.0 + 2_999.0 + 3_000.0), "shown again");
    }

    #[test]
    fn another_code_comes_at_once_and_the_first_does_not_come_back() {
        let mut sight = Sight::default();
        assert!(sight.comes("A", 0.0));
        assert!(sight.comes("B", 100.0));
        assert!(!sight.comes("A", 200.0), "both phones are before the camera");
        sight.forget("A");
        assert!(sight.comes("A", 300.0), "it could not be taken before");
    }
}
