//! The flow at the site: lots, the steps around the jab, those who go home without it, and what a manager accepts.

use domain::accept::Accept;
use domain::access::Role;
use domain::booking::{Booking, BookingState};
use domain::checkin::{Light, Redeem};
use domain::error::{Error, ErrorCode};
use domain::flow::{Next, OnSite, Steps, TurnAway, TurnedAway};
use domain::lot::OpenLot;
use domain::reason::Reason;
use engine::{Config, Engine, Staff};

use crate::harness::{Guest, Kind, TestCity, on_both_engines};

on_both_engines!(
    a_jab_is_recorded_with_an_open_lot_and_the_doses_left_are_counted,
    a_site_that_keeps_no_lots_takes_any,
    only_a_manager_of_the_site_opens_and_closes_lots,
    whoever_comes_is_received_once_today_and_here,
    after_half_an_hour_they_may_go,
    whoever_never_said_that_they_came_still_gets_the_jab,
    taking_a_jab_back_takes_back_what_came_after_it,
    a_move_forgets_that_they_came,
    who_goes_home_without_the_jab_gives_the_place_back_and_books_again,
    a_manager_accepts_another_site_and_the_ledger_balances,
    a_manager_accepts_another_day_within_the_rules_between_doses,
    what_was_missed_is_accepted_for_a_week_and_not_beside_a_new_booking,
);

fn scan(city: &TestCity, booking: &Booking, lot: Option<&str>) -> Redeem {
    Redeem { code: booking.code.to_string(), nonce: city.engine_id(), lot: lot.map(str::to_owned), accept: None }
}

fn accepted(city: &TestCity, booking: &Booking) -> Redeem {
    Redeem { accept: Some(Accept { reason: "走错了接种点".into() }), ..scan(city, booking, None) }
}

fn lot(city: &TestCity, site: &str, number: &str, days: u32) -> OpenLot {
    OpenLot { site_id: city.site(site), vaccine_id: "vero".into(), number: number.into(), expires_on: city.day(days), doses: 2 }
}

async fn open(city: &TestCity, manager: &Staff, number: &str, days: u32) -> domain::Uuid {
    city.engine.open_lot(manager, &lot(city, "one", number, days)).await.expect("opened").lot.id
}

async fn booked(city: &TestCity, guest: &Guest, ahead: u32) -> Booking {
    city.book(guest, city.slot("one", "vero", ahead, "09:00"), 1).await.expect("booked")
}

/// The same city, with all the steps.
async fn in_steps(city: &TestCity) -> Engine {
    let config = city.another_config();
    let on_site = OnSite { steps: Steps::Observe };
    let file = engine::CityFile { on_site, ..config.city.clone() };
    Engine::open(Config { city: file, ..config }).await.expect("opens")
}

fn why<T>(answer: Result<T, Error>) -> (ErrorCode, Option<Reason>) {
    let error = answer.err().expect("refused");
    (error.code, error.reason)
}

async fn a_jab_is_recorded_with_an_open_lot_and_the_doses_left_are_counted(kind: Kind) {
    let city = TestCity::new(kind).await;
    let (nurse, manager) = (city.staff("nurse", Role::Nurse, "one").await, city.staff("manager", Role::Manager, "one").await);
    let (first, second, third) = (city.guest().await, city.guest().await, city.guest().await);
    let bookings = [booked(&city, &first, 0).await, booked(&city, &second, 0).await, booked(&city, &third, 1).await];
    open(&city, &manager, "202603a", 30).await;
    open(&city, &manager, "OLD", 0).await;
    let refused = city.engine.redeem(&nurse, scan(&city, &bookings[0], Some("X-1"))).await;
    assert_eq!(refused, Err(Error::field("lot", Reason::LotNotOpen)));
    city.engine.redeem(&nurse, scan(&city, &bookings[0], Some("202603a"))).await.expect("recorded");
    city.engine.redeem(&nurse, scan(&city, &bookings[1], None)).await.expect("a lot was never asked for");
    let lots = city.engine.lots(&nurse, city.site("one")).await.expect("read");
    let left = |lots: &domain::lot::Lots| lots.lots.iter().map(|lot| (lot.number.clone(), lot.left)).collect::<Vec<_>>();
    assert_eq!(left(&lots), [("202603A".to_owned(), 1), ("OLD".to_owned(), 2)]);
    assert!(!lots.may_keep, "a nurse reads them");
    let seen = city.engine.look_up(&nurse, None, Some(bookings[0].code.as_str())).await.expect("found");
    assert_eq!(seen.visit.lot.as_deref(), Some("202603A"));
    city.engine.undo(&manager, bookings[0].code.as_str(), "mixed up").await.expect("taken back");
    let lots = city.engine.lots(&manager, city.site("one")).await.expect("read");
    assert_eq!((left(&lots)[0].1, lots.may_keep), (2, true), "the dose is back");
    city.clock.set_civil(city.day(1), "09:00");
    let expired = city.engine.redeem(&nurse, scan(&city, &bookings[2], Some("old"))).await;
    let yesterday = city.day(0) - chrono::Duration::days(1);
    assert_eq!(expired, Err(Error::field("lot", Reason::LotExpired { on: yesterday })));
    assert!(city.engine.lots(&nurse, city.site("one")).await.expect("read").lots[1].expired);
    city.assert_balanced().await;
}

