//! A running service with a demo city, and visitors to it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use server::config::{self, Asked, Command};
use server::lifecycle::{self, Running};
use tempfile::TempDir;

/// A Monday morning, before the first window.
pub(crate) const MORNING: &str = "2026-11-23T08:00:00+08:00";
pub(crate) const TODAY: &str = "2026-11-23";
const TOMORROW: &str = "2026-11-24";
pub(crate) const PASSWORD: &str = "a password of the tests";

/// A service on a port of its own, with everything it keeps in a folder of its own.
pub(crate) struct Service {
    pub(crate) base: String,
    pub(crate) database_url: String,
    pub(crate) folder: Arc<TempDir>,
    running: Running,
}

impl Service {
    /// A demo on the morning of [`TODAY`].
    pub(crate) async fn demo() -> Self {
        Self::start(&["--demo=on", "--demo-password", PASSWORD, "--demo-clock", MORNING]).await
    }

    /// An empty service.
    pub(crate) async fn plain() -> Self {
        Self::start(&[]).await
    }

    /// A service with these flags besides those of every test.
    pub(crate) async fn start(flags: &[&str]) -> Self {
        Self::start_in(Arc::new(tempfile::tempdir().expect("a folder")), flags).await
    }

    /// Another process, so to speak, on the same database.
    pub(crate) async fn another(&self, flags: &[&str]) -> Self {
        Self::start_in(self.folder.clone(), flags).await
    }

    async fn start_in(folder: Arc<TempDir>, flags: &[&str]) -> Self {
        let path = |name: &str| folder.path().join(name).display().to_string();
        write_pages(&folder.path().join("pages"));
        let (data, url, pages) = (path("data"), format!("sqlite://{}", path("data/test.db")), path("pages"));
        let args = ["yizhen", "serve", "--port", "0", "--host", "127.0.0.1", "--log", "error", "--stop-within-s", "5"];
        let places = ["--data-dir", &data, "--database-url", &url, "--pages-dir", &pages];
        let args = args.into_iter().chain(places).chain(flags.iter().copied());
        let Ok(Asked::Run(cli)) = config::read(args) else { panic!("settings are refused") };
        let Command::Serve(settings) = cli.command else { panic!("not serve") };
        server::telemetry::start(&settings.data);
        let running = lifecycle::start(&settings).await.expect("the service starts");
        Self { base: format!("http://{}", running.address()), database_url: url, running, folder }
    }

    /// Somebody with a browser of their own.
    pub(crate) fn visitor(&self) -> Visitor {
        Visitor::at(&self.base)
    }

    /// Stops it, in at most `within`.
    pub(crate) async fn stop(self, within: Duration) -> anyhow::Result<()> {
        self.running.stop(within).await
    }
}

/// Pages as trunk builds them, in small.
fn write_pages(folder: &Path) {
    let page = |title: &str| {
        format!(
            "<!doctype html><title>{title}</title><script type=module>import init from '/citizen-0123456789abcdef.js';</script>\
             <i id=hosts data-city=hosts></i><small data-city=name></small><p data-city=hotline></p>"
        )
    };
    for (name, body) in [
        ("citizen/index.html", page("citizen").as_str()),
        ("citizen/citizen-0123456789abcdef.js", "export default 1; // long enough to be smaller"),
        ("citizen/citizen-0123456789abcdef.js.br", "not really brotli, but sent as it is"),
        ("citizen/robots.txt", "User-agent: *"),
        ("citizen/bookings-sw.js", "self.addEventListener('fetch', () => {})"),
        ("staff/index.html", page("staff").as_str()),
        ("staff/staff-0123456789abcdef.css", "body{}"),
        ("secret.txt", "not part of the pages"),
    ] {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, body).expect("written");
    }
}

/// Somebody with a browser: keeps cookies.
pub(crate) struct Visitor {
    client: Client,
    base: String,
}

impl Visitor {
    /// Somebody new, at a service that this process does not hold.
    pub(crate) fn at(base: &str) -> Self {
        let client = Client::builder().cookie_store(true).redirect(reqwest::redirect::Policy::none()).build().expect("a client");
        Self { client, base: base.to_owned() }
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(format!("{}{path}", self.base))
    }

