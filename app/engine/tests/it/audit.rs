//! The audit: what is written down, from where and how it ended; and that no row, link or checkpoint is changed, taken away or added unnoticed.

use std::path::PathBuf;

use domain::DateTime;
use domain::access::Role;
use domain::checkin::Redeem;
use domain::person::Relation;
use domain::staff::StaffSignIn;
use engine::{AuditReport, Finding, OpenError, Origin, Whence};
use sea_orm::Value;

use crate::harness::{Kind, TestCity, draft, on_both_engines};

on_both_engines!(
    who_what_on_whom_from_where_and_how_it_ended_is_written_down,
    a_flood_of_refusals_is_counted_and_not_written,
    whatever_is_changed_in_a_row_is_noticed,
    rows_that_are_removed_or_inserted_are_named,
    links_and_strands_that_are_changed_or_cut_off_are_noticed,
    checkpoints_that_are_changed_or_cut_off_are_noticed,
    two_processes_write_one_audit_at_once,
    what_a_killed_process_left_behind_is_sealed_by_the_next,
    rows_of_before_the_chain_are_counted,
    a_key_file_of_before_is_given_a_key_for_checkpoints_once,
);

/// A city in which three strands of two processes wrote some links each, and two checkpoints speak of them.
async fn story(kind: Kind) -> TestCity {
    let city = TestCity::new(kind).await;
    let other = city.another_process().await.expect("the engine opens");
    for minute in ["08:30", "09:00"] {
        for engine in [&city.engine, &other] {
            let guest = city.guest().await;
            let request = city.request(&guest.person, city.slot("one", "vero", 1, minute), 1);
            engine.reserve(&guest.citizen, request).await.expect("booked");
        }
        city.engine.sign_audit().await.expect("signed");
    }
    other.stop().await;
    let report = city.verify_audit().await;
    assert_eq!(report.findings, []);
    assert!(report.rows >= 12 && report.strands == 3 && report.checkpoints >= 3, "{report:?}");
    city
}

/// A try with the wrong password.
fn sign_in(username: &str) -> StaffSignIn {
    StaffSignIn { username: username.into(), password: "wrong".into(), otp: None, site_id: None }
}

fn words(report: &AuditReport) -> Vec<String> {
    report.findings.iter().map(Finding::to_string).collect()
}