async fn a_site_that_keeps_no_lots_takes_any(kind: Kind) {
    let city = TestCity::new(kind).await;
    let (nurse, manager) = (city.staff("nurse", Role::Nurse, "one").await, city.staff("manager", Role::Manager, "one").await);
    let booking = booked(&city, &city.guest().await, 0).await;
    let id = open(&city, &manager, "A", 30).await;
    city.engine.close_lot(&manager, id).await.expect("closed");
    city.engine.redeem(&nurse, scan(&city, &booking, Some("whatever"))).await.expect("recorded");
    assert_eq!(city.column("SELECT lot FROM bookings WHERE lot_id IS NULL").await, ["whatever"]);
    city.assert_balanced().await;
}

async fn only_a_manager_of_the_site_opens_and_closes_lots(kind: Kind) {
    let city = TestCity::new(kind).await;
    let (nurse, manager) = (city.staff("nurse", Role::Nurse, "one").await, city.staff("manager", Role::Manager, "one").await);
    let other = city.staff("other", Role::Manager, "two").await;
    for staff in [&nurse, &other] {
        assert_eq!(why(city.engine.open_lot(staff, &lot(&city, "one", "A", 9)).await).0, ErrorCode::Forbidden);
    }
    let id = open(&city, &manager, "A", 9).await;
    let twice = city.engine.open_lot(&manager, &lot(&city, "one", " a ", 9)).await;
    assert_eq!(twice, Err(Error::field("number", Reason::LotOpen)));
    for staff in [&nurse, &other] {
        assert_eq!(why(city.engine.close_lot(staff, id).await).0, ErrorCode::Forbidden);
    }
    let closed = city.engine.close_lot(&manager, id).await.expect("closed");
    city.clock.step(chrono::Duration::minutes(1));
    assert_eq!(city.engine.close_lot(&manager, id).await, Ok(closed), "again changes nothing");
    open(&city, &manager, "A", 9).await;
    assert_eq!(city.count("SELECT count(*) FROM audit WHERE action IN ('open_lot', 'close_lot') AND outcome = 'done'").await, 3);
    assert_eq!(city.engine.lots(&other, city.site("one")).await.map_err(|error| error.code), Err(ErrorCode::Forbidden));
}

async fn whoever_comes_is_received_once_today_and_here(kind: Kind) {
    let city = TestCity::new(kind).await;
    let steps = in_steps(&city).await;
    let (nurse, elsewhere) = (city.staff("nurse", Role::Nurse, "one").await, city.staff("li", Role::Nurse, "two").await);
    let (today, tomorrow) = (booked(&city, &city.guest().await, 0).await, booked(&city, &city.guest().await, 1).await);
    let code = today.code.as_str();
    let seen = steps.look_up(&nurse, None, Some(code)).await.expect("found");
    assert_eq!((seen.visit.next, seen.visit.arrived_at), (Some(Next::Arrive), None));
    assert_eq!(why(steps.arrive(&elsewhere, code).await).0, ErrorCode::Forbidden);
    let other_day = Reason::OtherDay { date: city.day(1) };
    assert_eq!(why(steps.arrive(&nurse, tomorrow.code.as_str()).await), (ErrorCode::WrongState, Some(other_day)));
    let first = steps.arrive(&nurse, code).await.expect("received");
    assert_eq!((first.arrived_at, first.next), (Some(steps.now()), Next::Jab));
    city.clock.step(chrono::Duration::minutes(3));
    assert_eq!(steps.arrive(&nurse, code).await, Ok(first), "again changes nothing");
    assert_eq!(city.count("SELECT count(*) FROM audit WHERE action = 'arrive' AND outcome = 'done'").await, 1);
    let roster = steps.roster(&nurse, city.site("one"), city.today()).await.expect("read");
    assert!(roster.rows[0].arrived_at.is_some());
    city.assert_balanced().await;
}

