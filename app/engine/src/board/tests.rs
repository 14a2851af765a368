//! Whatever happens to it, in whatever order: the board tells what a board that is filled anew would tell, and so does its feed.

use std::pin::Pin;
use std::sync::LazyLock;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use domain::availability::{Availability, SiteChange, SiteSlots};
use domain::city::City;
use domain::time::hhmm;
use domain::vaccine::Vaccine;
use domain::{DateTime, Utc, Uuid};
use proptest::prelude::*;
use tokio_stream::Stream;

use super::{Board, Reader};
use crate::store::entities::{site, slot};

const SITES: [u128; 3] = [100, 101, 102];

fn now() -> DateTime<Utc> {
    "2021-05-07T00:00:00Z".parse().expect("an instant")
}

fn row(id: u128, taken: i32) -> slot::Model {
    let time = |text| hhmm::parse(text).expect("a time");
    slot::Model {
        id: Uuid::from_u128(id),
        site_id: Uuid::from_u128(100),
        vaccine_id: "vero".into(),
        date: "2021-05-08".parse().expect("a date"),
        start_time: time("08:30"),
        end_time: time("09:00"),
        capacity: 5,
        taken,
        opens_at: now(),
        closed: false,
        version: taken + 1,
        changed_at: now(),
    }
}

fn sites() -> Vec<site::Model> {
    let site = |(position, id): (i32, u128)| site::Model {
        id: Uuid::from_u128(id),
        position,
        name: format!("{id}号"),
        name_en: format!("No. {id}"),
        county: "431103".into(),
        address: "路".into(),
        phone: "1".into(),
    };
    (0..).zip(SITES).map(site).collect()
}

fn vaccines() -> Vec<Vaccine> {
    static READ: LazyLock<Vec<Vaccine>> = LazyLock::new(|| crate::CityFile::yongzhou().vaccines);
    READ.clone()
}

fn filled(slots: Vec<slot::Model>, now: DateTime<Utc>) -> Board {
    let city = City {
        name: "永州".into(),
        name_en: "Yongzhou".into(),
        hotline: "0746".into(),
        from_age: 18,
        reminder_at: domain::message::REMINDER_AT,
        divisions: vec![],
    };
    let board = Board::new(city, now);
    board.fill(sites(), vaccines(), slots, now);
    board
}

fn board() -> Board {
    filled(vec![row(1, 0), row(2, 0)], now())
}

/// A round of the keeper, at a time at which events may be sent.
async fn made(board: &Board) {
    let due = board.lock().events_due().unwrap_or_else(Instant::now);
    board.make(due).await;
}

fn overview(board: &Board) -> Availability {
    serde_json::from_slice(&board.overview().body).expect("JSON")
}

fn windows(board: &Board, id: u128) -> SiteSlots {
    serde_json::from_slice(&board.site(Uuid::from_u128(id)).expect("a site").body).expect("JSON")
}

fn remaining(board: &Board) -> u32 {
    overview(board).sites[0].remaining()
}

/// What the feed has ready for a reader: ids and data.
fn heard(reader: &mut Reader) -> Vec<(u64, String)> {
    let mut text = String::new();
    let mut context = Context::from_waker(Waker::noop());
    while let Poll::Ready(piece) = Pin::new(&mut *reader).poll_next(&mut context) {
        text.push_str(core::str::from_utf8(&piece.expect("it never ends")).expect("text"));
    }
    let event = |event: &str| {
        let (id, data) = event.split_once('\n').expect("two lines");
        let id = id.strip_prefix("id: ").expect("an id").parse().expect("a version");
        (id, data.strip_prefix("data: ").expect("data").to_owned())
    };
    text.split_terminator("\n\n").map(event).collect()
}

fn changes(reader: &mut Reader) -> Vec<SiteChange> {
    heard(reader).iter().map(|(_, data)| serde_json::from_str(data).expect("a change")).collect()
}

fn versions(board: &Board, after: u64) -> Vec<u64> {
    heard(&mut board.subscribe(None, Some(after)).expect("a feed")).into_iter().map(|(id, _)| id).collect()
}

#[tokio::test]
async fn a_change_shows_in_the_bytes_and_in_the_feed() {
    let board = board();
    let before = board.overview().etag.clone();
    let mut feed = board.subscribe(None, None).expect("a feed");
    assert!(!board.apply([row(1, 2)], now()));
    made(&board).await;
    assert_eq!(remaining(&board), 8);
    assert_ne!(board.overview().etag, before);
    let change = changes(&mut feed).remove(0);
    assert_eq!((change.slots[0].remaining, change.days[0].remaining), (3, 8));
}

