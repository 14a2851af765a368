//! Jabs that tablets recorded without a network, sent afterwards: none lost, none double, nothing overwritten.

use std::collections::HashMap;

use chrono::Duration;
use domain::access::Role;
use domain::booking::BookingState;
use domain::checkin::Redeem;
use domain::code::Code;
use domain::error::{Error, ErrorCode};
use domain::lot::OpenLot;
use domain::offline::conflict::{ConflictKind, Decision, Settle};
use domain::offline::late::{Became, Late, MOST};
use domain::reason::Reason;
use domain::{DateTime, Utc, Uuid};
use engine::Staff;

use crate::harness::{Kind, TestCity, on_both_engines};

on_both_engines!(
    two_tablets_with_twenty_in_common_leave_a_hundred_and_eighty_done_and_twenty_conflicts,
    and_so_they_do_in_the_other_order,
    a_jab_keeps_the_time_at_which_it_was_given_and_who_gave_it,
    what_is_sent_twice_is_one_jab_and_one_conflict,
    what_was_called_off_or_moved_meanwhile_is_the_managers_to_settle,
    a_day_that_ended_meanwhile_takes_its_jabs_all_the_same_but_for_who_has_booked_again,
    times_that_cannot_be_and_codes_of_nobody_are_refused_one_by_one,
    each_sends_for_their_own_site_and_the_manager_settles_once,
    what_is_sent_afterwards_counts_against_the_lot_that_was_open,
);

fn late(city: &TestCity, code: Code, at: DateTime<Utc>) -> Late {
    let device = Some("平板 7K2M".to_owned());
    Late { code: code.grouped(), nonce: city.engine_id(), at, lot: Some("L-77".into()), device, by: None }
}

async fn send(city: &TestCity, staff: &Staff, jabs: &[Late]) -> HashMap<Uuid, Became> {
    let mut became = HashMap::new();
    for chunk in jabs.chunks(MOST) {
        let sent = city.engine.send_late(staff, chunk.to_vec()).await.expect("taken");
        assert_eq!(
            sent.answers.iter().map(|answer| answer.nonce).collect::<Vec<_>>(),
            chunk.iter().map(|late| late.nonce).collect::<Vec<_>>()
        );
        became.extend(sent.answers.into_iter().map(|answer| (answer.nonce, answer.became)));
    }
    became
}

async fn two_tablets_with_twenty_in_common_leave_a_hundred_and_eighty_done_and_twenty_conflicts(kind: Kind) {
    two_tablets(kind, true).await;
}

async fn and_so_they_do_in_the_other_order(kind: Kind) {
    two_tablets(kind, false).await;
}

