//! `yizhen keys`: makes them, adds a version, tells which are there, takes one away.

use std::path::PathBuf;

use anyhow::{Result, bail};
use domain::time::Clock;
use domain::{DateTime, Utc};
use engine::Engine;
use engine::clock::SystemClock;
use engine::entropy::SystemEntropy;
use engine::keys::{KeySource, KeyVersion, Keys};

use super::say;
use crate::config::{Data, KeysCommand, KeysForget, KeysNew, KeysRotate};
use crate::telemetry;

pub(super) async fn run(command: &KeysCommand) -> Result<()> {
    match command {
        KeysCommand::New(new) => create(new),
        KeysCommand::Rotate(rotate) => add(rotate),
        KeysCommand::List(data) => list(data).await,
        KeysCommand::Forget(forget) => take_away(forget).await,
    }
}

fn create(new: &KeysNew) -> Result<()> {
    let path = file(&new.data)?;
    Keys::create(&path, new.suite, &SystemEntropy)?;
    say(&format!("{} is made. Without it the database cannot be read: keep a copy in a safe place.", path.display()))
}

fn add(rotate: &KeysRotate) -> Result<()> {
    let path = file(&rotate.data)?;
    let now = SystemClock.now();
    let seals_from = in_minutes(now, rotate.notice);
    let version = Keys::rotate(&path, rotate.suite, now, seals_from, &SystemEntropy)?;
    say(&format!(
        "Version {version} is in {} and seals from {} on. Make a new copy of that file for the safe place.",
        path.display(),
        minute(seals_from)
    ))
}

/// The key file. What comes from elsewhere is changed there.
fn file(data: &Data) -> Result<PathBuf> {
    match data.keys()? {
        KeySource::File(path) => Ok(path),
        elsewhere => bail!(
            "the keys are {}: do this to a key file (KEYS_FILE) that holds them, and bring its text back there",
            elsewhere.named()
        ),
    }
}

/// At the end of that minute, so that what is told is what is so.
fn in_minutes(now: DateTime<Utc>, minutes: u32) -> DateTime<Utc> {
    let seconds = (now.timestamp() + 60 * i64::from(minutes) + 59) / 60 * 60;
    DateTime::from_timestamp(seconds, 0).unwrap_or(now)
}

async fn list(data: &Data) -> Result<()> {
    telemetry::start(data);
    let keys = data.keys()?.load().await?;
    let rows = Engine::sealed_rows(&data.url()).await?;
    let (versions, seals) = (keys.versions(), keys.sealing_version(SystemClock.now()));
    for one in &versions {
        say(&format!("{}, {}", told(one, seals), values(rows.of(one.version))))?;
    }
    let lost: Vec<_> = rows.0.iter().filter(|(version, _)| versions.iter().all(|one| one.version != **version)).collect();
    for (version, rows) in &lost {
        say(&format!("version {version}: its key is missing, {}", values(**rows)))?;
    }
    if lost.is_empty() { Ok(()) } else { bail!("values are sealed with a version whose key is missing; put it back from a copy") }
}

fn told(one: &KeyVersion, seals: u8) -> String {
    let what = match one.seals_from {
        _ if one.version == seals => "seals".to_owned(),
        Some(from) if one.version > seals => format!("seals from {} on", minute(from)),
        _ => "opens".to_owned(),
    };
    format!("version {}: {}, {what}", one.version, one.suite.cipher())
}

fn values(rows: u64) -> String {
    if rows == 1 { "1 value".to_owned() } else { format!("{rows} values") }
}

async fn take_away(forget: &KeysForget) -> Result<()> {
    telemetry::start(&forget.data);
    let KeysForget { data, version } = forget;
    let source = data.keys()?;
    let keys = source.load().await?;
    if keys.versions().iter().all(|one| one.version != *version) {
        bail!("{} has no version {version}; yizhen keys list tells which are there", source.named());
    }
    if *version >= keys.sealing_version(SystemClock.now()) {
        bail!("version {version} seals, or is to seal; only an older one can be forgotten");
    }
    let rows = Engine::still_sealed_with(&data.url(), *version).await?;
    if rows > 0 {
        bail!(
            "{} still sealed with version {version}; a running service seals what is old again; yizhen keys list tells how far it is",
            still(rows)
        );
    }
    let KeySource::File(path) = &source else {
        return say(&format!(
            "Nothing is sealed with version {version}. Take it out of {}; backups from before need it.",
            source.named()
        ));
    };
    Keys::forget(path, *version, SystemClock.now())?;
    say(&format!(
        "Version {version} is no longer in {}. Backups from before need it: keep the old copy of that file for as long as them.",
        path.display()
    ))
}

fn still(rows: u64) -> String {
    if rows == 1 { "1 value is".to_owned() } else { format!("{rows} values are") }
}

fn minute(at: DateTime<Utc>) -> String {
    format!("{} UTC", at.format("%Y-%m-%d %H:%M"))
}
