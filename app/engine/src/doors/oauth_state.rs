//! The `state` of a way through somebody else's sign-in page: made for one browser, for a few minutes, for one return.
//!
//! Letters and digits only, for WeChat takes no others: the second at which it was made, chance, and a keyed hash of both.

use chrono::TimeDelta;
use domain::error::Result;
use domain::work::hex;
use domain::{DateTime, Utc};

use crate::Engine;

/// How long the way there and back may take.
pub const STATE_LASTS: TimeDelta = TimeDelta::minutes(10);
/// Hexadecimal digits of each part.
const AT: usize = 16;
const CHANCE: usize = 48;
const SEAL: usize = 32;

impl Engine {
    /// A new one.
    pub fn new_state(&self) -> String {
        let chance = self.vault().entropy().bytes::<{ CHANCE / 2 }>();
        let body = format!("{:016x}{}", self.now().timestamp(), hex(&chance));
        let seal = self.state_seal(&body);
        body + &seal
    }

    /// Whether `state`, as it came back, is the one that this browser keeps, is young enough, and comes back for the first time.
    ///
    /// # Errors
    /// `internal`, `busy`
    pub async fn spend_state(&self, state: &str, kept: Option<&str>) -> Result<bool> {
        let Some(began) = self.state_began(state).filter(|_| kept.is_some_and(|kept| self.is_same(state, kept))) else {
            return Ok(false);
        };
        let (now, until) = (self.now(), began + STATE_LASTS);
        if until <= now || began > now + TimeDelta::minutes(1) {
            return Ok(false);
        }
        self.spend_once("oauth-state", state, until + STATE_LASTS).await
    }

    /// When one of ours was made.
    fn state_began(&self, state: &str) -> Option<DateTime<Utc>> {
        let (body, seal) = state.split_at_checked(AT + CHANCE)?;
        let (at, _) = body.split_at_checked(AT)?;
        if !self.is_same(&self.state_seal(body), seal) {
            return None;
        }
        DateTime::from_timestamp(i64::from_str_radix(at, 16).ok()?, 0)
    }

    fn state_seal(&self, body: &str) -> String {
        hex(&self.vault().hash("oauth-state.seal", body)[..SEAL / 2])
    }

    /// Keyed hashes are compared, so the time that it takes tells nothing.
    fn is_same(&self, one: &str, other: &str) -> bool {
        self.vault().hash("same", one) == self.vault().hash("same", other)
    }
}
