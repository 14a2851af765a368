//! At the site: looking up, recording a jab once, taking it back, the day's list.

use std::sync::Arc;

use domain::access::Role;
use domain::booking::BookingState;
use domain::checkin::{Light, Outcome, Redeem, Timing};
use domain::error::{Error, ErrorCode};
use domain::reason::Reason;
use engine::{Engine, Staff};

use crate::harness::{Kind, TestCity, on_both_engines};

on_both_engines!(
    a_jab_is_recorded_once_and_the_second_scan_hears_who_and_when,
    the_same_scan_again_gets_the_same_answer,
    a_scans_number_is_good_for_one_booking,
    fifty_tablets_at_once_record_one_jab,
    a_nurse_of_another_site_may_look_but_not_record,
    a_booking_of_another_day_is_not_recorded,
    a_cancelled_or_missed_booking_is_not_recorded,
    a_booking_is_looked_up_by_pass_and_by_code,
    a_changed_pass_is_refused,
    a_pass_from_before_a_move_is_told_as_such,
    a_dose_whose_turn_it_is_not_is_looked_at_first,
    who_turns_out_to_be_under_age_gets_no_jab,
    early_and_late_are_amber,
    only_a_manager_takes_a_jab_back_with_a_reason_and_on_the_same_day,
    the_roster_lists_the_day_in_order_for_its_own_site,
);

async fn a_jab_is_recorded_once_and_the_second_scan_hears_who_and_when(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = city.guest().await;
    let nurse = city.staff("wang", Role::Nurse, "one").await;
    let office = city.staff("office", Role::Office, "one").await;
    let booking = city.book(&guest, city.slot("one", "vero", 0, "09:00"), 1).await.expect("booked");
    city.clock.set_civil(city.today(), "09:10");
    let at = city.engine.now();
    let redeem = |lot: &str| Redeem { code: booking.code.grouped(), nonce: city.engine_id(), lot: Some(lot.into()), accept: None };
    let done = city.engine.redeem(&nurse, redeem(" L-77 ")).await.expect("recorded");
    let record = done.redemption.expect("a record");
    assert_eq!((done.outcome, record.at, record.by.as_str()), (Outcome::Redeemed, at, "wang of one"));
    city.clock.step(chrono::Duration::minutes(5));
    let second = city.engine.redeem(&office, redeem("L-78")).await.expect_err("recorded already");
    assert_eq!((second.code, second.reason), (ErrorCode::AlreadyRedeemed, Some(Reason::Redeemed)));
    let seen = city.engine.look_up(&office, booking.pass.as_deref(), None).await.expect("found");
    assert_eq!((seen.light, seen.may_redeem, seen.state), (Light::Red, false, BookingState::Redeemed));
    assert_eq!(seen.redemption, Some(record));
    assert_eq!(city.column("SELECT lot FROM bookings").await, ["L-77"]);
    let shown = city.engine.show_booking(&guest.citizen, booking.code.as_str()).await.expect("shown");
    assert_eq!(shown.state, BookingState::Redeemed);
    let cancelled = city.engine.cancel(&guest.citizen, booking.code.as_str()).await.expect_err("given");
    assert_eq!(cancelled.code, ErrorCode::AlreadyRedeemed);
    assert!(city.engine.list_people(&guest.citizen).await.expect("listed")[0].doses[0].given);
    city.assert_balanced().await;
}

async fn the_same_scan_again_gets_the_same_answer(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = city.guest().await;
    let nurse = city.staff("nurse", Role::Nurse, "one").await;
    let booking = city.book(&guest, city.slot("one", "vero", 0, "09:00"), 1).await.expect("booked");
    let scan = Redeem { code: booking.code.to_string(), nonce: city.engine_id(), lot: None, accept: None };
    let first = city.engine.redeem(&nurse, scan.clone()).await.expect("recorded");
    city.clock.step(chrono::Duration::minutes(1));
    assert_eq!(city.engine.redeem(&nurse, scan).await, Ok(first));
    assert_eq!(city.count("SELECT count(*) FROM audit WHERE action = 'redeem'").await, 1);
}

