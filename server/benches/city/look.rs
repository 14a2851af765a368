//! Looking at the overview: as often as possible (P4), and how long a change takes to be seen there.

use std::io::Read;
use std::net::SocketAddr;
use std::ops::Range;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tokio::task::LocalSet;

use crate::client::{self, Connection};
use crate::crowd::intent;
use crate::load::{Arrivals, Latencies, Load, Tally, micros, run};
use crate::stage::Stage;

/// As every browser asks.
const HEADERS: &str = "accept-encoding: gzip, br\r\n";
/// Threads of the generator: as many as the machine has cores, so that it is not what limits.
const THREADS: usize = 2;
/// How long a watcher waits before they look again: what is measured is coarser by so much, and the service's processors are left alone.
const BETWEEN_LOOKS: Duration = Duration::from_millis(2);
/// Until then a booking must show.
const TO_SHOW: Duration = Duration::from_secs(10);

/// The bytes of the overview in brotli.
pub(crate) async fn overview(address: SocketAddr) -> Result<Vec<u8>> {
    let mut request = Vec::new();
    client::get(&mut request, "/availability", HEADERS);
    let mut connection = Connection::to(address);
    let answer = connection.send(&request).await?;
    ensure!(answer.status == 200 && answer.header("content-encoding") == Some("br"), "the overview does not come in brotli");
    Ok(answer.body.to_vec())
}

/// Gets the overview as often as `connections` can for so long: what each thread of the generator counted.
pub(crate) async fn saturate(address: SocketAddr, connections: usize, length: Duration) -> Result<Vec<Tally>> {
    let thread = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok::<_, anyhow::Error>(runtime.block_on(run(looks(address, connections / THREADS, Arrivals::Closed, length))))
    };
    let threads: Vec<_> = (0..THREADS).map(|_| tokio::task::spawn_blocking(thread)).collect();
    let mut tallies = Vec::new();
    for thread in threads {
        tallies.push(thread.await??);
    }
    Ok(tallies)
}

/// Looks at the overview.
pub(crate) fn looks(address: SocketAddr, connections: usize, arrivals: Arrivals, until: Duration) -> Load {
    let mut request = Vec::new();
    client::get(&mut request, "/availability", HEADERS);
    let ask = move |_: usize, out: &mut Vec<u8>| {
        out.clone_from(&request);
        true
    };
    Load { address, connections, arrivals, until, ask: Box::new(ask), hear: Box::new(|_, _| {}) }
}

/// Books at one service and looks at another (or the same) until the booking shows, again and again for so long: how long each took to
/// show, from the moment at which it was acknowledged. Each of the `watchers` has a site of their own.
pub(crate) async fn watch(
    stage: &Rc<Stage>,
    book_at: SocketAddr,
    look_at: SocketAddr,
    watchers: usize,
    length: Duration,
) -> Result<Latencies> {
    let all = LocalSet::new();
    let people = stage.watchers();
    let share = people.len() / watchers;
    let watching: Vec<_> = (0..watchers)
        .map(|n| {
            let (stage, turn) = (stage.clone(), people.start + n * share..people.start + (n + 1) * share);
            all.spawn_local(async move { watch_site(&stage, n, book_at, look_at, turn, length).await })
        })
        .collect();
    all.await;
    let mut seen = Vec::new();
    for one in watching {
        seen.extend(one.await??);
    }
    Ok(Latencies::of(seen))
}

async fn watch_site(
    stage: &Stage,
    site: usize,
    book_at: SocketAddr,
    look_at: SocketAddr,
    people: Range<usize>,
    length: Duration,
) -> Result<Vec<u32>> {
    let watched = stage.places.watched.get(site).context("there is a site for each watcher")?;
    let (mut booking, mut looking) = (Connection::to(book_at), Connection::to(look_at));
    let (mut request, mut seen) = (Vec::new(), Vec::new());
    let began = Instant::now();
    for who in people {
        if began.elapsed() >= length {
            break;
        }
        let before = remaining(&mut looking, &watched.site_id, &watched.date).await?;
        stage.crowd.reserve(&mut request, who, &watched.slot_id, intent(9, who));
        let answer = booking.send(&request).await?;
        ensure!(answer.status == 200, "a watcher was answered {} {}", answer.status, String::from_utf8_lossy(answer.body));
        let acknowledged = Instant::now();
        while remaining(&mut looking, &watched.site_id, &watched.date).await? >= before {
            ensure!(acknowledged.elapsed() < TO_SHOW, "a booking does not show after {} s", TO_SHOW.as_secs());
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        seen.push(micros(acknowledged.elapsed()));
    }
    Ok(seen)
}

/// Places left at a site on a day, as the overview tells in brotli.
async fn remaining(connection: &mut Connection, site_id: &str, date: &str) -> Result<u64> {
    let mut request = Vec::new();
    client::get(&mut request, "/availability", HEADERS);
    let answer = connection.send(&request).await?;
    ensure!(answer.status == 200, "the overview was answered {}", answer.status);
    let mut text = Vec::new();
    brotli::Decompressor::new(answer.body, 4096).read_to_end(&mut text)?;
    let overview: Value = serde_json::from_slice(&text)?;
    let site = overview["sites"].as_array().and_then(|sites| sites.iter().find(|site| site["id"] == site_id));
    let day = site.and_then(|site| site["days"].as_array()?.iter().find(|day| day["date"] == date));
    day.and_then(|day| day["remaining"].as_u64()).context("the overview has the site and the day")
}
