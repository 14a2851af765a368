//! Settings: how often what may be tried.

use clap::Args;

use super::at_least_one;
use super::values::{self, switch};

/// How often what may be tried.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Limits")]
pub struct Limits {
    /// Demo only: off takes all limits away, for load tests.
    #[arg(
        long, env = "YIZHEN_LIMITS", value_name = "YIZHEN_LIMITS", value_parser = switch, default_value = "on",
        hide_env_values = true, action = clap::ArgAction::Set,
    )]
    pub limits: bool,
    /// Sign-in codes a minute for a number.
    #[arg(long, env = "LIMIT_CODES_A_MINUTE", value_name = "N", default_value_t = standard().codes_a_minute, value_parser = at_least_one(), hide_env_values = true)]
    pub limit_codes_a_minute: u32,
    /// Sign-in codes an hour for a number.
    #[arg(long, env = "LIMIT_CODES_AN_HOUR", value_name = "N", default_value_t = standard().codes_an_hour, value_parser = at_least_one(), hide_env_values = true)]
    pub limit_codes_an_hour: u32,
    /// Sign-in codes a day for a number.
    #[arg(long, env = "LIMIT_CODES_A_DAY", value_name = "N", default_value_t = standard().codes_a_day, value_parser = at_least_one(), hide_env_values = true)]
    pub limit_codes_a_day: u32,
    /// Sign-in codes an hour for a device, whatever the numbers.
    #[arg(long, env = "LIMIT_CODES_A_DEVICE", value_name = "N", default_value_t = standard().codes_a_device, value_parser = at_least_one(), hide_env_values = true)]
    pub limit_codes_a_device: u32,
    /// Sign-in codes an hour for a client's address. Generous: a whole town may share one.
    #[arg(long, env = "LIMIT_CODES_AN_ADDRESS", value_name = "N", default_value_t = standard().codes_an_address, value_parser = at_least_one(), hide_env_values = true)]
    pub limit_codes_an_address: u32,
    /// Sign-in codes a minute from this process, whoever asks, beyond which devices are asked for work before one is sent.
    #[arg(long, env = "LIMIT_CODES_IN_CALM", value_name = "N", default_value_t = standard().codes_in_calm, value_parser = at_least_one(), hide_env_values = true)]
    pub limit_codes_in_calm: u32,
    /// When a device has to work for a second before it is sent a code: when it, its address or the whole service asks for many (warm), always, or never.
    #[arg(long, env = "PROOF_OF_WORK", value_name = "WHEN", value_parser = values::ask_for_work, default_value = "warm", hide_env_values = true)]
    pub proof_of_work: engine::AskForWork,
    /// Tries for one sign-in code.
    #[arg(long, env = "LIMIT_TRIES_A_CODE", value_name = "N", default_value_t = standard().tries_a_code, value_parser = at_least_one(), hide_env_values = true)]
    pub limit_tries_a_code: u32,
    /// Wrong sign-in codes an hour from a device.
    #[arg(long, env = "LIMIT_TRIES_A_DEVICE", value_name = "N", default_value_t = standard().tries_a_device, value_parser = at_least_one(), hide_env_values = true)]
    pub limit_tries_a_device: u32,
    /// Wrong sign-in codes an hour from a client's address. Generous as well.
    #[arg(long, env = "LIMIT_TRIES_AN_ADDRESS", value_name = "N", default_value_t = standard().tries_an_address, value_parser = at_least_one(), hide_env_values = true)]
    pub limit_tries_an_address: u32,
    /// Wrong passwords until a member of staff is locked out for a while.
    #[arg(long, env = "LIMIT_TRIES_A_PASSWORD", value_name = "N", default_value_t = standard().tries_a_password, value_parser = at_least_one(), hide_env_values = true)]
    pub limit_tries_a_password: u32,
    /// Bookings that a member of staff may look up an hour. Beyond, nurses are refused; managers and the office only show in log and metrics.
    #[arg(long, env = "LIMIT_LOOK_UPS", value_name = "N", default_value_t = standard().look_ups, value_parser = at_least_one(), hide_env_values = true)]
    pub limit_look_ups: u32,
    /// Masked values that a manager or the office may have shown in full an hour, each.
    #[arg(long, env = "LIMIT_REVEALS", value_name = "N", default_value_t = standard().reveals, value_parser = at_least_one(), hide_env_values = true)]
    pub limit_reveals: u32,
    /// People besides oneself that an account may keep.
    #[arg(long, env = "LIMIT_OTHERS_AN_ACCOUNT", value_name = "N", default_value_t = standard().others_an_account, hide_env_values = true)]
    pub limit_others_an_account: u32,
    /// Bookings and redemptions that may wait for the writer before the service says "busy".
    #[arg(long, env = "LIMIT_QUEUE", value_name = "N", default_value_t = standard().queue, value_parser = at_least_one(), hide_env_values = true)]
    pub limit_queue: u32,
    /// Of these, how many one transaction takes at most.
    #[arg(long, env = "LIMIT_BATCH", value_name = "N", default_value_t = standard().batch, value_parser = clap::value_parser!(u32).range(1..=4096), hide_env_values = true)]
    pub limit_batch: u32,
}

fn standard() -> engine::Limits {
    engine::Limits::default()
}

impl Limits {
    /// As the engine takes them.
    pub fn engine(&self) -> engine::Limits {
        engine::Limits {
            enabled: self.limits,
            codes_a_minute: self.limit_codes_a_minute,
            codes_an_hour: self.limit_codes_an_hour,
            codes_a_day: self.limit_codes_a_day,
            codes_a_device: self.limit_codes_a_device,
            codes_an_address: self.limit_codes_an_address,
            codes_in_calm: self.limit_codes_in_calm,
            ask_for_work: self.proof_of_work,
            tries_a_code: self.limit_tries_a_code,
            tries_a_device: self.limit_tries_a_device,
            tries_an_address: self.limit_tries_an_address,
            tries_a_password: self.limit_tries_a_password,
            look_ups: self.limit_look_ups,
            reveals: self.limit_reveals,
            others_an_account: self.limit_others_an_account,
            queue: self.limit_queue,
            batch: self.limit_batch,
        }
    }
}