async fn fifty_tablets_at_once_record_one_jab(kind: Kind) {
    let city = Arc::new(TestCity::new(kind).await);
    let guest = city.guest().await;
    let nurse = city.staff("nurse", Role::Nurse, "one").await;
    let booking = city.book(&guest, city.slot("one", "vero", 0, "09:00"), 1).await.expect("booked");
    let scans = (0..50).map(|_| {
        let (city, nurse) = (city.clone(), nurse.clone());
        let scan = Redeem { code: booking.code.to_string(), nonce: city.engine_id(), lot: None, accept: None };
        tokio::spawn(async move { city.engine.redeem(&nurse, scan).await })
    });
    let mut recorded = 0;
    for scan in scans.collect::<Vec<_>>() {
        match scan.await.expect("no panic") {
            Ok(_) => recorded += 1,
            Err(error) => assert_eq!(error.code, ErrorCode::AlreadyRedeemed),
        }
    }
    assert_eq!(recorded, 1);
}

async fn a_nurse_of_another_site_may_look_but_not_record(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = city.guest().await;
    let elsewhere = city.staff("li", Role::Nurse, "two").await;
    let booking = city.book(&guest, city.slot("one", "vero", 0, "09:00"), 1).await.expect("booked");
    let seen = city.engine.look_up(&elsewhere, None, Some(booking.code.as_str())).await.expect("found");
    assert_eq!((seen.light, seen.may_redeem, seen.reason), (Light::Red, false, Some(Reason::OtherSite)));
    assert_eq!(seen.site_name, "测试接种点一", "the citizen hears which door is right");
    assert_ne!(seen.name, guest.person.name, "masked where nobody compares it with a document");
    let scan = Redeem { code: booking.code.to_string(), nonce: city.engine_id(), lot: None, accept: None };
    assert_eq!(city.engine.redeem(&elsewhere, scan).await.expect_err("another site").code, ErrorCode::Forbidden);
    assert_eq!(city.count("SELECT count(*) FROM bookings WHERE state = 'redeemed'").await, 0);
}

async fn a_booking_of_another_day_is_not_recorded(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = city.guest().await;
    let nurse = city.staff("nurse", Role::Nurse, "one").await;
    let booking = city.book(&guest, city.slot("one", "vero", 1, "09:00"), 1).await.expect("booked");
    let other_day = Some(Reason::OtherDay { date: city.day(1) });
    let seen = city.engine.look_up(&nurse, booking.pass.as_deref(), None).await.expect("found");
    assert_eq!((seen.light, seen.may_redeem, seen.timing, seen.reason), (Light::Red, false, Timing::OtherDay, other_day.clone()));
    let scan = || Redeem { code: booking.code.to_string(), nonce: city.engine_id(), lot: None, accept: None };
    let refused = city.engine.redeem(&nurse, scan()).await.expect_err("tomorrow");
    assert_eq!((refused.code, refused.reason), (ErrorCode::WrongState, other_day));
    city.clock.set_civil(city.day(1), "00:00");
    assert!(city.engine.redeem(&nurse, scan()).await.is_ok(), "its day has begun");
}

async fn a_cancelled_or_missed_booking_is_not_recorded(kind: Kind) {
    let city = TestCity::new(kind).await;
    let (quitter, sleeper) = (city.guest().await, city.guest().await);
    let nurse = city.staff("nurse", Role::Nurse, "one").await;
    let cancelled = city.book(&quitter, city.slot("one", "vero", 0, "09:00"), 1).await.expect("booked");
    let missed = city.book(&sleeper, city.slot("one", "vero", 0, "09:00"), 1).await.expect("booked");
    city.engine.cancel(&quitter.citizen, cancelled.code.as_str()).await.expect("cancelled");
    let scan = |code: domain::code::Code| Redeem { code: code.to_string(), nonce: city.engine_id(), lot: None, accept: None };
    assert_eq!(city.engine.redeem(&nurse, scan(cancelled.code)).await.expect_err("cancelled").reason, Some(Reason::Cancelled));
    city.clock.set_civil(city.day(1), "09:00");
    assert_eq!(city.engine.redeem(&nurse, scan(missed.code)).await.expect_err("missed").reason, Some(Reason::Missed));
    let seen = city.engine.look_up(&nurse, None, Some(missed.code.as_str())).await.expect("found");
    assert_eq!((seen.state, seen.light), (BookingState::Missed, Light::Red));
}

