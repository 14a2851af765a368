//! The rules give the same answers in the browser's machine: 32-bit, without an operating system.
#![cfg(target_arch = "wasm32")]

use domain::code::Code;
use domain::eligibility::Question;
use domain::identity::{Address, Document, DocumentKind, Name, check_character};
use domain::pass::Pass;
use domain::reason::Reason;
use domain::screening::Screening;
use domain::slot::Window;
use domain::time::hhmm;
use domain::vaccine::{DoseWindow, Vaccine};
use domain::{NaiveDate, Uuid};
use wasm_bindgen_test::wasm_bindgen_test;

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

#[wasm_bindgen_test]
fn documents_are_judged_alike() {
    assert_eq!(check_character("11010519491231002"), Some('X'));
    let document = Document::parse(DocumentKind::ResidentId, "１１０１０５１９４９１２３１００２ｘ").expect("a legal number");
    assert_eq!(document.born_on(), Some(day("1949-12-31")));
    let wrong = Document::parse(DocumentKind::ResidentId, "110105194912310021").expect_err("a wrong check digit");
    assert_eq!(wrong.reason, Some(Reason::DocumentCheck));
}

#[wasm_bindgen_test]
fn text_of_every_plane_is_judged_alike() {
    assert_eq!(Name::parse("买买提•吐尔逊").expect("legal").as_str(), "买买提·吐尔逊");
    assert!(Address::parse("\u{30EDE}街道八号").is_ok());
    assert!(Address::parse("梧桐街道😀12号").is_err());
}

#[wasm_bindgen_test]
fn codes_and_passes_are_read_alike() {
    let key = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
    let time = |text| hhmm::parse(text).expect("a time");
    let window = Window { date: day("2021-05-08"), start: time("08:30"), end: time("09:00") };
    // 45 bits: more than a 32-bit word, which is where a port would go wrong
    let code = Code::from_random(0x1234_5678_9ABC).expect("a code");
    let public = key.verifying_key();
    for version in [None, Some(1), Some(u16::MAX)] {
        let pass = Pass { key_id: 1, code, site_id: Uuid::from_u128(1 << 100), window, version };
        assert_eq!(Pass::verify(&pass.sign(&key), |_| Some(public)), Ok(pass.clone()));
        assert!(pass.is_outdated(pass.site_id, &window, 70_000) != (version == Some(u16::MAX) || version.is_none()));
    }
    assert_eq!(Code::parse(&code.grouped().to_lowercase()), Ok(code));
}

#[wasm_bindgen_test]
fn eligibility_is_decided_alike() {
    let window = DoseWindow { dose: 2, after_days: 21, offered_after_days: None, by_days: Some(56), by_months: None };
    let vaccine = Vaccine {
        id: "vero".into(),
        course: "covid19".into(),
        name: "v".into(),
        name_en: "v".into(),
        doses: 2,
        windows: vec![window],
    };
    let question = |on: &str| Question {
        born_on: day("1949-12-31"),
        from_age: 18,
        vaccine: &vaccine,
        dose: 2,
        on: day(on),
        today: day("2021-05-10"),
        history: &[],
        previous_dose_on: Some(day("2021-05-08")),
        screening: Some(
            &const {
                Screening {
                    allergy: false,
                    severe_reaction: false,
                    neurological: false,
                    acute_or_uncontrolled: false,
                    pregnant: false,
                }
            },
        ),
    };
    assert!(question("2021-05-29").decide().is_ok());
    assert!(question("2021-05-28").decide().is_err());
    assert!(question("2021-07-04").decide().is_err());
}
