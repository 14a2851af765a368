//! Reminders that are all due in one minute, two processes that send them, and one of them killed in the middle; gateways that hang, fail and
//! lose answers meanwhile. Everybody is told once, or it is said that nobody knows.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::time::Clock;
use engine::clock::RehearsalClock;

use crate::books::Books;
use crate::chance::{Chance, say, setting};
use crate::city::MORNING;
use crate::postgres::Cluster;
use crate::service::{HANGS, PASSWORD, Place};
use crate::standins::{AliyunStandin, Mode, SECRET, TOKEN};

/// People who are reminded, about: as many as wait for a day to come in a multitude of this size.
const PEOPLE: u64 = 1_500;
/// Nothing is looked at more often than this.
const LOOK: Duration = Duration::from_millis(20);
/// The reminders whose process was killed are asked about after this many seconds, and sent again after ten times as many.
const ASK_AFTER_S: u64 = 1;
/// The parameters of the one template of every kind.
const PARAMS: [&str; 4] = ["name", "date", "time", "site"];

/// What has not come to its end yet.
const OPEN: &str = "SELECT count(*) FROM messages WHERE kind = 'reminder' AND state IN ('queued', 'sending', 'in_doubt')";

#[tokio::test]
async fn reminders_of_one_minute_go_once_each_though_one_of_two_processes_is_killed_in_the_middle() {
    let mut chance = Chance::of("messages, killed");
    let cluster = Cluster::start();
    let mut place = Place::postgres(cluster.database().await);
    let (aliyun, total) = due_at_once(&mut place, setting("FAULT_REMINDED", PEOPLE)).await;
    // so that the kill finds some in hand
    aliyun.sends.every(3, Mode::TakeAndTrickle(Duration::from_millis(1)));
    let (one, other) = tokio::join!(place.start(), place.start());
    let books = Books::open(&place.url).await;
    due_now(&books).await;
    let began = Instant::now();
    let part = total / 5 + chance.below(total / 3);
    until("a part of them is sent", || async { aliyun.memory.count() as u64 >= part }).await;
    one.process.kill().await;
    let when_killed = aliyun.memory.count();
    until("all came to an end", || async { books.count(OPEN).await == 0 }).await;
    let seconds = began.elapsed().as_secs_f32();
    settled(&books, &aliyun, total).await;
    let again = books.count("SELECT count(*) FROM messages WHERE kind = 'reminder' AND asks > 0").await;
    say(&format!(
        "messages: {total} reminders due at once, a process killed after {when_killed}; all known after {seconds:.1} s, \
         {again} of them asked about, none twice"
    ));
    books.balance().await;
    other.process.kill().await;
}

#[tokio::test]
async fn a_gateway_that_hangs_fails_and_loses_answers_gets_each_reminder_once() {
    let cluster = Cluster::start();
    let mut place = Place::postgres(cluster.database().await);
    let (aliyun, total) = due_at_once(&mut place, setting("FAULT_REMINDED", PEOPLE) / 3).await;
    let service = place.start().await;
    let books = Books::open(&place.url).await;
    // each of them for some messages; after that it does what it should
    for mode in [Mode::TakeAndHang, Mode::Throttle, Mode::Fail, Mode::TakeAndFail, Mode::TakeAndClose, Mode::TakeAndCut, Mode::Hang]
    {
        aliyun.sends.next(7, mode);
    }
    due_now(&books).await;
    until("all came to an end", || async { books.count(OPEN).await == 0 }).await;
    settled(&books, &aliyun, total).await;
    service.process.kill().await;
}

