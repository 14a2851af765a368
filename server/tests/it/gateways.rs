//! What gateways push: thanked in their own words where they prove to be themselves, not there for everybody else, and in no log.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use domain::message::MessageKind;
use engine::clock::SystemClock;
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::command::terminate;
use crate::standins::post::Push;
use crate::standins::{Accepted, AliyunStandin, CityStandin, Forgery, Outcome, SECRET, TOKEN, TencentStandin};
use crate::support::{PASSWORD, Service, Visitor};

const PHONE: &str = "13711223344";
const ID: &str = "0193a5c0-0000-7000-8000-000000000001";

/// The three, and a folder with the file that names them.
struct Gateways {
    aliyun: AliyunStandin,
    tencent: TencentStandin,
    city: CityStandin,
    folder: tempfile::TempDir,
}

impl Gateways {
    async fn start() -> Self {
        let clock = Arc::new(SystemClock);
        let aliyun = AliyunStandin::start("aliyun", clock.clone(), &[("1", &["code"])]).await;
        let tencent = TencentStandin::start("tencent", clock.clone(), &[("1", 1)]).await;
        let city = CityStandin::start("city", clock).await;
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name).display().to_string();
        for (name, text) in [("secret", SECRET), ("token", TOKEN)] {
            std::fs::write(path(name), format!("{text}\n")).expect("written");
            std::fs::set_permissions(path(name), PermissionsExt::from_mode(0o600)).expect("set");
        }
        let one = |kind: &MessageKind| format!("[gateway.templates.{kind}]\nid = \"1\"\nparams = [\"code\"]\n");
        let templates: String = MessageKind::ALL.iter().map(one).collect();
        let text = [
            aliyun.settings("file", &path("secret"), &path("token")) + &templates,
            tencent.settings("file", &path("secret"), &path("token")) + &templates,
            city.settings("file", &path("secret")),
        ];
        std::fs::write(path("gateways.toml"), text.concat()).expect("written");
        Self { aliyun, tencent, city, folder }
    }

    fn file(&self) -> String {
        self.folder.path().join("gateways.toml").display().to_string()
    }

    async fn service(&self) -> Service {
        Service::start(&["--demo=on", "--demo-password", PASSWORD, "--gateways-file", &self.file()]).await
    }
}

/// A message that was never sent, as a gateway tells of it.
fn message() -> Accepted {
    let at = "2026-11-23T00:00:00Z".parse().expect("an instant");
    let (id, to, reference) = (ID.to_owned(), PHONE.to_owned(), "r-1".to_owned());
    Accepted { id, to, reference, template: "1".into(), params: vec![], at, outcome: Outcome::Arrived }
}

#[tokio::test]
async fn each_gateway_is_thanked_in_the_words_that_it_wants_to_hear() {
    let gateways = Gateways::start().await;
    let service = gateways.service().await;
    let about = [message()];
    for _ in 0..2 {
        let thanks = gateways.aliyun.push(&service.base, &about, None).await;
        assert_eq!(thanks, Some((200, json!({ "code": 0, "msg": "接收成功" }))));
        let thanks = gateways.tencent.push(&service.base, &about, None).await;
        assert_eq!(thanks, Some((200, json!({ "result": 0, "errmsg": "OK" }))));
        assert_eq!(gateways.city.push(&service.base, &about, None).await, Some((200, json!({ "ok": true }))));
    }
    let forged = Some(&Forgery::Token);
    let told = [
        gateways.aliyun.push(&service.base, &about, forged).await,
        gateways.tencent.push(&service.base, &about, forged).await,
        gateways.city.push(&service.base, &about, forged).await,
    ];
    assert!(told.iter().all(|told| told.as_ref().is_some_and(|(status, _)| *status == 404)), "{told:?}");
}

/// Everything of an answer but what differs from one to the next by design.
async fn whole(visitor: &Visitor, push: &Push) -> (StatusCode, Vec<String>, String) {
    let request = visitor.request(Method::POST, &push.path).body(push.body.clone());
    let request = push.headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
    let answer = request.send().await.expect("an answer");
    let differs = ["date", "x-request-id"];
    let mut headers: Vec<_> =
        answer.headers().iter().filter(|(name, _)| !differs.contains(&name.as_str())).map(|line| format!("{line:?}")).collect();
    headers.sort();
    (answer.status(), headers, answer.text().await.expect("a body"))
}

