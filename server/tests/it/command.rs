//! The real program: whatever stops a start is one clear line and a non-zero exit, and the other commands do their work.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

fn yizhen(folder: &Path, args: &[&str]) -> Command {
    with_env(folder, args, &[])
}

fn with_env(folder: &Path, args: &[&str], env: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_yizhen"));
    // nothing from whoever runs the tests, and the most talkative of panics
    command.env_clear().env("RUST_BACKTRACE", "1").env("DATA_DIR", folder.join("data")).env("LOG", "error");
    command
        .envs(env.iter().copied())
        .current_dir(folder)
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs to its end. One that serves instead of ending is killed, and fails the test.
fn output(command: Command) -> Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let output = tokio::process::Command::from(command).kill_on_drop(true).output();
        tokio::time::timeout(Duration::from_secs(60), output).await.expect("it ends within a minute").expect("it runs")
    })
}

/// Runs to its end and gives the one line that it says.
fn refused(command: Command) -> String {
    let Output { status, stdout, stderr } = output(command);
    let stderr = String::from_utf8(stderr).expect("text");
    assert!(!status.success(), "it ends well: {stderr}");
    assert!(stdout.is_empty(), "{}", String::from_utf8_lossy(&stdout));
    assert_eq!(stderr.lines().count(), 1, "more than one line: {stderr}");
    assert!(stderr.starts_with("yizhen: ") && !stderr.contains("panicked") && !stderr.contains("backtrace"), "{stderr}");
    stderr
}

fn done(command: Command) -> String {
    let Output { status, stdout, stderr } = output(command);
    assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).expect("text")
}

#[test]
fn a_wrong_setting_stops_the_start_and_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("wrong-key.toml"), "prot = 80\n").expect("written");
    std::fs::write(path("wrong-value.toml"), "stop_within_s = \"soon\"\n").expect("written");
    std::fs::write(path("no-toml.toml"), "port = 80\n= 3\n").expect("written");
    std::fs::write(path("no-city.toml"), "[city]\nname = \"永州\"\n").expect("written");
    for (name, mode) in [("no-apps.toml", 0o600), ("open-apps.toml", 0o644)] {
        std::fs::write(path(name), "# nothing\n").expect("written");
        std::fs::set_permissions(path(name), PermissionsExt::from_mode(mode)).expect("set");
    }
    let webhook = "[[gateway]]\nkind = \"webhook\"\nname = \"city\"\nurl = \"https://sms.city.example\"\n";
    std::fs::write(path("open-secret.toml"), format!("{webhook}secret_file = \"open-apps.toml\"\n")).expect("written");
    std::fs::write(path("no-secret.toml"), format!("{webhook}secret_env = \"NOT_SET_ANYWHERE\"\n")).expect("written");
    for (name, value, says) in [
        ("PORT", "eighty", "PORT"),
        ("PORT", "70000", "PORT"),
        ("HOST", "nowhere", "HOST"),
        ("YIZHEN_DEMO", "perhaps", "YIZHEN_DEMO"),
        ("YIZHEN_LIMITS", "off", "YIZHEN_LIMITS"),
        ("YIZHEN_DEMO_CLOCK", "2026-11-23T08:00:00+08:00", "YIZHEN_DEMO_CLOCK"),
        ("SECURE_COOKIES", "sometimes", "SECURE_COOKIES"),
        ("PUBLIC_ORIGIN", "yizhen.example/path", "PUBLIC_ORIGIN"),
        ("HSTS_DAYS", "-1", "hsts-days"),
        ("FRAME_HOSTS", "*", "FRAME_HOSTS"),
        ("FRAME_HOSTS", "https://a.example; script-src *", "FRAME_HOSTS"),
        ("TRUSTED_PROXIES", "10.0.0.1, nginx", "TRUSTED_PROXIES"),
        ("TRUSTED_PROXIES", "0.0.0.0/0", "TRUSTED_PROXIES"),
        ("SESSION_DAYS", "0", "session-days"),
        ("SESSION_IDLE_DAYS", "31", "SESSION_IDLE_DAYS"),
        ("STAFF_SESSION_IDLE_MINUTES", "1", "staff-session-idle-minutes"),
        ("STAFF_SESSION_HOURS", "1", "STAFF_SESSION_IDLE_MINUTES"),
        ("STAFF_LOCK_MINUTES", "-1", "staff-lock-minutes"),
        ("STAFF_LOCK_MINUTES", "1000", "staff-lock-minutes"),
        ("STAFF_SECOND_FACTOR", "everybody", "staff-second-factor"),
        ("HOST_APPS", "nowhere.toml", "HOST_APPS"),
        ("HOST_APPS", "no-apps.toml", "names no app"),
        ("HOST_APPS", "open-apps.toml", "chmod 600"),
        ("GATEWAYS_FILE", "nowhere.toml", "GATEWAYS_FILE nowhere.toml: it cannot be read"),
        ("GATEWAYS_FILE", "no-apps.toml", "`gateway` is missing"),
        ("GATEWAYS_FILE", "open-secret.toml", "`gateway[0].secret_file` names open-apps.toml: every user"),
        ("GATEWAYS_FILE", "no-secret.toml", "`gateway[0].secret_env` names a variable of the environment that is not set"),
        ("WECHAT_APP_ID", "wx0123456789abcdef", "PUBLIC_ORIGIN"),
        ("WECHAT_SECRET_FILE", "nowhere", "WECHAT_APP_ID"),
        ("WECHAT_API_URL", "api.weixin.qq.com", "https://"),
        ("LOG", "===", "LOG"),
        ("LOG_FORMAT", "xml", "LOG_FORMAT"),
        ("LIMIT_QUEUE", "0", "limit-queue"),
        ("LIMIT_CODES_A_DAY", "-1", "limit-codes-a-day"),
        ("LIMIT_CODES_A_DEVICE", "0", "limit-codes-a-device"),
        ("LIMIT_TRIES_AN_ADDRESS", "many", "limit-tries-an-address"),
        ("DATABASE_URL", "mysql://localhost/x", "DATABASE_URL"),
        ("CITY_FILE", "nowhere.toml", "nowhere.toml"),
        ("CITY_FILE", "no-city.toml", "no-city.toml"),
        ("PAGES_DIR", "nowhere", "PAGES_DIR"),
        ("YIZHEN_CONFIG", "nowhere.toml", "nowhere.toml"),
        ("YIZHEN_CONFIG", "wrong-key.toml", "prot"),
        ("YIZHEN_CONFIG", "wrong-value.toml", "STOP_WITHIN_S"),
        ("YIZHEN_CONFIG", "no-toml.toml", "line 2"),
    ] {
        let line = refused(with_env(folder.path(), &["serve"], &[("PORT", "0"), (name, value)]));
        assert!(line.contains(says), "{name}={value}: {line}");
    }
    let line = refused(yizhen(folder.path(), &["serve", "--no-such-flag"]));
    assert!(line.contains("--no-such-flag"), "{line}");
}

