//! Randomness: codes, tokens, nonces and ids all come from here.

use domain::code::Code;
use domain::{DateTime, Utc, Uuid};

/// A source of randomness. Everything that must not be guessed depends on it being the system's.
pub trait Entropy: Send + Sync {
    /// Fills `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

/// The operating system's source.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(clippy::disallowed_methods, reason = "this is the one room that draws randomness")]
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the operating system gives randomness");
    }
}

impl dyn Entropy + '_ {
    /// `N` random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// A new id, ordered by time (UUID version 7).
    pub fn id(&self, now: DateTime<Utc>) -> Uuid {
        let millis = u64::try_from(now.timestamp_millis()).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &self.bytes()).into_uuid()
    }

    /// The first id that could be drawn at an instant: those drawn before come before it.
    pub fn first_id(at: DateTime<Utc>) -> Uuid {
        let millis = u64::try_from(at.timestamp_millis()).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid()
    }

    /// A new booking code.
    pub fn code(&self) -> Code {
        loop {
            if let Some(code) = Code::from_random(u64::from_be_bytes(self.bytes())) {
                return code;
            }
        }
    }

    /// Six digits, each as likely as any other.
    pub fn six_digits(&self) -> String {
        loop {
            let drawn = u32::from_be_bytes(self.bytes());
            // the last, incomplete million would make small numbers likelier
            if drawn < u32::MAX / 1_000_000 * 1_000_000 {
                return format!("{:06}", drawn % 1_000_000);
            }
        }
    }

    /// A token that nobody guesses: 256 bits in URL-safe base64.
    pub fn token(&self) -> String {
        use base64::Engine as _;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(self.bytes::<32>())
    }
}
