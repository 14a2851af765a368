//! What the engine is opened with, and why it may refuse to open.

use std::path::PathBuf;
use std::sync::Arc;

use chrono::TimeDelta;
use domain::access::Role;
use domain::session::Lasts;
use domain::time::Clock;

use crate::city_file::CityFile;
use crate::entropy::Entropy;
use crate::keys::KeySource;
use crate::sms::Gateway;
use crate::work::AskForWork;

/// What the engine is opened with.
#[derive(Clone)]
pub struct Config {
    /// `sqlite://…` or `postgres://…`.
    pub database_url: String,
    /// Where an embedded database lies, and the key file unless `keys` says otherwise.
    pub data_dir: PathBuf,
    /// Where the keys come from.
    pub keys: KeySource,
    /// Where the audit's checkpoints are written.
    pub audit_dir: PathBuf,
    /// The city, its vaccines and its notice.
    pub city: CityFile,
    /// Where "my bookings" is, as messages tell it; empty: they tell no address.
    pub link: String,
    /// How long a message is in hand, and when its gateway is asked about it.
    pub messages: MessageTimes,
    /// Demo content, and the message inbox.
    pub demo: bool,
    /// How often what may be tried.
    pub limits: Limits,
    /// How long people stay signed in.
    pub sessions: Sessions,
    /// What is asked of members of staff.
    pub staff: StaffRules,
    /// Whether nobody is written down without the separate consent to sensitive data.
    pub sensitive_consent: SensitiveConsent,
    /// How long what is kept.
    pub retention: Retention,
    /// The SMS gateways, in the order in which they are tried. Without any, messages wait in the outbox.
    pub gateways: Vec<Arc<dyn Gateway>>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The randomness.
    pub entropy: Arc<dyn Entropy>,
}

/// How long messages are in hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageTimes {
    /// How long a process has a message in hand; after that it is in doubt. Longer than twice the gateways' time-outs.
    pub lease: TimeDelta,
    /// How long after a lost answer the gateway is first asked.
    pub ask_after: TimeDelta,
}

impl Default for MessageTimes {
    /// A minute, and half of one.
    fn default() -> Self {
        Self { lease: TimeDelta::seconds(60), ask_after: TimeDelta::seconds(30) }
    }
}

/// What the separate consent to the processing of sensitive data is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SensitiveConsent {
    /// Nobody is written down without it.
    Required,
    /// The pages ask for it and it is recorded; callers that know nothing of it go on as before. For the demo.
    Asked,
}

/// How long people stay signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sessions {
    /// Citizens.
    pub citizens: Lasts,
    /// Members of staff.
    pub staff: Lasts,
}

impl Default for Sessions {
    /// Citizens: the days between booking and coming. Staff: a tablet that is signed in at eight lasts the day, but not a long break.
    fn default() -> Self {
        Self {
            citizens: Lasts { idle: TimeDelta::days(7), whole: TimeDelta::days(30) },
            staff: Lasts { idle: TimeDelta::hours(2), whole: TimeDelta::hours(12) },
        }
    }
}

/// What is asked of members of staff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaffRules {
    /// After how long without use a screen locks; nothing: never.
    pub lock_after: Option<TimeDelta>,
    /// Who must have a second factor.
    pub second_factor: Vec<Role>,
}

impl Default for StaffRules {
    /// Ten minutes: a break between two people, not a walk to lunch. A second factor for those who see more than they vaccinate.
    fn default() -> Self {
        Self { lock_after: Some(TimeDelta::minutes(10)), second_factor: vec![Role::Manager, Role::Office] }
    }
}

/// How long what is kept, in days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Bookings that are over, and whom they were for: from their day.
    pub finished_days: u32,
    /// Messages: from when they were to go.
    pub messages_days: u32,
    /// The ids of answered requests.
    pub requests_days: u32,
}

impl Default for Retention {
    /// Bookings: longer than the longest course, and a year in which somebody may ask. Messages: a month, in which a gateway is asked what became
    /// of them. Requests: nobody repeats one after that.
    fn default() -> Self {
        Self { finished_days: 400, messages_days: 30, requests_days: 30 }
    }
}

impl Retention {
    /// A dose is judged by those before it: they must be known for as long as the next one may come.
    pub(crate) fn check(self, city: &CityFile) -> Result<(), OpenError> {
        let longest = city.vaccines.iter().max_by_key(|vaccine| vaccine.longest_days());
        match longest.filter(|vaccine| vaccine.longest_days() > self.finished_days) {
            Some(vaccine) => {
                Err(OpenError::Retention { vaccine: vaccine.id.clone(), needs: vaccine.longest_days(), days: self.finished_days })
            }
            None => Ok(()),
        }
    }
}