async fn two_tablets(kind: Kind, in_order: bool) {
    let city = TestCity::new(kind).await;
    let slot = city.slot("one", "vero", 0, "09:00");
    city.set_capacity(slot, 200).await;
    let mut codes = vec![];
    for _ in 0..180 {
        codes.push(city.book(&city.guest().await, slot, 1).await.expect("booked").code);
    }
    let (wang, li) = (city.staff("wang", Role::Nurse, "one").await, city.staff("li", Role::Nurse, "one").await);
    city.clock.set_civil(city.today(), "11:00");
    let begun = city.engine.now() - Duration::hours(2);
    let scans = |codes: &[Code], offset: i64| -> Vec<Late> {
        let at = |nth: usize| begun + Duration::seconds(offset + 30 * i64::try_from(nth).expect("few"));
        codes.iter().enumerate().map(|(nth, code)| late(&city, *code, at(nth))).collect()
    };
    let mut tablets = [(&wang, scans(&codes[..100], 0)), (&li, scans(&codes[80..], 7))];
    if !in_order {
        tablets.reverse();
    }
    let [(first, one), (second, two)] = &tablets;
    let told = send(&city, first, one).await;
    assert!(told.values().all(|became| *became == Became::Recorded));
    // the answer of a chunk was lost
    let again = send(&city, first, &one[30..60]).await;
    assert!(again.values().all(|became| *became == Became::Already));
    let told = send(&city, second, two).await;
    assert_eq!(told.values().filter(|became| **became == Became::Recorded).count(), 80);
    assert_eq!(told.values().filter(|became| **became == Became::Conflict).count(), 20);
    let again = send(&city, second, two).await;
    assert_eq!(again.values().filter(|became| **became == Became::Conflict).count(), 20, "and they stay conflicts");
    assert_eq!(city.count("SELECT count(*) FROM bookings WHERE state = 'redeemed'").await, 180);
    assert_eq!(city.count("SELECT count(*) FROM conflicts").await, 20);
    assert_eq!(city.count("SELECT count(DISTINCT booking_code) FROM conflicts WHERE kind = 'done_twice'").await, 20);
    // each scan stands somewhere, once
    assert_eq!(city.count("SELECT count(*) FROM bookings WHERE redeem_nonce IN (SELECT nonce FROM conflicts)").await, 0);
    assert_eq!(city.count("SELECT count(*) FROM audit WHERE action = 'redeem_late'").await, 180);
    assert_eq!(city.count("SELECT count(*) FROM audit WHERE action = 'conflict'").await, 20);
    // what the booking had first stays, whichever jab was earlier
    let manager = city.staff("manager", Role::Manager, "one").await;
    let seen = city.engine.conflicts(&manager, city.site("one")).await.expect("read");
    assert_eq!((seen.rows.len(), seen.more), (20, false));
    for row in &seen.rows {
        let first_record = row.first.as_ref().expect("a first record");
        assert!(one.iter().any(|late| late.nonce == first_record.nonce && late.at == first_record.at));
        assert!(two.iter().any(|late| late.nonce == row.late.nonce && late.at == row.late.at));
        assert!(!row.name.is_empty());
        assert_eq!((row.late.lot.as_deref(), row.late.device.as_deref()), (Some("L-77"), Some("平板 7K2M")));
    }
    city.assert_balanced().await;
}

async fn a_jab_keeps_the_time_at_which_it_was_given_and_who_gave_it(kind: Kind) {
    let city = TestCity::new(kind).await;
    let (wang, _li) = (city.staff("wang", Role::Nurse, "one").await, city.staff("li", Role::Nurse, "one").await);
    let _elsewhere = city.staff("zhao", Role::Nurse, "two").await;
    let slot = city.slot("one", "vero", 0, "09:00");
    let mut codes = vec![];
    for _ in 0..3 {
        codes.push(city.book(&city.guest().await, slot, 1).await.expect("booked").code);
    }
    city.clock.set_civil(city.today(), "10:00");
    let at = city.engine.now() - Duration::minutes(40);
    let by = |code, name: &str| Late { by: Some(name.into()), ..late(&city, code, at) };
    let jabs = [by(codes[0], "LI"), by(codes[1], "zhao"), by(codes[2], "nobody")];
    assert!(send(&city, &wang, &jabs).await.values().all(|became| *became == Became::Recorded));
    let names = "SELECT s.name FROM bookings b JOIN staff s ON s.id = b.redeemed_by ORDER BY s.name";
    // who works elsewhere, or nowhere, cannot have given it here
    assert_eq!(city.column(names).await, ["li of one", "wang of one", "wang of one"]);
    let seen = city.engine.look_up(&wang, None, Some(codes[0].as_str())).await.expect("found");
    assert_eq!(seen.redemption.expect("recorded").at, at);
    let senders = city.count("SELECT count(DISTINCT actor_id) FROM audit WHERE action = 'redeem_late'").await;
    assert_eq!(senders, 1, "the audit tells who sent it");
    city.assert_balanced().await;
}