async fn who_what_on_whom_from_where_and_how_it_ended_is_written_down(kind: Kind) {
    let city = TestCity::new(kind).await;
    let from = |address: &str| Origin(address.parse().expect("an address"));
    let (home, work) = (from("203.0.113.9"), from("198.51.100.7"));
    let (guest, other) = (home.of(city.guest()).await, city.guest().await);
    let slot = city.slot("one", "vero", 0, "08:30");
    let booking = home.of(city.book(&guest, slot, 1)).await.expect("booked");
    let theirs = city.book(&other, slot, 1).await.expect("booked");
    home.of(async {
        city.engine.list_people(&guest.citizen).await.expect("listed");
        city.engine.list_bookings(&guest.citizen).await.expect("listed");
        city.engine.list_bookings(&guest.citizen).await.expect("listed again");
        city.engine.show_booking(&guest.citizen, booking.code.as_str()).await.expect("shown");
        city.engine.show_booking(&guest.citizen, theirs.code.as_str()).await.expect_err("somebody else's");
        city.engine.remove_person(&guest.citizen, other.person.id).await.expect_err("somebody else's");
        city.engine.reserve(&guest.citizen, city.request(&other.person, slot, 1)).await.expect_err("somebody else's");
        city.engine.sign_in("13911112222", "000000", &Whence::default(), None).await.expect_err("no such code");
    })
    .await;
    work.of(async {
        let nurse = city.staff("li.na", Role::Nurse, "two").await;
        city.engine.look_up(&nurse, None, Some(booking.code.as_str())).await.expect("found");
        let redeem = Redeem { code: booking.code.to_string(), nonce: city.engine_id(), lot: None, accept: None };
        city.engine.redeem(&nurse, redeem).await.expect_err("another site");
        city.engine.undo(&nurse, booking.code.as_str(), "x").await.expect_err("no manager");
        city.engine.staff_sign_in(&sign_in("li.na"), None).await.expect_err("the wrong password");
        city.engine.staff_sign_in(&sign_in("13822223333"), None).await.expect_err("a number for a name");
    })
    .await;
    home.of(city.engine.sign_out_everywhere(&guest.citizen)).await.expect("signed out");
    city.assert_balanced().await;

    let rows = city
        .column(
            "SELECT actor || ' ' || action || ' ' || outcome || ' ' || coalesce(origin, '-') || ' ' || CAST(count(*) AS text) FROM audit \
             WHERE origin IS NOT NULL GROUP BY actor, action, outcome, origin",
        )
        .await;
    for row in [
        "citizen sign_in done 203.0.113.0/24 1",
        "citizen save_person done 203.0.113.0/24 1",
        "citizen reserve done 203.0.113.0/24 1",
        "citizen list_people done 203.0.113.0/24 1",
        // once an hour
        "citizen list_bookings done 203.0.113.0/24 1",
        "citizen show_booking done 203.0.113.0/24 1",
        "citizen read_booking not_found 203.0.113.0/24 1",
        "citizen read_person not_found 203.0.113.0/24 1",
        "citizen reserve not_found 203.0.113.0/24 1",
        "citizen sign_out_everywhere done 203.0.113.0/24 1",
        "nobody sign_in invalid 203.0.113.0/24 1",
        "staff look_up done 198.51.100.7 1",
        "staff redeem forbidden 198.51.100.7 1",
        "staff undo forbidden 198.51.100.7 1",
    ] {
        assert!(rows.iter().any(|found| found == row), "{row} is not in {rows:#?}");
    }
    let refused = city.column("SELECT actor || ' ' || outcome FROM audit WHERE outcome = 'sign_in_required' ORDER BY actor").await;
    assert_eq!(refused, ["nobody sign_in_required", "staff sign_in_required"]);
    // what was typed is not in it: neither numbers nor names
    let all = city.column("SELECT action || object || coalesce(detail, '') || coalesce(origin, '') FROM audit").await.concat();
    for typed in ["13911112222", "13822223333", "1380000"] {
        assert!(!all.contains(typed), "{typed}");
    }
}

async fn a_flood_of_refusals_is_counted_and_not_written(kind: Kind) {
    let city = TestCity::new(kind).await;
    let (guest, other) = (city.guest().await, city.guest().await);
    for _ in 0..200 {
        city.engine.remove_person(&guest.citizen, other.person.id).await.expect_err("somebody else's");
    }
    city.assert_balanced().await;
    let written = city.count("SELECT count(*) FROM audit WHERE outcome = 'not_found'").await;
    assert_eq!((written, city.engine.audit_left_out()), (60, 140));
}

async fn whatever_is_changed_in_a_row_is_noticed(kind: Kind) {
    let city = story(kind).await;
    let rows = city.count("SELECT count(*) FROM audit").await;
    let id = city.id("SELECT id FROM audit WHERE action = 'reserve' ORDER BY id LIMIT 1").await;
    let other_time: DateTime<domain::Utc> = "2020-01-01T00:00:00Z".parse().expect("an instant");
    let changes = [
        ("at", Value::from(other_time)),
        ("actor", "staff".into()),
        ("actor_id", id.into()),
        ("action", "cancel".into()),
        ("object", "another".into()),
        ("detail", "more".into()),
        ("outcome", "refused".into()),
        ("origin", "203.0.113.0/24".into()),
        ("mac", vec![0u8; 16].into()),
        ("link", 99_i64.into()),
    ];
    for (changed, (column, value)) in changes.into_iter().enumerate() {
        // a row of its own for each: all of them are found at once
        let row = city.column("SELECT CAST(count(*) AS text) FROM audit").await;
        assert_eq!(row, [rows.to_string()]);
        let sql = format!("UPDATE audit SET {column} = $1 WHERE id = (SELECT id FROM audit ORDER BY id LIMIT 1 OFFSET {changed})",);
        city.execute(&sql, [value]).await;
    }
    let report = city.verify_audit().await;
    let named = report.findings.iter().filter(|finding| matches!(finding, Finding::Changed(_))).count();
    assert_eq!(named, 10, "{:#?}", words(&report));
}