#[tokio::test]
async fn the_keeper_makes_what_it_hears_of_and_says_when_it_has() {
    let board = board();
    tokio::select! {
        () = board.keep() => unreachable!("it never ends"),
        () = async {
            for taken in 1..=5 {
                board.apply([row(1, taken)], now());
                board.settled().await;
                assert_eq!(remaining(&board), 10 - u32::try_from(taken).expect("small"));
            }
        } => {}
    }
}

#[tokio::test]
async fn many_changes_of_a_moment_are_one_event_with_the_newest_state() {
    let board = board();
    let (mut all, mut one) = (board.subscribe(None, None).expect("a feed"), board.subscribe(Some(Uuid::from_u128(100)), None));
    let mut other = board.subscribe(Some(Uuid::from_u128(101)), None).expect("a feed");
    for taken in 1..=4 {
        board.apply([row(1, taken), row(2, 5 - taken)], now());
    }
    made(&board).await;
    let heard = changes(&mut all);
    assert_eq!(heard.len(), 1);
    assert_eq!(heard[0].slots.iter().map(|slot| slot.remaining).collect::<Vec<_>>(), [1, 1]);
    assert_eq!(changes(one.as_mut().expect("a feed")), heard);
    assert_eq!(changes(&mut other), []);
}

#[tokio::test]
async fn events_of_a_rush_come_a_few_times_a_second_and_the_bytes_sooner() {
    let board = board();
    let mut feed = board.subscribe(None, None).expect("a feed");
    let start = Instant::now();
    for (taken, after_ms, events, left) in [(1, 0, 1, 9), (2, 50, 0, 8), (3, 150, 0, 7), (4, 200, 1, 6)] {
        board.apply([row(1, taken)], now());
        board.make(start + Duration::from_millis(after_ms)).await;
        assert_eq!((heard(&mut feed).len(), remaining(&board)), (events, left), "after {after_ms} ms");
    }
}

#[tokio::test]
async fn a_reader_who_was_cut_off_catches_up_or_starts_again() {
    let board = board();
    board.apply([row(1, 1)], now());
    made(&board).await;
    let seen = overview(&board).version;
    let mut told = vec![];
    for row in [row(1, 2), row(2, 1)] {
        board.apply([row], now());
        made(&board).await;
        told.push(overview(&board).version - 1);
    }
    assert_eq!(versions(&board, seen), told);
    assert_eq!(versions(&board, told[0]), told[1..]);
    assert!(versions(&board, told[1]).is_empty());
    assert!(versions(&board, overview(&board).version).is_empty(), "bytes have versions of their own");
    for lost in [3, u64::MAX] {
        let heard = heard(&mut board.subscribe(None, Some(lost)).expect("a feed"));
        assert_eq!(heard, [(told[1], "{\"start_again\":true}".to_owned())], "{lost}");
    }
}

#[tokio::test]
async fn a_reader_who_is_cut_in_the_middle_of_a_piece_gets_the_rest_of_it() {
    let board = board();
    let at = |site, mut row: slot::Model| {
        row.site_id = Uuid::from_u128(site);
        row
    };
    let before = overview(&board).version;
    board.apply([row(1, 1), at(101, row(3, 0)), at(102, row(4, 0))], now());
    made(&board).await;
    assert_eq!(versions(&board, before), [before + 1, before + 2, before + 3]);
    assert_eq!(versions(&board, before + 1), [before + 2, before + 3]);
}

#[tokio::test]
async fn a_reader_who_falls_behind_what_is_remembered_starts_again() {
    let board = board();
    let (mut slow, mut quick) =
        (board.subscribe(Some(Uuid::from_u128(100)), None), board.subscribe(Some(Uuid::from_u128(100)), None));
    let (slow, quick) = (slow.as_mut().expect("a feed"), quick.as_mut().expect("a feed"));
    // enough for more than a site remembers
    let rounds = super::REMEMBERED_OF_A_SITE / 300;
    for version in 1..=i32::try_from(rounds).expect("small") {
        board.apply([slot::Model { version: version + 1, ..row(1, version % 5) }], now());
        made(&board).await;
        assert_eq!(changes(quick).len(), 1);
    }
    assert_eq!(heard(slow).iter().map(|(_, data)| data.as_str()).collect::<Vec<_>>(), ["{\"start_again\":true}"]);
    board.apply([slot::Model { version: i32::MAX, ..row(1, 5) }], now());
    made(&board).await;
    assert_eq!(changes(slow).len(), 1, "and goes on from there");
}

