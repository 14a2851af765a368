//! Whatever comes from outside is read without a panic, and what is taken is what was meant: millions of cases once in a while, some
//! thousands in every run of the tests.
//!
//! `PROPTEST_CASES=5000000 cargo test --release -p domain --test fuzz` plays millions. The cases are legal values with slips in them, for
//! a parser that refuses noise at its first character learns nothing from noise.
#![cfg(not(target_arch = "wasm32"))]

use std::sync::LazyLock;

use domain::booking::{Move, Reserve};
use domain::checkin::Redeem;
use domain::city::City;
use domain::code::Code;
use domain::division::Division;
use domain::identity::{Address, Document, DocumentKind, Name, Phone, check_character};
use domain::pass::Pass;
use domain::person::PersonDraft;
use domain::slot::Window;
use domain::work::{Search, Work};
use domain::{NaiveDate, Uuid};
use ed25519_dalek::SigningKey;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde::de::DeserializeOwned;

/// Signs that slip into what people, keyboards and attackers send.
const SLIPS: &[char] = &[
    '\0',
    '\u{1}',
    '\u{7f}',
    '\t',
    '\n',
    '\r',
    ' ',
    '\u{a0}',
    '\u{3000}',
    '\u{feff}',
    '\u{200b}',
    '\u{200d}',
    '\u{202e}',
    '\u{2066}',
    '\u{301}',
    '\u{fe0f}',
    '😀',
    '𠮷',
    '\u{30ede}',
    '\u{e863}',
    '\u{f0000}',
    '\u{10ffff}',
    '０',
    '９',
    'Ｘ',
    'ｘ',
    'X',
    'x',
    'O',
    'o',
    'I',
    'l',
    '-',
    '–',
    '－',
    '.',
    '·',
    '\'',
    '"',
    '\\',
    '/',
    '<',
    '>',
    '&',
    ';',
    '%',
    '{',
    '}',
    '[',
    ']',
    '(',
    ')',
    ',',
    ':',
    '+',
    '*',
    '~',
    '$',
    '=',
    'U',
    '一',
    '〇',
    '○',
    '①',
    '٣',
    '߀',
    'ſ',
    'ı',
    'ß',
    '0',
    '1',
    '8',
    '9',
];

/// A slip of the hand, or of somebody's who means it.
#[derive(Clone, Debug)]
enum Slip {
    Put(Index, char),
    Change(Index, char),
    Drop(Index),
    Twice(Index),
    Cut(Index),
    Swap(Index),
    Repeat(u8),
}

fn slip() -> impl Strategy<Value = Slip> {
    let sign = || prop_oneof![9 => select(SLIPS), 1 => any::<char>()];
    prop_oneof![
        4 => (any::<Index>(), sign()).prop_map(|(at, sign)| Slip::Put(at, sign)),
        4 => (any::<Index>(), sign()).prop_map(|(at, sign)| Slip::Change(at, sign)),
        2 => any::<Index>().prop_map(Slip::Drop),
        1 => any::<Index>().prop_map(Slip::Twice),
        1 => any::<Index>().prop_map(Slip::Cut),
        2 => any::<Index>().prop_map(Slip::Swap),
        1 => (2u8..40).prop_map(Slip::Repeat),
    ]
}

fn slipped(text: String, slips: Vec<Slip>) -> String {
    let mut signs: Vec<char> = text.chars().collect();
    for slip in slips {
        if signs.is_empty() {
            break;
        }
        let len = signs.len();
        match slip {
            Slip::Put(at, sign) => signs.insert(at.index(len + 1), sign),
            Slip::Change(at, sign) => signs[at.index(len)] = sign,
            Slip::Drop(at) => drop(signs.remove(at.index(len))),
            Slip::Twice(at) => signs.insert(at.index(len), signs[at.index(len)]),
            Slip::Cut(at) => signs.truncate(at.index(len + 1)),
            Slip::Swap(at) if len > 1 => signs.swap(at.index(len - 1), at.index(len - 1) + 1),
            Slip::Swap(_) => {}
            Slip::Repeat(times) if len < 500 => signs = signs.repeat(usize::from(times)),
            Slip::Repeat(_) => {}
        }
    }
    signs.into_iter().collect()
}