async fn rows_that_are_removed_or_inserted_are_named(kind: Kind) {
    let nth = |n: u32| format!("(SELECT id FROM audit WHERE action = 'reserve' ORDER BY id LIMIT 1 OFFSET {n})");
    let copy = |link: &str, mac: &str| {
        format!(
            "INSERT INTO audit (id, at, actor, actor_id, action, object, detail, outcome, origin, link, mac) \
             SELECT $1, at, actor, actor_id, action, object, detail, outcome, origin, {link}, {mac} FROM audit WHERE id = {}",
            nth(1)
        )
    };
    let new = domain::Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001);
    for (sql, values, says) in [
        (format!("DELETE FROM audit WHERE id = {}", nth(1)), vec![], vec!["removed"]),
        (copy("link", "mac"), vec![new.into()], vec!["inserted"]),
        (copy("0", "mac"), vec![new.into()], vec!["changed, or not written"]),
        (copy("NULL", "mac"), vec![new.into()], vec!["inserted"]),
        (copy("NULL", "NULL"), vec![new.into()], vec!["before the chain: 1, and there were 0"]),
    ] {
        let city = story(kind).await;
        city.execute(&sql, values).await;
        let found = words(&city.verify_audit().await);
        assert!(
            found.len() == says.len() && found.iter().zip(&says).all(|(found, says)| found.contains(says)),
            "{sql}: {found:#?}"
        );
    }
    // two rows that change places: each has what the other said
    let city = story(kind).await;
    let objects = city.column("SELECT object FROM audit WHERE action = 'reserve' ORDER BY id LIMIT 2").await;
    let ids = [city.id(&nth(0)[1..nth(0).len() - 1]).await, city.id(&nth(1)[1..nth(1).len() - 1]).await];
    for (id, object) in ids.iter().zip(objects.iter().rev()) {
        city.execute("UPDATE audit SET object = $1 WHERE id = $2", [object.clone().into(), (*id).into()]).await;
    }
    let found = words(&city.verify_audit().await);
    assert_eq!(found.len(), 2, "{found:#?}");
}

async fn links_and_strands_that_are_changed_or_cut_off_are_noticed(kind: Kind) {
    let strand = |n: u32| format!("/ 4294967296 = {n}");
    let (last, middle) = ("(SELECT max(id) FROM audit_links)", "(SELECT max(id) - 1 FROM audit_links WHERE id < 2 * 4294967296)");
    let whole = |n: u32| {
        vec![format!("DELETE FROM audit WHERE link {}", strand(n)), format!("DELETE FROM audit_links WHERE id {}", strand(n))]
    };
    let one = |id: &str| vec![format!("DELETE FROM audit WHERE link = {id}"), format!("DELETE FROM audit_links WHERE id = {id}")];
    for (sql, says) in [
        (vec![format!("UPDATE audit_links SET total = total + 1 WHERE id = {middle}")], "changed"),
        (vec![format!("UPDATE audit_links SET hash = ids WHERE id = {middle}")], "changed"),
        // a row and its name in the link: what a thief would do who knows the tables, but has no key
        (
            vec![
                format!("DELETE FROM audit WHERE link = {last}"),
                format!("UPDATE audit_links SET ids = hash, total = 0 WHERE id = {last}"),
            ],
            "changed",
        ),
        (one(last), "the strand was cut off"),
        (one(middle), "what stands before it was removed"),
        (whole(1), "strand 1: removed"),
        (whole(2), "strand 2: removed"),
        (whole(3), "strand 3: removed"),
        (vec!["DELETE FROM audit".into(), "DELETE FROM audit_links".into()], "strand 1: removed"),
    ] {
        let city = story(kind).await;
        for sql in &sql {
            city.execute(sql, []).await;
        }
        let found = words(&city.verify_audit().await);
        assert!(found.iter().any(|found| found.contains(says)), "{sql:?}: {found:#?}");
    }
}