async fn what_is_sent_twice_is_one_jab_and_one_conflict(kind: Kind) {
    let city = TestCity::new(kind).await;
    let nurse = city.staff("wang", Role::Nurse, "one").await;
    let slot = city.slot("one", "vero", 0, "09:00");
    let (first, second) = (
        city.book(&city.guest().await, slot, 1).await.expect("booked").code,
        city.book(&city.guest().await, slot, 1).await.expect("booked").code,
    );
    city.clock.set_civil(city.today(), "10:00");
    let now = city.engine.now();
    // an online scan whose answer was lost is the same scan
    let nonce = city.engine_id();
    city.engine.redeem(&nurse, Redeem { code: first.to_string(), nonce, lot: None, accept: None }).await.expect("recorded");
    let same = Late { nonce, ..late(&city, first, now - Duration::minutes(1)) };
    // one number for two people, and one person twice on one tablet
    let reused = Late { nonce, ..late(&city, second, now) };
    let (earlier, later) = (late(&city, second, now - Duration::minutes(9)), late(&city, second, now - Duration::minutes(2)));
    let told = city.engine.send_late(&nurse, vec![later.clone(), same.clone(), earlier.clone()]).await.expect("taken").answers;
    let became: Vec<_> = told.iter().map(|answer| answer.became).collect();
    assert_eq!(became, [Became::Conflict, Became::Already, Became::Recorded], "in the order of their time");
    let told = city.engine.send_late(&nurse, vec![reused]).await.expect("taken").answers;
    assert_eq!((told[0].became, told[0].reason.clone()), (Became::Refused, Some(Reason::RequestReused)));
    // both at once, as often as a bad network likes
    let many = (0..8).map(|_| send(&city, &nurse, std::slice::from_ref(&later)));
    for told in futures_of(many).await {
        assert_eq!(told[&later.nonce], Became::Conflict);
    }
    assert_eq!(city.count("SELECT count(*) FROM conflicts").await, 1);
    assert_eq!(city.count("SELECT count(*) FROM bookings WHERE state = 'redeemed'").await, 2);
    city.assert_balanced().await;
}

async fn futures_of<T>(work: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut done = vec![];
    for one in work {
        done.push(one.await);
    }
    done
}

async fn what_was_called_off_or_moved_meanwhile_is_the_managers_to_settle(kind: Kind) {
    let city = TestCity::new(kind).await;
    let nurse = city.staff("wang", Role::Nurse, "one").await;
    let manager = city.staff("manager", Role::Manager, "one").await;
    let slot = city.slot("one", "vero", 0, "11:00");
    let (quitter, mover) = (city.guest().await, city.guest().await);
    let (cancelled, moved) =
        (city.book(&quitter, slot, 1).await.expect("booked"), city.book(&mover, slot, 1).await.expect("booked"));
    city.clock.set_civil(city.today(), "09:00");
    let at = city.engine.now();
    city.clock.step(Duration::minutes(10));
    city.engine.cancel(&quitter.citizen, cancelled.code.as_str()).await.expect("cancelled");
    city.move_to(&mover, &moved, city.slot("two", "vero", 1, "09:00")).await.expect("moved");
    let told = send(&city, &nurse, &[late(&city, cancelled.code, at), late(&city, moved.code, at)]).await;
    assert!(told.values().all(|became| *became == Became::Conflict));
    let seen = city.engine.conflicts(&manager, city.site("one")).await.expect("read").rows;
    let kinds: Vec<_> = [cancelled.code, moved.code]
        .map(|code| seen.iter().find(|row| row.code == code).map(|row| (row.kind, row.state, row.first.is_some())))
        .into();
    let expected = [
        Some((ConflictKind::NotWaiting, BookingState::Cancelled, false)),
        Some((ConflictKind::Elsewhere, BookingState::Booked, false)),
    ];
    assert_eq!(kinds, expected);
    let elsewhere = seen.iter().find(|row| row.code == moved.code).expect("it");
    assert_ne!(elsewhere.name, mover.person.name, "masked: the booking is another site's now");
    assert_eq!(city.count("SELECT count(*) FROM bookings WHERE redeem_nonce IS NOT NULL").await, 0, "nothing was overwritten");
    city.assert_balanced().await;
}

async fn a_day_that_ended_meanwhile_takes_its_jabs_all_the_same_but_for_who_has_booked_again(kind: Kind) {
    let city = TestCity::new(kind).await;
    let nurse = city.staff("wang", Role::Nurse, "one").await;
    let slot = city.slot("one", "vero", 0, "11:00");
    let (sleeper, again, swept) = (city.guest().await, city.guest().await, city.guest().await);
    let mut codes = vec![];
    for guest in [&sleeper, &again, &swept] {
        codes.push(city.book(guest, slot, 1).await.expect("booked").code);
    }
    city.clock.set_civil(city.today(), "11:30");
    let at = city.engine.now();
    city.clock.set_civil(city.day(1), "08:00");
    city.book(&again, city.slot("one", "vero", 1, "11:00"), 1).await.expect("booked again");
    city.execute("UPDATE bookings SET state = 'missed' WHERE code = $1", [codes[2].to_string().into()]).await;
    let jabs: Vec<_> = codes.iter().map(|code| late(&city, *code, at)).collect();
    let told = send(&city, &nurse, &jabs).await;
    let became: Vec<_> = jabs.iter().map(|late| told[&late.nonce]).collect();
    assert_eq!(became, [Became::Recorded, Became::Conflict, Became::Recorded]);
    assert_eq!(city.column("SELECT kind FROM conflicts").await, ["booked_again"]);
    city.assert_balanced().await;
}

