//! The crowd: people with accounts of their own, who signed in over HTTP with the code that was sent to them.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;

use anyhow::{Context, Result, anyhow, ensure};
use domain::chrono::Days;
use domain::identity::check_character;
use domain::{NaiveDate, Uuid};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::task::LocalSet;

use crate::client::{self, Connection};

/// People of an account: oneself and four others.
pub(crate) const HOUSEHOLD: usize = 5;
/// Accounts that sign in at the same time.
const AT_ONCE: usize = 48;

/// Everybody who will book.
#[derive(Serialize, Deserialize)]
pub(crate) struct Crowd {
    /// Each account's cookie.
    pub(crate) cookies: Vec<String>,
    /// Everybody's id; five in a row are of one account.
    pub(crate) people: Vec<String>,
    /// The notice that they consent to.
    pub(crate) notice: String,
}

impl Crowd {
    /// Signs in as many accounts as it takes for `people`, and saves the people.
    pub(crate) async fn come(address: SocketAddr, people: usize) -> Result<Self> {
        let accounts = people.div_ceil(HOUSEHOLD);
        let next = Rc::new(Cell::new(0));
        let homes = Rc::new(RefCell::new(vec![None; accounts]));
        let failed = Rc::new(RefCell::new(None));
        let all = LocalSet::new();
        for _ in 0..AT_ONCE {
            let (next, homes, failed) = (next.clone(), homes.clone(), failed.clone());
            all.spawn_local(async move {
                let mut caller = Caller::new(address);
                while next.get() < accounts && failed.borrow().is_none() {
                    let account = next.get();
                    next.set(account + 1);
                    match caller.settle(account).await {
                        Ok(home) => homes.borrow_mut()[account] = Some(home),
                        Err(error) => *failed.borrow_mut() = Some(error),
                    }
                }
            });
        }
        all.await;
        if let Some(error) = failed.take() {
            return Err(error.context("the crowd could not sign in"));
        }
        let mut caller = Caller::new(address);
        let notice = text(&caller.call("notices/current", json!({})).await?["version"])?;
        let mut crowd = Self { cookies: Vec::with_capacity(accounts), people: Vec::with_capacity(people), notice };
        for home in homes.take() {
            let (cookie, ids) = home.context("every account was settled")?;
            crowd.cookies.push(cookie);
            crowd.people.extend(ids);
        }
        Ok(crowd)
    }

    /// Writes the request of person `who` for a place in `slot`. `intent` makes the request's id: the same again means the same.
    pub(crate) fn reserve(&self, out: &mut Vec<u8>, who: usize, slot: &str, intent: Uuid) {
        let (person, notice) = (&self.people[who], &self.notice);
        let body = format!(
            "{{\"request_id\":\"{intent}\",\"person_id\":\"{person}\",\"slot_id\":\"{slot}\",\"dose\":1,\"screening\":{{\"allergy\":false,\
             \"severe_reaction\":false,\"neurological\":false,\"acute_or_uncontrolled\":false,\"pregnant\":false}},\
             \"consent\":{{\"version\":\"{notice}\"}}}}"
        );
        client::call(out, "bookings/reserve", &self.cookies[who / HOUSEHOLD], &body);
    }
}

/// The id of the request that person `who` makes in benchmark `bench`.
pub(crate) fn intent(bench: u32, who: usize) -> Uuid {
    Uuid::from_u128(u128::from(bench) << 64 | 1 << 127 | who as u128)
}

/// Somebody who calls server functions and keeps the cookie.
struct Caller {
    connection: Connection,
    request: Vec<u8>,
    cookie: String,
}

impl Caller {
    fn new(address: SocketAddr) -> Self {
        Self { connection: Connection::to(address), request: Vec::new(), cookie: String::new() }
    }

    async fn call(&mut self, name: &str, body: Value) -> Result<Value> {
        client::call(&mut self.request, name, &self.cookie, &body.to_string());
        let answer = self.connection.send(&self.request).await.with_context(|| name.to_owned())?;
        ensure!(answer.status == 200, "{name}: {} {}", answer.status, String::from_utf8_lossy(answer.body));
        if let Some(cookie) = answer.header("set-cookie") {
            self.cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        }
        Ok(serde_json::from_slice(answer.body)?)
    }

    /// An account and its people: the cookie and the ids.
    async fn settle(&mut self, account: usize) -> Result<(String, Vec<String>)> {
        self.cookie.clear();
        let phone = format!("1549{account:07}");
        self.call("accounts/send_code", json!({ "phone": phone })).await?;
        client::get(&mut self.request, &format!("/demo/messages?phone={phone}"), "accept: application/json\r\n");
        let messages: Value = serde_json::from_slice(self.connection.send(&self.request).await?.body)?;
        let words = text(&messages[0]["text"])?;
        let code: String = words.chars().filter(char::is_ascii_digit).take(6).collect();
        self.call("accounts/sign_in", json!({ "phone": phone, "code": code })).await?;
        let mut ids = Vec::with_capacity(HOUSEHOLD);
        for number in account * HOUSEHOLD..(account + 1) * HOUSEHOLD {
            let saved = self.call("people/save", json!({ "person": person(number) })).await?;
            ids.push(text(&saved["person"]["id"])?);
        }
        Ok((self.cookie.clone(), ids))
    }
}

/// Person `number`, grown up, with a document of their own: the division 431197 was given to nobody.
fn person(number: usize) -> Value {
    let born = NaiveDate::from_ymd_opt(1950, 1, 1).and_then(|day| day.checked_add_days(Days::new(number as u64 % 18_000)));
    let born = born.expect("a day of the last century").format("%Y%m%d");
    let first_17 = format!("431197{born}{:03}", number / 18_000 % 1000);
    let check = check_character(&first_17).expect("17 digits");
    let name = ["李小华", "王建军", "张秀英", "刘志强", "陈玉兰"][number % 5];
    json!({
        "relation": if number.is_multiple_of(HOUSEHOLD) { "self" } else { "other" },
        "name": name, "phone": format!("1548{:07}", number), "county": "431103", "address": format!("示例路{}号{}单元", 1 + number % 300, 1 + number % 6),
        "document": { "kind": "resident_id", "number": format!("{first_17}{check}") },
    })
}

fn text(value: &Value) -> Result<String> {
    value.as_str().map(str::to_owned).ok_or_else(|| anyhow!("{value} is no text"))
}
