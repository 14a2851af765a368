//! What lies on the tablet: what was taken along, and what waits to be sent. No name, number or code stands there in the clear.
//!
//! Stores: `kept` with `along` (the records, sealed; public keys; who was signed in) and `keys` (what opens them, with a code, and what opens the list; taken away
//! when the screen is locked or somebody signs out), and `queue`: scan → a box that the queue's key opens.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use domain::offline::late::Late;
use domain::offline::seal::{KEY, NONCE, open, seal};
use domain::offline::take::TakeAlong;
use domain::staff::StaffMember;
use domain::{DateTime, Utc, Uuid};
use serde::{Deserialize, Serialize};
use wasm_bindgen::JsValue;

use crate::ui::dom;
use crate::ui::idb::Database;

const NAME: &str = "yizhen-staff";
const VERSION: u32 = 1;
const KEPT: &str = "kept";
const QUEUE: &str = "queue";
const ALONG: &str = "along";
const KEYS: &str = "keys";
/// What a box in the queue is sealed for.
const FOR_QUEUE: &[u8] = b"yizhen queue 1";

/// What was taken along, and by whom; without its keys as it lies on the tablet.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Along {
    pub(super) taken: TakeAlong,
    pub(super) member: StaffMember,
    /// What the server's clock is ahead of the tablet's, in milliseconds.
    pub(super) ahead_ms: i64,
}

/// The keys that are taken away by locking.
#[derive(Clone, Serialize, Deserialize)]
struct Keys {
    day: [u8; KEY],
    queue: [u8; KEY],
    #[serde(default)]
    roster: [u8; KEY],
}

/// A jab that was recorded on this tablet.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) late: Late,
    /// When the server was told of it, by the server's clock; nothing: it waits.
    pub(super) sent_at: Option<DateTime<Utc>>,
    /// The server does not take it.
    #[serde(default)]
    pub(super) refused: Option<domain::reason::Reason>,
}

/// The tablet's storage.
#[derive(Clone)]
pub(super) struct Store(Database);

type Outcome<T> = Result<T, JsValue>;

impl Store {
    pub(super) async fn open() -> Outcome<Self> {
        Ok(Self(Database::open(NAME, VERSION, &[KEPT, QUEUE]).await?))
    }

    /// Keeps what was taken along; its keys apart.
    pub(super) async fn keep(&self, along: &Along) -> Outcome<()> {
        let keys = Keys { day: along.taken.day_key, queue: along.taken.queue_key, roster: along.taken.roster_key };
        let mut bare = along.clone();
        (bare.taken.day_key, bare.taken.queue_key, bare.taken.roster_key) = ([0; KEY], [0; KEY], [0; KEY]);
        self.0.put(KEPT, ALONG, &text(&bare)?).await?;
        self.0.put(KEPT, KEYS, &text(&keys)?).await
    }

    /// What was taken along, where its keys are still here.
    pub(super) async fn kept(&self) -> Option<Along> {
        let kept = self.0.all(KEPT).await.ok()?;
        let find = |name: &str| kept.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let mut along: Along = serde_json::from_str(find(ALONG)?).ok()?;
        let keys: Keys = serde_json::from_str(find(KEYS)?).ok()?;
        (along.taken.day_key, along.taken.queue_key, along.taken.roster_key) = (keys.day, keys.queue, keys.roster);
        Some(along)
    }

    /// Takes the keys away: what is sealed stays closed until somebody signs in.
    pub(super) async fn lock(&self) -> Outcome<()> {
        self.0.delete(KEPT, &[KEYS.to_owned()]).await
    }

    /// Takes away what was taken along; what waits to be sent stays, sealed.
    pub(super) async fn forget(&self) -> Outcome<()> {
        self.0.delete(KEPT, &[KEYS.to_owned(), ALONG.to_owned()]).await
    }

    /// Writes a jab; it survives a power cut when this returns.
    pub(super) async fn put(&self, key: &[u8; KEY], entry: &Entry) -> Outcome<()> {
        let mut nonce = [0; NONCE];
        dom::window().crypto()?.get_random_values_with_u8_array(&mut nonce)?;
        let plain = text(entry)?;
        let sealed = seal(key, nonce, FOR_QUEUE, plain.as_bytes()).ok_or(JsValue::NULL)?;
        self.0.put(QUEUE, &entry.late.nonce.to_string(), &BASE64.encode(sealed)).await
    }

    /// How many jabs lie there, opened or not; and those that this key opens, by their time.
    pub(super) async fn queue(&self, key: Option<&[u8; KEY]>) -> Outcome<(usize, Vec<Entry>)> {
        let all = self.0.all(QUEUE).await?;
        let read = |sealed: &str| -> Option<Entry> {
            let plain = open(key?, FOR_QUEUE, &BASE64.decode(sealed).ok()?)?;
            serde_json::from_slice(&plain).ok()
        };
        let mut entries: Vec<Entry> = all.iter().filter_map(|(_, sealed)| read(sealed)).collect();
        entries.sort_by_key(|entry| (entry.late.at, entry.late.nonce));
        Ok((all.len(), entries))
    }

    pub(super) async fn drop_sent(&self, nonces: &[Uuid]) -> Outcome<()> {
        self.0.delete(QUEUE, &nonces.iter().map(Uuid::to_string).collect::<Vec<_>>()).await
    }
}

impl Along {
    /// The present moment by the server's clock, as well as the tablet knows.
    pub(super) fn now(&self) -> DateTime<Utc> {
        dom::now() + domain::chrono::TimeDelta::milliseconds(self.ahead_ms)
    }

    /// Whether it is still the day that it is for.
    pub(super) fn is_of_today(&self) -> bool {
        domain::time::civil(self.now()).date() == self.taken.date
    }
}

fn text(value: &impl Serialize) -> Outcome<String> {
    serde_json::to_string(value).map_err(|_| JsValue::NULL)
}
