//! Doses that are left over: who asks, whom a site may call, in which order, and what ends it.

use domain::Uuid;
use domain::access::Role;
use domain::checkin::Redeem;
use domain::error::ErrorCode;
use domain::left_over::{Ask, CallOutcome, ToCallForDose};
use domain::reason::Reason;
use engine::{Limits, Staff, Whence};

use crate::harness::{Guest, Kind, TestCity, on_both_engines};

on_both_engines!(
    one_asks_once_for_a_person_and_course_and_takes_it_back,
    who_has_the_dose_booked_or_given_is_called_no_more,
    the_own_county_is_called_first_in_the_order_of_asking,
    only_managers_of_a_site_that_may_call_see_whom_and_each_look_is_written_down,
    what_came_of_a_call_counts_for_the_day,
    an_ask_ends_with_its_day_the_person_and_the_account,
);

fn ask(city: &TestCity, guest: &Guest, site: &str) -> Ask {
    let until = city.day(7);
    Ask { person_id: guest.person.id, course: None, site_ids: vec![city.site(site)], county: None, until }
}

async fn asked(city: &TestCity, guest: &Guest, site: &str) -> Uuid {
    city.clock.step(chrono::Duration::seconds(1));
    city.engine.ask_for_left_over(&guest.citizen, &ask(city, guest, site)).await.expect("asked").id
}

async fn list(city: &TestCity, staff: &Staff, site: &str) -> Vec<ToCallForDose> {
    city.engine.left_over_list(staff, city.site(site), None).await.expect("listed").rows
}

fn ids(rows: &[ToCallForDose]) -> Vec<Uuid> {
    rows.iter().map(|row| row.id).collect()
}

async fn one_asks_once_for_a_person_and_course_and_takes_it_back(kind: Kind) {
    let city = TestCity::new(kind).await;
    let (guest, other) = (city.guest().await, city.guest().await);
    let first = asked(&city, &guest, "one").await;
    // again, for all sites of a county: it takes the place of the first
    let county = Ask { site_ids: vec![], county: Some("431102".into()), ..ask(&city, &guest, "one") };
    let again = city.engine.ask_for_left_over(&guest.citizen, &county).await.expect("asked");
    assert_eq!((again.site_ids.as_slice(), again.dose), ([city.site("two")].as_slice(), 1));
    assert_ne!(again.id, first);
    assert_eq!(city.engine.left_over_asks(&guest.citizen).await.expect("read"), std::slice::from_ref(&again));
    assert_eq!(city.count("SELECT count(*) FROM left_over_sites").await, 1, "the sites of the first went with it");

    for (wrong, field) in [
        (Ask { until: city.day(15), ..county.clone() }, "until"),
        (Ask { county: None, ..county.clone() }, "site_ids"),
        (Ask { county: Some("110101".into()), ..county.clone() }, "county"),
        (Ask { site_ids: vec![city.engine_id()], ..county.clone() }, "site_ids"),
        (Ask { course: Some("no such".into()), ..county.clone() }, "course"),
    ] {
        let refused = city.engine.ask_for_left_over(&guest.citizen, &wrong).await.expect_err(field);
        assert_eq!(refused.field.as_deref(), Some(field));
    }
    let theirs = Ask { person_id: other.person.id, ..county.clone() };
    let refused = city.engine.ask_for_left_over(&guest.citizen, &theirs).await.expect_err("somebody else's person");
    assert_eq!(refused.code, ErrorCode::NotFound);
    let unknown = city.engine.withdraw_left_over(&other.citizen, city.engine_id()).await;
    assert_eq!(city.engine.withdraw_left_over(&other.citizen, again.id).await, unknown, "as if it were not there");
    city.engine.withdraw_left_over(&guest.citizen, again.id).await.expect("taken back");
    assert_eq!(city.engine.left_over_asks(&guest.citizen).await.expect("read"), []);
    assert_eq!(city.count("SELECT count(*) FROM left_over_sites").await, 0);
    city.assert_balanced().await;
}

