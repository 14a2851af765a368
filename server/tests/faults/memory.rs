//! A client that remembers every acknowledgement, and every request that it sent without hearing an answer.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use domain::Uuid;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::books::Row;
use crate::chance::Chance;
use crate::client::{Answer, Heard, Visitor, reservation};
use crate::service::HANGS;

/// How long a client waits that is told to come back later: less than it is asked to, so that it is there at the wrong moment.
const PATIENCE: Duration = Duration::from_millis(50);

/// Somebody who can have one live booking.
struct Person {
    id: String,
    /// Listed in another account, too, which may book for them.
    shared: bool,
    /// The code of the live booking.
    booking: Option<String>,
}

/// What was asked for. Sent again it is the same request.
#[derive(Clone, Debug)]
pub(crate) enum Ask {
    Reserve { request: Uuid, person: usize, slot: String },
    Move { request: Uuid, code: String, slot: String },
    Cancel { code: String },
    Redeem { code: String, nonce: Uuid },
    Undo { code: String },
}

/// What a worker can do besides booking.
#[derive(Clone)]
pub(crate) struct Town {
    /// Windows of the hall, on any day.
    pub(crate) hall: Vec<String>,
    /// Windows of the hall today: only there and then a jab can be recorded.
    pub(crate) hall_today: Vec<String>,
    /// Windows with few places.
    pub(crate) village: Vec<String>,
    pub(crate) notice: String,
    pub(crate) nurse: Visitor,
    pub(crate) manager: Visitor,
}

/// How often what was heard.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    /// Deeds that the service said it had done.
    pub(crate) acknowledged: u64,
    /// Refusals: the window is full, somebody else was quicker.
    pub(crate) refused: u64,
    /// "Not now."
    pub(crate) busy: u64,
    /// Requests that were not answered.
    pub(crate) unanswered: u64,
    /// Of these, done before the answer was lost.
    pub(crate) done_unheard: u64,
}

impl Tally {
    pub(crate) fn add(&mut self, other: Self) {
        self.acknowledged += other.acknowledged;
        self.refused += other.refused;
        self.busy += other.busy;
        self.unanswered += other.unanswered;
        self.done_unheard += other.done_unheard;
    }
}

/// One account, its people, and everything that the service has promised it.
pub(crate) struct Account {
    visitor: Visitor,
    people: Vec<Person>,
    chance: Chance,
    /// What the service said of each booking, last.
    pub(crate) promised: BTreeMap<String, Row>,
    /// The request without an answer, and the answer that it got when it was asked again.
    doubt: Option<(Ask, Option<Answer>)>,
    pub(crate) tally: Tally,
}

impl Account {
    /// A new account with `people`: number and whether another account has them, too.
    pub(crate) async fn open(base: &str, phone: &str, people: &[(u32, bool)], chance: Chance) -> Self {
        let visitor = Visitor::citizen(base, phone).await;
        let mut saved = Vec::with_capacity(people.len());
        for &(number, shared) in people {
            saved.push(Person { id: visitor.save_person(base, number).await, shared, booking: None });
        }
        Self { visitor, people: saved, chance, promised: BTreeMap::new(), doubt: None, tally: Tally::default() }
    }

    /// Who are this account's people.
    pub(crate) fn people(&self) -> impl Iterator<Item = &str> {
        self.people.iter().map(|person| person.id.as_str())
    }

    /// Asks for one thing after the other, until an answer does not come or `enough` is true. What is answered "not now" is asked again,
    /// the same request, until it is answered otherwise. `heard` is called after each answer, and told whether it was asked again.
    pub(crate) async fn live(&mut self, base: &str, town: &Town, enough: &AtomicBool, heard: impl Fn(&Answer, bool)) {
        let (mut put_off, mut since) = (None, Instant::now());
        while self.doubt.is_none() && (put_off.is_some() || !enough.load(Ordering::Relaxed)) {
            let again = put_off.is_some();
            if !again {
                since = Instant::now();
            }
            assert!(since.elapsed() < HANGS, "told to come back later for a minute: {put_off:?}");
            let ask = put_off.take().unwrap_or_else(|| self.wish(town));
            match self.say(base, town, &ask).await {
                Heard::Answer(answer) if answer.is_busy() => {
                    self.tally.busy += 1;
                    put_off = Some(ask);
                    heard(&answer, again);
                    tokio::time::sleep(PATIENCE).await;
                }
                Heard::Answer(answer) => {
                    // "not now" may have been said of what was done, where the database could not tell any more
                    if again {
                        self.settle(&ask, &answer)
                    } else {
                        self.remember(&ask, &answer)
                    }
                    heard(&answer, again);
                }
                Heard::Silence(_) => {
                    self.tally.unanswered += 1;
                    self.doubt = Some((ask, None));
                }
            }
        }
    }

