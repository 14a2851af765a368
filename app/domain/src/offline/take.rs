//! What a tablet takes along for a day without a network, and what it says by itself of a scan.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::seal::{KEY, SALT};
use crate::booking::{BookedVaccine, BookingState};
use crate::checkin::{Light, LookUp, Redemption, Timing, VisitSeen};
use crate::code::Code;
use crate::identity::DocumentKind;
use crate::pass::Pass;
use crate::reason::Reason;
use crate::screening::Screening;
use crate::slot::Window;
use crate::time::civil;

/// `offline/take`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakeAlong {
    /// When, by the server's clock: a tablet sets its own right by it.
    pub now: DateTime<Utc>,
    /// The day that it is for.
    pub date: NaiveDate,
    /// The site.
    pub site_id: Uuid,
    /// Its name.
    pub site_name: String,
    /// The vaccines of the records.
    pub vaccines: Vec<BookedVaccine>,
    /// The public keys of passes (Ed25519), by their ids.
    pub pass_keys: Vec<(u8, [u8; KEY])>,
    /// What codes are stretched with.
    pub salt: [u8; SALT],
    /// The key that goes with a code; wiped when the screen is locked or somebody signs out.
    pub day_key: [u8; KEY],
    /// The key that seals what waits to be sent; the same on each day, wiped in the same way.
    pub queue_key: [u8; KEY],
    /// The key of whoever takes it along: it opens the list of the day, for those who come without code and pass. Wiped in the same way.
    #[serde(default)]
    pub roster_key: [u8; KEY],
    /// The list (`checkin::RosterRow`s as JSON), sealed with that key for `seal::FOR_ROSTER`, in base64 without padding; empty where a tablet
    /// took the day along before there was one.
    #[serde(default)]
    pub roster: String,
    /// The records: their names and boxes (`seal`), in base64 without padding.
    pub records: Vec<(String, String)>,
}

/// Keys are not shown.
impl core::fmt::Debug for TakeAlong {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("TakeAlong").field("date", &self.date).field("records", &self.records.len()).finish_non_exhaustive()
    }
}

/// What is in a box: no more than whoever gives the jab compares and records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The name.
    pub name: String,
    /// Completed years.
    pub age: u32,
    /// The kind of document.
    pub document_kind: DocumentKind,
    /// The last four signs of its number.
    pub document_last_four: String,
    /// The vaccine.
    pub vaccine_id: String,
    /// Which dose.
    pub dose: u8,
    /// When.
    #[serde(flatten)]
    pub window: Window,
    /// Where it stood.
    pub state: BookingState,
    /// Who recorded the jab.
    pub redemption: Option<Redemption>,
    /// Its version: a pass from before a move is told as such.
    pub version: i32,
    /// Whether the health questions are to be asked.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub screening_due: bool,
    /// Why there is no jab today whatever was booked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<Reason>,
    /// What to look at first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caution: Option<Reason>,
}

/// Where a tablet is, and when.
#[derive(Clone, Debug)]
pub struct Here<'a> {
    /// The site.
    pub site_id: Uuid,
    /// Its name.
    pub site_name: &'a str,
    /// The vaccines.
    pub vaccines: &'a [BookedVaccine],
    /// The present moment, as well as the tablet knows.
    pub now: DateTime<Utc>,
}

impl Record {
    /// What the tablet says by itself. `pass`: the one that was scanned. `done`: the jab was recorded on this very tablet since.
    pub fn look_up(self, code: Code, pass: Option<&Pass>, done: Option<Redemption>, here: &Here<'_>) -> LookUp {
        let redemption = done.or(self.redemption);
        let state = if redemption.is_some() { BookingState::Redeemed } else { self.state };
        let timing = Timing::of(&self.window, here.now);
        let reason = match state {
            BookingState::Redeemed => Some(Reason::Redeemed),
            BookingState::Booked if timing == Timing::OtherDay => Some(Reason::OtherDay { date: self.window.date }),
            BookingState::Booked => self.stop,
            BookingState::Missed => Some(Reason::Missed),
            _ => Some(Reason::Cancelled),
        };
        let outdated = pass.is_some_and(|pass| pass.is_outdated(here.site_id, &self.window, self.version));
        let outdated = outdated.then_some(Reason::PassOutdated { date: self.window.date });
        let caution = if reason.is_some() { None } else { self.caution.or(outdated) };
        LookUp {
            light: light(reason.is_some(), caution.is_some() || self.screening_due, timing),
            may_redeem: reason.is_none(),
            reason: reason.or(caution),
            code,
            state,
            name: self.name,
            age: self.age,
            document_kind: self.document_kind,
            document_last_four: self.document_last_four,
            vaccine: vaccine(&self.vaccine_id, here.vaccines),
            dose: self.dose,
            window: self.window,
            timing,
            site_id: here.site_id,
            site_name: here.site_name.to_owned(),
            screening: Screening::ALL_NO,
            screening_due: self.screening_due,
            redemption,
            // without a network there is one step: the jab
            visit: VisitSeen::default(),
        }
    }
}

/// What a genuine pass says by itself, where the booking is not among those that were taken along: it was made, or moved here, since. Never
/// green: neither name nor vaccine is known, and the name is empty.
pub fn pass_alone(pass: &Pass, done: Option<Redemption>, here: &Here<'_>) -> LookUp {
    let timing = Timing::of(&pass.window, here.now);
    let reason = match () {
        () if done.is_some() => Some(Reason::Redeemed),
        () if pass.window.date != civil(here.now).date() => Some(Reason::OtherDay { date: pass.window.date }),
        () if pass.site_id != here.site_id => Some(Reason::OtherSite),
        () => None,
    };
    LookUp {
        light: if reason.is_some() { Light::Red } else { Light::Amber },
        may_redeem: reason.is_none(),
        reason,
        code: pass.code,
        state: if done.is_some() { BookingState::Redeemed } else { BookingState::Booked },
        name: String::new(),
        age: 0,
        document_kind: DocumentKind::ResidentId,
        document_last_four: String::new(),
        vaccine: vaccine("", &[]),
        dose: 0,
        window: pass.window,
        timing,
        site_id: pass.site_id,
        site_name: if pass.site_id == here.site_id { here.site_name.to_owned() } else { String::new() },
        screening: Screening::ALL_NO,
        // nothing is known of it
        screening_due: false,
        redemption: done,
        visit: VisitSeen::default(),
    }
}

