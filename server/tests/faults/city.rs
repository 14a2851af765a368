//! The city of these tests: few windows, so that a start is quick; many places, and some so few that they run out.

use std::path::Path;

use domain::NaiveTime;
use engine::CityFile;
use engine::city_file::{DemoRoles, Hours, Release, Session, SiteEntry};

/// A Monday morning, hours before the first window.
pub(crate) const MORNING: &str = "2026-11-23T08:00:00+08:00";
pub(crate) const TODAY: &str = "2026-11-23";

/// Where the nurse works: thousands of places.
pub(crate) const HALL: &str = "hall";
/// Three places a window: they run out.
pub(crate) const VILLAGE: &str = "village";
/// What the demo fills by itself.
const FULL: &str = "full";
/// Sold from a moment on.
pub(crate) const RELEASED: &str = "riverside";

/// Writes the city file.
pub(crate) fn write(path: &Path) {
    with_release(path, None);
}

/// Writes the city file with one site more, whose windows are released so.
pub(crate) fn with_release(path: &Path, release: Option<Release>) {
    let mut city = CityFile::yongzhou();
    city.vaccines.retain(|vaccine| vaccine.id == "vero");
    city.demo = Some(DemoRoles { staff_site: HALL.into(), full_site: FULL.into() });
    // in the evening, when the demo's own people mostly stay away
    city.sites = vec![
        site(HALL, 10_000, "18:00-22:00", 60, None),
        site(VILLAGE, 3, "18:00-22:00", 60, None),
        site(FULL, 1, "18:00-19:00", 60, None),
    ];
    city.sites.extend(release.map(|release| site(RELEASED, 50, "18:00-20:00", 60, Some(release))));
    std::fs::write(path, toml::to_string(&city).expect("a city file is TOML")).expect("written");
}

fn site(key: &str, capacity: u32, hours: &str, window_minutes: u32, release: Option<Release>) -> SiteEntry {
    let (start, end) = hours.split_once('-').expect("a span");
    let time = |text: &str| NaiveTime::parse_from_str(text, "%H:%M").expect("a time");
    SiteEntry {
        key: key.into(),
        county: "431103".into(),
        name: format!("演示接种点 {key}"),
        name_en: format!("Demo Site {key}"),
        address: "永州市冷水滩区演示大道1号".into(),
        phone: "0746-000 0101".into(),
        sessions: vec![Session {
            vaccine: "vero".into(),
            hours: vec![Hours { start: time(start), end: time(end) }],
            capacity,
            window_minutes,
            days: vec![],
            release,
        }],
    }
}

/// The id of a site.
pub(crate) fn id(key: &str) -> domain::Uuid {
    site(key, 1, "18:00-19:00", 60, None).id()
}
