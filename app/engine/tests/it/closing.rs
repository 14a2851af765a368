//! A window that its site closes: whoever waits in it is called off and told, nobody comes in any more, and nobody is left in it, whatever
//! happens at the same moment.

use domain::Uuid;
use domain::access::Role;
use domain::booking::BookingState;
use domain::checkin::Redeem;
use domain::closing::{CallOffOne, CallOffReason, CloseSlot, SlotClosed};
use domain::code::Code;
use domain::error::{ErrorCode, Result};
use domain::message::MessageKind;
use domain::reason::Reason;
use domain::slot::SlotState;
use engine::{Engine, Staff};

use crate::harness::{Guest, Kind, TestCity, on_both_engines};

on_both_engines!(
    closing_a_window_calls_off_all_who_wait_in_it_and_tells_them_why,
    only_a_manager_at_the_site_and_the_office_close_windows_that_are_not_over,
    one_booking_is_called_off_by_its_site,
    a_window_of_hundreds_is_emptied_in_parts,
    nobody_is_left_in_a_window_that_is_closed_while_everybody_books_moves_and_comes,
    a_jab_recorded_at_the_same_moment_stays,
);

fn close(slot_id: Uuid) -> CloseSlot {
    CloseSlot { slot_id, reason: CallOffReason::NoVaccine, note: None }
}

/// How many messages of a kind there are, by state.
async fn messages(city: &TestCity, kind: &str) -> Vec<String> {
    let sql = "SELECT state || ' ' || coalesce(detail, '-') || ' ' || CAST(count(*) AS text) FROM messages";
    city.column(&format!("{sql} WHERE kind = '{kind}' GROUP BY state, detail ORDER BY state")).await
}

async fn state(city: &TestCity, site: &str, slot_id: Uuid) -> SlotState {
    city.engine.board().settled().await;
    let bytes = city.engine.board().site(city.site(site)).expect("the site");
    let site: domain::availability::SiteSlots = serde_json::from_slice(&bytes.body).expect("its slots");
    site.slots.iter().find(|slot| slot.id == slot_id).expect("the slot").state
}

async fn closing_a_window_calls_off_all_who_wait_in_it_and_tells_them_why(kind: Kind) {
    let city = TestCity::new(kind).await;
    let (nurse, manager) = (city.staff("nurse", Role::Nurse, "one").await, city.staff("manager", Role::Manager, "one").await);
    let (today, other) = (city.slot("one", "vero", 0, "09:00"), city.slot("one", "vero", 1, "09:00"));
    let guests = [city.guest().await, city.guest().await, city.guest().await, city.guest().await];
    let mut codes = vec![];
    for guest in &guests[..3] {
        codes.push(city.book(guest, today, 1).await.expect("booked").code);
    }
    city.book(&guests[3], other, 1).await.expect("booked");
    let scan = Redeem { code: codes[0].to_string(), nonce: city.engine_id(), lot: None, accept: None };
    city.engine.redeem(&nurse, scan).await.expect("recorded");
    city.clock.step(chrono::Duration::minutes(1));

    let note = Some("冷库停电".to_owned());
    let done = city.engine.close_slot(&manager, &CloseSlot { note, ..close(today) }).await;
    assert_eq!(done, Ok(SlotClosed { slot_id: today, closed: true, called_off: 2 }));
    assert_eq!(state(&city, "one", today).await, SlotState::Closed);
    assert_eq!(city.taken(today).await, 1, "the jab that was given");
    assert_eq!(messages(&city, "cancelled_by_site").await, ["queued no_vaccine 2"]);
    for code in &codes[1..] {
        let reminders =
            format!("SELECT count(*) FROM messages WHERE kind = 'reminder' AND state = 'queued' AND booking_code = '{code}'");
        assert_eq!(city.count(&reminders).await, 0);
        let sql =
            format!("SELECT actor || ' ' || detail || ' ' || outcome FROM audit WHERE object = '{code}' AND action = 'call_off'");
        assert_eq!(city.column(&sql).await, ["staff no_vaccine: 冷库停电 done"]);
    }
    let deeds = "SELECT count(*) FROM audit WHERE action = 'close_slot'";
    assert_eq!(city.count(deeds).await, 1);
    let told = city.engine.demo_messages(None).await.expect("the inbox");
    let told: Vec<_> = told.iter().filter(|message| message.kind == MessageKind::CancelledBySite).collect();
    assert!(told.len() == 2 && told.iter().all(|one| one.text.contains("疫苗供应不足") && !one.text.contains("冷库")), "{told:?}");
    assert_eq!(
        city.engine.show_booking(&guests[1].citizen, codes[1].as_str()).await.expect("shown").state,
        BookingState::Cancelled
    );

    let refused = city.book(&guests[1], today, 1).await.expect_err("closed");
    assert_eq!(refused.reason, Some(Reason::SlotClosed));
    let again = city.engine.close_slot(&manager, &close(today)).await;
    assert_eq!(again, Ok(SlotClosed { slot_id: today, closed: true, called_off: 0 }));
    assert_eq!(city.count(deeds).await, 1, "what changes nothing is no deed");

    let open = city.engine.open_slot(&manager, today).await;
    assert_eq!(open, Ok(SlotClosed { slot_id: today, closed: false, called_off: 0 }));
    assert_eq!(state(&city, "one", today).await, SlotState::Open);
    city.book(&guests[1], today, 1).await.expect("the place is free, and so are they");
    assert_eq!(messages(&city, "cancelled_by_site").await, ["queued no_vaccine 2"]);
    city.assert_balanced().await;
}

