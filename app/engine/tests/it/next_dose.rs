//! The next dose at the desk: offered inside the course's window, booked for the same person in the name of their own account.

use domain::access::Role;
use domain::booking::Booking;
use domain::checkin::Redeem;
use domain::error::ErrorCode;
use domain::message::MessageKind;
use domain::next_dose::BookNext;
use domain::reason::Reason;

use crate::harness::{Guest, Kind, TestCity, on_both_engines};

on_both_engines!(
    the_first_good_days_are_those_inside_the_courses_window,
    it_is_booked_once_for_the_same_person_and_account_and_told_to_them,
    nobody_books_at_another_site_before_the_jab_or_without_the_notice_in_force,
);

/// Somebody who has had dose 1 here today, and the slots for dose 2: a day too early, two good ones, a day too late.
async fn vaccinated(city: &TestCity) -> (Guest, Booking) {
    let nurse = city.staff("nurse", Role::Nurse, "one").await;
    let guest = city.guest().await;
    let booking = city.book(&guest, city.slot("one", "vero", 0, "09:00"), 1).await.expect("booked");
    let scan = Redeem { code: booking.code.to_string(), nonce: city.engine_id(), lot: None, accept: None };
    city.engine.redeem(&nurse, scan).await.expect("recorded");
    (guest, booking)
}

async fn later(city: &TestCity, days: u32) -> domain::Uuid {
    city.copy_slot(city.slot("one", "vero", 0, "11:30"), city.day(days)).await
}

async fn the_first_good_days_are_those_inside_the_courses_window(kind: Kind) {
    let city = TestCity::new(kind).await;
    let (_, booking) = vaccinated(&city).await;
    let nurse = city.engine.staff(&city.staff_token("nurse").await).await.expect("signed in");
    let mut good = vec![];
    for days in [20, 21, 30, 56, 57] {
        let slot = later(&city, days).await;
        good.push((days, slot));
    }
    // full, and closed: not offered
    let (full, closed) = (later(&city, 22).await, later(&city, 23).await);
    city.execute("UPDATE slots SET capacity = 1, taken = 1 WHERE id = $1", [full.into()]).await;
    city.execute("UPDATE slots SET closed = TRUE WHERE id = $1", [closed.into()]).await;
    let offer = city.engine.next_dose(&nurse, booking.code.as_str()).await.expect("offered");
    assert_eq!((offer.dose, offer.booked_on), (Some(2), None));
    assert_eq!((offer.from, offer.by), (Some(city.day(21)), Some(city.day(56))));
    let days: Vec<_> = offer.days.iter().map(|day| day.window.date).collect();
    assert_eq!(days, [city.day(21), city.day(30), city.day(56)]);
    assert!(offer.days.iter().all(|day| good.iter().any(|(_, slot)| *slot == day.slot_id)));
    for (days, slot) in good {
        let book = BookNext { request_id: city.engine_id(), code: booking.code.to_string(), slot_id: slot };
        let refused = match days {
            20 => Some(Reason::TooEarly { from: city.day(21) }),
            57 => Some(Reason::TooLate { by: city.day(56) }),
            _ => continue,
        };
        assert_eq!(city.engine.book_next(&nurse, &book).await.expect_err("outside").reason, refused);
    }
}

