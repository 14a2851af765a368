//! A small city with two sites, and the people who use it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use domain::access::Role;
use domain::booking::{Booking, Consent, Move, Reserve};
use domain::error::Result;
use domain::person::{Person, Relation};
use domain::screening::Screening;
use domain::staff::StaffSignIn;
use domain::time::{Clock, plus_days};
use domain::{NaiveDate, Uuid};
use engine::city_file::{Session, SiteEntry};
use engine::keys::{FILE_NAME, KeySource};
use engine::sms::DemoInbox;
use engine::{
    AuditReport, Citizen, CityFile, Config, Engine, Limits, NewStaff, OpenError, Retention, SensitiveConsent, Sessions, Staff,
    StaffRules, Whence,
};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, FromQueryResult, Statement, Value};

use super::{Kind, Seeded, SteppedClock, draft, postgres};

/// Monday, 2 March 2026, eight in the morning in the city.
pub const MORNING: &str = "2026-03-02T00:00:00Z";

/// A city of a test's own.
pub struct TestCity {
    pub kind: Kind,
    pub engine: Engine,
    pub clock: Arc<SteppedClock>,
    pub url: String,
    /// For looking at rows behind the engine's back.
    pub db: DatabaseConnection,
    pub dir: tempfile::TempDir,
    people: AtomicU32,
}

/// A citizen with themselves in their list.
pub struct Guest {
    pub citizen: Citizen,
    pub person: Person,
}

impl TestCity {
    /// Two sites, open for two weeks from today.
    pub async fn new(kind: Kind) -> Self {
        let city = Self::empty(kind, Limits::default()).await;
        city.engine.write_schedule().await.expect("the schedule is written");
        city
    }

