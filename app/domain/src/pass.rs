//! What a QR holds: a booking's code, site and window, and how often it was moved by then, signed. No name, no identity number.
//!
//! Bytes: format (1), key id (1), code (8: its 45 random bits as a big-endian number), site (16), day (2: days since 2020-01-01), start and end
//! (2 each, minutes), in format 2 the booking's version (2), Ed25519 signature (64). Text: `YZ1.` and the bytes in Crockford base32: 157
//! characters, 154 in format 1, which a QR code takes in alphanumeric mode at version 7, level M. Format 2 is written; format 1 is read as
//! well, for it lies in people's pictures and on their paper. The same code verifies on the server and, with the public key alone, on a tablet.

use chrono::{NaiveDate, NaiveTime, Timelike};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use uuid::Uuid;

use crate::code::{ALPHABET, Code, value};
use crate::error::{Error, Result};
use crate::reason::Reason;
use crate::slot::Window;
use crate::time::plus_days;

const PREFIX: &str = "YZ1.";
/// Bytes of what both formats say.
const COMMON: usize = 32;
const SIGNATURE: usize = 64;
/// Bytes of the longest.
const LONGEST: usize = COMMON + 2 + SIGNATURE;
const EPOCH: NaiveDate = NaiveDate::from_ymd_opt(2020, 1, 1).expect("a day");

/// What a pass says. Only [`Pass::verify`] makes one from text, so it is always genuine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pass {
    /// Which key signed it.
    pub key_id: u8,
    /// The booking.
    pub code: Code,
    /// The site.
    pub site_id: Uuid,
    /// The day and window.
    pub window: Window,
    /// Which version of the booking it was made for; it grows with every move. A pass of format 1 does not tell.
    pub version: Option<u16>,
}

/// How long a text is, in characters, when it is a whole pass; `None` where it does not begin as one. For scanners that say no end.
pub fn whole_length(text: &str) -> Option<usize> {
    let body = body(text)?;
    let mut signs = body.chars().map(value);
    let (first, second) = (signs.next()??, signs.next()??);
    let bytes = match (first << 3 | second >> 2, second >> 2) {
        (1, 1) => COMMON + SIGNATURE,
        (2, 2) => LONGEST,
        _ => return None,
    };
    Some(PREFIX.len() + (bytes * 8).div_ceil(5))
}

/// What follows the prefix.
fn body(text: &str) -> Option<&str> {
    text.get(..PREFIX.len()).filter(|start| start.eq_ignore_ascii_case(PREFIX)).and(text.get(PREFIX.len()..))
}

impl Pass {
    /// How a booking's version stands in a pass. Nobody moves a booking 65,535 times; if somebody did, the last ones would look alike.
    pub fn version_of(version: i32) -> u16 {
        u16::try_from(version.max(0)).unwrap_or(u16::MAX)
    }

    /// Whether the booking was moved after this pass was made. `now` is the booking as it is.
    pub fn is_outdated(&self, site_id: Uuid, window: &Window, version: i32) -> bool {
        let moved = self.version.is_some_and(|made_for| made_for < Self::version_of(version));
        moved || self.site_id != site_id || self.window != *window
    }

    /// The text for the QR.
    pub fn sign(&self, key: &SigningKey) -> String {
        let mut bytes = self.bytes();
        let signature = key.sign(&bytes);
        bytes.extend_from_slice(&signature.to_bytes());
        format!("{PREFIX}{}", to_base32(&bytes))
    }

    /// Reads and verifies a text; `key` tells the public key of an id.
    ///
    /// # Errors
    /// `invalid` on `pass`: not a pass, changed, or signed with an unknown key.
    pub fn verify(text: &str, key: impl Fn(u8) -> Option<VerifyingKey>) -> Result<Self> {
        Self::read(text, key).ok_or_else(|| Error::field("pass", Reason::PassShape))
    }