#[test]
fn a_port_that_is_taken_stops_the_start_and_touches_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let line = refused(with_env(folder.path(), &["serve", "--port", &port], &[("YIZHEN_DEMO", "1")]));
    assert!(line.contains(&port) && line.contains("PORT"), "{line}");
    assert!(!folder.path().join("data").exists());
}

#[test]
fn a_data_directory_that_cannot_be_written_stops_the_start() {
    let folder = tempfile::tempdir().expect("a folder");
    // a file in its place stops every user, root too
    std::fs::write(folder.path().join("data"), "a file").expect("written");
    let line = refused(yizhen(folder.path(), &["serve", "--port", "0"]));
    assert!(line.contains("data") && line.contains("DATA_DIR"), "{line}");
}

#[test]
fn a_database_that_does_not_answer_or_is_none_stops_the_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let closed = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    let url = format!("postgres://nobody:hidden-password@127.0.0.1:{closed}/none");
    let line = refused(with_env(folder.path(), &["serve", "--port", "0"], &[("DATABASE_URL", &url)]));
    assert!(line.contains("database") && !line.contains("hidden-password"), "{line}");

    std::fs::write(folder.path().join("other.db"), "this is no database, only a text of some length ".repeat(100))
        .expect("written");
    let url = format!("sqlite://{}", folder.path().join("other.db").display());
    let line = refused(with_env(folder.path(), &["serve", "--port", "0"], &[("DATABASE_URL", &url)]));
    assert!(line.contains("database"), "{line}");
}

