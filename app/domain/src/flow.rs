//! The steps of a visit: come, jab, half an hour under observation, gone; and those who go home without the jab.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::booking::BookingState;
use crate::code::Code;
use crate::error::{Error, Result};
use crate::lang::Lang;
use crate::reveal::{checked_note, with_note};
use crate::words::words;

/// How long people stay after a jab, in minutes: 预防接种工作规范（2023 年版）.
pub const OBSERVATION_MINUTES: i64 = 30;

words! {
    /// How many steps a city's sites work with.
    Steps {
        /// One: the jab is recorded.
        Redeem = "redeem",
        /// Whoever comes is received; then the jab.
        Arrive = "arrive",
        /// The same, and they stay under observation until they are let go.
        Observe = "observe",
    }
}

/// How the sites work: `[on_site]` of the city file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnSite {
    /// With how many steps.
    pub steps: Steps,
}

impl Default for OnSite {
    fn default() -> Self {
        Self { steps: Steps::Redeem }
    }
}

impl OnSite {
    /// Whether nothing was said about it.
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

words! {
    /// What comes next for somebody at the site.
    Next {
        /// Receive them.
        Arrive = "arrive",
        /// Give the jab and record it.
        Jab = "jab",
        /// They stay for now.
        Observe = "observe",
        /// They may go.
        Leave = "leave",
        /// Nothing: they are through.
        Nothing = "nothing",
    }
}

/// How far somebody has come at the site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visit {
    /// Where their booking stands today.
    pub state: BookingState,
    /// When they came.
    pub arrived_at: Option<DateTime<Utc>>,
    /// When the jab was recorded.
    pub redeemed_at: Option<DateTime<Utc>>,
    /// When they were let go.
    pub left_at: Option<DateTime<Utc>>,
}

impl Visit {
    /// Until when they stay under observation, where the site has that step.
    pub fn observe_until(&self, steps: Steps) -> Option<DateTime<Utc>> {
        let at = self.redeemed_at.filter(|_| steps == Steps::Observe)?;
        Some(at + TimeDelta::minutes(OBSERVATION_MINUTES))
    }

    /// What comes next.
    pub fn next(&self, steps: Steps, now: DateTime<Utc>) -> Next {
        match (self.state, self.observe_until(steps)) {
            (BookingState::Booked, _) if steps != Steps::Redeem && self.arrived_at.is_none() => Next::Arrive,
            (BookingState::Booked, _) => Next::Jab,
            (BookingState::Redeemed, Some(until)) if self.left_at.is_none() => {
                if now < until {
                    Next::Observe
                } else {
                    Next::Leave
                }
            }
            (BookingState::Redeemed | BookingState::Cancelled | BookingState::Missed, _) => Next::Nothing,
        }
    }
}

/// What `checkin/arrive` and `checkin/leave` come to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stepped {
    /// The booking.
    pub code: Code,
    /// When they came.
    pub arrived_at: Option<DateTime<Utc>>,
    /// When they were let go.
    pub left_at: Option<DateTime<Utc>>,
    /// What comes next.
    pub next: Next,
}

/// Somebody under observation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observed {
    /// The booking.
    pub code: Code,
    /// The name.
    pub name: String,
    /// Completed years.
    pub age: u32,
    /// The last four signs of the document's number.
    pub document_last_four: String,
    /// What was given.
    pub vaccine_name: String,
    /// In English.
    pub vaccine_name_en: String,
    /// Which dose.
    pub dose: u8,
    /// When.
    pub redeemed_at: DateTime<Utc>,
    /// Until when they stay.
    pub until: DateTime<Utc>,
}

/// `checkin/observed`: who is under observation at a site, who may go first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    /// Which site.
    pub site_id: Uuid,
    /// With how many steps it works; with less than [`Steps::Observe`] nobody is under observation.
    pub steps: Steps,
    /// The present instant by the server's clock, which the page counts down by.
    pub now: DateTime<Utc>,
    /// They.
    pub people: Vec<Observed>,
}

words! {
    /// Why somebody went home without the jab.
    TurnedAway {
        /// 37.3 °C or more.
        Fever = "fever",
        /// Blood pressure too high.
        Pressure = "pressure",
        /// Ill at the moment, or a long illness that is not under control.
        Acute = "acute",
        /// They did not want it.
        Refused = "refused",
        /// Something else.
        Other = "other",
    }
}

