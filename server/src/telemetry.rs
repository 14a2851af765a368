//! The log: to standard error, for people or for machines. No personal data is ever logged.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::config::{Data, LogFormat};

/// Starts logging. Later calls do nothing: tests start many services in one process.
pub fn start(settings: &Data) {
    let filter = EnvFilter::new(&settings.log);
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        // it would tell by printing to the same place, and panic when that fails: a full disk under the log must not stop the service
        .log_internal_errors(false);
    let _ = match settings.log_format {
        LogFormat::Text => log.with_target(false).try_init(),
        LogFormat::Json => log.json().try_init(),
    };
}