async fn after_half_an_hour_they_may_go(kind: Kind) {
    let city = TestCity::new(kind).await;
    let steps = in_steps(&city).await;
    let nurse = city.staff("nurse", Role::Nurse, "one").await;
    let elsewhere = city.staff("li", Role::Nurse, "two").await;
    let booking = booked(&city, &city.guest().await, 0).await;
    let code = booking.code.as_str();
    city.clock.set_civil(city.today(), "09:00");
    assert_eq!(why(steps.leave(&nurse, code).await), (ErrorCode::WrongState, Some(Reason::NoJabYet)));
    steps.redeem(&nurse, scan(&city, &booking, None)).await.expect("recorded");
    let list = steps.observed(&nurse, city.site("one"), false).await.expect("read");
    assert_eq!((list.now, list.people.len()), (steps.now(), 1));
    assert_eq!(list.people[0].until - list.people[0].redeemed_at, chrono::Duration::minutes(30));
    assert_eq!(why(steps.observed(&elsewhere, city.site("one"), true).await).0, ErrorCode::Forbidden);
    let stays = steps.look_up(&nurse, None, Some(code)).await.expect("found");
    assert_eq!((stays.light, stays.visit.next, stays.may_redeem), (Light::Amber, Some(Next::Observe), false));
    city.clock.step(chrono::Duration::minutes(30));
    let goes = steps.look_up(&nurse, None, Some(code)).await.expect("found");
    assert_eq!((goes.light, goes.visit.next), (Light::Amber, Some(Next::Leave)));
    let left = steps.leave(&nurse, code).await.expect("let go");
    assert_eq!((left.left_at, left.next), (Some(steps.now()), Next::Nothing));
    city.clock.step(chrono::Duration::minutes(1));
    assert_eq!(steps.leave(&nurse, code).await, Ok(left), "again changes nothing");
    assert_eq!(steps.observed(&nurse, city.site("one"), true).await.expect("read").people, []);
    let late = steps.look_up(&nurse, None, Some(code)).await.expect("found");
    assert_eq!(late.light, Light::Red, "they are through");
    city.assert_balanced().await;
}

async fn whoever_never_said_that_they_came_still_gets_the_jab(kind: Kind) {
    let city = TestCity::new(kind).await;
    let steps = in_steps(&city).await;
    let nurse = city.staff("nurse", Role::Nurse, "one").await;
    let booking = booked(&city, &city.guest().await, 0).await;
    steps.redeem(&nurse, scan(&city, &booking, None)).await.expect("recorded");
    // and where the site has one step, nobody is under observation
    let list = city.engine.observed(&nurse, city.site("one"), false).await.expect("read");
    assert_eq!((list.steps, list.people.len()), (Steps::Redeem, 0));
    let seen = city.engine.look_up(&nurse, None, Some(booking.code.as_str())).await.expect("found");
    assert_eq!((seen.light, seen.visit.next, seen.visit.observe_until), (Light::Red, Some(Next::Nothing), None));
    city.assert_balanced().await;
}

async fn taking_a_jab_back_takes_back_what_came_after_it(kind: Kind) {
    let city = TestCity::new(kind).await;
    let steps = in_steps(&city).await;
    let (nurse, manager) = (city.staff("nurse", Role::Nurse, "one").await, city.staff("manager", Role::Manager, "one").await);
    let booking = booked(&city, &city.guest().await, 0).await;
    let code = booking.code.as_str();
    steps.arrive(&nurse, code).await.expect("received");
    steps.redeem(&nurse, scan(&city, &booking, None)).await.expect("recorded");
    steps.leave(&nurse, code).await.expect("let go early");
    assert_eq!(city.column("SELECT detail FROM audit WHERE action = 'leave'").await, ["early"]);
    steps.undo(&manager, code, "mixed up").await.expect("taken back");
    let seen = steps.look_up(&nurse, None, Some(code)).await.expect("found");
    assert_eq!((seen.visit.left_at, seen.visit.next, seen.visit.arrived_at.is_some()), (None, Some(Next::Jab), true));
    city.assert_balanced().await;
}