#[test]
fn content_that_is_replaced_lets_every_reader_start_again() {
    let board = board();
    let mut all = board.subscribe(None, None).expect("a feed");
    let mut one = board.subscribe(Some(Uuid::from_u128(100)), None).expect("a feed");
    board.fill(sites(), vaccines(), vec![row(1, 1)], now());
    assert_eq!(remaining(&board), 4, "and the bytes are there already");
    for reader in [&mut all, &mut one] {
        assert_eq!(heard(reader).iter().map(|(_, data)| data.as_str()).collect::<Vec<_>>(), ["{\"start_again\":true}"]);
    }
}

#[tokio::test]
async fn a_feed_that_is_ended_ends_for_everybody_also_for_who_comes_then() {
    let board = board();
    let early = [board.subscribe(None, None), board.subscribe(Some(Uuid::from_u128(100)), None)];
    board.end_feed();
    for reader in early.into_iter().chain([board.subscribe(None, Some(1))]) {
        let mut reader = reader.expect("a feed");
        assert!(tokio_stream::StreamExt::next(&mut reader).await.is_none());
    }
}

#[tokio::test]
async fn nothing_changes_where_nothing_changed() {
    let board = board();
    let etag = board.overview().etag.clone();
    board.apply([row(1, 0)], now());
    board.tick(now());
    made(&board).await;
    assert_eq!(board.overview().etag, etag);
    assert!(!board.lock().is_pending());
}

#[test]
fn a_site_that_the_board_does_not_know_is_told() {
    let board = board();
    assert!(board.apply([slot::Model { site_id: Uuid::from_u128(7), ..row(9, 0) }], now()));
    assert_eq!(board.behind(&[(Uuid::from_u128(1), 1), (Uuid::from_u128(2), 2), (Uuid::from_u128(9), 1)]).len(), 2);
}

#[tokio::test]
async fn a_window_that_begins_is_no_longer_open() {
    let board = board();
    board.tick("2021-05-08T00:30:00Z".parse().expect("an instant"));
    made(&board).await;
    assert_eq!(remaining(&board), 0);
}

#[test]
fn the_compressed_bytes_say_the_same() {
    let ready = board().overview();
    let mut plain = Vec::new();
    brotli::BrotliDecompress(&mut &ready.brotli()[..], &mut plain).expect("brotli");
    assert_eq!(plain, ready.body);
}

#[tokio::test]
async fn a_sites_bytes_never_go_back_and_never_share_a_tag() {
    let board = board();
    let id = Uuid::from_u128(100);
    let mut seen: Vec<(u64, bytes::Bytes)> = vec![];
    for taken in 1..=5 {
        // read before and after the change, made with and without readers
        for read in [true, false, true] {
            if read {
                let ready = board.site(id).expect("a site");
                let (version, body) = (ready.version, ready.body.clone());
                assert!(seen.last().is_none_or(|(before, old)| *before < version || (*before == version && *old == body)));
                seen.push((version, body));
            } else {
                board.apply([row(1, taken)], now());
            }
        }
        made(&board).await;
        if taken % 2 == 0 {
            board.apply([slot::Model { version: 100 + taken, ..row(2, taken) }], now());
            made(&board).await;
            made(&board).await;
        }
    }
    assert_eq!(windows(&board, 100).slots.iter().find(|slot| slot.id == Uuid::from_u128(1)).map(|slot| slot.remaining), Some(0));
}

/// What may happen to a board.
#[derive(Clone, Debug)]
enum Deed {
    /// A slot's row as it was committed: which, where, when, how many are taken, released after so many hours, closed.
    Commit(Vec<(u8, i32, u8, bool)>),
    /// The keeper comes by.
    Make,
    /// So many minutes pass, or the clock is set back.
    Pass(i64),
    /// Somebody reads a site.
    Look(usize),
    /// The reader of the feed listens.
    Listen,
    /// Everything is read again.
    Refill,
}

fn deed() -> impl Strategy<Value = Deed> {
    let row = (0u8..24, 0i32..=5, 0u8..40, any::<bool>());
    prop_oneof![
        6 => proptest::collection::vec(row, 1..12).prop_map(Deed::Commit),
        4 => Just(Deed::Make),
        3 => (-60i64..1500).prop_map(Deed::Pass),
        3 => (0..SITES.len()).prop_map(Deed::Look),
        3 => Just(Deed::Listen),
        1 => Just(Deed::Refill),
    ]
}

