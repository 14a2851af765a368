//! Searching today's list from the scan field: what is a search and no code, and who fits.

use domain::checkin::RosterRow;
use domain::code::Code;
use domain::identity::half_width;

/// Signs of a document that are told.
const LAST: usize = 4;
/// The longest name that is typed.
const LONGEST: usize = 50;

/// What was typed, where it is a name or the last four signs of a document: a name has no digit, and a code has ten signs.
pub(crate) fn sought(text: &str) -> Option<String> {
    let text: String = text.trim().chars().map(half_width).collect::<String>().to_uppercase();
    let signs = text.chars().count();
    let last_four =
        signs == LAST && text.chars().all(|sign| sign.is_ascii_alphanumeric()) && text.chars().any(|sign| sign.is_ascii_digit());
    let name = (1..=LONGEST).contains(&signs)
        && text.chars().all(|sign| sign.is_alphabetic() || matches!(sign, ' ' | '·' | '•' | '-' | '\'' | '.'))
        && text.chars().any(char::is_alphabetic)
        && (signs > 1 || !text.is_ascii());
    ((last_four || name) && Code::parse(&text).is_err()).then_some(text)
}

/// Whether a line of the list is meant by what was [`sought`].
pub(crate) fn fits(row: &RosterRow, sought: &str) -> bool {
    row.name.to_uppercase().contains(sought) || row.document_last_four.eq_ignore_ascii_case(sought)
}

#[cfg(test)]
mod tests {
    use domain::booking::BookingState;
    use domain::slot::Window;

    use super::*;

    #[test]
    fn names_and_last_fours_are_searched_for_and_codes_are_not() {
        for (typed, found) in [
            ("张秀兰", "张秀兰"),
            (" 张 ", "张"),
            ("买买提·吐尔逊", "买买提·吐尔逊"),
            ("o'neill mary", "O'NEILL MARY"),
            ("4222", "4222"),
            ("422x", "422X"),
            ("４２２Ｘ", "422X"),
        ] {
            assert_eq!(sought(typed).as_deref(), Some(found), "{typed}");
        }
        let code = Code::from_random(1234).expect("a code");
        for typed in
            ["", " ", "4", "a", "42", "42222", "000-000-16JD", "张3", "https://w.org", "YZ1.08", code.as_str(), &code.grouped()]
        {
            assert_eq!(sought(typed), None, "{typed}");
        }
    }

    #[test]
    fn who_has_the_name_or_the_last_four_fits() {
        let time = |text| domain::time::hhmm::parse(text).expect("a time");
        let row = RosterRow {
            code: Code::from_random(1234).expect("a code"),
            state: BookingState::Booked,
            name: "张秀兰".into(),
            age: 68,
            document_last_four: "422X".into(),
            vaccine_id: "vero".into(),
            vaccine_name: "灭活".into(),
            vaccine_name_en: "Inactivated".into(),
            dose: 1,
            window: Window { date: "2021-05-08".parse().expect("a date"), start: time("09:30"), end: time("10:00") },
            redeemed_at: None,
            arrived_at: None,
            left_at: None,
        };
        for (typed, fitting) in [("张秀兰", true), ("秀兰", true), ("422x", true), ("22X", false), ("李", false), ("4221", false)]
        {
            assert_eq!(fits(&row, &typed.to_uppercase()), fitting, "{typed}");
        }
        let foreign = RosterRow { name: "Mary O'Neill".into(), ..row };
        assert!(fits(&foreign, &sought("o'neill").expect("a name")));
    }
}