/// How often what may be tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// `false` only for load tests in demo mode.
    pub enabled: bool,
    /// Sign-in codes a minute for a number.
    pub codes_a_minute: u32,
    /// Sign-in codes an hour for a number.
    pub codes_an_hour: u32,
    /// Sign-in codes a day for a number.
    pub codes_a_day: u32,
    /// Sign-in codes an hour for a device, whatever the numbers.
    pub codes_a_device: u32,
    /// Sign-in codes an hour for a client's address.
    pub codes_an_address: u32,
    /// Codes a minute from this process, whoever asks, beyond which devices are asked for work.
    pub codes_in_calm: u32,
    /// When devices are asked for work.
    pub ask_for_work: AskForWork,
    /// Tries for one sign-in code.
    pub tries_a_code: u32,
    /// Wrong sign-in codes an hour from a device.
    pub tries_a_device: u32,
    /// Wrong sign-in codes an hour from a client's address.
    pub tries_an_address: u32,
    /// Wrong passwords until a member of staff is locked out for a while.
    pub tries_a_password: u32,
    /// Bookings that a member of staff may look up an hour. Beyond, nurses are refused; managers and the office are only noticed.
    pub look_ups: u32,
    /// Masked values that a member of staff may have shown in full an hour.
    pub reveals: u32,
    /// People besides oneself that an account may keep.
    pub others_an_account: u32,
    /// Reservations, moves, cancellations and redemptions that may wait for the writer.
    pub queue: u32,
    /// Of these, how many one transaction takes at most. 1 is a transaction each, for comparison.
    pub batch: u32,
}

impl Default for Limits {
    /// Codes: what the country's gateways allow a number anyway. A device: a helper with a tablet, and those in the queue. An address: a town,
    /// for mobile carriers have thousands of their customers share one.
    fn default() -> Self {
        Self {
            enabled: true,
            codes_a_minute: 1,
            codes_an_hour: 5,
            codes_a_day: 10,
            codes_a_device: 30,
            codes_an_address: 10_000,
            codes_in_calm: 600,
            ask_for_work: AskForWork::WhenWarm,
            tries_a_code: 5,
            tries_a_device: 30,
            tries_an_address: 3_000,
            tries_a_password: 5,
            look_ups: 600,
            reveals: 20,
            others_an_account: 5,
            queue: 4096,
            batch: 512,
        }
    }
}

/// Why the engine does not open. Each is one line for the operator.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL is of no kind that we know.
    #[error("DATABASE_URL must begin with sqlite:// or postgres://")]
    DatabaseUrl,
    /// The data directory cannot be used.
    #[error("the data directory {path} cannot be written: {why}; choose another with DATA_DIR")]
    DataDir {
        /// Which.
        path: String,
        /// What the system says.
        why: String,
    },
    /// The database cannot be reached.
    #[error("the database cannot be opened: {0}")]
    Connect(String),
    /// The database was migrated by a newer version.
    #[error(
        "the database is newer than this program (it has the migration {0}); start the newer program, or restore the backup made before it"
    )]
    Newer(String),
    /// The system gives no thread.
    #[error("the system gives no more threads: {0}")]
    Thread(String),
    /// Migrations are pending and the caller did not want them run.
    #[error("the database needs {0} migration(s); run `yizhen migrate` first")]
    Pending(usize),
    /// A migration failed.
    #[error("a migration failed: {0}")]
    Migrate(String),
    /// The keys cannot be used.
    #[error("the keys cannot be used: {0}")]
    Keys(String),
    /// The keys are not those that this database was made with.
    #[error("{0} does not belong to this database; put there what it was made with")]
    OtherKeys(String),
    /// Doses would be forgotten before the next one may come.
    #[error(
        "KEEP_FINISHED_DAYS is {days}, but a course of {vaccine} may take {needs} days, and a dose is judged by those before it; set it to {needs} or more"
    )]
    Retention {
        /// Which vaccine.
        vaccine: String,
        /// How long its course may take.
        needs: u32,
        /// How long doses would be known.
        days: u32,
    },
    /// The demo cannot be written.
    #[error("the demo cannot be written: {0}")]
    Demo(String),
    /// The demo was asked for, but the database holds something else.
    #[error("demo content was asked for, but the database holds real content; use an empty one")]
    NotDemo,
}