/// The row of a number: 24 slots on three sites and two days, of two vaccines.
fn numbered(number: u8, version: i32, taken: i32, release_h: u8, closed: bool) -> slot::Model {
    let n = i64::from(number);
    let start = chrono::NaiveTime::from_hms_opt(8 + u32::from(number) / 6, 0, 0).expect("a time");
    slot::Model {
        id: Uuid::from_u128(1000 + u128::from(number)),
        site_id: Uuid::from_u128(SITES[usize::from(number) % 3]),
        vaccine_id: vaccines()[usize::from(number) % 2].id.clone(),
        date: now().date_naive() + chrono::Duration::days(n % 2),
        start_time: start,
        end_time: start + chrono::Duration::minutes(30),
        capacity: 5,
        taken,
        opens_at: now() + chrono::Duration::hours(i64::from(release_h)),
        closed,
        version,
        changed_at: now(),
    }
}

/// A page that follows the feed as the browser does.
struct Page {
    overview: Availability,
    windows: Vec<SiteSlots>,
    feed: Reader,
}

impl Page {
    fn open(board: &Board) -> Self {
        // the sites first: their feed, the same as that of all, begins after the older of the two
        let windows: Vec<_> = SITES.iter().map(|id| windows(board, *id)).collect();
        let overview = overview(board);
        let oldest = windows.iter().map(|site| site.version).chain([overview.version]).min();
        Self { overview, windows, feed: board.subscribe(None, oldest).expect("a feed") }
    }

    fn listen(&mut self, board: &Board) {
        for (_, data) in heard(&mut self.feed) {
            match serde_json::from_str::<SiteChange>(&data) {
                Ok(change) => {
                    let place = SITES.iter().position(|id| Uuid::from_u128(*id) == change.site_id).expect("a site");
                    change.update_slots(&mut self.windows[place].slots);
                    change.update_days(&mut self.overview.sites[place].days);
                }
                Err(_) => {
                    *self = Self::open(board);
                    return self.listen(board);
                }
            }
        }
    }
}

fn same(mut a: Availability, mut b: Availability) -> Result<(), TestCaseError> {
    (a.version, b.version) = (0, 0);
    for overview in [&mut a, &mut b] {
        // a page is not told by events which vaccines a new window brings
        overview.sites.iter_mut().for_each(|site| site.vaccine_ids.clear());
    }
    prop_assert_eq!(a, b);
    Ok(())
}

fn sorted(mut site: SiteSlots) -> Vec<domain::slot::Slot> {
    site.slots.sort_by(|a, b| (a.window.date, a.window.start, &a.vaccine_id).cmp(&(b.window.date, b.window.start, &b.vaccine_id)));
    site.slots
}

proptest! {
    #[test]
    fn whatever_happens_the_board_and_its_feed_tell_what_a_new_board_would(deeds in proptest::collection::vec(deed(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let mut rows: std::collections::BTreeMap<u8, slot::Model> = Default::default();
        let mut now = now();
        let board = filled(vec![], now);
        let mut page = Page::open(&board);
        let mut version = 0;
        for deed in deeds {
            match deed {
                Deed::Commit(batch) => {
                    let mut batch: Vec<_> = batch.into_iter().map(|(number, taken, release_h, closed)| {
                        version += 1;
                        let row = numbered(number, version, taken, release_h, closed);
                        rows.insert(number, row.clone());
                        row
                    }).collect();
                    // another process's rows may come late, and twice
                    if version % 3 == 0 {
                        batch.reverse();
                    }
                    board.apply(batch.clone(), now);
                    board.apply(batch, now);
                }
                Deed::Make => runtime.block_on(made(&board)),
                Deed::Pass(minutes) => {
                    let later = now + chrono::Duration::minutes(minutes);
                    // a clock that is set back over midnight is not told from a new day
                    if minutes >= 0 || domain::time::civil(later).date() == domain::time::civil(now).date() {
                        now = later;
                    }
                    board.tick(now);
                }
                Deed::Look(place) => drop(board.site(Uuid::from_u128(SITES[place]))),
                Deed::Listen => page.listen(&board),
                Deed::Refill => {
                    let today = domain::time::civil(now).date();
                    board.fill(sites(), vaccines(), rows.values().filter(|row| row.date >= today).cloned().collect(), now);
                }
            }
        }
        board.tick(now);
        runtime.block_on(made(&board));
        page.listen(&board);
        let today = domain::time::civil(now).date();
        let new = filled(rows.into_values().filter(|row| row.date >= today).collect(), now);
        let shown = |board: &Board| (overview(board).sites, overview(board).today);
        prop_assert_eq!(shown(&board), shown(&new));
        same(page.overview, overview(&new))?;
        for (id, seen) in SITES.into_iter().zip(page.windows) {
            prop_assert_eq!(&windows(&board, id).slots, &windows(&new, id).slots);
            prop_assert_eq!(sorted(seen), windows(&new, id).slots);
        }
    }
}
