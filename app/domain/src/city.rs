//! What makes a Yizhen this city's: its name, hotline, divisions and vaccines. Data, read from a file at the start.

use chrono::NaiveTime;
use serde::{Deserialize, Serialize};

use crate::division::Division;
use crate::error::{Error, Result};
use crate::lang::Lang;
use crate::reason::Reason;

/// The city that this service is for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct City {
    /// 永州
    pub name: String,
    /// Yongzhou
    pub name_en: String,
    /// The telephone number that helps, shown on every page.
    pub hotline: String,
    /// The smallest age in completed years on the day of the jab.
    pub from_age: u32,
    /// When reminders go out on the day before, in the campaign's zone.
    #[serde(with = "crate::time::hhmm", default = "usual_hour")]
    pub reminder_at: NaiveTime,
    /// Its county-level divisions.
    pub divisions: Vec<Division>,
}

fn usual_hour() -> NaiveTime {
    crate::message::REMINDER_AT
}

impl City {
    /// The name in the reader's language.
    pub fn title(&self, lang: Lang) -> &str {
        lang.pick(&self.name, &self.name_en)
    }

    /// The division of a code.
    pub fn division(&self, code: &str) -> Option<&Division> {
        self.divisions.iter().find(|division| division.code == code)
    }

    /// A county of residence: who lives in the city may be vaccinated here (`mission.md` rule 7).
    ///
    /// # Errors
    /// `invalid` on `county` when it is none of the city's divisions.
    pub fn county(&self, code: &str) -> Result<&Division> {
        self.division(code.trim()).ok_or_else(|| Error::field("county", Reason::County))
    }
}
