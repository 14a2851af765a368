//! The service under test: the real release binary on a port of its own.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::client::{self, Connection};
use crate::minder::Minded;
use crate::proc;

/// How long it may take to become ready.
const TO_START: Duration = Duration::from_secs(60);

/// A service that is ready.
pub(crate) struct Service {
    pub(crate) address: SocketAddr,
    /// From just before its process was made until `/readyz` said 200.
    pub(crate) ready_after: Duration,
    process: Minded,
}

/// Which program is measured: the one that cargo built for this benchmark, or that of `YIZHEN_BIN`.
pub(crate) fn program() -> String {
    std::env::var("YIZHEN_BIN").unwrap_or_else(|_| env!("CARGO_BIN_EXE_yizhen").to_owned())
}

impl Service {
    /// Starts it on a folder with its keys, and a database.
    pub(crate) async fn start(data: &Path, city: &Path, url: &str, flags: &[&str]) -> Result<Self> {
        let (program, data_dir, city) = (program(), data.display().to_string(), city.display().to_string());
        let mut args = vec![program.as_str(), "serve", "--port", "0", "--host", "127.0.0.1", "--log", "warn"];
        args.extend(["--data-dir", &data_dir, "--city-file", &city, "--database-url", url]);
        args.extend(flags);
        let began = Instant::now();
        let starting = async {
            let mut process = Minded::start(&args, "TERM", &data.join("service.log")).await?;
            let address = loop {
                let line =
                    process.line().await?.with_context(|| format!("the service ended at once; see {data_dir}/service.log"))?;
                if let Some(root) = line.trim().strip_prefix("Citizens") {
                    break root.trim().trim_start_matches("http://").trim_end_matches('/').parse().context("its address")?;
                }
            };
            let mut service = Self { address, ready_after: Duration::ZERO, process };
            service.wait_until_ready().await?;
            service.ready_after = began.elapsed();
            anyhow::Ok(service)
        };
        match tokio::time::timeout(TO_START, starting).await {
            Ok(started) => started,
            Err(_) => bail!("the service was not ready after {} s", TO_START.as_secs()),
        }
    }

    async fn wait_until_ready(&self) -> Result<()> {
        let (mut connection, mut request) = (Connection::to(self.address), Vec::new());
        client::get(&mut request, "/readyz", "");
        while connection.send(&request).await?.status != 200 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Ok(())
    }

    /// Resident memory in MB: now, and the most so far.
    pub(crate) fn memory_mb(&self) -> (f64, f64) {
        proc::memory_mb(self.process.pid).unwrap_or_default()
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.process.pid
    }

    /// Processor time that it has used.
    pub(crate) fn cpu(&self) -> Duration {
        proc::cpu(self.process.pid)
    }

    /// Stops it by SIGTERM.
    pub(crate) async fn stop(self) -> Result<()> {
        self.process.stop().await.context("the service does not stop as it should")
    }
}
