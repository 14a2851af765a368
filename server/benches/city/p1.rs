//! P1: reservations a second over HTTP on an embedded database, beside the same program with one request a transaction, a bare loop that
//! writes the same rows, and pretix.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::crowd::intent;
use crate::dice::Dice;
use crate::ledger::{self, Code};
use crate::load::{Arrivals, Load, run};
use crate::report::{Goal, Report};
use crate::service::Service;
use crate::stage::{Stage, database};
use crate::{Options, bare, proc};

/// What pretix does on such a machine, in orders a second (`limits.md` of this project's measurements).
const PRETIX: f64 = 13.0;
/// Windows that are booked.
const WINDOWS: usize = 200;
/// Until connections, caches and the log of the database are warm.
const WARM_UP: Duration = Duration::from_millis(500);

pub(crate) async fn measure(stage: Rc<Stage>, options: &Options, report: &mut Report) -> Result<()> {
    report.part("P1");
    let batched = saturate(&stage, "p1-batch-512", &["--limit-batch", "512"], options, report).await?;
    report.value("http_batch_512", batched, "bookings/s", None);

    let (loop_rate, written) =
        bare::write_again(&database(&stage_folder(&stage, "p1-batch-512")), &database(&stage.copy("p1-bare")?))?;
    report.note(format!("the bare loop wrote the rows of those {written} bookings again, 512 a transaction, WAL, FULL"));
    report.value("bare_loop_same_rows", loop_rate, "bookings/s", None);

    let single = saturate(&stage, "p1-batch-1", &["--limit-batch", "1"], options, report).await?;
    report.value("http_batch_1", single, "bookings/s", None);

    report.ratio("over_batch_1", batched / single, Some(Goal::AtLeast(8.0)));
    report.ratio("of_bare_loop", batched / loop_rate, Some(Goal::AtLeast(0.3)));
    report.ratio("over_pretix", batched / PRETIX, Some(Goal::AtLeast(500.0)));
    Ok(())
}

fn stage_folder(stage: &Stage, name: &str) -> std::path::PathBuf {
    stage.city.with_file_name(name)
}

/// As many reservations as it takes in; every one is checked afterwards. Gives bookings a second.
async fn saturate(stage: &Rc<Stage>, name: &str, flags: &[&str], options: &Options, report: &mut Report) -> Result<f64> {
    let data = stage.copy(name)?;
    let service = Service::start(&data, &stage.city, None, flags).await?;
    let codes: Rc<RefCell<Vec<Code>>> = Rc::default();
    let (before, own_before, began) = (service.cpu(), proc::cpu(std::process::id()), Instant::now());
    let tally = run(reservations(stage, &service, options, codes.clone())).await;
    let (spent, own) = (service.cpu() - before, proc::cpu(std::process::id()) - own_before);
    let busy = |cpu: Duration| 100.0 * cpu.as_secs_f64() / began.elapsed().as_secs_f64();
    let memory = service.memory_mb().1;
    service.stop().await?;
    ensure!(tally.count(200) == tally.taken.len(), "not everything was booked: {}", tally.by_status());
    let codes = codes.take();
    let found = ledger::check(&database(&data), &codes, true)?;
    let latencies = tally.latencies(|status| status == 200);
    report.note(format!(
        "{name}: {} connections, {:.1} s; acknowledged {}, found {}, lost 0, double 0; p50 {:.0} ms, p99 {:.0} ms; service {:.0} % of a core, generator {:.0} %, at most {memory:.0} MB",
        options.connections, tally.elapsed.as_secs_f64(), codes.len(), found.bookings, latencies.ms(50.0), latencies.ms(99.0), busy(spent), busy(own),
    ));
    Ok(tally.rate(200, WARM_UP))
}

fn reservations(stage: &Rc<Stage>, service: &Service, options: &Options, codes: Rc<RefCell<Vec<Code>>>) -> Load {
    let mut dice = Dice::new(1);
    let windows: Vec<usize> = (0..stage.crowd.people.len()).map(|_| dice.below(WINDOWS)).collect();
    let people = stage.crowd.people.len();
    let stage = stage.clone();
    Load {
        address: service.address,
        connections: options.connections,
        arrivals: Arrivals::Closed(Duration::from_secs(options.seconds)),
        count: people,
        ask: Box::new(move |n, out| stage.crowd.reserve(out, n, &stage.places.plenty[windows[n]], intent(1, n))),
        hear: Box::new(move |_, answer| codes.borrow_mut().extend(ledger::code_in(answer.body))),
    }
}
