//! What a QR holds: a booking's code, site and window, signed. No name, no identity number.
//!
//! Bytes: format version (1), key id (1), code (8: its 45 random bits as a big-endian number), site (16), day (2: days since
//! 2020-01-01), start and end (2 each, minutes), Ed25519 signature (64). Text: `YZ1.` and the bytes in Crockford base32,
//! 154 characters, which a QR code takes in alphanumeric mode at version 7, level M. The same code verifies on the server
//! and, with the public key alone, on a tablet.

use chrono::{NaiveDate, NaiveTime, Timelike};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use uuid::Uuid;

use crate::code::{ALPHABET, Code, value};
use crate::error::{Error, Result};
use crate::reason::Reason;
use crate::slot::Window;
use crate::time::plus_days;

const PREFIX: &str = "YZ1.";
const FORMAT: u8 = 1;
const SIGNED: usize = 32;
const WHOLE: usize = SIGNED + 64;
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
}

impl Pass {
    /// The text for the QR.
    pub fn sign(&self, key: &SigningKey) -> String {
        let mut bytes = self.bytes().to_vec();
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
        let body = text.trim();
        let body = body.get(..PREFIX.len()).filter(|start| start.eq_ignore_ascii_case(PREFIX)).and(body.get(PREFIX.len()..))?;
        let bytes: [u8; WHOLE] = from_base32(body)?.try_into().ok()?;
        let (signed, signature) = bytes.split_at(SIGNED);
        let pass = Self::from_bytes(signed)?;
        let signature = Signature::from_slice(signature).ok()?;
        key(pass.key_id)?.verify_strict(signed, &signature).ok()?;
        Some(pass)
    }

    fn bytes(&self) -> [u8; SIGNED] {
        let day = u16::try_from(self.window.date.signed_duration_since(EPOCH).num_days()).unwrap_or(u16::MAX);
        let mut bytes = [0; SIGNED];
        bytes[0] = FORMAT;
        bytes[1] = self.key_id;
        bytes[2..10].copy_from_slice(&self.code.number().to_be_bytes());
        bytes[10..26].copy_from_slice(self.site_id.as_bytes());
        bytes[26..28].copy_from_slice(&day.to_be_bytes());
        bytes[28..30].copy_from_slice(&minutes(self.window.start).to_be_bytes());
        bytes[30..32].copy_from_slice(&minutes(self.window.end).to_be_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let pair = |at: usize| Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
        if *bytes.first()? != FORMAT {
            return None;
        }
        Some(Self {
            key_id: *bytes.get(1)?,
            code: Code::from_random(u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?))?,
            site_id: Uuid::from_slice(bytes.get(10..26)?).ok()?,
            window: Window { date: plus_days(EPOCH, u32::from(pair(26)?)), start: time(pair(28)?)?, end: time(pair(30)?)? },
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
    if text.len() > WHOLE * 2 {
        return None;
    }
    let mut bytes = Vec::with_capacity(WHOLE);
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
        }
    }

    #[test]
    fn a_signed_pass_is_read_back() {
        let text = pass().sign(&key(7));
        assert_eq!(Pass::verify(&text, known), Ok(pass()));
        assert_eq!(Pass::verify(&format!(" {} ", text.to_lowercase()), known), Ok(pass()), "wedge scanners may change case");
        assert_eq!(text.len(), PREFIX.len() + 154);
        assert!(text.bytes().all(|sign| b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:".contains(&sign)), "QR alphanumeric mode");
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
        fn a_changed_character_is_refused(at in 4usize..158, by in 1u8..32) {
            let mut text = pass().sign(&key(7)).into_bytes();
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
        fn base32_keeps_the_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..WHOLE)) {
            prop_assert_eq!(from_base32(&to_base32(&bytes)), Some(bytes));
        }
    }
}
