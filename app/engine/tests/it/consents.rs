//! Consent that is given on its own: asked for, recorded, asked again, taken back.

use domain::consent::ConsentKind;
use domain::error::ErrorCode;
use domain::person::Relation;
use domain::reason::Reason;
use engine::{Config, Engine, SensitiveConsent};

use crate::harness::{Guest, Kind, TestCity, draft, on_both_engines};

on_both_engines!(
    nobody_is_written_down_without_the_separate_consent_where_it_is_required,
    a_new_version_of_the_text_asks_again,
    each_consent_and_its_withdrawal_is_a_row_with_version_and_time,
    without_consent_nobody_stays_in_the_list,
);

const KIND: ConsentKind = ConsentKind::Sensitive;

/// Another process, which asks for consent to `version`.
async fn strict(city: &TestCity, version: &str) -> Engine {
    let mut config = Config { sensitive_consent: SensitiveConsent::Required, ..city.another_config() };
    config.city.notice.sensitive.as_mut().expect("there always is one").version = version.into();
    Engine::open(config).await.expect("opens")
}

async fn nobody_is_written_down_without_the_separate_consent_where_it_is_required(kind: Kind) {
    let city = TestCity::new(kind).await;
    let engine = strict(&city, "1").await;
    let (citizen, stranger) = (city.citizen("13800001111").await, city.citizen("13800002222").await);
    let other = draft(Relation::Other, 1);
    let refused = engine.save_person(&citizen, other.clone()).await.expect_err("not without");
    assert_eq!((refused.code, refused.field.as_deref()), (ErrorCode::Invalid, Some("sensitive")));
    assert_eq!(refused.reason, Some(Reason::SensitiveConsent));
    assert_eq!(city.count("SELECT count(*) FROM people WHERE NOT removed").await, 0);

    engine.consent(&citizen, KIND, "1", true).await.expect("given");
    assert!(engine.account(&citizen).await.expect("theirs").sensitive_consent);
    engine.save_person(&citizen, other.clone()).await.expect("now it may be");
    assert!(engine.save_person(&stranger, other.clone()).await.is_err(), "one's own consent is nobody else's");
    // where it is only asked for, callers that know nothing of it go on
    city.engine.save_person(&stranger, other).await.expect("saved");
}

async fn a_new_version_of_the_text_asks_again(kind: Kind) {
    let city = TestCity::new(kind).await;
    let (before, after) = (strict(&city, "1").await, strict(&city, "2").await);
    let citizen = city.citizen("13800001111").await;
    before.consent(&citizen, KIND, "1", true).await.expect("given");
    before.save_person(&citizen, draft(Relation::Other, 1)).await.expect("saved");
    assert!(!after.account(&citizen).await.expect("theirs").sensitive_consent);
    assert!(after.save_person(&citizen, draft(Relation::Other, 2)).await.is_err());
    let refused = after.consent(&citizen, KIND, "1", true).await.expect_err("not the text in force");
    assert_eq!((refused.code, refused.field.as_deref()), (ErrorCode::Invalid, Some("version")));
    city.clock.step(chrono::Duration::minutes(1));
    after.consent(&citizen, KIND, "2", true).await.expect("given");
    after.save_person(&citizen, draft(Relation::Other, 2)).await.expect("saved");
}

async fn each_consent_and_its_withdrawal_is_a_row_with_version_and_time(kind: Kind) {
    let city = TestCity::new(kind).await;
    let engine = strict(&city, "1").await;
    let citizen = city.citizen("13800001111").await;
    engine.consent(&citizen, KIND, "", false).await.expect("there is nothing to take back");
    assert_eq!(city.count("SELECT count(*) FROM consents").await, 0);
    for given in [true, true, false, false, true] {
        engine.consent(&citizen, KIND, "1", given).await.expect("recorded");
        assert_eq!(engine.account(&citizen).await.expect("theirs").sensitive_consent, given);
        city.clock.step(chrono::Duration::minutes(1));
    }
    let rows =
        city.column("SELECT kind || ' ' || version || CASE WHEN given THEN ' yes' ELSE ' no' END FROM consents ORDER BY at").await;
    assert_eq!(rows, ["sensitive 1 yes", "sensitive 1 no", "sensitive 1 yes"], "what was said already is not said again");
    assert_eq!(city.count("SELECT count(DISTINCT at) FROM consents").await, 3);
    assert_eq!(city.count("SELECT count(*) FROM audit WHERE action IN ('consent', 'withdraw_consent')").await, 3);
}

async fn without_consent_nobody_stays_in_the_list(kind: Kind) {
    let city = TestCity::new(kind).await;
    let Guest { citizen, person } = city.guest().await;
    let version = city.engine.notice().sensitive.as_ref().expect("there is one").version.clone();
    city.engine.consent(&citizen, KIND, &version, true).await.expect("given");
    let mother = city.engine.save_person(&citizen, draft(Relation::Other, 400)).await.expect("saved");
    let guest = Guest { citizen, person };
    let booking = city.book(&guest, city.slot("one", "vero", 1, "09:00"), 1).await.expect("booked");

    let refused = city.engine.consent(&citizen, KIND, "", false).await.expect_err("a booking waits");
    assert_eq!(refused.reason, Some(Reason::PersonHasBooking));
    assert_eq!(city.engine.list_people(&citizen).await.expect("listed").len(), 2, "all or nothing");
    assert!(city.engine.account(&citizen).await.expect("theirs").sensitive_consent);

    city.engine.cancel(&citizen, booking.code.as_str()).await.expect("cancelled");
    city.clock.step(chrono::Duration::minutes(1));
    city.engine.consent(&citizen, KIND, "", false).await.expect("taken back");
    assert_eq!(city.engine.list_people(&citizen).await, Ok(vec![]));
    let again = city.request(&mother, city.slot("one", "vero", 1, "09:00"), 1);
    assert_eq!(city.engine.reserve(&citizen, again).await.expect_err("nobody is there").code, ErrorCode::NotFound);
    city.assert_balanced().await;
}
