//! An appointment as a calendar file (iCalendar, RFC 5545), with an alarm the day before. A booking has one entry for ever: whoever adds it
//! again after a move gets the new time in the place of the old one (`UID`, `SEQUENCE`; 3.8.4.7, 3.8.7.4).

use chrono::{DateTime, Datelike, Timelike, Utc};

use crate::booking::{Booking, BookingState};
use crate::lang::Lang;
use crate::time::instant;

/// Octets of a line without its end (RFC 5545, 3.1).
const LINE: usize = 75;

/// The file of a booking in its reader's language. `version`: the booking's, from 1. `now`: when the file is made.
pub fn file(booking: &Booking, version: u32, lang: Lang, now: DateTime<Utc>) -> String {
    let site = lang.pick(&booking.site.name, &booking.site.name_en);
    let vaccine = lang.pick(&booking.vaccine.name, &booking.vaccine.name_en);
    let code = booking.code.grouped();
    let (name, dose, phone) = (&booking.person.name, booking.dose, &booking.site.phone);
    let summary = lang.pick(format!("接种疫苗：{name}"), format!("Vaccination: {name}"));
    let told = lang.pick(
        format!("{vaccine} 第 {dose} 剂。预约码 {code}。请带身份证件原件。电话 {phone}"),
        format!("{vaccine}, dose {dose}. Booking code {code}. Bring the original identity document. Phone {phone}"),
    );
    let (start, end) = (instant(booking.window.date, booking.window.start), instant(booking.window.date, booking.window.end));
    let off = matches!(booking.state, BookingState::Cancelled | BookingState::Missed);
    // calling off is a change after the last version (RFC 5546, 2.1.4)
    let sequence = version.saturating_sub(1) + u32::from(off);
    let mut lines = vec![
        "BEGIN:VCALENDAR".to_owned(),
        "VERSION:2.0".to_owned(),
        "PRODID:-//Yizhen//Yizhen//ZH".to_owned(),
        format!("METHOD:{}", if off { "CANCEL" } else { "PUBLISH" }),
        "BEGIN:VEVENT".to_owned(),
        format!("UID:{}@yizhen", booking.code),
        format!("SEQUENCE:{sequence}"),
        format!("DTSTAMP:{}", stamp(now)),
        format!("DTSTART:{}", stamp(start)),
        format!("DTEND:{}", stamp(end)),
        format!("STATUS:{}", if off { "CANCELLED" } else { "CONFIRMED" }),
        format!("SUMMARY:{}", escaped(&summary)),
        format!("LOCATION:{}", escaped(&format!("{site} {}", booking.site.address))),
        format!("DESCRIPTION:{}", escaped(&told)),
    ];
    if booking.state == BookingState::Booked {
        lines.extend([
            "BEGIN:VALARM".to_owned(),
            "ACTION:DISPLAY".to_owned(),
            format!("DESCRIPTION:{}", escaped(&summary)),
            "TRIGGER:-P1D".to_owned(),
            "END:VALARM".to_owned(),
        ]);
    }
    lines.extend(["END:VEVENT".to_owned(), "END:VCALENDAR".to_owned()]);
    lines.iter().map(|line| folded(line)).collect()
}

/// `20261123T013000Z` (3.3.5, form 2)
fn stamp(at: DateTime<Utc>) -> String {
    format!("{:04}{:02}{:02}T{:02}{:02}{:02}Z", at.year(), at.month(), at.day(), at.hour(), at.minute(), at.second())
}

/// A text value (3.3.11). What no line may hold, a control character, becomes a space.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for sign in text.replace("\r\n", "\n").chars() {
        match sign {
            '\\' | ';' | ',' => out.extend(['\\', sign]),
            '\n' => out.push_str("\\n"),
            sign if sign.is_control() => out.push(' '),
            sign => out.push(sign),
        }
    }
    out
}