impl TurnedAway {
    /// As staff and the citizen read it.
    pub fn text(self, lang: Lang) -> &'static str {
        match self {
            Self::Fever => lang.pick("发热", "Fever"),
            Self::Pressure => lang.pick("血压偏高", "Blood pressure too high"),
            Self::Acute => lang.pick("正在生病，或慢性病没有控制好", "Ill, or a long illness not under control"),
            Self::Refused => lang.pick("本人暂时不打", "Did not want it now"),
            Self::Other => lang.pick("其他原因", "Another reason"),
        }
    }
}

/// `checkin/turn_away`: somebody came and could not be vaccinated. The booking is over, its place is free, and they may book again at once.
/// The same nonce again gives the same answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TurnAway {
    /// The booking's code, in any writing.
    pub code: String,
    /// Once per intent.
    pub nonce: Uuid,
    /// Why.
    pub reason: TurnedAway,
    /// More about it, for the audit alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl TurnAway {
    /// The reason as the audit keeps it: its word, and the detail.
    ///
    /// # Errors
    /// `invalid` on `detail`: too long, or with something in it that looks like somebody's number.
    pub fn why(&self) -> Result<String> {
        let detail = checked_note(self.detail.as_deref()).map_err(|error| Error { field: Some("detail".into()), ..error })?;
        Ok(with_note(self.reason, detail))
    }
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WentHome {
    /// The booking.
    pub code: Code,
    /// Where it stands.
    pub state: BookingState,
    /// Why.
    pub reason: TurnedAway,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reason::Reason;

    #[test]
    fn each_number_of_steps_leads_from_the_door_to_the_end() {
        let at = |time: &str| format!("2021-05-08T{time}Z").parse::<DateTime<Utc>>().expect("an instant");
        let some = |time: &str| (!time.is_empty()).then(|| at(time));
        use BookingState::{Booked, Cancelled, Missed, Redeemed};
        for (steps, state, arrived, redeemed, left, now, next) in [
            (Steps::Redeem, Booked, "", "", "", "01:00:00", Next::Jab),
            (Steps::Redeem, Redeemed, "", "01:00:00", "", "01:00:01", Next::Nothing),
            (Steps::Arrive, Booked, "", "", "", "01:00:00", Next::Arrive),
            (Steps::Arrive, Booked, "00:59:00", "", "", "01:00:00", Next::Jab),
            (Steps::Arrive, Redeemed, "00:59:00", "01:00:00", "", "01:00:01", Next::Nothing),
            (Steps::Observe, Booked, "", "", "", "01:00:00", Next::Arrive),
            (Steps::Observe, Booked, "00:59:00", "", "", "01:00:00", Next::Jab),
            (Steps::Observe, Redeemed, "", "01:00:00", "", "01:29:59", Next::Observe),
            (Steps::Observe, Redeemed, "00:59:00", "01:00:00", "", "01:30:00", Next::Leave),
            (Steps::Observe, Redeemed, "00:59:00", "01:00:00", "01:31:00", "01:40:00", Next::Nothing),
            (Steps::Observe, Cancelled, "", "", "", "01:00:00", Next::Nothing),
            (Steps::Observe, Missed, "00:59:00", "", "", "01:00:00", Next::Nothing),
        ] {
            let visit = Visit { state, arrived_at: some(arrived), redeemed_at: some(redeemed), left_at: some(left) };
            assert_eq!(visit.next(steps, at(now)), next, "{steps} {state} {now}");
        }
    }

    #[test]
    fn a_detail_is_kept_beside_the_reason_and_holds_nobodys_number() {
        let why = |detail: Option<&str>| {
            let detail = detail.map(str::to_owned);
            let away = TurnAway { code: String::new(), nonce: Uuid::nil(), reason: TurnedAway::Fever, detail };
            away.why().map_err(|error| (error.field, error.reason))
        };
        assert_eq!(why(None), Ok("fever".into()));
        assert_eq!(why(Some(" 37.8 ")), Ok("fever: 37.8".into()));
        assert_eq!(why(Some("13800138000")), Err((Some("detail".into()), Some(Reason::NoteNumber))));
    }

    #[test]
    fn every_reason_has_words_in_both_languages() {
        for reason in TurnedAway::ALL {
            assert!(!reason.text(Lang::Zh).is_ascii() && reason.text(Lang::En).is_ascii(), "{reason}");
        }
    }
}
