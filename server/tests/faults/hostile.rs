//! Slow and hostile clients by the hundred: bookings still get through, memory stays flat, and the stop is not held up.

use std::io;
use std::time::Instant;

use serde_json::json;
use tokio::task::JoinSet;

use crate::books::Books;
use crate::chance::{Chance, say};
use crate::client::Visitor;
use crate::crowd::{Crowd, Watch};
use crate::raw::{self, Raw};
use crate::service::{Place, Service};

/// Connections of each kind that only take up room.
const SLOW: usize = 125;
/// Bogus sign-in codes.
const BOGUS: u32 = 2_000;
/// Numbers that they are for.
const NUMBERS: u32 = 20;
/// What the process may hold at the worst, in MiB.
const MOST_MIB: u64 = 256;

#[tokio::test]
async fn slow_and_hostile_clients_keep_nobody_from_booking() {
    let mut place = Place::sqlite();
    // the limits are what keeps bogus codes out
    place.limits = true;
    place.flags = ["--limit-others-an-account", "100"].map(String::from).into();
    let mut chance = Chance::of("hostile");
    let mut service = place.start().await;
    let mut crowd = Crowd::gather(&service.base, &mut chance).await;
    let idle = service.process.resident_mib();
    let (base, watch) = (service.base.clone(), Watch::new());
    let mut most = idle;
    let siege = async {
        let slow = besiege(&service).await;
        watch.anew();
        watch.acknowledged(300).await;
        most = most.max(service.process.resident_mib());
        let begun = Instant::now();
        let (wrong, too_many) = guess_codes(&base).await;
        say(&format!(
            "hostile: {BOGUS} bogus sign-in codes in {:.0} s: {wrong} wrong, {too_many} too many",
            begun.elapsed().as_secs_f32()
        ));
        most = most.max(service.process.resident_mib());
        too_much(&service).await;
        most = most.max(service.process.resident_mib());
        let slow = see_off(slow).await;
        watch.anew();
        watch.acknowledged(100).await;
        most = most.max(service.process.resident_mib());
        watch.enough();
        slow
    };
    let (slow, ()) = tokio::join!(siege, crowd.live(&base, &watch));
    let tally = crowd.tally();
    assert_eq!((tally.unanswered, tally.busy), (0, 0), "everybody who booked was answered");
    let books = Books::open(&place.url).await;
    crowd.check(&books).await;
    books.close().await;
    assert!(most <= MOST_MIB, "{most} MiB");

    // those who read nothing are still there
    service.process.signal("TERM");
    assert!(service.process.ended().await.success(), "it ends well and in time");
    drop(slow);
    say(&format!(
        "hostile: {} connections that send half or read nothing; meanwhile {} acknowledgements; memory {idle} MiB before, {most} MiB at most; lost 0, double 0",
        4 * SLOW,
        tally.acknowledged
    ));
}

/// Connections that take up room, by kind.
struct Slow {
    half_heads: Vec<Raw>,
    half_bodies: Vec<Raw>,
    /// Ask for much and read nothing of it.
    deaf: Vec<Raw>,
}

async fn besiege(service: &Service) -> Slow {
    let mut slow = Slow { half_heads: vec![], half_bodies: vec![], deaf: vec![] };
    let body = json!({ "phone": "13800000000", "code": "000000" });
    let whole = raw::call("accounts/sign_in", "", &body);
    for _ in 0..SLOW {
        let mut half_head = Raw::connect(service.address()).await.expect("connected");
        half_head.send(&whole[..40]).await.expect("sent");
        slow.half_heads.push(half_head);
        let mut half_body = Raw::connect(service.address()).await.expect("connected");
        half_body.send(&whole[..whole.len() - 5]).await.expect("sent");
        slow.half_bodies.push(half_body);
        let mut deaf = Raw::connect_deaf(service.address()).await.expect("connected");
        // far more than the system keeps for a reader who does not read
        deaf.send_what_fits(&raw::get(&format!("/availability/{}", crate::city::id(crate::city::HALL))).repeat(2_000));
        slow.deaf.push(deaf);
        let mut feed = Raw::connect_deaf(service.address()).await.expect("connected");
        feed.send(&raw::get("/availability/feed")).await.expect("sent");
        slow.deaf.push(feed);
    }
    slow
}

/// Whoever sends half is sent away; gives those who stay.
async fn see_off(slow: Slow) -> Vec<Raw> {
    for mut half in slow.half_heads {
        // with or without a word, but not for ever
        if let Ok(words) = half.until_the_end().await {
            assert!(words.is_empty() || words.starts_with("HTTP/1.1 408"), "{words}");
        }
    }
    for mut half in slow.half_bodies {
        assert_eq!(half.reply().await.expect("an answer").status, 408);
    }
    slow.deaf
}

/// Tries codes that nobody was sent. Gives how many were wrong and how many too many.
async fn guess_codes(base: &str) -> (u32, u32) {
    let mut guessing = JoinSet::new();
    for number in 0..NUMBERS {
        let base = base.to_owned();
        guessing.spawn(async move {
            let phone = format!("1390000{number:04}");
            let guesser = Visitor::nobody();
            guesser.must(&base, "accounts/send_code", &json!({ "phone": phone })).await;
            let (mut wrong, mut too_many) = (0, 0);
            for code in 0..BOGUS / NUMBERS {
                // one digit too many: never right by luck
                let body = json!({ "phone": phone, "code": format!("{code:07}") });
                let answer = guesser.answer(&base, "accounts/sign_in", &body).await;
                match (answer.status.as_u16(), answer.rule()) {
                    (400, "sign_in_code") => wrong += 1,
                    (429, "too_many") => {
                        assert!(answer.retry_after.is_some(), "{answer:?}");
                        too_many += 1;
                    }
                    // a flood of them waits in front of its own gate
                    (503, _) => assert!(answer.is_busy()),
                    _ => panic!("{answer:?}"),
                }
            }
            assert!(wrong <= 5, "{wrong} tries at one code");
            (wrong, too_many)
        });
    }
    guessing.join_all().await.into_iter().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
}

/// What no page would send.
async fn too_much(service: &Service) {
    for (what, body, status) in [
        ("10 MB", "x".repeat(10_000_000), 413),
        ("deep JSON", "[".repeat(60_000), 400),
        ("deep JSON in a field", format!("{{\"phone\":{}", "{\"a\":".repeat(10_000)), 400),
        ("a number of 60,000 digits", format!("{{\"phone\":{}}}", "9".repeat(60_000)), 400),
    ] {
        let head = format!(
            "POST /api/accounts/send_code HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let mut connection = Raw::connect(service.address()).await.expect("connected");
        // the service may have stopped reading by now
        let sent: io::Result<()> = async {
            connection.send(head.as_bytes()).await?;
            connection.send(body.as_bytes()).await
        }
        .await;
        match connection.reply().await {
            Ok(reply) => assert_eq!(reply.status, status, "{what}: {reply:?}"),
            Err(error) => assert!(sent.is_err() && status == 413, "{what}: {error}"),
        }
    }
}
