//! What the matrix is about: two citizens, two sites, their staff, and things of each of them that the calls can be about.

use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::process::{Command, Stdio};

use axum::body::Bytes;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::table::CALLERS;
use crate::support::{PASSWORD, Service, TODAY, Visitor, text};

/// What a call is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Object {
    /// Nothing in particular.
    Nothing,
    /// The caller's own session, which an `ok` ends.
    Session,
    /// A mobile number: the citizen's, the other citizen's, one without an account. Each may have been sent a code.
    Phone,
    /// A member of staff's user name: the nurse's, that of the nurse elsewhere, one that there is not.
    Username,
    /// A person of the citizen, of the other citizen, none. Without a booking.
    Person,
    /// The code of a booking for today: of the citizen at the nurse's site, of the other citizen at the other site, of nobody.
    Booking,
    /// The pass of such a booking; in place of the unknown, one that was forged.
    Pass,
    /// The code of such a booking whose jab was recorded.
    Redeemed,
    /// A message that did not arrive, about such a booking; none.
    ToCall,
    /// What two tablets disagree on at the nurse's site, at the other nurse's; none.
    Conflict,
    /// A site: the nurse's, the other nurse's, none.
    Site,
    /// What such a citizen has asked: to be called by the nurse's site, by the other site, nothing.
    LeftOver,
    /// An open lot: of the nurse's site, of the other nurse's, none. Of no vaccine that jabs here are of.
    Lot,
    /// The last window of the nurse's site, of the other nurse's, none.
    Slot,
}

/// Whose it is: index of a cell.
pub(super) const WHOSE: [&str; 3] = ["own", "somebody else's", "unknown"];

/// What a body is made from.
pub(super) struct Given {
    /// What the call is about.
    pub(super) object: String,
    /// A window of the first site that can be booked, of the vaccine that all bookings here are of, and on another day.
    pub(super) slot: String,
    /// The notice in force.
    pub(super) notice: String,
    /// A number that no other call has.
    pub(super) number: u128,
}

impl Given {
    /// An id that no other call has.
    pub(super) fn request(&self) -> domain::Uuid {
        domain::Uuid::from_u128(0x4d41_5452_4958 << 64 | self.number)
    }
}

/// An answer, without what differs from one to the next by design.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    headers: BTreeMap<String, String>,
    pub(super) body: Bytes,
}

impl Answer {
    /// Sends a request.
    pub(super) async fn to(request: reqwest::RequestBuilder) -> Self {
        let response = request.send().await.expect("an answer");
        let status = response.status();
        let header = |(name, value): (&reqwest::header::HeaderName, &reqwest::header::HeaderValue)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            let told = match name.as_str() {
                "date" | "x-request-id" => return None,
                // which cookie, and not its value
                "set-cookie" => value.split('=').next().unwrap_or_default().to_owned(),
                "location" => value.split("state=").next().unwrap_or_default().to_owned(),
                _ => value,
            };
            Some((name.to_string(), told))
        };
        let headers: BTreeMap<_, _> = response.headers().iter().filter_map(header).collect();
        let id = response.headers().get("x-request-id").and_then(|id| id.to_str().ok()).unwrap_or_default().to_owned();
        let endless = headers.get("content-type").is_some_and(|kind| kind.starts_with("text/event-stream"));
        let body = if endless { Bytes::new() } else { response.bytes().await.expect("a body") };
        // pages tell it as well
        let body = match core::str::from_utf8(&body) {
            Ok(page) if !id.is_empty() && page.contains(&id) => page.replace(&id, "").into(),
            _ => body,
        };
        Self { status, headers, body }
    }

    /// `ok`, or the code of the refusal where its status is that code's; of what is for people and not for programs, its status.
    pub(super) fn word(&self) -> String {
        if self.status == StatusCode::OK {
            return "ok".into();
        }
        let for_people = self.headers.get("content-type").is_some_and(|kind| kind.starts_with("text/html"));
        if for_people || self.status.is_redirection() {
            return self.status.as_u16().to_string();
        }
        let told: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let fits = |code: &domain::error::ErrorCode| code.status() == self.status.as_u16();
        match told["code"].as_str().and_then(|code| code.parse().ok()).filter(fits) {
            Some(code) => code.to_string(),
            None => format!("{} {}", self.status.as_u16(), String::from_utf8_lossy(&self.body)),
        }
    }
}