async fn a_booking_is_looked_up_by_pass_and_by_code(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = city.guest().await;
    let nurse = city.staff("nurse", Role::Nurse, "one").await;
    let booking = city.book(&guest, city.slot("one", "vero", 0, "09:00"), 1).await.expect("booked");
    city.clock.set_civil(city.today(), "09:00");
    let pass = booking.pass.clone().expect("a pass");
    let by_pass = city.engine.look_up(&nurse, Some(&pass), None).await.expect("found");
    let by_code = city.engine.look_up(&nurse, None, Some(&booking.code.grouped().to_lowercase())).await.expect("found");
    assert_eq!(by_pass, by_code);
    assert_eq!((by_pass.light, by_pass.may_redeem, by_pass.timing, by_pass.dose), (Light::Green, true, Timing::OnTime, 1));
    assert_eq!((by_pass.name.as_str(), by_pass.document_last_four.len()), (guest.person.name.as_str(), 4));
    assert!(guest.person.document.number.ends_with(&by_pass.document_last_four));
    assert!((18..=120).contains(&by_pass.age));
    // looking is noted, with who looked
    assert_eq!(city.count("SELECT count(*) FROM audit WHERE action = 'look_up' AND actor = 'staff'").await, 2);
    let nobodys = city.engine.look_up(&nurse, None, Some("00000016JD")).await;
    assert_eq!(nobodys, Err(Error::field("code", Reason::NotFound)));
}

async fn a_changed_pass_is_refused(kind: Kind) {
    let city = TestCity::new(kind).await;
    let elsewhere = TestCity::new(kind).await;
    let (guest, visitor) = (city.guest().await, elsewhere.guest().await);
    let nurse = city.staff("nurse", Role::Nurse, "one").await;
    let booking = city.book(&guest, city.slot("one", "vero", 0, "09:00"), 1).await.expect("booked");
    let foreign = elsewhere.book(&visitor, elsewhere.slot("one", "vero", 0, "09:00"), 1).await.expect("booked");
    let pass = booking.pass.expect("a pass");
    let refused = Err(Error::field("pass", Reason::PassShape));
    for at in [4, 20, 40, 80, 150] {
        let mut changed = pass.clone().into_bytes();
        changed[at] = if changed[at] == b'7' { b'8' } else { b'7' };
        let changed = String::from_utf8(changed).expect("ASCII");
        assert_eq!(city.engine.look_up(&nurse, Some(&changed), None).await, refused, "sign {at}");
    }
    let foreign = foreign.pass.expect("a pass");
    assert_eq!(city.engine.look_up(&nurse, Some(&foreign), None).await, refused, "signed with another city's key");
}

async fn early_and_late_are_amber(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = city.guest().await;
    let nurse = city.staff("nurse", Role::Nurse, "one").await;
    let booking = city.book(&guest, city.slot("one", "vero", 0, "09:00"), 1).await.expect("booked");
    for (time, light, timing) in [
        ("08:59", Light::Amber, Timing::Early),
        ("09:00", Light::Green, Timing::OnTime),
        ("09:29", Light::Green, Timing::OnTime),
        ("09:30", Light::Amber, Timing::Late),
    ] {
        city.clock.set_civil(city.today(), time);
        let seen = city.engine.look_up(&nurse, booking.pass.as_deref(), None).await.expect("found");
        assert_eq!((seen.light, seen.timing, seen.may_redeem), (light, timing, true), "{time}");
    }
}

async fn only_a_manager_takes_a_jab_back_with_a_reason_and_on_the_same_day(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = city.guest().await;
    let nurse = city.staff("nurse", Role::Nurse, "one").await;
    let manager = city.staff("manager", Role::Manager, "one").await;
    let other = city.staff("other", Role::Manager, "two").await;
    let booking = city.book(&guest, city.slot("one", "vero", 0, "09:00"), 1).await.expect("booked");
    let code = booking.code.as_str();
    let scan = || Redeem { code: code.into(), nonce: city.engine_id(), lot: Some("L-1".into()), accept: None };
    let nothing = city.engine.undo(&manager, code, "mixed up").await.expect_err("nothing recorded");
    assert!(matches!(nothing.code, ErrorCode::WrongState | ErrorCode::NotFound), "{nothing:?}");
    city.engine.redeem(&nurse, scan()).await.expect("recorded");
    assert_eq!(city.engine.undo(&nurse, code, "mixed up").await.expect_err("a nurse").code, ErrorCode::Forbidden);
    assert_eq!(city.engine.undo(&other, code, "mixed up").await.expect_err("another site").code, ErrorCode::Forbidden);
    let silent = city.engine.undo(&manager, code, "  ").await;
    assert_eq!(silent, Err(Error::field("reason", Reason::Missing)));
    let undone = city.engine.undo(&manager, code, "mixed up").await.expect("taken back");
    assert_eq!((undone.outcome, undone.redemption), (Outcome::Undone, None));
    assert_eq!(city.column("SELECT detail FROM audit WHERE action = 'undo'").await, ["mixed up"]);
    assert_eq!(city.count("SELECT count(*) FROM bookings WHERE state = 'booked' AND lot IS NULL AND redeemed_by IS NULL").await, 1);
    city.engine.redeem(&nurse, scan()).await.expect("recorded again");
    city.clock.set_civil(city.day(1), "00:00");
    let late = city.engine.undo(&manager, code, "mixed up").await.expect_err("yesterday's");
    assert_eq!(late.code, ErrorCode::WrongState);
    assert_eq!(city.count("SELECT count(*) FROM bookings WHERE state = 'redeemed'").await, 1);
    city.assert_balanced().await;
}

