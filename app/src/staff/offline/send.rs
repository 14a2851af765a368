//! What waits is sent, in the order of its time, a bounded number at once, each until it has an answer.

use domain::error::ErrorCode;
use domain::offline::late::{Became, MOST};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::Offline;
use super::store::Entry;
use crate::api;
use crate::staff::pages::desk::Session;

impl Offline {
    /// Sends what waits, if nobody is at it already.
    pub(super) fn send(self) {
        let ready = self.along.with_value(Option::is_some) && self.desk.session.get_untracked() == Session::In;
        if !ready || self.sending.get_value() || self.next().is_empty() {
            return;
        }
        self.sending.set_value(true);
        spawn_local(async move {
            let mut sent = false;
            while self.send_some().await {
                sent = true;
            }
            self.sending.set_value(false);
            if sent {
                self.desk.refresh();
                self.take();
            }
        });
    }

    /// Those that wait longest.
    fn next(self) -> Vec<Entry> {
        let mut waiting = self.entries.with_value(|entries| {
            let waits = |entry: &&Entry| entry.sent_at.is_none() && entry.refused.is_none();
            entries.iter().filter(waits).cloned().collect::<Vec<_>>()
        });
        waiting.sort_by_key(|entry| (entry.late.at, entry.late.nonce));
        waiting.truncate(MOST);
        waiting
    }

    /// Sends the next of them; whether all of these have their answer now.
    async fn send_some(self) -> bool {
        let entries = self.next();
        let Some(along) = self.along.get_value().filter(|_| !entries.is_empty()) else { return false };
        let jabs = entries.iter().map(|entry| entry.late.clone()).collect();
        let Ok(sent) = self.desk.ask(api::offline::send(jabs)).await else { return false };
        let mut all = true;
        for entry in entries {
            let answer = sent.answers.iter().find(|answer| answer.nonce == entry.late.nonce);
            let told = match answer {
                Some(answer) if answer.became != Became::Refused => Entry { sent_at: Some(along.now()), ..entry },
                Some(answer) if !passes(answer.reason.as_ref()) => Entry { refused: answer.reason.clone(), ..entry },
                _ => {
                    all = false;
                    continue;
                }
            };
            all &= self.write(&along, told).await.is_ok();
        }
        all
    }
}

/// Whether a refusal passes by itself.
fn passes(reason: Option<&domain::reason::Reason>) -> bool {
    reason.is_none_or(|reason| matches!(reason.code(), ErrorCode::Busy | ErrorCode::Internal | ErrorCode::TooMany))
}
