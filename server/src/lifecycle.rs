//! Start and stop. A start that fails says why in one line; a stop answers what is in flight, within a bounded time.

use std::io::{ErrorKind, Write};
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use domain::jobs::{Ended, Job};
use engine::{DemoStaff, Engine};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::commands;
use crate::config::Serve;
use crate::http::{Bounds, Doors, Host, Pages, bind, listen, service};
use crate::{system, telemetry};

/// How long a start waits for the ledger of the days to come: a small one is proved before the first request, a large one beside them.
const PROVE: Duration = Duration::from_millis(100);

/// A service that takes requests.
pub struct Running {
    address: SocketAddr,
    engine: Engine,
    staff: Option<DemoStaff>,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
    /// Sends messages. It ends when what it has in hand is written down.
    post: JoinHandle<()>,
    /// What goes on beside the answers, and ends without being waited for.
    helpers: [JoinHandle<()>; 4],
}

/// Serves until the process is told to stop.
///
/// # Errors
/// When it cannot start, or cannot go on; one line for the operator.
pub async fn serve(settings: &Serve) -> Result<()> {
    telemetry::start(&settings.data);
    // before the start: a signal that comes during it is not lost
    let (mut terminated, mut interrupted) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let told = async move {
        tokio::select! {
            _ = terminated.recv() => {}
            _ = interrupted.recv() => {}
        }
    };
    tokio::pin!(told);
    let mut running = tokio::select! {
        running = start(settings) => running?,
        () = &mut told => return Ok(()),
    };
    running.announce()?;
    tokio::select! {
        () = told => {
            tracing::info!("stopping: answering what is in flight");
            running.stop(Duration::from_secs(settings.stop_within_s)).await
        }
        _ = &mut running.server => bail!("the service ended by itself"),
    }
}

/// Starts: listens, opens the engine, fills the demo, and answers.
///
/// # Errors
/// When the port, the database, the keys, the pages or a setting cannot be used.
pub async fn start(settings: &Serve) -> Result<Running> {
    let asked = SocketAddr::new(settings.host, settings.port);
    let config = commands::config(&settings.data, settings.demo.then_some(&settings.play), settings.limits.engine())?;
    let config = engine::Config { sessions: settings.sessions.engine(), staff: settings.staff.engine(settings.demo), ..config };
    let sensitive_consent = settings.privacy.sensitive_consent(settings.demo);
    let link = settings.public_origin.as_ref().map(|origin| format!("{origin}{}", crate::http::MINE)).unwrap_or_default();
    let config = engine::Config { sensitive_consent, retention: settings.privacy.retention(), link, ..config };
    let gateways =
        settings.messages.gateways(settings.demo, config.clock.clone(), config.entropy.clone()).map_err(anyhow::Error::msg)?;
    if gateways.is_empty() {
        tracing::warn!(
            "there is no SMS gateway: messages, and with them sign-in codes, wait in the outbox; name one with GATEWAYS_FILE"
        );
    }
    let config = engine::Config { gateways, messages: settings.messages.times(), ..config };
    let apps = settings.doors.host_apps().map_err(anyhow::Error::msg)?;
    let wechat = settings.doors.wechat().map_err(anyhow::Error::msg)?;
    let hosts = Doors::hosts(&apps, settings.demo);
    let pages = match &settings.pages_dir {
        Some(folder) => {
            let pages = Pages::of_folder(folder, &config.city.city, &settings.frame_hosts, &hosts);
            pages.with_context(|| format!("PAGES_DIR {} cannot be used", folder.display()))?
        }
        None => Pages::built_in(&config.city.city, &settings.frame_hosts, &hosts),
    };
    // before the database is touched: a second service on the same port must change nothing
    let listener = bind(asked).map_err(|error| cannot_listen(asked, &error))?;
    let address = listener.local_addr().context("the system does not tell the port")?;
    let engine = Engine::open(config).await?;
    let staff = match settings.demo {
        true => Some(seed_demo(&engine, settings.play.demo_password.as_deref()).await?),
        false => None,
    };
    if !pages.are_there() {
        tracing::warn!("this program was compiled without pages; run make build, or name a folder with PAGES_DIR");
    }
    let mut bookkeeper = tokio::spawn({
        let engine = engine.clone();
        async move { engine.watch_ledger().await }
    });
    let _ = tokio::time::timeout(PROVE, &mut bookkeeper).await;
    let warmer = tokio::spawn({
        let engine = engine.clone();
        async move {
            if engine.warm().await.is_err() {
                tracing::warn!("what bookings need could not be read ahead");
            }
        }
    });
    let (stop, stopping) = watch::channel(false);
    let bounds = Bounds { connections: system::connections(settings.bounds.limit_connections as usize), ..settings.bounds.http() };
    let doors = Doors::open(apps, wechat, settings.demo.then_some(address)).map_err(anyhow::Error::msg)?;
    let host = Host::new(engine.clone(), pages, doors, settings, bounds, stopping.clone());
    let scheduled = settings.demo || settings.data.city_file.is_some();
    let jobs = tokio::spawn({
        let engine = engine.clone();
        async move {
            let all: Vec<Job> = Job::ALL.iter().copied().filter(|job| *job != Job::Schedule || scheduled).collect();
            // the city file may be another one since the last start; the demo's windows have just been written
            let asked: &[Job] = if scheduled && !engine.is_demo() { &[Job::Schedule] } else { &[] };
            engine.keep_jobs(&all, asked).await;
        }
    });
    let checkpoint_every = Duration::from_secs(60 * u64::from(settings.audit_checkpoint_minutes));
    let keeper: JoinHandle<()> = tokio::spawn({
        let engine = engine.clone();
        async move {
            tokio::join!(
                engine.keep_keys(),
                engine.keep_sealed_anew(),
                engine.keep_retention(),
                engine.keep_audit(checkpoint_every)
            );
        }
    });
    let post = tokio::spawn({
        let engine = engine.clone();
        async move { engine.keep_messages().await }
    });
    let server = listen(listener, service(host), bounds.connections, until(stopping));
    Ok(Running { address, engine, staff, stop, server: tokio::spawn(server), post, helpers: [jobs, bookkeeper, warmer, keeper] })
}

