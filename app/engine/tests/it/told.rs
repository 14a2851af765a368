//! What owners see of the messages about their bookings, whom staff call where one did not arrive, and the office's sheet of texts.

use domain::access::Role;
use domain::error::{Error, ErrorCode};
use domain::lang::Lang;
use domain::message::{MessageKind, MessageState, NotArrived};
use engine::Staff;

use crate::harness::{Kind, TestCity, on_both_engines};

on_both_engines!(
    the_owner_sees_what_was_told_to_which_masked_number_and_what_became_of_it,
    a_message_that_was_taken_back_is_not_shown_and_neither_is_one_that_would_not_be_true,
    staff_see_whom_to_call_at_their_own_site_and_the_office_everywhere,
    who_was_told_by_telephone_is_off_the_list_and_said_twice_it_changes_nothing,
    what_is_in_doubt_is_called_for_after_an_hour_and_what_matters_no_more_is_not,
    a_test_goes_to_the_number_that_was_typed_marked_as_one_and_so_many_an_hour,
    a_moved_booking_is_the_same_calendar_entry_in_a_later_sequence,
);

fn code_of(error: Error) -> ErrorCode {
    error.code
}

/// The kinds and states of messages, the latest first.
async fn shown(city: &TestCity, guest: &crate::harness::Guest, code: &str) -> Vec<(MessageKind, MessageState)> {
    let told = city.engine.booking_messages_of(&guest.citizen, code).await.expect("theirs");
    told.messages.into_iter().map(|message| (message.kind, message.state)).collect()
}

/// Says behind the engine's back what became of the messages of a kind.
async fn became(city: &TestCity, kind: &str, state: &str, handed: &str) {
    let set = if city.kind == Kind::Sqlite { format!("'{handed}'") } else { format!("'{handed}'::timestamptz") };
    let sql = format!("UPDATE messages SET state = $1, handed_at = {set} WHERE kind = $2");
    city.execute(&sql, [state.into(), kind.into()]).await;
}

async fn the_owner_sees_what_was_told_to_which_masked_number_and_what_became_of_it(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = city.guest().await;
    let booking = city.book(&guest, city.slot("one", "vero", 2, "09:00"), 1).await.expect("booked");
    let told = city.engine.booking_messages_of(&guest.citizen, booking.code.as_str()).await.expect("theirs").messages;
    assert_eq!(
        told.iter().map(|message| (message.kind, message.state)).collect::<Vec<_>>(),
        [(MessageKind::Reminder, MessageState::Queued), (MessageKind::Booked, MessageState::Queued)]
    );
    assert!(told.iter().all(|message| message.to == booking.person.phone && message.to.contains("****")), "{told:?}");
    assert_eq!(told[0].at.to_rfc3339(), "2026-03-03T09:00:00+00:00", "the day before at five");
    became(&city, "booked", "delivered", "2026-03-02 00:00:05+00:00").await;
    let told = city.engine.booking_messages_of(&guest.citizen, booking.code.as_str()).await.expect("theirs").messages;
    assert_eq!((told[1].state, told[1].at.to_rfc3339().as_str()), (MessageState::Delivered, "2026-03-02T00:00:05+00:00"));
    let stranger = city.guest().await;
    for code in [booking.code.as_str(), "0000000000"] {
        let refused = city.engine.booking_messages_of(&stranger.citizen, code).await;
        let hidden = matches!(refused.map_err(code_of), Err(ErrorCode::NotFound | ErrorCode::Invalid));
        assert!(hidden, "{code}");
    }
}

async fn a_message_that_was_taken_back_is_not_shown_and_neither_is_one_that_would_not_be_true(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = city.guest().await;
    let booking = city.book(&guest, city.slot("one", "vero", 2, "09:00"), 1).await.expect("booked");
    city.clock.step(chrono::Duration::minutes(1));
    city.engine.cancel(&guest.citizen, booking.code.as_str()).await.expect("cancelled");
    // the reminder was taken back; the confirmation is due and would not be true any more
    assert_eq!(shown(&city, &guest, booking.code.as_str()).await, [(MessageKind::Cancelled, MessageState::Queued)]);
    became(&city, "booked", "sent", "2026-03-02 00:00:05+00:00").await;
    assert_eq!(
        shown(&city, &guest, booking.code.as_str()).await,
        [(MessageKind::Cancelled, MessageState::Queued), (MessageKind::Booked, MessageState::Sent)],
        "what went is told of"
    );
}