async fn checkpoints_that_are_changed_or_cut_off_are_noticed(kind: Kind) {
    type Lines = Vec<String>;
    type Change = fn(&mut Lines);
    fn edit(lines: &mut Lines, at: usize) {
        lines[at] = lines[at].replace("\"rows\":", "\"rows\":1");
    }
    let cases: [(&str, Change, &str); 7] = [
        ("the first is changed", |lines| edit(lines, 0), "line 1: changed"),
        (
            "the last is changed",
            |lines| {
                let last = lines.len() - 1;
                edit(lines, last)
            },
            "changed, forged",
        ),
        ("one in the middle goes", |lines| drop(lines.remove(1)), "line 2: changed"),
        ("the first goes", |lines| drop(lines.remove(0)), "line 1: changed"),
        ("the last goes", |lines| drop(lines.pop()), "removed; the last that is there"),
        ("all go", Lines::clear, "checkpoints: none"),
        ("two change places", |lines| lines.swap(0, 1), "line 1: changed"),
    ];
    let city = story(kind).await;
    let file = only_file(&city);
    let whole = std::fs::read_to_string(&file).expect("read");
    for (what, change, says) in cases {
        let mut lines: Lines = whole.lines().map(str::to_owned).collect();
        change(&mut lines);
        std::fs::write(&file, lines.iter().map(|line| format!("{line}\n")).collect::<String>()).expect("written");
        let found = words(&city.verify_audit().await);
        assert!(found.iter().any(|found| found.contains(says)), "{what}: {found:#?}");
    }
    // a crash in the middle of a line is no forgery, and the service goes on behind it
    std::fs::write(&file, format!("{whole}{{\"number\":9,\"at\":\"20")).expect("written");
    assert_eq!(words(&city.verify_audit().await), [""; 0]);
    let guest = city.guest().await;
    city.book(&guest, city.slot("one", "vero", 1, "09:30"), 1).await.expect("booked");
    city.assert_balanced().await;
    // cut off the database as well, its note with it: the file still knows
    std::fs::write(&file, &whole).expect("written");
    city.execute("DELETE FROM facts WHERE name LIKE 'audit-checkpoint-%'", []).await;
    let found = words(&city.verify_audit().await);
    assert_eq!(found, ["the database's note of the last checkpoint: changed"]);
}

fn only_file(city: &TestCity) -> PathBuf {
    let files = std::fs::read_dir(city.dir.path().join("audit")).expect("a folder").map(|entry| entry.expect("an entry").path());
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|kind| kind == "log")).collect();
    assert_eq!(files.len(), 1, "one a month");
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(std::fs::metadata(&files[0]).expect("there").permissions().mode() & 0o777, 0o600);
    files.remove(0)
}

