//! Settings: what is asked of members of staff; and what the command line does with them.

use chrono::TimeDelta;
use clap::{Args, Subcommand};
use domain::access::Role;
use engine::StaffRules;

use super::Data;
use super::values;

/// What is asked of members of staff.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Staff")]
pub struct Staff {
    /// Minutes without use after which a member of staff's screen locks; 0: never.
    #[arg(long, env = "STAFF_LOCK_MINUTES", value_name = "MINUTES", default_value_t = 10, value_parser = clap::value_parser!(u32).range(0..=240), hide_env_values = true)]
    pub staff_lock_minutes: u32,
    /// Who must sign in with a second factor, such as nurse,manager,office, or none. Without it: manager,office; in the demo: none.
    #[arg(long, env = "STAFF_SECOND_FACTOR", value_name = "ROLES", value_parser = Roles::parse, hide_env_values = true)]
    pub staff_second_factor: Option<Roles>,
}

/// Some of the roles.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roles(Vec<Role>);

impl Roles {
    fn parse(text: &str) -> Result<Self, String> {
        let names = text.split(',').map(str::trim).filter(|name| !name.is_empty() && *name != "none");
        names
            .map(|name| values::role(name).map_err(|_| "say none, or some of nurse,manager,office".to_owned()))
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl Staff {
    /// As the engine takes them.
    pub fn engine(&self, demo: bool) -> StaffRules {
        let second_factor = match &self.staff_second_factor {
            Some(Roles(roles)) => roles.clone(),
            None if demo => vec![],
            None => StaffRules::default().second_factor,
        };
        let minutes = i64::from(self.staff_lock_minutes);
        StaffRules { lock_after: (minutes > 0).then(|| TimeDelta::minutes(minutes)), second_factor }
    }
}

/// `yizhen staff …`.
#[derive(Subcommand, Debug)]
pub enum StaffCommand {
    /// Add a member of staff, or give one a new name, role, sites and password. The password is read from standard input.
    Add(StaffAdd),
    /// Give a new password, and take second factor, PIN and all sessions away.
    Reset(StaffReset),
    /// Let somebody sign in no more; their sessions end at once.
    Disable(StaffNamed),
    /// Let somebody sign in again.
    Enable(StaffNamed),
    /// Everybody: role, sites, second factor, last sign-in.
    List(Data),
    /// A lost tablet: end all sessions of somebody, or of everybody at a site.
    SignOut(StaffSignOut),
}

/// `yizhen staff add`.
#[derive(Args, Debug)]
pub struct StaffAdd {
    /// The data.
    #[command(flatten)]
    pub data: Data,
    /// What they sign in with.
    #[arg(long)]
    pub username: String,
    /// What others see beside what they did.
    #[arg(long)]
    pub name: String,
    /// nurse, manager or office.
    #[arg(long, value_parser = values::role)]
    pub role: Role,
    /// Where they work: the site's id, its key in the city file, or its name; once for each. Not for the office.
    #[arg(long, value_name = "SITE")]
    pub site: Vec<String>,
    /// The password.
    #[command(flatten)]
    pub password: Password,
}

/// `yizhen staff reset`.
#[derive(Args, Debug)]
pub struct StaffReset {
    /// Who.
    #[command(flatten)]
    pub who: StaffNamed,
    /// The password.
    #[command(flatten)]
    pub password: Password,
}

/// A member of staff, by user name.
#[derive(Args, Debug)]
pub struct StaffNamed {
    /// The data.
    #[command(flatten)]
    pub data: Data,
    /// What they sign in with.
    #[arg(long)]
    pub username: String,
}

/// `yizhen staff sign-out`.
#[derive(Args, Debug)]
#[command(group = clap::ArgGroup::new("whose").required(true).args(["username", "site"]))]
pub struct StaffSignOut {
    /// The data.
    #[command(flatten)]
    pub data: Data,
    /// What they sign in with.
    #[arg(long)]
    pub username: Option<String>,
    /// Everybody who is signed in there: the site's id, its key in the city file, or its name.
    #[arg(long, value_name = "SITE")]
    pub site: Option<String>,
}

/// Where a password comes from.
#[derive(Args, Clone, Copy, Debug)]
pub struct Password {
    /// Draw the password, and print it once, instead of reading it from standard input.
    #[arg(long)]
    pub generate_password: bool,
}
