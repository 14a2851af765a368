//! P2: reservations of one hot window over HTTP on PostgreSQL, beside `pgbench` with the plain transaction on the same cluster.

use std::rc::Rc;

use anyhow::Result;

use crate::report::{Goal, Report};
use crate::rush::Wish;
use crate::stage::Stage;
use crate::{Options, p1};

pub(crate) async fn measure(stage: &Rc<Stage>, options: &Options, report: &mut Report) -> Result<()> {
    report.part("P2");
    let plain = stage.cluster()?.pgbench(options.seconds.min(10)).await?;
    report.value("pgbench_8_clients_one_hot_row", plain, "transactions/s", None);
    let copy = stage.copy("p2").await?;
    let rate = p1::saturate(stage, &copy, Wish::OneHot, &[], options, report).await?;
    stage.remove(copy).await?;
    report.value("http_one_hot_window", rate, "bookings/s", None);
    report.ratio("over_pgbench", rate / plain, Some(Goal::AtLeast(10.0)));
    Ok(())
}
