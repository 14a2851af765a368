//! A planted person is searched for in everything that the real program leaves behind: database, its log, keys, checkpoints, what it wrote
//! to standard error with every log line switched on, and the metrics.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::command::terminate;
use crate::support::{MORNING, PASSWORD, TODAY, Visitor, text};

const NAME: &str = "欧阳种植";
const NUMBER: &str = "432901195708170647";
const PHONE: &str = "13711223344";
const ACCOUNT: &str = "13987654321";
const ADDRESS: &str = "种植巷七十七号";

/// The service, with all that it says going to files.
struct Program {
    child: Child,
    base: String,
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Program {
    fn start(folder: &Path) -> Self {
        let file = |name: &str| File::options().create(true).append(true).open(folder.join(name)).expect("a file");
        let mut child = Command::new(env!("CARGO_BIN_EXE_yizhen"))
            .env_clear()
            .args(["serve", "--demo=on", "--port", "0", "--demo-password", PASSWORD, "--demo-clock", MORNING])
            .args(["--log", "trace", "--log-format", "json", "--data-dir"])
            .arg(folder.join("data"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(file("log"))
            .spawn()
            .expect("it starts");
        let mut lines = BufReader::new(child.stdout.take().expect("an output")).lines();
        let line = lines.find_map(|line| line.ok().filter(|line| line.contains("Citizens"))).expect("it says where");
        let base = line.split_whitespace().last().expect("where it serves").trim_end_matches('/').to_owned();
        Self { child, base }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_planted_person_is_nowhere_in_the_clear_after_a_whole_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut program = Program::start(folder.path());
    let (citizen, nurse, manager) = (Visitor::at(&program.base), Visitor::at(&program.base), Visitor::at(&program.base));

    citizen.sign_in(ACCOUNT).await;
    let person = json!({
        "relation": "other", "name": NAME, "phone": PHONE, "county": "431103", "address": ADDRESS,
        "document": { "kind": "resident_id", "number": NUMBER },
    });
    let person_id = text(&citizen.must("people/save", json!({ "person": person })).await["person"]["id"]);
    citizen.must("people/list", json!({})).await;
    let staff = nurse.must("staff/sign_in", json!({ "username": "nurse", "password": PASSWORD })).await;
    manager.must("staff/sign_in", json!({ "username": "manager", "password": PASSWORD })).await;
    let site_id = text(&staff["staff"]["site_id"]);
    let slot_id = citizen.open_slot(&site_id, TODAY).await;
    let (status, reserved) = citizen.reserve(1, &person_id, &slot_id).await;
    assert_eq!(status, StatusCode::OK, "{reserved}");
    let code = text(&reserved["booking"]["code"]);
    citizen.must("bookings/show", json!({ "code": code })).await;
    nurse.must("checkin/look_up", json!({ "code": code })).await;
    nurse.must("checkin/roster", json!({ "site_id": site_id, "date": TODAY })).await;
    nurse.must("checkin/redeem", json!({ "code": code, "nonce": domain::Uuid::from_u128(7) })).await;
    for what in ["document", "phone", "address"] {
        let reveal = json!({ "code": code, "what": what, "reason": "identity" });
        let shown = text(&manager.must("checkin/reveal", reveal).await["value"]);
        assert!([NUMBER, PHONE, ADDRESS].contains(&shown.as_str()), "{what}: {shown}");
    }
    manager.must("checkin/undo", json!({ "code": code, "reason": "扫错了人" })).await;
    citizen.must("bookings/cancel", json!({ "code": code })).await;

    provoke(&citizen).await;
    let metrics = citizen.get("/metrics").send().await.expect("an answer").text().await.expect("text");
    assert!(metrics.contains("yizhen_http_requests_total"));
    assert_nowhere("metrics", metrics.as_bytes());

    // as it lies there in the middle, and as it lies there after another start and an orderly stop
    program.child.kill().expect("killed");
    program.child.wait().expect("it ends");
    search(folder.path(), &code);
    let mut program = Program::start(folder.path());
    Visitor::at(&program.base).sign_in(PHONE).await;
    terminate(&program.child);
    assert!(program.child.wait().expect("it ends").success());
    search(folder.path(), &code);
}

/// Puts what is secret wherever a caller can, so that refusals, warnings and counters have something to leak.
async fn provoke(caller: &Visitor) {
    let everything = format!("{NAME} {NUMBER} {PHONE} {ADDRESS}");
    for name in [
        "people/save",
        "bookings/reserve",
        "bookings/show",
        "checkin/look_up",
        "staff/sign_in",
        "accounts/sign_in",
        "nothing/there",
    ] {
        for body in [
            json!({ "person": { "name": NAME, "phone": PHONE, "address": ADDRESS, "document": { "kind": "resident_id", "number": NUMBER } } }),
            json!({ "code": NUMBER, "phone": PHONE, "username": PHONE, "password": NUMBER, "otp": NUMBER, "pass": everything }),
            json!({ "phone": ACCOUNT, "code": "000000", "person": everything }),
            json!(everything),
        ] {
            let (status, refused) = caller.call(name, body).await;
            assert!(status.is_client_error(), "{name}: {status} {refused}");
            let said = refused.to_string();
            assert!(![NAME, NUMBER, PHONE, ADDRESS].iter().any(|secret| said.contains(secret)), "{name} says it again: {said}");
        }
        let broken = caller.request(Method::POST, &format!("/api/{name}?number={NUMBER}&phone={PHONE}"));
        let broken = broken.header("content-type", "application/json").body(format!("{{\"person\": \"{everything}"));
        assert!(broken.send().await.expect("an answer").status().is_client_error());
    }
    for path in [
        format!("/availability/{NUMBER}"),
        format!("/availability/feed?site={PHONE}"),
        format!("/demo/messages?phone={ACCOUNT}"),
        format!("/{PHONE}?name={NAME}&number={NUMBER}"),
        format!("/bookings/{NUMBER}"),
        format!("/api/people/{NUMBER}"),
    ] {
        let asked =
            caller.get(&path).header("user-agent", format!("{NUMBER} {PHONE}")).header("referer", format!("http://x/{NUMBER}"));
        let asked =
            asked.header("x-forwarded-for", PHONE).header("last-event-id", NUMBER).header("origin", format!("http://{PHONE}"));
        drop(asked.send().await.expect("an answer"));
    }
    let elsewhere = caller.request(Method::POST, "/api/people/save").header("origin", format!("https://{PHONE}.example"));
    assert_eq!(elsewhere.json(&json!({ "person": everything })).send().await.expect("an answer").status(), StatusCode::FORBIDDEN);
}

/// Looks through every file that the program has written.
fn search(folder: &Path, code: &str) {
    let (mut folders, mut files, mut found_code) = (vec![folder.to_owned()], 0, false);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).expect("a file");
            assert_nowhere(&path.display().to_string(), &bytes);
            found_code |= contains(&bytes, code.as_bytes());
            files += 1;
        }
    }
    // the search finds what is there, so what it does not find is not
    assert!(files >= 3 && found_code, "{files} files were searched");
    let log = std::fs::read_to_string(folder.join("log")).expect("the log");
    let answered = log.lines().filter(|line| line.contains("\"answered\"")).count();
    assert!(answered > 50, "the log says too little to be worth searching: {answered} answers");
}

fn assert_nowhere(place: &str, bytes: &[u8]) {
    for secret in [NAME, NUMBER, &NUMBER[6..], PHONE, ACCOUNT, ADDRESS, PASSWORD, "欧***植", "欧**植"] {
        for (form, needle) in forms(secret) {
            let at = bytes.windows(needle.len()).position(|window| window == needle);
            let around =
                |at: usize| String::from_utf8_lossy(&bytes[at.saturating_sub(200)..bytes.len().min(at + 100)]).into_owned();
            assert!(at.is_none(), "{place}: {secret} stands there as {form}: …{}…", at.map(around).unwrap_or_default());
        }
    }
}

/// A text as files and logs may hold it.
fn forms(text: &str) -> [(&'static str, Vec<u8>); 6] {
    use base64::Engine as _;
    let hex = |bytes: &mut dyn Iterator<Item = u8>| bytes.map(|byte| format!("{byte:02x}")).collect::<String>();
    let percent: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let escaped: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
    [
        ("text", text.as_bytes().to_vec()),
        ("UTF-16", text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("hex", hex(&mut text.bytes()).into_bytes()),
        ("base64", base64::engine::general_purpose::STANDARD_NO_PAD.encode(text).into_bytes()),
        ("percent signs", percent.into_bytes()),
        ("JSON's escapes", escaped.into_bytes()),
    ]
}

fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}