    pub(crate) fn request(&self, method: reqwest::Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    /// Calls a server function.
    pub(crate) async fn call(&self, name: &str, body: Value) -> (StatusCode, Value) {
        told(self.request(reqwest::Method::POST, &format!("/api/{name}")).json(&body)).await
    }

    /// Calls a server function that must not refuse.
    pub(crate) async fn must(&self, name: &str, body: Value) -> Value {
        let (status, reply) = self.call(name, body).await;
        assert_eq!(status, StatusCode::OK, "{name}: {reply}");
        reply
    }

    /// Asks for a code and reads it from the demo's messages.
    pub(crate) async fn code(&self, phone: &str) -> String {
        self.must("accounts/send_code", json!({ "phone": phone })).await;
        let messages: Value = self.messages(phone).await;
        let text = messages[0]["text"].as_str().expect("a text");
        text.chars().filter(char::is_ascii_digit).take(6).collect()
    }

    /// Signs in with the code from the demo's messages.
    pub(crate) async fn sign_in(&self, phone: &str) -> Value {
        let code = self.code(phone).await;
        self.must("accounts/sign_in", json!({ "phone": phone, "code": code })).await
    }

    /// The messages of a number, newest first.
    pub(crate) async fn messages(&self, phone: &str) -> Value {
        let request = self.get("/demo/messages").query(&[("phone", phone)]).header("accept", "application/json");
        request.send().await.expect("an answer").json().await.expect("JSON")
    }

    /// Saves themself as a person and gives the id.
    pub(crate) async fn save_self(&self) -> String {
        let person = json!({
            "relation": "self", "name": "王小明", "phone": "", "county": "431103", "address": "梧桐路12号3栋",
            "document": { "kind": "resident_id", "number": "431102199003070013" },
        });
        text(&self.must("people/save", json!({ "person": person })).await["person"]["id"])
    }

    /// The first open window of a site, on a day, for its vaccine's first dose.
    pub(crate) async fn open_slot(&self, site_id: &str, date: &str) -> String {
        let site: Value =
            self.get(&format!("/availability/{site_id}")).send().await.expect("an answer").json().await.expect("JSON");
        let slots = site["slots"].as_array().expect("slots").clone();
        let slot = slots.into_iter().find(|slot| slot["state"] == "open" && slot["date"] == date);
        text(&slot.unwrap_or_else(|| panic!("no open slot on {date}"))["id"])
    }

    /// Books a place for a person, with a request id of this number.
    pub(crate) async fn reserve(&self, request: u128, person_id: &str, slot_id: &str) -> (StatusCode, Value) {
        let notice = self.must("notices/current", json!({})).await;
        let answers = json!({ "allergy": false, "severe_reaction": false, "neurological": false, "acute_or_uncontrolled": false, "pregnant": false });
        let body = json!({
            "request_id": domain::Uuid::from_u128(request), "person_id": person_id, "slot_id": slot_id, "dose": 1,
            "screening": answers, "consent": { "version": notice["version"] },
        });
        self.call("bookings/reserve", body).await
    }

    /// A window that can be booked tomorrow, and its site.
    pub(crate) async fn open_tomorrow(&self) -> (String, String) {
        let overview: Value = self.get("/availability").send().await.expect("an answer").json().await.expect("JSON");
        let left = |site: &Value| {
            site["days"]
                .as_array()
                .and_then(|days| days.iter().find(|day| day["date"] == TOMORROW))
                .is_some_and(|day| day["remaining"] != 0)
        };
        let site = overview["sites"].as_array().expect("sites").iter().find(|site| left(site)).expect("a site with places");
        let site_id = text(&site["id"]);
        (self.open_slot(&site_id, TOMORROW).await, site_id)
    }
}

/// Sends a request and takes its JSON.
pub(crate) async fn told(request: RequestBuilder) -> (StatusCode, Value) {
    let response = request.send().await.expect("an answer");
    (response.status(), response.json().await.expect("JSON"))
}

/// The header of an answer, or nothing.
pub(crate) fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().expect("text"))
}

/// A JSON text.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}
