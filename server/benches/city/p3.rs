//! P3: release day. Ten want each place within a minute; then more come than can be served; then a sweep of offered loads for the plots.

use std::rc::Rc;
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::load::{Arrivals, Tally, poisson, run, scattered};
use crate::places::SCARCE_PLACES;
use crate::plot::Point;
use crate::report::{Goal, Report, note};
use crate::rush::{Rush, Wish};
use crate::service::Service;
use crate::stage::Stage;
use crate::{Options, ledger, look, p1};

/// Connections of release day: each person's browser has one, and a proxy keeps so many of them open to us.
pub(crate) const CONNECTIONS: usize = 2_000;
/// Connections when more come than can be served.
const CROWDED: usize = 8_000;
/// Offered loads of the sweep, in parts of the peak.
const SWEEP: [f64; 9] = [0.1, 0.25, 0.5, 0.7, 0.85, 1.0, 1.25, 1.6, 2.0];
/// How long each of them lasts.
const POINT: Duration = Duration::from_secs(4);

pub(crate) async fn measure(stage: &Rc<Stage>, options: &Options, report: &mut Report) -> Result<()> {
    report.part("P3");
    release_day(stage, options, report).await?;
    let peak = peak(stage, options).await?;
    report.value("peak_goodput", peak, "bookings/s", None);
    for times in [5.0, 20.0] {
        overload(stage, options, report, peak, times).await?;
    }
    report.points.clear();
    for part in SWEEP {
        let point = point(stage, peak * part).await?;
        report.points.push(point);
    }
    Ok(())
}

/// As many people as there are, a tenth as many places, one minute.
async fn release_day(stage: &Rc<Stage>, options: &Options, report: &mut Report) -> Result<()> {
    let people = stage.bookers();
    let windows = people / 10 / SCARCE_PLACES as usize;
    let places = windows * SCARCE_PLACES as usize;
    let minute = Duration::from_secs(options.minute);
    let copy = stage.copy("p3-release-day").await?;
    let service = stage.serve(&copy, &[]).await?;
    let rush = Rush::new(stage, Wish::Scarce(windows), 3);
    let booking = rush.load(service.address, CONNECTIONS, scattered(people, minute, 3), Duration::MAX);
    // everybody looks before they book
    let looking = look::looks(service.address, CONNECTIONS / 4, scattered(people, minute, 4), Duration::MAX);
    let (booked, looked) = tokio::join!(run(booking), run(looking));
    let memory = service.memory_mb().1;
    service.stop().await?;

    let acknowledged = rush.acknowledged();
    let found = ledger::check(&copy.url, &acknowledged, 0).await?;
    stage.remove(copy).await?;
    let seconds = minute.as_secs();
    report.note(format!(
        "{people} people for {places} places in {seconds} s, and each looked at the overview first; answers: {}",
        booked.by_status()
    ));
    report.note(format!("acknowledged {}, found {found}, lost 0, double 0; every slot's ledger balances", acknowledged.len()));
    report.value("sold", found as f64, "places", Some(Goal::Exactly(places as f64)));
    let told = booked.count(200) + booked.count(409);
    report.value("people_told_yes_or_no", told as f64, "people", Some(Goal::Exactly(people as f64)));
    let latencies = booked.latencies(|status| status != 0);
    report.value("reserve_p50", latencies.ms(50.0), "ms", None);
    report.value("reserve_p99", latencies.ms(99.0), "ms", Some(Goal::AtMost(250.0)));
    report.value("reserve_max", latencies.max_ms(), "ms", None);
    let looks = looked.latencies(|status| status == 200);
    ensure!(looks.len() == people, "not everybody could look: {}", looked.by_status());
    report.value("look_p99", looks.ms(99.0), "ms", None);
    report.value("memory_max", memory, "MB", Some(Goal::AtMost(256.0)));
    Ok(())
}

/// The most that is booked when just as many ask as can be served.
async fn peak(stage: &Rc<Stage>, options: &Options) -> Result<f64> {
    let length = Duration::from_secs(options.seconds.min(6));
    let (tally, _) = crowd_in(stage, "p3-peak", options.connections, Arrivals::Closed, length).await?;
    Ok(tally.rate(200, p1::WARM_UP, length))
}

/// Many times as many come as can be served, and come again when they are told to. Counted when the first wave is over.
async fn overload(stage: &Rc<Stage>, options: &Options, report: &mut Report, peak: f64, times: f64) -> Result<()> {
    let length = Duration::from_secs(options.seconds.min(8));
    let offered = peak * times;
    let arrivals = poisson(offered, length, 5);
    let (tally, memory) = crowd_in(stage, &format!("p3-times-{times:.0}"), CROWDED, arrivals, length).await?;
    let goodput = tally.rate(200, length / 4, length);
    let goal = (times < 10.0).then_some(Goal::AtLeast(0.9));
    report.note(format!(
        "{times:.0} times the peak: {offered:.0}/s wanted in for {} s over {CROWDED} connections; {} were sent, {} found no free connection; \
         answers: {}; of the 503, {} with Retry-After; at most {memory:.0} MB",
        length.as_secs(),
        tally.taken.len(),
        tally.unsent,
        tally.by_status(),
        tally.refused(),
    ));
    ensure!(tally.refused() == tally.count(503), "a 503 without Retry-After");
    report.value(&format!("goodput_at_{times:.0}x"), goodput, "bookings/s", None);
    report.ratio(&format!("goodput_at_{times:.0}x_of_peak"), goodput / peak, goal);
    report.value(&format!("memory_max_at_{times:.0}x"), memory, "MB", None);
    Ok(())
}

async fn point(stage: &Rc<Stage>, offered: f64) -> Result<Point> {
    let (tally, _) = crowd_in(stage, "p3-sweep", CROWDED, poisson(offered, POINT, 6), POINT).await?;
    let latencies = tally.latencies(|status| status == 200);
    let point = Point {
        offered,
        booked: tally.rate(200, p1::WARM_UP, POINT),
        refused: tally.rate(503, p1::WARM_UP, POINT),
        p50_ms: latencies.ms(50.0),
        p99_ms: latencies.ms(99.0),
    };
    note(&format!(
        "offered {:.0}/s: booked {:.0}/s, refused {:.0}/s, p50 {:.1} ms, p99 {:.1} ms",
        point.offered, point.booked, point.refused, point.p50_ms, point.p99_ms
    ));
    Ok(point)
}

/// A load on a copy of its own, checked afterwards: what came of it, and the most memory that the service held.
async fn crowd_in(stage: &Rc<Stage>, name: &str, connections: usize, arrivals: Arrivals, length: Duration) -> Result<(Tally, f64)> {
    let copy = stage.copy(name).await?;
    let service: Service = stage.serve(&copy, &[]).await?;
    let rush = Rush::new(stage, Wish::Plenty(p1::WINDOWS), 3);
    let tally = run(rush.load(service.address, connections, arrivals, length)).await;
    let memory = service.memory_mb().1;
    service.stop().await?;
    ledger::check(&copy.url, &rush.acknowledged(), tally.unanswered()).await?;
    stage.remove(copy).await?;
    Ok((tally, memory))
}
