//! What may be used once only is used once, whoever tries and from wherever.

use std::sync::Arc;

use chrono::Duration;
use engine::Engine;
use tokio::sync::Barrier;

use crate::harness::{Kind, TestCity, on_both_engines};

on_both_engines!(
    of_many_at_once_in_two_processes_exactly_one_uses_it,
    what_is_for_something_else_is_something_else,
    what_was_used_is_hashed_and_forgotten_when_it_is_worthless,
);

async fn of_many_at_once_in_two_processes_exactly_one_uses_it(kind: Kind) {
    let city = TestCity::new(kind).await;
    let other = city.another_process().await.expect("opens");
    let until = city.engine.now() + Duration::minutes(5);
    for what in ["one", "two", "three"] {
        let start = Arc::new(Barrier::new(50));
        let tries: Vec<_> = (0..50)
            .map(|n| {
                let (engine, start): (Engine, _) = (if n % 2 == 0 { city.engine.clone() } else { other.clone() }, start.clone());
                tokio::spawn(async move {
                    start.wait().await;
                    engine.spend_once("test", what, until).await.expect("an answer")
                })
            })
            .collect();
        let mut used = 0;
        for one in tries {
            used += u32::from(one.await.expect("no panic"));
        }
        assert_eq!(used, 1, "{what}");
    }
    assert_eq!(city.engine.spend_once("test", "one", until).await, Ok(false), "and never again");
    other.stop().await;
}

async fn what_is_for_something_else_is_something_else(kind: Kind) {
    let city = TestCity::new(kind).await;
    let until = city.engine.now() + Duration::minutes(5);
    for (purpose, what, unused) in [
        ("token", "1", true),
        ("token", "1", false),
        ("token", "2", true),
        ("challenge", "1", true),
        ("challenge", "1", false),
        ("challenge", "", true),
    ] {
        assert_eq!(city.engine.spend_once(purpose, what, until).await, Ok(unused), "{purpose} {what}");
    }
}

async fn what_was_used_is_hashed_and_forgotten_when_it_is_worthless(kind: Kind) {
    let city = TestCity::new(kind).await;
    let now = city.engine.now();
    let (soon, later) = (now + Duration::minutes(1), now + Duration::minutes(2));
    assert_eq!(city.engine.spend_once("test", "planted-and-used-once", soon).await, Ok(true));
    assert_eq!(city.engine.spend_once("test", "later", later).await, Ok(true));
    assert!(!city.raw_bytes().await.windows(21).any(|bytes| bytes == b"planted-and-used-once"));
    city.clock.step(Duration::seconds(59));
    city.engine.tidy().await.expect("tidied");
    assert_eq!(city.count("SELECT count(*) FROM spent").await, 2, "a second too early");
    city.clock.step(Duration::seconds(1));
    city.engine.tidy().await.expect("tidied");
    assert_eq!(city.count("SELECT count(*) FROM spent").await, 1);
    assert_eq!(city.engine.spend_once("test", "later", later).await, Ok(false));
}
