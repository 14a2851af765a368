//! The gateways against stand-ins that verify what the real ones verify, and misbehave: every class of answer, receipts, and what is asked.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::identity::Phone;
use domain::lang::Lang;
use domain::message::{Field, MessageKind, Values};
use domain::time::Clock;
use domain::{DateTime, Utc};
use engine::clock::SystemClock;
use engine::entropy::{Entropy, SystemEntropy};
use engine::sms::{Gateway, GatewayParts, Handed, Letter, Pushed, ReceiptRefused, SecretFrom, Told, gateways};
use zeroize::Zeroizing;

use crate::harness::SteppedClock;
use crate::standins::memory::Memory;
use crate::standins::post::Push;
use crate::standins::{Accepted, AliyunStandin, CityStandin, Mode, Moods, Outcome, SECRET, TOKEN, TencentStandin};

const PHONE: &str = "13800138000";
const NOON: &str = "2026-11-23T12:00:00+08:00";

/// A gateway and its stand-in.
pub enum Standin {
    Aliyun(AliyunStandin),
    Tencent(TencentStandin),
    City(CityStandin),
}

impl Standin {
    pub fn sends(&self) -> &Moods {
        match self {
            Self::Aliyun(one) => &one.sends,
            Self::Tencent(one) => &one.sends,
            Self::City(one) => &one.sends,
        }
    }

    fn asks(&self) -> &Moods {
        match self {
            Self::Aliyun(one) => &one.asks,
            Self::Tencent(one) => &one.asks,
            Self::City(one) => &one.asks,
        }
    }

    pub fn memory(&self) -> &Memory {
        match self {
            Self::Aliyun(one) => &one.memory,
            Self::Tencent(one) => &one.memory,
            Self::City(one) => &one.memory,
        }
    }

    pub async fn shut(&self) {
        match self {
            Self::Aliyun(one) => one.door.shut().await,
            Self::Tencent(one) => one.door.shut().await,
            Self::City(one) => one.door.shut().await,
        }
    }

    pub async fn reopen(&self) {
        match self {
            Self::Aliyun(one) => one.door.reopen().await,
            Self::Tencent(one) => one.door.reopen().await,
            Self::City(one) => one.door.reopen().await,
        }
    }

    pub fn write(&self, about: &[Accepted]) -> Push {
        match self {
            Self::Aliyun(one) => one.write(about),
            Self::Tencent(one) => one.write(about),
            Self::City(one) => one.write(about),
        }
    }

    fn is_tencent(&self) -> bool {
        matches!(self, Self::Tencent(_))
    }
}

/// Templates of the two that have some: all kinds have the first, and reminders another.
fn templates() -> String {
    let one = |kind: &MessageKind| match kind {
        MessageKind::Reminder => "[gateway.templates.reminder]\nid = \"2\"\nparams = [\"name\", \"site\"]\n".to_owned(),
        kind => format!("[gateway.templates.{kind}]\nid = \"1\"\nparams = [\"code\"]\n"),
    };
    MessageKind::ALL.iter().map(one).collect()
}

fn read(text: &str, clock: Arc<dyn Clock>, secret: &str) -> Arc<dyn Gateway> {
    let secrets = |from: SecretFrom| {
        let text = if matches!(from, SecretFrom::Env("TOKEN")) { TOKEN } else { secret };
        Ok(Zeroizing::new(text.to_owned()))
    };
    let parts =
        GatewayParts { secrets: &secrets, lease: std::time::Duration::from_secs(60), clock, entropy: Arc::new(SystemEntropy) };
    gateways(text, &parts).expect("a good file").remove(0)
}

/// Each gateway with its stand-in, whose clocks may differ, by a secret.
pub async fn with(ours: Arc<dyn Clock>, theirs: Arc<dyn Clock>, secret: &str) -> Vec<(Arc<dyn Gateway>, Standin)> {
    let aliyun = AliyunStandin::start("aliyun", theirs.clone(), &[("1", &["code"]), ("2", &["name", "site"])]).await;
    let tencent = TencentStandin::start("tencent", theirs.clone(), &[("1", 1), ("2", 2)]).await;
    let city = CityStandin::start("city", theirs).await;
    let read = |text: &str| read(text, ours.clone(), secret);
    vec![
        (read(&(aliyun.settings("env", "SECRET", "TOKEN") + &templates())), Standin::Aliyun(aliyun)),
        (read(&(tencent.settings("env", "SECRET", "TOKEN") + &templates())), Standin::Tencent(tencent)),
        (read(&city.settings("env", "SECRET")), Standin::City(city)),
    ]
}

