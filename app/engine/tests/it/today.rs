//! The site's day in numbers: those of the roster, and for those who may see it.

use std::collections::HashMap;

use domain::accept::Accept;
use domain::access::Role;
use domain::booking::BookingState;
use domain::checkin::Redeem;
use domain::closing::{CallOffReason, CloseSlot};
use domain::error::ErrorCode;
use domain::flow::{TurnAway, TurnedAway};
use domain::lot::OpenLot;
use domain::slot::Window;

use crate::harness::{Kind, TestCity, on_both_engines};

on_both_engines!(
    the_days_numbers_are_those_of_the_roster,
    who_waits_who_went_home_who_came_from_elsewhere_and_what_is_left_of_a_lot_are_counted,
    the_day_is_read_at_ones_own_site_names_nobody_and_is_not_audited,
);

async fn the_days_numbers_are_those_of_the_roster(kind: Kind) {
    let city = TestCity::new(kind).await;
    let (nurse, manager) = (city.staff("nurse", Role::Nurse, "one").await, city.staff("manager", Role::Manager, "one").await);
    let windows = [("vero", 0, "09:00"), ("vero", 0, "09:30"), ("vero", 0, "11:00"), ("cho", 0, "14:00"), ("vero", 1, "09:00")];
    let mut booked = vec![];
    for at in 0..14 {
        let (vaccine, ahead, start) = windows[at % windows.len()];
        let guest = city.guest().await;
        let booking = city.book(&guest, city.slot("one", vaccine, ahead, start), 1).await.expect("booked");
        booked.push((guest, booking));
    }
    // at another site: not counted here
    city.book(&city.guest().await, city.slot("two", "vero", 0, "09:00"), 1).await.expect("booked");
    for at in [0, 1, 5, 6] {
        let scan = Redeem { code: booked[at].1.code.to_string(), nonce: city.engine_id(), lot: None, accept: None };
        city.engine.redeem(&nurse, scan).await.expect("recorded");
    }
    city.engine.undo(&manager, booked[6].1.code.as_str(), "扫错了人").await.expect("taken back");
    city.engine.cancel(&booked[2].0.citizen, booked[2].1.code.as_str()).await.expect("cancelled");
    let close = CloseSlot { slot_id: city.slot("one", "cho", 0, "15:00"), reason: CallOffReason::Weather, note: None };
    city.engine.close_slot(&manager, &close).await.expect("closed");
    city.clock.set_civil(city.today(), "09:30");

    let day = city.engine.read_today(&nurse, city.site("one")).await.expect("counted");
    let roster = city.engine.roster(&nurse, city.site("one"), city.today()).await.expect("read");
    let mut expected: HashMap<Window, (u32, u32)> = HashMap::new();
    for row in &roster.rows {
        let (all, done) = expected.entry(row.window).or_default();
        *all += 1;
        *done += u32::from(row.state == BookingState::Redeemed);
    }
    assert_eq!((day.date, day.at), (city.today(), city.engine.now()));
    let mut places: HashMap<Window, u32> = HashMap::new();
    for slot in &roster.slots {
        *places.entry(slot.window).or_default() += if slot.closed { 0 } else { slot.capacity };
    }
    assert_eq!(day.windows.len(), places.len(), "each window once");
    for one in &day.windows {
        let (all, done) = expected.remove(&one.window).unwrap_or_default();
        let over = one.window.date == city.today() && one.window.end <= domain::time::civil(city.engine.now()).time();
        let left = if over { (0, all - done) } else { (all - done, 0) };
        let numbers = one.numbers;
        assert_eq!(
            (numbers.expected, numbers.done, (numbers.to_come, numbers.not_come)),
            (all, done, left),
            "{}",
            one.window.text()
        );
        let free = if over || one.closed { 0 } else { places[&one.window] - all };
        assert_eq!(numbers.free, free, "{}", one.window.text());
    }
    assert_eq!(expected, HashMap::new(), "nobody of the roster is left out");
    assert_eq!((day.sum.expected, day.sum.done, day.sum.not_come), (11, 3, 1));
    assert!(day.windows.iter().any(|one| one.closed));
    city.assert_balanced().await;
}

