//! Settings: by flag, by environment, by file, by default, in this order. `yizhen serve --help` lists them all.
//!
//! The file is TOML with the flags' names, `_` for `-`: `port = 8080`. There is one list of settings, the structs below.

mod bounds;
mod doors;
mod file;
mod frames;
mod keys;
mod limits;
mod messages;
mod privacy;
mod proxies;
mod sessions;
mod staff;
mod values;

use std::ffi::OsString;
use std::net::IpAddr;
use std::path::PathBuf;

use chrono::{DateTime, Datelike, Utc};
use clap::error::ErrorKind;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use engine::keys::KeySource;

pub use bounds::Bounds;
pub use doors::Doors;
pub use frames::FrameHosts;
pub use keys::{KeysCommand, KeysForget, KeysForgetPass, KeysForgetWhat, KeysFrom, KeysNew, KeysNewPass, KeysNewWhat, KeysRotate};
pub use limits::Limits;
pub use messages::Messages;
pub use privacy::Privacy;
pub use proxies::TrustedProxies;
pub use sessions::Sessions;
pub use staff::{Password, Roles, Staff, StaffAdd, StaffCommand, StaffNamed, StaffReset, StaffSignOut};
pub use values::{LogFormat, SecureCookies};
use values::{log_filter, origin, switch};

/// Yizhen (一针): the vaccination appointment service of a city.
#[derive(Parser, Debug)]
#[command(name = "yizhen", version, disable_help_subcommand = true, arg_required_else_help = true)]
pub struct Cli {
    /// A TOML file with settings; flags and environment go before it.
    #[arg(long, global = true, env = "YIZHEN_CONFIG", value_name = "YIZHEN_CONFIG", hide_env_values = true)]
    pub config: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What `yizhen` does.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Serve the pages and the calls. Every setting is a flag, an environment variable (in brackets) and a key of the file.
    Serve(Box<Serve>),
    /// Bring the database's tables up to date, and end.
    Migrate(Data),
    /// Write content into the database: the demo, or the sites and windows of the city file; and end.
    Seed(Seed),
    /// Members of staff.
    #[command(subcommand)]
    Staff(StaffCommand),
    /// The keys of this installation.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// The ledger: slots, places and bookings, and whether they add up.
    #[command(subcommand)]
    Ledger(LedgerCommand),
    /// The audit: who did what, and whether it is as it was written.
    #[command(subcommand)]
    Audit(AuditCommand),
}

/// Where the data is.
#[derive(Args, Clone, Debug)]
pub struct Data {
    /// Where the key file and an embedded database lie, unless told otherwise.
    #[arg(long, env = "DATA_DIR", value_name = "DATA_DIR", default_value = "data", hide_env_values = true)]
    pub data_dir: PathBuf,
    /// The database: sqlite://FILE or postgres://USER:PASSWORD@HOST/NAME. Without it: an embedded one under DATA_DIR.
    #[arg(long, env = "DATABASE_URL", value_name = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// Where the keys come from.
    #[command(flatten)]
    pub keys: KeysFrom,
    /// Where signed checkpoints of the audit are written, at best a disk that the database's administrators cannot write. Without it: audit under DATA_DIR.
    #[arg(long, env = "AUDIT_DIR", value_name = "AUDIT_DIR", hide_env_values = true)]
    pub audit_dir: Option<PathBuf>,
    /// The city: its name, divisions, vaccines, notice, sites and their usual days. Without it: Yongzhou, for the demo.
    #[arg(long, env = "CITY_FILE", value_name = "CITY_FILE", hide_env_values = true)]
    pub city_file: Option<PathBuf>,
    /// What is logged: error, warn, info, debug, or a filter such as info,engine=debug.
    #[arg(long, env = "LOG", value_name = "LOG", default_value = "info,sea_orm_migration=warn", value_parser = log_filter, hide_env_values = true)]
    pub log: String,
    /// How it is logged, on standard error.
    #[arg(long, env = "LOG_FORMAT", value_name = "LOG_FORMAT", value_enum, default_value = "text", hide_env_values = true)]
    pub log_format: LogFormat,
}

