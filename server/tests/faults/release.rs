//! A window is sold from its moment on by the service's clock, whatever the client says: a second before midnight, at midnight, and on 29 February.

use std::time::{Duration, Instant};

use domain::{DateTime, NaiveTime, Utc};
use engine::city_file::Release;
use sea_orm::{ConnectionTrait, Database, Statement};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::books::Books;
use crate::chance::say;
use crate::city::{self, HALL, RELEASED};
use crate::client::{Answer, Visitor, reservation};
use crate::service::{HANGS, Place};

/// Citizens who ask without a pause.
const CITIZENS: u32 = 16;
/// How long everybody asks before the first moment, at least; and how many starts of the service fit in before that.
const BEFORE: Duration = Duration::from_secs(3);
const STARTS_BEFORE: u32 = 3;

#[tokio::test]
async fn nothing_is_sold_before_its_moment_by_the_clock_of_the_service() {
    // the first is no day of the year's end, the second comes once in four years
    for (evening, released_on) in [("2026-11-23", "2026-11-25"), ("2028-02-28", "2028-03-01")] {
        sell(evening, released_on).await;
    }
}

/// A window that opens at 23:59:59 of `evening`, and those of `released_on`, which open at the midnight after it.
async fn sell(evening: &str, released_on: &str) {
    let place = Place::sqlite();
    let midnight = Release { days_before: 1, at: NaiveTime::MIN };
    city::with_release(&place.folder.path().join("city.toml"), Some(midnight));
    let noon = format!("{evening}T12:00:00+08:00");
    let last_second: DateTime<Utc> = format!("{evening}T23:59:59+08:00").parse().expect("an instant");

    // everybody is signed in and the last second is written at noon
    let began = Instant::now();
    let service = place.start_at(&noon).await;
    let before = BEFORE + STARTS_BEFORE * began.elapsed();
    let base = service.base.clone();
    let last = slot_of(&base, HALL, released_on).await;
    set_opening(&place.url, last.parse().expect("an id"), last_second).await;
    let first = slot_of(&base, RELEASED, released_on).await;
    let notice = Visitor::nobody().must(&base, "notices/current", &json!({})).await;
    let notice = notice["version"].as_str().expect("a version").to_owned();
    let mut citizens = vec![];
    for n in 0..CITIZENS {
        let citizen = Visitor::citizen(&base, &format!("1380000{n:04}")).await;
        let people = [citizen.save_person(&base, 2 * n).await, citizen.save_person(&base, 2 * n + 1).await];
        citizens.push((citizen, people));
    }
    service.process.kill().await;

    let spawned = Instant::now();
    let starts_at = last_second - before;
    let service = place.start_at(&starts_at.to_rfc3339()).await;
    // the service's clock starts after `spawned`, so it shows at most this
    let at_most = move || starts_at + spawned.elapsed();
    let mut asking = JoinSet::new();
    for (n, (citizen, people)) in citizens.into_iter().enumerate() {
        let wanted = [(last.clone(), last_second), (first.clone(), last_second + Duration::from_secs(1))];
        let (base, notice) = (service.base.clone(), notice.clone());
        asking.spawn(async move {
            let mut refused = [0_u32; 2];
            for (at, ((slot, opens_at), person)) in wanted.into_iter().zip(people).enumerate() {
                let began = Instant::now();
                loop {
                    assert!(began.elapsed() < HANGS, "it is never sold");
                    let answer = ask(&citizen, &base, n, reservation(chance_free_id(n, at), &person, &slot, &notice)).await;
                    if answer.is_ok() {
                        assert!(at_most() >= opens_at, "sold at {} at the latest, before {opens_at}", at_most());
                        break;
                    }
                    assert_eq!(answer.rule(), "slot_later", "{answer:?}");
                    let said = answer.body["reason"]["opens_at"].as_str().expect("a moment");
                    assert_eq!(said.parse::<DateTime<Utc>>().expect("a moment"), opens_at);
                    refused[at] += 1;
                }
            }
            refused
        });
    }
    let refused = asking.join_all().await.into_iter().fold([0, 0], |sum, one| [sum[0] + one[0], sum[1] + one[1]]);
    assert!(refused[0] > 0 && refused[1] > 0, "nobody asked before the moment: {refused:?}");

    let books = Books::open(&place.url).await;
    let early = "SELECT count(*) FROM bookings JOIN slots ON slots.id = slot_id
        WHERE code IN (SELECT booking_code FROM requests) AND bookings.created_at < slots.opens_at";
    assert_eq!(books.count(early).await, 0, "written down before the moment");
    assert_eq!(books.count("SELECT count(*) FROM requests").await, i64::from(2 * CITIZENS));
    books.balance().await;
    books.close().await;
    say(&format!(
        "release, evening of {evening}: {} times refused before 23:59:59 and {} times before midnight, {} sold after; sold early 0",
        refused[0],
        refused[1],
        2 * CITIZENS
    ));
}

/// An id for the request, the same for each try.
fn chance_free_id(citizen: usize, at: usize) -> domain::Uuid {
    domain::Uuid::from_u64_pair(citizen as u64 + 1, at as u64 + 1)
}

/// Asks for a place, and claims that it is another day, in another zone.
async fn ask(citizen: &Visitor, base: &str, n: usize, mut body: Value) -> Answer {
    let (date, zone) = match n % 3 {
        0 => ("Wed, 01 Jan 2031 00:00:00 GMT", "Pacific/Kiritimati"),
        1 => ("Wed, 01 Jan 2020 00:00:00 GMT", "Pacific/Pago_Pago"),
        _ => ("yesterday", "Nowhere/Never"),
    };
    for (name, value) in [("now", "2031-01-01T00:00:00Z"), ("opens_at", "2020-01-01T00:00:00Z"), ("time_zone", zone)] {
        body[name] = value.into();
    }
    citizen.answer_with(base, "bookings/reserve", &body, &[("date", date), ("time-zone", zone)]).await
}

/// The first window of a site on a day, open or not.
async fn slot_of(base: &str, site: &str, date: &str) -> String {
    let (_, text) = Visitor::nobody().get(base, &format!("/availability/{}", city::id(site))).await;
    let shown: Value = serde_json::from_str(&text).expect("JSON");
    let slots = shown["slots"].as_array().expect("slots");
    // the demo closes some
    let state = if site == RELEASED { "later" } else { "open" };
    let slot = slots.iter().find(|slot| slot["date"] == date && slot["state"] == state);
    let slot = slot.unwrap_or_else(|| panic!("no window on {date} that is {state}: {text}"));
    slot["id"].as_str().expect("an id").to_owned()
}

/// Writes when a window opens: the city file knows no seconds.
async fn set_opening(url: &str, slot: domain::Uuid, opens_at: DateTime<Utc>) {
    let database = Database::connect(url).await.expect("the database opens");
    let sql = "UPDATE slots SET opens_at = $1, version = version + 1 WHERE id = $2";
    let statement = Statement::from_sql_and_values(database.get_database_backend(), sql, [opens_at.into(), slot.into()]);
    assert_eq!(database.execute_raw(statement).await.expect("written").rows_affected(), 1);
    database.close().await.expect("closed");
}
