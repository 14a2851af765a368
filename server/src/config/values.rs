//! How single settings are written.

use clap::ValueEnum;
use domain::access::Role;
use engine::AskForWork;
use engine::suite::Suite;

/// Whether cookies may travel over https only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SecureCookies {
    /// Yes, except in the demo and when the service is called by an IP address.
    Auto,
    /// Always.
    On,
    /// Never.
    Off,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines: one JSON object a line.
    Json,
}

pub(super) fn switch(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "on" | "true" | "yes" => Ok(true),
        "0" | "off" | "false" | "no" | "" => Ok(false),
        _ => Err("say on or off".into()),
    }
}

pub(super) fn log_filter(text: &str) -> Result<String, String> {
    tracing_subscriber::EnvFilter::try_new(text).map(|_| text.to_owned()).map_err(|error| error.to_string())
}

pub(super) fn origin(text: &str) -> Result<String, String> {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    match host {
        Some(host) if !host.is_empty() && !host.contains(['/', '?', '#', ' ']) => Ok(text.to_owned()),
        _ => Err("write it as https://name or https://name:port, without a path".into()),
    }
}

pub(super) fn address(text: &str) -> Result<String, String> {
    match text.parse::<http::Uri>() {
        Ok(uri) if matches!(uri.scheme_str(), Some("http" | "https")) && uri.authority().is_some() && uri.query().is_none() => {
            Ok(text.to_owned())
        }
        _ => Err("write it as https://name/path".into()),
    }
}

pub(super) fn role(text: &str) -> Result<Role, String> {
    text.parse().map_err(|()| "nurse, manager or office".into())
}

pub(super) fn ask_for_work(text: &str) -> Result<AskForWork, String> {
    match text {
        "warm" => Ok(AskForWork::WhenWarm),
        "always" => Ok(AskForWork::Always),
        "never" => Ok(AskForWork::Never),
        _ => Err("warm, always or never".into()),
    }
}

pub(super) fn suite(text: &str) -> Result<Suite, String> {
    let names: Vec<_> = Suite::ALL.iter().map(|suite| suite.name()).collect();
    Suite::named(text).ok_or_else(|| names.join(" or "))
}