#[test]
fn a_newer_database_stops_the_start() {
    let folder = tempfile::tempdir().expect("a folder");
    done(yizhen(folder.path(), &["migrate"]));
    let url = format!("sqlite://{}", folder.path().join("data/yizhen.db").display());
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        use sea_orm::ConnectionTrait;
        let database = sea_orm::Database::connect(&url).await.expect("it opens");
        let newer = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_from_the_future', 0)";
        database.execute_unprepared(newer).await.expect("written");
        database.close().await.expect("closed");
    });
    for command in [&["serve", "--port", "0"][..], &["migrate"]] {
        let line = refused(yizhen(folder.path(), command));
        assert!(line.contains("newer") && line.contains("m9999_from_the_future"), "{line}");
    }
}

#[test]
fn the_wrong_keys_stop_the_start() {
    let folder = tempfile::tempdir().expect("a folder");
    done(yizhen(folder.path(), &["seed", "--demo"]));
    std::fs::remove_file(folder.path().join("data/keys.toml")).expect("removed");
    let line = refused(yizhen(folder.path(), &["serve", "--port", "0"]));
    assert!(line.contains("keys.toml"), "{line}");
    done(yizhen(folder.path(), &["keys", "new"]));
    let line = refused(yizhen(folder.path(), &["serve", "--port", "0"]));
    assert!(line.contains("key file") && line.contains("does not belong"), "{line}");
}

#[test]
fn a_demo_gets_its_multitude_once_and_says_how_far_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let line = refused(yizhen(folder.path(), &["seed", "--people", "60"]));
    assert!(line.contains("--demo"), "{line}");
    let line = refused(yizhen(folder.path(), &["seed", "--demo", "--bookings", "60"]));
    assert!(line.contains("--people"), "{line}");
    let line = refused(yizhen(folder.path(), &["seed", "--demo", "--people", "60", "--bookings", "181"]));
    assert!(line.contains("at most 180 bookings"), "{line}");

    let Output { status, stdout, stderr } =
        output(yizhen(folder.path(), &["seed", "--demo", "--people", "60", "--bookings", "150"]));
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{stderr}");
    assert!(stdout.contains("60 people and 150 bookings") && stdout.contains("Sign-in"), "{stdout}");
    assert!(stderr.contains("150 of 150 bookings") && stderr.contains("index 1 of"), "{stderr}");

    let line = refused(yizhen(folder.path(), &["seed", "--demo", "--people", "60"]));
    assert!(line.contains("60 people, 150 bookings"), "{line}");
    done(yizhen(folder.path(), &["seed", "--demo"]));
}

#[test]
fn keys_are_made_once_and_never_overwritten() {
    let folder = tempfile::tempdir().expect("a folder");
    assert!(done(yizhen(folder.path(), &["keys", "new"])).contains("keys.toml"));
    let before = std::fs::read(folder.path().join("data/keys.toml")).expect("read");
    refused(yizhen(folder.path(), &["keys", "new"]));
    assert!(std::fs::read(folder.path().join("data/keys.toml")).expect("read") == before);
}

#[test]
fn a_member_of_staff_is_added_with_a_password_from_standard_input() {
    let folder = tempfile::tempdir().expect("a folder");
    let add = |role: &str, password: &str| {
        let mut child = yizhen(folder.path(), &["staff", "add", "--username", "li.na", "--name", "李娜", "--role", role])
            .stdin(Stdio::piped())
            .spawn()
            .expect("it runs");
        child.stdin.take().expect("an input").write_all(format!("{password}\n").as_bytes()).expect("written");
        child.wait_with_output().expect("it ends")
    };
    for (role, password) in [("office", "short"), ("office", ""), ("nurse", "long enough, but no site")] {
        let output = add(role, password);
        assert!(!output.status.success(), "{role} {password}");
        assert_eq!(String::from_utf8_lossy(&output.stderr).lines().count(), 1);
    }
    let output = add("office", "long enough a password");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!String::from_utf8_lossy(&output.stdout).contains("long enough"));
}

/// `yizhen staff …`, with a password on its standard input.
fn staff(folder: &Path, args: &[&str], password: &str) -> Output {
    let mut child = yizhen(folder, &[&["staff"], args].concat()).stdin(Stdio::piped()).spawn().expect("it runs");
    // one that refuses what it was told may not wait for a password
    let _ = child.stdin.take().expect("an input").write_all(format!("{password}\n").as_bytes());
    child.wait_with_output().expect("it ends")
}

