//! Where the benchmarks play: a database with the crowd in it, made once over HTTP; each benchmark starts on a copy of its own.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::client::Connection;
use crate::crowd::Crowd;
use crate::places::{self, Places};
use crate::service::Service;

/// Flags of the service while the crowd signs in: the demo shows the codes.
pub(crate) const DEMO: [&str; 4] = ["--demo=on", "--limits", "off", "--demo-password=benchmark"];

/// What is there before a benchmark begins.
pub(crate) struct Stage {
    folder: PathBuf,
    pub(crate) city: PathBuf,
    pub(crate) crowd: Crowd,
    pub(crate) places: Places,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    crowd: Crowd,
    places: Places,
}

impl Stage {
    /// An embedded database with `people`; that of an earlier run where `reuse` allows it.
    pub(crate) async fn embedded(folder: &Path, people: usize, reuse: bool) -> Result<Self> {
        let prepared = folder.join("prepared");
        let (city, list) = (folder.join("city.toml"), folder.join("crowd.json"));
        if reuse && let Ok(text) = std::fs::read(&list) {
            let kept: Kept = serde_json::from_slice(&text)?;
            if kept.crowd.people.len() >= people {
                return Ok(Self { folder: folder.to_owned(), city, crowd: kept.crowd, places: kept.places });
            }
        }
        let _ = std::fs::remove_dir_all(folder);
        std::fs::create_dir_all(&prepared)?;
        std::fs::write(&city, places::city_file()?)?;
        let service = Service::start(&prepared, &city, None, &DEMO).await?;
        let began = Instant::now();
        let kept = Kept { crowd: Crowd::come(service.address, people).await?, places: look(&service).await? };
        say(&kept.crowd, began);
        service.stop().await?;
        std::fs::write(&list, serde_json::to_vec(&kept)?)?;
        Ok(Self { folder: folder.to_owned(), city, crowd: kept.crowd, places: kept.places })
    }

    /// A copy of the prepared database and its keys, on the disk.
    pub(crate) fn copy(&self, name: &str) -> Result<PathBuf> {
        let to = self.folder.join(name);
        let _ = std::fs::remove_dir_all(&to);
        std::fs::create_dir_all(&to)?;
        for entry in std::fs::read_dir(self.folder.join("prepared"))? {
            let entry = entry?;
            if entry.file_name() != "service.log" {
                std::fs::copy(entry.path(), to.join(entry.file_name())).context("the prepared database is copied")?;
                std::fs::File::open(to.join(entry.file_name()))?.sync_all()?;
            }
        }
        Ok(to)
    }
}

/// The database of a data folder.
pub(crate) fn database(data: &Path) -> PathBuf {
    data.join("yizhen.db")
}

async fn look(service: &Service) -> Result<Places> {
    Places::look(&mut Connection::to(service.address)).await
}

fn say(crowd: &Crowd, began: Instant) {
    let (people, took) = (crowd.people.len(), began.elapsed().as_secs_f64());
    crate::report::note(&format!("{people} people of {} accounts signed in over HTTP in {took:.0} s", crowd.cookies.len()));
}