/// Staff of each kind: nurse and manager of the first site, manager of the other, office.
async fn staff(city: &TestCity) -> [Staff; 4] {
    [
        city.staff("nurse", Role::Nurse, "one").await,
        city.staff("manager", Role::Manager, "one").await,
        city.staff("other", Role::Manager, "two").await,
        city.staff("office", Role::Office, "one").await,
    ]
}

async fn staff_see_whom_to_call_at_their_own_site_and_the_office_everywhere(kind: Kind) {
    let city = TestCity::new(kind).await;
    let (one, two) = (city.guest().await, city.guest().await);
    let here = city.book(&one, city.slot("one", "vero", 3, "09:00"), 1).await.expect("booked");
    let there = city.book(&two, city.slot("two", "vero", 2, "09:00"), 1).await.expect("booked");
    let [nurse, manager, other, office] = staff(&city).await;
    assert_eq!(city.engine.call_list(&office).await.expect("theirs").rows, []);
    became(&city, "booked", "failed", "2026-03-02 00:00:05+00:00").await;
    became(&city, "reminder", "failed", "2026-03-02 00:00:05+00:00").await;
    let engine = &city.engine;
    assert_eq!(engine.call_list(&nurse).await.map(|_| ()).map_err(code_of), Err(ErrorCode::Forbidden));
    assert_eq!(engine.call_count(&nurse).await.map(|_| ()).map_err(code_of), Err(ErrorCode::Forbidden));
    for (staff, expected) in [(&manager, vec![here.code]), (&other, vec![there.code]), (&office, vec![there.code, here.code])] {
        let list = engine.call_list(staff).await.expect("theirs");
        assert_eq!(list.rows.iter().map(|row| row.code).collect::<Vec<_>>(), expected, "one line a booking, the nearest day first");
        assert_eq!(engine.call_count(staff).await.expect("theirs").count as usize, expected.len());
        assert!(!list.more);
        for row in list.rows {
            assert!(row.name.contains('*') && row.why == NotArrived::Failed, "{row:?}");
        }
    }
    assert_eq!(
        city.count("SELECT count(*) FROM audit WHERE action = 'read_call_list' AND outcome = 'done'").await,
        4,
        "a count names nobody"
    );
}

async fn who_was_told_by_telephone_is_off_the_list_and_said_twice_it_changes_nothing(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = city.guest().await;
    let booking = city.book(&guest, city.slot("one", "vero", 3, "09:00"), 1).await.expect("booked");
    let [nurse, manager, other, _] = staff(&city).await;
    became(&city, "booked", "failed", "2026-03-02 00:00:05+00:00").await;
    became(&city, "reminder", "failed", "2026-03-02 00:00:05+00:00").await;
    let id = city.engine.call_list(&manager).await.expect("theirs").rows[0].id;
    for staff in [&nurse, &other] {
        assert_eq!(city.engine.called(staff, id).await.map_err(code_of), Err(ErrorCode::Forbidden));
    }
    assert_eq!(city.engine.called(&manager, city.engine_id()).await.map_err(code_of), Err(ErrorCode::NotFound));
    for _ in 0..2 {
        city.engine.called(&manager, id).await.expect("told");
    }
    assert_eq!(city.engine.call_list(&manager).await.expect("theirs").rows, []);
    assert_eq!(city.count("SELECT count(*) FROM messages WHERE state = 'called'").await, 2, "both tell of the same");
    let written = city.column("SELECT object || ' ' || detail FROM audit WHERE action = 'told_by_telephone'").await;
    assert_eq!(written.len(), 1, "{written:?}");
    assert!(written[0].starts_with(booking.code.as_str()), "{written:?}");
    became(&city, "booked", "delivered", "2026-03-02 00:00:05+00:00").await;
    let id = city.id("SELECT id FROM messages WHERE kind = 'booked'").await;
    became(&city, "reminder", "delivered", "2026-03-02 00:00:05+00:00").await;
    assert_eq!(city.engine.called(&manager, id).await.map_err(code_of), Err(ErrorCode::WrongState), "it arrived after all");
    city.assert_balanced().await;
}

