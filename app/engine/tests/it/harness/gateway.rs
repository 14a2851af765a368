//! A gateway that answers as it is told, and remembers every message that it was handed.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::lang::Lang;
use domain::message::MessageKind;
use domain::{DateTime, Utc, Uuid};
use engine::sms::{DemoInbox, Gateway, GatewayLimits, Handed, Letter, Pushed, Receipt, ReceiptRefused, Told};

/// What a gateway was handed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Had {
    pub id: Uuid,
    pub kind: MessageKind,
    pub lang: Lang,
    pub to: String,
    pub text: String,
}

/// How it answers when it is handed a message.
#[derive(Clone, Debug)]
pub enum Does {
    Takes,
    NotNow,
    Busy,
    Down,
    Refuses,
    /// It takes the message, and its answer is lost.
    TakesAndLoses,
    /// Nobody knows whether it took it; it did not.
    Loses,
    /// It takes the message and never answers.
    Hangs,
}

#[derive(Debug, Default)]
struct State {
    had: Vec<Had>,
    next: VecDeque<Does>,
    then: Option<Does>,
    asked: usize,
    told: Option<Told>,
}

/// A gateway that answers as it is told.
#[derive(Debug)]
pub struct Scripted {
    name: &'static str,
    limits: GatewayLimits,
    /// Numbers that it refuses.
    bad: Vec<String>,
    state: Mutex<State>,
}

impl Scripted {
    pub fn new(name: &'static str) -> Arc<Self> {
        Self::with(name, DemoInbox::default().limits().clone(), &[])
    }

    pub fn with(name: &'static str, limits: GatewayLimits, bad: &[&str]) -> Arc<Self> {
        let bad = bad.iter().map(|number| (*number).to_owned()).collect();
        Arc::new(Self { name, limits, bad, state: Mutex::default() })
    }

    /// What it does with the next messages, and with all after them.
    pub fn does(&self, next: impl IntoIterator<Item = Does>, then: Does) {
        let mut state = self.state.lock().expect("no panic");
        state.next = next.into_iter().collect();
        state.then = Some(then);
    }

    /// What it says when it is asked. Without it: whether it was handed the message.
    pub fn says(&self, told: Told) {
        self.state.lock().expect("no panic").told = Some(told);
    }

    pub fn had(&self) -> Vec<Had> {
        self.state.lock().expect("no panic").had.clone()
    }

    pub fn kinds(&self) -> Vec<MessageKind> {
        self.had().into_iter().map(|had| had.kind).collect()
    }

    pub fn asked(&self) -> usize {
        self.state.lock().expect("no panic").asked
    }
}

/// What it calls a message.
pub fn reference(id: Uuid) -> String {
    format!("ref-{id}")
}

#[async_trait::async_trait]
impl Gateway for Scripted {
    fn name(&self) -> &str {
        self.name
    }

    fn limits(&self) -> &GatewayLimits {
        &self.limits
    }

    fn takes(&self, _: MessageKind, _: Lang) -> bool {
        true
    }

    async fn send(&self, letter: &Letter) -> Handed {
        let does = {
            let mut state = self.state.lock().expect("no panic");
            let does = state.next.pop_front().or_else(|| state.then.clone()).unwrap_or(Does::Takes);
            let refuses = self.bad.iter().any(|bad| bad == letter.to.as_str());
            let does = if refuses { Does::Refuses } else { does };
            if matches!(does, Does::Takes | Does::TakesAndLoses | Does::Hangs) {
                let Letter { id, kind, lang, .. } = *letter;
                state.had.push(Had { id, kind, lang, to: letter.to.as_str().to_owned(), text: letter.text.clone() });
            }
            does
        };
        let why = || "SCRIPTED".to_owned();
        match does {
            Does::Takes => Handed::Taken { reference: reference(letter.id) },
            Does::NotNow => Handed::NotNow { why: why(), after: None, down: false },
            Does::Busy => Handed::NotNow { why: why(), after: Some(Duration::from_secs(5)), down: true },
            Does::Down => Handed::NotNow { why: "connect".into(), after: None, down: true },
            Does::Refuses => Handed::Refused { why: why() },
            Does::TakesAndLoses | Does::Loses => Handed::InDoubt { why: "timeout".into() },
            Does::Hangs => core::future::pending().await,
        }
    }

    async fn ask(&self, letter: &Letter, _: DateTime<Utc>, _: Option<&str>) -> Told {
        let mut state = self.state.lock().expect("no panic");
        state.asked += 1;
        match &state.told {
            Some(told) => told.clone(),
            None if state.had.iter().any(|had| had.id == letter.id) => Told::OnItsWay { reference: Some(reference(letter.id)) },
            None => Told::Unknown,
        }
    }

    /// The body: id, reference, number, and `+` or `-`.
    fn receipts(&self, pushed: &Pushed) -> Result<Vec<Receipt>, ReceiptRefused> {
        if pushed.token != Some("the token") {
            return Err(ReceiptRefused::NotVerified);
        }
        let text = core::str::from_utf8(pushed.body).map_err(|_| ReceiptRefused::Unreadable)?;
        let mut parts = text.split(' ').map(str::to_owned);
        let mut next = || parts.next().ok_or(ReceiptRefused::Unreadable);
        let (id, reference, to, delivered) = (next()?, next()?, next()?, next()?);
        let some = |text: String| (text != "-").then_some(text);
        let delivered = delivered == "+";
        Ok(vec![Receipt {
            id: some(id).and_then(|id| id.parse().ok()),
            reference: Some(reference),
            to: some(to),
            delivered,
            why: "MK:0008".into(),
        }])
    }

    fn thanks(&self) -> &'static str {
        "{}"
    }
}
