//! P10: a hundred thousand reminders that are due in one minute, sent by two processes on one PostgreSQL through a gateway that verifies what the
//! real one verifies; people book meanwhile, and one process is killed in the middle.

use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use domain::chrono::{Days, NaiveTime};
use domain::time::{Clock, civil, instant};
use engine::clock::{RehearsalClock, SystemClock};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, Statement};

use crate::load::{Arrivals, run};
use crate::p1::WARM_UP;
use crate::report::{Goal, Report};
use crate::rush::{Rush, Wish};
use crate::service::Service;
use crate::stage::Stage;
use crate::standins::{AliyunStandin, SECRET, TOKEN};
use crate::{Options, p1};

/// Seconds that people book without reminders, and then with them.
const BOOK_S: u64 = 8;
/// How long all may take.
const PATIENCE: Duration = Duration::from_secs(15 * 60);
/// The template of reminders: what is told to those who book meanwhile goes by another one, and is not counted.
const REMINDER: &str = "SMS_1";
/// The parameters of the templates.
const PARAMS: [&str; 4] = ["name", "date", "time", "site"];
/// What has not come to its end.
const OPEN: &str = "SELECT count(*) FROM messages WHERE kind = 'reminder' AND due_at < now() + interval '3 days' AND state IN ('queued', 'sending', 'in_doubt')";

