//! People as a page would send them.

use domain::identity::{DocumentDraft, DocumentKind, check_character};
use domain::person::{PersonDraft, Relation};

/// A citizen identity number that nobody holds, for the `n`-th person of a test.
pub fn resident_id(born: &str, n: u32) -> String {
    let first_17 = format!("431197{born}{n:03}");
    format!("{first_17}{}", check_character(&first_17).expect("17 digits"))
}

/// The `n`-th person of a test, as typed.
pub fn draft(relation: Relation, n: u32) -> PersonDraft {
    let born = format!("{}0{}1{}", 1950 + n % 40, 1 + n % 9, n % 9);
    PersonDraft {
        id: None,
        relation,
        name: format!("测试{}", "甲乙丙丁戊己庚辛壬癸".chars().nth((n % 10) as usize).expect("ten")),
        phone: format!("1391{n:07}"),
        document: DocumentDraft { kind: DocumentKind::ResidentId, number: resident_id(&born, n % 1000) },
        born_on: None,
        county: "431103".into(),
        address: format!("测试路{n}号"),
    }
}
