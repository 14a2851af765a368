//! `make bench`: drives the real release binary over HTTP as a city would on release day, and puts each figure beside its goal.

mod bare;
mod client;
mod crowd;
mod dice;
mod ledger;
mod load;
mod minder;
mod p1;
mod places;
mod proc;
mod report;
mod service;
mod stage;

use std::path::PathBuf;
use std::process::ExitCode;
use std::rc::Rc;

use anyhow::Result;
use clap::Parser;

use crate::report::Report;
use crate::stage::Stage;

/// What is measured, and how large.
#[derive(Parser)]
pub(crate) struct Options {
    /// Only these, such as `P1 P8`; all without it.
    #[arg(long, env = "ONLY", value_delimiter = ' ', ignore_case = true)]
    only: Vec<String>,
    /// People who sign in and book.
    #[arg(long, env = "BENCH_PEOPLE", default_value_t = 100_000)]
    people: usize,
    /// Connections of the saturating load.
    #[arg(long, env = "BENCH_CONNECTIONS", default_value_t = 1024)]
    connections: usize,
    /// Seconds that the saturating load takes at most.
    #[arg(long, env = "BENCH_SECONDS", default_value_t = 15)]
    seconds: u64,
    /// Takes the prepared databases of the last run, where they are large enough.
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
    match runtime.block_on(bench(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report::line(&format!("FAILED: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

async fn bench(options: &Options) -> Result<()> {
    let mut report = Report::default();
    report::line(&format!("yizhen under load: {}", service::program()));
    let stage = Rc::new(Stage::embedded(&options.dir.join("sqlite"), options.people, options.reuse).await?);
    if options.wants("P1") {
        p1::measure(stage.clone(), options, &mut report).await?;
    }
    Ok(())
}
