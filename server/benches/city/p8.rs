//! P8: memory and start of a city's service on a database that is there.

use std::time::Duration;

use anyhow::Result;

use crate::report::{Goal, Report};
use crate::stage::Stage;

/// Starts.
const STARTS: usize = 9;
/// Until what the start needed has been given back.
const TO_SETTLE: Duration = Duration::from_secs(3);

pub(crate) async fn measure(stage: &Stage, report: &mut Report) -> Result<()> {
    report.part("P8");
    let copy = stage.copy("p8").await?;
    let mut starts = Vec::with_capacity(STARTS);
    let mut idle = 0.0;
    for start in 0..STARTS {
        let service = stage.serve(&copy, &[]).await?;
        starts.push(service.ready_after.as_secs_f64() * 1e3);
        if start == 0 {
            tokio::time::sleep(TO_SETTLE).await;
            idle = service.memory_mb().0;
        }
        service.stop().await?;
    }
    stage.remove(copy).await?;
    starts.sort_by(f64::total_cmp);
    report.note(format!("{STARTS} starts on a database with {} people", stage.crowd.people.len()));
    report.value("memory_idle", idle, "MB", Some(Goal::AtMost(64.0)));
    report.value("start_min", starts[0], "ms", None);
    report.value("start_median", starts[STARTS / 2], "ms", None);
    report.value("start_max", starts[STARTS - 1], "ms", Some(Goal::AtMost(300.0)));
    Ok(())
}