#[test]
fn members_of_staff_are_added_listed_reset_and_disabled_beside_a_service_and_a_lost_tablet_is_signed_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut child, base) = demo(folder.path());
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let client = reqwest::Client::builder().cookie_store(true).build().expect("a client");
    let call = |path: &str, body: serde_json::Value| {
        let request = client.post(format!("{base}/api/staff/{path}")).json(&body);
        runtime.block_on(async {
            let answer = request.send().await.expect("an answer");
            (answer.status().as_u16(), answer.json::<serde_json::Value>().await.expect("JSON"))
        })
    };
    let sign_in = |password: &str| call("sign_in", serde_json::json!({ "username": "li.na", "password": password }));
    let me = || call("me", serde_json::json!({})).0;

    let add = ["add", "--username", "li.na", "--name", "李娜", "--role", "nurse", "--site", "nowhere"];
    assert!(!staff(folder.path(), &add, "long enough a password").status.success(), "there is no such site");
    let sites = site_names(&runtime, &base);
    let add = ["add", "--username", "li.na", "--name", "李娜", "--role", "nurse", "--site", &sites[0], "--site", &sites[1]];
    let output = staff(folder.path(), &add, "long enough a password");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (status, told) = sign_in("long enough a password");
    assert_eq!((status, told["staff"]["sites"].as_array().map(Vec::len)), (200, Some(2)), "{told}");
    assert!(told["staff"]["site_id"].is_null());

    let list = done(yizhen(folder.path(), &["staff", "list"]));
    let line = list.lines().find(|line| line.starts_with("li.na")).expect("listed");
    for part in ["李娜", "nurse", &sites[0], &sites[1], "no second factor", "last signed in 20"] {
        assert!(line.contains(part), "{part}: {line}");
    }
    assert!(list.contains("manager · ") && !line.contains("disabled"), "{list}");

    assert_eq!(done(yizhen(folder.path(), &["staff", "sign-out", "--username", "li.na"])).trim(), "1 session ended.");
    assert_eq!(me(), 401);
    assert_eq!(sign_in("long enough a password").0, 200);
    assert_eq!(done(yizhen(folder.path(), &["staff", "sign-out", "--site", &sites[1]])).trim(), "1 session ended.");
    assert_eq!(me(), 401);
    assert_eq!(sign_in("long enough a password").0, 200);
    let said = done(yizhen(folder.path(), &["staff", "reset", "--username", "li.na", "--generate-password"]));
    let drawn = said.lines().find_map(|line| line.strip_prefix("Password  ")).expect("printed").split_whitespace().next();
    assert_eq!((me(), sign_in("long enough a password").0), (401, 401));
    assert_eq!(sign_in(drawn.expect("a password")).0, 200);
    assert!(!done(yizhen(folder.path(), &["staff", "list"])).contains(drawn.expect("a password")));
    done(yizhen(folder.path(), &["staff", "disable", "--username", "li.na"]));
    assert_eq!((me(), sign_in(drawn.expect("a password")).0), (401, 401));
    assert!(
        done(yizhen(folder.path(), &["staff", "list"])).lines().any(|line| line.starts_with("li.na") && line.ends_with("disabled"))
    );
    done(yizhen(folder.path(), &["staff", "enable", "--username", "li.na"]));
    assert_eq!(sign_in(drawn.expect("a password")).0, 200);

    for wrong in [
        &["staff", "sign-out"][..],
        &["staff", "sign-out", "--username", "li.na", "--site", &sites[0]],
        &["staff", "sign-out", "--site", "nowhere"],
        &["staff", "disable", "--username", "nobody"],
        &["staff", "reset", "--username", "nobody", "--generate-password"],
    ] {
        refused(yizhen(folder.path(), wrong));
    }
    terminate(&child);
    assert!(child.wait().expect("it ends").success());
}

fn site_names(runtime: &tokio::runtime::Runtime, base: &str) -> Vec<String> {
    let overview =
        runtime.block_on(async { reqwest::get(format!("{base}/availability")).await?.json::<serde_json::Value>().await });
    let sites = overview.expect("JSON")["sites"].as_array().expect("sites").clone();
    sites.iter().map(|site| site["name"].as_str().expect("a name").to_owned()).collect()
}

#[test]
fn the_settings_file_counts_less_than_the_environment_and_that_less_than_a_flag() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("yizhen.toml"), "data_dir = \"from-file\"\nlog = \"error\"\nport = 0\n").expect("written");
    let keys_new = |flags: &[&str], env: Option<&str>| {
        let mut command = yizhen(folder.path(), &[&["keys", "new", "--config", "yizhen.toml"], flags].concat());
        command.env_remove("DATA_DIR");
        if let Some(directory) = env {
            command.env("DATA_DIR", directory);
        }
        done(command)
    };
    assert!(keys_new(&[], None).contains("from-file"));
    assert!(keys_new(&[], Some("from-env")).contains("from-env"));
    assert!(keys_new(&["--data-dir", "from-flag"], Some("from-env")).contains("from-flag"));
}

