//! Keeps the board in step: with the clock, with what other processes commit, and its bytes with its numbers.

use std::sync::Arc;
use std::time::Duration;

use domain::time::Clock;
use domain::vaccine::Vaccine;
use domain::{DateTime, NaiveDate, Utc, Uuid};
use sea_orm::{DbBackend, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use tokio::time::MissedTickBehavior;

use super::Board;
use crate::store::Store;
use crate::store::entities::{site, slot, vaccine};

/// How often the board looks at the clock and at what others committed, and how far back it looks for that.
struct Rhythm {
    every: Duration,
    back: chrono::Duration,
}

/// Several processes on several machines: well within the second that they are promised, and further back than any two machines'
/// clocks differ.
const TOGETHER: Rhythm = Rhythm { every: Duration::from_millis(400), back: chrono::Duration::seconds(10) };
/// A file has one service; what else writes into it is a command such as `yizhen seed`, by the same machine's clock.
const ALONE: Rhythm = Rhythm { every: Duration::from_secs(1), back: chrono::Duration::seconds(3) };
/// Slots that one statement asks for.
const CHUNK: usize = 1_000;

/// Everything that the board shows.
pub(crate) struct Everything {
    pub sites: Vec<site::Model>,
    pub vaccines: Vec<Vaccine>,
    pub slots: Vec<slot::Model>,
}

/// Reads everything that the board shows from `today` on.
pub(crate) async fn read_all(store: &Store, today: NaiveDate) -> Result<Everything, DbErr> {
    let db = &store.read;
    let sites = site::Entity::find().order_by_asc(site::COLUMN.position).all(db).await?;
    let rows = vaccine::Entity::find().order_by_asc(vaccine::COLUMN.position).all(db).await?;
    let vaccines = rows.iter().map(|row| {
        serde_json::from_str(&row.body).map_err(|error| DbErr::Custom(format!("the vaccine {} cannot be read: {error}", row.id)))
    });
    let vaccines = vaccines.collect::<Result<_, _>>()?;
    let slots = slot::Entity::find().filter(slot::COLUMN.date.gte(today)).all(db).await?;
    Ok(Everything { sites, vaccines, slots })
}

/// Keeps the board in step, for as long as it is polled.
pub(crate) async fn follow(store: Store, board: Arc<Board>, clock: Arc<dyn Clock>) {
    tokio::join!(board.keep(), look(&store, &board, &*clock));
}

async fn look(store: &Store, board: &Board, clock: &dyn Clock) {
    let Rhythm { every, back } = match store.read.get_database_backend() {
        DbBackend::Sqlite => ALONE,
        _ => TOGETHER,
    };
    let mut interval = tokio::time::interval_at(tokio::time::Instant::now() + every, every);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        interval.tick().await;
        let now = clock.now();
        if let Err(error) = catch_up(store, board, now - back, now).await {
            tracing::warn!(%error, "the board cannot read what others committed");
        }
        board.tick(now);
    }
}

/// Brings what was committed since an instant onto the board. What this process itself committed is there already and is not
/// read again: in a rush that is nearly all of it.
async fn catch_up(store: &Store, board: &Board, since: DateTime<Utc>, now: DateTime<Utc>) -> Result<(), DbErr> {
    let today = domain::time::civil(now).date();
    let changed: Vec<(Uuid, i32, NaiveDate)> = slot::Entity::find()
        .select_only()
        .columns([slot::Column::Id, slot::Column::Version, slot::Column::Date])
        .filter(slot::COLUMN.changed_at.gt(since))
        .into_tuple()
        .all(&store.read)
        .await?;
    let changed: Vec<_> = changed.into_iter().filter(|(.., date)| *date >= today).map(|(id, version, _)| (id, version)).collect();
    let mut strange = false;
    for ids in board.behind(&changed).chunks(CHUNK) {
        let rows = slot::Entity::find().filter(slot::COLUMN.id.is_in(ids.iter().copied())).all(&store.read).await?;
        strange |= board.apply(rows, now);
    }
    if strange {
        // another process wrote a site
        let Everything { sites, vaccines, slots } = read_all(store, today).await?;
        board.fill(sites, vaccines, slots, now);
    }
    Ok(())
}
