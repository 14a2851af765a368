//! Bodies with slips and lies in them, sent to every call as those who may do the most: each is answered as the contract says, by a refusal
//! with a code or by an answer, and the service goes on.
//!
//! `NOISE=1000000 cargo test --release -p server --test it noise` sends a million; a run of the tests sends some hundreds.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::table::{CALLERS, TABLE};
use super::world::World;

/// Signs and texts that slip in, or are put in.
const LIES: &[&str] = &[
    "\0",
    "\u{202e}",
    "😀",
    "𠮷",
    "\u{f0000}",
    "'; DROP TABLE people; --",
    "<script>alert(1)</script>",
    "../../etc/passwd",
    "%00",
    "{{7*7}}",
    "${x}",
    "９",
    "-1",
    "1e400",
    "NaN",
    "\u{feff}",
    "\u{301}\u{301}\u{301}",
    "null",
    "true",
    "[]",
    "{}",
    "0",
    "2026-02-30",
    "9999-12-31",
    "0001-01-01",
    "00000000-0000-0000-0000-000000000000",
    "11010519491231002X",
    "13800138000",
];

/// Chance that can be had again (SplitMix64).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end.max(1)).expect("small")).expect("small")
    }

    fn lie(&mut self) -> &'static str {
        LIES[self.below(LIES.len())]
    }

    /// A value that is not what is asked for.
    fn value(&mut self, depth: u32) -> Value {
        match self.below(12) {
            0 => Value::Null,
            1 => json!(self.next().is_multiple_of(2)),
            2 => json!(self.next()),
            3 => json!(-1_i64),
            4 => json!(1e300),
            5 => json!(self.lie().repeat(1 + self.below(2000))),
            6 if depth > 0 => json!([self.value(depth - 1), self.value(depth - 1)]),
            7 if depth > 0 => json!({ self.lie(): self.value(depth - 1), "id": self.value(depth - 1) }),
            _ => json!(self.lie()),
        }
    }

    /// The body with something in it that does not belong there.
    fn spoil(&mut self, value: &mut Value) {
        match value {
            Value::Object(fields) if !fields.is_empty() && self.below(8) > 0 => {
                let name = fields.keys().nth(self.below(fields.len())).cloned().expect("a field");
                match self.below(8) {
                    0 => drop(fields.remove(&name)),
                    1 => drop(fields.insert(self.lie().to_owned(), json!(self.lie()))),
                    _ => self.spoil(&mut fields[&name]),
                }
            }
            Value::String(text) if self.below(2) > 0 => {
                let signs = text.chars().count();
                let at = self.below(signs + 1);
                let lie = self.lie();
                *text = text.chars().take(at).chain(lie.chars()).chain(text.chars().skip(at + self.below(3))).collect();
            }
            other => *other = self.value(3),
        }
    }

    /// Text that may be JSON no longer.
    fn tear(&mut self, text: &str) -> Vec<u8> {
        let mut bytes = text.as_bytes().to_vec();
        for _ in 0..=self.below(3) {
            let at = self.below(bytes.len());
            match self.below(5) {
                0 => bytes.truncate(at),
                1 => bytes.insert(at, u8::try_from(self.below(256)).expect("a byte")),
                2 => bytes.extend_from_within(at..),
                3 => drop(bytes.splice(at..at, b"[{\"\\u".repeat(1 + self.below(40)))),
                _ => bytes[at] ^= 1 << self.below(8),
            }
            if bytes.is_empty() {
                break;
            }
        }
        bytes
    }
}

#[tokio::test]
async fn whatever_body_is_sent_is_answered_as_the_contract_says() {
    let cases: u32 = std::env::var("NOISE").ok().and_then(|cases| cases.parse().ok()).unwrap_or(600);
    let seed = std::env::var("NOISE_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(u64::from(std::process::id()));
    println!("NOISE_SEED={seed}");
    let mut chance = Chance(seed);
    let mut world = World::new().await;
    let lines: Vec<_> = TABLE.iter().filter(|line| !line.name.contains(' ')).collect();
    let (mut read, mut refused) = (0_u32, 0_u32);
    for case in 0..cases {
        let line = lines[chance.below(lines.len())];
        // a password that is tried takes a core for a while
        if line.name == "staff/sign_in" && chance.below(20) > 0 {
            continue;
        }
        let caller = ["nobody", "citizen", "manager", "office"][chance.below(4)];
        let caller = CALLERS.iter().position(|name| *name == caller).expect("a caller");
        let given = world.given(line.about, chance.below(3)).await;
        let mut body = (line.body)(&given);
        for _ in 0..=chance.below(3) {
            chance.spoil(&mut body);
        }
        let text = body.to_string();
        let bytes = if chance.below(3) == 0 { chance.tear(&text) } else { text.into_bytes() };
        let path = format!("/api/{}", line.name);
        let asked =
            world.caller(caller).request(Method::POST, &path).header("content-type", "application/json").body(bytes.clone());
        let answer = asked
            .send()
            .await
            .unwrap_or_else(|error| panic!("case {case}: {path}: {error}: {:?}", String::from_utf8_lossy(&bytes)));
        let status = answer.status();
        let said: Value = answer.json().await.unwrap_or_else(|error| panic!("case {case}: {path}: no JSON: {error}"));
        let told = || format!("case {case}: {path}: {status} {said} for {:?}", String::from_utf8_lossy(&bytes));
        if status == StatusCode::OK {
            read += 1;
            world.spent(line.about, caller).await;
            continue;
        }
        refused += 1;
        let code: domain::error::ErrorCode =
            said["code"].as_str().and_then(|code| code.parse().ok()).unwrap_or_else(|| panic!("{}", told()));
        assert!(
            status.is_client_error() && (status.as_u16() == code.status() || status == StatusCode::PAYLOAD_TOO_LARGE),
            "{}",
            told()
        );
        assert!(said["message"].as_str().is_some_and(|message| !message.is_empty()), "{}", told());
    }
    println!("{refused} refused, {read} answered");
    assert!(refused > cases / 3, "too few were refused to prove anything: {refused} of {cases}");
    let whole = world.caller(0).get("/readyz").send().await.expect("an answer").status();
    assert_eq!(whole, StatusCode::OK, "and the ledger balances");
}