#[test]
fn help_lists_every_setting_of_the_service() {
    let folder = tempfile::tempdir().expect("a folder");
    let help = done(yizhen(folder.path(), &["serve", "--help"]));
    for setting in [
        "PORT",
        "HOST",
        "DATABASE_URL",
        "DATA_DIR",
        "YIZHEN_DEMO",
        "YIZHEN_DEMO_PASSWORD",
        "YIZHEN_DEMO_CLOCK",
        "YIZHEN_LIMITS",
        "CITY_FILE",
        "GATEWAYS_FILE",
        "PAGES_DIR",
        "SECURE_COOKIES",
        "HSTS_DAYS",
        "FRAME_HOSTS",
        "TRUSTED_PROXIES",
        "SESSION_IDLE_DAYS",
        "SESSION_DAYS",
        "STAFF_SESSION_IDLE_MINUTES",
        "STAFF_SESSION_HOURS",
        "STAFF_LOCK_MINUTES",
        "STAFF_SECOND_FACTOR",
        "LOG",
        "SENSITIVE_CONSENT",
        "KEEP_FINISHED_DAYS",
        "KEEP_MESSAGES_DAYS",
        "KEEP_REQUESTS_DAYS",
        "LOG_FORMAT",
        "YIZHEN_CONFIG",
        "LIMIT_CODES_A_DEVICE",
        "LIMIT_CODES_AN_ADDRESS",
        "LIMIT_TRIES_A_DEVICE",
        "LIMIT_TRIES_AN_ADDRESS",
        "LIMIT_LOOK_UPS",
        "LIMIT_REVEALS",
        "LIMIT_QUEUE",
        "LIMIT_CONNECTIONS",
        "LIMIT_STAFF_AT_ONCE",
        "STOP_WITHIN_S",
        "KEYS_FILE",
        "KEYS_COMMAND",
    ] {
        assert!(help.contains(&format!("[env: {setting}]")), "{setting}");
    }
}

#[test]
fn settings_that_would_forget_too_soon_or_ask_too_little_stop_the_start() {
    let folder = tempfile::tempdir().expect("a folder");
    for (flags, part) in [
        (["serve", "--port", "0", "--keep-finished-days", "10"].as_slice(), "KEEP_FINISHED_DAYS is 10"),
        (&["serve", "--port", "0", "--keep-messages-days", "0"], "--keep-messages-days"),
        (&["serve", "--port", "0", "--sensitive-consent", "asked"], "SENSITIVE_CONSENT=asked is for the demo only"),
        (&["serve", "--port", "0", "--sensitive-consent", "never"], "--sensitive-consent"),
    ] {
        let line = refused(yizhen(folder.path(), flags));
        assert!(line.contains(part), "{line}");
    }
}

#[test]
fn a_demo_says_where_to_go_and_ends_well_when_it_is_told_to() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut child = yizhen(folder.path(), &["serve", "--port", "0"]).env("YIZHEN_DEMO", "1").spawn().expect("it runs");
    let lines: Vec<String> =
        BufReader::new(child.stdout.take().expect("an output")).lines().take(5).collect::<Result<_, _>>().expect("text");
    let said = lines.join("\n");
    for part in ["一针永州", "http://127.0.0.1:", "/staff", "/demo/messages", "nurse, manager, office"] {
        assert!(said.contains(part), "{part} in {said}");
    }
    terminate(&child);
    let status = child.wait().expect("it ends");
    assert!(status.success(), "{status}");
}

#[test]
fn a_ledger_that_balances_is_counted_also_beside_a_service() {
    let folder = tempfile::tempdir().expect("a folder");
    let line = refused(yizhen(folder.path(), &["ledger", "check"]));
    assert!(line.contains("yizhen.db does not exist"), "{line}");
    assert!(!folder.path().join("data").exists(), "nothing is made");

    let (mut child, _) = demo(folder.path());
    let said = done(yizhen(folder.path(), &["ledger", "check"]));
    for part in ["slots with", "places", "taken", "free", "bookings:", "redeemed", "requests", "messages"] {
        assert!(said.contains(part), "{part} in {said}");
    }
    assert!(said.ends_with("The ledger balances.\n"), "{said}");
    terminate(&child);
    assert!(child.wait().expect("it ends").success());
}

