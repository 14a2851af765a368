//! What a city file must be before the service starts with it. An objection is the key's path, and what to do about it.

use std::collections::HashSet;

use domain::NaiveDate;
use domain::chrono::Weekday;
use domain::city::City;
use domain::consent::{SeparateNotice, SeparateText};
use domain::message::{REMINDERS_FROM, REMINDERS_TO};
use domain::notice::{Notice, NoticeText};
use domain::slot::find_overlap;
use domain::vaccine::Vaccine;
use toml::{Table, Value};

use super::{CityFile, Session, SiteEntry};

type Objection = (String, String);

/// The first thing that is wrong.
pub(super) fn objection(file: &CityFile) -> Option<Objection> {
    city(&file.city)
        .or_else(|| vaccines(&file.vaccines))
        .or_else(|| notice(&file.notice))
        .or_else(|| sites(file))
        .or_else(|| demo(file))
}

/// A key that nothing reads: a misspelt `by_days` would silently lift a bound. Whatever was read is written again, and what
/// is then missing was not understood.
pub(super) fn unknown_key(given: &Table, read: &CityFile) -> Option<Objection> {
    let read = Value::try_from(read).ok()?;
    let path = missing("", &Value::Table(given.clone()), &read)?;
    Some((path, "is no key of a city file; remove it, or check its spelling".into()))
}

fn missing(path: &str, given: &Value, read: &Value) -> Option<String> {
    match (given, read) {
        (Value::Table(given), Value::Table(read)) => given.iter().find_map(|(key, value)| {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            match read.get(key) {
                Some(read) => missing(&path, value, read),
                // what is empty is left out when it is written again
                None if value.as_array().is_some_and(Vec::is_empty) => None,
                None => Some(path),
            }
        }),
        (Value::Array(given), Value::Array(read)) => {
            given.iter().zip(read).enumerate().find_map(|(at, (given, read))| missing(&format!("{path}[{at}]"), given, read))
        }
        _ => None,
    }
}

fn wrong(key: impl Into<String>, what: impl Into<String>) -> Option<Objection> {
    Some((key.into(), what.into()))
}

/// A text that people will read: there, and without control characters.
fn text(key: String, value: &str) -> Option<Objection> {
    if value.trim().is_empty() {
        wrong(key, "is empty; write something there")
    } else if value.chars().any(char::is_control) {
        wrong(key, "has a control character or a line break in it; remove it")
    } else {
        None
    }
}

fn texts<'a>(prefix: &str, fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Option<Objection> {
    fields.into_iter().find_map(|(key, value)| text(format!("{prefix}{key}"), value))
}

fn city(city: &City) -> Option<Objection> {
    let fields = [("name", city.name.as_str()), ("name_en", &city.name_en), ("hotline", &city.hotline)];
    texts("city.", fields)
        .or_else(|| match city.hotline.chars().filter(char::is_ascii_digit).count() {
            0..3 => wrong("city.hotline", "is no telephone number; it stands on every page"),
            _ => None,
        })
        .or_else(|| {
            if city.from_age > 120 {
                wrong("city.from_age", "is over 120 years; enter the smallest age that is vaccinated")
            } else {
                None
            }
        })
        .or_else(|| {
            if (REMINDERS_FROM..=REMINDERS_TO).contains(&city.reminder_at) {
                None
            } else {
                wrong("city.reminder_at", "must be between 07:00 and 21:00: people sleep outside of it")
            }
        })
        .or_else(|| if city.divisions.is_empty() { wrong("city.divisions", "are missing; add at least one") } else { None })
        .or_else(|| divisions(city))
}

