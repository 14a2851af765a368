//! Reads that come at the same time are one statement: natural batching, as at the desk.
//!
//! A read goes out at once when none is under way; what comes meanwhile goes together with the next. In calm nobody waits; under load
//! the way to the database and back is paid for many.

use std::collections::HashMap;
use std::hash::Hash;

use domain::error::{Error, Result};
use domain::reason::Reason;
use tokio::sync::{mpsc, oneshot};

/// Keys that one statement reads at most.
const MOST: usize = 256;
/// Reads that may wait; beyond, the asking task waits for room.
const QUEUE: usize = 1024;

/// Reads rows by key, those that come at the same time together.
pub(crate) struct Gather<K, V> {
    queue: mpsc::Sender<(K, oneshot::Sender<Result<Option<V>>>)>,
}

impl<K, V> Gather<K, V>
where
    K: Clone + Eq + Hash + Send + 'static,
    V: Clone + Send + 'static,
{
    /// Reads with `read`, which gives what it finds of the keys.
    pub(crate) fn start<F>(read: impl Fn(Vec<K>) -> F + Send + 'static) -> Self
    where
        F: Future<Output = Result<HashMap<K, V>>> + Send,
    {
        let (queue, mut waiting) = mpsc::channel::<(K, oneshot::Sender<_>)>(QUEUE);
        tokio::spawn(async move {
            let mut asked = Vec::with_capacity(MOST);
            while waiting.recv_many(&mut asked, MOST).await > 0 {
                asked.retain(|(_, answer)| !answer.is_closed());
                if asked.is_empty() {
                    continue;
                }
                let found = read(asked.iter().map(|(key, _)| key.clone()).collect()).await;
                for (key, answer) in asked.drain(..) {
                    // whoever has gone meanwhile needs no answer
                    let _ = answer.send(found.as_ref().map(|found| found.get(&key).cloned()).map_err(Clone::clone));
                }
            }
        });
        Self { queue }
    }

    /// What there is of a key.
    ///
    /// # Errors
    /// Those of the read.
    pub(crate) async fn one(&self, key: K) -> Result<Option<V>> {
        let over = || Error::new(Reason::Busy);
        let (answer, answered) = oneshot::channel();
        self.queue.send((key, answer)).await.map_err(|_| over())?;
        answered.await.map_err(|_| over())?
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};
    use tokio::sync::Semaphore;

    #[tokio::test]
    async fn what_comes_while_a_read_is_under_way_is_read_together() {
        let (reads, gate) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Semaphore::new(0)));
        let gather = {
            let (reads, gate) = (reads.clone(), gate.clone());
            Arc::new(Gather::start(move |keys: Vec<u32>| {
                let (reads, gate) = (reads.clone(), gate.clone());
                async move {
                    reads.lock().expect("held for a push").push(keys.clone());
                    gate.acquire().await.expect("open").forget();
                    Ok(keys.into_iter().filter(|key| *key != 7).map(|key| (key, key * 10)).collect())
                }
            }))
        };
        let ask = |key| {
            let gather = gather.clone();
            tokio::spawn(async move { gather.one(key).await })
        };
        let first = ask(1);
        while reads.lock().expect("held for a look").is_empty() {
            tokio::task::yield_now().await;
        }
        let others = [2, 2, 7].map(ask);
        let gone = ask(9);
        while gather.queue.capacity() > QUEUE - 4 {
            tokio::task::yield_now().await;
        }
        gone.abort();
        let _ = gone.await;
        gate.add_permits(2);
        assert_eq!(first.await.expect("no panic"), Ok(Some(10)));
        let mut found = Vec::new();
        for other in others {
            found.push(other.await.expect("no panic"));
        }
        assert_eq!(found, [Ok(Some(20)), Ok(Some(20)), Ok(None)]);
        let mut reads = reads.lock().expect("held for a look").clone();
        reads[1].sort_unstable();
        assert_eq!(reads, [vec![1], vec![2, 2, 7]]);
    }

    #[tokio::test]
    async fn a_read_that_fails_is_told_to_all_who_waited_for_it() {
        let gather = Gather::<u32, u32>::start(|_| async { Err(Error::internal()) });
        assert_eq!(gather.one(1).await, Err(Error::internal()));
        assert_eq!(gather.one(2).await, Err(Error::internal()));
    }
}
