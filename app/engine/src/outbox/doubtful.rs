//! Messages that were perhaps sent: their gateway is asked before they are sent again.

use domain::error::Result;
use domain::identity::Phone;
use domain::lang::Lang;
use domain::message::MessageState;
use tokio::task::JoinSet;

use super::outcome::Outcome;
use crate::Engine;
use crate::sms::{Letter, Told};
use crate::store::entities::message;

/// How often it is looked whether something is to be asked.
const LOOK: std::time::Duration = std::time::Duration::from_secs(1);
/// Messages that are asked about at once.
const AT_ONCE: u64 = 16;
/// A gateway that knows nothing of a message is believed after it has said so this often …
const TIMES: i16 = 3;
/// … and so many times as long as until it was first asked after the message was handed over (five minutes, where nobody says otherwise): its
/// own records come late.
const RECORDS_LATE: i32 = 10;
/// The longest pause between two questions.
const LONGEST_PAUSE: chrono::Duration = chrono::Duration::hours(1);
/// How long a gateway is asked. What it has not said by then it never says.
const GIVE_UP: chrono::Duration = chrono::Duration::days(3);

impl Engine {
    pub(super) async fn keep_doubtful(&self) {
        let closing = &self.post().closing;
        while !closing.is_cancelled() {
            // what was not asked now is asked later
            let asked = self.ask_doubtful().await.unwrap_or(0);
            let _ = self.count_waiting().await;
            if asked == 0 {
                tokio::select! {
                    () = closing.cancelled() => {}
                    () = tokio::time::sleep(LOOK) => {}
                }
            }
        }
    }

    /// Gives up what is lost, and asks the gateways about what is due. Gives how many it asked about.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn ask_doubtful(&self) -> Result<usize> {
        if !self.is_anything_open(&self.store().read).await? {
            return Ok(0);
        }
        let lost = self.give_up_lost(self.now() + self.times().ask_after).await?;
        if lost > 0 {
            tracing::warn!(lost, "messages that a process had in hand are in doubt: it is gone");
        }
        let rows = self.claim_doubtful(AT_ONCE, self.times().lease).await?;
        let asked = rows.len();
        let looked = self.look_again(&rows, self.now()).await?;
        let mut asking = JoinSet::new();
        for (row, (_, words)) in rows.into_iter().zip(looked) {
            // to whom it went; what is about no booking, or has a new number by now, says so itself
            let sealed_to = self.open_body(&row)?.and_then(|body| Phone::parse(&body.to).ok());
            let to = sealed_to.or(words.map(|words| words.to));
            let engine = self.clone();
            asking.spawn(async move { engine.ask(row, to).await });
        }
        let outcomes = asking.join_all().await;
        self.write_outcomes(&outcomes).await?;
        Ok(asked)
    }

    async fn ask(&self, row: message::Model, to: Option<Phone>) -> Outcome {
        let way = row.gateway.as_deref().and_then(|name| self.post().way(name));
        let (Some(way), Some(to), Ok(kind), Some(handed_at)) = (way, to, row.kind.parse(), row.handed_at) else {
            // a gateway that is not in the settings any more, or a booking that was forgotten: nobody can be asked
            return Outcome::of(row, MessageState::InDoubt, super::never());
        };
        let letter = Letter { id: row.id, kind, lang: Lang::Zh, to, text: String::new(), values: vec![] };
        let told = way.gateway.ask(&letter, handed_at, row.reference.as_deref()).await;
        let now = self.now();
        match told {
            Told::Delivered => {
                way.counts.delivered();
                Outcome { told_at: Some(now), trouble: None, ..Outcome::of(row, MessageState::Delivered, now) }
            }
            Told::OnItsWay { reference } => {
                let sent = Outcome::of(row, MessageState::Sent, now);
                Outcome { reference: reference.or(sent.reference.clone()), trouble: None, ..sent }
            }
            Told::Failed { why } => {
                way.counts.failed();
                let failed = Outcome { told_at: Some(now), ..Outcome::of(row, MessageState::Queued, now).because(&why) };
                failed.refused(&self.post().names(), now)
            }
            Told::Unknown if row.asks >= TIMES && now - handed_at >= self.times().ask_after * RECORDS_LATE => {
                // it looks again whether the message still goes
                Outcome::of(row, MessageState::Queued, now).untouched().because("unknown")
            }
            Told::Unknown | Told::NoAnswer => {
                let pause = self.times().ask_after * (1 << row.asks.clamp(1, 12) >> 1);
                let next = now + pause.min(LONGEST_PAUSE);
                let next = if now - handed_at < GIVE_UP { next } else { super::never() };
                Outcome::of(row, MessageState::InDoubt, next)
            }
        }
    }
}
