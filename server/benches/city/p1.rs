//! P1: reservations a second over HTTP on an embedded database, beside the same program with one request a transaction, a bare loop that
//! writes the same rows, and pretix.

use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::load::{Arrivals, run};
use crate::report::{Goal, Report};
use crate::rush::{Rush, Wish};
use crate::stage::{Copy, Stage};
use crate::{Options, bare, ledger, proc};

/// What pretix does on a machine of this size, in orders a second.
const PRETIX: f64 = 13.0;
/// Windows that are booked.
pub(crate) const WINDOWS: usize = 200;
/// Until connections, caches and the log of the database are warm.
pub(crate) const WARM_UP: Duration = Duration::from_millis(500);

pub(crate) async fn measure(stage: &Rc<Stage>, options: &Options, report: &mut Report) -> Result<()> {
    report.part("P1");
    let copy = stage.copy("p1-batch-512").await?;
    let batched = saturate(stage, &copy, Wish::Plenty(WINDOWS), &["--limit-batch", "512"], options, report).await?;
    report.value("http_batch_512", batched, "bookings/s", None);

    let again = stage.copy("p1-bare").await?;
    let (bare, written) = bare::write_again(&copy.file(), &again.file())?;
    report
        .note(format!("the bare loop wrote all rows of those {written} bookings again: 512 a transaction, WAL, synchronous=FULL"));
    report.value("bare_loop_same_rows", bare, "bookings/s", None);
    stage.remove(again).await?;
    stage.remove(copy).await?;

    let copy = stage.copy("p1-batch-1").await?;
    let single = saturate(stage, &copy, Wish::Plenty(WINDOWS), &["--limit-batch", "1"], options, report).await?;
    report.value("http_batch_1", single, "bookings/s", None);
    stage.remove(copy).await?;

    report.ratio("over_batch_1", batched / single, Some(Goal::AtLeast(8.0)));
    report.ratio("of_bare_loop", batched / bare, Some(Goal::AtLeast(0.3)));
    report.ratio("over_pretix", batched / PRETIX, Some(Goal::AtLeast(500.0)));
    Ok(())
}

/// As many reservations as the service takes in, every one of them checked afterwards: bookings a second.
pub(crate) async fn saturate(
    stage: &Rc<Stage>,
    copy: &Copy,
    wish: Wish,
    flags: &[&str],
    options: &Options,
    report: &mut Report,
) -> Result<f64> {
    let known = ledger::asked(&copy.url).await?;
    let service = stage.serve(copy, flags).await?;
    let rush = Rush::new(stage, wish, 1);
    let (connections, length) = (options.connections, Duration::from_secs(options.seconds));
    let own = std::process::id();
    let (before, own_before, began) = (service.cpu(), proc::cpu(own), Instant::now());
    let tally = run(rush.load(service.address, connections, Arrivals::Closed, length)).await;
    let (spent, own_spent, took) = (service.cpu() - before, proc::cpu(own) - own_before, began.elapsed());
    let memory = service.memory_mb().1;
    service.stop().await?;
    ensure!(tally.count(200) + tally.refused() == tally.taken.len(), "not everything was booked: {}", tally.by_status());
    let acknowledged = rush.acknowledged();
    ensure!(acknowledged.len() == tally.count(200), "an answer without a code");
    let found = match known {
        0 => ledger::check(&copy.url, &acknowledged, 0).await?,
        known => ledger::check_beside(&copy.url, &acknowledged, known).await?,
    };
    let latencies = tally.latencies(|status| status == 200);
    let cores = |cpu: Duration| cpu.as_secs_f64() / took.as_secs_f64();
    report.note(format!(
        "{}: {connections} connections for {:.1} s; answers: {}; acknowledged {}, found {found}, lost 0, double 0",
        copy.folder.file_name().unwrap_or_default().to_string_lossy(),
        took.as_secs_f64(),
        tally.by_status(),
        acknowledged.len(),
    ));
    report.note(format!(
        "p50 {:.0} ms, p99 {:.0} ms; the service used {:.2} cores and at most {memory:.0} MB, the generator {:.2} cores",
        latencies.ms(50.0),
        latencies.ms(99.0),
        cores(spent),
        cores(own_spent),
    ));
    Ok(tally.rate(200, WARM_UP, took))
}
