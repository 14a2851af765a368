//! A program that ends when the benchmark ends, however that ends: a shell starts it, waits for the end of its own standard input, which
//! the system closes when the benchmark dies, and then tells the program to stop.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// `$1` is the signal that stops the program, the rest is the program.
const SCRIPT: &str = r#"
trap : INT TERM HUP
signal=$1; shift
"$@" </dev/null &
pid=$!
echo "pid $pid"
exec >&-
cat >/dev/null
kill -"$signal" "$pid" 2>/dev/null
while kill -0 "$pid" 2>/dev/null; do wait "$pid"; done
wait "$pid"
"#;

/// How long a program may take to stop.
const TO_STOP: Duration = Duration::from_secs(40);

/// A running program.
pub(crate) struct Minded {
    shell: Child,
    lines: Lines<BufReader<ChildStdout>>,
    /// The program's own process.
    pub(crate) pid: u32,
}

impl Minded {
    /// Starts a program whose standard error goes to `log`.
    pub(crate) async fn start(program: &[&str], signal: &str, log: &Path) -> Result<Self> {
        let log = std::fs::File::options().create(true).append(true).open(log).context("a log file")?;
        let mut command = Command::new("sh");
        command.args(["-c", SCRIPT, "sh", signal]).args(program);
        let mut shell = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log).spawn().context("`sh` starts")?;
        let stdout = shell.stdout.take().context("its output is a pipe")?;
        let mut lines = BufReader::new(stdout).lines();
        let first = lines.next_line().await?.unwrap_or_default();
        let pid = first.strip_prefix("pid ").and_then(|pid| pid.parse().ok()).context("the shell tells the process")?;
        Ok(Self { shell, lines, pid })
    }

    /// The next line that it prints; none when it has ended.
    pub(crate) async fn line(&mut self) -> Result<Option<String>> {
        Ok(self.lines.next_line().await?)
    }

    /// Tells it to stop and waits for it.
    pub(crate) async fn stop(mut self) -> Result<()> {
        drop(self.shell.stdin.take());
        match tokio::time::timeout(TO_STOP, self.shell.wait()).await {
            Ok(status) => {
                let status = status?;
                ensure!(status.success(), "process {} ended with {status}", self.pid);
                Ok(())
            }
            Err(_) => bail!("process {} did not stop in {} s", self.pid, TO_STOP.as_secs()),
        }
    }
}