fn light(stop: bool, caution: bool, timing: Timing) -> Light {
    match (stop, caution, timing) {
        (true, ..) => Light::Red,
        (false, false, Timing::OnTime) => Light::Green,
        (false, ..) => Light::Amber,
    }
}

fn vaccine(id: &str, known: &[BookedVaccine]) -> BookedVaccine {
    let unknown = || BookedVaccine { id: id.to_owned(), name: id.to_owned(), name_en: id.to_owned(), doses: 0 };
    known.iter().find(|vaccine| vaccine.id == id).cloned().unwrap_or_else(unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window() -> Window {
        let time = |text| crate::time::hhmm::parse(text).expect("a time");
        Window { date: "2021-05-08".parse().expect("a date"), start: time("09:30"), end: time("10:00") }
    }

    fn here(now: &str) -> Here<'static> {
        Here { site_id: Uuid::from_u128(1), site_name: "一", vaccines: &[], now: now.parse().expect("an instant") }
    }

    fn done() -> Redemption {
        Redemption { at: "2021-05-08T01:41:00Z".parse().expect("an instant"), by: "护士".into(), site_name: "一".into() }
    }

    fn record(state: BookingState) -> Record {
        Record {
            name: "张秀兰".into(),
            age: 68,
            document_kind: DocumentKind::ResidentId,
            document_last_four: "4222".into(),
            vaccine_id: "vero".into(),
            dose: 1,
            window: window(),
            state,
            redemption: None,
            screening_due: false,
            version: 1,
            stop: None,
            caution: None,
        }
    }

    #[test]
    fn a_tablet_alone_says_what_the_service_would_say() {
        let code = Code::from_random(1234).expect("a code");
        for (now, state, redemption, light, reason) in [
            ("2021-05-08T01:40:00Z", BookingState::Booked, None, Light::Green, None),
            ("2021-05-08T01:20:00Z", BookingState::Booked, None, Light::Amber, None),
            ("2021-05-08T03:00:00Z", BookingState::Booked, None, Light::Amber, None),
            ("2021-05-09T01:40:00Z", BookingState::Booked, None, Light::Red, Some(Reason::OtherDay { date: window().date })),
            ("2021-05-08T01:40:00Z", BookingState::Booked, Some(done()), Light::Red, Some(Reason::Redeemed)),
            ("2021-05-08T01:40:00Z", BookingState::Redeemed, None, Light::Red, Some(Reason::Redeemed)),
            ("2021-05-08T01:40:00Z", BookingState::Cancelled, None, Light::Red, Some(Reason::Cancelled)),
        ] {
            let seen = record(state).look_up(code, None, redemption, &here(now));
            assert_eq!(
                (seen.light, seen.reason.clone(), seen.may_redeem),
                (light, reason.clone(), reason.is_none()),
                "{now} {state}"
            );
        }
    }

    #[test]
    fn what_the_service_found_doubtful_and_a_pass_from_before_a_move_are_looked_at_first() {
        let code = Code::from_random(1234).expect("a code");
        let pass = |version| Pass { key_id: 1, code, site_id: Uuid::from_u128(1), window: window(), version: Some(version) };
        let at = here("2021-05-08T01:40:00Z");
        let seen = |record: Record, pass: &Pass| record.look_up(code, Some(pass), None, &at);
        let moved = || Record { version: 2, ..record(BookingState::Booked) };
        let outdated = seen(moved(), &pass(1));
        let reason = Some(Reason::PassOutdated { date: window().date });
        assert_eq!((outdated.light, outdated.may_redeem, outdated.reason), (Light::Amber, true, reason));
        assert_eq!(seen(moved(), &pass(2)).light, Light::Green);
        let doubtful = seen(Record { caution: Some(Reason::PreviousDose { dose: 1 }), ..moved() }, &pass(2));
        assert_eq!((doubtful.light, doubtful.may_redeem), (Light::Amber, true));
        let young = Reason::UnderAge { from_age: 18, from: window().date };
        let stopped = seen(Record { stop: Some(young.clone()), ..moved() }, &pass(2));
        assert_eq!((stopped.light, stopped.may_redeem, stopped.reason), (Light::Red, false, Some(young)));
    }

    #[test]
    fn a_pass_alone_is_never_green() {
        let pass = |site| Pass {
            key_id: 1,
            code: Code::from_random(1234).expect("a code"),
            site_id: Uuid::from_u128(site),
            window: window(),
            version: None,
        };
        let now = "2021-05-08T01:40:00Z";
        for (site, redemption, now, light, reason) in [
            (1, None, now, Light::Amber, None),
            (2, None, now, Light::Red, Some(Reason::OtherSite)),
            (1, None, "2021-05-09T01:40:00Z", Light::Red, Some(Reason::OtherDay { date: window().date })),
            (1, Some(done()), now, Light::Red, Some(Reason::Redeemed)),
        ] {
            let seen = pass_alone(&pass(site), redemption, &here(now));
            assert_eq!((seen.light, seen.may_redeem, seen.reason), (light, reason.is_none(), reason));
        }
    }
}