/// A line with its end, cut where it is too long and never through a character (3.1).
fn folded(line: &str) -> String {
    let mut text = String::with_capacity(line.len() + 2);
    let mut octets = 0;
    for sign in line.chars() {
        if octets + sign.len_utf8() > LINE {
            text.push_str("\r\n ");
            octets = 1;
        }
        text.push(sign);
        octets += sign.len_utf8();
    }
    text.push_str("\r\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::booking::{BookedPerson, BookedSite, BookedVaccine};
    use crate::code::Code;
    use crate::slot::Window;
    use uuid::Uuid;

    fn booking() -> Booking {
        let time = |text: &str| crate::time::hhmm::parse(text).expect("a time");
        Booking {
            code: Code::from_random(1234).expect("a code"),
            state: BookingState::Booked,
            dose: 1,
            person: BookedPerson { id: Uuid::nil(), name: "林秀兰".into(), phone: "138****1234".into() },
            site: BookedSite {
                id: Uuid::nil(),
                name: "冷水滩区演示接种点一".into(),
                name_en: "Lengshuitan Demo Site 1".into(),
                address: "梧桐路12号，3栋; 后门\\左".into(),
                phone: "0746-000 0101".into(),
            },
            vaccine: BookedVaccine {
                id: "vero".into(),
                name: "新冠灭活疫苗".into(),
                name_en: "COVID-19, inactivated".into(),
                doses: 2,
            },
            window: Window { date: "2028-03-01".parse().expect("a date"), start: time("00:30"), end: time("01:00") },
            pass: None,
            consent_version: None,
            turned_away: None,
        }
    }

    fn now() -> DateTime<Utc> {
        "2028-02-20T01:02:03Z".parse().expect("an instant")
    }

    fn unfolded(text: &str) -> Vec<String> {
        text.replace("\r\n ", "").split("\r\n").map(str::to_owned).collect()
    }

    #[test]
    fn the_file_is_one_event_in_utc_with_an_alarm_a_day_before() {
        let text = file(&booking(), 1, Lang::Zh, now());
        let expected = [
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            "PRODID:-//Yizhen//Yizhen//ZH",
            "METHOD:PUBLISH",
            "BEGIN:VEVENT",
            "UID:00000016JD@yizhen",
            "SEQUENCE:0",
            "DTSTAMP:20280220T010203Z",
            // half past midnight in the city is the leap day in Greenwich
            "DTSTART:20280229T163000Z",
            "DTEND:20280229T170000Z",
            "STATUS:CONFIRMED",
            "SUMMARY:接种疫苗：林秀兰",
            "LOCATION:冷水滩区演示接种点一 梧桐路12号，3栋\\; 后门\\\\左",
            "DESCRIPTION:新冠灭活疫苗 第 1 剂。预约码 000-000-16JD。请带身份证件原件。电话 0746-000 0101",
            "BEGIN:VALARM",
            "ACTION:DISPLAY",
            "DESCRIPTION:接种疫苗：林秀兰",
            "TRIGGER:-P1D",
            "END:VALARM",
            "END:VEVENT",
            "END:VCALENDAR",
            "",
        ];
        assert_eq!(unfolded(&text), expected);
    }

    #[test]
    fn every_line_ends_as_it_must_and_is_at_most_75_octets() {
        for lang in Lang::ALL {
            let text = file(&booking(), 1, *lang, now());
            assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
            assert!(text.ends_with("\r\n"));
            assert!(text.contains("\r\n "), "something was long enough to be cut");
            assert!(text.split("\r\n").all(|line| line.len() <= 75), "{text}");
        }
    }

    #[test]
    fn a_line_of_75_octets_is_whole_and_one_more_is_cut() {
        assert_eq!(folded(&"a".repeat(75)), format!("{}\r\n", "a".repeat(75)));
        assert_eq!(folded(&"a".repeat(76)), format!("{}\r\n a\r\n", "a".repeat(75)));
        // three octets each: 25 fill a line, 24 and the space the next ones
        assert_eq!(folded(&"针".repeat(50)), format!("{}\r\n {}\r\n {}\r\n", "针".repeat(25), "针".repeat(24), "针"));
    }

    #[test]
    fn nothing_in_a_text_can_begin_a_line_of_its_own() {
        let mut evil = booking();
        evil.person.name = "林\r\nBEGIN:VALARM\nX\u{0}\r".into();
        let lines = unfolded(&file(&evil, 1, Lang::Zh, now()));
        assert!(lines.contains(&"SUMMARY:接种疫苗：林\\nBEGIN:VALARM\\nX  ".to_owned()), "{lines:?}");
        assert_eq!(lines.iter().filter(|line| *line == "BEGIN:VALARM").count(), 1);
    }

    #[test]
    fn a_moved_booking_is_the_same_entry_in_a_later_sequence() {
        let mut moved = booking();
        moved.window.date = "2028-03-02".parse().expect("a date");
        let (first, then) = (unfolded(&file(&booking(), 1, Lang::Zh, now())), unfolded(&file(&moved, 2, Lang::Zh, now())));
        let of = |lines: &[String], name: &str| lines.iter().find(|line| line.starts_with(name)).cloned().expect("a line");
        assert_eq!(of(&first, "UID:"), of(&then, "UID:"));
        assert_eq!((of(&first, "SEQUENCE:"), of(&then, "SEQUENCE:")), ("SEQUENCE:0".into(), "SEQUENCE:1".into()));
        let off = Booking { state: BookingState::Cancelled, ..moved.clone() };
        assert_eq!(of(&unfolded(&file(&off, 2, Lang::Zh, now())), "SEQUENCE:"), "SEQUENCE:2", "calling off comes after the move");
        assert_eq!(of(&then, "DTSTART:"), "DTSTART:20280301T163000Z");
    }

    #[test]
    fn a_booking_that_is_off_takes_its_entry_away_and_alarms_nobody() {
        for (state, method, status, alarms) in [
            (BookingState::Booked, "METHOD:PUBLISH", "STATUS:CONFIRMED", 1),
            (BookingState::Redeemed, "METHOD:PUBLISH", "STATUS:CONFIRMED", 0),
            (BookingState::Cancelled, "METHOD:CANCEL", "STATUS:CANCELLED", 0),
            (BookingState::Missed, "METHOD:CANCEL", "STATUS:CANCELLED", 0),
        ] {
            let lines = unfolded(&file(&Booking { state, ..booking() }, 3, Lang::En, now()));
            assert!(lines.contains(&method.to_owned()) && lines.contains(&status.to_owned()), "{state}");
            assert_eq!(lines.iter().filter(|line| *line == "BEGIN:VALARM").count(), alarms, "{state}");
        }
    }
}
