//! All of Yizhen that touches the database or the outside. Native only.
//!
//! [`Engine`] is the one handle that the rest holds. Its methods take and return the types of `domain`; database rows never
//! leave this crate.

pub mod board;
pub mod city_file;
pub mod clock;
pub mod config;
pub mod doors;
pub mod entropy;
pub mod keys;
pub mod sms;
pub mod suite;
pub mod vault;
mod work;

mod accept;
mod accounts;
mod at_desk;
mod audit;
mod bookings;
mod cautions;
mod checkin;
mod closing;
mod consents;
mod demo;
mod desk;
mod entry;
mod erase;
mod error;
mod flow;
mod folder;
mod forget;
mod gather;
mod identities;
mod jobs;
mod key_check;
mod langs;
mod ledger;
mod left_over;
mod lookups;
mod lots;
mod next_dose;
mod offline;
mod outbox;
mod own_data;
mod passes_out;
mod people;
mod reseal;
mod retention;
mod reveal;
mod rotation;
mod schedule;
mod sessions;
mod shown;
mod spent;
mod staff;
mod store;
mod tallies;
mod tidy;
mod today;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use domain::city::City;
use domain::error::{Error, Result};
use domain::identity::Phone;
use domain::notice::Notice;
use domain::{DateTime, NaiveDate, Utc, Uuid};
use sea_orm::ActiveValue::Set;
use sea_orm::EntityTrait;
use sea_orm::sea_query::OnConflict;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

pub use accounts::Citizen;
pub use audit::{AuditReport, Finding, Origin};
pub use board::Board;
pub use city_file::CityFile;
pub use config::{Config, Limits, MessageTimes, OpenError, Retention, SensitiveConsent, Sessions, StaffRules};
pub use demo::{DemoStaff, MultitudeProgress, MultitudeSize};
pub use desk::DeskCounts;
pub use jobs::{Going, JobStatus, Turn};
pub use ledger::{Broken, Ledger, Row};
pub use outbox::{GatewayCounts, OutboxCounts};
pub use reseal::{Resealed, SealedRows};
pub use retention::Retained;
pub use reveal::Watched;
pub use rotation::LEAST_NOTICE;
pub use staff::{NewStaff, Staff, StaffListed};
pub use tallies::Whence;
pub use work::AskForWork;

use crate::audit::{Audit, Occasion};
use crate::desk::Desk;
use crate::error::internal;
use crate::lookups::Lookups;
use crate::outbox::Post;
use crate::reveal::Watch;
use crate::sessions::Seen;
use crate::store::Store;
use crate::store::entities::{fact, vaccine};
use crate::vault::Vault;
use crate::work::Warmth;

/// The fact that is written to see whether it can be.
const WRITE_CHECK: &str = "write-check";
/// As much as a booking writes, about: where it has room, a booking has.
const WRITE_CHECK_BYTES: usize = 32 * 1024;

/// The one handle on everything that has state. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    config: Config,
    store: Store,
    vault: Arc<Vault>,
    board: Arc<Board>,
    desk: Desk,
    lookups: Lookups,
    post: Post,
    seen: Seen,
    warmth: Warmth,
    watch: Watch,
    audit: Audit,
    /// What codes were stretched to, for tablets that work without a network.
    stretched: Arc<offline::Stretched>,
    /// Whether the ledger was found out of balance, and not in balance since.
    ledger_off: AtomicBool,
    ticker: JoinHandle<()>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.ticker.abort();
    }
}

impl Engine {
    /// Connects, brings the tables up to date, reads the keys (making them for an empty database), and fills the board.
    ///
    /// # Errors
    /// See [`OpenError`]; each is one line for the operator.
    pub async fn open(config: Config) -> core::result::Result<Self, OpenError> {
        let data_dir_failed =
            |error: std::io::Error| OpenError::DataDir { path: config.data_dir.display().to_string(), why: error.to_string() };
        folder::make(&config.data_dir).map_err(data_dir_failed)?;
        config.retention.check(&config.city)?;
        let store = Store::connect(&config.database_url).await?;
        store.migrate().await?;
        demo::refuse_unfinished(&store).await?;
        let keys = key_check::open(&config, &store).await?;
        let vault = Arc::new(Vault::new(keys, config.entropy.clone(), config.clock.clone()));
        key_check::write(&config, &store, &vault).await?;
        audit::count_before(&store, &vault).await?;
        write_vaccines(&config, &store).await?;
        let board = Arc::new(Board::new(config.city.city.clone(), config.clock.now()));
        let wake = Arc::new(Notify::new());
        let desk = Desk::start(store.clone(), board.clone(), vault.clone(), config.clock.clone(), &config.limits, wake.clone())
            .map_err(|error| OpenError::Thread(error.to_string()))?;
        let ticker = tokio::spawn(board::follow(store.clone(), board.clone(), config.clock.clone()));
        let lookups = Lookups::start(&store, &config);
        let post = Post::new(&config.gateways, wake);
        let (seen, warmth, watch, audit) = (Seen::default(), Warmth::default(), Watch::default(), Audit::default());
        let ledger_off = AtomicBool::new(false);
        let stretched = Arc::default();
        let inner =
            Inner { config, store, vault, board, desk, lookups, post, seen, warmth, watch, audit, stretched, ledger_off, ticker };
        let engine = Self { inner: Arc::new(inner) };
        engine.fill_board().await.map_err(|_| OpenError::Connect("the sites cannot be read".into()))?;
        Ok(engine)
    }

