//! Anything that may happen, in any order and several things at once: the engine answers what a model of it answers, and the ledger
//! balances after every step. What happens is drawn by proptest; a sequence that fails is shrunk to the few steps that matter.
//!
//! The sequence is a plain vector, not a `proptest-state-machine`: that lets its model run ahead of the engine, and how things that happen
//! at once come out is known only afterwards.

mod deeds;
mod picture;
mod play;
mod steps;
mod world;

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;

use domain::error::Error;
use domain::reason::Reason;
use domain::time::{instant, plus_days};
use domain::{DateTime, Utc};
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use tokio::sync::{Barrier, Mutex};

use crate::harness::Kind;
use play::{Names, Play, Seen};
use steps::{Step, Wait, Wish, steps};
use world::{Act, World};

/// Games that are played unless PROPTEST_CASES says otherwise, and steps of the longest.
const GAMES: u32 = 24;
const STEPS: usize = 60;

#[test]
fn whatever_happens_in_whatever_order_sqlite_answers_as_the_model() {
    play_games(Kind::Sqlite);
}

#[test]
fn whatever_happens_in_whatever_order_postgresql_answers_as_the_model() {
    play_games(Kind::Postgres);
}

fn play_games(kind: Kind) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let asked_for = std::env::var_os("PROPTEST_CASES").is_some();
    let config = Config::default();
    let config = Config {
        cases: if asked_for { config.cases } else { GAMES },
        max_shrink_time: 120_000,
        source_file: Some(file!()),
        ..config
    };
    // a game that fails leaves no city behind for the next
    let (table, tally) = (Mutex::new(None), std::sync::Mutex::new(Tally::default()));
    let drawn = (proptest::collection::vec(0_u32..4, 6), steps(STEPS));
    let played = TestRunner::new(config).run(&drawn, |(places, steps)| {
        runtime.block_on(async {
            let kept = table.lock().await.take();
            let play = match kept {
                Some(play) => play,
                None => Arc::new(Play::new(kind).await),
            };
            let mut game = Game::begin(play.clone(), &places).await;
            let played = game.play(&steps).await;
            tally.lock().expect("no panic").add(&game.tally);
            played.map_err(|why| TestCaseError::fail(format!("{why}\n{}", game.story.join("\n"))))?;
            *table.lock().await = Some(play);
            Ok(())
        })
    });
    let tally = tally.into_inner().expect("no panic");
    writeln!(std::io::stderr(), "model, {kind:?}: {tally}").expect("standard error");
    if let Err(failed) = played {
        panic!("{failed}");
    }
}

/// One sequence, step by step.
struct Game {
    play: Arc<Play>,
    world: World,
    names: Names,
    /// Requests with an id, for asking again.
    asked: Vec<Act>,
    next: u32,
    tally: Tally,
    /// What was done and answered, for whoever has to find out what went wrong.
    story: Vec<String>,
}

impl Game {
    async fn begin(play: Arc<Play>, places: &[u32]) -> Self {
        let (world, names) = play.begin(places).await;
        let tally = Tally { games: 1, ..Tally::default() };
        Self { play, world, names, asked: vec![], next: 10, tally, story: vec![] }
    }

    /// # Errors
    /// What the engine did otherwise than the model.
    async fn play(&mut self, steps: &[Step]) -> Result<(), String> {
        for step in steps {
            match step {
                Step::One(wish) => self.alone(wish).await?,
                Step::Together(wishes) => self.together(wishes).await?,
                Step::Wait(wait) => self.wait(*wait),
                Step::Sweep => drop(self.play.city.engine.sweep().await.expect("swept")),
            }
            if let Some(why) = self.play.difference(&self.world, &self.names, &self.play.picture().await) {
                return Err(why);
            }
            self.tally.steps += 1;
        }
        self.play.traces(&self.world, &self.names).await
    }

    fn choose(&mut self, wish: &Wish) -> Option<Act> {
        let next = || {
            self.next += 1;
            self.next
        };
        let act = wish.choose(&self.world, &self.asked, next)?;
        if matches!(act, Act::Reserve { .. } | Act::Move { .. }) {
            self.asked.push(act.clone());
        }
        Some(act)
    }

    /// One thing: the model knows the answer.
    async fn alone(&mut self, wish: &Wish) -> Result<(), String> {
        let Some(act) = self.choose(wish) else { return Ok(()) };
        let seen = self.play.act(&self.names, &act).await;
        let answer = self.world.act(&act);
        self.story.push(format!("{act:?} → {seen:?}"));
        self.tally.count(&seen);
        if !self.play.agree(&self.world, &mut self.names, &answer, &seen, true) {
            return Err(format!("the last must be answered with {answer:?}"));
        }
        Ok(())
    }