    /// The id of the request without an answer, where it has one.
    pub(crate) fn doubt(&self) -> Option<Uuid> {
        match self.doubt.as_ref()? {
            (Ask::Reserve { request, .. } | Ask::Move { request, .. }, _) => Some(*request),
            _ => None,
        }
    }

    /// Asks again what was not answered: now there must be an answer.
    pub(crate) async fn ask_again(&mut self, base: &str, town: &Town) {
        let Some((ask, None)) = self.doubt.clone() else { return };
        let answer = match self.say(base, town, &ask).await {
            Heard::Answer(answer) => answer,
            Heard::Silence(why) => panic!("{ask:?} was not answered again: {why}"),
        };
        self.settle(&ask, &answer);
        self.doubt = Some((ask, Some(answer)));
    }

    /// Asks a third time: the answer must be the same.
    pub(crate) async fn ask_once_more(&mut self, base: &str, town: &Town) {
        let Some((ask, Some(first))) = self.doubt.take() else { return };
        let Heard::Answer(second) = self.say(base, town, &ask).await else { panic!("{ask:?} was not answered") };
        match &ask {
            Ask::Reserve { .. } | Ask::Move { .. } | Ask::Redeem { .. } => {
                // a place may have become free by what others asked again meanwhile
                if matches!(first.rule(), "slot_full" | "already_booked") {
                    self.settle(&ask, &second);
                } else {
                    assert_eq!(first, second, "another answer to the same request: {ask:?}");
                }
            }
            // without an id: done is done
            Ask::Cancel { .. } | Ask::Undo { .. } => assert_eq!(second.status, StatusCode::CONFLICT, "{ask:?}: {second:?}"),
        }
    }

    /// What was promised is what the account's list of bookings shows.
    pub(crate) async fn check_over_http(&self, base: &str) {
        let list = self.visitor.must(base, "bookings/list", &json!({})).await;
        let pair = |booking: &Value| {
            let word = |value: &Value| value.as_str().expect("text").to_owned();
            (word(&booking["code"]), word(&booking["state"]))
        };
        let shown: BTreeMap<_, _> = list["bookings"].as_array().expect("bookings").iter().map(pair).collect();
        let promised: BTreeMap<_, _> = self.promised.iter().map(|(code, row)| (code.clone(), row.state.clone())).collect();
        assert_eq!(shown, promised);
    }

    /// Something to ask for, by chance.
    fn wish(&mut self, town: &Town) -> Ask {
        let person = usize::try_from(self.chance.below(self.people.len() as u64)).expect("an index");
        let (request, dice) = (self.chance.id(), self.chance.below(100));
        let mut slot = || match self.chance.below(10) {
            0 | 1 => self.chance.pick(&town.village).clone(),
            2..6 => self.chance.pick(&town.hall_today).clone(),
            _ => self.chance.pick(&town.hall).clone(),
        };
        let Some(code) = self.people[person].booking.clone() else { return Ask::Reserve { request, person, slot: slot() } };
        let booking = &self.promised[&code];
        match (booking.state.as_str(), dice) {
            ("redeemed", 0..80) => Ask::Undo { code },
            ("redeemed", 80..90) => Ask::Redeem { code, nonce: request },
            ("redeemed", _) => Ask::Cancel { code },
            (_, 0..10) => Ask::Reserve { request, person, slot: slot() },
            (_, 10..40) => Ask::Cancel { code },
            (_, 40..60) if town.hall_today.contains(&booking.slot) => Ask::Redeem { code, nonce: request },
            _ => Ask::Move { request, code, slot: slot() },
        }
    }

    async fn say(&self, base: &str, town: &Town, ask: &Ask) -> Heard {
        match ask {
            Ask::Reserve { request, person, slot } => {
                let body = reservation(*request, &self.people[*person].id, slot, &town.notice);
                // now and then twice at once, as a thumb that trembles does
                if request.as_u128() % 8 == 0 {
                    self.twice(base, "bookings/reserve", &body).await
                } else {
                    self.visitor.call(base, "bookings/reserve", &body).await
                }
            }
            Ask::Move { request, code, slot } => {
                let body = json!({ "request_id": request, "code": code, "slot_id": slot });
                self.visitor.call(base, "bookings/move", &body).await
            }
            Ask::Cancel { code } => self.visitor.call(base, "bookings/cancel", &json!({ "code": code })).await,
            Ask::Redeem { code, nonce } => town.nurse.call(base, "checkin/redeem", &json!({ "code": code, "nonce": nonce })).await,
            Ask::Undo { code } => town.manager.call(base, "checkin/undo", &json!({ "code": code, "reason": "测试" })).await,
        }
    }

