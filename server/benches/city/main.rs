//! `make bench`: drives the real release binary over HTTP as a city would on release day, and puts each figure beside its goal.

mod bare;
mod client;
mod crowd;
mod dice;
mod feeds;
mod ledger;
mod load;
mod look;
mod minder;
mod nginx;
mod p1;
mod p10;
mod p2;
mod p3;
mod p4;
mod p5;
mod p8;
mod p9;
mod places;
mod plot;
mod postgres;
mod proc;
mod record;
mod report;
mod rush;
mod service;
mod stage;
#[path = "../../../app/engine/tests/standins/mod.rs"]
#[expect(dead_code, unused_imports, reason = "the tests of the gateways use the rest")]
mod standins;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

use crate::report::{Report, line, note};
use crate::stage::Stage;

/// Connections, files and pipes: the most that any part opens, and some more.
const FILES: usize = 10_000;
/// How many of the crowd book on PostgreSQL, where nothing sells out.
const ON_POSTGRESQL: usize = 40_000;

/// What is measured, and how large.
#[derive(Parser)]
pub(crate) struct Options {
    /// Only these, such as `P1 P8`; all without it.
    #[arg(long, env = "ONLY", value_delimiter = ' ', hide_env_values = true)]
    only: Vec<String>,
    /// Writes the results into BENCHMARKS.md, and the plots into .about/.
    #[arg(long, env = "RECORD", value_parser = clap::builder::FalseyValueParser::new(), action = clap::ArgAction::SetTrue)]
    record: bool,
    /// People who sign in and book. There are a tenth as many places on release day.
    #[arg(long, env = "BENCH_PEOPLE", default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1000..=100_000))]
    people: u32,
    /// Seconds over which they come on release day.
    #[arg(long, env = "BENCH_MINUTE", default_value_t = 60)]
    minute: u64,
    /// Connections of the saturating load.
    #[arg(long, env = "BENCH_CONNECTIONS", default_value_t = 1024)]
    connections: usize,
    /// Seconds that the saturating load takes at most.
    #[arg(long, env = "BENCH_SECONDS", default_value_t = 15)]
    seconds: u64,
    /// Bookings in the full database of P5; half as many people.
    #[arg(long, env = "BENCH_BOOKINGS", default_value_t = 10_000_000)]
    bookings: u64,
    /// Takes the prepared embedded database of the last run, where it is large enough.
    #[arg(long, env = "BENCH_REUSE", value_parser = clap::builder::FalseyValueParser::new(), action = clap::ArgAction::SetTrue)]
    reuse: bool,
    /// Where everything is put.
    #[arg(long, env = "BENCH_DIR", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/bench"))]
    dir: PathBuf,
    /// cargo says so.
    #[arg(long, hide = true)]
    bench: bool,
}

impl Options {
    fn wants(&self, part: &str) -> bool {
        self.only.iter().all(String::is_empty) || self.only.iter().any(|only| only.eq_ignore_ascii_case(part))
    }
}

fn main() -> ExitCode {
    let options = Options::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("the system gives a thread");
    match runtime.block_on(until_stopped(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            line(&format!("FAILED: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Whatever was started ends with this process, however it ends; a signal only makes it end early.
async fn until_stopped(options: &Options) -> Result<()> {
    let (mut terminated, mut interrupted) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        done = bench(options) => done,
        _ = terminated.recv() => anyhow::bail!("stopped"),
        _ = interrupted.recv() => anyhow::bail!("stopped"),
    }
}

async fn bench(options: &Options) -> Result<()> {
    std::fs::create_dir_all(&options.dir)?;
    let mut report = Report::read(&options.dir);
    line(&format!("{} on {}", service::program(), proc::machine()));
    if proc::open_files().is_some_and(|files| files < FILES) {
        note(&format!("fewer than {FILES} files may be open (ulimit -n): the largest crowds will not fit"));
    }
    let (people, wants) = (options.people as usize, |part| options.wants(part));
    if wants("P9") {
        p9::measure(&mut report)?;
    }
    if ["P1", "P3", "P4", "P5", "P8"].into_iter().any(wants) {
        let stage = Stage::embedded(&options.dir.join("sqlite"), people, options.reuse).await?;
        if wants("P8") {
            p8::measure(&stage, &mut report).await?;
        }
        if wants("P1") {
            p1::measure(&stage, options, &mut report).await?;
        }
        if wants("P3") {
            p3::measure(&stage, options, &mut report).await?;
        }
        if wants("P4") {
            p4::measure(&stage, options, &mut report).await?;
            feeds::measure(&stage, &mut report).await?;
        }
        if wants("P5") {
            p5::measure(&stage, options, &mut report).await?;
        }
    }
    if ["P2", "P4", "P10"].into_iter().any(wants) {
        let stage = Stage::of_cluster(&options.dir.join("postgresql"), people.min(ON_POSTGRESQL)).await?;
        if wants("P2") {
            p2::measure(&stage, options, &mut report).await?;
        }
        if wants("P4") {
            p4::measure_two(&stage, &mut report).await?;
        }
        if wants("P10") {
            p10::measure(&stage, options, &mut report).await?;
        }
        Stage::end(stage).await?;
    }
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    record::write(&report, &options.dir, root, options.record)
}
