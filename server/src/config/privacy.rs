//! Settings: what is asked for and kept of people.

use clap::{Args, ValueEnum};
use engine::{Retention, SensitiveConsent};

/// What is asked for and kept of people.
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Privacy")]
pub struct Privacy {
    /// The separate consent to the processing of sensitive data. required: nobody is written down without it; asked (demo only): the pages ask, it
    /// is recorded. Without this: required, in the demo asked.
    #[arg(long, env = "SENSITIVE_CONSENT", value_name = "SENSITIVE_CONSENT", value_enum, hide_env_values = true)]
    pub sensitive_consent: Option<Consent>,
    /// Days, from its own day on, that a booking which is over tells for whom it was. Must not be shorter than the longest course.
    #[arg(long, env = "KEEP_FINISHED_DAYS", value_name = "DAYS", default_value_t = standard().finished_days, value_parser = clap::value_parser!(u32).range(1..=36_500), hide_env_values = true)]
    pub keep_finished_days: u32,
    /// Days that messages are kept after they were to go.
    #[arg(long, env = "KEEP_MESSAGES_DAYS", value_name = "DAYS", default_value_t = standard().messages_days, value_parser = clap::value_parser!(u32).range(1..=3650), hide_env_values = true)]
    pub keep_messages_days: u32,
    /// Days that a request which was answered is known again.
    #[arg(long, env = "KEEP_REQUESTS_DAYS", value_name = "DAYS", default_value_t = standard().requests_days, value_parser = clap::value_parser!(u32).range(1..=3650), hide_env_values = true)]
    pub keep_requests_days: u32,
}

fn standard() -> Retention {
    Retention::default()
}

/// What the separate consent is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Consent {
    /// Nobody is written down without it.
    Required,
    /// It is asked for and recorded.
    Asked,
}

impl Privacy {
    /// Only invented people are written down without their consent.
    pub(super) fn check(&self, demo: bool) -> Result<(), String> {
        match self.sensitive_consent {
            Some(Consent::Asked) if !demo => {
                Err("SENSITIVE_CONSENT=asked is for the demo only; take it away, or set YIZHEN_DEMO=1".into())
            }
            _ => Ok(()),
        }
    }

    /// How long what is kept.
    pub fn retention(&self) -> Retention {
        Retention {
            finished_days: self.keep_finished_days,
            messages_days: self.keep_messages_days,
            requests_days: self.keep_requests_days,
        }
    }

    /// As the engine takes it.
    pub fn sensitive_consent(&self, demo: bool) -> SensitiveConsent {
        match self.sensitive_consent {
            Some(Consent::Asked) => SensitiveConsent::Asked,
            None if demo => SensitiveConsent::Asked,
            Some(Consent::Required) | None => SensitiveConsent::Required,
        }
    }
}