async fn what_is_in_doubt_is_called_for_after_an_hour_and_what_matters_no_more_is_not(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = city.guest().await;
    let booking = city.book(&guest, city.slot("one", "vero", 3, "09:00"), 1).await.expect("booked");
    let manager = city.staff("manager", Role::Manager, "one").await;
    let count = async || city.engine.call_count(&manager).await.expect("theirs").count;
    city.clock.set_civil(city.day(2), "17:00");
    became(&city, "reminder", "in_doubt", "2026-03-04 09:00:00+00:00").await;
    became(&city, "booked", "in_doubt", "2026-03-02 00:00:00+00:00").await;
    assert_eq!(count().await, 0, "the gateway is asked first; and a confirmation may be missed");
    city.clock.step(chrono::Duration::hours(1));
    let list = city.engine.call_list(&manager).await.expect("theirs");
    assert_eq!(list.rows.iter().map(|row| (row.kind, row.why)).collect::<Vec<_>>(), [(MessageKind::Reminder, NotArrived::InDoubt)]);
    city.engine.cancel(&guest.citizen, booking.code.as_str()).await.expect("cancelled");
    assert_eq!(count().await, 0, "there is nothing to be reminded of");
}

async fn a_test_goes_to_the_number_that_was_typed_marked_as_one_and_so_many_an_hour(kind: Kind) {
    let city = TestCity::new(kind).await;
    let [nurse, manager, _, office] = staff(&city).await;
    for staff in [&nurse, &manager] {
        let refused = city.engine.send_test_message(staff, MessageKind::Booked, Lang::Zh, "13800001111").await;
        assert_eq!(refused.map_err(code_of), Err(ErrorCode::Forbidden));
        assert_eq!(city.engine.message_sheet(staff).map(|_| ()).map_err(code_of), Err(ErrorCode::Forbidden));
        let tried = city.engine.preview_message(staff, MessageKind::SignInCode, Lang::Zh, "{code}");
        assert_eq!(tried.map(|_| ()).map_err(code_of), Err(ErrorCode::Forbidden));
    }
    let wrong = city.engine.send_test_message(&office, MessageKind::Booked, Lang::Zh, "12").await.expect_err("no number");
    assert_eq!((wrong.code, wrong.field.as_deref()), (ErrorCode::Invalid, Some("phone")));
    for lang in [Lang::Zh, Lang::En, Lang::Zh, Lang::En, Lang::Zh] {
        city.engine.send_test_message(&office, MessageKind::Reminder, lang, "138 0000 1111").await.expect("sent");
    }
    let refused = city.engine.send_test_message(&office, MessageKind::Reminder, Lang::Zh, "13800001111").await;
    assert_eq!(refused.map_err(code_of), Err(ErrorCode::TooMany));
    let texts: Vec<_> =
        city.engine.demo_messages(Some("13800001111")).await.expect("the inbox").into_iter().map(|message| message.text).collect();
    assert_eq!(texts.len(), 5);
    assert!(
        texts.iter().all(|text| text.starts_with("【测试】【一针永州·测试】") || text.starts_with("[TEST] [Yizhen Yongzhou TEST]")),
        "{texts:?}"
    );
    let written = city.column("SELECT object || ' ' || detail FROM audit WHERE action = 'send_test_message' ORDER BY at").await;
    assert_eq!(written.len(), 5);
    assert!(written[0].starts_with("phone:") && written[0].ends_with(" reminder zh") && !written[0].contains("138"), "{written:?}");
}

async fn a_moved_booking_is_the_same_calendar_entry_in_a_later_sequence(kind: Kind) {
    let city = TestCity::new(kind).await;
    let (guest, stranger) = (city.guest().await, city.guest().await);
    let booking = city.book(&guest, city.slot("one", "vero", 2, "09:00"), 1).await.expect("booked");
    let first = city.engine.calendar_entry(&guest.citizen, booking.code.as_str()).await.expect("theirs");
    assert!(first.contains("\r\nSEQUENCE:0\r\n") && first.contains("\r\nDTSTART:20260304T010000Z\r\n"), "{first}");
    city.move_to(&guest, &booking, city.slot("one", "vero", 3, "09:30")).await.expect("moved");
    let then = city.engine.calendar_entry(&guest.citizen, booking.code.as_str()).await.expect("theirs");
    assert!(then.contains("\r\nSEQUENCE:1\r\n") && then.contains("\r\nDTSTART:20260305T013000Z\r\n"), "{then}");
    let refused = city.engine.calendar_entry(&stranger.citizen, booking.code.as_str()).await;
    assert_eq!(refused.map_err(code_of), Err(ErrorCode::NotFound));
}