    fn read(text: &str, key: impl Fn(u8) -> Option<VerifyingKey>) -> Option<Self> {
        let bytes = from_base32(body(text.trim())?)?;
        let (signed, signature) = bytes.split_at_checked(bytes.len().checked_sub(SIGNATURE)?)?;
        let pass = Self::from_bytes(signed)?;
        let signature = Signature::from_slice(signature).ok()?;
        key(pass.key_id)?.verify_strict(signed, &signature).ok()?;
        Some(pass)
    }

    fn bytes(&self) -> Vec<u8> {
        let day = u16::try_from(self.window.date.signed_duration_since(EPOCH).num_days()).unwrap_or(u16::MAX);
        let mut bytes = Vec::with_capacity(LONGEST);
        bytes.extend([if self.version.is_some() { 2 } else { 1 }, self.key_id]);
        bytes.extend(self.code.number().to_be_bytes());
        bytes.extend(self.site_id.as_bytes());
        for pair in [day, minutes(self.window.start), minutes(self.window.end)].into_iter().chain(self.version) {
            bytes.extend(pair.to_be_bytes());
        }
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let pair = |at: usize| Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
        let version = match (bytes.first()?, bytes.len()) {
            (1, COMMON) => None,
            (2, length) if length == COMMON + 2 => Some(pair(COMMON)?),
            _ => return None,
        };
        Some(Self {
            key_id: *bytes.get(1)?,
            code: Code::from_random(u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?))?,
            site_id: Uuid::from_slice(bytes.get(10..26)?).ok()?,
            window: Window { date: plus_days(EPOCH, u32::from(pair(26)?)), start: time(pair(28)?)?, end: time(pair(30)?)? },
            version,
        })
    }
}

fn minutes(time: NaiveTime) -> u16 {
    u16::try_from(time.num_seconds_from_midnight() / 60).unwrap_or(0)
}

fn time(minutes: u16) -> Option<NaiveTime> {
    NaiveTime::from_num_seconds_from_midnight_opt(u32::from(minutes) * 60, 0)
}

fn to_base32(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(5) * 8);
    let (mut held, mut bits) = (0u32, 0);
    for byte in bytes {
        held = held << 8 | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(char::from(ALPHABET[(held >> bits & 31) as usize]));
        }
    }
    if bits > 0 {
        text.push(char::from(ALPHABET[(held << (5 - bits) & 31) as usize]));
    }
    text
}

