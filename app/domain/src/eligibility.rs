//! May this person have this dose on that day? With the reason when not.
//!
//! Sources: `mission.md` rules 7 and 8; Yongzhou notice of 2021-05-07, annex 1, part 1. Browser and server call the same
//! function; the server's answer counts.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::reason::Reason;
use crate::screening::Screening;
use crate::time::{age_on, birthday};
use crate::vaccine::Vaccine;

/// A dose of a course that a person has had, or has a live booking for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoseRecord {
    /// Which vaccine.
    pub vaccine_id: String,
    /// Which dose.
    pub dose: u8,
    /// The day it was given, or is booked for.
    pub on: NaiveDate,
    /// Whether it was given, not only booked.
    pub given: bool,
}

/// All that the rules look at.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    /// The date of birth.
    pub born_on: NaiveDate,
    /// The smallest age in completed years on the day.
    pub from_age: u32,
    /// Which vaccine.
    pub vaccine: &'a Vaccine,
    /// Which dose.
    pub dose: u8,
    /// The day of the jab.
    pub on: NaiveDate,
    /// The present day.
    pub today: NaiveDate,
    /// What the person has or has booked in this course here, the booking in question not among them.
    pub history: &'a [DoseRecord],
    /// The day of the dose before, as the person declares it.
    pub previous_dose_on: Option<NaiveDate>,
    /// The answers to the five questions; `None` before they were asked.
    pub screening: Option<&'a Screening>,
}

impl Question<'_> {
    /// Decides.
    ///
    /// # Errors
    /// `invalid` for a dose or date that cannot be, `already_booked`, or `ineligible` with the rule.
    pub fn decide(&self) -> Result<()> {
        if !(1..=self.vaccine.doses).contains(&self.dose) {
            return Err(Error::field("dose", Reason::DoseNumber));
        }
        if self.history.iter().any(|record| record.dose >= self.dose) {
            return Err(Error::new(Reason::AlreadyBooked { code: None }));
        }
        self.age()?;
        if let Some(group) = self.screening.and_then(Screening::first_yes) {
            return Err(Error::new(Reason::Contraindicated { group }));
        }
        self.dose_before()
    }

    fn age(&self) -> Result<()> {
        if age_on(self.born_on, self.on).is_some_and(|age| age >= self.from_age) {
            return Ok(());
        }
        Err(Error::new(Reason::UnderAge { from_age: self.from_age, from: birthday(self.born_on, self.from_age) }))
    }

    fn dose_before(&self) -> Result<()> {
        if self.history.iter().any(|record| record.vaccine_id != self.vaccine.id) {
            return Err(Error::new(Reason::MixedCourse));
        }
        if self.dose == 1 {
            return Ok(());
        }
        let previous = self.previous()?;
        if let Some(window) = self.vaccine.window(self.dose) {
            let from = window.first_day(previous);
            if self.on < from {
                return Err(Error::new(Reason::TooEarly { from }));
            }
            if let Some(by) = window.last_day(self.first_dose(previous)).filter(|by| self.on > *by) {
                return Err(Error::new(Reason::TooLate { by }));
            }
        }
        Ok(())
    }

    /// The day of the dose before: what is known here goes before what is declared.
    fn previous(&self) -> Result<NaiveDate> {
        let dose = self.dose - 1;
        if let Some(record) = self.history.iter().find(|record| record.dose == dose) {
            return Ok(record.on);
        }
        match self.previous_dose_on {
            None => Err(Error::field("previous_dose_on", Reason::PreviousDose { dose })),
            Some(day) if day > self.today || day <= self.born_on => Err(Error::field("previous_dose_on", Reason::Date)),
            Some(day) => Ok(day),
        }
    }

    /// The day of dose 1, or where nobody knows it the latest that it can have been: bounds after it stay on the safe side of
    /// refusing nobody wrongly.
    fn first_dose(&self, previous: NaiveDate) -> NaiveDate {
        if let Some(record) = self.history.iter().find(|record| record.dose == 1) {
            return record.on;
        }
        (2..self.dose).filter_map(|dose| self.vaccine.window(dose)).fold(previous, |day, window| {
            day.checked_sub_days(chrono::Days::new(u64::from(window.after_days))).unwrap_or(NaiveDate::MIN)
        })
    }
}

/// Whether the next dose in `history` still lies in its window when dose `dose` moves to `on`.
pub fn next_dose_holds(vaccine: &Vaccine, dose: u8, on: NaiveDate, history: &[DoseRecord]) -> bool {
    let first = history.iter().find(|record| record.dose == 1).map_or(on, |record| record.on);
    let first = if dose == 1 { on } else { first };
    history.iter().filter(|record| record.dose > dose).all(|record| {
        vaccine.window(record.dose).is_none_or(|window| {
            let early = record.dose == dose + 1 && record.on < window.first_day(on);
            !early && window.last_day(first).is_none_or(|last| record.on <= last)
        })
    })
}

