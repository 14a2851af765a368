//! Asking a device for work before it is sent a code: while codes are asked for much more often than in calm, from it, from its address, or
//! from everywhere.

use std::sync::atomic::{AtomicI64, Ordering};

use domain::allowance::Allowance;
use domain::error::{Error, Result};
use domain::reason::Reason;
use domain::work::{CHANCE, Challenge, LASTS, Parameters, Work};
use domain::{DateTime, Utc};
use sea_orm::ConnectionTrait;
use subtle::ConstantTimeEq;

use crate::Engine;
use crate::tallies::Tally;

/// Seconds that somebody is asked to wait who does not work: the time that the work takes, about.
const RETRY_AFTER_S: u32 = 1;

/// When work is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskForWork {
    /// When a device or an address has used up half of its codes, or the service sends more than its calm number a minute.
    WhenWarm,
    /// Before every code.
    Always,
    /// Never.
    Never,
}

/// How many codes this process sends: a bucket that empties evenly, known by when it will be empty.
#[derive(Default)]
pub(crate) struct Warmth {
    empty_ms: AtomicI64,
}

impl Warmth {
    fn count(&self, calm: Allowance, now: DateTime<Utc>) {
        let now_ms = now.timestamp_millis();
        // never further than twice its time: after a flood it is calm again within a span of it
        let most = now_ms + 2 * calm.span.num_milliseconds();
        let one_more = |empty_ms: i64| Some((empty_ms.max(now_ms) + calm.each_ms()).min(most));
        let _ = self.empty_ms.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more);
    }

    fn is_warm(&self, calm: Allowance, now: DateTime<Utc>) -> bool {
        self.empty_ms.load(Ordering::Relaxed) > calm.room_ms(now)
    }
}

impl Engine {
    /// Whether work has to be done for one more code.
    pub(crate) async fn asks_for_work(&self, tallies: &[Tally]) -> Result<bool> {
        let limits = self.limits();
        if !limits.enabled {
            return Ok(false);
        }
        Ok(match limits.ask_for_work {
            AskForWork::Never => false,
            AskForWork::Always => true,
            AskForWork::WhenWarm => self.warmth().is_warm(self.calm(), self.now()) || self.half_full(tallies).await?,
        })
    }

    /// Notes that a code was sent.
    pub(crate) fn note_code_sent(&self) {
        self.warmth().count(self.calm(), self.now());
    }

    fn calm(&self) -> Allowance {
        Allowance { most: self.limits().codes_in_calm, span: chrono::TimeDelta::minutes(1) }
    }

    /// Whether the work that is asked for was done.
    ///
    /// # Errors
    /// `too_many` with something to work out, where nothing was done, or something else, or too long ago.
    pub(crate) fn check_work(&self, work: Option<&Work>) -> Result<()> {
        if work.is_some_and(|work| self.is_done(work)) { Ok(()) } else { Err(self.challenge()) }
    }

    /// Uses up work that was done: it is good for one code.
    ///
    /// # Errors
    /// `too_many` with something else to work out, where it was used before.
    pub(crate) async fn spend_work(&self, tx: &impl ConnectionTrait, work: &Work) -> Result<()> {
        let Challenge { parameters, signature } = &work.challenge;
        // remembered a little longer than it is taken
        let until = DateTime::from_timestamp(parameters.expires_at, 0).ok_or_else(Error::internal)? + LASTS;
        if self.spend(tx, "work", signature, until).await? { Ok(()) } else { Err(self.challenge()) }
    }

    /// A refusal with something to work out.
    fn challenge(&self) -> Error {
        let entropy = self.vault().entropy();
        let [salt, nonce]: [[u8; CHANCE]; 2] = [entropy.bytes(), entropy.bytes()];
        let drawn = u32::from_be_bytes(entropy.bytes());
        let parameters = Parameters::set(salt, nonce, drawn, self.now(), |key| self.sign("work.key", key));
        let signature = self.sign("work.task", &text(&parameters));
        Error::later(Reason::Work { challenge: Box::new(Challenge { parameters, signature }) }, RETRY_AFTER_S)
    }

    /// Whether the task is one of ours, still open, and this its solution.
    fn is_done(&self, work: &Work) -> bool {
        let Work { challenge: Challenge { parameters, signature }, solution } = work;
        let ours = same(signature, &self.sign("work.task", &text(parameters)));
        let solved = same(&parameters.key_signature, &self.sign("work.key", &solution.derived_key));
        let (now, until) = (self.now().timestamp(), parameters.expires_at);
        ours && solved && (until - LASTS.num_seconds()..=until).contains(&now)
    }

    fn sign(&self, what: &str, text: &str) -> String {
        domain::work::hex(&self.vault().hash(what, text))
    }
}

/// What is signed.
fn text(parameters: &Parameters) -> String {
    serde_json::to_string(parameters).expect("numbers and texts serialise")
}

fn same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_warm_past_the_calm_number_a_minute_and_calm_again_after_one() {
        let calm = Allowance { most: 10, span: chrono::TimeDelta::minutes(1) };
        let noon: DateTime<Utc> = "2026-03-02T12:00:00Z".parse().expect("an instant");
        let warmth = Warmth::default();
        for sent in 0..10 {
            assert!(!warmth.is_warm(calm, noon), "{sent}");
            warmth.count(calm, noon);
        }
        assert!(warmth.is_warm(calm, noon));
        assert!(!warmth.is_warm(calm, noon + chrono::TimeDelta::seconds(6)), "one has run out");
        for _ in 0..1000 {
            warmth.count(calm, noon);
        }
        assert!(warmth.is_warm(calm, noon + chrono::TimeDelta::seconds(60)));
        assert!(
            !warmth.is_warm(calm, noon + chrono::TimeDelta::seconds(66)),
            "a flood is not held against those who come after it"
        );
    }
}
