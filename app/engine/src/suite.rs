//! Suites: which cipher seals and which hash finds again. A sealed value's first byte is its suite's number, and a key belongs to one
//! suite, so that no value is ever opened by another cipher than the one that sealed it.
//!
//! Another suite is another variant here, with a number that was never used, a name that stands before its keys in the key file, and known
//! answers from its standard among the tests below.

use aes_gcm::aead::consts::U12;
use aes_gcm::aead::{Aead, Nonce, Payload};
use aes_gcm::{Aes256Gcm, AesGcm, KeyInit};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use sm3::Sm3;
use sm4::Sm4;
use zeroize::Zeroizing;

/// The mode is the same for every cipher with blocks of 128 bits.
type Sm4Gcm = AesGcm<Sm4, U12>;

/// Bytes of a nonce, of every suite.
pub(crate) const NONCE: usize = 12;
/// Bytes of a key of the keyed hashes, of every suite.
pub(crate) const INDEX_KEY: usize = 32;

/// A cipher and a keyed hash that go together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Suite {
    /// AES-256-GCM (NIST SP 800-38D) and HMAC-SHA-256 (RFC 2104).
    #[default]
    Aes,
    /// SM4-GCM (GB/T 32907-2016, RFC 8998) and HMAC-SM3 (GB/T 32905-2016): what commercial cryptography in China is to be.
    Sm,
}

impl Suite {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Aes, Self::Sm];

    /// Its number: the first byte of what it seals.
    pub(crate) fn format(self) -> u8 {
        match self {
            Self::Aes => 1,
            Self::Sm => 2,
        }
    }

    /// Its name in settings and in the key file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Aes => "aes",
            Self::Sm => "sm",
        }
    }

    /// The suite of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|suite| suite.name() == name)
    }

    /// What it seals with, for people.
    pub fn cipher(self) -> &'static str {
        match self {
            Self::Aes => "AES-256-GCM",
            Self::Sm => "SM4-GCM",
        }
    }

    /// Bytes of a key that seals.
    pub(crate) fn key_length(self) -> usize {
        match self {
            Self::Aes => 32,
            Self::Sm => 16,
        }
    }

    /// The ciphertext and its tag. `None` when the cipher refuses, which it does only for gigabytes and for keys of another length.
    pub(crate) fn seal(self, key: &[u8], nonce: [u8; NONCE], plain: &[u8], aad: &[u8]) -> Option<Vec<u8>> {
        let payload = Payload { msg: plain, aad };
        match self {
            Self::Aes => seal::<Aes256Gcm>(key, nonce, payload),
            Self::Sm => seal::<Sm4Gcm>(key, nonce, payload),
        }
    }

    /// What [`Suite::seal`] sealed. `None` when anything was changed.
    pub(crate) fn open(self, key: &[u8], nonce: [u8; NONCE], body: &[u8], aad: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let payload = Payload { msg: body, aad };
        match self {
            Self::Aes => open::<Aes256Gcm>(key, nonce, payload),
            Self::Sm => open::<Sm4Gcm>(key, nonce, payload),
        }
    }

    /// The keyed hash of these parts, one after the other.
    pub(crate) fn mac(self, key: &[u8; INDEX_KEY], parts: &[&[u8]]) -> Vec<u8> {
        match self {
            Self::Aes => mac::<Hmac<Sha256>>(key, parts),
            Self::Sm => mac::<Hmac<Sm3>>(key, parts),
        }
    }
}

fn seal<C: Aead<NonceSize = U12> + KeyInit>(key: &[u8], nonce: [u8; NONCE], payload: Payload) -> Option<Vec<u8>> {
    C::new_from_slice(key).ok()?.encrypt(&Nonce::<C>::from(nonce), payload).ok()
}

fn open<C: Aead<NonceSize = U12> + KeyInit>(key: &[u8], nonce: [u8; NONCE], payload: Payload) -> Option<Zeroizing<Vec<u8>>> {
    C::new_from_slice(key).ok()?.decrypt(&Nonce::<C>::from(nonce), payload).ok().map(Zeroizing::new)
}

