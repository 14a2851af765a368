//! What is masked is shown in full to few, for a reason, so many times an hour; whoever looks at too many bookings is noticed.

use domain::access::Role;
use domain::error::{Error, ErrorCode};
use domain::reason::Reason;
use domain::reveal::{Purpose, Reveal, Secret};
use engine::{Config, Engine, Limits, Watched};

use crate::harness::{Kind, TestCity, draft, on_both_engines};

on_both_engines!(
    only_those_who_may_see_it_in_full_and_each_time_is_written_down_with_its_reason,
    so_many_an_hour_and_each_member_of_staff_for_themself,
    a_nurse_who_looks_at_too_many_bookings_is_stopped_and_others_are_noticed,
);

fn reveal(code: impl ToString, what: Secret) -> Reveal {
    Reveal { code: code.to_string(), what, reason: Purpose::Contact, note: Some("走错接种点".into()) }
}

fn code_of(error: Error) -> ErrorCode {
    error.code
}

async fn only_those_who_may_see_it_in_full_and_each_time_is_written_down_with_its_reason(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = city.guest().await;
    let booking = city.book(&guest, city.slot("one", "vero", 0, "09:00"), 1).await.expect("booked");
    let manager = city.staff("manager", Role::Manager, "one").await;
    let (nurse, elsewhere) = (city.staff("nurse", Role::Nurse, "one").await, city.staff("other", Role::Manager, "two").await);
    let office = city.staff("office", Role::Office, "one").await;
    let engine = &city.engine;
    for staff in [&nurse, &elsewhere] {
        let refused = engine.reveal(staff, &reveal(booking.code, Secret::Document)).await;
        assert_eq!(refused.map(|_| ()).map_err(code_of), Err(ErrorCode::Forbidden));
    }
    let unknown = engine.reveal(&manager, &reveal("0000000000", Secret::Phone)).await;
    assert!(unknown.is_err());
    let numbered = Reveal { note: Some("431102199003070013".into()), ..reveal(booking.code, Secret::Phone) };
    assert_eq!(engine.reveal(&manager, &numbered).await.expect_err("a number").reason, Some(Reason::NoteNumber));
    assert_eq!(city.count("SELECT count(*) FROM audit WHERE action = 'reveal'").await, 0);

    let typed = draft(domain::person::Relation::Myself, 1);
    for (staff, what, expected) in [
        (&manager, Secret::Document, typed.document.number.as_str()),
        (&manager, Secret::Phone, typed.phone.as_str()),
        (&office, Secret::Address, typed.address.as_str()),
    ] {
        let shown = engine.reveal(staff, &reveal(booking.code, what)).await.expect("shown");
        assert_eq!((shown.what, shown.value.as_str(), shown.seconds), (what, expected, 30));
    }
    let written = city.column("SELECT object || ' ' || detail FROM audit WHERE action = 'reveal' ORDER BY detail").await;
    let expected = ["address", "document", "phone"].map(|what| format!("{} {what} contact: 走错接种点", booking.code.as_str()));
    assert_eq!(written, expected);
    assert_eq!(engine.watched(), Watched { reveals: 3, ..Watched::default() });
}

async fn so_many_an_hour_and_each_member_of_staff_for_themself(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = city.guest().await;
    let booking = city.book(&guest, city.slot("one", "vero", 0, "09:00"), 1).await.expect("booked");
    let (manager, office) = (city.staff("manager", Role::Manager, "one").await, city.staff("office", Role::Office, "one").await);
    let config = Config { limits: Limits { reveals: 2, ..Limits::default() }, ..city.another_config() };
    let engine = Engine::open(config).await.expect("opens");
    let ask = reveal(booking.code, Secret::Phone);
    for _ in 0..2 {
        engine.reveal(&manager, &ask).await.expect("shown");
    }
    let refused = engine.reveal(&manager, &ask).await.expect_err("too many");
    assert_eq!((refused.code, refused.retry_after_s), (ErrorCode::TooMany, Some(1800)));
    engine.reveal(&office, &ask).await.expect("another one's own");
    assert_eq!(city.count("SELECT count(*) FROM audit WHERE action = 'reveal'").await, 3);
    assert_eq!(engine.watched(), Watched { reveals: 3, reveals_over: 1, look_ups_over: 0 });
    city.clock.step(chrono::Duration::minutes(30));
    engine.reveal(&manager, &ask).await.expect("one more");
}

async fn a_nurse_who_looks_at_too_many_bookings_is_stopped_and_others_are_noticed(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = city.guest().await;
    let booking = city.book(&guest, city.slot("one", "vero", 0, "09:00"), 1).await.expect("booked");
    let (nurse, manager) = (city.staff("nurse", Role::Nurse, "one").await, city.staff("manager", Role::Manager, "one").await);
    let config = Config { limits: Limits { look_ups: 3, ..Limits::default() }, ..city.another_config() };
    let engine = Engine::open(config).await.expect("opens");
    for staff in [&nurse, &manager] {
        for _ in 0..3 {
            engine.look_up(staff, None, Some(booking.code.as_str())).await.expect("seen");
        }
    }
    let refused = engine.look_up(&nurse, None, Some(booking.code.as_str())).await.map(|_| ()).map_err(code_of);
    assert_eq!(refused, Err(ErrorCode::TooMany));
    engine.look_up(&manager, None, Some(booking.code.as_str())).await.expect("noticed only");
    assert_eq!(engine.watched().look_ups_over, 2);
    assert_eq!(city.count("SELECT count(*) FROM audit WHERE action = 'look_up'").await, 7, "what was seen is written down");
}