#[test]
fn a_ledger_that_does_not_balance_names_the_row_and_keeps_a_service_from_being_ready() {
    let folder = tempfile::tempdir().expect("a folder");
    done(yizhen(folder.path(), &["seed", "--demo"]));
    let url = format!("sqlite://{}", folder.path().join("data/yizhen.db").display());
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (slot, taken): (domain::Uuid, i32) = runtime.block_on(async {
        use sea_orm::{ConnectionTrait, Statement};
        let database = sea_orm::Database::connect(&url).await.expect("it opens");
        // on the last day, which is still to come when midnight falls into this test
        let one_more = "UPDATE slots SET taken = taken + 1 WHERE id = \
                        (SELECT id FROM slots WHERE taken < capacity ORDER BY date DESC LIMIT 1) RETURNING id, taken";
        let statement = Statement::from_string(database.get_database_backend(), one_more);
        let row = database.query_one_raw(statement).await.expect("written").expect("a window with places");
        let named = (row.try_get("", "id").expect("an id"), row.try_get("", "taken").expect("a number"));
        database.close().await.expect("closed");
        named
    });
    let named = format!("slots {slot}: expected {} taken, found {taken} taken", taken - 1);

    let Output { status, stdout, stderr } = output(yizhen(folder.path(), &["ledger", "check"]));
    let (stdout, stderr) = (String::from_utf8(stdout).expect("text"), String::from_utf8(stderr).expect("text"));
    assert!(!status.success());
    assert!(stdout.lines().any(|line| line.trim() == named), "{named} in {stdout}");
    assert!(
        stderr.starts_with("yizhen: ") && stderr.contains("does not balance: 1 row") && stderr.lines().count() == 1,
        "{stderr}"
    );

    let (mut child, base) = demo(folder.path());
    // a large ledger is proved beside the first requests
    let found_out = async {
        loop {
            let answer = reqwest::get(format!("{base}/readyz")).await.expect("an answer");
            if !answer.status().is_success() {
                return (answer.status(), answer.text().await.expect("a body"));
            }
        }
    };
    let found_out = runtime.block_on(async { tokio::time::timeout(Duration::from_secs(60), found_out).await });
    let (status, text) = found_out.expect("it is found out within a minute");
    assert_eq!(status, reqwest::StatusCode::SERVICE_UNAVAILABLE);
    assert!(text.contains("the ledger does not balance"), "{text}");
    let metrics = runtime.block_on(async { reqwest::get(format!("{base}/metrics")).await?.text().await }).expect("an answer");
    assert!(metrics.lines().any(|line| line == "yizhen_ready 0"), "{metrics}");
    terminate(&child);
    assert!(child.wait().expect("it ends").success());
    let mut log = String::new();
    std::io::Read::read_to_string(&mut child.stderr.take().expect("a log"), &mut log).expect("text");
    assert!(log.contains("the ledger does not balance") && log.contains(&slot.to_string()), "{log}");
}

