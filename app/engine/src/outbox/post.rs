//! Sending what is due: taken in hand, looked at again, handed to a gateway, and what came of it written down.
//!
//! Codes, for which somebody waits, go by a lane of their own. All others stand back while people wait at the desk. A message that its gateway
//! answers slowly takes one place in hand and holds up no other.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::DateTime;
use domain::Utc;
use domain::error::Result;
use domain::message::{Going, MessageState};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Body;
use super::claim::{For, place};
use super::counts::Waiting;
use super::letter::Words;
use super::outcome::Outcome;
use super::row::marked;
use super::ways::{LONGEST_PAUSE, Way};
use crate::Engine;
use crate::config::MessageTimes;
use crate::sms::{Gateway, Handed, Letter};
use crate::store::entities::message;

/// Messages that are taken in hand at once.
const AT_ONCE: usize = 64;
/// How long answers are gathered before they are written down together.
const GATHER: Duration = Duration::from_millis(15);
/// How often it is looked whether something is due, where nobody has said so.
const LOOK: Duration = Duration::from_millis(500);
/// While people wait at the desk, the writer is left alone for so many times as long as the last round took …
const REST: u32 = 20;
/// … and for so long at least.
const LEAST_REST: Duration = Duration::from_millis(100);
/// After a failure of the database.
const TROUBLE: Duration = Duration::from_secs(1);
/// How long a number that has had too many waits at most, whatever its gateway wishes.
const LONGEST_FOR_A_NUMBER: Duration = Duration::from_secs(3600);
/// The first pause of a message that a gateway does not take now, and the longest.
const BACK_OFF_S: (u64, u64) = (2, 600);

/// How messages are sent by this process.
pub(crate) struct Post {
    pub ways: Vec<Arc<Way>>,
    /// Told when something that is due may have been written: by lane.
    wake: [Arc<Notify>; 2],
    pub closing: CancellationToken,
    pub waiting: Waiting,
}

impl Post {
    pub(crate) fn new(gateways: &[Arc<dyn Gateway>], others: Arc<Notify>) -> Self {
        let ways = gateways.iter().map(|gateway| Arc::new(Way::new(gateway.clone()))).collect();
        Self { ways, wake: [Arc::default(), others], closing: CancellationToken::new(), waiting: Waiting::default() }
    }

    /// A code was written.
    pub(crate) fn wake_codes(&self) {
        self.wake[0].notify_one();
    }

    pub(super) fn names(&self) -> Vec<&str> {
        self.ways.iter().map(|way| way.name()).collect()
    }

    pub(super) fn way(&self, name: &str) -> Option<&Arc<Way>> {
        self.ways.iter().find(|way| way.name() == name)
    }
}

/// What a lane has in hand.
#[derive(Default)]
struct Hands {
    /// Being handed over.
    sending: JoinSet<Outcome>,
    /// To be written down.
    done: Vec<Outcome>,
    /// How many of each gateway are being handed over, or to be written down.
    each: BTreeMap<String, usize>,
}

impl Engine {
    /// Sends what is due, for as long as it is polled, or until [`Engine::end_messages`]: then it ends when what is in hand is written down.
    pub async fn keep_messages(&self) {
        if self.post().ways.is_empty() {
            return;
        }
        tokio::join!(self.keep_lane(0), self.keep_lane(1), self.keep_doubtful());
    }

    /// No more messages are taken in hand.
    pub fn end_messages(&self) {
        self.post().closing.cancel();
    }

