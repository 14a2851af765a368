//! Settings: the keys, and what can be done with them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};
use engine::keys::{FILE_NAME, KeySource};
use engine::suite::Suite;

use super::Data;
use super::values::suite;

/// The text of a key file in the environment. No flag: every user of the machine could read that.
const TEXT: &str = "VAULT_KEYS";

/// Where the keys come from.
#[derive(Args, Clone, Debug)]
pub struct KeysFrom {
    /// The key file. Without it: keys.toml under DATA_DIR. Instead of a file, the environment variable VAULT_KEYS may hold its text, as
    /// it is or in base64.
    #[arg(long, env = "KEYS_FILE", value_name = "KEYS_FILE", hide_env_values = true)]
    pub keys_file: Option<PathBuf>,
    /// A command that writes the text of a key file to its standard output, for a key manager. It is run at the start and every minute.
    #[arg(long, env = "KEYS_COMMAND", value_name = "KEYS_COMMAND", hide_env_values = true)]
    pub keys_command: Option<String>,
}

impl KeysFrom {
    /// The one place that is named; the file under `data_dir` where none is.
    ///
    /// # Errors
    /// One line for the operator, when more than one is named.
    pub fn source(&self, data_dir: &Path) -> Result<KeySource, String> {
        let text = std::env::var_os(TEXT).filter(|text| !text.is_empty());
        let one_only = || format!("KEYS_FILE, KEYS_COMMAND and {TEXT} are three ways to the same keys; set one of them");
        match (&self.keys_file, self.keys_command.as_ref().filter(|line| !line.is_empty()), text) {
            (None, None, None) => Ok(KeySource::File(data_dir.join(FILE_NAME))),
            (Some(path), None, None) => Ok(KeySource::File(path.clone())),
            (None, Some(line), None) => Ok(KeySource::Command(line.clone())),
            (None, None, Some(text)) => {
                let text = text.into_string().map_err(|_| format!("{TEXT} is not a text"))?;
                Ok(KeySource::Text(Arc::new(text.into())))
            }
            _ => Err(one_only()),
        }
    }
}

/// `yizhen keys …`.
#[derive(Subcommand, Debug)]
pub enum KeysCommand {
    /// Make the key file of an installation, which is never overwritten; or, as `keys new pass`, add a key that signs passes.
    New(KeysNew),
    /// Add a new version, with which a running service seals from a few minutes later on, and seals again what is there. It needs no restart.
    Rotate(KeysRotate),
    /// List the versions, from when on each seals, and how many values are still sealed with it. It may run beside a service.
    List(Data),
    /// Take an old version out of the key file, when nothing is sealed with it any more; or, as `keys forget pass ID`, an old pass key.
    /// Refused otherwise.
    Forget(KeysForget),
}

/// `yizhen keys new`.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub struct KeysNew {
    /// Something else than the whole file.
    #[command(subcommand)]
    pub what: Option<KeysNewWhat>,
    /// The data.
    #[command(flatten)]
    pub data: Data,
    /// What seals and hashes: aes (AES-256-GCM, HMAC-SHA-256) or sm (SM4-GCM, HMAC-SM3). The hash stays for ever.
    #[arg(long, value_name = "SUITE", default_value = "aes", value_parser = suite)]
    pub suite: Suite,
}

/// What else can be made.
#[derive(Debug, Subcommand)]
pub enum KeysNewWhat {
    /// Add a key that signs the passes (the QR codes) from a few minutes later on. What older ones signed stays good until they are forgotten.
    /// A running service needs no restart.
    Pass(KeysNewPass),
}

/// `yizhen keys new pass`.
#[derive(Args, Debug)]
pub struct KeysNewPass {
    /// The data.
    #[command(flatten)]
    pub data: Data,
    /// Minutes until it signs. Every process on the database must know it by then; copies of the key file on other machines, too.
    #[arg(long, value_name = "MINUTES", default_value_t = 10, value_parser = clap::value_parser!(u32).range(i64::from(least_notice())..=10_080))]
    pub notice: u32,
}

/// `yizhen keys rotate`.
#[derive(Args, Debug)]
pub struct KeysRotate {
    /// The data.
    #[command(flatten)]
    pub data: Data,
    /// Minutes until it seals. Every process on the database must know it by then; copies of the key file on other machines, too.
    #[arg(long, value_name = "MINUTES", default_value_t = 10, value_parser = clap::value_parser!(u32).range(i64::from(least_notice())..=10_080))]
    pub notice: u32,
    /// What it seals with: aes or sm. Without it: what the version before does.
    #[arg(long, value_name = "SUITE", value_parser = suite)]
    pub suite: Option<Suite>,
}

/// `yizhen keys forget`.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct KeysForget {
    /// Something else than a version that seals.
    #[command(subcommand)]
    pub what: Option<KeysForgetWhat>,
    /// The data.
    #[command(flatten)]
    pub data: Data,
    /// Its number.
    #[arg(required = true)]
    pub version: Option<u8>,
}

/// What else can be forgotten.
#[derive(Debug, Subcommand)]
pub enum KeysForgetWhat {
    /// Take an old pass key out of the key file: what it signed is no pass any more. Refused while somebody may come with such a pass.
    Pass(KeysForgetPass),
}

/// `yizhen keys forget pass`.
#[derive(Args, Debug)]
pub struct KeysForgetPass {
    /// The data.
    #[command(flatten)]
    pub data: Data,
    /// Its id.
    pub id: u8,
    /// Also while people wait who may have such a pass on paper or in a picture: when the key has become known to others. Their booking codes
    /// still work, and their pages show a new QR code.
    #[arg(long)]
    pub leaked: bool,
}

/// In minutes.
fn least_notice() -> u32 {
    u32::try_from(engine::LEAST_NOTICE.as_secs().div_ceil(60)).unwrap_or(u32::MAX)
}