#[test]
fn an_audit_as_it_was_written_is_counted_beside_a_service_and_a_changed_row_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let line = refused(yizhen(folder.path(), &["audit", "verify"]));
    assert!(line.contains("keys.toml"), "{line}");
    assert!(!folder.path().join("data").exists(), "nothing is made");

    let (mut child, base) = demo(folder.path());
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let refused_sign_in = serde_json::json!({ "username": "13822223333", "password": "wrong" });
    let status = runtime.block_on(async {
        let asked = reqwest::Client::new().post(format!("{base}/api/staff/sign_in")).json(&refused_sign_in).send();
        asked.await.expect("an answer").status()
    });
    assert_eq!(status, reqwest::StatusCode::UNAUTHORIZED);
    let said = done(yizhen(folder.path(), &["audit", "verify"]));
    for part in ["rows in", "links of", "waiting for their link", "Before the chain: 0 rows", "checkpoints"] {
        assert!(said.contains(part), "{part} in {said}");
    }
    assert!(said.ends_with("The audit is as it was written.\n"), "{said}");
    terminate(&child);
    assert!(child.wait().expect("it ends").success());
    let said = done(yizhen(folder.path(), &["audit", "verify"]));
    assert!(said.contains(" 0 waiting for their link"), "{said}");

    let url = format!("sqlite://{}", folder.path().join("data/yizhen.db").display());
    let id: domain::Uuid = runtime.block_on(async {
        use sea_orm::{ConnectionTrait, Statement};
        let database = sea_orm::Database::connect(&url).await.expect("it opens");
        // from where it came, as it stands in the row: of somebody without a session the network
        let change =
            "UPDATE audit SET origin = '10.0.0.0/24' WHERE outcome = 'sign_in_required' AND origin = '127.0.0.0/24' RETURNING id";
        let row = database.query_one_raw(Statement::from_string(database.get_database_backend(), change)).await;
        let id = row.expect("written").expect("the refused sign-in").try_get("", "id").expect("an id");
        database.close().await.expect("closed");
        id
    });
    let Output { status, stdout, stderr } = output(yizhen(folder.path(), &["audit", "verify"]));
    let (stdout, stderr) = (String::from_utf8(stdout).expect("text"), String::from_utf8(stderr).expect("text"));
    assert_eq!(status.code(), Some(1));
    assert!(stdout.contains(&format!("Broken: row {id}: changed")), "{stdout}");
    assert!(stderr.starts_with("yizhen: ") && stderr.contains("1 finding") && stderr.lines().count() == 1, "{stderr}");

    // checkpoints elsewhere, and none to be found there
    let elsewhere = folder.path().join("elsewhere").display().to_string();
    let Output { status, stdout, .. } = output(yizhen(folder.path(), &["audit", "verify", "--audit-dir", &elsewhere]));
    assert!(!status.success() && String::from_utf8_lossy(&stdout).contains("checkpoints: none"));
}

/// A demo that serves, and where.
fn demo(folder: &Path) -> (Child, String) {
    let mut child = yizhen(folder, &["serve", "--port", "0"]).env("YIZHEN_DEMO", "1").spawn().expect("it runs");
    let mut lines = BufReader::new(child.stdout.take().expect("an output")).lines();
    let line = lines.find_map(|line| line.ok().filter(|line| line.contains("Citizens"))).expect("it says where");
    let base = line.split_whitespace().last().expect("an address").trim_end_matches('/').to_owned();
    (child, base)
}

pub(crate) fn terminate(child: &Child) {
    let killed = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().expect("kill runs");
    assert!(killed.success());
}

/// The keys of an installation, as they stand in its key file.
fn secrets(text: &str) -> Vec<&str> {
    text.lines().filter_map(|line| line.split_once(" = \"")?.1.strip_suffix('"')).filter(|value| value.len() > 24).collect()
}

#[test]
fn keys_come_from_one_place_and_stand_in_no_output() {
    let folder = tempfile::tempdir().expect("a folder");
    done(yizhen(folder.path(), &["seed", "--demo"]));
    let path = folder.path().join("data/keys.toml");
    let text = std::fs::read_to_string(&path).expect("read");
    std::fs::rename(&path, folder.path().join("elsewhere.toml")).expect("moved");
    refused(yizhen(folder.path(), &["keys", "list"]));
    let ways = [("KEYS_FILE", "elsewhere.toml"), ("KEYS_COMMAND", "cat elsewhere.toml"), ("VAULT_KEYS", text.as_str())];
    for way in ways {
        let said = done(with_env(folder.path(), &["keys", "list"], &[way]));
        assert!(said.starts_with("version 1: AES-256-GCM, seals, "), "{said}");
        done(with_env(folder.path(), &["seed", "--demo"], &[way]));
        for other in ways.into_iter().filter(|other| *other != way) {
            let line = refused(with_env(folder.path(), &["serve", "--port", "0"], &[way, other]));
            assert!(line.contains("set one of them") && secrets(&text).iter().all(|key| !line.contains(key)), "{line}");
        }
    }
    assert_eq!(secrets(&text).len(), 4);
    for wrong in [text.replacen("[pass]", "[pas]", 1), text.replacen('=', "", 1), text.replace("1 = \"", "1 = \"!")] {
        let tells_all = [("VAULT_KEYS", wrong.as_str()), ("LOG", "trace")];
        let Output { status, stdout, stderr } = output(with_env(folder.path(), &["serve", "--port", "0"], &tells_all));
        let said = String::from_utf8_lossy(&[stdout, stderr].concat()).into_owned();
        assert!(!status.success() && said.contains("VAULT_KEYS") && secrets(&text).iter().all(|key| !said.contains(key)), "{said}");
    }
    for command in [&["keys", "new"][..], &["keys", "rotate"]] {
        let line = refused(with_env(folder.path(), command, &[("KEYS_COMMAND", "cat elsewhere.toml")]));
        assert!(line.contains("KEYS_COMMAND") && line.contains("KEYS_FILE"), "{line}");
    }
    assert!(!path.exists(), "no other keys are made");
}

