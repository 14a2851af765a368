//! Check-in at the site: what staff see of a booking, and what became of it.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::accept::Accept;
use crate::booking::{BookedVaccine, BookingState};
use crate::code::Code;
use crate::flow::{Next, Steps, TurnedAway};
use crate::identity::DocumentKind;
use crate::reason::Reason;
use crate::screening::Screening;
use crate::slot::Window;
use crate::words::words;

words! {
    /// How loudly the answer speaks.
    Light {
        /// Go on.
        Green = "green",
        /// Look here first.
        Amber = "amber",
        /// Stop.
        Red = "red",
    }
}

words! {
    /// Where the present moment lies relative to the window.
    Timing {
        /// The window has not begun.
        Early = "early",
        /// Within it.
        OnTime = "on_time",
        /// It is over, the day is not.
        Late = "late",
        /// Another day.
        OtherDay = "other_day",
    }
}

impl Timing {
    /// Judges `now` against a window.
    pub fn of(window: &Window, now: DateTime<Utc>) -> Self {
        let now = crate::time::civil(now);
        if now.date() != window.date {
            Self::OtherDay
        } else if now.time() < window.start {
            Self::Early
        } else if now.time() < window.end {
            Self::OnTime
        } else {
            Self::Late
        }
    }
}

/// Who recorded a jab, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redemption {
    /// When.
    pub at: DateTime<Utc>,
    /// The member of staff.
    pub by: String,
    /// The site.
    pub site_name: String,
}

/// `checkin/look_up`: what staff need to see, masked, with what may be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookUp {
    /// How loudly it speaks.
    pub light: Light,
    /// Why not green; the first thing to say.
    pub reason: Option<Reason>,
    /// Whether this member of staff may record the jab now.
    pub may_redeem: bool,
    /// The booking.
    pub code: Code,
    /// Where it stands.
    pub state: BookingState,
    /// The name in full: it is compared with the document. Masked at another site.
    pub name: String,
    /// Completed years today.
    pub age: u32,
    /// The kind of document.
    pub document_kind: DocumentKind,
    /// The last four signs of its number.
    pub document_last_four: String,
    /// What is due.
    pub vaccine: BookedVaccine,
    /// Which dose.
    pub dose: u8,
    /// When.
    #[serde(flatten)]
    pub window: Window,
    /// Now against the window.
    pub timing: Timing,
    /// The site of the booking.
    pub site_id: Uuid,
    /// Its name.
    pub site_name: String,
    /// The answers given when booking: all no, or there would be no booking.
    pub screening: Screening,
    /// Whether nobody has answered them yet: they are to be asked now.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub screening_due: bool,
    /// Who recorded the jab, when it is recorded.
    pub redemption: Option<Redemption>,
    /// The visit so far, and what comes next.
    #[serde(flatten)]
    pub visit: VisitSeen,
}

/// How far somebody has come at the site, as staff see it. Whoever knows nothing of these fields goes on as before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VisitSeen {
    /// With how many steps the sites work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<Steps>,
    /// What comes next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Next>,
    /// When they came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrived_at: Option<DateTime<Utc>>,
    /// Until when they stay under observation, where that is a step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observe_until: Option<DateTime<Utc>>,
    /// When they were let go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_at: Option<DateTime<Utc>>,
    /// The lot of the recorded jab.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lot: Option<String>,
    /// Why they went home without the jab.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turned_away: Option<TurnedAway>,
    /// Whether the caller may record the jab all the same, at their own site, with [`Redeem::accept`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub may_accept: Option<bool>,
}

words! {
    /// What became of a redemption.
    Outcome {
        /// Recorded now (or by an earlier try of the same scan).
        Redeemed = "redeemed",
        /// Taken back.
        Undone = "undone",
    }
}

/// `checkin/redeem`: records a jab. `nonce` is made once per scan; the same nonce again gives the same answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redeem {
    /// The booking's code, in any writing.
    pub code: String,
    /// Once per scan.
    pub nonce: Uuid,
    /// The lot of the vaccine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lot: Option<String>,
    /// Although it was booked for another site or day: by a manager, with a reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accept: Option<Accept>,
}

/// Replies that tell what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckedIn {
    /// What became of it.
    pub outcome: Outcome,
    /// Who and when.
    pub redemption: Option<Redemption>,
}

/// A line of the day's list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RosterRow {
    /// The booking.
    pub code: Code,
    /// Where it stands.
    pub state: BookingState,
    /// The name.
    pub name: String,
    /// Completed years on the day.
    pub age: u32,
    /// The last four signs of the document's number.
    pub document_last_four: String,
    /// What.
    pub vaccine_id: String,
    /// Its name.
    pub vaccine_name: String,
    /// Its name in English.
    pub vaccine_name_en: String,
    /// Which dose.
    pub dose: u8,
    /// When.
    #[serde(flatten)]
    pub window: Window,
    /// When the jab was recorded.
    pub redeemed_at: Option<DateTime<Utc>>,
    /// When they came, where that is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrived_at: Option<DateTime<Utc>>,
    /// When they were let go after the observation, where that is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_at: Option<DateTime<Utc>>,
}

/// A window of the day, whether anybody is booked in it or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RosterSlot {
    /// Its id.
    pub slot_id: Uuid,
    /// What.
    pub vaccine_id: String,
    /// Its name.
    pub vaccine_name: String,
    /// Its name in English.
    pub vaccine_name_en: String,
    /// When.
    #[serde(flatten)]
    pub window: Window,
    /// Places in all.
    pub capacity: u32,
    /// Bookings that wait.
    pub waiting: u32,
    /// Closed by the site.
    pub closed: bool,
    /// Whether this member of staff may close it, or open it again, now.
    pub may_close: bool,
}

/// `checkin/roster`: one site's list of one day, by window and name. Cancelled bookings are not in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roster {
    /// Which site.
    pub site_id: Uuid,
    /// Its name.
    pub site_name: String,
    /// Which day.
    pub date: NaiveDate,
    /// The lines.
    pub rows: Vec<RosterRow>,
    /// The day's windows, by their beginning.
    #[serde(default)]
    pub slots: Vec<RosterSlot>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timing_follows_the_window_in_the_sites_zone() {
        let time = |text: &str| crate::time::hhmm::parse(text).expect("a time");
        let window = Window { date: "2021-05-08".parse().expect("a date"), start: time("08:30"), end: time("09:00") };
        for (now, timing) in [
            ("2021-05-08T00:29:59Z", Timing::Early),
            ("2021-05-08T00:30:00Z", Timing::OnTime),
            ("2021-05-08T01:00:00Z", Timing::Late),
            ("2021-05-08T15:59:59Z", Timing::Late),
            ("2021-05-08T16:00:00Z", Timing::OtherDay),
            ("2021-05-07T15:59:59Z", Timing::OtherDay),
        ] {
            assert_eq!(Timing::of(&window, now.parse().expect("an instant")), timing, "{now}");
        }
    }
}