pub(crate) async fn measure(stage: &Rc<Stage>, options: &Options, report: &mut Report) -> Result<()> {
    report.part("P10");
    let copy = stage.copy("p10").await?;
    let total = u64::from(options.people);
    stage.seed(&copy, total * 7 / 5, total * 14 / 5).await?;
    let db = open(&copy.url).await?;
    let noon = civil(SystemClock.now()).date().checked_add_days(Days::new(1)).context("tomorrow")?;
    // by day: nobody is reminded at night
    let now = instant(noon, NaiveTime::from_hms_opt(12, 0, 0).context("noon")?);
    let total = prepare(&db, total, &stage.places.plenty[0]).await?;
    let clock: Arc<dyn Clock> = Arc::new(RehearsalClock::starting_at(now));
    let aliyun = AliyunStandin::start("aliyun", clock, &[(REMINDER, &PARAMS), ("SMS_3", &PARAMS)]).await;
    let file = gateways(&copy.folder, &aliyun)?;
    let clock = now.to_rfc3339();
    let flags = ["--demo=on", "--limits", "off", "--demo-password=benchmark", "--demo-clock", &clock, "--gateways-file", &file];
    // what was in hand of the one that is killed is known within a minute, and not within six
    let flags = [&flags[..], &["--message-lease-s", "25", "--message-ask-after-s", "5"]].concat();
    let one = stage.serve(&copy, &flags).await?;
    let other = stage.serve(&copy, &flags).await?;

    let rush = Rush::new(stage, Wish::Plenty(p1::WINDOWS), 9);
    let length = Duration::from_secs(BOOK_S);
    let before = run(rush.load(other.address, options.connections, Arrivals::Closed, length)).await;
    execute(&db, "UPDATE messages SET due_at = '2026-01-01T00:00:00Z' WHERE kind = 'reminder' AND state = 'queued' AND due_at > '2190-01-01'")
        .await?;
    let began = Instant::now();
    let during = run(rush.load(other.address, options.connections, Arrivals::Closed, length)).await;
    let reminded = || aliyun.memory.count_of(REMINDER);
    let sent_meanwhile = reminded();
    let drained = (Instant::now(), sent_meanwhile);
    while (reminded() as u64) < total / 2 {
        ensure!(began.elapsed() < PATIENCE, "half of the reminders were not sent in {} s", PATIENCE.as_secs());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    kill(one).await?;
    let when_killed = reminded();
    while (reminded() as u64) < total - 1_000 {
        ensure!(began.elapsed() < PATIENCE, "the reminders were not sent in {} s", PATIENCE.as_secs());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let rate = (reminded() - drained.1) as f64 / drained.0.elapsed().as_secs_f64();
    let nearly_all = began.elapsed();
    while count(&db, OPEN).await? > 0 && began.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let all = began.elapsed();
    other.stop().await?;

    let (twice, accepted) = (aliyun.memory.duplicates().len(), reminded());
    let in_doubt = count(&db, "SELECT count(*) FROM messages WHERE kind = 'reminder' AND state = 'in_doubt'").await?;
    let asked = count(&db, "SELECT count(*) FROM messages WHERE kind = 'reminder' AND asks > 0").await?;
    let refused = aliyun.memory.refused().len();
    db.close().await?;
    stage.remove(copy).await?;
    report.note(format!(
        "{total} reminders due at one moment, two processes on one PostgreSQL, a stand-in of Aliyun that verifies every signature ({refused} refused); \
         one process was killed (SIGKILL) after {when_killed}; all but a thousand were with the gateway after {:.0} s, the last one's fate was known \
         after {:.0} s; {asked} whose process was gone were asked about",
        nearly_all.as_secs_f64(),
        all.as_secs_f64(),
    ));
    report.note(format!(
        "bookings through one of the two for {BOOK_S} s before any was due and for {BOOK_S} s after: {} and {}; {sent_meanwhile} reminders went meanwhile",
        before.by_status(),
        during.by_status(),
    ));
    report.value("reminded_once", (accepted - twice) as f64, "people", Some(Goal::Exactly(total as f64 - in_doubt as f64)));
    report.value("reminded_twice", twice as f64, "people", Some(Goal::Exactly(0.0)));
    report.value("in_doubt_at_the_end", in_doubt as f64, "people", None);
    report.value("sent", rate, "messages/s", None);
    report.value("nearly_all_sent_after", nearly_all.as_secs_f64(), "s", None);
    let (before, during) = (before.rate(200, WARM_UP, length), during.rate(200, WARM_UP, length));
    report.value("bookings_before", before, "bookings/s", None);
    report.value("bookings_meanwhile", during, "bookings/s", None);
    report.ratio("bookings_meanwhile_of_before", during / before, Some(Goal::AtLeast(0.9)));
    Ok(())
}

/// So many of the multitude who had a first dose are to have it in one window to come, with a reminder that is not due yet. Gives how many reminders wait.
async fn prepare(db: &DatabaseConnection, total: u64, slot: &str) -> Result<u64> {
    for sql in [
        // what has just been changed is not in the statistics: a plan for few rows would take hours
        "SET enable_nestloop = off".to_owned(),
        format!("UPDATE slots SET capacity = 1000000 WHERE id = '{slot}'"),
        "UPDATE messages SET state = 'dropped' WHERE state = 'queued'".to_owned(),
        format!(
            "UPDATE bookings SET state = 'booked', redeemed_at = NULL, redeemed_by = NULL, redeem_nonce = NULL, lot = NULL, slot_id = '{slot}' \
             WHERE code IN (SELECT code FROM bookings JOIN messages ON booking_code = code AND kind = 'reminder' \
                            WHERE bookings.state = 'redeemed' AND dose = 1 ORDER BY code LIMIT {total})"
        ),
        format!(
            "UPDATE slots SET taken = (SELECT count(*) FROM bookings WHERE slot_id = '{slot}' AND state <> 'cancelled') WHERE id = '{slot}'"
        ),
        format!(
            "UPDATE messages SET state = 'queued', tries = 0, handed_at = NULL, told_at = NULL, gateway = NULL, due_at = '2199-01-01T00:00:00Z' \
             WHERE kind = 'reminder' AND booking_code IN (SELECT code FROM bookings WHERE slot_id = '{slot}' AND state = 'booked')"
        ),
    ] {
        execute(db, &sql).await?;
    }
    let waiting = count(db, "SELECT count(*) FROM messages WHERE kind = 'reminder' AND state = 'queued'").await?;
    let waiting = u64::try_from(waiting)?;
    // somebody may have booked that window before
    ensure!((total..total + 100).contains(&waiting), "{waiting} reminders wait, and not {total}");
    Ok(waiting)
}

/// The settings of the gateway, and its secrets beside them.
fn gateways(folder: &Path, aliyun: &AliyunStandin) -> Result<String> {
    use std::os::unix::fs::PermissionsExt;
    let private = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text)?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
        anyhow::Ok(path.display().to_string())
    };
    let (secret, token) = (private("secret", SECRET)?, private("token", TOKEN)?);
    // the stand-in shares two cores with everything else here
    let mut file = aliyun.settings("file", &secret, &token).replace("timeout_s = 1", "timeout_s = 10");
    for kind in ["sign_in_code", "own_data_code"] {
        file += &format!("[gateway.templates.{kind}]\nid = \"SMS_2\"\nparams = [\"code\"]\n");
    }
    for kind in ["booked", "moved", "cancelled", "cancelled_by_site", "reminder", "next_dose", "missed"] {
        let id = if kind == "reminder" { REMINDER } else { "SMS_3" };
        file += &format!("[gateway.templates.{kind}]\nid = \"{id}\"\nparams = {PARAMS:?}\n");
    }
    let path = folder.join("gateways.toml");
    std::fs::write(&path, file)?;
    Ok(path.display().to_string())
}

/// Ends it on the spot.
async fn kill(service: Service) -> Result<()> {
    let sent = tokio::process::Command::new("kill").args(["-KILL", &service.pid().to_string()]).status().await?;
    ensure!(sent.success(), "the service had gone already");
    // that it did not end well is what was asked for
    let _ = service.stop().await;
    Ok(())
}

async fn open(url: &str) -> Result<DatabaseConnection> {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    Database::connect(options).await.context("the database is opened again")
}

async fn execute(db: &DatabaseConnection, sql: &str) -> Result<()> {
    db.execute_unprepared(sql).await.with_context(|| sql.to_owned()).map(|_| ())
}

async fn count(db: &DatabaseConnection, sql: &str) -> Result<i64> {
    let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await?;
    Ok(row.context("a row")?.try_get_by_index(0)?)
}