/// A citizen with their site, where their bookings are.
struct Citizen {
    phone: &'static str,
    visitor: Visitor,
    site_id: String,
}

/// The world of the matrix.
pub(super) struct World {
    pub(super) service: Service,
    citizens: [Citizen; 2],
    callers: Vec<Visitor>,
    vaccine_id: String,
    notice: String,
    made: HashMap<(Object, usize), String>,
    number: u128,
}

impl World {
    pub(super) async fn new() -> Self {
        let service =
            Service::start(&["--demo=on", "--demo-password", PASSWORD, "--demo-clock", crate::support::MORNING, "--limits", "off"])
                .await;
        let nobody = service.visitor();
        let nurse = nobody.must("staff/sign_in", json!({ "username": "nurse", "password": PASSWORD })).await;
        let site_id = text(&nurse["staff"]["site_id"]);
        let (other_site_id, vaccine_id) = another_site(&service.visitor(), &site_id).await;
        add_nurse(&service, &other_site_id);
        let notice = text(&nobody.must("notices/current", json!({})).await["version"]);
        let citizen = |phone, site_id| Citizen { phone, visitor: service.visitor(), site_id };
        let citizens = [citizen("13800001234", site_id), citizen("13900005678", other_site_id)];
        for citizen in &citizens {
            citizen.visitor.sign_in(citizen.phone).await;
        }
        let mut world = Self { service, citizens, callers: vec![], vaccine_id, notice, made: HashMap::new(), number: 0 };
        for caller in 0..CALLERS.len() {
            let signed_in = world.sign_in(caller).await;
            world.callers.push(signed_in);
        }
        world
    }

    /// Somebody with a new session of this caller.
    async fn sign_in(&self, caller: usize) -> Visitor {
        let visitor = self.service.visitor();
        // the cookie of a device is given once, and not to be mistaken for an answer that differs
        visitor.must("accounts/send_code", json!({ "phone": "13600000000" })).await;
        let username = match CALLERS[caller] {
            "nobody" => return visitor,
            "citizen" => return signed_in(visitor, self.citizens[0].phone).await,
            "other citizen" => return signed_in(visitor, self.citizens[1].phone).await,
            "nurse elsewhere" => "elsewhere",
            username => username,
        };
        visitor.must("staff/sign_in", json!({ "username": username, "password": PASSWORD })).await;
        visitor
    }

    pub(super) fn caller(&self, caller: usize) -> &Visitor {
        &self.callers[caller]
    }

    /// What a call about the `whose` thing of a kind is made from.
    pub(super) async fn given(&mut self, about: Object, whose: usize) -> Given {
        let object = self.object(about, whose).await;
        let slot = self.slot(0, false).await;
        self.number += 1;
        Given { object, slot, notice: self.notice.clone(), number: self.number }
    }

    /// What was made anew after a call that was answered with `ok`, by this caller.
    pub(super) async fn spent(&mut self, about: Object, caller: usize) {
        self.made.retain(|(object, _), _| *object != about);
        if about == Object::Session {
            self.callers[caller] = self.sign_in(caller).await;
            // signing out everywhere has ended those, too
            for citizen in &self.citizens {
                citizen.visitor.sign_in(citizen.phone).await;
            }
        }
    }

