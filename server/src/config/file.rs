//! The settings file: its values become the defaults of the flags of the same name.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::Path;

use clap::Command;
use toml::{Table, Value};

/// The command with the values of the settings file, where there is one, as its defaults.
pub(super) fn with_defaults(command: Command, args: &[OsString]) -> Result<Command, String> {
    let Some(path) = named(args) else { return Ok(command) };
    let shown = Path::new(&path).display().to_string();
    let text = std::fs::read_to_string(&path).map_err(|error| format!("the settings file {shown} cannot be read: {error}"))?;
    let table: Table = text.parse().map_err(|error: toml::de::Error| {
        let line = error.span().map_or(1, |span| 1 + text[..span.start].matches('\n').count());
        format!("the settings file {shown}, line {line}: {}", error.message())
    })?;
    let known = ids(&command);
    let mut values = Vec::new();
    for (key, value) in table {
        if !known.contains(&key) || key == "config" {
            return Err(format!("the settings file {shown}: there is no setting called {key}; yizhen serve --help lists them"));
        }
        let value = match value {
            Value::String(text) => text,
            Value::Integer(_) | Value::Boolean(_) | Value::Datetime(_) => value.to_string(),
            _ => return Err(format!("the settings file {shown}: {key} must be a text, a number, true or false")),
        };
        values.push((key, value));
    }
    Ok(set(command, &values))
}

/// The file that `--config` or `YIZHEN_CONFIG` names.
fn named(args: &[OsString]) -> Option<OsString> {
    let flag = args.iter().enumerate().find_map(|(at, arg)| {
        let arg = arg.to_str()?;
        if arg == "--config" { args.get(at + 1).cloned() } else { arg.strip_prefix("--config=").map(OsString::from) }
    });
    flag.or_else(|| std::env::var_os("YIZHEN_CONFIG").filter(|path| path != OsStr::new("")))
}

/// The settings that can stand in a file: the ones that can be set by environment.
fn ids(command: &Command) -> BTreeSet<String> {
    let own = command.get_arguments().filter(|arg| arg.get_env().is_some()).map(|arg| arg.get_id().to_string());
    command.get_subcommands().flat_map(ids).chain(own).collect()
}

fn set(command: Command, values: &[(String, String)]) -> Command {
    let command =
        command.mut_args(|arg| match values.iter().find(|(key, _)| arg.get_id() == key.as_str() && arg.get_env().is_some()) {
            Some((_, value)) => arg.default_value(value.clone()),
            None => arg,
        });
    command.mut_subcommands(|command| set(command, values))
}
