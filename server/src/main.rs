//! `yizhen`: serve, migrate, seed, staff, keys. Whatever goes wrong is one line on standard error and a non-zero exit.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use server::config::{self, Asked};

/// Gives memory back and hands it out faster than the system's own, under many small requests at once.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match config::read(std::env::args_os()) {
        Ok(Asked::Run(cli)) => *cli,
        Ok(Asked::Told(text)) => {
            let _ = writeln!(std::io::stdout(), "{text}");
            return ExitCode::SUCCESS;
        }
        Err(line) => return refused(&line, 2),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return refused(&format!("the operating system gives no threads: {error}"), 1),
    };
    let done = runtime.block_on(server::commands::run(cli));
    // a task that hangs must not keep the process from ending
    runtime.shutdown_timeout(Duration::from_secs(1));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refused(&format!("{error:#}"), 1),
    }
}

/// Says in one line why it does not go on.
fn refused(why: &str, code: u8) -> ExitCode {
    let line: Vec<_> = why.split_whitespace().collect();
    let _ = writeln!(std::io::stderr(), "yizhen: {}", line.join(" "));
    ExitCode::from(code)
}