    /// Several things at once: there is an order in which the model gives the same answers and comes to the same end.
    async fn together(&mut self, wishes: &[Wish]) -> Result<(), String> {
        let acts = self.choose_several(wishes);
        let start = Arc::new(Barrier::new(acts.len()));
        let running: Vec<_> = acts
            .iter()
            .map(|act| {
                let (play, names, act, start) = (self.play.clone(), self.names.clone(), act.clone(), start.clone());
                tokio::spawn(async move {
                    start.wait().await;
                    play.act(&names, &act).await
                })
            })
            .collect();
        let mut asked = vec![];
        for (act, one) in acts.into_iter().zip(running) {
            let seen = one.await.expect("no panic");
            self.story.push(format!("  at once: {act:?} → {seen:?}"));
            self.tally.count(&seen);
            asked.push((act, seen));
        }
        self.tally.at_once += asked.len();
        let picture = self.play.picture().await;
        let mut end = Err("no order explains the last answers".to_owned());
        explain(&self.play, &self.world, &self.names, &asked, &mut vec![false; asked.len()], &mut |world, names| {
            end = match self.play.difference(&world, &names, &picture) {
                None => Ok((world, names)),
                Some(why) => Err(why),
            };
            end.is_ok()
        });
        (self.world, self.names) = end?;
        Ok(())
    }

    fn choose_several(&mut self, wishes: &[Wish]) -> Vec<Act> {
        let mut acts: Vec<Act> = vec![];
        for wish in wishes {
            acts.extend(self.choose(wish));
        }
        acts
    }

    fn wait(&mut self, wait: Wait) {
        let now = self.world.now;
        let then: DateTime<Utc> = match wait {
            Wait::Minutes(minutes) => now + chrono::Duration::minutes(minutes.into()),
            Wait::Midnight => instant(plus_days(self.world.today(), 1), chrono::NaiveTime::MIN),
            Wait::Release { early } => {
                let opens = self.world.slots.iter().map(|slot| slot.terms.opens_at).filter(|opens| *opens > now).min();
                let opens = opens.unwrap_or(now);
                if early { now.max(opens - chrono::Duration::seconds(1)) } else { opens }
            }
        };
        self.world.now = then;
        self.play.city.clock.set(then);
    }
}

/// Goes through the orders of what is not `done` yet in which the world gives the answers that were seen, until `enough` says so of an end.
fn explain(
    play: &Play,
    world: &World,
    names: &Names,
    asked: &[(Act, Result<Seen, Error>)],
    done: &mut Vec<bool>,
    enough: &mut impl FnMut(World, Names) -> bool,
) -> bool {
    if done.iter().all(|done| *done) {
        return enough(world.clone(), names.clone());
    }
    for at in 0..asked.len() {
        let (act, seen) = &asked[at];
        let (mut then, mut called) = (world.clone(), names.clone());
        if done[at] || !overtaken(at, asked, world) && !play.agree_after(&mut then, &mut called, act, seen) {
            continue;
        }
        done[at] = true;
        if explain(play, &then, &called, asked, done, enough) {
            return true;
        }
        done[at] = false;
    }
    false
}

/// Whether this one was told that things changed while it was on its way, by another that is about the same person. It did nothing, and
/// may ask again.
fn overtaken(at: usize, asked: &[(Act, Result<Seen, Error>)], world: &World) -> bool {
    let told = matches!(&asked[at].1, Err(Error { reason: Some(Reason::ChangedMeanwhile), .. }));
    let Some((person, document)) = world.about(&asked[at].0) else { return false };
    let others = asked.iter().enumerate().filter(|(other, _)| *other != at);
    told && others.filter_map(|(_, (act, _))| world.about(act)).any(|(who, whose)| who == person || whose == document)
}

/// What was checked.
#[derive(Default)]
struct Tally {
    games: usize,
    steps: usize,
    at_once: usize,
    done: usize,
    refused: BTreeMap<String, usize>,
}

impl Tally {
    fn count(&mut self, seen: &Result<Seen, Error>) {
        match seen {
            Ok(_) => self.done += 1,
            Err(error) => {
                let reason = error.reason.as_ref().map(|reason| format!("{reason:?}")).unwrap_or_default();
                let word = reason.split([' ', '{']).next().unwrap_or_default().to_owned();
                *self.refused.entry(word).or_default() += 1;
            }
        }
    }

    fn add(&mut self, other: &Self) {
        self.games += other.games;
        self.steps += other.steps;
        self.at_once += other.at_once;
        self.done += other.done;
        for (reason, count) in &other.refused {
            *self.refused.entry(reason.clone()).or_default() += count;
        }
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { games, steps, at_once, done, refused } = self;
        write!(
            f,
            "{games} games, {steps} steps, the ledger balanced after each; {at_once} requests at once; {done} done, refused: "
        )?;
        let reasons: Vec<_> = refused.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
        f.write_str(&reasons.join(", "))
    }
}
