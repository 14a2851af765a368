//! `yizhen keys`: makes them, adds a version, tells which are there, takes one away.

use std::path::PathBuf;

use anyhow::{Result, bail};
use domain::time::{Clock, civil};
use domain::{DateTime, Utc};
use engine::Engine;
use engine::clock::SystemClock;
use engine::entropy::SystemEntropy;
use engine::keys::{KeySource, KeyVersion, Keys, PassKeyTold};

use super::say;
use crate::config::{Data, KeysCommand, KeysForget, KeysForgetPass, KeysForgetWhat, KeysNew, KeysNewPass, KeysNewWhat, KeysRotate};
use crate::telemetry;

pub(super) async fn run(command: &KeysCommand) -> Result<()> {
    match command {
        KeysCommand::New(KeysNew { what: Some(KeysNewWhat::Pass(new)), .. }) => add_pass_key(new),
        KeysCommand::New(new) => create(new),
        KeysCommand::Rotate(rotate) => add(rotate),
        KeysCommand::List(data) => list(data).await,
        KeysCommand::Forget(KeysForget { what: Some(KeysForgetWhat::Pass(forget)), .. }) => take_pass_key_away(forget).await,
        KeysCommand::Forget(KeysForget { version: Some(version), data, .. }) => take_away(data, *version).await,
        KeysCommand::Forget(_) => bail!("which version? yizhen keys list tells which are there"),
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

fn add_pass_key(new: &KeysNewPass) -> Result<()> {
    let path = file(&new.data)?;
    let now = SystemClock.now();
    let signs_from = in_minutes(now, new.notice);
    let id = Keys::add_pass_key(&path, now, signs_from, &SystemEntropy)?;
    say(&format!(
        "Pass key {id} is in {} and signs from {} on. Make a new copy of that file for the safe place.",
        path.display(),
        minute(signs_from)
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
    let signs = keys.signing_id(SystemClock.now());
    for one in &keys.pass_keys() {
        say(&told_of_pass_key(one, signs))?;
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

fn told_of_pass_key(one: &PassKeyTold, signs: u8) -> String {
    let what = match one.signs_from {
        _ if one.id == signs => "signs".to_owned(),
        Some(from) if one.id > signs => format!("signs from {} on", minute(from)),
        _ => "verifies".to_owned(),
    };
    format!("pass key {}: Ed25519, {what}", one.id)
}

fn values(rows: u64) -> String {
    if rows == 1 { "1 value".to_owned() } else { format!("{rows} values") }
}

async fn take_away(data: &Data, version: u8) -> Result<()> {
    telemetry::start(data);
    let source = data.keys()?;
    let keys = source.load().await?;
    if keys.versions().iter().all(|one| one.version != version) {
        bail!("{} has no version {version}; yizhen keys list tells which are there", source.named());
    }
    if version >= keys.sealing_version(SystemClock.now()) {
        bail!("version {version} seals, or is to seal; only an older one can be forgotten");
    }
    let rows = Engine::still_sealed_with(&data.url(), version).await?;
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
    Keys::forget(path, version, SystemClock.now())?;
    say(&format!(
        "Version {version} is no longer in {}. Backups from before need it: keep the old copy of that file for as long as them.",
        path.display()
    ))
}

async fn take_pass_key_away(forget: &KeysForgetPass) -> Result<()> {
    let KeysForgetPass { data, id, leaked } = forget;
    telemetry::start(data);
    let path = file(data)?;
    let (keys, now) = (Keys::read(&path)?, SystemClock.now());
    if keys.pass_keys().iter().all(|one| one.id != *id) {
        bail!("{} has no pass key {id}; yizhen keys list tells which are there", path.display());
    }
    if *id >= keys.signing_id(now) {
        bail!("pass key {id} signs, or is to sign; only an older one can be forgotten");
    }
    if let Some(until) = keys.signed_until(*id).filter(|_| !leaked) {
        let out = Engine::passes_out(&data.url(), until, civil(now).date()).await?;
        if out > 0 {
            bail!(
                "{} may have a pass of key {id} on paper or in a picture; wait until they have come, or say --leaked: then only their booking code works",
                if out == 1 { "1 person who waits".to_owned() } else { format!("{out} people who wait") }
            );
        }
    }
    Keys::forget_pass_key(&path, *id, now)?;
    say(&format!("Pass key {id} is no longer in {}: what it signed is no pass any more. The id is not used again.", path.display()))
}

fn still(rows: u64) -> String {
    if rows == 1 { "1 value is".to_owned() } else { format!("{rows} values are") }
}

fn minute(at: DateTime<Utc>) -> String {
    format!("{} UTC", at.format("%Y-%m-%d %H:%M"))
}
