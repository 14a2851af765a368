//! Receipts on their way to whoever is told: by hand, or by themselves; late, twice, never, forged.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::memory::{Accepted, Memory, Outcome};

/// Receipts of one push at most.
const A_PUSH: usize = 100;
/// How often it is looked whether some are due.
const ROUND: Duration = Duration::from_millis(20);

/// How receipts come by themselves.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Where: the service, without a path.
    pub to: String,
    /// How long after the message was accepted.
    pub after: Duration,
    /// How often each comes; 0: never.
    pub times: usize,
    /// What they say.
    pub outcome: Outcome,
    /// What is wrong with them.
    pub forgery: Option<Forgery>,
}

/// What is wrong with a receipt.
#[derive(Clone, Debug, PartialEq)]
pub enum Forgery {
    /// The token in the address, or the signature.
    Token,
    /// What the gateway calls the message.
    Reference,
    /// Our id: that of somebody else's message.
    Id(String),
}

impl Forgery {
    /// A message as a forger would have it.
    pub fn of(&self, accepted: &Accepted) -> Accepted {
        let mut forged = accepted.clone();
        match self {
            Self::Token => {}
            Self::Reference => forged.reference = "forged^0".into(),
            Self::Id(id) => forged.id.clone_from(id),
        }
        forged
    }
}

/// A push, as a stand-in makes it: address, headers, body.
pub struct Push {
    pub path: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

/// How a stand-in writes receipts.
pub trait Writes: Send + Sync + 'static {
    /// A push about these messages; `forgery` where it is one.
    fn push(&self, about: &[Accepted], forgery: Option<&Forgery>) -> Push;
}

/// Who carries receipts.
#[derive(Default)]
pub struct Post {
    client: reqwest::Client,
    delivery: Mutex<Option<Delivery>>,
    due: Mutex<Vec<(Instant, Accepted)>>,
}

impl Post {
    /// From now on, until told otherwise.
    pub fn deliver(&self, delivery: Option<Delivery>) {
        *self.delivery.lock().expect("no panic") = delivery;
    }

    /// A message was accepted.
    pub fn accepted(&self, accepted: &Accepted) {
        if let Some(delivery) = self.delivery.lock().expect("no panic").as_ref().filter(|delivery| delivery.times > 0) {
            self.due.lock().expect("no panic").push((Instant::now() + delivery.after, accepted.clone()));
        }
    }

    /// Sends a push, and gives the status and the body of its answer; nothing where nobody is there.
    pub async fn send(&self, to: &str, push: Push) -> Option<(u16, Value)> {
        let request = self.client.post(format!("{to}{}", push.path)).header("content-type", "application/json").body(push.body);
        let request = push.headers.into_iter().fold(request, |request, (name, value)| request.header(name, value));
        let answer = request.send().await.ok()?;
        let status = answer.status().as_u16();
        let body = answer.text().await.ok()?;
        Some((status, serde_json::from_str(&body).unwrap_or_default()))
    }

    /// Carries what is due, for as long as somebody holds the stand-in.
    pub fn carry(self: &Arc<Self>, memory: &Arc<Memory>, writer: impl Writes) {
        let (post, memory) = (Arc::downgrade(self), Arc::downgrade(memory));
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(ROUND).await;
                let (Some(post), Some(memory)) = (post.upgrade(), memory.upgrade()) else { return };
                let Some(delivery) = post.delivery.lock().expect("no panic").clone() else { continue };
                loop {
                    let now = Instant::now();
                    let due: Vec<_> = {
                        let mut all = post.due.lock().expect("no panic");
                        let end = all.iter().take(A_PUSH).take_while(|(at, _)| *at <= now).count();
                        all.drain(..end).map(|(_, accepted)| accepted).collect()
                    };
                    if due.is_empty() {
                        break;
                    }
                    due.iter().for_each(|accepted| memory.settle(&accepted.id, delivery.outcome));
                    let told = |accepted: &Accepted| {
                        let told = Accepted { outcome: delivery.outcome, ..accepted.clone() };
                        delivery.forgery.as_ref().map_or(told.clone(), |forgery| forgery.of(&told))
                    };
                    let about: Vec<_> = due.iter().map(told).collect();
                    for _ in 0..delivery.times {
                        // as the real ones: what is not thanked for comes again
                        while post
                            .send(&delivery.to, writer.push(&about, delivery.forgery.as_ref()))
                            .await
                            .is_none_or(|(status, _)| status >= 500)
                        {
                            tokio::time::sleep(ROUND).await;
                        }
                    }
                }
            }
        });
    }
}