async fn times_that_cannot_be_and_codes_of_nobody_are_refused_one_by_one(kind: Kind) {
    let city = TestCity::new(kind).await;
    let nurse = city.staff("wang", Role::Nurse, "one").await;
    let slot = city.slot("one", "vero", 0, "09:00");
    let mut codes = vec![];
    for _ in 0..4 {
        codes.push(city.book(&city.guest().await, slot, 1).await.expect("booked").code);
    }
    city.clock.set_civil(city.today(), "10:00");
    let now = city.engine.now();
    let jabs = [
        late(&city, codes[0], now + Duration::minutes(3)),
        late(&city, codes[1], now + Duration::hours(1)),
        late(&city, codes[2], now - Duration::days(40)),
        Late { code: "00000016JD".into(), ..late(&city, codes[3], now) },
        Late { code: "not a code".into(), ..late(&city, codes[3], now) },
        Late { lot: Some("L".repeat(500)), ..late(&city, codes[3], now) },
    ];
    let told = city.engine.send_late(&nurse, jabs.to_vec()).await.expect("taken").answers;
    let reasons: Vec<_> = told.into_iter().map(|answer| (answer.became, answer.reason)).collect();
    let refused = |reason| (Became::Refused, Some(reason));
    let expected = [
        (Became::Recorded, None),
        refused(Reason::LateTime),
        refused(Reason::LateTime),
        refused(Reason::NotFound),
        refused(Reason::CodeShape),
        refused(Reason::Malformed),
    ];
    assert_eq!(reasons, expected);
    let seen = city.engine.look_up(&nurse, None, Some(codes[0].as_str())).await.expect("found");
    assert_eq!(seen.redemption.expect("recorded").at, now, "a clock that is ahead is no future");
    let many = (0..=MOST).map(|_| late(&city, codes[1], now)).collect();
    let refused = city.engine.send_late(&nurse, many).await;
    assert_eq!(refused, Err(Error::field("redemptions", Reason::Malformed)));
    assert_eq!(city.count("SELECT count(*) FROM bookings WHERE state = 'redeemed'").await, 1);
}