    async fn object(&mut self, about: Object, whose: usize) -> String {
        // a code takes few tries, so each call about a number is about a new code
        if about != Object::Phone
            && let Some(made) = self.made.get(&(about, whose))
        {
            return made.clone();
        }
        let made = match (about, whose) {
            (Object::Nothing | Object::Session, _) => String::new(),
            (Object::Phone, 2) => {
                self.number += 1;
                format!("137{:08}", self.number)
            }
            (Object::Phone, whose) => {
                let phone = self.citizens[whose].phone;
                self.service.visitor().must("accounts/send_code", json!({ "phone": phone })).await;
                phone.into()
            }
            (Object::Username, whose) => ["nurse", "elsewhere", "nobody"][whose].into(),
            (Object::Site, whose) if whose < 2 => self.citizens[whose].site_id.clone(),
            (Object::Slot, whose) if whose < 2 => {
                let all = slots(&self.service.visitor(), &self.citizens[whose].site_id).await;
                let when = |slot: &&Value| (text(&slot["date"]), text(&slot["start"]), text(&slot["id"]));
                text(&all.iter().max_by_key(when).expect("a window")["id"])
            }
            (
                Object::Person | Object::Site | Object::Slot | Object::Lot | Object::ToCall | Object::Conflict | Object::LeftOver,
                2,
            ) => domain::Uuid::from_u128(0xdead).to_string(),
            (Object::Booking | Object::Redeemed, 2) => nobodys_code(),
            (Object::Person, whose) => self.person(whose).await,
            (Object::Pass, 2) => forged(&text(&self.booking(0).await["pass"])),
            (Object::Booking, whose) => text(&self.booking(whose).await["code"]),
            (Object::Pass, whose) => text(&self.booking(whose).await["pass"]),
            (Object::ToCall, whose) => {
                let code = text(&self.booking(whose).await["code"]);
                lost_message(&self.service, &code).await
            }
            (Object::LeftOver, whose) => {
                let (person_id, site_ids) = (self.person(whose).await, [&self.citizens[whose].site_id]);
                let ask = json!({ "person_id": person_id, "site_ids": site_ids, "until": TODAY });
                text(&self.citizens[whose].visitor.must("left_over/ask", ask).await["ask"]["id"])
            }
            (Object::Conflict, whose) => {
                let code = text(&self.booking(whose).await["code"]);
                self.two_tablets(&code, whose).await
            }
            (Object::Redeemed, whose) => {
                let code = text(&self.booking(whose).await["code"]);
                let scan = json!({ "code": code, "nonce": domain::Uuid::from_u128(0x5ca9 << 64 | self.number) });
                let office = CALLERS.iter().position(|name| *name == "office").expect("the office");
                self.callers[office].must("checkin/redeem", scan).await;
                code
            }
            (Object::Lot, whose) => {
                self.number += 1;
                let site_id = self.citizens[whose].site_id.clone();
                let lot = json!({ "site_id": site_id, "vaccine_id": "ad5", "number": format!("M{}", self.number), "expires_on": "2030-01-01", "doses": 10 });
                let office = CALLERS.iter().position(|name| *name == "office").expect("the office");
                text(&self.callers[office].must("lots/open", lot).await["lot"]["id"])
            }
            (Object::Site | Object::Slot, whose) => panic!("no site {whose}"),
        };
        self.made.insert((about, whose), made.clone());
        made
    }

    /// The id of what two tablets of the booking's site disagree on.
    async fn two_tablets(&mut self, code: &str, whose: usize) -> String {
        let name = ["nurse", "nurse elsewhere"][whose];
        let nurse = CALLERS.iter().position(|caller| *caller == name).expect("a nurse");
        let jab = |number: u128| json!({ "code": code, "nonce": domain::Uuid::from_u128(0x1a7e << 64 | number), "at": format!("{TODAY}T00:00:00Z") });
        self.number += 2;
        let both = [jab(self.number - 1), jab(self.number)];
        let sent = self.callers[nurse].must("offline/send", json!({ "redemptions": both })).await;
        assert_eq!(sent["answers"][1]["became"], "conflict", "{sent}");
        let office = CALLERS.iter().position(|name| *name == "office").expect("the office");
        let site = json!({ "site_id": self.citizens[whose].site_id });
        let rows = self.callers[office].must("offline/conflicts", site).await;
        let row = rows["rows"].as_array().expect("rows").iter().find(|row| row["code"] == code);
        text(&row.expect("the conflict")["id"])
    }

