//! The real program as a process: started, waited for, told to stop, killed; gone when the test ends, however that is.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::sync::oneshot;

use crate::city;

pub(crate) const PASSWORD: &str = "a password of the tests";
/// No test waits longer for anything than this: what takes so long hangs.
pub(crate) const HANGS: Duration = Duration::from_secs(60);

/// What a service is started with, time and again.
pub(crate) struct Place {
    pub(crate) folder: TempDir,
    pub(crate) url: String,
    /// Where an embedded database lies.
    pub(crate) data: PathBuf,
    /// Programs that the service is started through, such as one that limits it.
    pub(crate) through: Vec<String>,
    /// Whether codes and tries are limited as they are for a real city.
    pub(crate) limits: bool,
    /// Flags besides those of every test.
    pub(crate) flags: Vec<String>,
}

impl Place {
    /// A place with an embedded database.
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::Builder::new().prefix("yizhen-fault-").tempdir().expect("a folder");
        let data = folder.path().join("data");
        Self::at(folder, data)
    }

    /// A place whose data lie in `data`.
    pub(crate) fn at(folder: TempDir, data: PathBuf) -> Self {
        let url = format!("sqlite://{}/yizhen.db", data.display());
        city::write(&folder.path().join("city.toml"));
        Self { folder, url, data, through: vec![], limits: false, flags: vec![] }
    }

    /// A place with this PostgreSQL database.
    pub(crate) fn postgres(url: String) -> Self {
        Self { url, ..Self::sqlite() }
    }

    /// Where the service's log goes.
    pub(crate) fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// The service's command line, on the clock `clock`.
    pub(crate) fn command(&self, clock: &str) -> Command {
        let program = env!("CARGO_BIN_EXE_yizhen");
        let mut command = match self.through.split_first() {
            Some((first, rest)) => {
                let mut command = Command::new(first);
                command.args(rest).arg(program);
                command
            }
            None => Command::new(program),
        };
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.log()).expect("a log");
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .args(["serve", "--port", "0", "--host", "127.0.0.1", "--log", "warn"])
            .args([
                "--limits",
                if self.limits { "on" } else { "off" },
                "--demo=on",
                "--demo-password",
                PASSWORD,
                "--demo-clock",
                clock,
            ])
            // that a screen was in use is written down every minute, and here it is killed more often than that
            .args(["--staff-lock-minutes", "0"])
            .args(["--database-url", &self.url])
            .arg("--data-dir")
            .arg(&self.data)
            .arg("--city-file")
            .arg(self.folder.path().join("city.toml"))
            .args(&self.flags)
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true);
        command
    }

    /// `yizhen ledger check` and `yizhen audit verify` must find nothing.
    pub(crate) fn check_ledger(&self) {
        for check in [["ledger", "check"], ["audit", "verify"]] {
            let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_yizhen"));
            command.env_clear().args(check).args(["--log", "error", "--database-url", &self.url]).arg("--data-dir").arg(&self.data);
            let output = command.output().expect("it runs");
            let said = [output.stdout, output.stderr].map(|words| String::from_utf8_lossy(&words).into_owned()).concat();
            assert!(output.status.success(), "{check:?}: {said}");
        }
    }

    /// Starts the service and waits until it says where it is.
    pub(crate) async fn start(&self) -> Service {
        self.start_at(city::MORNING).await
    }

    /// The same on another clock.
    pub(crate) async fn start_at(&self, clock: &str) -> Service {
        let mut starting = self.spawn(clock);
        let base = starting.base().await;
        let base = base.unwrap_or_else(|| panic!("the service did not start"));
        Service { base, process: starting.process }
    }

    /// Starts the service and waits for nothing.
    pub(crate) fn spawn(&self, clock: &str) -> Starting {
        let mut child = self.command(clock).spawn().expect("the service runs");
        let out = child.stdout.take().expect("an output").into_owned_fd().expect("a pipe");
        let (told, base) = oneshot::channel();
        std::thread::spawn(move || {
            let mut told = Some(told);
            // read to the end: a full pipe would hold the service up
            for line in BufReader::new(std::fs::File::from(out)).lines().map_while(Result::ok) {
                if let Some(base) = line.trim().strip_prefix("Citizens ").map(str::trim)
                    && let Some(told) = told.take()
                {
                    let _ = told.send(base.trim_end_matches('/').to_owned());
                }
            }
        });
        Starting { process: Process { child, log: self.log() }, base }
    }
}

/// A service that may not take requests yet.
pub(crate) struct Starting {
    pub(crate) process: Process,
    base: oneshot::Receiver<String>,
}

impl Starting {
    /// Where it listens; nothing when it ended instead.
    pub(crate) async fn base(&mut self) -> Option<String> {
        tokio::time::timeout(HANGS, &mut self.base).await.expect("it starts or ends within a minute").ok()
    }
}

/// A service that takes requests.
pub(crate) struct Service {
    pub(crate) base: String,
    pub(crate) process: Process,
}

impl Service {
    /// `HOST:PORT`
    pub(crate) fn address(&self) -> &str {
        self.base.trim_start_matches("http://")
    }
}

/// The process itself.
pub(crate) struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Its number, while it lives.
    pub(crate) fn id(&self) -> u32 {
        self.child.id().expect("the service lives")
    }

    /// Ends it on the spot, as a power cut would, and waits until it is gone.
    pub(crate) async fn kill(mut self) {
        self.child.start_kill().expect("it can be killed");
        self.ended().await;
    }

    /// Sends a signal: `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        let sent = std::process::Command::new("kill").args([format!("-{name}"), self.id().to_string()]).status();
        assert!(sent.expect("kill runs").success(), "the service has gone already");
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("its status")
    }

    /// Waits for its end.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        tokio::time::timeout(HANGS, self.child.wait()).await.expect("it ends within a minute").expect("its status")
    }

    /// The memory that it holds, in MiB.
    pub(crate) fn resident_mib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).expect("/proc");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
        line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") / 1024
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if std::thread::panicking() {
            crate::chance::say(&format!("the end of the service's log:\n{}", tail(&self.log)));
        }
        let _ = self.child.start_kill();
        // its folder is removed next, so not before it is gone
        while matches!(self.child.try_wait(), Ok(None)) {
            std::thread::yield_now();
        }
    }
}

/// The last lines of a file.
pub(crate) fn tail(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(30)..].join("\n")
}