#[test]
fn a_running_service_seals_everything_anew_and_the_old_key_is_forgotten() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("data/keys.toml");
    let (mut child, _) = demo(folder.path());
    let run = |args: &[&str]| done(yizhen(folder.path(), &[&["keys"], args].concat()));
    assert!(run(&["list"]).starts_with("version 1: AES-256-GCM, seals, "));
    let line = refused(yizhen(folder.path(), &["keys", "rotate", "--notice", "1"]));
    assert!(line.contains("notice"), "{line}");
    assert!(run(&["rotate", "--suite", "sm"]).starts_with("Version 2 is in "));
    assert!(run(&["list"]).contains("version 2: SM4-GCM, seals from "));
    for version in ["1", "2", "3"] {
        refused(yizhen(folder.path(), &["keys", "forget", version]));
    }
    // its time has come
    let text = std::fs::read_to_string(&path).expect("read");
    let (before, after) = text.split_once("[seals_from]\n2 = \"").expect("a time");
    let rest = after.split_once('"').expect("its end").1;
    std::fs::write(&path, format!("{before}[seals_from]\n2 = \"2020-01-01T00:00:00Z\"{rest}")).expect("written");

    let began = std::time::Instant::now();
    while !run(&["list"]).contains("version 1: AES-256-GCM, opens, 0 values") {
        assert!(began.elapsed() < Duration::from_secs(120), "{}", run(&["list"]));
    }
    assert!(run(&["forget", "1"]).starts_with("Version 1 is no longer in "));
    assert!(run(&["list"]).starts_with("version 2: SM4-GCM, seals, "));
    terminate(&child);
    assert!(child.wait().expect("it ends").success());
    let mut log = String::new();
    std::io::Read::read_to_string(&mut child.stderr.take().expect("a log"), &mut log).expect("text");
    assert_eq!(log, "", "nothing failed");
    done(yizhen(folder.path(), &["seed", "--demo"]));
}

#[test]
fn a_pass_key_is_added_beside_a_service_and_the_old_one_forgotten_when_nobody_can_come_with_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("data/keys.toml");
    let (mut child, _) = demo(folder.path());
    let run = |args: &[&str]| done(yizhen(folder.path(), &[&["keys"], args].concat()));
    let no = |args: &[&str]| refused(yizhen(folder.path(), &[&["keys"], args].concat()));
    assert!(run(&["list"]).ends_with("pass key 1: Ed25519, signs\n"));
    assert!(no(&["new", "pass", "--notice", "1"]).contains("notice"));
    assert!(run(&["new", "pass"]).starts_with("Pass key 2 is in "));
    assert!(no(&["new", "pass"]).contains("does not sign yet"));
    assert!(run(&["list"]).contains("pass key 1: Ed25519, signs\npass key 2: Ed25519, signs from "));
    for id in ["1", "2", "3"] {
        no(&["forget", "pass", id]);
    }
    // its time has come, and the demo's people have booked before
    let text = std::fs::read_to_string(&path).expect("read");
    let (before, after) = text.split_once("[pass_signs_from]\n2 = \"").expect("a time");
    let rest = after.split_once('"').expect("its end").1;
    let in_use = |time: &str| std::fs::write(&path, format!("{before}[pass_signs_from]\n2 = \"{time}\"{rest}")).expect("written");
    in_use("2020-01-01T00:00:00Z");
    assert!(run(&["list"]).contains("pass key 1: Ed25519, verifies\npass key 2: Ed25519, signs"));
    assert!(run(&["forget", "pass", "1"]).starts_with("Pass key 1 is no longer in "), "nobody had booked in 2020");
    std::fs::write(&path, &text).expect("written");
    in_use(&domain::time::Clock::now(&engine::clock::SystemClock).to_rfc3339());
    assert!(no(&["forget", "pass", "1"]).contains("people who wait may have a pass of key 1"), "the demo's people have");
    assert!(no(&["forget", "pass", "1", "--leaked"]).contains("wait a minute"));
    terminate(&child);
    assert!(child.wait().expect("it ends").success());
    let mut log = String::new();
    std::io::Read::read_to_string(&mut child.stderr.take().expect("a log"), &mut log).expect("text");
    assert_eq!(log, "", "nothing failed");
}
