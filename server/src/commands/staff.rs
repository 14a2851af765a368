//! `yizhen staff …`: who may work with this installation, and whose sessions end.

use std::io::{BufRead, IsTerminal, Write};

use anyhow::{Context, Result, bail};
use domain::lang::Lang;
use domain::time::civil;
use engine::{Engine, NewStaff, StaffListed};

use super::{config, say};
use crate::config::{Data, Password, StaffAdd, StaffCommand, StaffNamed, StaffReset, StaffSignOut};
use crate::telemetry;

/// Does what was asked for.
///
/// # Errors
/// One line for the operator.
pub(super) async fn run(command: StaffCommand) -> Result<()> {
    match command {
        StaffCommand::Add(new) => add(new).await,
        StaffCommand::Reset(reset) => self::reset(reset).await,
        StaffCommand::Disable(StaffNamed { data, username }) => {
            with_engine(&data, async |engine| told(engine.staff_disable(&username).await)).await?;
            say(&format!("{username} cannot sign in any more, and is signed out everywhere."))
        }
        StaffCommand::Enable(StaffNamed { data, username }) => {
            with_engine(&data, async |engine| told(engine.staff_enable(&username).await)).await?;
            say(&format!("{username} can sign in again."))
        }
        StaffCommand::List(data) => list(&data).await,
        StaffCommand::SignOut(who) => sign_out(who).await,
    }
}

async fn add(new: StaffAdd) -> Result<()> {
    let typed = read_password(new.password)?;
    let (username, role) = (new.username.clone(), new.role);
    let drawn = with_engine(&new.data, async |engine| {
        let sites = new.site.iter().map(|site| engine.find_site(site)).collect::<Result<_, _>>();
        let password = typed.clone().unwrap_or_else(|| engine.draw_password());
        let drawn = typed.is_none().then(|| password.clone());
        let staff = NewStaff { username: new.username, name: new.name, role, sites: told(sites)?, password };
        told(engine.staff_add(staff).await)?;
        Ok(drawn)
    })
    .await?;
    say(&format!("{username} can sign in as {role}."))?;
    say_password(drawn.as_deref())
}

async fn reset(reset: StaffReset) -> Result<()> {
    let typed = read_password(reset.password)?;
    let StaffNamed { data, username } = reset.who;
    let drawn = with_engine(&data, async |engine| {
        let password = typed.clone().unwrap_or_else(|| engine.draw_password());
        let drawn = typed.is_none().then(|| password.clone());
        told(engine.staff_reset(&username, password).await)?;
        Ok(drawn)
    })
    .await?;
    say(&format!("{username} has a new password, no second factor and no PIN, and is signed out everywhere."))?;
    say_password(drawn.as_deref())
}

async fn sign_out(who: StaffSignOut) -> Result<()> {
    let ended = with_engine(&who.data, async |engine| match (&who.username, &who.site) {
        (Some(username), _) => told(engine.staff_sign_out_of_all(username).await),
        (None, Some(site)) => {
            let site_id = told(engine.find_site(site))?;
            told(engine.staff_sign_out_site(site_id).await)
        }
        (None, None) => Ok(0),
    })
    .await?;
    say(&match ended {
        1 => "1 session ended.".to_owned(),
        ended => format!("{ended} sessions ended."),
    })
}

async fn list(data: &Data) -> Result<()> {
    let list = with_engine(data, async |engine| told(engine.staff_list().await)).await?;
    if list.is_empty() {
        return say("Nobody yet: yizhen staff add");
    }
    list.iter().try_for_each(|one| say(&line(one)))
}

fn line(one: &StaffListed) -> String {
    let factor = if one.second_factor { "second factor" } else { "no second factor" };
    let last = one
        .signed_in_at
        .map_or("never signed in".to_owned(), |at| format!("last signed in {}", civil(at).format("%Y-%m-%d %H:%M")));
    let sites = if one.sites.is_empty() { String::new() } else { format!(" · {}", one.sites.join("、")) };
    let disabled = if one.disabled { " · disabled" } else { "" };
    format!("{} · {} · {}{sites} · {factor} · {last}{disabled}", one.username, one.name, one.role)
}

/// Opens the engine for one thing, and closes it.
async fn with_engine<T>(data: &Data, work: impl AsyncFnOnce(&Engine) -> Result<T>) -> Result<T> {
    telemetry::start(data);
    let engine = Engine::open(config(data, None, engine::Limits::default())?).await?;
    let done = work(&engine).await;
    engine.stop().await;
    done
}

/// A refusal as one line.
fn told<T>(answer: domain::error::Result<T>) -> Result<T> {
    answer.map_err(|error| {
        let field = error.field.as_ref().map(|field| format!(" ({field})")).unwrap_or_default();
        anyhow::anyhow!("{}{field}", error.text(Lang::En))
    })
}

fn say_password(drawn: Option<&str>) -> Result<()> {
    match drawn {
        Some(password) => say(&format!("Password  {password}  (it is not shown again)")),
        None => Ok(()),
    }
}

/// The first line of standard input, unless one is to be drawn. It is not taken as an argument, where every user of the machine could
/// read it.
fn read_password(password: Password) -> Result<Option<String>> {
    if password.generate_password {
        return Ok(None);
    }
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        write!(std::io::stderr(), "Password (at least 8 characters; it shows while you type): ")?;
    }
    let mut line = String::new();
    stdin.lock().read_line(&mut line).context("the password could not be read from standard input")?;
    let password = line.trim_end_matches(['\r', '\n']).to_owned();
    if password.is_empty() {
        bail!("give the password on standard input, or --generate-password");
    }
    Ok(Some(password))
}