/// Legal values with up to four slips; now and then none, and now and then nothing but noise.
fn nearly(legal: impl Strategy<Value = String> + 'static) -> impl Strategy<Value = String> {
    let legal = legal.boxed();
    prop_oneof![
        8 => (legal.clone(), prop::collection::vec(slip(), 1..5)).prop_map(|(text, slips)| slipped(text, slips)),
        1 => legal,
        1 => any::<String>(),
    ]
}

/// Eighteen digits with the right last one.
fn resident_id() -> impl Strategy<Value = String> {
    let date = (1900u32..2027, 1u32..13, 1u32..32);
    (select(vec!["431102", "432901", "110101", "810000", "830000", "911124", "999999"]), date, 0u32..1000).prop_map(
        |(region, (year, month, day), order)| {
            let first = format!("{region}{year:04}{month:02}{day:02}{order:03}");
            let last = check_character(&first).expect("seventeen digits");
            format!("{first}{last}")
        },
    )
}

fn number() -> impl Strategy<Value = String> {
    prop_oneof![6 => resident_id(), 1 => "[HM][0-9]{8}([0-9]{2})?", 1 => "[0-9]{8}([0-9]{2})?", 1 => "[A-Z]{3}[0-9]{12}", 2 => "[A-Z0-9]{5,17}"]
}

const HAN: &str = "[一-龥㐀-䶵𠀀-𪛖𪜀-𫜴𫝀-𫠝\u{30000}-\u{3134a}]";

fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn code(random: u64) -> Code {
    (random..).find_map(Code::from_random).expect("six of seven numbers have one")
}

fn pass() -> impl Strategy<Value = (Pass, String)> {
    (any::<u64>(), any::<u128>(), 0u32..20_000, 0u32..1440, 0u32..1440, any::<Option<u16>>()).prop_map(
        |(random, site, day, start, end, version)| {
            let time = |minutes: u32| domain::NaiveTime::from_hms_opt(minutes / 60, minutes % 60, 0).expect("a time");
            let date = domain::time::plus_days(NaiveDate::from_ymd_opt(2020, 1, 1).expect("a day"), day);
            let window = Window { date, start: time(start), end: time(end) };
            let pass = Pass { key_id: 1, code: code(random >> 1), site_id: Uuid::from_u128(site), window, version };
            let text = pass.sign(&key());
            (pass, text)
        },
    )
}

static CITY: LazyLock<City> = LazyLock::new(|| City {
    name: "永州".into(),
    name_en: "Yongzhou".into(),
    hotline: "0746-000 0000".into(),
    from_age: 18,
    reminder_at: domain::message::REMINDER_AT,
    divisions: vec![Division {
        code: "431103".into(), name: "冷水滩区".into(), name_en: "Lengshuitan".into(), at: (26.46, 111.6)
    }],
});

/// Bodies as pages send them.
const BODIES: [&str; 5] = [
    r#"{"id":null,"relation":"self","name":"王小明","phone":"13800138000","document":{"kind":"resident_id","number":"11010519491231002X"},"born_on":"1949-12-31","county":"431103","address":"梧桐街道12号"}"#,
    r#"{"request_id":"01890a5d-ac96-774b-bcce-b302099a8057","person_id":"01890a5d-ac96-774b-bcce-b302099a8057","slot_id":"01890a5d-ac96-774b-bcce-b302099a8057","dose":2,"previous_dose_on":"2021-05-08","screening":{"allergy":false,"severe_reaction":false,"neurological":false,"acute_or_uncontrolled":false,"pregnant":false},"consent":{"version":"1"}}"#,
    r#"{"request_id":"01890a5d-ac96-774b-bcce-b302099a8057","code":"7K2M9QX4TD","slot_id":"01890a5d-ac96-774b-bcce-b302099a8057"}"#,
    r#"{"code":"7K2M9QX4TD","nonce":"01890a5d-ac96-774b-bcce-b302099a8057","lot":"A1"}"#,
    r#"{"challenge":{"parameters":{"algorithm":"SHA-256","cost":2,"expiresAt":1893456000,"keyLength":32,"keyPrefix":"00ff","keySignature":"00","nonce":"00","salt":"ff"},"signature":"00"},"solution":{"counter":1,"derivedKey":"00"}}"#,
];

