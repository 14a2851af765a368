//! The city file that comes with the program is good; each way to get one wrong is named.

use std::collections::HashSet;

use domain::time::plus_days;
use domain::{NaiveDate, NaiveTime};

use super::*;

fn monday() -> NaiveDate {
    "2026-11-23".parse().expect("a date")
}

#[test]
fn yongzhou_is_the_city_of_the_notice() {
    let file = CityFile::yongzhou();
    let codes: HashSet<_> = file.city.divisions.iter().map(|division| division.code.as_str()).collect();
    let notice = ["431102", "431103", "431181", "431122", "431123", "431124", "431125", "431126", "431127", "431128", "431129"];
    assert_eq!(codes, notice.into());
    assert_eq!(file.city.from_age, 18);
    assert_eq!(
        file.vaccines.iter().map(|vaccine| (vaccine.id.as_str(), vaccine.doses)).collect::<Vec<_>>(),
        [("vero", 2), ("ad5", 1), ("cho", 3)]
    );
    let given = monday();
    let span = |id: &str, dose, previous, first| {
        let vaccine = file.vaccine(id).expect("there");
        let window = vaccine.window(dose).expect("a window");
        (window.first_day(previous), window.last_day(first).expect("a bound"))
    };
    assert_eq!(span("vero", 2, given, given), (plus_days(given, 21), plus_days(given, 56)));
    assert_eq!(span("cho", 2, given, given), (plus_days(given, 28), plus_days(given, 56)));
    let second = plus_days(given, 28);
    assert_eq!(span("cho", 3, second, given), (plus_days(second, 28), "2027-05-23".parse().expect("a date")));
}

#[test]
fn yongzhou_has_two_demo_sites_or_more_in_each_division_and_they_say_so() {
    let file = CityFile::yongzhou();
    assert!(file.sites.len() >= 24);
    for division in &file.city.divisions {
        let sites = file.sites.iter().filter(|site| site.county == division.code);
        assert!(sites.clone().count() >= 2, "{}", division.name);
        for site in sites {
            assert!(
                site.name.starts_with(&division.name) && site.name.contains("演示") && site.name_en.contains("Demo"),
                "{}",
                site.name
            );
            assert!(site.phone.starts_with("0746-000 "), "{}", site.phone);
        }
    }
    let slots: Vec<_> = (0..14).flat_map(|n| file.sites.iter().flat_map(move |site| site.slots(plus_days(monday(), n)))).collect();
    assert!(slots.iter().all(|slot| (5..=60).contains(&slot.capacity)));
    assert!(slots.iter().all(|slot| slot.window.end - slot.window.start == domain::chrono::TimeDelta::minutes(30)));
    assert_eq!(slots.iter().map(|slot| slot.id).collect::<HashSet<_>>().len(), slots.len(), "ids do not repeat");
}

#[test]
fn the_staffs_demo_site_is_open_round_the_clock() {
    let file = CityFile::yongzhou();
    let site = file.site(&file.demo.as_ref().expect("roles").staff_site).expect("there");
    let slots = site.slots(monday());
    let vero: Vec<_> = slots.iter().filter(|slot| slot.vaccine_id == "vero").map(|slot| slot.window.start).collect();
    assert_eq!(vero.len(), 47);
    assert_eq!((vero[0], vero[46]), (NaiveTime::MIN, NaiveTime::from_hms_opt(23, 0, 0).expect("a time")));
}

#[test]
fn a_release_opens_a_day_that_many_days_before_at_that_time() {
    let file = CityFile::yongzhou();
    let full = file.site("lingling-1").expect("there").slots(monday());
    assert_eq!(full[0].opens_at, "2026-11-22T00:00:00Z".parse::<domain::DateTime<domain::Utc>>().expect("an instant"));
}

#[test]
fn ids_are_the_same_every_time_and_differ_by_what_they_are_of() {
    let (one, again) = (CityFile::yongzhou(), CityFile::yongzhou());
    assert_eq!(one.sites[3].slots(monday()), again.sites[3].slots(monday()));
    assert_ne!(stable_id(&["a", "bc"]), stable_id(&["ab", "c"]));
    assert_eq!(stable_id(&["site", "x"]).get_version_num(), 8);
}