    /// Connects and brings the tables up to date, nothing else.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn migrate(database_url: &str) -> core::result::Result<(), OpenError> {
        let store = Store::connect(database_url).await?;
        let done = store.migrate().await;
        store.close().await;
        done
    }

    /// The city.
    pub fn city(&self) -> &City {
        &self.inner.config.city.city
    }

    /// The information notice in force.
    pub fn notice(&self) -> &Notice {
        &self.inner.config.city.notice
    }

    /// The present instant.
    pub fn now(&self) -> DateTime<Utc> {
        self.inner.config.clock.now()
    }

    /// The present day in the campaign's zone.
    pub fn today(&self) -> NaiveDate {
        self.inner.config.clock.today()
    }

    /// How long people stay signed in.
    pub fn sessions(&self) -> Sessions {
        self.inner.config.sessions
    }

    /// Whether demo content and the message inbox are on.
    pub fn is_demo(&self) -> bool {
        self.inner.config.demo
    }

    /// Availability in memory.
    pub fn board(&self) -> &Board {
        &self.inner.board
    }

    /// Whether the database takes what is written and the desk takes requests. It is written to: a full or read-only disk still answers.
    ///
    /// # Errors
    /// `busy`
    pub async fn ready(&self) -> Result<()> {
        // another value each time, or nothing would be written
        let value = self.now().to_rfc3339().bytes().cycle().take(WRITE_CHECK_BYTES).collect();
        let row = fact::ActiveModel { name: Set(WRITE_CHECK.to_owned()), value: Set(value) };
        let replace = OnConflict::column(fact::Column::Name).update_column(fact::Column::Value).to_owned();
        let written = fact::Entity::insert(row).on_conflict(replace).exec_without_returning(&self.store().write).await;
        if written.is_ok() && self.inner.desk.is_open() {
            return Ok(());
        }
        Err(Error::later(domain::reason::Reason::Busy, 5))
    }

    /// What the desk has done since the start.
    pub fn desk_counts(&self) -> DeskCounts {
        self.inner.desk.counts()
    }

    /// Has the system read ahead what bookings will need. Nothing waits for it.
    ///
    /// # Errors
    /// `internal`
    pub async fn warm(&self) -> Result<()> {
        self.store().warm().await.map_err(internal)
    }

    /// Answers what is queued, seals and signs the audit, and closes the database.
    pub async fn stop(&self) {
        self.inner.desk.stop().await;
        self.inner.ticker.abort();
        if self.seal_audit().await.is_err() || self.checkpoint(Occasion::Stop).await.is_err() {
            tracing::warn!("the end of the audit is sealed and signed at the next start");
        }
        self.store().close().await;
    }

    pub(crate) fn config(&self) -> &Config {
        &self.inner.config
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.inner.config.limits
    }

    pub(crate) fn store(&self) -> &Store {
        &self.inner.store
    }

    pub(crate) fn vault(&self) -> &Vault {
        &self.inner.vault
    }

    pub(crate) fn ledger_off(&self) -> &AtomicBool {
        &self.inner.ledger_off
    }

    pub(crate) fn desk(&self) -> &Desk {
        &self.inner.desk
    }

    pub(crate) fn lookups(&self) -> &Lookups {
        &self.inner.lookups
    }

    pub(crate) fn post(&self) -> &Post {
        &self.inner.post
    }

    pub(crate) fn watch(&self) -> &Watch {
        &self.inner.watch
    }

    pub(crate) fn stretched_codes(&self) -> Arc<offline::Stretched> {
        self.inner.stretched.clone()
    }

    pub(crate) fn audit(&self) -> &Audit {
        &self.inner.audit
    }

    pub(crate) fn seen(&self) -> &Seen {
        &self.inner.seen
    }

    pub(crate) fn warmth(&self) -> &Warmth {
        &self.inner.warmth
    }

    pub(crate) fn new_id(&self) -> Uuid {
        self.vault().id(self.now())
    }

    pub(crate) fn phone_hash(&self, phone: &Phone) -> Vec<u8> {
        self.vault().hash("phone", phone.as_str())
    }

    /// Reads everything that the board shows.
    pub(crate) async fn fill_board(&self) -> Result<()> {
        let board::Everything { sites, vaccines, slots } = board::read_all(self.store(), self.today()).await.map_err(internal)?;
        self.board().fill(sites, vaccines, slots, self.now());
        Ok(())
    }
}

/// The vaccines are the city file's: what it says now is what is in force.
async fn write_vaccines(config: &Config, store: &Store) -> core::result::Result<(), OpenError> {
    let failed = |error: sea_orm::DbErr| OpenError::Connect(error.to_string());
    for (position, vaccine) in (0..).zip(&config.city.vaccines) {
        let body = serde_json::to_string(vaccine).expect("the types of the contract serialise");
        let row = vaccine::ActiveModel { id: Set(vaccine.id.clone()), position: Set(position), body: Set(body) };
        let replace =
            OnConflict::column(vaccine::Column::Id).update_columns([vaccine::Column::Position, vaccine::Column::Body]).to_owned();
        vaccine::Entity::insert(row).on_conflict(replace).exec_without_returning(&store.write).await.map_err(failed)?;
    }
    Ok(())
}