async fn two_processes_write_one_audit_at_once(kind: Kind) {
    let city = TestCity::new(kind).await;
    let other = city.another_process().await.expect("the engine opens");
    let mut guests = Vec::new();
    for _ in 0..20 {
        guests.push(city.guest().await);
    }
    let slots = ["08:30", "09:00", "09:30", "10:00"].map(|start| city.slot("one", "vero", 1, start));
    let bookings = guests.iter().enumerate().map(|(at, guest)| {
        let engine = if at % 2 == 0 { &city.engine } else { &other };
        let request = city.request(&guest.person, slots[at % 4], 1);
        async move { engine.reserve(&guest.citizen, request).await.map(drop) }
    });
    let sealing = async {
        // at the same rows at once: who is second does them later
        for _ in 0..10 {
            let (_, _) = tokio::join!(city.engine.seal_audit(), other.seal_audit());
        }
        Ok(())
    };
    let (done, sealed) = tokio::join!(futures(bookings), sealing);
    let sealed: Result<(), ()> = sealed;
    assert!(sealed.is_ok() && done.iter().all(Result::is_ok), "{done:?}");
    other.stop().await;
    city.assert_balanced().await;
    assert_eq!(city.count("SELECT count(*) FROM audit WHERE action = 'reserve'").await, 20);
}

async fn futures<T>(all: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut all: Vec<_> = all.map(Box::pin).collect();
    let mut done: Vec<Option<T>> = all.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (one, done) in all.iter_mut().zip(&mut done) {
            if done.is_none()
                && let std::task::Poll::Ready(value) = one.as_mut().poll(context)
            {
                *done = Some(value);
            }
        }
        if done.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}

async fn what_a_killed_process_left_behind_is_sealed_by_the_next(kind: Kind) {
    let city = TestCity::new(kind).await;
    city.guest().await;
    let report = city.verify_audit().await;
    assert_eq!((report.findings, report.waiting), (vec![], 2), "the sign-in and the person");
    let next = city.another_process().await.expect("the engine opens");
    next.sign_audit().await.expect("signed");
    let report = city.verify_audit().await;
    assert_eq!((report.findings, report.waiting, report.rows), (vec![], 0, 2));
}

async fn rows_of_before_the_chain_are_counted(kind: Kind) {
    let city = TestCity::new(kind).await;
    city.guest().await;
    city.assert_balanced().await;
    // as an older program has left them, and as the first start finds them
    city.execute("UPDATE audit SET link = NULL, mac = NULL", []).await;
    city.execute("DELETE FROM audit_links", []).await;
    city.execute("DELETE FROM facts WHERE name LIKE 'audit-%'", []).await;
    std::fs::remove_file(only_file(&city)).expect("removed");
    let next = city.another_process().await.expect("the engine opens");
    next.save_person(&city.citizen("13800009999").await, draft(Relation::Myself, 1)).await.expect("saved");
    next.sign_audit().await.expect("signed");
    let report = city.verify_audit().await;
    assert_eq!((report.findings, report.before), (vec![], 2));
    assert!(report.rows >= 1);
    city.execute("DELETE FROM audit WHERE link IS NULL AND action = 'sign_in'", []).await;
    assert_eq!(words(&city.verify_audit().await), ["rows of before the chain: 1, and there were 2"]);
}

async fn a_key_file_of_before_is_given_a_key_for_checkpoints_once(kind: Kind) {
    let city = TestCity::new(kind).await;
    let path = city.dir.path().join(engine::keys::FILE_NAME);
    let text = std::fs::read_to_string(&path).expect("read");
    let (before, _) = text.split_once("[audit]").expect("keys made today have one");
    std::fs::write(&path, before).expect("written");
    let next = city.another_process().await.expect("an old file is brought up to date");
    assert!(std::fs::read_to_string(&path).expect("read").contains("[audit]"));
    city.guest().await;
    next.sign_audit().await.expect("signed");
    next.stop().await;
    assert_eq!(city.verify_audit().await.findings, []);
    // where there are checkpoints, another key would make them worthless
    std::fs::write(&path, before).expect("written");
    let refused = city.another_process().await.map(drop);
    assert!(matches!(&refused, Err(OpenError::Keys(why)) if why.contains("checkpoints")), "{refused:?}");
    assert!(!std::fs::read_to_string(&path).expect("read").contains("[audit]"), "nothing was invented");
}