async fn each_sends_for_their_own_site_and_the_manager_settles_once(kind: Kind) {
    let city = TestCity::new(kind).await;
    let (nurse, stranger) = (city.staff("wang", Role::Nurse, "one").await, city.staff("li", Role::Nurse, "two").await);
    let (manager, other) = (city.staff("manager", Role::Manager, "one").await, city.staff("other", Role::Manager, "two").await);
    let guest = city.guest().await;
    let code = city.book(&guest, city.slot("one", "vero", 0, "09:00"), 1).await.expect("booked").code;
    city.clock.set_civil(city.today(), "10:00");
    let now = city.engine.now();
    // given at the wrong door: a conflict of that door's, and the booking waits as before
    assert_eq!(send(&city, &stranger, &[late(&city, code, now)]).await.into_values().collect::<Vec<_>>(), [Became::Conflict]);
    assert_eq!(city.count("SELECT count(*) FROM bookings WHERE state = 'redeemed'").await, 0);
    assert_eq!(city.engine.conflict_count(&other, city.site("two")).await.expect("counted").count, 1);
    assert_eq!(city.engine.conflict_count(&manager, city.site("one")).await.expect("counted").count, 0);
    send(&city, &nurse, &[late(&city, code, now)]).await;
    send(&city, &nurse, &[late(&city, code, now)]).await;
    let refused = city.engine.conflicts(&manager, city.site("two")).await.expect_err("another site's");
    assert_eq!(refused.code, ErrorCode::Forbidden);
    assert_eq!(city.engine.conflicts(&nurse, city.site("one")).await.expect_err("a nurse").code, ErrorCode::Forbidden);
    let row = city.engine.conflicts(&manager, city.site("one")).await.expect("read").rows.remove(0);
    let settle = |decision, note: &str| Settle { id: row.id, decision, note: Some(note.to_owned()) };
    let one_jab = settle(Decision::OneJab, "一针，扫了两次");
    let wrong = city.engine.settle(&manager, &settle(Decision::Given, "")).await;
    assert_eq!(wrong, Err(Error::field("decision", Reason::Malformed)));
    assert_eq!(city.engine.settle(&other, &one_jab).await.expect_err("another site's").code, ErrorCode::Forbidden);
    assert_eq!(city.engine.settle(&nurse, &one_jab).await.expect_err("a nurse").code, ErrorCode::Forbidden);
    let unknown = Settle { id: Uuid::nil(), ..one_jab.clone() };
    assert_eq!(city.engine.settle(&manager, &unknown).await, Err(Error::field("id", Reason::NotFound)));
    city.engine.settle(&manager, &one_jab).await.expect("settled");
    city.engine.settle(&manager, &one_jab).await.expect("the same again is the same");
    let otherwise = city.engine.settle(&manager, &settle(Decision::TwoJabs, "再问过了")).await;
    assert_eq!(otherwise, Err(Error::new(Reason::ChangedMeanwhile)));
    let settled = city.engine.conflicts(&manager, city.site("one")).await.expect("read").rows.remove(0).settled.expect("settled");
    assert_eq!(
        (settled.decision, settled.note.as_str(), settled.by.as_str()),
        (Decision::OneJab, "一针，扫了两次", "manager of one")
    );
    assert_eq!(city.engine.conflict_count(&manager, city.site("one")).await.expect("counted").count, 0);
    assert_eq!(city.count("SELECT count(*) FROM audit WHERE action = 'settle_conflict' AND outcome = 'done'").await, 1);
    city.clock.step(Duration::days(8));
    assert!(city.engine.conflicts(&manager, city.site("one")).await.expect("read").rows.is_empty(), "settled long ago");
    city.assert_balanced().await;
}

async fn what_is_sent_afterwards_counts_against_the_lot_that_was_open(kind: Kind) {
    let city = TestCity::new(kind).await;
    let (nurse, manager) = (city.staff("nurse", Role::Nurse, "one").await, city.staff("manager", Role::Manager, "one").await);
    let mut codes = vec![];
    for _ in 0..3 {
        codes.push(city.book(&city.guest().await, city.slot("one", "vero", 0, "09:00"), 1).await.expect("booked").code);
    }
    let open = |number: &str, vaccine: &str| OpenLot {
        site_id: city.site("one"),
        vaccine_id: vaccine.into(),
        number: number.into(),
        expires_on: city.day(30),
        doses: 10,
    };
    let lot = city.engine.open_lot(&manager, &open("L-77", "vero")).await.expect("opened").lot;
    // of another vaccine: not from that box
    city.engine.open_lot(&manager, &open("L-78", "cho")).await.expect("opened");
    city.clock.set_civil(city.today(), "09:20");
    let at = city.engine.now();
    // closed before the tablet could send
    city.engine.close_lot(&manager, lot.id).await.expect("closed");
    let mut jabs: Vec<_> = codes.iter().map(|code| late(&city, *code, at)).collect();
    jabs[0].lot = Some("l-77".into());
    jabs[2].lot = Some("L-78".into());
    let became = send(&city, &nurse, &jabs).await;
    assert!(became.values().all(|became| *became == Became::Recorded));
    let lots = city.engine.lots(&nurse, city.site("one")).await.expect("read").lots;
    let left = |number: &str| lots.iter().find(|lot| lot.number == number).map(|lot| lot.left);
    assert_eq!((left("L-77"), left("L-78")), (Some(8), Some(10)));
    assert_eq!(city.column("SELECT lot FROM bookings ORDER BY lot").await, ["L-77", "L-77", "L-78"]);
    city.assert_balanced().await;
}
