//! Settings: the SMS gateways. They stand in a file of their own, and their secrets in others, or in the environment: never in a flag.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use domain::time::Clock;
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
}

impl Messages {
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
        gateways(&text, &GatewayParts { secrets: &find, clock, entropy }).map_err(|error| wrong(error.to_string()))
    }
}

/// A gateway's secret.
fn find(from: SecretFrom) -> Result<Zeroizing<String>, String> {
    match from {
        SecretFrom::File(path) => read_private(path).map_err(|why| format!("names {}: {why}", path.display())),
        SecretFrom::Env(variable) => {
            let said = std::env::var(variable).map(Zeroizing::new);
            said.map_err(|_| "names a variable of the environment that is not set".to_owned())
        }
    }
}