/// What the demo is.
#[derive(Args, Clone, Debug)]
pub struct Demo {
    /// The password of the demo's staff (nurse, manager, office). Without it: a random one, printed at the start.
    #[arg(long, env = "YIZHEN_DEMO_PASSWORD", value_name = "YIZHEN_DEMO_PASSWORD", hide_env_values = true)]
    pub demo_password: Option<String>,
    /// Demo only: the instant at which the service's clock starts, such as 2021-05-08T08:00:00+08:00, for rehearsals.
    #[arg(long, env = "YIZHEN_DEMO_CLOCK", value_name = "YIZHEN_DEMO_CLOCK", hide_env_values = true)]
    pub demo_clock: Option<DateTime<Utc>>,
}

/// Settings of `yizhen serve`.
#[derive(Args, Clone, Debug)]
pub struct Serve {
    /// The data.
    #[command(flatten)]
    pub data: Data,
    /// The port to listen on; 0 lets the system choose one.
    #[arg(long, env = "PORT", value_name = "PORT", default_value_t = 8080, hide_env_values = true)]
    pub port: u16,
    /// The address to listen on: 127.0.0.1 for this machine alone, 0.0.0.0 for everybody.
    #[arg(long, env = "HOST", value_name = "HOST", default_value = "127.0.0.1", hide_env_values = true)]
    pub host: IpAddr,
    /// Demo content in an empty database, staff to try it with, and a page that shows the messages: on or off.
    #[arg(
        long, env = "YIZHEN_DEMO", value_name = "YIZHEN_DEMO", value_parser = switch, default_value = "off",
        num_args = 0..=1, require_equals = true, default_missing_value = "on", hide_env_values = true,
        action = clap::ArgAction::Set,
    )]
    pub demo: bool,
    /// The demo.
    #[command(flatten)]
    pub play: Demo,
    /// A folder with the built pages (citizen/ and staff/), instead of those inside this program.
    #[arg(long, env = "PAGES_DIR", value_name = "PAGES_DIR", hide_env_values = true)]
    pub pages_dir: Option<PathBuf>,
    /// Whether cookies may travel over https only. auto: yes, except in the demo and when the service is called by an IP address.
    #[arg(long, env = "SECURE_COOKIES", value_name = "SECURE_COOKIES", value_enum, default_value = "auto", hide_env_values = true)]
    pub secure_cookies: SecureCookies,
    /// Days for which browsers are told to come by https only (HSTS); 0: never. Told where cookies travel over https only, see SECURE_COOKIES.
    #[arg(long, env = "HSTS_DAYS", value_name = "HSTS_DAYS", default_value_t = 365, value_parser = clap::value_parser!(u32).range(0..=3650), hide_env_values = true)]
    pub hsts_days: u32,
    /// Hosts whose pages may show the citizens' pages in a frame, such as https://www.city.example. Signing in works there below the same domain only.
    #[arg(long, env = "FRAME_HOSTS", value_name = "FRAME_HOSTS", value_parser = FrameHosts::parse, default_value = "", hide_default_value = true, hide_env_values = true)]
    pub frame_hosts: FrameHosts,
    /// What browsers call this service, such as https://yizhen.example: for proxies that do not pass their Host on, and for the link in messages.
    #[arg(long, env = "PUBLIC_ORIGIN", value_name = "PUBLIC_ORIGIN", value_parser = origin, hide_env_values = true)]
    pub public_origin: Option<String>,
    /// Our own proxies, by address or network, such as 10.0.0.5,10.1.0.0/16: whom they name in X-Forwarded-For is the client. Nobody else is believed.
    #[arg(long, env = "TRUSTED_PROXIES", value_name = "TRUSTED_PROXIES", value_parser = TrustedProxies::parse, default_value = "", hide_default_value = true, hide_env_values = true)]
    pub trusted_proxies: TrustedProxies,
    /// The doors in besides the phone code.
    #[command(flatten)]
    pub doors: Doors,
    /// Seconds that answers in flight are given when the service is told to stop.
    #[arg(long, env = "STOP_WITHIN_S", value_name = "STOP_WITHIN_S", default_value_t = 20, hide_env_values = true)]
    pub stop_within_s: u64,
    /// Minutes between two checkpoints of the audit, where something was written.
    #[arg(long, env = "AUDIT_CHECKPOINT_MINUTES", value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1440), hide_env_values = true)]
    pub audit_checkpoint_minutes: u32,
    /// The messages.
    #[command(flatten)]
    pub messages: Messages,
    /// How long people stay signed in.
    #[command(flatten)]
    pub sessions: Sessions,
    /// What is asked of members of staff.
    #[command(flatten)]
    pub staff: Staff,
    /// What is asked for and kept of people.
    #[command(flatten)]
    pub privacy: Privacy,
    /// The limits.
    #[command(flatten)]
    pub limits: Limits,
    /// The limits of what goes on at once.
    #[command(flatten)]
    pub bounds: Bounds,
}

