//! What a tablet takes along: it opens with the citizen's own code, and whoever has it without the day's key has nothing.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use domain::access::Role;
use domain::booking::BookingState;
use domain::checkin::{Light, LookUp, Redeem, RosterRow, VisitSeen};
use domain::code::Code;
use domain::error::ErrorCode;
use domain::offline::seal::{FOR_ROSTER, of_record, open, stretch};
use domain::offline::take::{Here, Record, TakeAlong};
use domain::pass::Pass;
use ed25519_dalek::VerifyingKey;

use crate::harness::{Kind, TestCity, on_both_engines};

on_both_engines!(
    a_record_opens_with_its_own_code_alone_and_says_what_the_service_says,
    the_list_opens_with_the_key_of_whoever_took_it_along_that_day_and_with_no_other,
    each_takes_their_own_sites_day_along,
);

fn opened(taken: &TakeAlong, day_key: &[u8; 32], code: Code) -> Option<Record> {
    let (name, key) = of_record(day_key, &stretch(code, &taken.salt)?)?;
    let (_, sealed) = taken.records.iter().find(|(other, _)| *other == BASE64.encode(name))?;
    serde_json::from_slice(&open(&key, &name, &BASE64.decode(sealed).expect("base64"))?).ok()
}

async fn a_record_opens_with_its_own_code_alone_and_says_what_the_service_says(kind: Kind) {
    let city = TestCity::new(kind).await;
    let nurse = city.staff("wang", Role::Nurse, "one").await;
    let slot = city.slot("one", "vero", 0, "09:00");
    let (waits, done, quits, later) = (city.guest().await, city.guest().await, city.guest().await, city.guest().await);
    let waiting = city.book(&waits, slot, 1).await.expect("booked");
    let jab = city.book(&done, slot, 1).await.expect("booked").code;
    let cancelled = city.book(&quits, slot, 1).await.expect("booked").code;
    let tomorrow = city.book(&later, city.slot("one", "vero", 1, "09:00"), 1).await.expect("booked").code;
    city.clock.set_civil(city.today(), "09:10");
    city.engine.cancel(&quits.citizen, cancelled.as_str()).await.expect("cancelled");
    city.engine
        .redeem(&nurse, Redeem { code: jab.to_string(), nonce: city.engine_id(), lot: None, accept: None })
        .await
        .expect("recorded");
    let taken = city.engine.take_along(&nurse, city.site("one")).await.expect("taken");
    assert_eq!((taken.records.len(), taken.date, taken.now), (2, city.today(), city.engine.now()));
    let here = Here { site_id: taken.site_id, site_name: &taken.site_name, vaccines: &taken.vaccines, now: taken.now };
    for code in [waiting.code, jab] {
        let alone = opened(&taken, &taken.day_key, code).expect("it opens").look_up(code, None, None, &here);
        let asked = city.engine.look_up(&nurse, None, Some(code.as_str())).await.expect("found");
        // how far the visit has come is said by the service alone: without a network there is one step
        assert_eq!(alone, LookUp { visit: VisitSeen::default(), ..asked });
    }
    assert_eq!(
        opened(&taken, &taken.day_key, waiting.code).expect("it opens").look_up(waiting.code, None, None, &here).light,
        Light::Green
    );
    assert_eq!(opened(&taken, &taken.day_key, jab).expect("it opens").state, BookingState::Redeemed);
    for code in [cancelled, tomorrow] {
        assert_eq!(opened(&taken, &taken.day_key, code), None, "no more than what is needed");
    }
    assert_eq!(opened(&taken, &[0; 32], waiting.code), None, "the code alone opens nothing on a locked tablet");
    // nothing of anybody stands there in the clear
    let whole = serde_json::to_string(&taken).expect("JSON");
    for planted in [waits.person.name.as_str(), &waits.person.document.number, waiting.code.as_str(), &waiting.code.grouped()] {
        assert!(!whole.contains(planted), "{planted}");
    }
    assert!(!format!("{taken:?}").contains("day_key"));
    // another tablet, and another process, of the same site and day: the same keys, other boxes
    let again = city.engine.take_along(&nurse, city.site("one")).await.expect("taken");
    assert_eq!((again.day_key, again.queue_key, again.salt), (taken.day_key, taken.queue_key, taken.salt));
    assert_ne!(again.records, taken.records);
    let key = |id| VerifyingKey::from_bytes(&taken.pass_keys.iter().find(|(known, _)| *known == id)?.1).ok();
    assert_eq!(Pass::verify(waiting.pass.as_deref().expect("a pass"), key).expect("genuine").code, waiting.code);
    assert_eq!(city.count("SELECT count(*) FROM audit WHERE action = 'take_along'").await, 2);
    city.clock.set_civil(city.day(1), "08:00");
    let next = city.engine.take_along(&nurse, city.site("one")).await.expect("taken");
    assert_ne!((next.day_key, next.salt), (taken.day_key, taken.salt), "a day's key is good for that day");
    assert_eq!(next.queue_key, taken.queue_key, "what waits from yesterday can be sent");
}

async fn the_list_opens_with_the_key_of_whoever_took_it_along_that_day_and_with_no_other(kind: Kind) {
    let city = TestCity::new(kind).await;
    let (wang, li) = (city.staff("wang", Role::Nurse, "one").await, city.staff("li", Role::Nurse, "one").await);
    let guest = city.guest().await;
    let code = city.book(&guest, city.slot("one", "vero", 0, "09:00"), 1).await.expect("booked").code;
    let (one, other) = (
        city.engine.take_along(&wang, city.site("one")).await.expect("taken"),
        city.engine.take_along(&li, city.site("one")).await.expect("taken"),
    );
    let list = |key: &[u8; 32], taken: &TakeAlong| {
        let plain = open(key, FOR_ROSTER, &BASE64.decode(&taken.roster).expect("base64"))?;
        serde_json::from_slice::<Vec<RosterRow>>(&plain).ok()
    };
    let asked = city.engine.roster(&wang, city.site("one"), city.today()).await.expect("read").rows;
    assert_eq!(list(&one.roster_key, &one), Some(asked), "what a search with a network finds");
    for key in [&other.roster_key, &one.day_key, &one.queue_key, &[0; 32]] {
        assert_eq!(list(key, &one), None);
    }
    let whole = serde_json::to_string(&one).expect("JSON");
    for planted in [guest.person.name.as_str(), code.as_str()] {
        assert!(!whole.contains(planted), "{planted}");
    }
    city.clock.set_civil(city.day(1), "08:00");
    let next = city.engine.take_along(&wang, city.site("one")).await.expect("taken");
    assert_ne!(next.roster_key, one.roster_key, "a key is good for a day");
}

async fn each_takes_their_own_sites_day_along(kind: Kind) {
    let city = TestCity::new(kind).await;
    let (nurse, stranger) = (city.staff("wang", Role::Nurse, "one").await, city.staff("li", Role::Nurse, "two").await);
    city.book(&city.guest().await, city.slot("one", "vero", 0, "09:00"), 1).await.expect("booked");
    let refused = city.engine.take_along(&stranger, city.site("one")).await.expect_err("another site's");
    assert_eq!(refused.code, ErrorCode::Forbidden);
    let (own, other) = (
        city.engine.take_along(&nurse, city.site("one")).await.expect("taken"),
        city.engine.take_along(&stranger, city.site("two")).await.expect("taken"),
    );
    assert_eq!((own.records.len(), other.records.len()), (1, 0));
    assert_ne!((own.day_key, own.queue_key), (other.day_key, other.queue_key));
}