    /// A new person of a citizen.
    async fn person(&mut self, whose: usize) -> String {
        self.number += 1;
        let person = json!({
            "relation": "other", "name": "王小明", "phone": "13700001111", "county": "431103", "address": "梧桐路12号3栋",
            "document": { "kind": "passport", "number": format!("G{:08}", self.number) }, "born_on": "1990-03-07",
        });
        text(&self.citizens[whose].visitor.must("people/save", json!({ "person": person })).await["person"]["id"])
    }

    /// A new booking of a citizen for today, at their site.
    async fn booking(&mut self, whose: usize) -> Value {
        let (person_id, slot_id) = (self.person(whose).await, self.slot(whose, true).await);
        self.number += 1;
        let given = Given { object: person_id, slot: slot_id, notice: self.notice.clone(), number: self.number };
        let reserve = super::table::reserve(&given);
        self.citizens[whose].visitor.must("bookings/reserve", reserve).await["booking"].clone()
    }

    /// A window that can be booked, of the one vaccine, today or on another day.
    async fn slot(&self, whose: usize, today: bool) -> String {
        let site_id = &self.citizens[whose].site_id;
        let slots = slots(&self.service.visitor(), site_id).await;
        let fits = |slot: &&Value| {
            slot["state"] == "open" && slot["vaccine_id"] == self.vaccine_id.as_str() && (slot["date"] == TODAY) == today
        };
        // the one with the most places: what is shown may be a moment older than what is booked
        let most = slots.iter().filter(fits).max_by_key(|slot| slot["remaining"].as_u64());
        text(&most.expect("a window with places")["id"])
    }
}

/// A code that no booking has: nobody draws the same.
fn nobodys_code() -> String {
    (0xdead_beef..).find_map(domain::code::Code::from_random).expect("six of seven numbers have a code").to_string()
}

/// Says behind the service's back that no gateway could deliver the confirmation of a booking. Gives the message's id.
async fn lost_message(service: &Service, code: &str) -> String {
    let (url, code) = (service.database_url.clone(), code.to_owned());
    // on a thread of its own: the service may hold the lock, and it runs on this one
    let write = move || {
        let database = rusqlite::Connection::open(url.trim_start_matches("sqlite://")).expect("opened");
        database.busy_timeout(std::time::Duration::from_secs(10)).expect("set");
        let sql = "UPDATE messages SET state = 'failed' WHERE booking_code = ?1 AND kind = 'booked' RETURNING lower(hex(id))";
        database.query_row(sql, [code], |row| row.get::<_, String>(0)).expect("the message")
    };
    let id = tokio::task::spawn_blocking(write).await.expect("written");
    domain::Uuid::parse_str(&id).expect("an id").to_string()
}

/// A pass with another signature than ours.
fn forged(pass: &str) -> String {
    let (rest, last) = pass.split_at(pass.len() - 8);
    let turned: String = last.chars().rev().collect();
    assert_ne!(turned, last, "one in many billions");
    format!("{rest}{turned}")
}

async fn signed_in(visitor: Visitor, phone: &str) -> Visitor {
    visitor.sign_in(phone).await;
    visitor
}

async fn slots(visitor: &Visitor, site_id: &str) -> Vec<Value> {
    let site: Value = visitor.get(&format!("/availability/{site_id}")).send().await.expect("an answer").json().await.expect("JSON");
    site["slots"].as_array().expect("slots").clone()
}