async fn only_a_manager_at_the_site_and_the_office_close_windows_that_are_not_over(kind: Kind) {
    let city = TestCity::new(kind).await;
    let slot = city.slot("one", "vero", 0, "09:00");
    let guest = city.guest().await;
    let booking = city.book(&guest, slot, 1).await.expect("booked");
    let one = CallOffOne { code: booking.code.to_string(), reason: CallOffReason::Weather, note: None };
    let nurse = city.staff("nurse", Role::Nurse, "one").await;
    let elsewhere = city.staff("elsewhere", Role::Manager, "two").await;
    for staff in [&nurse, &elsewhere] {
        for refused in [
            city.engine.close_slot(staff, &close(slot)).await.err(),
            city.engine.open_slot(staff, slot).await.err(),
            city.engine.call_off(staff, &one).await.err(),
        ] {
            assert_eq!(refused.map(|error| error.code), Some(ErrorCode::Forbidden));
        }
    }
    assert_eq!(city.taken(slot).await, 1);
    let office = city.staff("office", Role::Office, "one").await;
    let unknown = city.engine.close_slot(&office, &close(city.engine_id())).await.expect_err("none");
    assert_eq!((unknown.code, unknown.field.as_deref()), (ErrorCode::NotFound, Some("slot_id")));
    // while it goes on it can be closed, and not when it is over
    city.clock.set_civil(city.today(), "09:30");
    for refused in [city.engine.close_slot(&office, &close(slot)).await.err(), city.engine.open_slot(&office, slot).await.err()] {
        assert_eq!(refused.and_then(|error| error.reason), Some(Reason::SlotPast));
    }
    city.clock.set_civil(city.today(), "09:29");
    assert_eq!(city.engine.close_slot(&office, &close(slot)).await.map(|done| done.called_off), Ok(1));
    city.assert_balanced().await;
}

async fn one_booking_is_called_off_by_its_site(kind: Kind) {
    let city = TestCity::new(kind).await;
    let (nurse, manager) = (city.staff("nurse", Role::Nurse, "one").await, city.staff("manager", Role::Manager, "one").await);
    let slot = city.slot("one", "vero", 0, "09:00");
    let (guest, jabbed) = (city.guest().await, city.guest().await);
    let booking = city.book(&guest, slot, 1).await.expect("booked");
    let given = city.book(&jabbed, slot, 1).await.expect("booked");
    city.engine
        .redeem(&nurse, Redeem { code: given.code.to_string(), nonce: city.engine_id(), lot: None, accept: None })
        .await
        .expect("recorded");
    let call_off = async |code: Code| {
        city.engine.call_off(&manager, &CallOffOne { code: code.to_string(), reason: CallOffReason::Other, note: None }).await
    };
    let done = call_off(booking.code).await.expect("called off");
    assert_eq!((done.code, done.state), (booking.code, BookingState::Cancelled));
    assert_eq!((city.taken(slot).await, state(&city, "one", slot).await), (1, SlotState::Open));
    assert_eq!(messages(&city, "cancelled_by_site").await, ["queued other 1"]);
    assert_eq!(messages(&city, "cancelled").await, Vec::<String>::new());
    assert_eq!(call_off(booking.code).await.map_err(|error| error.reason), Err(Some(Reason::Cancelled)));
    assert_eq!(call_off(given.code).await.map_err(|error| error.reason), Err(Some(Reason::Redeemed)));
    city.assert_balanced().await;
}