/// `yizhen seed`.
#[derive(Args, Debug)]
pub struct Seed {
    /// The data.
    #[command(flatten)]
    pub data: Data,
    /// Demo content. Without it: the sites of CITY_FILE and their windows of the coming two weeks.
    #[arg(long)]
    pub demo: bool,
    /// Demo only, for measuring beside a full database: so many more invented people, once. Stop the service first.
    #[arg(long, value_name = "N", requires = "demo", value_parser = clap::value_parser!(u64).range(1..))]
    pub people: Option<u64>,
    /// Their bookings of the past months, at most three each. Without it: two each.
    #[arg(long, value_name = "N", requires = "people")]
    pub bookings: Option<u64>,
    /// The demo.
    #[command(flatten)]
    pub play: Demo,
}

/// `yizhen ledger …`.
#[derive(Subcommand, Debug)]
pub enum LedgerCommand {
    /// Prove it: count everything in one snapshot and name each row that does not fit. It changes nothing, and may run beside a service.
    Check(Data),
}

/// `yizhen audit …`.
#[derive(Subcommand, Debug)]
pub enum AuditCommand {
    /// Prove it: hold every row, link and checkpoint against each other, and name what was changed, removed, inserted or cut off. It changes nothing, and may run beside a service.
    Verify(Data),
}

/// What the command line asked for.
#[derive(Debug)]
pub enum Asked {
    /// To do something.
    Run(Box<Cli>),
    /// To be told something: the help or the version.
    Told(String),
}

/// Reads the settings of `args` (the first is the program's name), the environment and the file.
///
/// # Errors
/// One line for the operator.
pub fn read<I>(args: I) -> Result<Asked, String>
where
    I: IntoIterator<Item: Into<OsString>>,
{
    let args: Vec<OsString> = args.into_iter().map(Into::into).collect();
    let command = file::with_defaults(Cli::command(), &args)?;
    match command.try_get_matches_from(args).and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => check(&cli).map(|()| Asked::Run(Box::new(cli))),
        Err(error) => match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
                Ok(Asked::Told(error.render().to_string().trim_end().to_owned()))
            }
            _ => Err(first_paragraph(&error.render().to_string())),
        },
    }
}

/// What must not be set together.
fn check(cli: &Cli) -> Result<(), String> {
    let Command::Serve(serve) = &cli.command else { return Ok(()) };
    if !serve.demo && !serve.limits.limits {
        return Err("YIZHEN_LIMITS=off is for load tests of the demo only; take it away, or set YIZHEN_DEMO=1".into());
    }
    if !serve.demo && serve.play.demo_clock.is_some() {
        return Err("YIZHEN_DEMO_CLOCK is for the demo only; take it away, or set YIZHEN_DEMO=1".into());
    }
    if serve.play.demo_clock.is_some_and(|clock| !(2000..2200).contains(&clock.year())) {
        return Err("YIZHEN_DEMO_CLOCK must lie between the years 2000 and 2199".into());
    }
    serve.doors.check(serve.demo, serve.public_origin.as_deref())?;
    serve.privacy.check(serve.demo)?;
    serve.sessions.check()
}

/// What went wrong, without the usage that follows it.
fn first_paragraph(text: &str) -> String {
    let lines = text.lines().take_while(|line| !line.trim().is_empty()).map(str::trim);
    lines.collect::<Vec<_>>().join(" ").trim_start_matches("error: ").to_owned()
}

fn at_least_one() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..)
}

impl Data {
    /// The database's URL.
    pub fn url(&self) -> String {
        match &self.database_url {
            Some(url) => url.clone(),
            None => format!("sqlite://{}", self.data_dir.join("yizhen.db").display()),
        }
    }

    /// Where the audit's checkpoints are written.
    pub fn audit_dir(&self) -> PathBuf {
        self.audit_dir.clone().unwrap_or_else(|| self.data_dir.join("audit"))
    }

    /// Where the keys come from.
    ///
    /// # Errors
    /// One line for the operator.
    pub fn keys(&self) -> anyhow::Result<KeySource> {
        self.keys.source(&self.data_dir).map_err(anyhow::Error::msg)
    }
}
