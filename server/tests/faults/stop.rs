//! Told to stop at the peak: whatever was sent is answered, nothing is reset, and it ends well and in time.

use std::collections::BTreeMap;
use std::time::Duration;

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection};
use serde_json::json;

use crate::books::{Books, Row};
use crate::chance::{Chance, say};
use crate::city::{HALL, MORNING};
use crate::client::{Visitor, open_windows, reservation};
use crate::raw::{self, Raw, Reply};
use crate::service::{HANGS, Place, Service};

/// Requests under way when the signal comes, each on a connection of its own.
const REQUESTS: u32 = 300;
/// Pages that follow the feed meanwhile.
const FEEDS: usize = 50;
/// Connections that wait to be accepted when it comes.
const FRESH: usize = 100;

/// Somebody with a request ready to be sent.
struct Ready {
    person: String,
    slot: String,
    bytes: Vec<u8>,
}

#[tokio::test]
async fn told_to_stop_with_a_full_queue_it_answers_everybody() {
    let mut place = Place::sqlite();
    place.flags = ["--limit-queue", "200"].map(String::from).into();
    let mut service = place.start().await;
    let asks = prepare(&service).await;
    let mut feeds = Vec::new();
    for _ in 0..FEEDS {
        let mut feed = Raw::connect(service.address()).await.expect("connected");
        feed.send(&raw::get("/availability/feed")).await.expect("sent");
        feed.until("\r\n\r\n").await.expect("it begins");
        feeds.push(feed);
    }
    // nothing can be written while another holds the file, so everything that is asked for now is still open when the signal comes
    let holder = hold(&place.url).await;
    let mut open = send_all(&service, &asks).await;
    until("the service has read every request", || raw::unread(service.address()) == 0).await;

    service.process.signal("TERM");
    until_refused(service.address()).await;
    for feed in &mut feeds {
        assert!(feed.until_the_end().await.expect("not reset").ends_with("0\r\n\r\n"), "a feed ends as it should");
    }
    assert!(service.process.has_ended().is_none(), "it waits for what is in flight");
    // whoever loses patience changes nothing
    service.process.signal("TERM");
    let_go(holder).await;

    let replies = replies(&mut open).await;
    assert!(service.process.ended().await.success(), "it ends well");
    let booked = check(&place, &asks, &replies).await;
    say(&format!(
        "stop, full queue: {REQUESTS} requests in flight and {FEEDS} feeds: {booked} answered 200, {} answered 503, 0 reset",
        asks.len() - booked
    ));
}

#[tokio::test]
async fn told_to_stop_before_it_has_read_what_was_sent_it_answers_everybody() {
    let place = Place::sqlite();
    let mut service = place.start().await;
    let asks = prepare(&service).await;
    // most of them come on connections that were used before, some on new ones: as many as every system lets wait
    let mut open = Vec::new();
    for _ in FRESH..asks.len() {
        let mut connection = Raw::connect(service.address()).await.expect("connected");
        connection.send(&raw::get("/healthz")).await.expect("sent");
        assert_eq!(connection.reply().await.expect("an answer").status, 200);
        open.push(connection);
    }
    // it stands still while the requests and the signal arrive, and finds all of them at once
    service.process.signal("STOP");
    for _ in open.len()..asks.len() {
        open.push(Raw::connect(service.address()).await.expect("connected"));
    }
    for (connection, ask) in open.iter_mut().zip(&asks) {
        connection.send(&ask.bytes).await.expect("sent");
    }
    let unread = raw::unread(service.address());
    assert!(unread > asks.len() - FRESH, "{unread} unread");
    service.process.signal("TERM");
    service.process.signal("CONT");

    let replies = replies(&mut open).await;
    assert!(service.process.ended().await.success(), "it ends well");
    let booked = check(&place, &asks, &replies).await;
    say(&format!(
        "stop, unread: {REQUESTS} requests that nobody had read: {booked} answered 200, {} answered 503, 0 reset",
        asks.len() - booked
    ));
}

