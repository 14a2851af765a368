//! Instants, civil days and the clock that everything is told by.
//!
//! Instants are UTC; days and windows are those of the campaign's civil zone. Mainland China keeps one zone without
//! daylight saving (GB/T 7408; State Council decree of 1992 on ending summer time), so the zone is a fixed offset and
//! every day has 24 hours.

use chrono::{DateTime, Datelike, Days, FixedOffset, Months, NaiveDate, NaiveDateTime, NaiveTime, Utc, Weekday};

use crate::lang::Lang;

/// Seconds that the campaign's civil zone is ahead of UTC: +08:00.
pub const ZONE_OFFSET_S: i32 = 8 * 3600;

/// What time it is. The server's clock decides; tests and the demo bring their own.
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> DateTime<Utc>;

    /// The present day in the campaign's zone.
    fn today(&self) -> NaiveDate {
        civil(self.now()).date()
    }
}

fn zone() -> FixedOffset {
    FixedOffset::east_opt(ZONE_OFFSET_S).expect("eight hours is within a day")
}

/// The civil date and time of an instant.
pub fn civil(at: DateTime<Utc>) -> NaiveDateTime {
    at.with_timezone(&zone()).naive_local()
}

/// The instant of a civil date and time.
pub fn instant(date: NaiveDate, time: NaiveTime) -> DateTime<Utc> {
    let local = date.and_time(time);
    DateTime::from_naive_utc_and_offset(local - chrono::Duration::seconds(i64::from(ZONE_OFFSET_S)), Utc)
}

/// `date` plus `days`; the last day that can be represented when it would pass it.
pub fn plus_days(date: NaiveDate, days: u32) -> NaiveDate {
    date.checked_add_days(Days::new(u64::from(days))).unwrap_or(NaiveDate::MAX)
}

/// `date` plus calendar months; a day that the target month lacks becomes its last day (31 August + 6 = 28 or 29 February).
pub fn plus_months(date: NaiveDate, months: u32) -> NaiveDate {
    date.checked_add_months(Months::new(months)).unwrap_or(NaiveDate::MAX)
}

/// Completed years of age on `day`, or `None` when `born` is after it.
///
/// A year is complete on the birthday (Civil Code of the PRC, art. 1259: a stated number of years includes the number).
/// Who was born on 29 February completes a year on 1 March of a common year.
pub fn age_on(born: NaiveDate, day: NaiveDate) -> Option<u32> {
    day.years_since(born)
}

/// The first day on which somebody born on `born` is `years` old.
pub fn birthday(born: NaiveDate, years: u32) -> NaiveDate {
    let year = born.year().saturating_add_unsigned(years);
    born.with_year(year).or_else(|| NaiveDate::from_ymd_opt(year, 3, 1)).unwrap_or(NaiveDate::MAX)
}

/// `08:30`: the one way a time of day is written, on the wire and on a page.
pub fn hour_minute(time: NaiveTime) -> String {
    use chrono::Timelike;
    format!("{:02}:{:02}", time.hour(), time.minute())
}

/// `11月23日 周一` or `Mon 23 Nov`, without the year: bookings lie within weeks.
pub fn day_text(date: NaiveDate, lang: Lang) -> String {
    let weekday = weekday_text(date.weekday(), lang);
    match lang {
        Lang::Zh => format!("{}月{}日 {weekday}", date.month(), date.day()),
        Lang::En => format!("{weekday} {} {}", date.day(), MONTHS[date.month0() as usize % 12]),
    }
}

/// `今天`, `明天`, `后天`, or `None` for a day that has no such word.
pub fn near_day(date: NaiveDate, today: NaiveDate, lang: Lang) -> Option<&'static str> {
    match date.signed_duration_since(today).num_days() {
        0 => Some(lang.pick("今天", "Today")),
        1 => Some(lang.pick("明天", "Tomorrow")),
        2 => lang.pick(Some("后天"), None),
        _ => None,
    }
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

fn weekday_text(day: Weekday, lang: Lang) -> &'static str {
    let at = day.num_days_from_monday() as usize;
    match lang {
        Lang::Zh => ["周一", "周二", "周三", "周四", "周五", "周六", "周日"][at],
        Lang::En => ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"][at],
    }
}

/// Serde for `HH:MM`: a window's ends, without seconds.
pub mod hhmm {
    use chrono::NaiveTime;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    /// Writes `HH:MM`.
    pub fn serialize<S: Serializer>(time: &NaiveTime, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&super::hour_minute(*time))
    }

    /// Reads `HH:MM`.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<NaiveTime, D::Error> {
        let text = String::deserialize(from)?;
        parse(&text).ok_or_else(|| D::Error::custom("expected HH:MM"))
    }

    /// Reads `HH:MM`; `None` for anything else.
    pub fn parse(text: &str) -> Option<NaiveTime> {
        let (hour, minute) = text.split_once(':')?;
        if hour.len() != 2 || minute.len() != 2 {
            return None;
        }
        NaiveTime::from_hms_opt(hour.parse().ok()?, minute.parse().ok()?, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    #[test]
    fn age_counts_completed_years_and_knows_the_29th_of_february() {
        for (born, on, age) in [
            ("2003-05-08", "2021-05-07", Some(17)),
            ("2003-05-08", "2021-05-08", Some(18)),
            ("2004-02-29", "2022-02-28", Some(17)),
            ("2004-02-29", "2022-03-01", Some(18)),
            ("2004-02-29", "2024-02-28", Some(19)),
            ("2004-02-29", "2024-02-29", Some(20)),
            ("2021-05-08", "2021-05-08", Some(0)),
            ("2021-05-09", "2021-05-08", None),
        ] {
            assert_eq!(age_on(day(born), day(on)), age, "born {born}, on {on}");
        }
    }

    #[test]
    fn birthday_is_the_first_day_of_that_age() {
        for born in ["2004-02-29", "2003-05-08", "2000-12-31", "1999-03-01"] {
            let born = day(born);
            let eighteenth = birthday(born, 18);
            assert_eq!(age_on(born, eighteenth), Some(18));
            assert_eq!(age_on(born, eighteenth.pred_opt().expect("a day before")), Some(17));
        }
    }

    #[test]
    fn civil_days_begin_at_16_o_clock_utc() {
        let before: DateTime<Utc> = "2021-05-07T15:59:59Z".parse().expect("an instant");
        let after: DateTime<Utc> = "2021-05-07T16:00:00Z".parse().expect("an instant");
        assert_eq!(civil(before).date(), day("2021-05-07"));
        assert_eq!(civil(after).date(), day("2021-05-08"));
        assert_eq!(instant(day("2021-05-08"), NaiveTime::MIN), after);
    }

    #[test]
    fn months_end_where_the_month_ends() {
        assert_eq!(plus_months(day("2021-08-31"), 6), day("2022-02-28"));
        assert_eq!(plus_months(day("2023-08-31"), 6), day("2024-02-29"));
    }

    #[test]
    fn only_hours_and_minutes_are_read() {
        assert_eq!(hhmm::parse("08:30"), NaiveTime::from_hms_opt(8, 30, 0));
        for wrong in ["8:30", "08:30:00", "24:00", "08-30", "", "aa:bb"] {
            assert_eq!(hhmm::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn days_have_words_in_both_languages() {
        let monday = day("2026-11-23");
        assert_eq!(day_text(monday, Lang::Zh), "11月23日 周一");
        assert_eq!(day_text(monday, Lang::En), "Mon 23 Nov");
        assert_eq!(near_day(monday, monday, Lang::Zh), Some("今天"));
        assert_eq!(near_day(day("2026-11-25"), monday, Lang::En), None);
    }
}
