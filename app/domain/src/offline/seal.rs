//! How what a tablet takes along is sealed, so that a record opens only with the citizen's own code, and while the tablet is unlocked.
//!
//! A code has 45 random bits, which is not enough by itself: whoever has the storage of a tablet tries codes without asking anybody. So two
//! things are needed. The *day key* (32 random-looking bytes) comes with what is taken along and is wiped from the tablet when its screen is
//! locked or somebody signs out: without it there is nothing to try. And each code goes through argon2id (RFC 9106; 4 MiB, one pass), so that
//! with it, on a tablet that was taken while it was open, a try costs memory and milliseconds: 3·10¹³ codes.
//!
//! Some come without phone and paper. For them the day's list lies there once more, whole, under a key that is the signed-in nurse's: of that
//! member of staff, site and day, kept and wiped like the day key. It tells what the screen of an open tablet tells anybody who searches it.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use argon2::{Algorithm, Argon2, Params, Version};
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::code::Code;

/// Bytes of every key.
pub const KEY: usize = 32;
/// Bytes of the salt of a site's day.
pub const SALT: usize = 16;
/// Bytes that stand before what is sealed: drawn anew for each.
pub const NONCE: usize = 12;
/// What the list of a day is sealed for.
pub const FOR_ROSTER: &[u8] = b"yizhen roster 1";
/// Memory of one try, in KiB.
const MEMORY_KIB: u32 = 4096;

/// What a code is worth after the slow function: the same for all tablets of a site on a day.
pub fn stretch(code: Code, salt: &[u8; SALT]) -> Option<[u8; KEY]> {
    let params = Params::new(MEMORY_KIB, 1, 1, Some(KEY)).ok()?;
    let mut out = [0; KEY];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into(code.as_str().as_bytes(), salt, &mut out).ok()?;
    Some(out)
}

/// The name under which a record lies, and the key that opens it.
pub fn of_record(day_key: &[u8; KEY], stretched: &[u8; KEY]) -> Option<([u8; KEY], [u8; KEY])> {
    Some((derive(day_key, b"yizhen take along name", stretched)?, derive(day_key, b"yizhen take along record", stretched)?))
}

/// A key for one purpose out of another.
pub fn derive(key: &[u8; KEY], purpose: &[u8], of: &[u8]) -> Option<[u8; KEY]> {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).ok()?;
    mac.update(purpose);
    mac.update(&[0]);
    mac.update(of);
    Some(mac.finalize().into_bytes().into())
}

/// Seals `plain` for `purpose`; `nonce` must be drawn anew each time.
pub fn seal(key: &[u8; KEY], nonce: [u8; NONCE], purpose: &[u8], plain: &[u8]) -> Option<Vec<u8>> {
    let cipher = Aes256Gcm::new(&Key::<Aes256Gcm>::from(*key));
    let sealed = cipher.encrypt(&Nonce::from(nonce), Payload { msg: plain, aad: purpose }).ok()?;
    Some([nonce.as_slice(), &sealed].concat())
}

/// Opens what was sealed with the same key for the same purpose; nothing where anything of it is otherwise.
pub fn open(key: &[u8; KEY], purpose: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, sealed) = sealed.split_at_checked(NONCE)?;
    let nonce: [u8; NONCE] = nonce.try_into().ok()?;
    Aes256Gcm::new(&Key::<Aes256Gcm>::from(*key)).decrypt(&Nonce::from(nonce), Payload { msg: sealed, aad: purpose }).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(random: u64) -> Code {
        Code::from_random(random).expect("a code")
    }

    #[test]
    fn a_record_opens_with_its_own_code_and_the_days_key_and_with_nothing_else() {
        let (day, salt) = ([1; KEY], [2; SALT]);
        let keys =
            |day: &[u8; KEY], code, salt: &[u8; SALT]| of_record(day, &stretch(code, salt).expect("stretched")).expect("keys");
        let (name, key) = keys(&day, code(1234), &salt);
        let sealed = seal(&key, [3; NONCE], &name, "张秀兰 4222".as_bytes()).expect("sealed");
        assert!(!sealed.windows(4).any(|bytes| bytes == b"4222"));
        assert_eq!(open(&key, &name, &sealed).as_deref(), Some("张秀兰 4222".as_bytes()));
        for (name, (other_name, other)) in [
            ("another code", keys(&day, code(1235), &salt)),
            ("another day's key", keys(&[9; KEY], code(1234), &salt)),
            ("another salt", keys(&day, code(1234), &[9; SALT])),
        ] {
            assert_eq!(open(&other, &other_name, &sealed), None, "{name}");
        }
        assert_eq!(open(&key, b"for something else", &sealed), None);
        assert_ne!(name, key);
    }

    #[test]
    fn a_changed_or_shortened_box_does_not_open() {
        let key = [7; KEY];
        let sealed = seal(&key, [3; NONCE], b"p", b"plain").expect("sealed");
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(open(&key, b"p", &changed), None, "byte {at}");
            assert_eq!(open(&key, b"p", &sealed[..at]), None, "{at} bytes");
        }
    }
}
