//! Where the benchmarks play: a database with the crowd in it, made once over HTTP; each benchmark starts on a copy of its own.

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Instant;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use crate::client::Connection;
use crate::crowd::Crowd;
use crate::minder::Minded;
use crate::places::{self, Places};
use crate::postgres::Cluster;
use crate::report::note;
use crate::service::{Service, program};

/// Flags of the service while the crowd signs in: the demo shows the codes. Everything is measured without them.
const DEMO: [&str; 4] = ["--demo=on", "--limits", "off", "--demo-password=benchmark"];
/// Those of the crowd who only look how fresh the overview is.
const WATCHERS: usize = 1_000;
/// The database that all others are copies of.
const PREPARED: &str = "prepared";

/// What is there before a benchmark begins.
pub(crate) struct Stage {
    folder: PathBuf,
    cluster: Option<Cluster>,
    kept: Kept,
    /// The city file.
    pub(crate) city: PathBuf,
}

/// What is kept for the next run of a stage.
#[derive(Serialize, Deserialize)]
pub(crate) struct Kept {
    /// Who books.
    pub(crate) crowd: Crowd,
    /// What they book.
    pub(crate) places: Places,
}

impl std::ops::Deref for Stage {
    type Target = Kept;

    fn deref(&self) -> &Kept {
        &self.kept
    }
}

/// A database of a benchmark's own.
pub(crate) struct Copy {
    /// The data folder: keys, log, and an embedded database.
    pub(crate) folder: PathBuf,
    /// As `DATABASE_URL` takes it.
    pub(crate) url: String,
}

impl Stage {
    /// An embedded database whose crowd has `people` who book; that of an earlier run where `reuse` allows it.
    pub(crate) async fn embedded(folder: &Path, people: usize, reuse: bool) -> Result<Rc<Self>> {
        let city = folder.join("city.toml");
        if let Some(kept) = again(folder, people, reuse)? {
            return Ok(Rc::new(Self { folder: folder.to_owned(), cluster: None, kept, city }));
        }
        let prepared = clean(folder)?;
        let quick = Quick::near(&prepared)?;
        let kept = prepare(&quick.copy, &city, people).await?;
        quick.bring_to(&prepared)?;
        std::fs::write(folder.join("crowd.json"), serde_json::to_vec(&kept)?)?;
        Ok(Rc::new(Self { folder: folder.to_owned(), cluster: None, kept, city }))
    }

    /// The same as a database of a PostgreSQL cluster of the benchmark's own.
    pub(crate) async fn of_cluster(folder: &Path, people: usize) -> Result<Rc<Self>> {
        let city = folder.join("city.toml");
        let mut copy = clean(folder)?;
        let cluster = Cluster::start().await?;
        copy.url = cluster.create(PREPARED, None).await?;
        cluster.do_not_wait_for_the_disk(PREPARED).await?;
        let kept = prepare(&copy, &city, people).await?;
        Ok(Rc::new(Self { folder: folder.to_owned(), cluster: Some(cluster), kept, city }))
    }

    /// How many of the crowd book; the others watch.
    pub(crate) fn bookers(&self) -> usize {
        self.crowd.people.len() - WATCHERS
    }

    /// Those who watch.
    pub(crate) fn watchers(&self) -> std::ops::Range<usize> {
        self.bookers()..self.crowd.people.len()
    }