/// The dose that somebody with this history is due of a vaccine; `None` when the course is complete.
pub fn next_dose(vaccine: &Vaccine, history: &[DoseRecord]) -> Option<u8> {
    let dose = history.iter().map(|record| record.dose).max().unwrap_or(0) + 1;
    (dose <= vaccine.doses).then_some(dose)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorCode;
    use crate::screening::Group;
    use crate::vaccine::tests::courses;
    use proptest::prelude::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    fn had(vaccine_id: &str, dose: u8, on: &str) -> DoseRecord {
        DoseRecord { vaccine_id: vaccine_id.into(), dose, on: day(on), given: true }
    }

    struct Case<'a> {
        vaccine: usize,
        dose: u8,
        on: &'a str,
        history: Vec<DoseRecord>,
        declared: Option<&'a str>,
        says: core::result::Result<(), Reason>,
    }

    #[test]
    fn doses_follow_each_other_within_their_windows() {
        let (vero, ad5, cho) = (0, 1, 2);
        for (at, case) in [
            Case { vaccine: vero, dose: 1, on: "2021-06-01", history: vec![], declared: None, says: Ok(()) },
            Case { vaccine: ad5, dose: 1, on: "2021-06-01", history: vec![], declared: None, says: Ok(()) },
            Case { vaccine: ad5, dose: 2, on: "2021-06-01", history: vec![], declared: None, says: Err(Reason::DoseNumber) },
            Case { vaccine: vero, dose: 0, on: "2021-06-01", history: vec![], declared: None, says: Err(Reason::DoseNumber) },
            Case {
                vaccine: vero,
                dose: 2,
                on: "2021-06-01",
                history: vec![],
                declared: None,
                says: Err(Reason::PreviousDose { dose: 1 }),
            },
            // 21 days after dose 1, and not one day sooner
            Case {
                vaccine: vero,
                dose: 2,
                on: "2021-05-28",
                history: vec![had("vero", 1, "2021-05-08")],
                declared: None,
                says: Err(Reason::TooEarly { from: day("2021-05-29") }),
            },
            Case {
                vaccine: vero,
                dose: 2,
                on: "2021-05-29",
                history: vec![had("vero", 1, "2021-05-08")],
                declared: None,
                says: Ok(()),
            },
            // 56 days after dose 1, and not one day later
            Case {
                vaccine: vero,
                dose: 2,
                on: "2021-07-03",
                history: vec![had("vero", 1, "2021-05-08")],
                declared: None,
                says: Ok(()),
            },
            Case {
                vaccine: vero,
                dose: 2,
                on: "2021-07-04",
                history: vec![had("vero", 1, "2021-05-08")],
                declared: None,
                says: Err(Reason::TooLate { by: day("2021-07-03") }),
            },
            // declared, with its date
            Case { vaccine: vero, dose: 2, on: "2021-06-01", history: vec![], declared: Some("2021-04-20"), says: Ok(()) },
            Case {
                vaccine: vero,
                dose: 2,
                on: "2021-06-01",
                history: vec![],
                declared: Some("2021-05-20"),
                says: Err(Reason::Date),
            },
            Case {
                vaccine: vero,
                dose: 2,
                on: "2021-06-01",
                history: vec![],
                declared: Some("1949-12-31"),
                says: Err(Reason::Date),
            },
            // what is known here goes before what is declared
            Case {
                vaccine: vero,
                dose: 2,
                on: "2021-05-28",
                history: vec![had("vero", 1, "2021-05-08")],
                declared: Some("2021-04-01"),
                says: Err(Reason::TooEarly { from: day("2021-05-29") }),
            },
            // dose 3 of CHO: 28 days after dose 2, six months after dose 1
            Case {
                vaccine: cho,
                dose: 3,
                on: "2021-07-02",
                history: vec![had("cho", 1, "2021-05-08"), had("cho", 2, "2021-06-05")],
                declared: None,
                says: Err(Reason::TooEarly { from: day("2021-07-03") }),
            },
            Case {
                vaccine: cho,
                dose: 3,
                on: "2021-11-08",
                history: vec![had("cho", 1, "2021-05-08"), had("cho", 2, "2021-06-05")],
                declared: None,
                says: Ok(()),
            },
            Case {
                vaccine: cho,
                dose: 3,
                on: "2021-11-09",
                history: vec![had("cho", 1, "2021-05-08"), had("cho", 2, "2021-06-05")],
                declared: None,
                says: Err(Reason::TooLate { by: day("2021-11-08") }),
            },
            // dose 1 unknown: it was at the latest 28 days before dose 2
            Case { vaccine: cho, dose: 3, on: "2021-09-30", history: vec![], declared: Some("2021-05-01"), says: Ok(()) },
            Case {
                vaccine: cho,
                dose: 3,
                on: "2021-10-04",
                history: vec![],
                declared: Some("2021-05-01"),
                says: Err(Reason::TooLate { by: day("2021-10-03") }),
            },
            Case {
                vaccine: cho,
                dose: 2,
                on: "2021-07-01",
                history: vec![had("vero", 1, "2021-05-08")],
                declared: None,
                says: Err(Reason::MixedCourse),
            },
            Case {
                vaccine: vero,
                dose: 1,
                on: "2021-07-01",
                history: vec![had("vero", 1, "2021-05-08")],
                declared: None,
                says: Err(Reason::AlreadyBooked { code: None }),
            },
            Case {
                vaccine: cho,
                dose: 1,
                on: "2021-07-01",
                history: vec![had("vero", 1, "2021-05-08")],
                declared: None,
                says: Err(Reason::AlreadyBooked { code: None }),
            },
            Case {
                vaccine: vero,
                dose: 1,
                on: "2021-07-01",
                history: vec![had("vero", 2, "2021-05-08")],
                declared: None,
                says: Err(Reason::AlreadyBooked { code: None }),
            },
        ]
        .into_iter()
        .enumerate()
        {
            let question = Question {
                born_on: day("1949-12-31"),
                from_age: 18,
                vaccine: &courses()[case.vaccine],
                dose: case.dose,
                on: day(case.on),
                today: day("2021-05-10"),
                history: &case.history,
                previous_dose_on: case.declared.map(day),
                screening: Some(&Screening::default()),
            };
            assert_eq!(question.decide().map_err(|e| e.reason.expect("a reason")), case.says, "case {at}");
        }
    }

    fn first_dose<'a>(vaccine: &'a Vaccine, born_on: &str, on: &str, screening: &'a Screening) -> Question<'a> {
        Question {
            born_on: day(born_on),
            from_age: 18,
            vaccine,
            dose: 1,
            on: day(on),
            today: day(on),
            history: &[],
            previous_dose_on: None,
            screening: Some(screening),
        }
    }

    #[test]
    fn the_age_is_that_of_the_day_of_the_jab() {
        let [vero, ..] = courses();
        let well = Screening::default();
        assert!(first_dose(&vero, "2003-06-01", "2021-06-01", &well).decide().is_ok());
        let error = first_dose(&vero, "2003-06-02", "2021-06-01", &well).decide().expect_err("17");
        assert_eq!(
            (error.code, error.reason),
            (ErrorCode::Ineligible, Some(Reason::UnderAge { from_age: 18, from: day("2021-06-02") }))
        );
    }

    #[test]
    fn each_contraindication_stops_the_booking() {
        let [vero, ..] = courses();
        for group in Group::ALL {
            let mut answers = Screening::default();
            answers.set(*group, true);
            let error = first_dose(&vero, "1949-12-31", "2021-06-01", &answers).decide().expect_err("a yes");
            assert_eq!(error.reason, Some(Reason::Contraindicated { group: *group }));
        }
    }

    #[test]
    fn a_dose_that_moves_must_not_break_the_next() {
        let [vero, _, cho] = courses();
        let second = [had("vero", 2, "2021-06-10")];
        assert!(next_dose_holds(&vero, 1, day("2021-05-20"), &second));
        assert!(!next_dose_holds(&vero, 1, day("2021-05-21"), &second));
        assert!(!next_dose_holds(&vero, 1, day("2021-04-14"), &second));
        let third = [had("cho", 1, "2021-05-01"), had("cho", 3, "2021-07-10")];
        assert!(next_dose_holds(&cho, 2, day("2021-06-12"), &third));
        assert!(!next_dose_holds(&cho, 2, day("2021-06-13"), &third));
    }

    #[test]
    fn the_next_dose_is_one_more() {
        let [vero, ad5, _] = courses();
        assert_eq!(next_dose(&vero, &[]), Some(1));
        assert_eq!(next_dose(&vero, &[had("vero", 1, "2021-05-08")]), Some(2));
        assert_eq!(next_dose(&ad5, &[had("ad5", 1, "2021-05-08")]), None);
    }

    proptest! {
        /// Whatever is allowed lies in the window, whatever is in the window is allowed.
        #[test]
        fn the_window_is_never_broken(gap in 0u32..120) {
            let [vero, ..] = courses();
            let history = [had("vero", 1, "2021-05-08")];
            let on = crate::time::plus_days(day("2021-05-08"), gap);
            let question = Question { dose: 2, history: &history, on, ..first_dose(&vero, "1949-12-31", "2021-05-08", &Screening { ..Screening::default() }) }.decide();
            prop_assert_eq!(question.is_ok(), (21..=56).contains(&gap));
        }
    }
}