async fn it_is_booked_once_for_the_same_person_and_account_and_told_to_them(kind: Kind) {
    let city = TestCity::new(kind).await;
    let (guest, booking) = vaccinated(&city).await;
    let nurse = city.engine.staff(&city.staff_token("nurse").await).await.expect("signed in");
    let (slot, other) = (later(&city, 21).await, later(&city, 22).await);
    let book = BookNext { request_id: city.engine_id(), code: booking.code.grouped(), slot_id: slot };
    let next = city.engine.book_next(&nurse, &book).await.expect("booked");
    assert_eq!((next.dose, next.person.id, next.window.date), (2, guest.person.id, city.day(21)));
    assert_eq!(city.engine.book_next(&nurse, &book).await, Ok(next.clone()), "the same request again gives the same answer");
    let twice = BookNext { request_id: city.engine_id(), slot_id: other, ..book.clone() };
    assert_eq!(city.engine.book_next(&nurse, &twice).await.expect_err("booked already").code, ErrorCode::AlreadyBooked);
    let reused = BookNext { slot_id: other, ..book };
    assert_eq!(city.engine.book_next(&nurse, &reused).await.expect_err("another content").code, ErrorCode::Invalid);

    let mine = city.engine.list_bookings(&guest.citizen).await.expect("listed");
    assert!(mine.iter().any(|booking| booking.code == next.code), "it is theirs, to move and to cancel");
    let told = city.engine.demo_messages(None).await.expect("the inbox");
    // the one of the first dose would not be true any more
    let told: Vec<_> = told.iter().filter(|message| message.kind == MessageKind::Booked).map(|message| &message.text).collect();
    assert!(told.len() == 1 && told[0].contains(&next.code.grouped()), "{told:?}");
    let sql = format!("SELECT actor || ' ' || action FROM audit WHERE object = '{}' AND outcome = 'done'", next.code);
    assert_eq!(city.column(&sql).await, ["staff book_next"]);
    let asked = format!("SELECT CAST(questions AS text) FROM bookings WHERE code = '{}'", next.code);
    assert_eq!(city.column(&asked).await, ["0"], "nobody has answered the health questions for that day");
    let seen = city.engine.look_up(&nurse, None, Some(next.code.as_str())).await.expect("found");
    assert!(seen.screening_due, "and whoever looks it up is told to ask them");
    let first = city.engine.look_up(&nurse, None, Some(booking.code.as_str())).await.expect("found");
    assert!(!first.screening_due);
    let offer = city.engine.next_dose(&nurse, booking.code.as_str()).await.expect("told");
    assert_eq!((offer.dose, offer.booked_on, offer.days), (Some(2), Some(city.day(21)), vec![]));
    city.assert_balanced().await;
}

async fn nobody_books_at_another_site_before_the_jab_or_without_the_notice_in_force(kind: Kind) {
    let city = TestCity::new(kind).await;
    let (_, booking) = vaccinated(&city).await;
    let nurse = city.engine.staff(&city.staff_token("nurse").await).await.expect("signed in");
    let elsewhere = city.staff("li", Role::Nurse, "two").await;
    let slot = later(&city, 21).await;
    let book = |code: &str| BookNext { request_id: city.engine_id(), code: code.to_owned(), slot_id: slot };
    let refused = city.engine.book_next(&elsewhere, &book(booking.code.as_str())).await.expect_err("another site");
    assert_eq!(refused.code, ErrorCode::Forbidden);
    let refused = city.engine.next_dose(&elsewhere, booking.code.as_str()).await.expect_err("another site");
    assert_eq!(refused.code, ErrorCode::Forbidden);
    let there = city.copy_slot(city.slot("two", "vero", 0, "11:30"), city.day(21)).await;
    let away = BookNext { slot_id: there, ..book(booking.code.as_str()) };
    assert_eq!(city.engine.book_next(&nurse, &away).await.expect_err("not their site").code, ErrorCode::Forbidden);

    let waiting = city.book(&city.guest().await, city.slot("one", "vero", 0, "10:00"), 1).await.expect("booked");
    for refused in [
        city.engine.next_dose(&nurse, waiting.code.as_str()).await.map(drop),
        city.engine.book_next(&nurse, &book(waiting.code.as_str())).await.map(drop),
    ] {
        assert_eq!(refused.expect_err("no jab").reason, Some(Reason::NotRedeemed));
    }
    city.execute("UPDATE bookings SET consent_version = 'older' WHERE code = $1", [booking.code.to_string().into()]).await;
    let refused = city.engine.book_next(&nurse, &book(booking.code.as_str())).await.expect_err("another notice");
    assert_eq!((refused.field.as_deref(), refused.reason), (Some("consent.version"), Some(Reason::ConsentVersion)));
    assert_eq!(city.count("SELECT count(*) FROM bookings WHERE dose = 2").await, 0);
    city.assert_balanced().await;
}