async fn who_has_the_dose_booked_or_given_is_called_no_more(kind: Kind) {
    let city = TestCity::new(kind).await;
    let (manager, nurse) = (city.staff("manager", Role::Manager, "one").await, city.staff("nurse", Role::Nurse, "one").await);
    let (booked, given) = (city.guest().await, city.guest().await);
    let (first, second) = (asked(&city, &booked, "one").await, asked(&city, &given, "one").await);
    assert_eq!(ids(&list(&city, &manager, "one").await), [first, second]);
    let later = city.book(&booked, city.slot("one", "vero", 3, "09:00"), 1).await.expect("booked");
    let today = city.book(&given, city.slot("one", "vero", 0, "09:00"), 1).await.expect("booked");
    let scan = Redeem { code: today.code.to_string(), nonce: city.engine_id(), lot: None, accept: None };
    city.engine.redeem(&nurse, scan).await.expect("recorded");
    assert_eq!(list(&city, &manager, "one").await, []);
    assert_eq!(city.engine.left_over_asks(&booked.citizen).await.expect("read"), []);
    let refused = city.engine.reveal_left_over(&manager, second).await.expect_err("it is over");
    assert_eq!(refused.code, ErrorCode::NotFound);
    let again = city.engine.ask_for_left_over(&booked.citizen, &ask(&city, &booked, "one")).await.expect_err("booked");
    assert_eq!(again.code, ErrorCode::AlreadyBooked);
    // three weeks lie between the doses
    let soon = city.engine.ask_for_left_over(&given.citizen, &ask(&city, &given, "one")).await.expect_err("too early");
    assert_eq!(soon.reason, Some(Reason::TooEarly { from: city.day(21) }));
    city.engine.cancel(&booked.citizen, later.code.as_str()).await.expect("cancelled");
    assert_eq!(ids(&list(&city, &manager, "one").await), [first], "it was never taken back");
}

async fn the_own_county_is_called_first_in_the_order_of_asking(kind: Kind) {
    let city = TestCity::new(kind).await;
    let manager = city.staff("manager", Role::Manager, "one").await;
    let guests = [city.guest().await, city.guest().await, city.guest().await];
    let mut asks = vec![];
    for guest in &guests {
        asks.push(asked(&city, guest, "one").await);
    }
    // the first lives in another county
    city.execute("UPDATE left_overs SET county = '431102' WHERE id = $1", [asks[0].into()]).await;
    let rows = list(&city, &manager, "one").await;
    assert_eq!(ids(&rows), [asks[1], asks[2], asks[0]]);
    assert_eq!(rows.iter().map(|row| row.near).collect::<Vec<_>>(), [true, true, false]);
    let names: Vec<_> = rows.iter().map(|row| row.name.as_str()).collect();
    assert!(guests.iter().all(|guest| !names.contains(&guest.person.name.as_str())), "{names:?}");
    assert!(rows.iter().all(|row| row.vaccine_ids.contains(&"vero".to_owned()) && row.dose == 1));
    let of_one = city.engine.left_over_list(&manager, city.site("one"), Some("ad5")).await.expect("listed").rows;
    assert_eq!(of_one[0].vaccine_ids, ["ad5"]);
    // a vaccine that the site does not give today
    let none = city.engine.left_over_list(&manager, city.site("one"), Some("none")).await.expect("listed").rows;
    assert_eq!(none, []);
}

async fn only_managers_of_a_site_that_may_call_see_whom_and_each_look_is_written_down(kind: Kind) {
    let city = TestCity::new(kind).await;
    let (nurse, manager) = (city.staff("nurse", Role::Nurse, "one").await, city.staff("manager", Role::Manager, "one").await);
    let (elsewhere, office) = (city.staff("li", Role::Manager, "two").await, city.staff("office", Role::Office, "one").await);
    let guest = city.guest().await;
    let id = asked(&city, &guest, "one").await;
    for staff in [&nurse, &elsewhere] {
        let refused = city.engine.left_over_list(staff, city.site("one"), None).await.expect_err("not theirs");
        assert_eq!(refused.code, ErrorCode::Forbidden);
        assert_eq!(city.engine.reveal_left_over(staff, id).await.expect_err("not theirs").code, ErrorCode::Forbidden);
        let said = city.engine.called_for_left_over(staff, id, CallOutcome::Comes).await;
        assert_eq!(said.expect_err("not theirs").code, ErrorCode::Forbidden);
    }
    for staff in [&manager, &office] {
        assert_eq!(ids(&list(&city, staff, "one").await), [id]);
        let whom = city.engine.reveal_left_over(staff, id).await.expect("shown");
        assert_eq!(whom.name, guest.person.name);
        assert!(whom.phone.len() == 11 && !whom.phone.contains('*'), "{}", whom.phone);
    }
    assert_eq!(city.count("SELECT count(*) FROM audit WHERE action = 'reveal_left_over'").await, 2);
    assert_eq!(city.count("SELECT count(*) FROM audit WHERE action = 'call_for_left_over' AND outcome = 'done'").await, 2);
    let most = Limits::default().reveals;
    for _ in 1..most {
        city.engine.reveal_left_over(&manager, id).await.expect("shown");
    }
    let refused = city.engine.reveal_left_over(&manager, id).await.expect_err("too many");
    assert_eq!(refused.code, ErrorCode::TooMany);
    city.assert_balanced().await;
}