async fn a_move_forgets_that_they_came(kind: Kind) {
    let city = TestCity::new(kind).await;
    let nurse = city.staff("nurse", Role::Nurse, "one").await;
    let guest = city.guest().await;
    let booking = booked(&city, &guest, 0).await;
    city.engine.arrive(&nurse, booking.code.as_str()).await.expect("received");
    city.move_to(&guest, &booking, city.slot("one", "vero", 1, "09:00")).await.expect("moved");
    assert_eq!(city.count("SELECT count(*) FROM bookings WHERE arrived_at IS NOT NULL OR arrived_by IS NOT NULL").await, 0);
    city.assert_balanced().await;
}

async fn who_goes_home_without_the_jab_gives_the_place_back_and_books_again(kind: Kind) {
    let city = TestCity::new(kind).await;
    let (nurse, elsewhere) = (city.staff("nurse", Role::Nurse, "one").await, city.staff("li", Role::Nurse, "two").await);
    let guest = city.guest().await;
    let slot = city.slot("one", "vero", 0, "09:00");
    let (booking, tomorrow) = (booked(&city, &guest, 0).await, booked(&city, &city.guest().await, 1).await);
    let away = |booking: &Booking, nonce| TurnAway {
        code: booking.code.grouped(),
        nonce,
        reason: TurnedAway::Fever,
        detail: Some("37.8".into()),
    };
    let (once, again) = (city.engine_id(), city.engine_id());
    assert_eq!(why(city.engine.turn_away(&elsewhere, &away(&booking, once)).await).0, ErrorCode::Forbidden);
    assert_eq!(why(city.engine.turn_away(&nurse, &away(&tomorrow, again)).await).0, ErrorCode::WrongState);
    let told = city.count("SELECT count(*) FROM messages WHERE kind IN ('cancelled', 'cancelled_by_site')").await;
    city.engine.arrive(&nurse, booking.code.as_str()).await.expect("received");
    let home = city.engine.turn_away(&nurse, &away(&booking, once)).await.expect("went home");
    assert_eq!((home.state, home.reason, city.taken(slot).await), (BookingState::Cancelled, TurnedAway::Fever, 0));
    assert_eq!(city.engine.turn_away(&nurse, &away(&booking, once)).await, Ok(home), "the same intent, the same answer");
    let second = city.engine.turn_away(&nurse, &away(&booking, again)).await;
    assert_eq!(why(second), (ErrorCode::WrongState, Some(Reason::Cancelled)));
    assert_eq!(city.column("SELECT detail FROM audit WHERE action = 'turn_away' AND outcome = 'done'").await, ["fever: 37.8"]);
    assert_eq!(
        city.count("SELECT count(*) FROM messages WHERE kind IN ('cancelled', 'cancelled_by_site')").await,
        told,
        "they stand there"
    );
    let shown = city.engine.show_booking(&guest.citizen, booking.code.as_str()).await.expect("shown");
    assert_eq!((shown.state, shown.turned_away), (BookingState::Cancelled, Some(TurnedAway::Fever)));
    let seen = city.engine.look_up(&nurse, None, Some(booking.code.as_str())).await.expect("found");
    assert_eq!((seen.visit.turned_away, seen.reason), (Some(TurnedAway::Fever), Some(Reason::Cancelled)));
    let seen = city.engine.look_up(&elsewhere, None, Some(booking.code.as_str())).await.expect("found");
    assert_eq!(seen.visit.turned_away, None, "what ails somebody is for those who sent them home");
    city.book(&guest, city.slot("one", "vero", 3, "09:00"), 1).await.expect("at once");
    city.assert_balanced().await;
}