async fn all() -> Vec<(Arc<dyn Gateway>, Standin)> {
    let clock = Arc::new(SteppedClock::at(NOON));
    with(clock.clone(), clock, SECRET).await
}

fn letter(kind: MessageKind, values: Values) -> Letter {
    let entropy: &dyn Entropy = &SystemEntropy;
    let id = entropy.id(at(NOON));
    Letter { id, kind, lang: Lang::Zh, to: Phone::parse(PHONE).expect("a number"), text: "【一针永州】您好".into(), values }
}

fn code() -> Letter {
    letter(MessageKind::SignInCode, vec![(Field::Code, "123456".into()), (Field::Minutes, "5".into())])
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

fn taken(handed: Handed) -> String {
    match handed {
        Handed::Taken { reference } => reference,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_message_that_is_signed_and_filled_in_as_documented_is_taken() {
    for (gateway, standin) in all().await {
        let reminder =
            letter(MessageKind::Reminder, vec![(Field::Name, "张*兰 & +%".into()), (Field::Site, "演示接种点一".into())]);
        let reference = taken(gateway.send(&reminder).await);
        assert!(standin.memory().refused().is_empty(), "{:?}", standin.memory().refused());
        let accepted = standin.memory().of(&reminder.id.to_string()).pop().expect("there");
        assert_eq!((accepted.to.as_str(), accepted.reference), (PHONE, reference));
        let params: BTreeMap<_, _> = accepted.params.into_iter().collect();
        let names = if standin.is_tencent() { ["1", "2"] } else { ["name", "site"] };
        assert_eq!(names.map(|name| params[name].as_str()), ["张*兰 & +%", "演示接种点一"]);
        let shown = format!("{gateway:?} {reminder:?}");
        for secret in [SECRET, TOKEN, PHONE, "张*兰", "【"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}

#[tokio::test]
async fn another_secret_or_another_time_is_noticed_and_is_the_gateways_fault_not_the_messages() {
    let clock = || Arc::new(SteppedClock::at(NOON));
    let late = || Arc::new(SteppedClock::at("2026-11-23T12:15:01+08:00"));
    for (case, gateways) in [
        ("secret", with(clock(), clock(), "another-secret-of-more-than-32-characters").await),
        ("time", with(clock(), late(), SECRET).await),
    ] {
        for (gateway, standin) in gateways {
            let handed = gateway.send(&code()).await;
            assert!(matches!(handed, Handed::NotNow { down: true, .. }), "{case} {gateway:?}: {handed:?}");
            let ours = standin.memory().refused();
            assert_eq!((ours.len(), standin.memory().count()), (1, 0), "{case} {gateway:?}: {ours:?}");
        }
    }
}

#[tokio::test]
async fn each_misbehaviour_falls_into_its_class_and_only_what_was_taken_can_be_in_doubt() {
    let trickle = Mode::TakeAndTrickle(Duration::from_millis(100));
    for (mode, class, took) in [
        (Mode::Well, "taken", true),
        (Mode::Throttle, "down", false),
        (Mode::NumberLimit, "number", false),
        (Mode::Hang, "timeout", false),
        (Mode::Fail, "http-500", false),
        (Mode::TakeAndHang, "timeout", true),
        (Mode::TakeAndFail, "http-500", true),
        (trickle, "timeout", true),
        (Mode::TakeAndCut, "broken", true),
        (Mode::TakeAndGarble, "unreadable", true),
        (Mode::TakeAndClose, "broken", true),
    ] {
        let mut calls = tokio::task::JoinSet::new();
        for (gateway, standin) in all().await {
            calls.spawn(async move {
                standin.sends().next(1, mode);
                let letter = code();
                let handed = match gateway.send(&letter).await {
                    Handed::Taken { .. } => "taken".to_owned(),
                    Handed::Delivered => "delivered".into(),
                    Handed::NotNow { down: true, .. } => "down".into(),
                    Handed::NotNow { down: false, .. } => "number".into(),
                    Handed::Refused { why } => format!("refused {why}"),
                    Handed::InDoubt { why } => why,
                };
                assert_eq!(handed, class, "{gateway:?} {mode:?}");
                assert_eq!(standin.memory().of(&letter.id.to_string()).len(), usize::from(took), "{gateway:?} {mode:?}");
            });
        }
        calls.join_all().await;
    }
}

#[tokio::test]
async fn what_a_gateway_refuses_for_good_is_refused_and_named_by_its_code() {
    for (gateway, standin) in all().await {
        let refusal = match standin {
            Standin::Aliyun(_) => "isv.SMS_CONTENT_ILLEGAL",
            Standin::Tencent(_) => "FailedOperation.PhoneNumberInBlacklist",
            Standin::City(_) => "blocked",
        };
        standin.sends().next(1, Mode::Refuse(refusal));
        assert_eq!(gateway.send(&code()).await, Handed::Refused { why: refusal.into() });
        // a field that is empty, or too long, is no template's
        if !matches!(standin, Standin::City(_)) {
            for values in [vec![], vec![(Field::Code, "x".repeat(101))]] {
                let handed = gateway.send(&letter(MessageKind::SignInCode, values)).await;
                assert!(matches!(handed, Handed::Refused { .. }), "{gateway:?}: {handed:?}");
            }
        }
        assert_eq!(standin.memory().count(), 0);
    }
}

#[tokio::test]
async fn a_gateway_that_is_down_has_taken_nothing_and_is_found_again_when_it_is_back() {
    for (gateway, standin) in all().await {
        taken(gateway.send(&code()).await);
        standin.shut().await;
        for _ in 0..3 {
            let handed = gateway.send(&code()).await;
            assert_eq!(handed, Handed::NotNow { why: "connect".into(), after: None, down: true }, "{gateway:?}");
        }
        assert_eq!(gateway.ask(&code(), at(NOON), None).await, Told::NoAnswer);
        standin.reopen().await;
        taken(gateway.send(&code()).await);
        assert_eq!(standin.memory().count(), 2);
    }
}

#[tokio::test]
async fn at_every_third_call_the_answer_is_lost_and_nothing_is_sent_twice_by_itself() {
    for (gateway, standin) in all().await {
        standin.sends().every(3, Mode::TakeAndClose);
        let mut doubts = 0;
        for _ in 0..9 {
            doubts += u32::from(matches!(gateway.send(&code()).await, Handed::InDoubt { .. }));
        }
        assert_eq!((doubts, standin.memory().count()), (3, 9), "{gateway:?}");
        assert!(standin.memory().duplicates().is_empty());
    }
}

#[tokio::test]
async fn whoever_lost_the_answer_asks_what_became_of_the_message() {
    for (gateway, standin) in all().await {
        let letter = code();
        let ask = async |reference: Option<&str>| gateway.ask(&letter, at(NOON), reference).await;
        assert_eq!(ask(None).await, Told::Unknown, "{gateway:?}");
        standin.sends().next(1, Mode::TakeAndClose);
        assert!(matches!(gateway.send(&letter).await, Handed::InDoubt { .. }));
        let id = letter.id.to_string();
        let reference = standin.memory().of(&id)[0].reference.clone();
        // Tencent shows a message when the carrier has answered, and not before
        let waiting = ask(None).await;
        let known = if standin.is_tencent() { waiting == Told::Unknown } else { matches!(waiting, Told::OnItsWay { .. }) };
        assert!(known, "{gateway:?}: {waiting:?}");
        assert!(matches!(ask(Some(&reference)).await, Told::OnItsWay { reference: Some(same) } if same == reference));
        standin.memory().settle(&id, Outcome::Lost("MK:0001"));
        assert_eq!(ask(None).await, Told::Failed { why: "MK:0001".into() });
        standin.memory().settle(&id, Outcome::Arrived);
        assert_eq!([ask(None).await, ask(Some(&reference)).await], [Told::Delivered, Told::Delivered]);
        for mode in [Mode::Fail, Mode::Throttle, Mode::TakeAndGarble, Mode::TakeAndCut, Mode::TakeAndClose, Mode::Hang] {
            standin.asks().next(1, mode);
            assert_eq!(ask(None).await, Told::NoAnswer, "{gateway:?} {mode:?}");
        }
    }
}

#[tokio::test]
async fn a_message_is_found_among_many_to_the_number_and_on_the_other_side_of_midnight() {
    let clock = Arc::new(SteppedClock::at("2024-02-29T23:59:59+08:00"));
    let theirs = Arc::new(SteppedClock::at("2024-03-01T00:00:01+08:00"));
    for (gateway, standin) in with(clock.clone(), theirs, SECRET).await {
        for _ in 0..60 {
            taken(gateway.send(&code()).await);
        }
        let ours = code();
        taken(gateway.send(&ours).await);
        standin.memory().settle(&ours.id.to_string(), Outcome::Arrived);
        assert_eq!(gateway.ask(&ours, clock.now(), None).await, Told::Delivered, "{gateway:?}");
        let nobodys = code();
        let told = gateway.ask(&nobodys, clock.now(), None).await;
        assert_eq!(told, Told::Unknown, "{gateway:?}");
    }
}

#[tokio::test]
async fn without_our_id_in_its_answers_tencent_is_asked_by_its_own() {
    let (gateway, standin) = all().await.swap_remove(1);
    let Standin::Tencent(tencent) = &standin else { panic!("the second is Tencent") };
    tencent.tells_ids.store(false, Ordering::Relaxed);
    let letter = code();
    let reference = taken(gateway.send(&letter).await);
    tencent.memory.settle(&letter.id.to_string(), Outcome::Arrived);
    assert_eq!(gateway.ask(&letter, at(NOON), Some(&reference)).await, Told::Delivered);
    // whose that is cannot be told
    assert_eq!(gateway.ask(&letter, at(NOON), None).await, Told::NoAnswer);
    let push = tencent.write(&tencent.memory.accepted());
    let receipts = receive(&*gateway, &push, at(NOON)).expect("verified");
    assert_eq!((receipts[0].id, receipts[0].reference.as_deref()), (None, Some(reference.as_str())));
}

/// What the gateway makes of a push.
fn receive(gateway: &dyn Gateway, push: &Push, now: DateTime<Utc>) -> Result<Vec<engine::sms::Receipt>, ReceiptRefused> {
    let mut headers = axum::http::HeaderMap::new();
    for (name, value) in &push.headers {
        headers.insert(*name, value.parse().expect("a header"));
    }
    let token = push.path.split('/').nth(4);
    gateway.receipts(&Pushed { headers: &headers, token, body: push.body.as_bytes(), now })
}

#[tokio::test]
async fn receipts_say_which_message_which_number_and_what_became_of_it() {
    for (gateway, standin) in all().await {
        let (first, second) = (code(), code());
        let references = [taken(gateway.send(&first).await), taken(gateway.send(&second).await)];
        standin.memory().settle(&first.id.to_string(), Outcome::Arrived);
        standin.memory().settle(&second.id.to_string(), Outcome::Lost("MK:0001"));
        let push = standin.write(&standin.memory().accepted());
        let receipts = receive(&*gateway, &push, at(NOON)).expect("verified");
        let told: Vec<_> = receipts.iter().map(|one| (one.id, one.reference.clone(), one.delivered)).collect();
        let [one, two] = references;
        assert_eq!(told, [(Some(first.id), Some(one), true), (Some(second.id), Some(two), false)], "{gateway:?}");
        assert_eq!((receipts[0].to.as_deref(), receipts[1].why.as_str()), (Some(PHONE), "MK:0001"));
        assert!(!format!("{receipts:?}").contains(PHONE));
        assert_eq!(receive(&*gateway, &push, at(NOON)), Ok(receipts), "again is no harm");
        let thanks: serde_json::Value = serde_json::from_str(gateway.thanks()).expect("JSON");
        assert!(thanks["code"] == 0 || thanks["result"] == 0 || thanks["ok"] == true, "{thanks}");
    }
}

#[tokio::test]
async fn a_receipt_that_the_gateway_did_not_send_is_refused() {
    for (gateway, standin) in all().await {
        taken(gateway.send(&code()).await);
        let good = || standin.write(&standin.memory().accepted());
        let now = at(NOON);
        assert!(receive(&*gateway, &good(), now).is_ok());
        let refused = |push: &Push, now| assert_eq!(receive(&*gateway, push, now), Err(ReceiptRefused::NotVerified), "{gateway:?}");
        if let Standin::City(_) = standin {
            refused(&Push { body: good().body.replace("c-0", "c-1"), ..good() }, now);
            refused(&Push { headers: good().headers[..1].to_vec(), ..good() }, now);
            refused(&Push { path: good().path + "/" + TOKEN, ..good() }, now);
            // replayed later, or dated ahead
            refused(&good(), at("2026-11-23T12:05:01+08:00"));
            refused(&good(), at("2026-11-23T11:54:59+08:00"));
            let other = |(name, value): (&'static str, String)| (name, value.replace("179", "178"));
            refused(&Push { headers: good().headers.into_iter().map(other).collect(), ..good() }, now);
        } else {
            let swap = |path: String, token: &str| path.replace(TOKEN, token);
            for token in ["", "x", &TOKEN.to_uppercase(), &TOKEN[1..], "a-receipt-token-of-more-than-32-characterS"] {
                refused(&Push { path: swap(good().path, token), ..good() }, now);
            }
            let none = good().path.trim_end_matches(TOKEN).trim_end_matches('/').to_owned();
            refused(&Push { path: none, ..good() }, now);
        }
        let body = |body: &str| match &standin {
            Standin::City(city) => city.signed(body.to_owned()),
            _ => Push { body: body.to_owned(), ..good() },
        };
        for unreadable in ["", "{}", "[7]", "<html>", r#"[{"biz_id":1,"sid":1}]"#] {
            assert_eq!(receive(&*gateway, &body(unreadable), now), Err(ReceiptRefused::Unreadable), "{gateway:?} {unreadable}");
        }
    }
}

#[tokio::test]
async fn a_webhook_that_is_sent_the_same_message_again_has_it_once() {
    let (gateway, standin) = all().await.swap_remove(2);
    let letter = code();
    standin.sends().next(1, Mode::TakeAndClose);
    assert!(matches!(gateway.send(&letter).await, Handed::InDoubt { .. }));
    let [first, second] = [taken(gateway.send(&letter).await), taken(gateway.send(&letter).await)];
    assert_eq!((first, standin.memory().count()), (second, 1));
}

#[tokio::test]
async fn nonces_differ_from_call_to_call_also_when_they_are_many_at_once() {
    let clock = Arc::new(SystemClock);
    let (gateway, standin) = with(clock.clone(), clock, SECRET).await.swap_remove(0);
    let calls: Vec<_> = (0..64)
        .map(|_| {
            let gateway = gateway.clone();
            tokio::spawn(async move { gateway.send(&code()).await })
        })
        .collect();
    for call in calls {
        taken(call.await.expect("no panic"));
    }
    assert_eq!((standin.memory().count(), standin.memory().refused()), (64, vec![]));
}

#[tokio::test]
async fn the_demos_inbox_takes_everything_and_delivers_at_once() {
    let inbox = engine::sms::DemoInbox::default();
    for kind in MessageKind::ALL {
        let letter = letter(*kind, vec![]);
        assert!(inbox.takes(*kind, Lang::En) && inbox.takes(*kind, Lang::Zh));
        assert_eq!(inbox.send(&letter).await, Handed::Delivered);
        assert_eq!(inbox.ask(&letter, at(NOON), None).await, Told::Delivered);
    }
    let headers = axum::http::HeaderMap::new();
    let pushed = Pushed { headers: &headers, token: None, body: b"[]", now: at(NOON) };
    assert_eq!(inbox.receipts(&pushed), Err(ReceiptRefused::NotVerified));
}