async fn a_window_of_hundreds_is_emptied_in_parts(kind: Kind) {
    let city = TestCity::new(kind).await;
    let manager = city.staff("manager", Role::Manager, "one").await;
    let slot = city.slot("one", "vero", 1, "09:00");
    let guest = city.guest().await;
    city.book(&guest, slot, 1).await.expect("booked");
    city.set_capacity(slot, 700).await;
    let codes: Vec<_> = (1_000_000..).filter_map(Code::from_random).take(600).collect();
    let hash = if kind == Kind::Sqlite { "randomblob(32)" } else { "decode(md5(v.code), 'hex')" };
    let columns =
        "account_id, person_id, slot_id, course, dose, state, version, questions, consent_version, created_at, changed_at";
    let theirs = columns.split(", ").map(|column| format!("b.{column}")).collect::<Vec<_>>().join(", ");
    for some in codes.chunks(100) {
        let values = some.iter().map(|code| format!("SELECT '{code}' AS code")).collect::<Vec<_>>().join(" UNION ALL ");
        let insert = format!(
            "INSERT INTO bookings (code, person_hash, {columns}) SELECT v.code, {hash}, {theirs} FROM ({values}) v, \
             (SELECT * FROM bookings WHERE course = 'covid19' ORDER BY created_at, code LIMIT 1) b"
        );
        city.try_execute(&insert).await.expect("written");
    }
    city.execute("UPDATE slots SET taken = 601, version = version + 1 WHERE id = $1", [slot.into()]).await;
    let done = city.engine.close_slot(&manager, &close(slot)).await;
    assert_eq!(done, Ok(SlotClosed { slot_id: slot, closed: true, called_off: 601 }));
    assert_eq!((city.taken(slot).await, city.count("SELECT count(*) FROM bookings WHERE state = 'booked'").await), (0, 0));
    assert_eq!(messages(&city, "cancelled_by_site").await, ["queued no_vaccine 601"]);
    assert_eq!(city.count("SELECT count(*) FROM audit WHERE action = 'call_off'").await, 601);
}

async fn nobody_is_left_in_a_window_that_is_closed_while_everybody_books_moves_and_comes(kind: Kind) {
    let city = TestCity::new(kind).await;
    let other = city.another_process().await.expect("opens");
    let (nurse, manager) = (city.staff("nurse", Role::Nurse, "one").await, city.staff("manager", Role::Manager, "one").await);
    let (mut called_off, mut kept_out, mut redeemed) = (0, 0, 0);
    for (round, start) in ["08:30", "09:00", "09:30", "10:00", "10:30", "11:00", "11:30"].into_iter().enumerate() {
        let slot = city.slot("one", "vero", 0, start);
        let (from, to) = (city.slot("two", "vero", 1, start), city.slot("one", "vero", 2, start));
        let mut guests = vec![];
        for _ in 0..10 {
            guests.push(city.guest().await);
        }
        let mut bookings = vec![];
        for (at, guest) in guests.iter().enumerate().take(6) {
            bookings.push(city.book(guest, if at < 4 { slot } else { from }, 1).await.expect("booked"));
        }
        let engines = [&city.engine, &other];
        let mut tasks: Vec<(&str, tokio::task::JoinHandle<Result<u32>>)> = vec![];
        let spawn = |work| tokio::spawn(work);
        for (at, guest) in guests.into_iter().enumerate() {
            let engine = engines[(at + round) % 2].clone();
            let reserve = city.request(&guest.person, slot, 1);
            let id = city.engine_id();
            let code = bookings.get(at).map(|booking| booking.code.to_string()).unwrap_or_default();
            let nurse = nurse.clone();
            let what = ["out", "redeem", "cancel", "wait", "in", "in", "reserve", "reserve", "reserve", "reserve"][at];
            let step = async move { one_of(what, &engine, &guest, &nurse, reserve, id, code, slot, to).await };
            tasks.push((what, spawn(Box::pin(step) as std::pin::Pin<Box<dyn Future<Output = Result<u32>> + Send>>)));
            // the first closes in the middle of it all, the second at the end
            if at == round || at == 9 {
                let (engine, manager) = (engines[at % 2].clone(), manager.clone());
                let close = async move { engine.close_slot(&manager, &close(slot)).await.map(|done| done.called_off) };
                tasks.push(("close", spawn(Box::pin(close))));
            }
        }
        let mut in_this_round = 0;
        for (what, task) in tasks {
            match (what, task.await.expect("no panic")) {
                ("close", done) => in_this_round += done.expect("closed"),
                ("redeem", Ok(_)) => redeemed += 1,
                ("reserve" | "in", Err(refused)) => {
                    assert_eq!(refused.reason, Some(Reason::SlotClosed), "{what}");
                    kept_out += 1;
                }
                (_, Err(refused)) => assert_eq!(refused.reason, Some(Reason::Cancelled), "{what}: called off before"),
                _ => {}
            }
        }
        called_off += in_this_round;
        let left = "SELECT count(*) FROM bookings WHERE state = 'booked' AND slot_id IN (SELECT id FROM slots WHERE closed)";
        assert_eq!(city.count(left).await, 0, "round {round}");
        assert_eq!(city.count("SELECT count(*) FROM slots WHERE closed").await, round as i64 + 1);
        let told = city.count("SELECT count(*) FROM messages WHERE kind = 'cancelled_by_site'").await;
        assert_eq!(told, i64::from(called_off), "round {round}: each once");
    }
    assert_eq!(city.count("SELECT count(*) FROM audit WHERE action = 'call_off'").await, i64::from(called_off));
    let redeemed_now = "SELECT count(*) FROM bookings WHERE state = 'redeemed'";
    assert_eq!(city.count(redeemed_now).await, redeemed);
    let reminded = "SELECT count(*) FROM messages m JOIN bookings b ON b.code = m.booking_code WHERE b.state = 'cancelled' AND m.kind = 'reminder' AND m.state = 'queued' AND m.due_at > m.created_at";
    assert_eq!(city.count(reminded).await, 0, "nobody is reminded of what was called off");
    assert!(called_off > 0, "{called_off} called off, {kept_out} kept out, {redeemed} jabs");
    city.assert_balanced().await;
}

