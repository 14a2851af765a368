//! Doses: the second follows the first within its window, whatever account or day it was booked from.

use domain::NaiveDate;
use domain::access::Role;
use domain::booking::Booking;
use domain::checkin::Redeem;
use domain::error::{Error, ErrorCode};
use domain::reason::Reason;
use domain::time::plus_days;

use crate::harness::{Guest, Kind, TestCity, on_both_engines};

on_both_engines!(
    dose_2_needs_dose_1_and_its_window,
    dose_2_may_follow_a_declared_dose_1,
    a_dose_that_moves_must_not_break_the_next,
    a_dose_that_another_rests_on_cannot_be_cancelled,
    a_course_is_finished_with_the_product_it_was_begun_with,
);

/// A window on a day beyond the schedule: two doses that wait for their days lie further apart than that.
async fn on_day(city: &TestCity, start: &str, date: NaiveDate) -> domain::Uuid {
    city.copy_slot(city.slot("two", "vero", 13, start), date).await
}

fn reason(result: Result<Booking, Error>) -> Option<Reason> {
    let error = result.expect_err("refused");
    assert_eq!(error.code, ErrorCode::Ineligible, "{error:?}");
    error.reason
}

async fn dose_2_needs_dose_1_and_its_window(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = city.guest().await;
    let nurse = city.staff("nurse", Role::Nurse, "one").await;
    let slot = city.slot("one", "vero", 0, "09:00");
    assert_eq!(reason(city.book(&guest, slot, 2).await), Some(Reason::PreviousDose { dose: 1 }));
    let first_on = city.today();
    let first = city.book(&guest, slot, 1).await.expect("booked");
    city.engine
        .redeem(&nurse, Redeem { code: first.code.to_string(), nonce: city.engine_id(), lot: None, accept: None })
        .await
        .expect("given");
    for (ahead, says) in [
        (20, Err(Reason::TooEarly { from: plus_days(first_on, 21) })),
        (57, Err(Reason::TooLate { by: plus_days(first_on, 56) })),
        (21, Ok(2)),
    ] {
        let slot = on_day(&city, "09:00", plus_days(first_on, ahead)).await;
        let request = city.request(&guest.person, slot, 2);
        let done = city.engine.reserve(&guest.citizen, request).await;
        assert_eq!(done.map(|booking| booking.dose).map_err(|error| error.reason.expect("a reason")), says, "day {ahead}");
    }
    let third = city.book(&guest, city.slot("one", "vero", 1, "09:00"), 3).await.expect_err("two doses");
    assert_eq!(third, Error::field("dose", Reason::DoseNumber));
    city.assert_balanced().await;
}

async fn dose_2_may_follow_a_declared_dose_1(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = city.guest().await;
    let slot = city.slot("one", "vero", 1, "09:00");
    let declared = |day: NaiveDate| {
        let mut request = city.request(&guest.person, slot, 2);
        request.previous_dose_on = Some(day);
        city.engine.reserve(&guest.citizen, request)
    };
    let back = |days: u64| city.day(1).checked_sub_days(chrono::Days::new(days)).expect("a day");
    assert_eq!(reason(declared(back(20)).await), Some(Reason::TooEarly { from: city.day(2) }));
    assert_eq!(reason(declared(back(57)).await), Some(Reason::TooLate { by: city.today() }));
    assert_eq!(declared(city.day(1)).await, Err(Error::field("previous_dose_on", Reason::Date)), "a dose in the future");
    assert_eq!(declared(back(56)).await.expect("in the window").dose, 2);
}

/// Dose 1 tomorrow, dose 2 three weeks after it.
async fn two_doses(city: &TestCity) -> (Guest, Booking, Booking) {
    let guest = city.guest().await;
    let first = city.book(&guest, city.slot("one", "vero", 1, "09:00"), 1).await.expect("booked");
    let second = on_day(city, "09:00", city.day(1 + 21)).await;
    let second = city.book(&guest, second, 2).await.expect("booked");
    (guest, first, second)
}

async fn a_dose_that_moves_must_not_break_the_next(kind: Kind) {
    let city = TestCity::new(kind).await;
    let (guest, first, second) = two_doses(&city).await;
    let refused = city.move_to(&guest, &first, city.slot("one", "vero", 2, "09:00")).await.expect_err("dose 2 would be too early");
    assert_eq!((refused.code, refused.reason), (ErrorCode::WrongState, Some(Reason::LaterDoseBooked)));
    let same_day = city.move_to(&guest, &first, city.slot("one", "vero", 1, "10:00")).await.expect("the interval stays");
    assert_eq!(same_day.window.text(), "10:00–10:30");
    let too_early = on_day(&city, "09:30", city.day(1 + 20)).await;
    assert_eq!(reason(city.move_to(&guest, &second, too_early).await), Some(Reason::TooEarly { from: city.day(1 + 21) }));
    let last_day = on_day(&city, "10:00", city.day(1 + 56)).await;
    assert!(city.move_to(&guest, &second, last_day).await.is_ok());
    city.assert_balanced().await;
}

async fn a_dose_that_another_rests_on_cannot_be_cancelled(kind: Kind) {
    let city = TestCity::new(kind).await;
    let (guest, first, second) = two_doses(&city).await;
    let refused = city.engine.cancel(&guest.citizen, first.code.as_str()).await.expect_err("dose 2 rests on it");
    assert_eq!(refused.reason, Some(Reason::LaterDoseBooked));
    city.engine.cancel(&guest.citizen, second.code.as_str()).await.expect("cancelled");
    city.engine.cancel(&guest.citizen, first.code.as_str()).await.expect("cancelled");
    city.assert_balanced().await;
}

async fn a_course_is_finished_with_the_product_it_was_begun_with(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = city.guest().await;
    city.book(&guest, city.slot("one", "vero", 1, "09:00"), 1).await.expect("booked");
    let refused = city.book(&guest, city.slot("one", "cho", 10, "14:00"), 2).await;
    assert_eq!(reason(refused), Some(Reason::MixedCourse));
}