    /// Sends everything that is due now and writes it down: one round after another, until nothing is taken in hand. For tests.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn send_due(&self) -> Result<usize> {
        let mut all = 0;
        for lane in [0, 1] {
            loop {
                let mut hands = Hands::default();
                let taken = self.take_up(lane, &mut hands).await?;
                while let Some(done) = hands.sending.join_next().await {
                    hands.done.extend(done);
                }
                self.put_down(&mut hands).await?;
                if taken == 0 {
                    break;
                }
                all += taken;
            }
        }
        Ok(all)
    }

    async fn keep_lane(&self, lane: i16) {
        let post = self.post();
        let mut hands = Hands::default();
        loop {
            let closing = post.closing.is_cancelled();
            if closing && hands.sending.is_empty() && hands.done.is_empty() {
                return;
            }
            let began = Instant::now();
            let round = async {
                let taken = if closing { 0 } else { self.take_up(lane, &mut hands).await? };
                self.put_down(&mut hands).await.map(|()| taken)
            };
            let Ok(taken) = round.await else {
                tokio::time::sleep(TROUBLE).await;
                continue;
            };
            let took = began.elapsed();
            if lane > 0 && self.desk_counts().waiting > 0 {
                tokio::time::sleep((took * REST).max(LEAST_REST)).await;
            }
            if hands.sending.is_empty() && hands.done.is_empty() && taken == 0 {
                let wake = &post.wake[usize::from(lane > 0)];
                tokio::select! {
                    () = wake.notified() => {}
                    () = post.closing.cancelled(), if !closing => {}
                    () = tokio::time::sleep(LOOK) => {}
                }
                continue;
            }
            hands.gather().await;
        }
    }

    /// Takes messages in hand, as many as the gateways have room for, and begins to send them. Gives how many it took.
    async fn take_up(&self, lane: i16, hands: &mut Hands) -> Result<usize> {
        let now = self.now();
        let up: Vec<_> = self.post().ways.iter().filter(|way| way.room(now) > 0).cloned().collect();
        let names: Vec<_> = up.iter().map(|way| way.name()).collect();
        let mut taken = 0;
        for (at, way) in up.iter().enumerate() {
            let in_hand = hands.each.get(way.name()).copied().unwrap_or(0);
            let second = usize::try_from(way.gateway.limits().a_second).unwrap_or(usize::MAX);
            let room = way.room(now).saturating_sub(in_hand).min(AT_ONCE).min(second.max(1));
            // not one by one: each time is a transaction
            if room == 0 || (in_hand > 0 && room < (way.gateway.limits().at_once / 4).min(AT_ONCE / 4)) {
                continue;
            }
            let whose = For { gateway: way.name(), first_of: (at == 0).then_some(names.as_slice()) };
            let rows = self.claim(lane, &whose, room, self.times().lease).await?;
            taken += rows.len();
            *hands.each.entry(way.name().to_owned()).or_default() += rows.len();
            self.begin(way, rows, hands).await;
        }
        Ok(taken)
    }

    /// Begins to send what is still true.
    async fn begin(&self, way: &Arc<Way>, mut rows: Vec<message::Model>, hands: &mut Hands) {
        if rows.is_empty() {
            return;
        }
        match self.sort(way, &mut rows).await {
            Ok(ready) => {
                for (row, what) in rows.into_iter().zip(ready) {
                    match what {
                        Ready::Send(words) => {
                            let (engine, way) = (self.clone(), way.clone());
                            hands.sending.spawn(async move { engine.hand_over(&way, row, words).await });
                        }
                        Ready::Not(state, due_at, trouble) => {
                            let outcome = Outcome::of(row, state, due_at).untouched();
                            hands.done.push(match trouble {
                                Some(trouble) => outcome.because(trouble),
                                None => outcome,
                            });
                        }
                        Ready::Elsewhere(trouble) => {
                            let names = self.post().names();
                            hands.done.push(
                                Outcome::of(row, MessageState::Queued, self.now()).because(trouble).refused(&names, self.now()),
                            );
                        }
                    }
                }
            }
            // nothing of it was sent: what cannot be read now is read later
            Err(_) => {
                let later = self.now() + self.back_off(1);
                hands.done.extend(rows.into_iter().map(|row| Outcome::of(row, MessageState::Queued, later).untouched()));
            }
        }
    }

    /// What is to be done with each message that was taken in hand.
    async fn sort(&self, way: &Way, rows: &mut [message::Model]) -> Result<Vec<Ready>> {
        let now = self.now();
        let looked = self.look_again(rows, now).await?;
        // it goes to the number of today, by which limits count it and receipts tell of it
        for (row, (_, words)) in rows.iter_mut().zip(&looked) {
            if let Some(words) = words {
                row.to_hash = self.phone_hash(&words.to);
            }
        }
        let rows = &*rows;
        let before = self.under_way(rows).await?;
        let room = self.room_for_numbers(way, rows).await?;
        let mine: HashSet<_> = rows.iter().map(|row| row.id).collect();
        let earlier = |row: &message::Model| {
            let place = place(row.created_at, &row.kind);
            before.iter().any(|other| other.booking_code == row.booking_code && other.place < place && !mine.contains(&other.id))
        };
        let mut bookings = HashSet::new();
        let ready = rows.iter().zip(looked).map(|(row, (going, words))| {
            let wait = |until: DateTime<Utc>| Ready::Not(MessageState::Queued, until, None);
            let Some(words) = words.filter(|_| going == Going::Go) else {
                return match going {
                    Going::Then(at) => wait(at),
                    Going::TooLate => Ready::Not(MessageState::Failed, now, Some("too_late")),
                    Going::Go | Going::Drop => Ready::Not(MessageState::Dropped, now, None),
                };
            };
            // an earlier one of the same booking arrives first
            if row.booking_code.is_some() && (earlier(row) || !bookings.insert(row.booking_code.clone())) {
                return wait(now + chrono::Duration::seconds(1));
            }
            let Ok(kind) = row.kind.parse::<domain::message::MessageKind>() else {
                return Ready::Not(MessageState::Failed, now, Some("unknown_kind"));
            };
            if !way.gateway.takes(kind, words.lang) {
                return Ready::Elsewhere("no_template");
            }
            match room.get(&row.id) {
                None => Ready::Send(words),
                // somebody waits for it
                Some(_) if kind.is_code() => Ready::Elsewhere("limit"),
                Some(until) => Ready::Not(MessageState::Queued, *until, Some("limit")),
            }
        });
        Ok(ready.collect())
    }

    /// Hands one message over.
    async fn hand_over(&self, way: &Way, row: message::Model, words: Words) -> Outcome {
        way.turn().await;
        let now = self.now();
        let Ok(kind) = row.kind.parse() else { return Outcome::of(row, MessageState::Failed, now).untouched() };
        // a machine that stood still for too long: somebody else may think by now that this message is lost
        if now + self.times().lease / 2 > row.due_at {
            return Outcome::of(row, MessageState::Queued, now).untouched();
        }
        // what is about no booking has its body already
        let sealed = if row.booking_code.is_some() {
            let body = Body { to: words.to.as_str().to_owned(), text: words.text.clone(), fields: None };
            self.seal_body(row.id, &body).unwrap_or_default()
        } else {
            vec![]
        };
        let letter = Letter { id: row.id, kind, lang: words.lang, to: words.to, text: words.text, values: words.values };
        let handed = way.gateway.send(&letter).await;
        let now = self.now();
        way.answered(&handed, now, self.chance());
        self.outcome(row, handed, sealed, now)
    }

    /// What is written down of an answer.
    fn outcome(&self, row: message::Model, handed: Handed, sealed: Vec<u8>, now: DateTime<Utc>) -> Outcome {
        let tries = row.tries;
        match handed {
            Handed::Taken { reference } => {
                let sent = Outcome::of(row, MessageState::Sent, now);
                Outcome { reference: Some(reference), trouble: None, sealed, ..sent }
            }
            Handed::Delivered => {
                let sent = Outcome::of(row, MessageState::Delivered, now);
                Outcome { trouble: None, told_at: Some(now), sealed, ..sent }
            }
            Handed::NotNow { why, after, down } => {
                // not for longer than the gateway itself is left alone
                let most = if down { LONGEST_PAUSE } else { LONGEST_FOR_A_NUMBER };
                let after = chrono::Duration::from_std(after.unwrap_or_default().min(most)).unwrap_or_default();
                let later = now + self.back_off(tries).max(after);
                // the others are asked before anybody waits
                let (due_at, gateway) = match self.another_way(&row, now) {
                    Some(other) => (now, Some(other)),
                    None => (later, None),
                };
                Outcome { gateway, ..Outcome::of(row, MessageState::Queued, due_at).untouched().because(&why) }
            }
            Handed::Refused { why } => Outcome::of(row, MessageState::Queued, now).because(&why).refused(&self.post().names(), now),
            Handed::InDoubt { why } => {
                let doubt = Outcome::of(row, MessageState::InDoubt, now + self.times().ask_after).because(&why);
                Outcome { sealed, ..doubt }
            }
        }
    }

    /// Another gateway that could have a message which its own does not take now. Once all were asked, none: then it waits.
    fn another_way(&self, row: &message::Model, now: DateTime<Utc>) -> Option<String> {
        let ways = &self.post().ways;
        let round = i16::try_from(ways.len()).unwrap_or(i16::MAX);
        let refused = |way: &Way| row.refused_by.as_deref().is_some_and(|by| by.contains(&marked(way.name())));
        let mut others = ways.iter().filter(|way| row.gateway.as_deref() != Some(way.name()));
        let other = others.find(|way| way.room(now) > 0 && !refused(way)).filter(|_| row.tries % round != 0);
        other.map(|way| way.name().to_owned())
    }

    /// Writes down what came of what was in hand.
    async fn put_down(&self, hands: &mut Hands) -> Result<()> {
        if hands.done.is_empty() {
            return Ok(());
        }
        let written = self.write_outcomes(&hands.done).await?;
        if written < hands.done.len() as u64 {
            tracing::info!(
                count = hands.done.len() as u64 - written,
                "messages had been told of by receipts, or given up as lost, meanwhile"
            );
        }
        for outcome in hands.done.drain(..) {
            if let Some(count) = hands.each.get_mut(outcome.taken_for()) {
                *count = count.saturating_sub(1);
            }
        }
        Ok(())
    }

    /// How long a message waits that was not taken for the `tries`-th time: twice as long each time, and never two of them alike.
    pub(super) fn back_off(&self, tries: i16) -> chrono::Duration {
        let (first, longest) = BACK_OFF_S;
        let seconds = (first << tries.clamp(1, 16) >> 1).min(longest);
        let spread = 0.75 + self.chance() / 2.0;
        chrono::Duration::from_std(Duration::from_secs(seconds).mul_f64(spread)).unwrap_or_default()
    }

    /// From 0 to 1.
    pub(super) fn chance(&self) -> f64 {
        f64::from(u16::from_be_bytes(self.vault().entropy().bytes())) / f64::from(u16::MAX)
    }

    pub(super) fn times(&self) -> MessageTimes {
        self.config().messages
    }
}

/// What is to be done with a message that was taken in hand.
enum Ready {
    Send(Words),
    /// It is not handed over now: its state, when it is looked at again, and why.
    Not(MessageState, DateTime<Utc>, Option<&'static str>),
    /// Not by this gateway.
    Elsewhere(&'static str),
}

impl Hands {
    /// Waits for an answer, and a moment for those that come with it.
    async fn gather(&mut self) {
        if self.done.is_empty() {
            match tokio::time::timeout(LOOK, self.sending.join_next()).await {
                Ok(Some(done)) => self.done.extend(done),
                _ => return,
            }
        }
        let mut waited = false;
        loop {
            while let Some(done) = self.sending.try_join_next() {
                self.done.extend(done);
            }
            if waited || self.sending.is_empty() {
                return;
            }
            tokio::time::sleep(GATHER).await;
            waited = true;
        }
    }
}