    /// The same request on two connections at once: both hear the same, or one of them "not now".
    async fn twice(&self, base: &str, name: &str, body: &Value) -> Heard {
        match tokio::join!(self.visitor.call(base, name, body), self.visitor.call(base, name, body)) {
            (Heard::Answer(one), Heard::Answer(other)) => {
                if one.is_ok() && other.is_ok() {
                    assert_eq!(one, other, "one request, two answers");
                }
                Heard::Answer(if one.is_ok() { one } else { other })
            }
            (Heard::Answer(one), Heard::Silence(_)) | (Heard::Silence(_), Heard::Answer(one)) if one.is_ok() => Heard::Answer(one),
            (Heard::Silence(why), _) | (_, Heard::Silence(why)) => Heard::Silence(why),
        }
    }

    /// Takes in an answer to what was asked once.
    fn remember(&mut self, ask: &Ask, answer: &Answer) {
        if answer.is_ok() {
            self.tally.acknowledged += 1;
            self.believe(ask, &answer.body);
        } else {
            self.tally.refused += 1;
            self.check_refusal(ask, answer);
        }
    }

    /// Takes in the answer to what was asked again: done now, or done before.
    fn settle(&mut self, ask: &Ask, answer: &Answer) {
        match ask {
            Ask::Cancel { .. } if answer.rule() == "cancelled" => self.believe(ask, &Value::Null),
            Ask::Undo { .. } if answer.rule() == "not_redeemed" => self.believe(ask, &Value::Null),
            _ => {
                assert!(!answer.is_busy(), "nobody else is there: {ask:?}: {answer:?}");
                self.remember(ask, answer);
            }
        }
    }

    /// It is done, and from now on must be so.
    fn believe(&mut self, ask: &Ask, body: &Value) {
        let promised = |promised: &mut BTreeMap<String, Row>, code: &str, state: &str| {
            promised.get_mut(code).expect("a booking of ours").state = state.to_owned();
        };
        match ask {
            Ask::Reserve { person, slot, .. } => {
                let code = body["booking"]["code"].as_str().expect("a code").to_owned();
                assert_eq!(body["booking"]["state"], "booked", "{ask:?}: {body}");
                let person = &mut self.people[*person];
                assert_eq!(person.booking, None, "a second live booking for one person: {body}");
                person.booking = Some(code.clone());
                let row = Row { state: "booked".into(), slot: slot.clone(), person: person.id.clone(), version: 1 };
                assert_eq!(self.promised.insert(code, row), None, "a code was given twice: {body}");
            }
            Ask::Move { code, slot, .. } => {
                let row = self.promised.get_mut(code).expect("a booking of ours");
                (row.slot, row.version) = (slot.clone(), row.version + 1);
            }
            Ask::Cancel { code } => {
                promised(&mut self.promised, code, "cancelled");
                for person in &mut self.people {
                    person.booking.take_if(|booking| booking == code);
                }
            }
            Ask::Redeem { code, .. } => promised(&mut self.promised, code, "redeemed"),
            Ask::Undo { code } => promised(&mut self.promised, code, "booked"),
        }
    }

    /// Nothing is refused without a reason that the client knows to be true.
    fn check_refusal(&self, ask: &Ask, answer: &Answer) {
        let state = |code: &String| self.promised[code].state.as_str();
        let right = match (ask, answer.rule()) {
            (Ask::Reserve { .. } | Ask::Move { .. }, "slot_full") => true,
            (Ask::Reserve { person, .. }, "already_booked") => {
                let person = &self.people[*person];
                let named = answer.body["reason"]["code"].as_str();
                person.shared || (named.is_some() && named == person.booking.as_deref())
            }
            (Ask::Move { slot, code, .. }, "same_slot") => self.promised[code].slot == *slot,
            (Ask::Cancel { code } | Ask::Redeem { code, .. }, "redeemed") => state(code) == "redeemed",
            _ => false,
        };
        assert!(right, "refused without a reason that is true: {ask:?}: {answer:?}");
    }
}