    /// A copy of the prepared database and its keys, on the disk.
    pub(crate) async fn copy(&self, name: &str) -> Result<Copy> {
        let folder = self.folder.join(name);
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder)?;
        copy_files(&self.folder.join(PREPARED), &folder)?;
        let url = match &self.cluster {
            Some(cluster) => cluster.create(name, Some(PREPARED)).await?,
            None => embedded_url(&folder),
        };
        Ok(Copy { folder, url })
    }

    /// A service on a copy, as it would run in a city: no demo, all limits.
    pub(crate) async fn serve(&self, copy: &Copy, flags: &[&str]) -> Result<Service> {
        Service::start(&copy.folder, &self.city, &copy.url, flags).await
    }

    /// Writes so many invented people and their bookings into a copy, beside the crowd.
    pub(crate) async fn seed(&self, copy: &Copy, people: u64, bookings: u64) -> Result<()> {
        let (program, numbers) = (program(), [people.to_string(), bookings.to_string()]);
        let (folder, city) = (copy.folder.display().to_string(), self.city.display().to_string());
        let mut args =
            vec![program.as_str(), "seed", "--demo", "--people", &numbers[0], "--bookings", &numbers[1], "--log", "warn"];
        args.extend(["--data-dir", &folder, "--city-file", &city, "--database-url", &copy.url]);
        let mut seeding = Minded::start(&args, "TERM", &copy.folder.join("seed.log")).await?;
        while seeding.line().await?.is_some() {}
        seeding.stop().await.with_context(|| format!("see {folder}/seed.log"))
    }

    /// Away with a copy.
    pub(crate) async fn remove(&self, copy: Copy) -> Result<()> {
        if let Some(cluster) = &self.cluster {
            cluster.drop(&copy.folder.file_name().unwrap_or_default().to_string_lossy()).await?;
        }
        std::fs::remove_dir_all(copy.folder).context("a copy of the database is removed")
    }

    /// Stops the cluster, where there is one.
    pub(crate) async fn end(stage: Rc<Self>) -> Result<()> {
        match Rc::into_inner(stage).and_then(|stage| stage.cluster) {
            Some(cluster) => cluster.stop().await,
            None => Ok(()),
        }
    }

    /// The cluster, where there is one.
    pub(crate) fn cluster(&self) -> Result<&Cluster> {
        self.cluster.as_ref().context("this stage has a cluster")
    }
}

impl Copy {
    /// The file of an embedded database.
    pub(crate) fn file(&self) -> PathBuf {
        self.folder.join("yizhen.db")
    }
}

fn embedded_url(folder: &Path) -> String {
    format!("sqlite://{}", folder.join("yizhen.db").display())
}

fn again(folder: &Path, people: usize, reuse: bool) -> Result<Option<Kept>> {
    let list = folder.join("crowd.json");
    if !reuse || !list.exists() {
        return Ok(None);
    }
    let kept: Kept = serde_json::from_slice(&std::fs::read(list)?)?;
    Ok((kept.crowd.people.len() >= people + WATCHERS).then_some(kept))
}

/// An empty folder with the city file, and where the prepared database will be.
fn clean(folder: &Path) -> Result<Copy> {
    let _ = std::fs::remove_dir_all(folder);
    let prepared = folder.join(PREPARED);
    std::fs::create_dir_all(&prepared)?;
    std::fs::write(folder.join("city.toml"), places::city_file()?)?;
    let url = embedded_url(&prepared);
    Ok(Copy { folder: prepared, url })
}

/// Where an embedded database is prepared: in memory if there is any, for each of the crowd is a commit, and nobody measures these.
struct Quick {
    copy: Copy,
    _memory: Option<TempDir>,
}

impl Quick {
    fn near(prepared: &Copy) -> Result<Self> {
        let memory = tempfile::Builder::new().prefix("yizhen-bench-").tempdir_in("/dev/shm").ok();
        let folder = memory.as_ref().map_or(prepared.folder.clone(), |memory| memory.path().to_owned());
        let url = embedded_url(&folder);
        Ok(Self { copy: Copy { folder, url }, _memory: memory })
    }

    fn bring_to(self, prepared: &Copy) -> Result<()> {
        if self.copy.folder == prepared.folder { Ok(()) } else { copy_files(&self.copy.folder, &prepared.folder) }
    }
}

/// Copies the files of a folder, down to the disk.
fn copy_files(from: &Path, to: &Path) -> Result<()> {
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        // the checkpoints of the audit: a copy begins its own
        if entry.path().is_dir() {
            continue;
        }
        let to = to.join(entry.file_name());
        std::fs::copy(entry.path(), &to).context("the prepared database is copied")?;
        std::fs::File::open(to)?.sync_all()?;
    }
    Ok(())
}

async fn prepare(copy: &Copy, city: &Path, people: usize) -> Result<Kept> {
    let service = Service::start(&copy.folder, city, &copy.url, &DEMO).await?;
    let began = Instant::now();
    let crowd = Crowd::come(service.address, people + WATCHERS).await?;
    let took = began.elapsed().as_secs_f64();
    let places = Places::look(&mut Connection::to(service.address)).await?;
    service.stop().await?;
    let engine = copy.url.split(':').next().unwrap_or_default();
    note(&format!(
        "{engine}: {} people of {} accounts signed in over HTTP in {took:.0} s",
        crowd.people.len(),
        crowd.cookies.len()
    ));
    Ok(Kept { crowd, places })
}
