//! Work that a device does before it is sent a message, while very many are asked for: little for one phone, much for a machine that asks
//! for thousands.
//!
//! Source: the ALTCHA proof-of-work protocol, version 2, algorithm `SHA-256`: find the counter whose key begins as asked, where the key is
//! SHA-256 over salt, nonce and counter (4 bytes, big-endian), hashed `cost` times in all. The service draws the counter itself, so the work
//! has a known end; it knows a solution by its signature alone. Any solver of that protocol can do it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The one algorithm that is asked for.
pub const ALGORITHM: &str = "SHA-256";
/// How often each try is hashed. One try is then a fraction of a millisecond on an old phone, so that a page can go on meanwhile.
pub const COST: u32 = 256;
/// The first counter that may be the one.
pub const FEWEST_TRIES: u32 = 640;
/// The last one.
pub const MOST_TRIES: u32 = 1280;
/// For how long a challenge can be answered.
pub const LASTS: chrono::TimeDelta = chrono::TimeDelta::minutes(5);
/// Bytes of a nonce, and of a salt.
pub const CHANCE: usize = 16;
/// Bytes of the key that has to be found.
const KEY: u32 = 32;
/// Bytes of it that are told beforehand.
const TOLD: usize = KEY as usize / 2;

/// What is to be worked out. On the wire as the protocol has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge {
    /// The task.
    pub parameters: Parameters,
    /// Who set it; checked by nobody but the service.
    pub signature: String,
}

/// The task. Its fields stand in alphabetical order: as JSON it is the text that is signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Parameters {
    /// [`ALGORITHM`].
    pub algorithm: String,
    /// How often each try is hashed.
    pub cost: u32,
    /// Until when it can be answered, in seconds since 1970.
    pub expires_at: i64,
    /// Bytes of the key.
    pub key_length: u32,
    /// How the key begins, in hex.
    pub key_prefix: String,
    /// The service's mark of the key.
    pub key_signature: String,
    /// What is hashed with the counter, in hex.
    pub nonce: String,
    /// The same, first.
    pub salt: String,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Solution {
    /// The counter.
    pub counter: u32,
    /// Its key, in hex.
    pub derived_key: String,
}

/// A challenge with its solution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// As it was given.
    pub challenge: Challenge,
    /// What was found.
    pub solution: Solution,
}

impl Parameters {
    /// A task out of chance: its salt and nonce, and the counter that solves it, drawn from [`FEWEST_TRIES`]`..=`[`MOST_TRIES`] by
    /// `drawn`. `sign` marks the key.
    pub fn set(salt: [u8; CHANCE], nonce: [u8; CHANCE], drawn: u32, now: DateTime<Utc>, sign: impl FnOnce(&str) -> String) -> Self {
        let counter = FEWEST_TRIES + drawn % (MOST_TRIES - FEWEST_TRIES + 1);
        let key = hex(&key(&salt, &nonce, counter, COST));
        Self {
            algorithm: ALGORITHM.to_owned(),
            cost: COST,
            expires_at: (now + LASTS).timestamp(),
            key_length: KEY,
            key_prefix: key[..TOLD * 2].to_owned(),
            key_signature: sign(&key),
            nonce: hex(&nonce),
            salt: hex(&salt),
        }
    }
}

/// A search for the solution, a few tries at a time, so that the page stays alive.
#[derive(Clone, Debug)]
pub struct Search {
    salt: Vec<u8>,
    nonce: Vec<u8>,
    prefix: Vec<u8>,
    cost: u32,
    next: u32,
}

/// What came of a few tries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// The solution.
    Solution(Solution),
    /// Nothing yet.
    NotYet,
    /// Nothing, and there will be nothing.
    Nothing,
}

impl Search {
    /// A search; nothing where the task is of a kind that is not known, or too much to ask.
    pub fn new(task: &Parameters) -> Option<Self> {
        let known = task.algorithm == ALGORITHM && (1..=COST * 16).contains(&task.cost) && task.key_length == KEY;
        let prefix = unhex(&task.key_prefix).filter(|prefix| !prefix.is_empty());
        known.then_some(())?;
        Some(Self { salt: unhex(&task.salt)?, nonce: unhex(&task.nonce)?, prefix: prefix?, cost: task.cost, next: 0 })
    }

