//! The city of the benchmark: Yongzhou's sites with more places, and which of their windows are booked for what.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use engine::CityFile;
use engine::city_file::Session;
use serde::{Deserialize, Serialize};

use crate::client::{self, Connection};

/// The windows that sell out: each site's usual day.
const SCARCE: &str = "vero";
/// The windows that never do.
const PLENTY: &str = "ad5";
/// Places in a window that sells out.
pub(crate) const SCARCE_PLACES: u32 = 50;
/// Places in one that does not.
pub(crate) const PLENTY_PLACES: u32 = 10_000;
/// The demo's own people take places in the coming week; the benchmark's windows lie behind it.
const FIRST_DAY: usize = 8;

/// Windows to book, by purpose.
#[derive(Serialize, Deserialize)]
pub(crate) struct Places {
    /// Windows of [`SCARCE_PLACES`].
    pub(crate) scarce: Vec<String>,
    /// Windows of [`PLENTY_PLACES`].
    pub(crate) plenty: Vec<String>,
    /// Sites with a window on the last day, where nobody but the one who looks how fresh the overview is books anything.
    pub(crate) watched: Vec<Watched>,
}

/// A window on a day of its own.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Watched {
    pub(crate) site_id: String,
    pub(crate) date: String,
    pub(crate) slot_id: String,
}

/// The city file: Yongzhou's own notice, vaccines and sites; every site but the two that the demo plays with has more places.
pub(crate) fn city_file() -> Result<String> {
    let mut city = CityFile::yongzhou();
    let roles = city.demo.clone().context("Yongzhou has a demo")?;
    for site in city.sites.iter_mut().filter(|site| site.key != roles.staff_site && site.key != roles.full_site) {
        site.sessions = vec![
            session(SCARCE, &["08:00-11:30", "14:30-17:00"], SCARCE_PLACES)?,
            session(PLENTY, &["08:00-11:30", "14:30-17:00"], PLENTY_PLACES)?,
        ];
    }
    Ok(toml::to_string(&city)?)
}

fn session(vaccine: &str, hours: &[&str], capacity: u32) -> Result<Session> {
    let body = serde_json::json!({ "vaccine": vaccine, "hours": hours, "capacity": capacity });
    serde_json::from_value(body).context("a session of the city file")
}

#[derive(Deserialize)]
struct Overview {
    sites: Vec<Site>,
}

#[derive(Deserialize)]
struct Site {
    id: String,
    days: Vec<Day>,
}

#[derive(Deserialize)]
struct Day {
    date: String,
}

#[derive(Deserialize)]
struct Windows {
    slots: Vec<Window>,
}

#[derive(Deserialize)]
struct Window {
    id: String,
    vaccine_id: String,
    date: String,
    capacity: u32,
    remaining: u32,
    state: String,
}

impl Places {
    /// Asks the service what can be booked.
    pub(crate) async fn look(connection: &mut Connection) -> Result<Self> {
        let mut request = Vec::new();
        client::get(&mut request, "/availability", "");
        let overview: Overview = serde_json::from_slice(connection.send(&request).await?.body)?;
        let mut days: Vec<String> = overview.sites.iter().flat_map(|site| site.days.iter().map(|day| day.date.clone())).collect();
        days.sort();
        days.dedup();
        let last = days.last().context("there are days")?.clone();
        let first = days.get(FIRST_DAY).context("there are two weeks")?.clone();
        let mut places = Self { scarce: vec![], plenty: vec![], watched: vec![] };
        // day by day and site by site in turn, so that whatever is taken from the front is spread over the city
        let mut found: BTreeMap<(usize, usize), Window> = BTreeMap::new();
        for (at, site) in overview.sites.iter().enumerate() {
            client::get(&mut request, &format!("/availability/{}", site.id), "");
            let windows: Windows = serde_json::from_slice(connection.send(&request).await?.body)?;
            let free = |window: &Window| window.state == "open" && window.remaining == window.capacity && window.date >= first;
            let mut rank = 0;
            for window in windows.slots.into_iter().filter(free) {
                if window.capacity != SCARCE_PLACES && window.capacity != PLENTY_PLACES {
                    continue;
                }
                if window.date == last {
                    let watched = Watched { site_id: site.id.clone(), date: window.date, slot_id: window.id };
                    if window.vaccine_id == PLENTY && places.watched.last().is_none_or(|before| before.site_id != site.id) {
                        places.watched.push(watched);
                    }
                    continue;
                }
                found.insert((rank, at), window);
                rank += 1;
            }
        }
        for window in found.into_values() {
            let list = if window.vaccine_id == SCARCE { &mut places.scarce } else { &mut places.plenty };
            list.push(window.id);
        }
        ensure!(places.scarce.len() >= 400 && places.plenty.len() >= 400 && places.watched.len() >= 8, "the city is too small");
        Ok(places)
    }
}
