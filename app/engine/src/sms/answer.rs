//! What gateways answer, in the classes that the outbox tells apart.

use std::time::Duration;

use domain::{DateTime, Utc, Uuid};
use reqwest::header::HeaderMap;
use serde::de::DeserializeOwned;

use super::secret::Secret;

/// Characters of the longest error code that is kept.
const LONGEST_CODE: usize = 64;

/// What became of handing a message over. `why` is always a [`code`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Handed {
    /// It has it.
    Taken {
        /// What it calls it: `BizId`, `SerialNo`, …; at most 64 characters.
        reference: String,
    },
    /// It has arrived at once: the demo's inbox.
    Delivered,
    /// It surely has not, and may take it later.
    NotNow {
        /// Its code, or `connect` where it could not be reached.
        why: String,
        /// How long it asks to be left alone.
        after: Option<Duration>,
        /// Whether it is the gateway (unreachable, throttled, out of balance, keys that it does not know), and not this message or its number.
        down: bool,
    },
    /// It surely has not, and would refuse it again: another gateway, or somebody who calls.
    Refused {
        /// Its code.
        why: String,
    },
    /// It may have it: the request was, or may have been, written, and no clear answer came. Ask before sending it again.
    InDoubt {
        /// Its code, or `timeout`, `broken` (the connection), `unreadable` (the answer), `http-502`.
        why: String,
    },
}

/// What a gateway says became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// It has arrived at the phone.
    Delivered,
    /// It will not arrive.
    Failed {
        /// The gateway's or the carrier's code.
        why: String,
    },
    /// The gateway has it, and does not know yet.
    OnItsWay {
        /// What it calls it, where it says so.
        reference: Option<String>,
    },
    /// The gateway knows of no such message. Right after the handing over that proves nothing: Aliyun shows a message some seconds later,
    /// and Tencent shows none before the carrier has answered. Ask again, for some minutes, before believing it.
    Unknown,
    /// It could not be asked, or what it said cannot be told apart.
    NoAnswer,
}

/// What was pushed in a gateway's name.
#[derive(Clone, Copy)]
pub struct Pushed<'a> {
    /// The request's headers.
    pub headers: &'a HeaderMap,
    /// What stood in the path after the gateway's name.
    pub token: Option<&'a str>,
    /// The body.
    pub body: &'a [u8],
    /// When it came.
    pub now: DateTime<Utc>,
}

impl Pushed<'_> {
    /// The list of reports of a gateway that signs nothing and knows a token instead.
    ///
    /// # Errors
    /// When the token is another one, or the body is no such list.
    pub(super) fn reports<T: DeserializeOwned>(&self, token: &Secret) -> Result<Vec<T>, ReceiptRefused> {
        if !token.is(self.token) {
            return Err(ReceiptRefused::NotVerified);
        }
        serde_json::from_slice(self.body).map_err(|_| ReceiptRefused::Unreadable)
    }
}

/// What a gateway pushed about one message: verified to come from it.
#[derive(Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Which message, where the gateway says our id. Tencent does so only for accounts for which `ext` was enabled: then `reference` names it.
    pub id: Option<Uuid>,
    /// What the gateway calls it.
    pub reference: Option<String>,
    /// The number, where the gateway says it: eleven digits.
    pub to: Option<String>,
    /// Whether it has arrived.
    pub delivered: bool,
    /// The gateway's or the carrier's code.
    pub why: String,
}

impl core::fmt::Debug for Receipt {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { id, reference, to: _, delivered, why } = self;
        let mut shown = f.debug_struct("Receipt");
        shown.field("id", id).field("reference", reference).field("delivered", delivered).field("why", why).finish_non_exhaustive()
    }
}

/// Why receipts are not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceiptRefused {
    /// They do not come from the gateway: a wrong token or signature, or a stale one.
    NotVerified,
    /// They come from it and cannot be read.
    Unreadable,
}

/// A gateway's word for what went wrong, fit for a table, a log line and a page: letters, digits, `.`, `_`, `-` and `:`, at most 64. What has
/// anything else in it is not a code but a sentence, and may hold a number: it becomes `other`.
pub fn code(said: &str) -> String {
    let said = said.trim();
    let plain = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '.' | '_' | '-' | ':');
    // a phone number is no code, whatever it is sent as
    let number = said.split(|sign: char| !sign.is_ascii_digit()).any(|digits| digits.len() >= 11);
    if said.is_empty() || number || !said.chars().all(plain) {
        return "other".to_owned();
    }
    said.chars().take(LONGEST_CODE).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_kept_and_a_sentence_or_a_number_is_not() {
        let long = "x".repeat(100);
        for (said, kept) in [
            ("isv.BUSINESS_LIMIT_CONTROL", "isv.BUSINESS_LIMIT_CONTROL"),
            (" DELIVRD ", "DELIVRD"),
            ("MK:0008", "MK:0008"),
            ("", "other"),
            ("触发小时级流控", "other"),
            ("no such number 13800138000", "other"),
            ("13800138000", "other"),
            ("to-13800138000", "other"),
            ("+8613800138000", "other"),
            ("<script>", "other"),
            (&long, &long[..64]),
        ] {
            assert_eq!(code(said), kept, "{said}");
        }
    }
}