async fn the_roster_lists_the_day_in_order_for_its_own_site(kind: Kind) {
    let city = TestCity::new(kind).await;
    let nurse = city.staff("nurse", Role::Nurse, "one").await;
    let elsewhere = city.staff("elsewhere", Role::Nurse, "two").await;
    let mut codes = vec![];
    for (ahead, start) in [(0, "10:00"), (0, "09:00"), (1, "09:00"), (0, "09:30"), (0, "11:00")] {
        let guest = city.guest().await;
        let booking = city.book(&guest, city.slot("one", "vero", ahead, start), 1).await.expect("booked");
        codes.push((guest, booking.code));
    }
    let (quitter, cancelled) = &codes[4];
    city.engine.cancel(&quitter.citizen, cancelled.as_str()).await.expect("cancelled");
    city.engine
        .redeem(&nurse, Redeem { code: codes[1].1.to_string(), nonce: city.engine_id(), lot: None, accept: None })
        .await
        .expect("recorded");
    let roster = city.engine.roster(&nurse, city.site("one"), city.today()).await.expect("read");
    assert_eq!(roster.rows.iter().map(|row| row.code).collect::<Vec<_>>(), [codes[1].1, codes[3].1, codes[0].1]);
    assert_eq!(roster.rows[0].state, BookingState::Redeemed);
    assert!(roster.rows[0].redeemed_at.is_some() && roster.rows[1].redeemed_at.is_none());
    let refused = city.engine.roster(&elsewhere, city.site("one"), city.today()).await;
    assert_eq!(refused.expect_err("another site").code, ErrorCode::Forbidden);
}

async fn a_scans_number_is_good_for_one_booking(kind: Kind) {
    let city = TestCity::new(kind).await;
    let nurse = city.staff("wang", Role::Nurse, "one").await;
    let slot = city.slot("one", "vero", 0, "09:00");
    let first = city.book(&city.guest().await, slot, 1).await.expect("booked");
    let second = city.book(&city.guest().await, slot, 1).await.expect("booked");
    city.clock.set_civil(city.today(), "09:10");
    let nonce = city.engine_id();
    let redeem = |code: domain::code::Code| Redeem { code: code.to_string(), nonce, lot: None, accept: None };
    city.engine.redeem(&nurse, redeem(first.code)).await.expect("recorded");
    let refused = city.engine.redeem(&nurse, redeem(second.code)).await;
    assert_eq!(refused, Err(Error::field("nonce", Reason::RequestReused)));
    assert_eq!(city.count("SELECT count(*) FROM bookings WHERE state = 'redeemed'").await, 1);
}