/// Another site than this one, and a vaccine that both give today.
async fn another_site(visitor: &Visitor, site_id: &str) -> (String, String) {
    let open = async |site_id: &str| -> Vec<String> {
        let open = slots(visitor, site_id).await;
        let open =
            open.iter().filter(|slot| slot["state"] == "open" && slot["date"] == TODAY && slot["remaining"].as_u64() > Some(3));
        open.map(|slot| text(&slot["vaccine_id"])).collect()
    };
    let here = open(site_id).await;
    let overview: Value = visitor.get("/availability").send().await.expect("an answer").json().await.expect("JSON");
    for site in overview["sites"].as_array().expect("sites") {
        let other = text(&site["id"]);
        if other == site_id {
            continue;
        }
        if let Some(both) = open(&other).await.into_iter().find(|vaccine| here.contains(vaccine)) {
            return (other, both);
        }
    }
    panic!("no other site gives today what the nurse's gives");
}

/// A nurse of another site, as an administrator adds her.
fn add_nurse(service: &Service, site_id: &str) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_yizhen"))
        .args(["staff", "add", "--username", "elsewhere", "--name", "别处的护士", "--role", "nurse", "--site", site_id])
        .args(["--data-dir", &service.folder.path().join("data").display().to_string(), "--database-url", &service.database_url])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("it runs");
    child.stdin.take().expect("an input").write_all(format!("{PASSWORD}\n").as_bytes()).expect("written");
    assert!(child.wait().expect("it ends").success());
}

/// Every row of the tables that hold what people have done, to see whether a call changed anything.
pub(super) fn picture(service: &Service) -> BTreeMap<String, Vec<String>> {
    use rusqlite::types::Value as Cell;
    let path = service.database_url.trim_start_matches("sqlite://");
    let database = rusqlite::Connection::open_with_flags(path, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY).expect("opened");
    let rows = |sql: &str| -> Vec<String> {
        let mut statement = database.prepare(sql).expect("a statement");
        let columns = statement.column_count();
        let rows = statement.query_map([], |row| {
            Ok((0..columns).map(|at| format!("{:?} ", row.get::<_, Cell>(at).expect("a value"))).collect::<String>())
        });
        let mut rows: Vec<_> = rows.expect("rows").collect::<Result<_, _>>().expect("rows");
        rows.sort();
        rows
    };
    let tables = rows("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'");
    let name = |told: String| told.trim_start_matches("Text(\"").trim_end_matches("\") ").to_owned();
    // the service's own notes to itself, and what it writes down of what was refused
    let left_alone = |name: &String| ["facts", "tallies", "jobs"].contains(&name.as_str()) || name.starts_with("audit");
    let tables = tables.into_iter().map(name).filter(|name| !left_alone(name));
    let columns = |table: &str| match table {
        "sessions" => "token_hash, account_id, staff_id",
        // that they are on their way is nobody's call
        "messages" => "id, booking_code, booking_version, kind, to_hash",
        _ => "*",
    };
    tables.map(|table| (table.clone(), rows(&format!("SELECT {} FROM {table}", columns(&table))))).collect()
}

/// Sends a request as the line's name says: a server function by `POST`, a plain route by its method.
pub(super) fn request(visitor: &Visitor, name: &str, given: &Given, body: &Value) -> reqwest::RequestBuilder {
    match name.split_once(' ') {
        None => visitor.request(Method::POST, &format!("/api/{name}")).json(body),
        Some((method, path)) => {
            let method: Method = method.parse().expect("a method");
            let part = |part: &str| match part.strip_prefix('{') {
                Some(_) if given.object.is_empty() => "none".to_owned(),
                Some(_) => given.object.clone(),
                None => part.to_owned(),
            };
            let path = path.split('/').map(part).collect::<Vec<_>>().join("/");
            let request = visitor.request(method.clone(), &path).header("accept", "application/json");
            if method == Method::GET { request } else { request.json(body) }
        }
    }
}
