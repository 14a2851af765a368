//! The city file: what makes a Yizhen this city's. Name, divisions, vaccines, notice and sites are data, read at the start.

mod check;
mod sessions;
mod texts;

use std::collections::BTreeMap;
use std::path::Path;

use domain::Uuid;
use domain::city::City;
use domain::consent::SeparateNotice;
use domain::flow::OnSite;
use domain::message::Texts;
use domain::notice::Notice;
use domain::vaccine::Vaccine;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use sessions::{Hours, PlannedSlot, Release, Session};

const YONGZHOU: &str = include_str!("../cities/yongzhou.toml");

/// A city file, read and found sound.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CityFile {
    /// The city and its divisions.
    pub city: City,
    /// The vaccines that it gives.
    pub vaccines: Vec<Vaccine>,
    /// The information notice in force.
    pub notice: Notice,
    /// What its messages say where the built-in texts do not suit it: by language, then by kind.
    #[serde(default, rename = "texts", skip_serializing_if = "BTreeMap::is_empty")]
    pub own_texts: BTreeMap<String, BTreeMap<String, String>>,
    /// What its messages say: the built-in texts, and its own in their place.
    #[serde(skip)]
    pub texts: Texts,
    /// What the demo plays with; only read in demo mode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub demo: Option<DemoRoles>,
    /// How the sites work on the day.
    #[serde(default, skip_serializing_if = "OnSite::is_usual")]
    pub on_site: OnSite,
    /// The sites and their usual sessions.
    #[serde(default)]
    pub sites: Vec<SiteEntry>,
}

/// Which sites play a part in the demo, by their keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemoRoles {
    /// Where `nurse` and `manager` work.
    pub staff_site: String,
    /// Where everything that is released is taken.
    pub full_site: String,
}

/// A site of the city file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SiteEntry {
    /// A short word that never changes: the site's id is made from it.
    pub key: String,
    /// Its division.
    pub county: String,
    /// 冷水滩区演示接种点一
    pub name: String,
    /// Lengshuitan Demo Site 1
    pub name_en: String,
    /// Its address, as a taxi driver reads it.
    pub address: String,
    /// Its telephone.
    pub phone: String,
    /// What a usual day looks like.
    #[serde(default)]
    pub sessions: Vec<Session>,
}

/// Why a city file is refused. One line for the operator: where, what, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum CityFileError {
    /// It cannot be read.
    #[error("the city file {file} cannot be read ({why}); set CITY_FILE to one that can, or leave it out for Yongzhou")]
    Read {
        /// Which file.
        file: String,
        /// What the system says.
        why: String,
    },
    /// It is no TOML, or a value has the wrong type, or a key is missing.
    #[error("the city file {file}, line {line}: {what}")]
    Syntax {
        /// Which file.
        file: String,
        /// Where, from 1.
        line: usize,
        /// What the reader says; it names the key.
        what: String,
    },
    /// A value cannot be right.
    #[error("the city file {file}: `{key}` {what}")]
    Wrong {
        /// Which file.
        file: String,
        /// The path of the key: `sites[3].county`.
        key: String,
        /// What is wrong and what to do.
        what: String,
    },
}

impl CityFile {
    /// Yongzhou, as it comes with the program.
    ///
    /// # Panics
    /// Never in a program whose tests passed: the file is part of it and is read by one.
    pub fn yongzhou() -> Self {
        Self::parse("yongzhou.toml", YONGZHOU).expect("the city file that comes with the program is sound")
    }

    /// Reads and checks a city file.
    ///
    /// # Errors
    /// See [`CityFileError`].
    pub fn read(path: &Path) -> Result<Self, CityFileError> {
        let file = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(&file, &text),
            Err(error) => Err(CityFileError::Read { file, why: error.to_string() }),
        }
    }

    /// Reads and checks the text of a city file; `file` is what errors call it.
    ///
    /// # Errors
    /// See [`CityFileError`].
    pub fn parse(file: &str, text: &str) -> Result<Self, CityFileError> {
        let syntax = |error: toml::de::Error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let said = error.message().replace('\n', ", ");
            let what = key_before(before).map_or(said.clone(), |key| format!("`{key}`: {said}"));
            CityFileError::Syntax { file: file.to_owned(), line: before.matches('\n').count() + 1, what }
        };
        let mut city: Self = toml::from_str(text).map_err(syntax)?;
        let given: toml::Table = toml::from_str(text).map_err(syntax)?;
        let wrong = |(key, what)| CityFileError::Wrong { file: file.to_owned(), key, what };
        check::unknown_key(&given, &city).or_else(|| check::objection(&city)).map_or(Ok(()), |objection| Err(wrong(objection)))?;
        city.texts = texts::read(&city.own_texts).map_err(wrong)?;
        // there is always something to agree to
        city.notice.sensitive = city.notice.sensitive.or_else(standard);
        Ok(city)
    }

    /// The site of a key.
    pub fn site(&self, key: &str) -> Option<&SiteEntry> {
        self.sites.iter().find(|site| site.key == key)
    }

    /// The vaccine of an id.
    pub fn vaccine(&self, id: &str) -> Option<&Vaccine> {
        self.vaccines.iter().find(|vaccine| vaccine.id == id)
    }
}

impl SiteEntry {
    /// The site's id: the same in every database that is filled from a file with this key.
    pub fn id(&self) -> Uuid {
        stable_id(&["site", &self.key])
    }
}

/// The text that stands in the file of Yongzhou, and names no city.
fn standard() -> Option<SeparateNotice> {
    let file: CityFile = toml::from_str(YONGZHOU).ok()?;
    file.notice.sensitive
}

/// The key whose value begins where `before` ends: the reader names missing and unknown keys, but not those of wrong values.
fn key_before(before: &str) -> Option<&str> {
    let (left, _) = before.rsplit('\n').next()?.rsplit_once('=')?;
    left.trim_end().rsplit(|sign: char| !sign.is_ascii_alphanumeric() && sign != '_').next().filter(|key| !key.is_empty())
}

/// An id that follows from words (UUID version 8: the first 128 bits of their SHA-256), so that filling a database twice
/// makes nothing twice.
pub fn stable_id(words: &[&str]) -> Uuid {
    let mut hash = Sha256::new();
    hash.update(b"yizhen");
    for word in words {
        hash.update(b"\0");
        hash.update(word.as_bytes());
    }
    let digest = hash.finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

#[cfg(test)]
mod tests;