async fn a_pass_from_before_a_move_is_told_as_such(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = city.guest().await;
    let nurse = city.staff("nurse", Role::Nurse, "one").await;
    let elsewhere = city.staff("elsewhere", Role::Nurse, "two").await;
    let booking = city.book(&guest, city.slot("one", "vero", 0, "09:00"), 1).await.expect("booked");
    let move_to = async |slot_id| {
        let to = domain::booking::Move { request_id: city.engine_id(), code: booking.code.to_string(), slot_id };
        city.engine.move_booking(&guest.citizen, to).await.expect("moved").pass.expect("a pass")
    };
    let first = booking.pass.clone().expect("a pass");
    let second = move_to(city.slot("one", "vero", 1, "09:00")).await;
    assert_ne!(first, second);
    city.clock.set_civil(city.today(), "09:10");
    let moved = |date| Some(Reason::PassOutdated { date });
    let look = async |staff: &Staff, pass: &str| {
        let seen = city.engine.look_up(staff, Some(pass), None).await.expect("found");
        (seen.light, seen.reason, seen.may_redeem)
    };
    let tomorrow = city.day(1);
    assert_eq!(look(&nurse, &first).await, (Light::Red, moved(tomorrow), false), "shown on the old day");
    assert_eq!(
        look(&nurse, &second).await,
        (Light::Red, Some(Reason::OtherDay { date: tomorrow }), false),
        "the new one is simply early"
    );
    assert_eq!(look(&elsewhere, &first).await, (Light::Red, moved(tomorrow), false), "and wherever it is shown");
    city.clock.set_civil(tomorrow, "09:10");
    assert_eq!(
        look(&nurse, &first).await,
        (Light::Amber, moved(tomorrow), true),
        "on the new day it is looked at, and they are served"
    );
    assert_eq!(look(&nurse, &second).await, (Light::Green, None, true));
    let by_code = city.engine.look_up(&nurse, None, Some(booking.code.as_str())).await.expect("found");
    assert_eq!((by_code.light, by_code.reason), (Light::Green, None), "a code is of no version");

    // done is done, whatever picture is shown
    let scan = Redeem { code: booking.code.to_string(), nonce: city.engine_id(), lot: None, accept: None };
    city.engine.redeem(&nurse, scan).await.expect("recorded");
    for pass in [&first, &second] {
        assert_eq!(look(&nurse, pass).await, (Light::Red, Some(Reason::Redeemed), false));
    }
}

async fn a_dose_whose_turn_it_is_not_is_looked_at_first(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = city.guest().await;
    let nurse = city.staff("nurse", Role::Nurse, "one").await;
    let first = city.book(&guest, city.slot("one", "vero", 0, "09:00"), 1).await.expect("booked");
    city.clock.set_civil(city.today(), "09:10");
    let scan = Redeem { code: first.code.to_string(), nonce: city.engine_id(), lot: None, accept: None };
    city.engine.redeem(&nurse, scan).await.expect("recorded");
    city.clock.set_civil(city.day(18), "09:10");
    city.engine.write_schedule().await.expect("written");
    let second = city.book(&guest, city.slot("one", "vero", 3, "09:00"), 2).await.expect("booked");
    city.clock.set_civil(city.day(3), "09:10");
    let look = async || {
        let seen = city.engine.look_up(&nurse, second.pass.as_deref(), None).await.expect("found");
        (seen.light, seen.reason, seen.may_redeem)
    };
    assert_eq!(look().await, (Light::Green, None, true));
    // it turns out that the first was never given
    let never = "UPDATE bookings SET state = 'missed', redeemed_at = NULL, redeemed_by = NULL, redeem_nonce = NULL, lot = NULL WHERE dose = 1";
    city.execute(never, []).await;
    assert_eq!(look().await, (Light::Amber, Some(Reason::PreviousDose { dose: 1 }), true), "the doctor decides");
}

async fn who_turns_out_to_be_under_age_gets_no_jab(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = city.guest().await;
    let nurse = city.staff("nurse", Role::Nurse, "one").await;
    let booking = city.book(&guest, city.slot("one", "vero", 0, "09:00"), 1).await.expect("booked");
    city.clock.set_civil(city.today(), "09:10");
    // another process where one must be a hundred and twenty: as after a change of the city's file
    let mut config = city.another_config();
    config.city.city.from_age = 120;
    let strict = Engine::open(config).await.expect("opens");
    let seen = strict.look_up(&nurse, booking.pass.as_deref(), None).await.expect("found");
    assert!(matches!(seen.reason, Some(Reason::UnderAge { from_age: 120, .. })), "{:?}", seen.reason);
    assert_eq!((seen.light, seen.may_redeem), (Light::Red, false));
    let scan = Redeem { code: booking.code.to_string(), nonce: city.engine_id(), lot: None, accept: None };
    assert_eq!(strict.redeem(&nurse, scan.clone()).await.expect_err("under age").code, ErrorCode::Ineligible);
    city.engine.redeem(&nurse, scan).await.expect("old enough where eighteen is enough");
}
