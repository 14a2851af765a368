//! What must not stand in the clear does not: searched for in the bytes of the database's files and of its backup.

use domain::access::Role;
use domain::identity::{DocumentDraft, DocumentKind};
use domain::person::{PersonDraft, Relation};

use crate::harness::{Kind, TestCity, on_both_engines, resident_id};

on_both_engines!(a_planted_person_is_not_found_in_the_clear);

async fn a_planted_person_is_not_found_in_the_clear(kind: Kind) {
    let city = TestCity::new(kind).await;
    let account_phone = "13987654321";
    let citizen = city.citizen(account_phone).await;
    let sign_in_code = city.code_sent_to(account_phone).await;
    let number = resident_id("19570817", 642);
    let planted = PersonDraft {
        id: None,
        relation: Relation::Other,
        name: "欧阳种植".into(),
        phone: "13711223344".into(),
        document: DocumentDraft { kind: DocumentKind::ResidentId, number: number.clone() },
        born_on: None,
        county: "431103".into(),
        address: "种植巷七十七号".into(),
    };
    let person = city.engine.save_person(&citizen, planted).await.expect("saved");
    let booking =
        city.engine.reserve(&citizen, city.request(&person, city.slot("one", "vero", 0, "09:00"), 1)).await.expect("booked");
    let nurse = city.staff("nurse", Role::Nurse, "one").await;
    city.engine.look_up(&nurse, booking.pass.as_deref(), None).await.expect("found");
    city.engine.cancel(&citizen, booking.code.as_str()).await.expect("cancelled");

    let stored = city.raw_bytes().await;
    let masked_name = booking.person.name.chars().next().expect("a name").to_string() + "**";
    for secret in [
        number.as_str(),
        &number[6..],
        "欧阳种植",
        "13711223344",
        account_phone,
        "种植巷七十七号",
        &masked_name,
        "correct horse",
        &sign_in_code,
    ] {
        assert!(!found(&stored, secret), "{secret} stands in the clear");
    }
    // the search finds what is there, so what it does not find is not
    assert!(found(&stored, booking.code.as_str()) && found(&stored, "431103") && found(&stored, "测试接种点一"));
}

/// Whether a text is in the bytes as UTF-8, as UTF-16, in hexadecimal (how a dump writes bytes) or in base64.
fn found(bytes: &[u8], text: &str) -> bool {
    use base64::Engine as _;
    let contains = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
    let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let base64 = base64::engine::general_purpose::STANDARD_NO_PAD.encode(text);
    // a base64 text that begins elsewhere in its group of three is not looked for; nothing here writes base64 of text
    contains(text.as_bytes())
        || contains(&utf16)
        || contains(hex.as_bytes())
        || contains(hex.to_uppercase().as_bytes())
        || contains(base64.as_bytes())
}
