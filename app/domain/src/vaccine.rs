//! Vaccines (products) and the windows of their doses. Courses are data, not code.
//!
//! Source: `mission.md` rule 8; Yongzhou notice of 2021-05-07, annex 1, part 1 (4).

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::lang::Lang;
use crate::time::{plus_days, plus_months};

/// A product. All products of one `course` protect against the same thing, and a person's doses count within the course.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vaccine {
    /// A short word: `vero`.
    pub id: String,
    /// What it protects against, as a short word: `covid19`. One live booking per person, course and dose.
    pub course: String,
    /// 新冠灭活疫苗（Vero 细胞）
    pub name: String,
    /// Inactivated, Vero cell
    pub name_en: String,
    /// How many doses complete it.
    pub doses: u8,
    /// When dose 2 and the later ones may be given. Dose 1 has no window.
    #[serde(default)]
    pub windows: Vec<DoseWindow>,
}

/// When one dose may be given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoseWindow {
    /// Which dose, 2 or more.
    pub dose: u8,
    /// Days after the dose before, at least: the product's own bound.
    pub after_days: u32,
    /// Days after the dose before from which this city offers it, when later than the product's bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offered_after_days: Option<u32>,
    /// The last day, in days after dose 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_days: Option<u32>,
    /// The last day, in calendar months after dose 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_months: Option<u32>,
}

impl DoseWindow {
    /// The first day, given the day of the dose before. A city's offer never comes before the product's bound.
    pub fn first_day(&self, previous: NaiveDate) -> NaiveDate {
        plus_days(previous, self.after_days.max(self.offered_after_days.unwrap_or(0)))
    }

    /// The last day, given the day of dose 1; `None` when there is no bound.
    pub fn last_day(&self, first: NaiveDate) -> Option<NaiveDate> {
        let by_days = self.by_days.map(|days| plus_days(first, days));
        let by_months = self.by_months.map(|months| plus_months(first, months));
        by_days.into_iter().chain(by_months).min()
    }
}

impl Vaccine {
    /// The name in the reader's language.
    pub fn title(&self, lang: Lang) -> &str {
        lang.pick(&self.name, &self.name_en)
    }

    /// How many days the whole course may take: to the last day of its last dose, or, where there is none, to the first.
    pub fn longest_days(&self) -> u32 {
        let first = NaiveDate::default();
        let mut earliest = first;
        let mut last = first;
        for window in &self.windows {
            earliest = window.first_day(earliest);
            last = last.max(window.last_day(first).unwrap_or(earliest));
        }
        // months are of different lengths: three days more than counted from any one day
        let slack = if self.windows.iter().any(|window| window.by_months.is_some()) { 3 } else { 0 };
        u32::try_from((last - first).num_days()).unwrap_or(0) + slack
    }

    /// The window of a dose; `None` for dose 1 and for doses without one.
    pub fn window(&self, dose: u8) -> Option<&DoseWindow> {
        self.windows.iter().find(|window| window.dose == dose)
    }

    /// Whether the course's data makes sense: 1–9 doses, each window for one of the later ones, once, with room inside.
    pub fn is_sound(&self) -> bool {
        let day = NaiveDate::default();
        !self.id.is_empty()
            && !self.course.is_empty()
            && (1..=9).contains(&self.doses)
            && self.windows.len() == usize::from(self.doses - 1)
            && self.windows.iter().enumerate().all(|(at, window)| {
                usize::from(window.dose) == at + 2 && window.last_day(day).is_none_or(|last| window.first_day(day) <= last)
            })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    fn window(dose: u8, after_days: u32, by_days: Option<u32>, by_months: Option<u32>) -> DoseWindow {
        DoseWindow { dose, after_days, offered_after_days: None, by_days, by_months }
    }

    /// The three courses of the notice.
    pub(crate) fn courses() -> [Vaccine; 3] {
        let vaccine = |id: &str, doses, windows| Vaccine {
            id: id.into(),
            course: "covid19".into(),
            name: id.into(),
            name_en: id.into(),
            doses,
            windows,
        };
        [
            vaccine("vero", 2, vec![window(2, 21, Some(56), None)]),
            vaccine("ad5", 1, vec![]),
            vaccine("cho", 3, vec![window(2, 28, Some(56), None), window(3, 28, None, Some(6))]),
        ]
    }

    #[test]
    fn the_three_courses_are_sound() {
        assert!(courses().iter().all(Vaccine::is_sound));
    }

    #[test]
    fn nonsense_is_not_sound() {
        let [vero, ..] = courses();
        assert!(!Vaccine { doses: 0, windows: vec![], ..vero.clone() }.is_sound());
        assert!(!Vaccine { doses: 3, ..vero.clone() }.is_sound());
        assert!(!Vaccine { windows: vec![window(2, 60, Some(56), None)], ..vero }.is_sound());
    }

    #[test]
    fn a_city_may_offer_later_but_not_earlier() {
        let first: NaiveDate = "2021-05-08".parse().expect("a date");
        let mut dose_2 = window(2, 21, Some(56), None);
        for (offered, day) in [(None, "2021-05-29"), (Some(56), "2021-07-03"), (Some(7), "2021-05-29")] {
            dose_2.offered_after_days = offered;
            assert_eq!(dose_2.first_day(first).to_string(), day);
        }
        assert_eq!(dose_2.last_day(first).map(|day| day.to_string()).as_deref(), Some("2021-07-03"));
    }
}