#[expect(clippy::too_many_arguments, reason = "what any of the deeds needs")]
async fn one_of(
    what: &str,
    engine: &Engine,
    guest: &Guest,
    nurse: &Staff,
    reserve: domain::booking::Reserve,
    id: Uuid,
    code: String,
    slot: Uuid,
    to: Uuid,
) -> Result<u32> {
    let citizen = &guest.citizen;
    match what {
        "out" => engine.move_booking(citizen, domain::booking::Move { request_id: id, code, slot_id: to }).await.map(|_| 0),
        "in" => engine.move_booking(citizen, domain::booking::Move { request_id: id, code, slot_id: slot }).await.map(|_| 0),
        "redeem" => engine.redeem(nurse, Redeem { code, nonce: id, lot: None, accept: None }).await.map(|_| 0),
        "cancel" => engine.cancel(citizen, &code).await.map(|_| 0),
        "reserve" => engine.reserve(citizen, reserve).await.map(|_| 0),
        _ => Ok(0),
    }
}

async fn a_jab_recorded_at_the_same_moment_stays(kind: Kind) {
    let city = TestCity::new(kind).await;
    let (nurse, manager) = (city.staff("nurse", Role::Nurse, "one").await, city.staff("manager", Role::Manager, "one").await);
    for (start, closing_first) in [("09:00", false), ("10:00", true)] {
        let slot = city.slot("one", "vero", 0, start);
        let guests = [city.guest().await, city.guest().await, city.guest().await, city.guest().await];
        let comes = city.book(&guests[0], slot, 1).await.expect("booked");
        let moves = city.book(&guests[1], city.slot("two", "vero", 1, start), 1).await.expect("booked");
        city.book(&guests[2], slot, 1).await.expect("booked");
        let scan = Redeem { code: comes.code.to_string(), nonce: city.engine_id(), lot: None, accept: None };
        let no_vaccine = close(slot);
        let closing = city.engine.close_slot(&manager, &no_vaccine);
        let rest = async {
            tokio::join!(city.engine.redeem(&nurse, scan), city.move_to(&guests[1], &moves, slot), city.book(&guests[3], slot, 1))
        };
        let (closed, (jab, moved, booked)) = if closing_first {
            tokio::join!(closing, rest)
        } else {
            let (rest, closed) = tokio::join!(rest, closing);
            (closed, rest)
        };
        closed.expect("closed");
        let now = |code: Code| format!("SELECT count(*) FROM bookings WHERE code = '{code}' AND state = 'redeemed'");
        assert_eq!(city.count(&now(comes.code)).await, i64::from(jab.is_ok()));
        for refused in [moved.err(), booked.err()].into_iter().flatten() {
            assert_eq!(refused.reason, Some(Reason::SlotClosed));
        }
        assert_eq!(city.taken(slot).await, i64::from(jab.is_ok()));
    }
    city.assert_balanced().await;
}