/// Reads a body; what could be read can be written and read again.
fn read_again<T: DeserializeOwned + serde::Serialize>(body: &str) -> Result<Option<T>, TestCaseError> {
    let Ok(read) = serde_json::from_str::<T>(body) else { return Ok(None) };
    let written = serde_json::to_string(&read).map_err(|error| TestCaseError::fail(error.to_string()))?;
    let again = serde_json::from_str::<T>(&written).map_err(|error| TestCaseError::fail(format!("{written}: {error}")))?;
    prop_assert_eq!(serde_json::to_string(&again).expect("written before"), written);
    Ok(Some(read))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn a_document_number_is_taken_whole_or_refused(kind in select(DocumentKind::ALL), typed in nearly(number())) {
        if let Ok(document) = Document::parse(kind, &typed) {
            let number = document.number();
            prop_assert!(number.bytes().all(|sign| sign.is_ascii_digit() || sign.is_ascii_uppercase()), "{}", number);
            prop_assert!(!document.masked().contains(number));
            prop_assert!(document.last_four().len() <= 4 && number.ends_with(document.last_four()));
            prop_assert!(document.born_on().is_some() || !document.kind().tells_birth());
            let again = Document::parse(kind, number).map_err(|error| TestCaseError::fail(error.to_string()))?;
            prop_assert_eq!(again.number(), number);
        }
    }

    #[test]
    fn a_changed_digit_of_an_identity_number_is_noticed(number in resident_id(), at in 0usize..17, other in 1u8..10) {
        if Document::parse(DocumentKind::ResidentId, &number).is_ok() {
            let mut changed = number.into_bytes();
            changed[at] = b'0' + (changed[at] - b'0' + other) % 10;
            let changed = String::from_utf8(changed).expect("digits");
            prop_assert!(Document::parse(DocumentKind::ResidentId, &changed).is_err());
        }
    }

    #[test]
    fn a_name_is_kept_as_it_is_written(name in like(&format!("{HAN}{{2,50}}")), typed in nearly(like(&format!("{HAN}{{1,4}}(·{HAN}{{1,4}})?|[A-Z][a-zé]{{1,9}} [A-Z]'[A-Z][a-z]{{1,9}}")))) {
        prop_assert_eq!(Name::parse(&name).map(|kept| kept.as_str().to_owned()), Ok(name.clone()));
        if let Ok(kept) = Name::parse(&typed) {
            prop_assert!((2..=50).contains(&kept.as_str().chars().count()));
            prop_assert!(!kept.as_str().contains(['\0', '<', '>', '"', ';', '\u{202e}', '\u{2066}', '\n', '😀']), "{:?}", kept.as_str());
            prop_assert!(kept.masked().contains('*') && kept.masked() != kept.as_str());
            prop_assert_eq!(Name::parse(kept.as_str()), Ok(kept));
        }
    }

    #[test]
    fn an_address_is_kept_as_it_is_written(address in like(&format!("({HAN}|[0-9]){{5,60}}")), typed in nearly(like(&format!("{HAN}{{3,9}}[0-9]{{1,3}}号")))) {
        prop_assert_eq!(Address::parse(&address).map(|kept| kept.as_str().to_owned()), Ok(address.clone()));
        if let Ok(kept) = Address::parse(&typed) {
            let text = kept.as_str();
            prop_assert!((5..=60).contains(&text.chars().count()));
            prop_assert!(!text.chars().any(|sign| sign.is_ascii() && !sign.is_ascii_digit()), "{}", text);
            prop_assert!(!text.contains(['\u{202e}', '\u{200b}', '\u{200d}', '\u{fe0f}', '\u{301}', '😀', '①', '٣', '．', '·', '\u{3000}']), "{}", text);
            prop_assert_eq!(Address::parse(text), Ok(kept.clone()));
        }
    }

    #[test]
    fn a_phone_is_eleven_digits_or_refused(typed in nearly(like("(\\+86 ?|0086|86)?1[3-9][0-9]( ?[0-9]{4}){2}"))) {
        if let Ok(phone) = Phone::parse(&typed) {
            prop_assert!(phone.as_str().len() == 11 && phone.as_str().bytes().all(|sign| sign.is_ascii_digit()));
            prop_assert_eq!(phone.masked(), format!("{}****{}", &phone.as_str()[..3], &phone.as_str()[7..]));
            prop_assert_eq!(Phone::parse(phone.as_str()), Ok(phone));
        }
    }

    #[test]
    fn a_code_is_read_as_typed_and_a_slip_rarely_makes_another(random in any::<u64>(), typed in nearly(any::<u64>().prop_map(|random| code(random >> 1).grouped()))) {
        let code = code(random >> 1);
        for typed in [code.as_str().to_lowercase(), code.grouped(), code.as_str().replace('0', "O").replace('1', "l")] {
            prop_assert_eq!(Code::parse(&typed), Ok(code));
        }
        if let Ok(code) = Code::parse(&typed) {
            prop_assert_eq!(Code::parse(code.as_str()), Ok(code));
        }
    }

    #[test]
    fn a_pass_that_was_changed_is_no_pass((pass, text) in pass(), slips in prop::collection::vec(slip(), 1..3)) {
        let ours = |id: u8| (id == 1).then(|| key().verifying_key());
        prop_assert_eq!(Pass::verify(&text, ours), Ok(pass.clone()));
        let changed = slipped(text, slips);
        if let Ok(read) = Pass::verify(&changed, ours) {
            // the same pass in other letters, or nothing
            prop_assert_eq!(read, pass.clone());
        }
        let nobody = |_: u8| None;
        prop_assert!(Pass::verify(&changed, nobody).is_err());
    }

    #[test]
    fn noise_is_no_pass(typed in any::<String>(), body in "[0-9A-HJKMNP-TV-Z]{154}|0[48][0-9A-HJKMNP-TV-Z]{152}|08[0-9A-HJKMNP-TV-Z]{155}") {
        let ours = |_: u8| Some(key().verifying_key());
        prop_assert!(Pass::verify(&typed, ours).is_err());
        let shaped = format!("YZ1.{body}");
        prop_assert!(Pass::verify(&shaped, ours).is_err());
    }

    #[test]
    fn a_body_is_read_or_refused(body in nearly(select(BODIES.to_vec()).prop_map(str::to_owned)), today in 0i32..80_000) {
        let today = NaiveDate::from_num_days_from_ce_opt(700_000 + today).expect("a day");
        if let Some(draft) = read_again::<PersonDraft>(&body)? {
            match draft.check(&CITY, today) {
                Ok(details) => prop_assert!(details.born_on <= today),
                Err(errors) => prop_assert!(errors.iter().all(|error| error.field.is_some()), "{:?}", errors),
            }
        }
        read_again::<Reserve>(&body)?;
        read_again::<Move>(&body)?;
        read_again::<Redeem>(&body)?;
        if let Some(work) = read_again::<Work>(&body)?
            && let Some(mut search) = Search::new(&work.challenge.parameters)
        {
            let _ = search.go_on(1);
        }
    }
}

/// Texts of a regular expression.
fn like(expression: &str) -> BoxedStrategy<String> {
    proptest::string::string_regex(expression).expect("a regular expression").boxed()
}

/// Some thousands, unless told otherwise.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(2000)
}