#[tokio::test]
async fn whoever_is_no_gateway_hears_the_same_whatever_they_bring() {
    let gateways = Gateways::start().await;
    let service = gateways.service().await;
    let visitor = service.visitor();
    let about = [message()];
    let good = || gateways.aliyun.write(&about);
    let signed = || gateways.city.write(&about);
    let at = |path: &str| Push { path: path.into(), ..good() };
    let first = whole(&visitor, &at("/gateways/nobody/receipts")).await;
    assert_eq!(first.0, StatusCode::NOT_FOUND);
    let deep = "[".repeat(100);
    for push in [
        at(&format!("/gateways/nobody/receipts/{TOKEN}")),
        at("/gateways/aliyun/receipts"),
        at("/gateways/aliyun/receipts/x"),
        at(&format!("/gateways/aliyun/receipts/{}", TOKEN.to_uppercase())),
        at(&format!("/gateways/ALIYUN/receipts/{TOKEN}")),
        at(&format!("/gateways/city/receipts/{TOKEN}")),
        at(&format!("/gateways/demo/receipts/{TOKEN}")),
        at("/gateways/%FF/receipts"),
        at("/gateways/city/receipts/%FF"),
        at("/gateways/city/receipts"),
        Push { path: format!("/gateways/city/receipts/{TOKEN}"), ..signed() },
        Push { path: "/gateways/aliyun/receipts".into(), ..signed() },
        Push { path: "/gateways/nobody/receipts".into(), ..signed() },
        Push { body: signed().body.replace("r-1", "r-2"), ..signed() },
        Push { headers: vec![], ..signed() },
        Push { body: String::new(), ..at("/gateways/tencent/receipts/x") },
        Push { body: deep.clone(), ..at("/gateways/tencent/receipts/x") },
    ] {
        let answer = whole(&visitor, &push).await;
        assert_eq!(answer, first, "{}", push.path);
    }
    // whoever has proved to be the gateway hears that it cannot be read
    let unreadable = whole(&visitor, &Push { body: "{}".into(), ..good() }).await;
    assert_eq!(unreadable.0, StatusCode::BAD_REQUEST);
    assert_eq!(whole(&visitor, &good()).await.0, StatusCode::OK);
    assert_eq!(whole(&visitor, &signed()).await.0, StatusCode::OK);
    // as large as a hundred receipts are, and not larger
    let padded = |bytes: usize| Push { body: good().body + &" ".repeat(bytes - good().body.len()), ..good() };
    assert_eq!(whole(&visitor, &padded(256 * 1024)).await.0, StatusCode::OK);
    assert_eq!(whole(&visitor, &padded(256 * 1024 + 1)).await.0, StatusCode::PAYLOAD_TOO_LARGE);
}

/// Starts the real program, with everything that it says going to a file; gives it and where it serves.
fn program(folder: &Path, flags: &[&str]) -> (std::process::Child, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_yizhen"))
        .env_clear()
        .args(["serve", "--port", "0", "--data-dir"])
        .arg(folder.join("data"))
        .args(flags)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(File::create(folder.join("log")).expect("a file"))
        .spawn()
        .expect("it starts");
    let mut lines = BufReader::new(child.stdout.take().expect("an output")).lines();
    let line = lines.find_map(|line| line.ok().filter(|line| line.contains("Citizens"))).expect("it says where");
    let base = line.split_whitespace().last().expect("where it serves").trim_end_matches('/').to_owned();
    (child, base)
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_the_token_nor_what_was_pushed_is_in_the_log() {
    let gateways = Gateways::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let flags =
        ["--demo=on", "--demo-password", PASSWORD, "--log", "trace", "--log-format", "json", "--gateways-file", &gateways.file()];
    let (mut child, base) = program(folder.path(), &flags);
    let about = [message()];
    for forgery in [None, Some(&Forgery::Token)] {
        assert!(gateways.aliyun.push(&base, &about, forgery).await.is_some());
        assert!(gateways.tencent.push(&base, &about, forgery).await.is_some());
        assert!(gateways.city.push(&base, &about, forgery).await.is_some());
    }
    let unreadable = Push { body: format!("{{\"{PHONE}\":1}}"), ..gateways.aliyun.write(&about) };
    assert_eq!(whole(&Visitor::at(&base), &unreadable).await.0, StatusCode::BAD_REQUEST);
    terminate(&child);
    child.wait().expect("it ends");
    let log = std::fs::read_to_string(folder.path().join("log")).expect("a log");
    assert_eq!(log.matches("receipts came").count(), 3, "the log shows nothing");
    assert!(log.contains("\"gateway\":\"aliyun\""));
    for secret in [TOKEN, SECRET, "not-the-token-but", PHONE, ID, "x-yizhen-signature"] {
        let found = log.lines().find(|line| line.contains(secret));
        assert!(found.is_none(), "{secret} stands in the log: {}", found.unwrap_or_default());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn outside_the_demo_a_service_without_gateways_says_once_that_messages_wait() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut child, _) = program(folder.path(), &[]);
    terminate(&child);
    child.wait().expect("it ends");
    let log = std::fs::read_to_string(folder.path().join("log")).expect("a log");
    let lines: Vec<_> = log.lines().filter(|line| line.contains("GATEWAYS_FILE")).collect();
    assert!(matches!(lines[..], [line] if line.contains("WARN") && line.contains("wait in the outbox")), "{log}");

    let gateways = Gateways::start().await;
    for flags in [vec!["--demo=on"], vec!["--gateways-file", &gateways.file()]] {
        let folder = tempfile::tempdir().expect("a folder");
        let (mut child, _) = program(folder.path(), &flags);
        terminate(&child);
        child.wait().expect("it ends");
        let log = std::fs::read_to_string(folder.path().join("log")).expect("a log");
        assert!(!log.contains("GATEWAYS_FILE"), "{flags:?}: {log}");
    }
}