async fn what_came_of_a_call_counts_for_the_day(kind: Kind) {
    let city = TestCity::new(kind).await;
    let manager = city.staff("manager", Role::Manager, "one").await;
    let mut asks = vec![];
    for _ in 0..3 {
        asks.push(asked(&city, &city.guest().await, "one").await);
    }
    let say = async |at: usize, outcome| city.engine.called_for_left_over(&manager, asks[at], outcome).await;
    say(0, CallOutcome::NoAnswer).await.expect("noted");
    say(1, CallOutcome::Declined).await.expect("noted");
    say(2, CallOutcome::Comes).await.expect("noted");
    say(2, CallOutcome::Comes).await.expect("said twice");
    assert_eq!(say(2, CallOutcome::Declined).await.expect_err("on their way").reason, Some(Reason::ChangedMeanwhile));
    let rows = list(&city, &manager, "one").await;
    assert_eq!(ids(&rows), [asks[2], asks[0]]);
    assert_eq!(rows[0].called.map(|called| called.outcome), Some(CallOutcome::Comes));
    assert_eq!(city.count("SELECT count(*) FROM audit WHERE action = 'called_for_left_over'").await, 3);
    city.clock.set_civil(city.day(1), "16:00");
    let tomorrow = list(&city, &manager, "one").await;
    assert_eq!(ids(&tomorrow), asks, "a new day is a new call");
    assert!(tomorrow.iter().all(|row| row.called.is_none()));
}

async fn an_ask_ends_with_its_day_the_person_and_the_account(kind: Kind) {
    let city = TestCity::new(kind).await;
    let manager = city.staff("manager", Role::Manager, "one").await;
    let guests = [city.guest().await, city.guest().await, city.guest().await];
    for guest in &guests {
        asked(&city, guest, "one").await;
    }
    let all = "SELECT count(*) FROM left_overs";
    city.engine.remove_person(&guests[0].citizen, guests[0].person.id).await.expect("removed");
    assert_eq!(city.count(all).await, 2);
    let phone = "13800000002";
    city.clock.step(chrono::Duration::minutes(2));
    city.engine.send_own_code(&guests[1].citizen, &Whence::default()).await.expect("sent");
    let code = city.code_sent_to(phone).await;
    let own = city.engine.own_data(&guests[1].citizen, &code, &Whence::default()).await.expect("taken along");
    assert_eq!(own.left_over.len(), 1);
    assert_eq!(own.left_over[0].sites, ["测试接种点一"]);
    city.clock.step(chrono::Duration::minutes(2));
    city.engine.send_own_code(&guests[1].citizen, &Whence::default()).await.expect("sent");
    let code = city.code_sent_to(phone).await;
    city.engine.erase_account(&guests[1].citizen, &code, &Whence::default()).await.expect("erased");
    assert_eq!(city.count(all).await, 1);
    city.clock.set_civil(city.day(7), "23:00");
    assert_eq!(list(&city, &manager, "one").await.len(), 1, "its last day");
    city.clock.set_civil(city.day(1), "00:01");
    assert_eq!(list(&city, &manager, "one").await, []);
    assert_eq!(city.engine.left_over_asks(&guests[2].citizen).await.expect("read"), []);
    city.engine.tidy().await.expect("tidied");
    assert_eq!((city.count(all).await, city.count("SELECT count(*) FROM left_over_sites").await), (0, 0));
}