impl Running {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How the demo's staff sign in.
    pub fn staff(&self) -> Option<&DemoStaff> {
        self.staff.as_ref()
    }

    /// Takes no more requests, closes the feeds, answers what is in flight and what is queued, and closes the database.
    ///
    /// # Errors
    /// When that takes longer than `within`.
    pub async fn stop(mut self, within: Duration) -> Result<()> {
        self.helpers.iter().for_each(JoinHandle::abort);
        let _ = self.stop.send(true);
        self.engine.end_messages();
        // an open feed must not hold the process
        self.engine.board().end_feed();
        let in_time = tokio::time::timeout(within, async {
            let _ = (&mut self.server).await;
            // a message whose answer nobody waits for would be in doubt
            let _ = (&mut self.post).await;
            self.engine.stop().await;
        });
        if in_time.await.is_err() {
            self.server.abort();
            bail!("stopped after {} s with requests still open", within.as_secs());
        }
        Ok(())
    }

    /// Says where to go.
    fn announce(&self) -> Result<()> {
        let root = match self.address {
            address if address.ip().is_unspecified() => format!("http://127.0.0.1:{}", address.port()),
            address => format!("http://{address}"),
        };
        let city = self.engine.city();
        let mut text = format!("一针{} · Yizhen {}\n  Citizens  {root}/\n  Staff     {root}/staff\n", city.name, city.name_en);
        if let Some(staff) = &self.staff {
            text += &format!("  Messages  {root}/demo/messages\n  {}\n", commands::sign_in(staff));
            text += &format!("  City app  {root}/demo/host\n  WeChat    {root}/demo/wechat\n");
        }
        let mut out = std::io::stdout().lock();
        // whoever started it may have closed its output; that is no reason not to serve
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        tracing::info!(address = %self.address, "serving");
        Ok(())
    }
}

fn cannot_listen(address: SocketAddr, error: &std::io::Error) -> anyhow::Error {
    match error.kind() {
        ErrorKind::AddrInUse => {
            anyhow::anyhow!("port {} of {} is taken by another program; choose another with PORT", address.port(), address.ip())
        }
        ErrorKind::PermissionDenied => {
            anyhow::anyhow!("no right to listen on port {}; choose one above 1023 with PORT", address.port())
        }
        ErrorKind::AddrNotAvailable => anyhow::anyhow!("this machine has no address {}; choose another with HOST", address.ip()),
        _ => anyhow::anyhow!("cannot listen on {address}: {error}"),
    }
}

async fn until(mut stopping: watch::Receiver<bool>) {
    // an error means that nobody is left who could say it: stop as well
    let _ = stopping.wait_for(|stopping| *stopping).await;
}

/// Fills the demo, and notes that the day's windows are written: the job that writes them has nothing to do until tomorrow.
async fn seed_demo(engine: &Engine, password: Option<&str>) -> Result<DemoStaff> {
    let turn = engine.begin_job(Job::Schedule, true).await?;
    let staff = engine.seed_demo(password).await?;
    if let Some(turn) = turn {
        engine.end_job(turn, Ended::Done).await?;
    }
    Ok(staff)
}
