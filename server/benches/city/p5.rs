//! P5: the same reservations a second beside ten million bookings as in an empty database.

use std::rc::Rc;
use std::time::Instant;

use anyhow::Result;

use crate::report::{Goal, Report};
use crate::rush::Wish;
use crate::stage::Stage;
use crate::{Options, p1};

pub(crate) async fn measure(stage: &Rc<Stage>, options: &Options, report: &mut Report) -> Result<()> {
    report.part("P5");
    let empty = stage.copy("p5-empty").await?;
    let in_empty = p1::saturate(stage, &empty, Wish::Plenty(p1::WINDOWS), &[], options, report).await?;
    stage.remove(empty).await?;
    report.value("http_in_empty_database", in_empty, "bookings/s", None);

    let full = stage.copy("p5-full").await?;
    let began = Instant::now();
    let (people, bookings) = (options.bookings / 2, options.bookings);
    stage.seed(&full, people, bookings).await?;
    let size = std::fs::metadata(full.file())?.len() as f64 / 1e9;
    let took = began.elapsed().as_secs();
    report.note(format!("{people} people and {bookings} bookings were written in {took} s: {size:.1} GB"));
    let in_full = p1::saturate(stage, &full, Wish::Plenty(p1::WINDOWS), &[], options, report).await?;
    stage.remove(full).await?;
    report.value("http_in_full_database", in_full, "bookings/s", None);
    report.ratio("full_of_empty", in_full / in_empty, Some(Goal::AtLeast(0.8)));
    Ok(())
}