#[test]
fn days_of_the_week_are_kept() {
    let file = CityFile::yongzhou();
    let site = file.site("qiyang-3").expect("there");
    assert_eq!([0, 1, 2, 3, 4, 5, 6].map(|n| site.slots(plus_days(monday(), n)).len()), [0, 6, 0, 6, 0, 6, 0]);
}

/// Each change to the good file is refused in one line that names the key.
#[test]
fn each_mistake_is_named_in_one_line() {
    for (from, to, says) in [
        ("hotline = \"0746-000 0000\"", "hotline = \"\"", "`city.hotline` is empty"),
        ("hotline = \"0746-000 0000\"", "hotline = \"call us\"", "`city.hotline` is no telephone number"),
        ("hotline = \"0746-000 0000\"   #", "#", "missing field `hotline`"),
        ("from_age = 18", "from_age = 180", "`city.from_age`"),
        ("reminder_at = \"17:00\"", "reminder_at = \"06:59\"", "`city.reminder_at` must be between 07:00 and 21:00"),
        ("reminder_at = \"17:00\"", "reminder_at = \"21:01\"", "`city.reminder_at` must be between 07:00 and 21:00"),
        ("reminder_at = \"17:00\"", "reminder_at = \"5 pm\"", "`reminder_at`: expected HH:MM"),
        ("# [texts.zh]", "[texts.zh]\nbookt = \"x\"", "`texts.zh.bookt` is no kind of message; there are sign_in_code, "),
        ("# [texts.zh]", "[texts.fr]\nbooked = \"x\"", "`texts.fr` is no language; there are zh, en"),
        (
            "# [texts.zh]",
            "[texts.zh]\nbooked = \"{when}\"",
            "`texts.zh.booked` has {when}, which is no field; there are {city} {name}",
        ),
        (
            "# [texts.zh]",
            "[texts.en]\nbooked = \"{minutes}\"",
            "`texts.en.booked` has {minutes}, which messages of this kind do not have",
        ),
        ("# [texts.zh]", "[texts.zh]\nbooked = \"{name\"", "`texts.zh.booked` has a brace that stands alone"),
        ("# [texts.zh]", "[texts.zh]\nbooked = \"{name}\"", "`texts.zh.booked` does not say {date}"),
        ("# [texts.zh]", "[texts.zh]\nbooked = \"\"", "`texts.zh.booked` is empty"),
        ("# [texts.zh]", "[texts.zh]\nbooked = \"\\n\"", "`texts.zh.booked` is empty"),
        ("# [texts.zh]", "[texts.zh]\nbooked = 7", "`booked`: invalid type"),
        ("from_age = 18", "from_age = \"18\"", "line 11: `from_age`: invalid type"),
        ("code = \"431102\"", "code = \"43110\"", "`city.divisions[1].code` must be six digits"),
        ("code = \"431102\"", "code = \"431103\"", "`city.divisions[1].code` 431103 stands there twice"),
        ("at = [26.46, 111.59]", "at = [111.59, 26.46]", "`city.divisions[0].at`"),
        ("id = \"ad5\"", "id = \"vero\"", "`vaccines[1].id` \"vero\" stands there twice"),
        ("by_days = 56 }]", "by_dayz = 56 }]", "`vaccines[0].windows[0].by_dayz` is no key"),
        ("after_days = 21", "after_days = 60", "`vaccines[0].windows`"),
        ("doses = 2\n", "doses = 3\n", "`vaccines[0].windows`"),
        ("version = \"2026", "versoin = \"2026", "missing field `version`"),
        ("heading = \"Who can be vaccinated\"", "heading = \" \"", "`notice.en.sections[0].heading` is empty"),
        ("county = \"431103\"", "county = \"431199\"", "`sites[0].county` \"431199\" is none of city.divisions"),
        ("key = \"lingling-1\"", "key = \"Lingling 1\"", "`sites[4].key` must be a word"),
        ("key = \"lingling-2\"", "key = \"lingling-1\"", "`sites[5].key` \"lingling-1\" stands there twice"),
        ("hours = [\"00:00-23:30\"]", "hours = [\"00:00-24:00\"]", "`hours`: write hours as 08:00-11:30"),
        ("hours = [\"00:00-23:30\"]", "hours = [\"09:00-09:20\"]", "`sites[0].sessions[0].hours[0]` must end after they begin"),
        (
            "hours = [\"00:00-23:30\"]",
            "hours = [\"08:00-10:00\", \"09:45-11:45\"]",
            "`sites[0].sessions` overlap on Mon: vero has 09:30–10:00 and 09:45–10:15",
        ),
        ("capacity = 12 }", "capacity = 0 }", "`sites[0].sessions[0].capacity`"),
        ("capacity = 12 }", "capacity = 12, release = { days_before = 1, at = \"8:00\" } }", "`at`: expected HH:MM"),
        ("capacity = 12 }", "capasity = 12 }", "unknown field `capasity`"),
        ("vaccine = \"cho\"", "vaccine = \"chu\"", "`sites[0].sessions[1].vaccine` \"chu\" is none of the vaccines"),
        ("staff_site = \"lengshuitan-1\"", "staff_site = \"nowhere\"", "`demo.staff_site` \"nowhere\" is none of the sites"),
        ("[city]", "[city", "line 7"),
    ] {
        assert!(YONGZHOU.contains(from), "{from}");
        let error = CityFile::parse("mine.toml", &YONGZHOU.replacen(from, to, 1)).expect_err(to).to_string();
        assert!(error.contains(says) && error.starts_with("the city file mine.toml"), "{to}: {error}");
        assert!(!error.contains('\n'), "one line: {error}");
    }
}