    /// Two sites in the city file, nothing in the database.
    pub async fn empty(kind: Kind, limits: Limits) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let url = match kind {
            Kind::Sqlite => format!("sqlite://{}/yizhen.sqlite", dir.path().display()),
            Kind::Postgres => postgres::database().await,
        };
        let clock = Arc::new(SteppedClock::at(MORNING));
        let config = Self::config(&url, dir.path(), &clock, limits);
        let engine = Engine::open(config).await.expect("the engine opens");
        let mut options = ConnectOptions::new(url.clone());
        options.max_connections(1).sqlx_logging(false);
        let db = Database::connect(options).await.expect("a second connection");
        Self { kind, engine, clock, url, db, dir, people: AtomicU32::new(1) }
    }

    fn config(url: &str, dir: &std::path::Path, clock: &Arc<SteppedClock>, limits: Limits) -> Config {
        Config {
            database_url: url.to_owned(),
            data_dir: dir.to_owned(),
            keys: KeySource::File(dir.join(FILE_NAME)),
            audit_dir: dir.join("audit"),
            messages: engine::MessageTimes::default(),
            link: "https://yizhen.example/m".into(),
            city: city_file(),
            demo: true,
            limits,
            sessions: Sessions::default(),
            // asked for where it is tested: the clock of most tests leaps over hours
            staff: StaffRules { lock_after: None, second_factor: vec![] },
            sensitive_consent: SensitiveConsent::Asked,
            retention: Retention::default(),
            gateways: vec![Arc::new(DemoInbox::default())],
            clock: clock.clone(),
            entropy: Arc::new(Seeded::new(url)),
        }
    }

    /// What the engine was opened with, with other randomness, for another process on the same database.
    pub fn another_config(&self) -> Config {
        let config = Self::config(&self.url, self.dir.path(), &self.clock, Limits::default());
        Config { entropy: Arc::new(Seeded::new("another process")), ..config }
    }

    /// Another process on the same database and keys.
    pub async fn another_process(&self) -> core::result::Result<Engine, OpenError> {
        Engine::open(self.another_config()).await
    }

    pub fn today(&self) -> NaiveDate {
        self.clock.today()
    }

    pub fn day(&self, ahead: u32) -> NaiveDate {
        plus_days(self.today(), ahead)
    }

    /// The window that begins at `start`, `ahead` days from today.
    pub fn slot(&self, site: &str, vaccine: &str, ahead: u32, start: &str) -> Uuid {
        self.slot_on(site, vaccine, self.day(ahead), start)
    }

    pub fn slot_on(&self, site: &str, vaccine: &str, date: NaiveDate, start: &str) -> Uuid {
        let start = domain::time::hhmm::parse(start).expect("HH:MM");
        let slots = city_file().site(site).expect("a site").slots(date);
        slots.into_iter().find(|slot| slot.vaccine_id == vaccine && slot.window.start == start).expect("such a window").id
    }

    pub fn site(&self, key: &str) -> Uuid {
        city_file().site(key).expect("a site").id()
    }

    /// Signs in by a code from the inbox.
    pub async fn citizen(&self, phone: &str) -> Citizen {
        self.engine.send_code(phone, None, &Whence::default()).await.expect("a code is sent");
        let code = self.code_sent_to(phone).await;
        let (_, token) = self.engine.sign_in(phone, &code, &Whence::default(), None).await.expect("the code signs in");
        self.engine.citizen(&token).await.expect("the token is a citizen's")
    }

    /// The same, for the session's token. `old`: of the session that comes along.
    pub async fn token(&self, phone: &str, old: Option<&str>) -> String {
        self.engine.send_code(phone, None, &Whence::default()).await.expect("a code is sent");
        let code = self.code_sent_to(phone).await;
        self.engine.sign_in(phone, &code, &Whence::default(), old).await.expect("the code signs in").1
    }

    /// The last code that was sent to a phone.
    pub async fn code_sent_to(&self, phone: &str) -> String {
        let messages = self.engine.demo_messages(Some(phone)).await.expect("the inbox");
        let code = messages.iter().find(|message| message.kind.is_code());
        let text = &code.expect("a code").text;
        text.split(|sign: char| !sign.is_ascii_digit()).find(|digits| digits.len() == 6).expect("six digits").to_owned()
    }

    /// Somebody new with a phone of their own.
    pub async fn guest(&self) -> Guest {
        let n = self.next();
        let phone = format!("1380{n:07}");
        let citizen = self.citizen(&phone).await;
        let person = self.engine.save_person(&citizen, draft(Relation::Myself, n)).await.expect("a person");
        Guest { citizen, person }
    }

    /// A number that no other person of this test has.
    pub fn next(&self) -> u32 {
        self.people.fetch_add(1, Ordering::Relaxed)
    }

    /// A member of staff, signed in.
    pub async fn staff(&self, username: &str, role: Role, site: &str) -> Staff {
        let new = NewStaff {
            username: username.into(),
            name: format!("{username} of {site}"),
            role,
            sites: vec![self.site(site)],
            password: "correct horse".into(),
        };
        self.engine.staff_add(new).await.expect("added");
        let token = self.staff_token(username).await;
        self.engine.staff(&token).await.expect("the token is theirs")
    }

    /// Signs a member of staff in by the password that they were added with.
    pub async fn staff_token(&self, username: &str) -> String {
        self.engine.staff_sign_in(&StaffSignIn::new(username, "correct horse"), None).await.expect("signs in").1
    }

    /// The same city in another process, with other rules for staff.
    pub async fn with_rules(&self, staff: StaffRules) -> Engine {
        Engine::open(Config { staff, ..self.another_config() }).await.expect("opens")
    }

    /// What a first booking asks for.
    pub fn request(&self, person: &Person, slot_id: Uuid, dose: u8) -> Reserve {
        Reserve {
            request_id: self.engine_id(),
            person_id: person.id,
            slot_id,
            dose,
            previous_dose_on: None,
            screening: Screening::default(),
            consent: Consent { version: self.engine.notice().version.clone() },
        }
    }

    pub async fn book(&self, guest: &Guest, slot_id: Uuid, dose: u8) -> Result<Booking> {
        self.engine.reserve(&guest.citizen, self.request(&guest.person, slot_id, dose)).await
    }

    pub async fn move_to(&self, guest: &Guest, booking: &Booking, slot_id: Uuid) -> Result<Booking> {
        let to = Move { request_id: self.engine_id(), code: booking.code.to_string(), slot_id };
        self.engine.move_booking(&guest.citizen, to).await
    }

    /// An id that no other request of this test has.
    pub fn engine_id(&self) -> Uuid {
        Uuid::from_u128(0x1000_0000 + u128::from(self.next()))
    }

    /// Changes rows behind the engine's back.
    pub async fn execute(&self, sql: &str, values: impl IntoIterator<Item = Value>) {
        let done = self.db.execute_raw(self.statement(sql, values)).await.expect(sql);
        assert!(done.rows_affected() > 0, "nothing changed: {sql}");
    }

    /// Tries to change rows behind the engine's back.
    pub async fn try_execute(&self, sql: &str) -> core::result::Result<(), sea_orm::DbErr> {
        self.db.execute_unprepared(sql).await.map(|_| ())
    }

    /// The only value of the only row.
    pub async fn count(&self, sql: &str) -> i64 {
        #[derive(FromQueryResult)]
        struct Count {
            n: i64,
        }
        let sql = format!("SELECT ({sql}) AS n");
        Count::find_by_statement(self.statement(&sql, [])).one(&self.db).await.expect(&sql).expect("a row").n
    }

    /// The only id of the only row.
    pub async fn id(&self, sql: &str) -> Uuid {
        let row = self.db.query_one_raw(self.statement(sql, [])).await.expect(sql).expect("a row");
        row.try_get_by_index(0).expect(sql)
    }

    /// The first column of every row, as text.
    pub async fn column(&self, sql: &str) -> Vec<String> {
        let rows = self.db.query_all_raw(self.statement(sql, [])).await.expect(sql);
        rows.into_iter().map(|row| row.try_get_by_index(0).expect(sql)).collect()
    }

    fn statement(&self, sql: &str, values: impl IntoIterator<Item = Value>) -> Statement {
        // both engines read $1
        Statement::from_sql_and_values(self.db.get_database_backend(), sql, values)
    }

    /// Gives a slot another number of places.
    pub async fn set_capacity(&self, slot_id: Uuid, capacity: i32) {
        self.execute("UPDATE slots SET capacity = $1, version = version + 1 WHERE id = $2", [capacity.into(), slot_id.into()])
            .await;
    }

    /// The same window on another day, which may lie beyond the schedule.
    pub async fn copy_slot(&self, like: Uuid, date: NaiveDate) -> Uuid {
        let slot = self.engine_id();
        let copy = "INSERT INTO slots (id, site_id, vaccine_id, date, start_time, end_time, capacity, opens_at, changed_at) \
                    SELECT $1, site_id, vaccine_id, $2, start_time, end_time, capacity, opens_at, changed_at FROM slots WHERE id = $3";
        self.execute(copy, [slot.into(), date.into(), like.into()]).await;
        slot
    }

    /// The ledger: whatever was done, it adds up; and the audit is as it was written.
    pub async fn assert_balanced(&self) {
        let ledger = self.engine.ledger().await.expect("the ledger is read");
        assert_eq!(ledger.broken, [], "the ledger does not balance");
        self.engine.sign_audit().await.expect("sealed and signed");
        let report = self.verify_audit().await;
        assert_eq!(report.findings, [], "the audit is not as it was written");
        assert_eq!(report.waiting, 0, "not all is sealed");
    }

    /// What `yizhen audit verify` finds.
    pub async fn verify_audit(&self) -> AuditReport {
        let keys = KeySource::File(self.dir.path().join(FILE_NAME));
        Engine::verify_audit(&self.url, &keys, &self.dir.path().join("audit")).await.expect("the audit is read")
    }

    /// How many places of a slot are taken.
    pub async fn taken(&self, slot_id: Uuid) -> i64 {
        self.places(slot_id).await.1.into()
    }

    /// How many places a slot has, and how many are taken.
    pub async fn places(&self, slot_id: Uuid) -> (u32, u32) {
        let sql = "SELECT capacity, taken FROM slots WHERE id = $1";
        let row = self.db.query_one_raw(self.statement(sql, [slot_id.into()])).await.expect("reads").expect("the slot");
        let number = |at| u32::try_from(row.try_get_by_index::<i32>(at).expect("a number")).expect("not negative");
        (number(0), number(1))
    }

    /// Everything that the database keeps, as raw bytes: SQLite's files, PostgreSQL's dump.
    pub async fn raw_bytes(&self) -> Vec<u8> {
        match self.kind {
            Kind::Postgres => {
                let url = self.url.clone();
                tokio::task::spawn_blocking(move || postgres::dump(&url)).await.expect("dumped")
            }
            Kind::Sqlite => {
                let files = std::fs::read_dir(self.dir.path()).expect("the directory").flatten().map(|entry| entry.path());
                let files =
                    files.filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("yizhen.sqlite")));
                files.flat_map(|path| std::fs::read(path).expect("readable")).collect()
            }
        }
    }
}

/// Yongzhou's rules with two sites: windows of half an hour, ten places each.
fn city_file() -> CityFile {
    let session = |vaccine: &str, hours: &str| Session {
        vaccine: vaccine.into(),
        hours: vec![serde_json::from_value(hours.into()).expect("hours")],
        capacity: 10,
        window_minutes: 30,
        days: vec![],
        release: None,
    };
    let site = |key: &str, county: &str, name: &str, sessions| SiteEntry {
        key: key.into(),
        county: county.into(),
        name: name.into(),
        name_en: key.into(),
        address: "测试路1号".into(),
        phone: "0746-000 0000".into(),
        sessions,
    };
    let one = site(
        "one",
        "431103",
        "测试接种点一",
        vec![session("vero", "08:30-12:00"), session("cho", "14:00-16:00"), session("ad5", "16:00-17:00")],
    );
    let two = site("two", "431102", "测试接种点二", vec![session("vero", "08:30-12:00")]);
    CityFile { sites: vec![one, two], demo: None, ..CityFile::yongzhou() }
}
