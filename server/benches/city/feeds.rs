//! P4, the feed: what an open page costs in memory, and how long it takes until the last of all open pages has heard of a booking.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::LocalSet;

use crate::client::{self, Connection};
use crate::crowd::intent;
use crate::load::{Latencies, micros};
use crate::report::Report;
use crate::stage::Stage;

/// Pages that are open.
pub(crate) const READERS: usize = 5_000;
/// Pages that open at the same time.
const OPENING: usize = 200;
/// Bookings that they hear of, one after the other.
const CHANGES: usize = 20;
/// Until then everybody must have heard.
const TO_HEAR: Duration = Duration::from_secs(10);
/// Until what the last booking led to is over.
const PAUSE: Duration = Duration::from_millis(400);

/// What the readers have in common.
#[derive(Default)]
struct Audience {
    open: Cell<usize>,
    /// The changes that each has heard.
    heard: RefCell<Vec<usize>>,
    /// The changes that have been made.
    made: Cell<usize>,
    /// How many have heard all of them.
    know: Cell<usize>,
    news: Notify,
}

pub(crate) async fn measure(stage: &Rc<Stage>, report: &mut Report) -> Result<()> {
    report.part("P4");
    let copy = stage.copy("p4-feeds").await?;
    let service = stage.serve(&copy, &[]).await?;
    let audience = Rc::new(Audience::default());
    audience.heard.borrow_mut().resize(READERS, 0);
    let all = LocalSet::new();
    let (address, people) = (service.address, stage.watchers());
    let latencies = all
        .run_until(async {
            tokio::time::sleep(PAUSE).await;
            let before = service.memory_mb().0;
            for reader in 0..READERS {
                while reader - audience.open.get() >= OPENING {
                    audience.news.notified().await;
                }
                let audience = audience.clone();
                tokio::task::spawn_local(async move {
                    if let Err(error) = listen(&audience, address, reader).await {
                        crate::report::note(&format!("reader {reader}: {error:#}"));
                    }
                });
            }
            until(&audience, "every page is open", |audience| audience.open.get() == READERS).await?;
            tokio::time::sleep(PAUSE).await;
            report.value("feed_memory_a_reader", (service.memory_mb().0 - before) * 1e3 / READERS as f64, "kB", None);

            let (watched, mut booking, mut request) = (&stage.places.watched[0], Connection::to(address), Vec::new());
            let mut latencies = Vec::new();
            for who in people.rev().take(CHANGES) {
                audience.know.set(0);
                audience.made.set(audience.made.get() + 1);
                stage.crowd.reserve(&mut request, who, &watched.slot_id, intent(8, who));
                let answer = booking.send(&request).await?;
                ensure!(answer.status == 200, "a booking was answered {}", answer.status);
                let acknowledged = Instant::now();
                until(&audience, "every page has heard", |audience| audience.know.get() == READERS).await?;
                latencies.push(micros(acknowledged.elapsed()));
                tokio::time::sleep(PAUSE).await;
            }
            anyhow::Ok(Latencies::of(latencies))
        })
        .await?;
    report.note(format!("{READERS} open feeds, {CHANGES} bookings one after the other: each page heard of each"));
    report.value("feed_last_reader_heard_p50", latencies.ms(50.0), "ms", None);
    report.value("feed_last_reader_heard_max", latencies.max_ms(), "ms", None);
    // an open feed must not hold up a stop
    service.stop().await?;
    stage.remove(copy).await
}

async fn until(audience: &Audience, what: &str, done: impl Fn(&Audience) -> bool) -> Result<()> {
    let waiting = async {
        while !done(audience) {
            audience.news.notified().await;
        }
    };
    tokio::time::timeout(TO_HEAR, waiting).await.with_context(|| format!("not so after {} s: {what}", TO_HEAR.as_secs()))
}

/// One page: opens the feed and counts what it hears.
async fn listen(audience: &Audience, address: SocketAddr, reader: usize) -> Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    let mut request = Vec::new();
    client::get(&mut request, "/availability/feed", "");
    stream.write_all(&request).await?;
    let mut piece = [0; 2048];
    let read = stream.read(&mut piece).await?;
    if !piece[..read].starts_with(b"HTTP/1.1 200") {
        bail!("the feed did not open: {}", String::from_utf8_lossy(&piece[..read.min(200)]));
    }
    audience.open.set(audience.open.get() + 1);
    audience.news.notify_one();
    loop {
        let read = stream.read(&mut piece).await?;
        if read == 0 {
            return Ok(());
        }
        let events = piece[..read].windows(6).filter(|six| six == b"data: ").count();
        let mut heard = audience.heard.borrow_mut();
        let before = heard[reader];
        heard[reader] += events;
        if before < audience.made.get() && heard[reader] >= audience.made.get() {
            audience.know.set(audience.know.get() + 1);
            audience.news.notify_one();
        }
    }
}
