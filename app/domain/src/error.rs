//! The one list of error codes, and the one shape in which anything is refused.
//!
//! When to use what: `invalid` for a value that the caller can mend (always with its field); `ineligible` for a rule of
//! medicine or age; the 409 family for a state of the world that changed under the caller; `busy` and `too_many` for
//! "later". `internal` tells nothing outside; the log has the request's id.

use serde::{Deserialize, Serialize};

use crate::lang::Lang;
use crate::reason::Reason;
use crate::words::words;

words! {
    /// What kind of refusal this is; decides the HTTP status.
    ErrorCode {
        /// A value is wrong: 400.
        Invalid = "invalid",
        /// Nobody is signed in: 401.
        SignInRequired = "sign_in_required",
        /// Signed in, but not allowed: 403.
        Forbidden = "forbidden",
        /// Not there, or not the caller's: 404.
        NotFound = "not_found",
        /// The last place went to another: 409.
        SlotFull = "slot_full",
        /// This person already has this dose booked or given: 409.
        AlreadyBooked = "already_booked",
        /// The thing is no longer in a state that allows this: 409.
        WrongState = "wrong_state",
        /// The jab was already recorded: 409.
        AlreadyRedeemed = "already_redeemed",
        /// A rule of age, interval or health says no: 422.
        Ineligible = "ineligible",
        /// Too often: 429.
        TooMany = "too_many",
        /// Full queue or stopping: 503.
        Busy = "busy",
        /// Our fault: 500.
        Internal = "internal",
    }
}

impl ErrorCode {
    /// The HTTP status of this code.
    pub const fn status(self) -> u16 {
        match self {
            Self::Invalid => 400,
            Self::SignInRequired => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::SlotFull | Self::AlreadyBooked | Self::WrongState | Self::AlreadyRedeemed => 409,
            Self::Ineligible => 422,
            Self::TooMany => 429,
            Self::Busy => 503,
            Self::Internal => 500,
        }
    }
}

/// A refusal: on the wire `{"code", "message", "field", "reason"?, "retry_after_s"?}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Error {
    /// What kind of refusal.
    pub code: ErrorCode,
    /// The words for it in Chinese, for callers without words of their own. Never holds personal data.
    pub message: String,
    /// The field that is wrong, as a path within the request (`document.number`).
    pub field: Option<String>,
    /// Which rule said no; the pages word it in the reader's language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Seconds until another try makes sense; also sent as `Retry-After`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u32>,
}

/// The result of anything that can be refused.
pub type Result<T> = core::result::Result<T, Error>;

impl Error {
    /// A refusal for a reason; its code and its words follow from the reason.
    pub fn new(reason: Reason) -> Self {
        Self { code: reason.code(), message: reason.text(Lang::Zh), field: None, retry_after_s: None, reason: Some(reason) }
    }

    /// A refusal because of one field.
    pub fn field(field: &str, reason: Reason) -> Self {
        Self { field: Some(field.to_owned()), ..Self::new(reason) }
    }

    /// A refusal that passes with time.
    pub fn later(reason: Reason, retry_after_s: u32) -> Self {
        Self { retry_after_s: Some(retry_after_s), ..Self::new(reason) }
    }

    /// Our fault. What happened belongs in the log, not here.
    pub fn internal() -> Self {
        Self::new(Reason::Internal)
    }

    /// The same refusal with `prefix.` before its field.
    #[must_use]
    pub fn within(mut self, prefix: &str) -> Self {
        self.field = self.field.map(|field| format!("{prefix}.{field}"));
        self
    }

    /// The words in the reader's language.
    pub fn text(&self, lang: Lang) -> String {
        match &self.reason {
            Some(reason) => reason.text(lang),
            None => self.message.clone(),
        }
    }
}

impl core::fmt::Display for Error {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}", self.code)?;
        if let Some(field) = &self.field {
            write!(f, " ({field})")?;
        }
        Ok(())
    }
}

impl core::error::Error for Error {}