    /// Tries the next `tries` counters.
    pub fn go_on(&mut self, tries: u32) -> Found {
        // sixteen times what the service asks for: a newer one may ask for more
        let end = self.next.saturating_add(tries).min(MOST_TRIES * 16);
        for counter in self.next..end {
            let key = key(&self.salt, &self.nonce, counter, self.cost);
            if key.starts_with(&self.prefix) {
                return Found::Solution(Solution { counter, derived_key: hex(&key) });
            }
        }
        let nothing_left = end <= self.next;
        self.next = end;
        if nothing_left { Found::Nothing } else { Found::NotYet }
    }
}

fn key(salt: &[u8], nonce: &[u8], counter: u32, cost: u32) -> [u8; 32] {
    let first = Sha256::new().chain_update(salt).chain_update(nonce).chain_update(counter.to_be_bytes()).finalize();
    (1..cost).fold(first, |before, _| Sha256::digest(before)).into()
}

/// As lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Bytes out of hex of either case; nothing where it is none, or longer than any of ours.
fn unhex(text: &str) -> Option<Vec<u8>> {
    let signs = text.as_bytes();
    if !signs.len().is_multiple_of(2) || signs.len() > 128 {
        return None;
    }
    let digit = |sign: u8| char::from(sign).to_digit(16);
    signs.chunks(2).map(|pair| u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noon() -> DateTime<Utc> {
        "2026-03-02T12:00:00Z".parse().expect("an instant")
    }

    fn task(drawn: u32) -> Parameters {
        Parameters::set([7; CHANCE], [9; CHANCE], drawn, noon(), |key| format!("signed {key}"))
    }

    #[test]
    fn a_search_finds_the_drawn_counter_however_it_is_cut() {
        let span = MOST_TRIES - FEWEST_TRIES + 1;
        for (drawn, counter) in
            [(0, FEWEST_TRIES), (span - 1, MOST_TRIES), (span, FEWEST_TRIES), (u32::MAX, FEWEST_TRIES + u32::MAX % span)]
        {
            let task = task(drawn);
            for tries in [1, 7, 1000] {
                let mut search = Search::new(&task).expect("a known kind");
                let found = loop {
                    match search.go_on(tries) {
                        Found::NotYet => {}
                        other => break other,
                    }
                };
                let Found::Solution(solution) = found else { panic!("nothing found") };
                assert_eq!(solution.counter, counter);
                assert_eq!(task.key_signature, format!("signed {}", solution.derived_key));
            }
        }
    }

    #[test]
    fn a_search_ends_where_there_is_nothing() {
        let mut search = Search::new(&Parameters { key_prefix: "ff".repeat(16), cost: 1, ..task(0) }).expect("a known kind");
        assert_eq!(search.go_on(u32::MAX), Found::NotYet);
        assert_eq!(search.go_on(1), Found::Nothing);
    }

    #[test]
    fn what_is_of_another_kind_or_too_much_is_not_begun() {
        let good = task(0);
        assert!(Search::new(&good).is_some());
        for bad in [
            Parameters { algorithm: "ARGON2ID".into(), ..good.clone() },
            Parameters { cost: 0, ..good.clone() },
            Parameters { cost: u32::MAX, ..good.clone() },
            Parameters { key_length: 16, ..good.clone() },
            Parameters { key_prefix: String::new(), ..good.clone() },
            Parameters { key_prefix: "0".into(), ..good.clone() },
            Parameters { nonce: "张".into(), ..good.clone() },
            Parameters { salt: "00".repeat(65), ..good.clone() },
        ] {
            assert!(Search::new(&bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn it_looks_as_the_protocol_has_it() {
        let json = serde_json::to_string(&task(3)).expect("JSON");
        let names: Vec<usize> = ["algorithm", "cost", "expiresAt", "keyLength", "keyPrefix", "keySignature", "nonce", "salt"]
            .iter()
            .map(|name| json.find(&format!("\"{name}\":")).expect("the field"))
            .collect();
        assert!(names.is_sorted(), "{json}");
    }

    #[cfg(not(target_arch = "wasm32"))]
    #[test]
    fn the_protocols_own_library_solves_it_and_finds_the_same() {
        let task = task(17);
        let challenge: altcha::Challenge =
            serde_json::from_value(serde_json::json!({ "parameters": task, "signature": "00" })).expect("its challenge");
        let theirs = altcha::solve_challenge(altcha::SolveChallengeOptions::new(&challenge)).expect("known").expect("solved");
        let Found::Solution(ours) = Search::new(&task).expect("a known kind").go_on(MOST_TRIES + 1) else {
            panic!("nothing found")
        };
        assert_eq!((theirs.counter, theirs.derived_key), (ours.counter, ours.derived_key));
    }
}
