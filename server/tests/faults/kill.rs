//! Killed at a random moment, time and again: before, during and after a commit, before the answer, and during a start.

use std::time::{Duration, Instant};

use domain::DateTime;

use crate::books::Books;
use crate::chance::{Chance, say, setting};
use crate::city::MORNING;
use crate::crowd::{Crowd, Watch};
use crate::postgres::Cluster;
use crate::service::Place;

/// Acknowledgements that a cycle hears at most before the kill.
const ANSWERS: u64 = 60;
/// The longest pause between the last answer that is waited for and the kill: longer than a batch takes.
const PAUSE_MICROS: u64 = 8_000;
/// The longest time that a start is given which is to be killed.
const START_MICROS: u64 = 150_000;
/// The service's own words about its ledger and its audit are asked for once in so many cycles.
const CYCLES_A_LEDGER: u64 = 50;
/// One of so many starts is killed.
const STARTS: u64 = 8;

#[tokio::test]
async fn killed_at_any_moment_it_keeps_every_promise_on_sqlite() {
    kill_again_and_again("kill, SQLite", Place::sqlite(), setting("FAULT_KILLS", 200)).await;
}

#[tokio::test]
async fn killed_at_any_moment_it_keeps_every_promise_on_postgres() {
    let cluster = Cluster::start();
    kill_again_and_again("kill, PostgreSQL", Place::postgres(cluster.database().await), setting("FAULT_KILLS_POSTGRES", 20)).await;
}

async fn kill_again_and_again(name: &str, place: Place, kills: u64) {
    let mut chance = Chance::of(name);
    let began = Instant::now();
    let mut service = place.start().await;
    let mut crowd = Crowd::gather(&service.base, &mut chance).await;
    say(&format!("{name}: {} accounts are there after {:.1} s", crowd.accounts.len(), began.elapsed().as_secs_f32()));
    let mut starts_killed = 0;
    for cycle in 1..=kills {
        let watch = Watch::new();
        let (answers, pause) = (1 + chance.below(ANSWERS), Duration::from_micros(chance.below(PAUSE_MICROS)));
        let base = service.base.clone();
        let killed = async {
            watch.acknowledged(answers).await;
            // the fault itself: a moment that nothing in the program knows
            tokio::time::sleep(pause).await;
            service.process.kill().await;
        };
        tokio::join!(killed, crowd.live(&base, &watch));

        // the clock goes on from start to start, as clocks do
        let clock = (MORNING.parse::<DateTime<domain::Utc>>().expect("an instant") + Duration::from_secs(5 * cycle)).to_rfc3339();
        if chance.below(STARTS) == 0 {
            let starting = place.spawn(&clock);
            tokio::time::sleep(Duration::from_micros(chance.below(START_MICROS))).await;
            starting.process.kill().await;
            starts_killed += 1;
        }
        service = place.start_at(&clock).await;
        let books = Books::open(&place.url).await;
        crowd.ask_again(&service.base, &books).await;
        crowd.check(&books).await;
        books.close().await;
        if cycle % CYCLES_A_LEDGER == 0 || cycle == kills {
            place.check_ledger();
        }
    }
    let tally = crowd.tally();
    assert!(tally.acknowledged >= kills && tally.unanswered >= kills, "too little happened: {tally:?}");
    say(&format!(
        "{name}: {kills} kills and {starts_killed} during a start, in {:.0} s; {} acknowledgements, {} refusals; {} requests without an answer asked again twice, \
         {} of them had been done; lost 0, double 0",
        began.elapsed().as_secs_f32(),
        tally.acknowledged,
        tally.refused,
        tally.unanswered,
        tally.done_unheard
    ));
}