fn mac<M: Mac + KeyInit>(key: &[u8; INDEX_KEY], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = <M as KeyInit>::new_from_slice(key).expect("HMAC takes keys of any length");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.chars().filter_map(|sign| sign.to_digit(16)).map(|digit| digit as u8).collect();
        digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
    }

    #[test]
    fn what_aes_seals_is_what_the_standard_says() {
        // test case 16 of McGrew and Viega's specification of GCM, which NIST SP 800-38D stands on
        let key = hex("feffe9928665731c6d6a8f9467308308 feffe9928665731c6d6a8f9467308308");
        let nonce = hex("cafebabefacedbaddecaf888").try_into().expect("12 bytes");
        let aad = hex("feedfacedeadbeeffeedfacedeadbeef abaddad2");
        let plain = hex("d9313225f88406e5a55909c5aff5269a 86a7a9531534f7da2e4c303d8a318a72
                         1c3c0c95956809532fcf0e2449a6b525 b16aedf5aa0de657ba637b39");
        let body = hex("522dc1f099567d07f47f37a32a84427d 643a8cdcbfe5c0c97598a2bd2555d1aa
                        8cb08e48590dbb3da7b08b1056828838 c5f61e6393ba7a0abcc9f662 76fc6ece0f4e1768cddf8853bb2d551b");
        assert_eq!(Suite::Aes.seal(&key, nonce, &plain, &aad).as_ref(), Some(&body));
        assert_eq!(Suite::Aes.open(&key, nonce, &body, &aad).expect("opens").as_slice(), plain);
    }

    #[test]
    fn what_sm4_seals_is_what_the_standard_says() {
        // RFC 8998, A.1
        let key = hex("0123456789ABCDEFFEDCBA9876543210");
        let nonce = hex("00001234567800000000ABCD").try_into().expect("12 bytes");
        let aad = hex("FEEDFACEDEADBEEFFEEDFACEDEADBEEFABADDAD2");
        let plain = hex("AAAAAAAAAAAAAAAABBBBBBBBBBBBBBBBCCCCCCCCCCCCCCCCDDDDDDDDDDDDDDDD
                         EEEEEEEEEEEEEEEEFFFFFFFFFFFFFFFFEEEEEEEEEEEEEEEEAAAAAAAAAAAAAAAA");
        let body = hex("17F399F08C67D5EE19D0DC9969C4BB7D5FD46FD3756489069157B282BB200735
                        D82710CA5C22F0CCFA7CBF93D496AC15A56834CBCF98C397B4024A2691233B8D 83DE3541E4C2B58177E065A9BF7B62EC");
        assert_eq!(Suite::Sm.seal(&key, nonce, &plain, &aad).as_ref(), Some(&body));
        assert_eq!(Suite::Sm.open(&key, nonce, &body, &aad).expect("opens").as_slice(), plain);
    }

    #[test]
    fn keyed_hashes_are_what_the_standards_say() {
        let counted: [u8; 32] = core::array::from_fn(|at| at as u8 + 1);
        let long =
            b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopqabcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
        for (suite, key, text, expected) in [
            // GM/T 0042-2015, D.3
            (Suite::Sm, counted, &long[..], "ca05e144ed05d1857840d1f318a4a8669e559fc8391f414485bfdf7bb408963a"),
            (Suite::Sm, [0x0b; 32], b"Hi There", "c0ba18c68b90c88bc07de794bfc7d2c8d19ec31ed8773bc2b390c9604e0be11e"),
        ] {
            assert_eq!(suite.mac(&key, &[text]), hex(expected));
            let (first, rest) = text.split_at(3);
            assert_eq!(suite.mac(&key, &[first, rest]), hex(expected), "in parts");
        }
        // RFC 4231, test case 1: its key has 20 bytes, and HMAC fills every key up with zeros
        let mut key = [0; 32];
        key[..20].fill(0x0b);
        let expected = "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7";
        assert_eq!(Suite::Aes.mac(&key, &[b"Hi There"]), hex(expected));
    }

    #[test]
    fn no_suite_opens_what_another_has_sealed_and_no_two_have_a_number_or_a_name_in_common() {
        let (nonce, key) = ([7; NONCE], [9; 32]);
        for one in Suite::ALL {
            assert_eq!(Suite::named(one.name()), Some(one));
            let sealed = one.seal(&key[..one.key_length()], nonce, b"plain", b"row").expect("sealed");
            for other in Suite::ALL.into_iter().filter(|other| *other != one) {
                assert!(other.open(&key[..other.key_length()], nonce, &sealed, b"row").is_none());
                assert!(other.format() != one.format() && other.name() != one.name());
            }
            assert!(one.seal(&key[..one.key_length() - 1], nonce, b"plain", b"row").is_none(), "a key of another length");
        }
    }
}
