//! Settings: the SMS gateways. They stand in a file of their own, and their secrets in others, or in the environment: never in a flag.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use clap::Args;
use domain::time::Clock;
use engine::MessageTimes;
use engine::entropy::Entropy;
use engine::sms::{DemoInbox, Gateway, GatewayParts, SecretFrom, gateways};
use zeroize::Zeroizing;

use super::doors::read_private;

/// The messages.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Messages")]
pub struct Messages {
    /// A TOML file with the SMS gateways, in the order in which they are tried, and their templates. Without it the demo has its inbox, and otherwise messages wait in the outbox.
    #[arg(long, env = "GATEWAYS_FILE", value_name = "GATEWAYS_FILE", hide_env_values = true)]
    pub gateways_file: Option<PathBuf>,
    /// Seconds that a process has a message in hand. Where it has not said by then what came of it, it is gone, and the message is in doubt. More than twice the longest time-out of a gateway.
    #[arg(long, env = "MESSAGE_LEASE_S", value_name = "S", default_value_t = 60, value_parser = clap::value_parser!(u32).range(5..=600), hide_env_values = true)]
    pub message_lease_s: u32,
    /// Seconds until a gateway is first asked what became of a message in doubt, then twice as long, and so on. What it knows nothing of after ten times as long is sent again.
    #[arg(long, env = "MESSAGE_ASK_AFTER_S", value_name = "S", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=600), hide_env_values = true)]
    pub message_ask_after_s: u32,
}

impl Messages {
    /// How long messages are in hand.
    pub fn times(&self) -> MessageTimes {
        let seconds = |seconds: u32| TimeDelta::seconds(i64::from(seconds));
        MessageTimes { lease: seconds(self.message_lease_s), ask_after: seconds(self.message_ask_after_s) }
    }

    /// The gateways of the file; without one the demo's inbox, or none.
    ///
    /// # Errors
    /// One line for the operator, which repeats no secret.
    pub fn gateways(&self, demo: bool, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Result<Vec<Arc<dyn Gateway>>, String> {
        let Some(path) = &self.gateways_file else {
            let inbox = || Arc::new(DemoInbox::default()) as Arc<dyn Gateway>;
            return Ok(demo.then(inbox).into_iter().collect());
        };
        let wrong = |why: String| format!("GATEWAYS_FILE {}: {why}", path.display());
        let text = std::fs::read_to_string(path).map_err(|error| wrong(format!("it cannot be read: {error}")))?;
        let lease = Duration::from_secs(u64::from(self.message_lease_s));
        gateways(&text, &GatewayParts { secrets: &find, lease, clock, entropy }).map_err(|error| wrong(error.to_string()))
    }
}

/// A gateway's secret.
fn find(from: SecretFrom) -> Result<Zeroizing<String>, String> {
    match from {
        SecretFrom::File(path) => read_private(path).map_err(|why| format!("names {}: {why}", path.display())),
        SecretFrom::Env(variable) => {
            let said = std::env::var(variable).map(Zeroizing::new);
            said.map_err(|error| match error {
                std::env::VarError::NotPresent => "names a variable of the environment that is not set".to_owned(),
                std::env::VarError::NotUnicode(_) => "names a variable of the environment that is not text in UTF-8".to_owned(),
            })
        }
    }
}