fn divisions(city: &City) -> Option<Objection> {
    let mut seen = HashSet::new();
    city.divisions.iter().enumerate().find_map(|(at, division)| {
        let prefix = format!("city.divisions[{at}].");
        let (lat, lon) = division.at;
        if division.code.len() != 6 || !division.code.bytes().all(|sign| sign.is_ascii_digit()) {
            return wrong(format!("{prefix}code"), format!("must be six digits in quotes (GB/T 2260), not {:?}", division.code));
        }
        if !seen.insert(&division.code) {
            return wrong(format!("{prefix}code"), format!("{} stands there twice; remove one", division.code));
        }
        if !(-90.0..=90.0).contains(&lat) || !(-180.0..=180.0).contains(&lon) {
            return wrong(format!("{prefix}at"), "must be [latitude, longitude] in degrees");
        }
        texts(&prefix, [("name", division.name.as_str()), ("name_en", &division.name_en)])
    })
}

/// Ids and keys stand in addresses and logs.
fn is_word(word: &str) -> bool {
    (1..=40).contains(&word.len())
        && word.bytes().all(|sign| sign.is_ascii_lowercase() || sign.is_ascii_digit() || matches!(sign, b'-' | b'_'))
}

const WORD: &str = "must be a word of a-z, 0-9, - and _";

fn vaccines(vaccines: &[Vaccine]) -> Option<Objection> {
    if vaccines.is_empty() {
        return wrong("vaccines", "are missing; add at least one");
    }
    let mut seen = HashSet::new();
    vaccines.iter().enumerate().find_map(|(at, vaccine)| {
        let prefix = format!("vaccines[{at}].");
        if !is_word(&vaccine.id) {
            return wrong(format!("{prefix}id"), WORD);
        }
        if !seen.insert(&vaccine.id) {
            return wrong(format!("{prefix}id"), format!("{:?} stands there twice; remove one", vaccine.id));
        }
        if !is_word(&vaccine.course) {
            return wrong(format!("{prefix}course"), WORD);
        }
        if !vaccine.is_sound() {
            let what =
                "must hold one window for each dose from 2 on, in order, whose first day is not after its last, for 1 to 9 doses";
            return wrong(format!("{prefix}windows"), what);
        }
        texts(&prefix, [("name", vaccine.name.as_str()), ("name_en", &vaccine.name_en)])
    })
}

fn notice(notice: &Notice) -> Option<Objection> {
    text("notice.version".into(), &notice.version)
        .or_else(|| notice_text("notice.zh", &notice.zh))
        .or_else(|| notice_text("notice.en", &notice.en))
        .or_else(|| {
            let (zh, en) = (notice.zh.sections.len(), notice.en.sections.len());
            if zh == en {
                None
            } else {
                wrong("notice.en.sections", format!("are {en}, but in Chinese there are {zh}; write the missing ones"))
            }
        })
        .or_else(|| notice.sensitive.as_ref().and_then(separate))
}

fn separate(notice: &SeparateNotice) -> Option<Objection> {
    text("notice.sensitive.version".into(), &notice.version)
        .or_else(|| separate_text("notice.sensitive.zh", &notice.zh))
        .or_else(|| separate_text("notice.sensitive.en", &notice.en))
}

fn separate_text(path: &str, notice: &SeparateText) -> Option<Objection> {
    if notice.paragraphs.is_empty() {
        return wrong(format!("{path}.paragraphs"), "are missing; say what is processed, why, and what follows from it");
    }
    let fields = [("title", notice.title.as_str()), ("consent", &notice.consent), ("consent_for_other", &notice.consent_for_other)];
    let mut paragraphs = notice.paragraphs.iter().enumerate();
    texts(&format!("{path}."), fields).or_else(|| paragraphs.find_map(|(n, words)| text(format!("{path}.paragraphs[{n}]"), words)))
}

fn notice_text(path: &str, notice: &NoticeText) -> Option<Objection> {
    if notice.sections.is_empty() {
        return wrong(format!("{path}.sections"), "are missing; add at least one");
    }
    texts(&format!("{path}."), [("title", notice.title.as_str()), ("consent", &notice.consent)]).or_else(|| {
        notice.sections.iter().enumerate().find_map(|(at, section)| {
            let prefix = format!("{path}.sections[{at}]");
            if section.paragraphs.is_empty() {
                return wrong(format!("{prefix}.paragraphs"), "are missing; add at least one");
            }
            let paragraphs = section.paragraphs.iter().enumerate();
            text(format!("{prefix}.heading"), &section.heading)
                .or_else(|| paragraphs.into_iter().find_map(|(n, words)| text(format!("{prefix}.paragraphs[{n}]"), words)))
        })
    })
}