/// A database with a multitude whose reminders can be made due, and the gateway in the settings of the place. Gives how many there are.
async fn due_at_once(place: &mut Place, people: u64) -> (AliyunStandin, u64) {
    let clock: Arc<dyn Clock> = Arc::new(RehearsalClock::starting_at(MORNING.parse().expect("an instant")));
    let aliyun = AliyunStandin::start("aliyun", clock, &[("SMS_1", &PARAMS)]).await;
    let folder = place.folder.path();
    let (secret, token) = (folder.join("secret"), folder.join("token"));
    private(&secret, SECRET);
    private(&token, TOKEN);
    let mut file = aliyun.settings("file", &secret.display().to_string(), &token.display().to_string());
    for kind in ["sign_in_code", "own_data_code"] {
        file += &format!("[gateway.templates.{kind}]\nid = \"SMS_2\"\nparams = [\"code\"]\n");
    }
    for kind in ["booked", "moved", "cancelled", "cancelled_by_site", "reminder", "next_dose", "missed"] {
        file += &format!("[gateway.templates.{kind}]\nid = \"SMS_1\"\nparams = {PARAMS:?}\n");
    }
    let gateways = folder.join("gateways.toml");
    std::fs::write(&gateways, file).expect("written");
    let (people, bookings) = (people.to_string(), (2 * people).to_string());
    let mut seed = tokio::process::Command::new(env!("CARGO_BIN_EXE_yizhen"));
    seed.env_clear()
        .args(["seed", "--demo", "--people", &people, "--bookings", &bookings, "--log", "warn", "--database-url", &place.url])
        .args(["--demo-clock", MORNING, "--demo-password", PASSWORD, "--data-dir"])
        .arg(&place.data)
        .arg("--city-file")
        .arg(folder.join("city.toml"));
    let output = seed.output().await.expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    place.flags = ["--gateways-file".into(), gateways.display().to_string()].into();
    place.flags.extend(["--message-lease-s".into(), "5".into(), "--message-ask-after-s".into(), ASK_AFTER_S.to_string()]);
    let books = Books::open(&place.url).await;
    // everybody who had a first dose is to have it tomorrow instead, and nobody is reminded before both processes are there
    for sql in [
        "UPDATE bookings SET state = 'booked', redeemed_at = NULL, redeemed_by = NULL, redeem_nonce = NULL, lot = NULL, \
         slot_id = (SELECT id FROM slots WHERE date = '2026-11-24' AND capacity >= 10000 ORDER BY id LIMIT 1) \
         WHERE state = 'redeemed' AND dose = 1",
        "UPDATE slots SET taken = (SELECT count(*) FROM bookings WHERE slot_id = slots.id AND bookings.state <> 'cancelled')",
        "UPDATE messages SET state = 'queued', tries = 0, handed_at = NULL, told_at = NULL, gateway = NULL \
         WHERE kind = 'reminder' AND booking_code IN (SELECT code FROM bookings WHERE state = 'booked')",
        "UPDATE messages SET state = 'dropped' WHERE state = 'queued' AND booking_code NOT IN \
         (SELECT code FROM bookings JOIN slots ON slots.id = slot_id WHERE date = '2026-11-24' AND state = 'booked')",
        "UPDATE messages SET due_at = '2027-01-01T00:00:00Z' WHERE state = 'queued'",
    ] {
        books.execute(sql).await;
    }
    let total = books.count("SELECT count(*) FROM messages WHERE kind = 'reminder' AND state = 'queued'").await;
    (aliyun, u64::try_from(total).expect("some"))
}

async fn due_now(books: &Books) {
    books.execute("UPDATE messages SET due_at = '2026-11-23T00:00:00Z' WHERE kind = 'reminder' AND state = 'queued'").await;
}

/// Each reminder was accepted once by the gateway, under its id, and the database says so.
async fn settled(books: &Books, aliyun: &AliyunStandin, total: u64) {
    assert_eq!(aliyun.memory.refused(), Vec::<String>::new(), "every call verifies");
    assert_eq!(aliyun.memory.duplicates(), [].into(), "nobody is told twice");
    assert_eq!(aliyun.memory.count() as u64, total, "everybody is told");
    let said = books.count("SELECT count(*) FROM messages WHERE kind = 'reminder' AND state IN ('sent', 'delivered')").await;
    assert!(said as u64 >= total, "and known to be: {said} of {total}");
}

async fn until<F: Future<Output = bool>>(what: &str, mut so: impl FnMut() -> F) {
    let began = Instant::now();
    while !so().await {
        assert!(began.elapsed() < 2 * HANGS, "not within two minutes: {what}");
        tokio::time::sleep(LOOK).await;
    }
}

fn private(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, text).expect("written");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).expect("a file of our own");
}