/// One text, one meaning: the bits that fill up the last character must be zero.
fn from_base32(text: &str) -> Option<Vec<u8>> {
    if text.len() > LONGEST * 2 {
        return None;
    }
    let mut bytes = Vec::with_capacity(LONGEST);
    let (mut held, mut bits) = (0u32, 0);
    for sign in text.chars() {
        held = held << 5 | u32::from(value(sign)?);
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits & 0xff) as u8);
        }
    }
    (held & ((1 << bits) - 1) == 0 && bits < 5).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_bytes(&[seed; 32])
    }

    fn known(id: u8) -> Option<VerifyingKey> {
        (id == 1).then(|| key(7).verifying_key())
    }

    fn pass() -> Pass {
        Pass {
            key_id: 1,
            code: Code::from_random(1234).expect("a code"),
            site_id: Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001),
            window: Window {
                date: "2021-05-08".parse().expect("a date"),
                start: time(510).expect("8:30"),
                end: time(540).expect("9:00"),
            },
            version: Some(1),
        }
    }

    /// One of before there were versions in them.
    fn without_version() -> Pass {
        Pass { version: None, ..pass() }
    }

    #[test]
    fn a_signed_pass_is_read_back_in_both_formats() {
        for (pass, length) in [(pass(), 157), (without_version(), 154), (Pass { version: Some(u16::MAX), ..pass() }, 157)] {
            let text = pass.sign(&key(7));
            assert_eq!(Pass::verify(&text, known), Ok(pass.clone()));
            assert_eq!(Pass::verify(&format!(" {} ", text.to_lowercase()), known), Ok(pass), "wedge scanners may change case");
            assert_eq!(text.len(), PREFIX.len() + length);
            assert!(text.bytes().all(|sign| b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:".contains(&sign)), "alphanumeric mode");
        }
    }

    /// As it was written before there was format 2: such passes are on paper.
    #[test]
    fn the_bytes_of_format_1_are_what_they_were() {
        let signed = without_version().bytes();
        let told = [0x01, 0x01, 0, 0, 0, 0, 0, 0, 0x04, 0xd2, 0x01, 0x90, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 0x01];
        assert_eq!(signed[..26], told);
        assert_eq!(signed[26..], [0x01, 0xed, 0x01, 0xfe, 0x02, 0x1c], "day 493, 510 and 540 minutes");
    }

    #[test]
    fn a_pass_of_one_format_is_not_read_as_the_other() {
        let bytes = |mut bytes: Vec<u8>, format: u8| {
            bytes[0] = format;
            let signature = key(7).sign(&bytes);
            bytes.extend(signature.to_bytes());
            format!("{PREFIX}{}", to_base32(&bytes))
        };
        for (pass, format) in [(pass(), 1), (without_version(), 2), (pass(), 0), (pass(), 3)] {
            assert!(Pass::verify(&bytes(pass.bytes(), format), known).is_err(), "{format}");
        }
    }

    #[test]
    fn the_first_characters_tell_how_long_a_pass_is() {
        for pass in [pass(), without_version(), Pass { key_id: 255, ..pass() }, Pass { key_id: 255, ..without_version() }] {
            let text = pass.sign(&key(7));
            assert_eq!(whole_length(&text), Some(text.len()));
            assert_eq!(whole_length(&text.to_lowercase()), Some(text.len()));
        }
        for other in ["", "YZ1.", "YZ1.0", "YZ1.0C", "YZ1.00", "YZ1.1G", "YZ2.08", "https://example.org", "预约"] {
            assert_eq!(whole_length(other), None, "{other}");
        }
    }

    #[test]
    fn a_pass_from_before_a_move_is_outdated() {
        let (site, window) = (pass().site_id, pass().window);
        let elsewhere = Uuid::from_u128(9);
        let later = Window { start: time(540).expect("9:00"), end: time(570).expect("9:30"), ..window };
        for (what, pass, site_id, window, version, outdated) in [
            ("as it was made", pass(), site, window, 1, false),
            ("of before there were versions", without_version(), site, window, 1, false),
            ("moved to another window", pass(), site, later, 2, true),
            ("the same, and it does not tell", without_version(), site, later, 2, true),
            ("moved to another site", pass(), elsewhere, window, 2, true),
            ("moved away and back", pass(), site, window, 3, true),
            ("made after the moves", Pass { version: Some(3), ..pass() }, site, window, 3, false),
            ("moved more often than can be told", Pass { version: Some(u16::MAX), ..pass() }, site, window, 70_000, false),
        ] {
            assert_eq!(pass.is_outdated(site_id, &window, version), outdated, "{what}");
        }
    }

    #[test]
    fn another_key_an_unknown_key_and_other_texts_are_refused() {
        let unknown = Pass { key_id: 2, ..pass() };
        for wrong in
            [pass().sign(&key(8)), unknown.sign(&key(7)), String::new(), "YZ1.".into(), "https://example.org".into(), "预约".into()]
        {
            assert_eq!(Pass::verify(&wrong, known).expect_err(&wrong).field.as_deref(), Some("pass"));
        }
    }

    proptest! {
        #[test]
        fn a_changed_character_is_refused(at in 4usize..158, by in 1u8..32, versioned in any::<bool>()) {
            let pass = if versioned { pass() } else { without_version() };
            let mut text = pass.sign(&key(7)).into_bytes();
            let was = value(char::from(text[at])).expect("of the alphabet");
            text[at] = ALPHABET[usize::from((was + by) % 32)];
            prop_assert!(Pass::verify(std::str::from_utf8(&text).expect("ASCII"), known).is_err());
        }

        #[test]
        fn anything_may_be_scanned_without_a_panic(text in any::<String>()) {
            let _ = Pass::verify(&text, known);
            let _ = Pass::verify(&format!("{PREFIX}{text}"), known);
        }

        #[test]
        fn base32_keeps_the_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..LONGEST)) {
            prop_assert_eq!(from_base32(&to_base32(&bytes)), Some(bytes));
        }
    }
}