#[tokio::test]
async fn told_to_stop_during_a_start_it_ends_and_starts_the_next_time() {
    let mut chance = Chance::of("stop, start");
    let place = Place::sqlite();
    let mut well = 0;
    for _ in 0..12 {
        let mut starting = place.spawn(MORNING);
        tokio::time::sleep(Duration::from_micros(chance.below(250_000))).await;
        starting.process.signal("TERM");
        let status = starting.process.ended().await;
        // in its first moments the system ends it
        let by_the_system = std::os::unix::process::ExitStatusExt::signal(&status) == Some(15);
        assert!(status.success() || by_the_system, "{status}");
        well += usize::from(status.success());
    }
    let service = place.start().await;
    let books = Books::open(&place.url).await;
    books.balance().await;
    assert_eq!(prepare(&service).await.len(), REQUESTS as usize);
    say(&format!("stop, start: 12 starts told to stop, {well} of them by the program itself; the next start is well"));
}

/// Signs people in, each with a request that would book a place.
async fn prepare(service: &Service) -> Vec<Ready> {
    let base = &service.base;
    let windows = open_windows(base, crate::city::id(HALL)).await;
    let notice = Visitor::nobody().must(base, "notices/current", &json!({})).await;
    let notice = notice["version"].as_str().expect("a version");
    let mut ready = Vec::new();
    for account in 0..10 {
        let citizen = Visitor::citizen(base, &format!("1380000{account:04}")).await;
        for number in 0..REQUESTS / 10 {
            let number = account * REQUESTS / 10 + number;
            let person = citizen.save_person(base, number).await;
            let slot = windows[number as usize % windows.len()].0.clone();
            let body = reservation(domain::Uuid::from_u128(u128::from(number)), &person, &slot, notice);
            ready.push(Ready { person, slot, bytes: raw::call("bookings/reserve", citizen.cookie(), &body) });
        }
    }
    ready
}

/// Sends every request, each on a connection of its own. When this returns they have left.
async fn send_all(service: &Service, asks: &[Ready]) -> Vec<Raw> {
    let mut open = Vec::with_capacity(asks.len());
    for ask in asks {
        let mut connection = Raw::connect(service.address()).await.expect("connected");
        connection.send(&ask.bytes).await.expect("sent");
        open.push(connection);
    }
    open
}

async fn replies(open: &mut [Raw]) -> Vec<Reply> {
    let mut replies = Vec::with_capacity(open.len());
    for (at, connection) in open.iter_mut().enumerate() {
        replies.push(connection.reply().await.unwrap_or_else(|error| panic!("request {at} was sent and not answered: {error}")));
    }
    replies
}

/// Everybody was told the truth: what was answered with 200 is in the database, and nothing else. Gives how many were booked.
async fn check(place: &Place, asks: &[Ready], replies: &[Reply]) -> usize {
    let mut promised = BTreeMap::new();
    for (ask, reply) in asks.iter().zip(replies) {
        match reply.status {
            200 => {
                let code = reply.json()["booking"]["code"].as_str().expect("a code").to_owned();
                let row = Row { state: "booked".into(), slot: ask.slot.clone(), person: ask.person.clone(), version: 1 };
                promised.insert(code, row);
            }
            _ => assert!(reply.is_busy(), "{reply:?}"),
        }
    }
    let books = Books::open(&place.url).await;
    let mut there = books.bookings().await;
    there.retain(|_, row| asks.iter().any(|ask| ask.person == row.person));
    assert_eq!(there, promised);
    books.balance().await;
    books.close().await;
    promised.len()
}

/// Holds SQLite's write lock.
async fn hold(url: &str) -> DatabaseConnection {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    let holder = Database::connect(options).await.expect("the database opens");
    holder.execute_unprepared("BEGIN IMMEDIATE").await.expect("the lock is free");
    holder
}

async fn let_go(holder: DatabaseConnection) {
    holder.execute_unprepared("ROLLBACK").await.expect("rolled back");
    holder.close().await.expect("closed");
}

/// Waits until nobody listens any more.
async fn until_refused(address: &str) {
    let asked = async {
        while Raw::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(HANGS, asked).await.expect("new connections are refused while old ones are answered");
}

/// Waits until something is so.
async fn until(what: &str, is_so: impl Fn() -> bool) {
    let asked = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(HANGS, asked).await.unwrap_or_else(|_| panic!("not within a minute: {what}"));
}
