//! What a stand-in accepted, and what it refused.

use std::collections::HashMap;
use std::sync::Mutex;

use domain::{DateTime, Utc};

/// A message that was accepted: in life it is on its way to a phone, and cannot be called back.
#[derive(Clone, Debug, PartialEq)]
pub struct Accepted {
    /// Our id, as it came: `OutId`, `SessionContext`, `id`.
    pub id: String,
    /// Eleven digits.
    pub to: String,
    /// What the stand-in calls it.
    pub reference: String,
    /// The template, or the kind.
    pub template: String,
    /// What was filled in; where the parameters have no names, their places.
    pub params: Vec<(String, String)>,
    /// When.
    pub at: DateTime<Utc>,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The carrier has not answered.
    Waiting,
    /// It arrived.
    Arrived,
    /// It did not, and this is the carrier's code.
    Lost(&'static str),
}

/// The memory of a stand-in.
#[derive(Default)]
pub struct Memory {
    accepted: Mutex<Vec<Accepted>>,
    refused: Mutex<Vec<String>>,
}

impl Memory {
    /// Accepts a message; `reference` is made from how many there were.
    pub fn accept(&self, make: impl FnOnce(usize) -> Accepted) -> Accepted {
        let mut all = self.accepted.lock().expect("no panic");
        let accepted = make(all.len());
        all.push(accepted.clone());
        accepted
    }

    pub fn refuse(&self, code: &str) {
        self.refused.lock().expect("no panic").push(code.to_owned());
    }

    /// Everything that was accepted, in its order.
    pub fn accepted(&self) -> Vec<Accepted> {
        self.accepted.lock().expect("no panic").clone()
    }

    pub fn count(&self) -> usize {
        self.accepted.lock().expect("no panic").len()
    }

    /// How many were accepted of a template.
    pub fn count_of(&self, template: &str) -> usize {
        self.accepted.lock().expect("no panic").iter().filter(|one| one.template == template).count()
    }

    /// The codes of what was refused because it did not verify, in their order.
    pub fn refused(&self) -> Vec<String> {
        self.refused.lock().expect("no panic").clone()
    }

    /// What was accepted under an id: more than once where somebody gets it twice.
    pub fn of(&self, id: &str) -> Vec<Accepted> {
        self.accepted.lock().expect("no panic").iter().filter(|accepted| accepted.id == id).cloned().collect()
    }

    /// Ids that were accepted more than once, with how often.
    pub fn duplicates(&self) -> HashMap<String, usize> {
        let mut times = HashMap::new();
        for accepted in self.accepted.lock().expect("no panic").iter() {
            *times.entry(accepted.id.clone()).or_insert(0) += 1;
        }
        times.retain(|_, times| *times > 1);
        times
    }

    /// Says what became of all that was accepted under an id.
    pub fn settle(&self, id: &str, outcome: Outcome) {
        self.accepted
            .lock()
            .expect("no panic")
            .iter_mut()
            .filter(|accepted| accepted.id == id)
            .for_each(|one| one.outcome = outcome);
    }
}