#[test]
fn what_a_city_writes_stands_in_the_place_of_the_built_in_text_and_of_no_other() {
    use domain::lang::Lang;
    use domain::message::{MessageKind, Texts};
    let own = "[texts.zh]\nsign_in_code = \"【{city}疾控】{code}\"\n\n# ";
    let file = CityFile::parse("mine.toml", &YONGZHOU.replacen("# [texts.zh]", own, 1)).expect("a sound file");
    assert_eq!(file.texts.source(MessageKind::SignInCode, Lang::Zh), "【{city}疾控】{code}");
    let built_in = Texts::default();
    assert_eq!(file.texts.source(MessageKind::SignInCode, Lang::En), built_in.source(MessageKind::SignInCode, Lang::En));
    assert_eq!(file.texts.source(MessageKind::Booked, Lang::Zh), built_in.source(MessageKind::Booked, Lang::Zh));
    assert_eq!(CityFile::yongzhou().texts, built_in);
}

#[test]
fn a_text_that_is_too_long_is_refused_with_how_long_it_is() {
    let own = format!("[texts.zh]\nsign_in_code = \"{{code}}{}\"\n# ", "很".repeat(400));
    let error = CityFile::parse("mine.toml", &YONGZHOU.replacen("# [texts.zh]", &own, 1)).expect_err("too long").to_string();
    assert!(error.contains("`texts.zh.sign_in_code` is too long: filled with long values it is 7 messages, 6 at most"), "{error}");
}

#[test]
fn a_city_that_says_nothing_of_reminders_has_the_usual_hour() {
    let before = YONGZHOU.lines().filter(|line| !line.starts_with("reminder_at")).collect::<Vec<_>>().join("\n");
    assert_eq!(CityFile::parse("mine.toml", &before).expect("a sound file").city.reminder_at, domain::message::REMINDER_AT);
}

#[test]
fn a_file_that_is_not_there_says_what_to_set() {
    let error = CityFile::read(Path::new("/nowhere/city.toml")).expect_err("not there").to_string();
    assert!(error.contains("/nowhere/city.toml") && error.contains("CITY_FILE"), "{error}");
}
