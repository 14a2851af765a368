//! Looking at the overview: as often as possible (P4), and how long a change takes to be seen there.

use std::io::Read;
use std::net::SocketAddr;
use std::ops::Range;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::client::{self, Connection};
use crate::crowd::intent;
use crate::load::{Arrivals, Latencies, Load, Tally, micros, run};
use crate::stage::Stage;

/// As every browser asks.
const HEADERS: &str = "accept-encoding: gzip, br\r\n";
/// Threads of the generator: as many as the machine has cores, so that it is not what limits.
const THREADS: usize = 2;

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

/// Books at one place and looks at another (or the same) until the booking shows, for so long: how long each took to show, from the moment
/// at which it was acknowledged. `turn` keeps the bookings of several rounds apart.
pub(crate) async fn watch(
    stage: &Stage,
    book_at: SocketAddr,
    look_at: SocketAddr,
    turn: Range<usize>,
    length: Duration,
) -> Result<Latencies> {
    let (mut booking, mut looking) = (Connection::to(book_at), Connection::to(look_at));
    let (mut request, mut seen) = (Vec::new(), Vec::new());
    let began = Instant::now();
    for n in turn {
        if began.elapsed() >= length {
            break;
        }
        let watched = &stage.places.watched[n % stage.places.watched.len()];
        let before = remaining(&mut looking, &watched.site_id, &watched.date).await?;
        let who = stage.bookers() + n;
        stage.crowd.reserve(&mut request, who, &watched.slot_id, intent(9, who));
        let answer = booking.send(&request).await?;
        ensure!(answer.status == 200, "a watcher was answered {} {}", answer.status, String::from_utf8_lossy(answer.body));
        let acknowledged = Instant::now();
        while remaining(&mut looking, &watched.site_id, &watched.date).await? >= before {
            ensure!(acknowledged.elapsed() < Duration::from_secs(10), "a booking does not show after 10 s");
        }
        seen.push(micros(acknowledged.elapsed()));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(Latencies::of(seen))
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
