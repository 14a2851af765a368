//! P4: the overview under load, beside nginx with the same bytes; and how fresh it is, in the process that booked and in another one.

use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::load::{Latencies, Tally, poisson, run};
use crate::nginx::Nginx;
use crate::places::SCARCE_PLACES;
use crate::report::{Goal, Report};
use crate::rush::{Rush, Wish};
use crate::stage::Stage;
use crate::{Options, look, p3, proc};

/// Connections of those who look.
const LOOKERS: usize = 128;
/// How long each round lasts.
const ROUND: Duration = Duration::from_secs(4);
/// Reservations a second meanwhile: as on release day.
const RELEASE_DAY: f64 = 100_000.0 / 60.0;
/// How long freshness is watched.
const WATCH: Duration = Duration::from_secs(8);

pub(crate) async fn measure(stage: &Rc<Stage>, options: &Options, report: &mut Report) -> Result<()> {
    report.part("P4");
    let copy = stage.copy("p4").await?;
    let service = stage.serve(&copy, &[]).await?;
    let body = look::overview(service.address).await?;
    let nginx = Nginx::start(&options.dir.join("nginx"), &body, "br").await?;
    ensure!(look::overview(nginx.address).await? == body, "nginx does not serve the same bytes");
    report.note(format!("{} bytes of brotli, {LOOKERS} connections, {} s a round", body.len(), ROUND.as_secs()));

    // turn by turn, so that whatever else the machine does meets both
    let (mut ours, mut theirs) = (vec![], vec![]);
    for _ in 0..2 {
        theirs.push(round(nginx.address, nginx_cpu, &nginx).await?);
        ours.push(round(service.address, |service| service.cpu(), &service).await?);
    }
    let (ours, theirs) = (Round::mean(&ours), Round::mean(&theirs));
    report.value("nginx_alone", theirs.rate, "answers/s", None);
    report.value("overview_alone", ours.rate, "answers/s", None);
    report.ratio("alone_of_nginx", ours.rate / theirs.rate, Some(Goal::AtLeast(0.5)));
    report.value("nginx_cpu_an_answer", theirs.cpu_us, "µs", None);
    report.value("overview_cpu_an_answer", ours.cpu_us, "µs", None);

    // the whole of release day's reservations goes on beside both
    let rush = Rush::new(stage, Wish::Scarce(stage.bookers() / 10 / SCARCE_PLACES as usize), 4);
    let length = 2 * ROUND + Duration::from_secs(1);
    let booking = rush.load(service.address, p3::CONNECTIONS, poisson(RELEASE_DAY, length, 7), length);
    let looking = async {
        let theirs = round(nginx.address, nginx_cpu, &nginx).await?;
        let ours = round(service.address, |service| service.cpu(), &service).await?;
        anyhow::Ok((ours, theirs))
    };
    let (booked, looked) = tokio::join!(run(booking), looking);
    let (ours, theirs) = looked?;
    let latencies = booked.latencies(|status| status != 0);
    report.note(format!(
        "meanwhile {RELEASE_DAY:.0} reservations/s came in: {}; p50 {:.0} ms, p99 {:.0} ms",
        booked.by_status(),
        latencies.ms(50.0),
        latencies.ms(99.0)
    ));
    report.value("nginx_during_release", theirs.rate, "answers/s", None);
    report.value("overview_during_release", ours.rate, "answers/s", None);
    report.ratio("during_release_of_nginx", ours.rate / theirs.rate, Some(Goal::AtLeast(0.5)));
    nginx.stop().await?;

    let rush = Rush::new(stage, Wish::Scarce(stage.bookers() / 10 / SCARCE_PLACES as usize), 5);
    let booking = rush.load(service.address, p3::CONNECTIONS, poisson(RELEASE_DAY, WATCH, 8), WATCH);
    let (_, seen) = tokio::join!(run(booking), look::watch(stage, service.address, service.address, 2, WATCH));
    fresh(report, "one_process", &seen?, 200.0);
    service.stop().await?;
    stage.remove(copy).await
}

/// Freshness across two processes on one PostgreSQL.
pub(crate) async fn measure_two(stage: &Rc<Stage>, report: &mut Report) -> Result<()> {
    report.part("P4");
    let copy = stage.copy("p4-two").await?;
    let (one, other) = (stage.serve(&copy, &[]).await?, stage.serve(&copy, &[]).await?);
    let rush = Rush::new(stage, Wish::Scarce(100), 6);
    let booking = rush.load(one.address, p3::CONNECTIONS / 4, poisson(RELEASE_DAY / 4.0, WATCH, 9), WATCH);
    let (_, seen) = tokio::join!(run(booking), look::watch(stage, one.address, other.address, 8, WATCH));
    fresh(report, "two_processes", &seen?, 1000.0);
    one.stop().await?;
    other.stop().await?;
    stage.remove(copy).await
}

fn fresh(report: &mut Report, name: &str, seen: &Latencies, goal_ms: f64) {
    report.note(format!("{name}: {} bookings were looked for in the overview until they showed", seen.len()));
    report.value(&format!("stale_{name}_p50"), seen.ms(50.0), "ms", None);
    report.value(&format!("stale_{name}_max"), seen.max_ms(), "ms", Some(Goal::AtMost(goal_ms)));
}

/// Answers a second, and processor time of the server for one.
struct Round {
    rate: f64,
    cpu_us: f64,
}

impl Round {
    fn mean(rounds: &[Self]) -> Self {
        let of = |value: fn(&Self) -> f64| rounds.iter().map(value).sum::<f64>() / rounds.len() as f64;
        Self { rate: of(|round| round.rate), cpu_us: of(|round| round.cpu_us) }
    }
}

async fn round<S>(address: SocketAddr, cpu: impl Fn(&S) -> Duration, server: &S) -> Result<Round> {
    let before = cpu(server);
    let tallies = look::saturate(address, LOOKERS, ROUND).await?;
    let spent = cpu(server) - before;
    let answered: usize = tallies.iter().map(|tally| tally.count(200)).sum();
    let sent: usize = tallies.iter().map(|tally| tally.taken.len()).sum();
    ensure!(answered == sent, "{} looks were not answered", sent - answered);
    let took = tallies.iter().map(|tally: &Tally| tally.elapsed).max().unwrap_or(ROUND);
    Ok(Round { rate: answered as f64 / took.as_secs_f64(), cpu_us: spent.as_secs_f64() * 1e6 / answered as f64 })
}

/// Processor time of nginx's workers.
fn nginx_cpu(nginx: &Nginx) -> Duration {
    proc::children(nginx.pid()).into_iter().map(proc::cpu).sum()
}