async fn who_waits_who_went_home_who_came_from_elsewhere_and_what_is_left_of_a_lot_are_counted(kind: Kind) {
    let city = TestCity::new(kind).await;
    let (nurse, manager) = (city.staff("nurse", Role::Nurse, "one").await, city.staff("manager", Role::Manager, "one").await);
    let mut codes = vec![];
    for (site, start) in [("one", "09:00"), ("one", "09:00"), ("one", "09:30"), ("two", "09:00")] {
        let booking = city.book(&city.guest().await, city.slot(site, "vero", 0, start), 1).await.expect("booked");
        codes.push(booking.code);
    }
    let open =
        OpenLot { site_id: city.site("one"), vaccine_id: "vero".into(), number: "A1".into(), expires_on: city.day(30), doses: 20 };
    city.engine.open_lot(&manager, &open).await.expect("opened");
    let before = city.engine.read_today(&nurse, city.site("one")).await.expect("counted");
    assert_eq!((before.sum.expected, before.sum.to_come, before.accepted, before.lots[0].left), (3, 3, 0, 20));

    city.engine.arrive(&nurse, codes[0].as_str()).await.expect("received");
    let away = TurnAway { code: codes[1].to_string(), nonce: city.engine_id(), reason: TurnedAway::Fever, detail: None };
    city.engine.turn_away(&nurse, &away).await.expect("sent home");
    let accept = Some(Accept { reason: "走错了接种点".into() });
    let scan = Redeem { code: codes[3].to_string(), nonce: city.engine_id(), lot: Some("A1".into()), accept };
    city.engine.redeem(&manager, scan).await.expect("accepted");
    city.clock.set_civil(city.today(), "09:30");

    let day = city.engine.read_today(&nurse, city.site("one")).await.expect("counted");
    let first = day.windows.iter().find(|one| one.numbers.expected > 0).expect("nine").numbers;
    // who waits is not missing when their window is over
    assert_eq!((first.expected, first.waiting, first.not_come, first.turned_away), (1, 1, 0, 1));
    assert_eq!((day.sum.expected, day.sum.waiting, day.sum.to_come, day.sum.done), (2, 1, 1, 0));
    assert_eq!((day.sum.turned_away, day.accepted, day.lots[0].left), (1, 1, 19));
    let there = city.staff("li", Role::Nurse, "two").await;
    let there = city.engine.read_today(&there, city.site("two")).await.expect("counted");
    assert_eq!((there.sum.expected, there.sum.done, there.accepted, there.lots.len()), (1, 1, 0, 0));

    let scan = Redeem { code: codes[0].to_string(), nonce: city.engine_id(), lot: Some("A1".into()), accept: None };
    city.engine.redeem(&nurse, scan).await.expect("recorded");
    let day = city.engine.read_today(&nurse, city.site("one")).await.expect("counted");
    assert_eq!((day.sum.waiting, day.sum.done, day.lots[0].left), (0, 1, 18));
    city.assert_balanced().await;
}

async fn the_day_is_read_at_ones_own_site_names_nobody_and_is_not_audited(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = city.guest().await;
    city.book(&guest, city.slot("one", "vero", 0, "09:00"), 1).await.expect("booked");
    let (here, elsewhere) = (city.staff("nurse", Role::Nurse, "one").await, city.staff("li", Role::Nurse, "two").await);
    let office = city.staff("office", Role::Office, "one").await;
    let audited = "SELECT count(*) FROM audit WHERE action = 'read_today'";
    for staff in [&here, &office] {
        let day = city.engine.read_today(staff, city.site("one")).await.expect("counted");
        let told = serde_json::to_string(&day).expect("JSON");
        assert!(!told.contains(&guest.person.name) && !told.contains("code"), "{told}");
    }
    assert_eq!(city.count(audited).await, 0);
    let refused = city.engine.read_today(&elsewhere, city.site("one")).await.expect_err("another site's");
    assert_eq!(refused.code, ErrorCode::Forbidden);
    let unknown = city.engine.read_today(&here, city.engine_id()).await.expect_err("no such site");
    assert_eq!((unknown.code, unknown.field.as_deref()), (ErrorCode::NotFound, Some("site_id")));
    city.engine.sign_audit().await.expect("written");
    assert_eq!(city.count(audited).await, 1, "that somebody tried is written down");
}