async fn a_manager_accepts_another_site_and_the_ledger_balances(kind: Kind) {
    let city = TestCity::new(kind).await;
    let (nurse, manager) = (city.staff("li", Role::Nurse, "two").await, city.staff("zhao", Role::Manager, "two").await);
    let own = city.staff("own", Role::Manager, "one").await;
    let guest = city.guest().await;
    let booking = booked(&city, &guest, 0).await;
    let slot = city.slot("one", "vero", 0, "09:00");
    let seen = city.engine.look_up(&nurse, None, Some(booking.code.as_str())).await.expect("found");
    assert_eq!(seen.visit.may_accept, Some(false));
    let seen = city.engine.look_up(&manager, None, Some(booking.code.as_str())).await.expect("found");
    assert_eq!((seen.visit.may_accept, seen.may_redeem), (Some(true), false));
    assert_eq!(why(city.engine.redeem(&nurse, accepted(&city, &booking)).await).0, ErrorCode::Forbidden);
    assert_eq!(
        why(city.engine.redeem(&manager, scan(&city, &booking, None)).await).0,
        ErrorCode::Forbidden,
        "not without a reason"
    );
    let silent = Redeem { accept: Some(Accept { reason: " ".into() }), ..scan(&city, &booking, None) };
    assert_eq!(city.engine.redeem(&manager, silent).await, Err(Error::field("accept.reason", Reason::Missing)));
    let redeem = accepted(&city, &booking);
    let done = city.engine.redeem(&manager, redeem.clone()).await.expect("accepted");
    assert_eq!(done.redemption.as_ref().map(|record| record.site_name.as_str()), Some("测试接种点二"));
    assert_eq!(city.engine.redeem(&manager, redeem).await, Ok(done), "the same scan, the same answer");
    assert_eq!(city.taken(slot).await, 1, "its own place stays taken");
    assert_eq!(
        city.column("SELECT detail FROM audit WHERE action = 'accept_elsewhere' AND outcome = 'done'").await,
        ["走错了接种点"]
    );
    let here = city.engine.roster(&manager, city.site("two"), city.today()).await.expect("read");
    assert_eq!(here.rows.iter().map(|row| row.code).collect::<Vec<_>>(), [booking.code]);
    city.assert_balanced().await;
    assert_eq!(
        why(city.engine.undo(&own, booking.code.as_str(), "mixed up").await).0,
        ErrorCode::Forbidden,
        "it was not given there"
    );
    city.engine.undo(&manager, booking.code.as_str(), "mixed up").await.expect("taken back where it was given");
    assert_eq!(city.count("SELECT count(*) FROM bookings WHERE given_at_site IS NOT NULL OR given_on IS NOT NULL").await, 0);
    city.assert_balanced().await;
}

async fn a_manager_accepts_another_day_within_the_rules_between_doses(kind: Kind) {
    let city = TestCity::new(kind).await;
    let manager = city.staff("zhao", Role::Manager, "one").await;
    let guest = city.guest().await;
    let first = city.book(&guest, city.slot("one", "vero", 9, "09:00"), 1).await.expect("booked");
    let far = city.copy_slot(city.slot("one", "vero", 0, "09:00"), city.day(35)).await;
    let second = city.book(&guest, far, 2).await.expect("booked");
    let refused = city.engine.redeem(&manager, accepted(&city, &second)).await;
    assert!(matches!(why(refused), (ErrorCode::Ineligible, Some(Reason::TooEarly { .. }))), "dose 1 is still to come");
    city.engine.redeem(&manager, accepted(&city, &first)).await.expect("nine days early");
    let doses = city.engine.list_people(&guest.citizen).await.expect("listed")[0].doses.clone();
    assert_eq!((doses[0].on, doses[0].given), (city.today(), true), "it counts from the day on which it was given");
    city.assert_balanced().await;
    let given_on = city.today();
    city.clock.set_civil(city.day(20), "09:00");
    let early = city.engine.redeem(&manager, accepted(&city, &second)).await;
    assert_eq!(why(early).1, Some(Reason::TooEarly { from: domain::time::plus_days(given_on, 21) }));
    city.clock.set_civil(city.day(1), "09:00");
    city.engine.redeem(&manager, accepted(&city, &second)).await.expect("21 days after the day on which it was given");
    city.assert_balanced().await;
}

async fn what_was_missed_is_accepted_for_a_week_and_not_beside_a_new_booking(kind: Kind) {
    let city = TestCity::new(kind).await;
    let manager = city.staff("zhao", Role::Manager, "one").await;
    let (guest, again, late) = (city.guest().await, city.guest().await, city.guest().await);
    let missed = [booked(&city, &guest, 0).await, booked(&city, &again, 0).await, booked(&city, &late, 0).await];
    city.clock.set_civil(city.day(3), "09:00");
    city.book(&again, city.slot_on("one", "vero", city.day(2), "09:00"), 1).await.expect("booked anew");
    let twice = city.engine.redeem(&manager, accepted(&city, &missed[1])).await;
    assert_eq!(why(twice).0, ErrorCode::AlreadyBooked);
    city.engine.redeem(&manager, accepted(&city, &missed[0])).await.expect("three days late");
    city.assert_balanced().await;
    city.clock.set_civil(city.day(5), "09:00");
    assert_eq!(why(city.engine.redeem(&manager, accepted(&city, &missed[2])).await).1, Some(Reason::Missed));
    city.assert_balanced().await;
}
