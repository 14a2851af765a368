//! Members of staff, as the pages see them, and what they send to sign in.

use core::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::access::{Role, Standing};

/// The member of staff who is signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffMember {
    /// What they sign in with.
    pub username: String,
    /// What others see beside what they did.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// The site that this session is bound to; nothing for the office, and for those who have not chosen yet.
    pub site_id: Option<Uuid>,
    /// The name of that site.
    pub site_name: Option<String>,
    /// Where they work: with more than one, a session is bound to one of them by `staff/choose_site`.
    #[serde(default)]
    pub sites: Vec<StaffSite>,
    /// What this session is good for.
    #[serde(default = "full")]
    pub standing: Standing,
    /// Whether they sign in with a second factor.
    #[serde(default)]
    pub second_factor: bool,
    /// Whether a PIN opens their locked screen.
    #[serde(default)]
    pub pin: bool,
    /// Seconds without use after which the screen locks; nothing: never.
    #[serde(default)]
    pub lock_after_s: Option<u32>,
}

fn full() -> Standing {
    Standing::Full
}

/// A site where a member of staff works.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffSite {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// The same in English.
    pub name_en: String,
}

/// Replies that hold the member of staff.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OneStaffMember {
    /// Them.
    pub staff: StaffMember,
}

/// `staff/sign_in`.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffSignIn {
    /// The user name, in any case.
    pub username: String,
    /// The password.
    pub password: String,
    /// Six digits of the second factor, or a recovery code; needed once it is on.
    #[serde(default)]
    pub otp: Option<String>,
    /// Where they work today; needed only with more than one site.
    #[serde(default)]
    pub site_id: Option<Uuid>,
}

/// Secrets are not shown.
impl fmt::Debug for StaffSignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StaffSignIn").field("username", &self.username).field("site_id", &self.site_id).finish_non_exhaustive()
    }
}

impl StaffSignIn {
    /// By password alone.
    pub fn new(username: &str, password: &str) -> Self {
        Self { username: username.to_owned(), password: password.to_owned(), otp: None, site_id: None }
    }
}

/// `staff/second_factor/begin`: what the authenticator app takes. It counts for nothing until it is confirmed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecondFactorBegun {
    /// `otpauth://…`, for the QR.
    pub uri: String,
    /// The same secret to type, in base32.
    pub secret: String,
}

/// Secrets are not shown.
impl fmt::Debug for SecondFactorBegun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecondFactorBegun").finish_non_exhaustive()
    }
}

/// `staff/second_factor/confirm`: to be printed. They are told once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoveryCodes {
    /// Ten codes, each good once in place of the six digits.
    pub recovery_codes: Vec<String>,
}

/// Secrets are not shown.
impl fmt::Debug for RecoveryCodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecoveryCodes").finish_non_exhaustive()
    }
}