fn sites(file: &CityFile) -> Option<Objection> {
    let mut seen = HashSet::new();
    file.sites.iter().enumerate().find_map(|(at, site)| {
        let prefix = format!("sites[{at}].");
        if !is_word(&site.key) {
            return wrong(format!("{prefix}key"), WORD);
        }
        if !seen.insert(&site.key) {
            return wrong(format!("{prefix}key"), format!("{:?} stands there twice; remove one", site.key));
        }
        if file.city.division(&site.county).is_none() {
            return wrong(
                format!("{prefix}county"),
                format!("{:?} is none of city.divisions; add it there, or correct it", site.county),
            );
        }
        let fields = [("name", site.name.as_str()), ("name_en", &site.name_en), ("address", &site.address), ("phone", &site.phone)];
        texts(&prefix, fields)
            .or_else(|| {
                site.sessions.iter().enumerate().find_map(|(n, one)| session(file, &format!("{prefix}sessions[{n}]."), one))
            })
            .or_else(|| overlap(&prefix, site))
    })
}

fn session(file: &CityFile, prefix: &str, session: &Session) -> Option<Objection> {
    if file.vaccine(&session.vaccine).is_none() {
        return wrong(
            format!("{prefix}vaccine"),
            format!("{:?} is none of the vaccines; add it there, or correct it", session.vaccine),
        );
    }
    if !(1..=10_000).contains(&session.capacity) {
        return wrong(format!("{prefix}capacity"), "must be between 1 and 10000 places a window");
    }
    if !(5..=480).contains(&session.window_minutes) {
        return wrong(format!("{prefix}window_minutes"), "must be between 5 and 480");
    }
    if session.hours.is_empty() {
        return wrong(format!("{prefix}hours"), "are missing; write them as [\"08:00-11:30\"]");
    }
    let no_window = |hours: &super::Hours| hours.windows(NaiveDate::default(), session.window_minutes).next().is_none();
    session.hours.iter().position(no_window).and_then(|at| {
        let what = format!("must end after they begin, with room for a window of {} minutes", session.window_minutes);
        wrong(format!("{prefix}hours[{at}]"), what)
    })
}

/// Two windows of one vaccine at one site must not share a moment, on any day of the week.
fn overlap(prefix: &str, site: &SiteEntry) -> Option<Objection> {
    let day = NaiveDate::default();
    let mut week = core::iter::successors(Some(Weekday::Mon), |day| (*day != Weekday::Sun).then(|| day.succ()));
    week.find_map(|weekday| {
        let vaccines: HashSet<_> = site.sessions.iter().map(|session| &session.vaccine).collect();
        vaccines.into_iter().find_map(|vaccine| {
            let of_vaccine = site.sessions.iter().filter(|session| session.vaccine == *vaccine && session.is_on(weekday));
            let windows: Vec<_> = of_vaccine.flat_map(|session| session.windows(day)).collect();
            let (one, other) = find_overlap(&windows)?;
            let what = format!("overlap on {weekday}: {vaccine} has {} and {}; change the hours", one.text(), other.text());
            wrong(format!("{prefix}sessions"), what)
        })
    })
}

fn demo(file: &CityFile) -> Option<Objection> {
    let roles = file.demo.as_ref()?;
    [("demo.staff_site", &roles.staff_site), ("demo.full_site", &roles.full_site)]
        .into_iter()
        .find(|(_, key)| file.site(key).is_none())
        .and_then(|(path, key)| wrong(path, format!("{key:?} is none of the sites; use a site's key")))
        .or_else(|| {
            let works = file.site(&roles.staff_site).is_some_and(|site| !site.sessions.is_empty());
            if works { None } else { wrong("demo.staff_site", "is a site without sessions; choose one that works every day") }
        })
}
