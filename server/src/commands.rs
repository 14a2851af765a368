//! What the command line does besides serving: one engine call each.

mod audit;
mod keys;
mod staff;

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use domain::time::Clock;
use engine::clock::{RehearsalClock, SystemClock};
use engine::entropy::SystemEntropy;
use engine::{CityFile, DemoStaff, Engine, Ledger, MultitudeProgress, MultitudeSize, OpenError, SensitiveConsent};

use crate::config::{AuditCommand, Cli, Command, Data, Demo, LedgerCommand, Seed};
use crate::{lifecycle, telemetry};

/// How often a long step says how far it is.
const TELL_EVERY: Duration = Duration::from_secs(5);

/// Does what was asked for.
///
/// # Errors
/// One line for the operator, whatever goes wrong.
pub async fn run(cli: Cli) -> Result<()> {
    match cli.command {
        Command::Serve(settings) => lifecycle::serve(&settings).await,
        Command::Migrate(data) => migrate(&data).await,
        Command::Seed(seed) if seed.demo => seed_demo(&seed).await,
        Command::Seed(seed) => seed_city(&seed).await,
        Command::Staff(command) => staff::run(command).await,
        Command::Keys(command) => keys::run(&command).await,
        Command::Ledger(LedgerCommand::Check(data)) => ledger_check(&data).await,
        Command::Audit(AuditCommand::Verify(data)) => audit::verify(&data).await,
    }
}

async fn migrate(data: &Data) -> Result<()> {
    telemetry::start(data);
    Engine::migrate(&data.url()).await?;
    say("The tables are up to date.")
}

async fn seed_demo(seed: &Seed) -> Result<()> {
    telemetry::start(&seed.data);
    let engine = Engine::open(config(&seed.data, Some(&seed.play), engine::Limits::default())?).await?;
    let seeded = engine.seed_demo(seed.play.demo_password.as_deref()).await;
    let size = seed.people.map(|people| MultitudeSize { people, bookings: seed.bookings.unwrap_or(2 * people) });
    let added = match (&seeded, size) {
        (Ok(_), Some(size)) => seed_multitude(&engine, size).await.map(Some),
        _ => Ok(None),
    };
    engine.stop().await;
    let staff = seeded?;
    let more = added?.map(|told| format!("{told}\n")).unwrap_or_default();
    say(&format!("The demo of {} is in the database.\n{more}{}", engine.city().name, sign_in(&staff)))
}

/// Adds the multitude, saying on standard error how far it is. Gives what to say of it at the end.
async fn seed_multitude(engine: &Engine, size: MultitudeSize) -> Result<String, OpenError> {
    let began = Instant::now();
    let mut said = (began, 0);
    engine.seed_multitude(size, |progress| tell(progress, size, &mut said)).await?;
    let MultitudeSize { people, bookings } = size;
    Ok(format!("{people} people and {bookings} bookings came to it in {} s.", began.elapsed().as_secs()))
}

/// One line on standard error for each step, and every few seconds of a long one. `said`: when the last was, and of how many rows.
fn tell(progress: MultitudeProgress, size: MultitudeSize, said: &mut (Instant, u64)) {
    let line = match progress {
        MultitudeProgress::Planned { windows } => format!("{windows} windows of the past months; working out who was where"),
        MultitudeProgress::Index { number, of } => format!("index {number} of {of}"),
        MultitudeProgress::Written { bookings, rows } => {
            let (since, before) = *said;
            if since.elapsed() < TELL_EVERY && bookings < size.bookings {
                return;
            }
            *said = (Instant::now(), rows);
            let a_second = (rows - before) * 1000 / u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
            format!("{bookings} of {} bookings, {rows} rows, {a_second} rows a second", size.bookings)
        }
    };
    // nobody listening is no reason to stop
    let _ = writeln!(std::io::stderr(), "{line}");
}

async fn seed_city(seed: &Seed) -> Result<()> {
    telemetry::start(&seed.data);
    if seed.data.city_file.is_none() {
        bail!("say which content: --demo, or CITY_FILE with the city's own sites");
    }
    let engine = Engine::open(config(&seed.data, None, engine::Limits::default())?).await?;
    let written = engine.write_schedule().await;
    engine.stop().await;
    let written = written.map_err(|error| anyhow::anyhow!("the city's sites could not be written ({error}); the log has more"))?;
    say(&format!("{} sites are in the database, and {} windows that were not there before.", written.sites, written.slots))
}

/// Lists what does not fit, and fails if anything does not.
async fn ledger_check(data: &Data) -> Result<()> {
    telemetry::start(data);
    let ledger = Engine::check_ledger(&data.url(), SystemClock.today()).await?;
    for broken in &ledger.broken {
        say(&format!("Broken: {}. Rows of {}: {}", broken.rule, broken.table, broken.count))?;
        for row in &broken.rows {
            say(&format!("  {} {}: expected {}, found {}", broken.table, row.key, row.expected, row.found))?;
        }
    }
    say(&counted(&ledger))?;
    match ledger.broken_rows() {
        0 => say("The ledger balances."),
        1 => bail!("the ledger does not balance: 1 row does not fit; it is named on standard output"),
        rows => bail!("the ledger does not balance: {rows} rows do not fit; they are named on standard output"),
    }
}

fn counted(ledger: &Ledger) -> String {
    let bookings: u64 = ledger.bookings.iter().map(|(_, count)| count).sum();
    let states: Vec<_> = ledger.bookings.iter().map(|(state, count)| format!("{count} {state}")).collect();
    format!(
        "{} slots with {} places: {} taken, {} free\n{bookings} bookings: {}\n{} requests, {} messages",
        ledger.slots,
        ledger.places,
        ledger.taken,
        ledger.free(),
        states.join(", "),
        ledger.requests,
        ledger.messages,
    )
}

/// What the engine is opened with. With `demo`, it is one.
pub(crate) fn config(data: &Data, demo: Option<&Demo>, limits: engine::Limits) -> Result<engine::Config> {
    let city = match &data.city_file {
        Some(path) => CityFile::read(path)?,
        None => CityFile::yongzhou(),
    };
    let clock: Arc<dyn Clock> = match demo.and_then(|demo| demo.demo_clock) {
        Some(start) => Arc::new(RehearsalClock::starting_at(start)),
        None => Arc::new(SystemClock),
    };
    Ok(engine::Config {
        database_url: data.url(),
        data_dir: data.data_dir.clone(),
        keys: data.keys()?,
        audit_dir: data.audit_dir(),
        link: String::new(),
        messages: engine::MessageTimes::default(),
        city,
        demo: demo.is_some(),
        limits,
        sessions: engine::Sessions::default(),
        staff: engine::StaffRules::default(),
        sensitive_consent: if demo.is_some() { SensitiveConsent::Asked } else { SensitiveConsent::Required },
        retention: engine::Retention::default(),
        // seeding sends nothing
        gateways: vec![],
        clock,
        entropy: Arc::new(SystemEntropy),
    })
}

/// How the demo's staff sign in.
pub(crate) fn sign_in(staff: &DemoStaff) -> String {
    format!(
        "Sign-in   {} · password {}\n  A family  {} (its code arrives under Messages)",
        staff.usernames.join(", "),
        staff.password,
        staff.citizen_phone
    )
}

fn say(line: &str) -> Result<()> {
    writeln!(std::io::stdout(), "{line}").context("standard output is closed")
}
