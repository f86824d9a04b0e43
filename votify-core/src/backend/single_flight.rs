use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::id::PollId;

/// Lets many who want the same of a poll share one load of it, without anybody getting what was loaded before they asked:
/// while one load is under way, all who come wait for the next one.
///
/// So however many ask, at most one load of a poll is under way, and everybody waits for two at most. Nothing is kept of polls that
/// nobody asks for.
#[derive(Debug)]
pub struct SingleFlight<T> {
    polls: Mutex<HashMap<PollId, Arc<Turn<T>>>>,
}

#[derive(Debug)]
struct Turn<T> {
    begun: AtomicU64,
    /// What the latest load that ended has found, and its number.
    found: tokio::sync::Mutex<Option<(u64, T)>>,
}

impl<T> Default for SingleFlight<T> {
    fn default() -> Self {
        Self {
            polls: Mutex::default(),
        }
    }
}

impl<T: Clone> SingleFlight<T> {
    /// Nothing is under way.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What `load` finds, or what another call's load found that began after this call did.
    ///
    /// Cancel safe: who was to load and is dropped leaves that to the next one.
    pub async fn get(&self, poll: PollId, load: impl Future<Output = T>) -> T {
        let guest = Guest {
            turn: Some(self.turn(poll)),
            loads: self,
            poll,
        };
        guest.get(load).await
    }

    fn turn(&self, poll: PollId) -> Arc<Turn<T>> {
        let mut polls = self.lock();
        let turn = polls.entry(poll).or_insert_with(|| {
            Arc::new(Turn {
                begun: AtomicU64::new(0),
                found: tokio::sync::Mutex::new(None),
            })
        });
        Arc::clone(turn)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<PollId, Arc<Turn<T>>>> {
        self.polls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One who waits; the last one out takes the turn away.
struct Guest<'a, T> {
    turn: Option<Arc<Turn<T>>>,
    loads: &'a SingleFlight<T>,
    poll: PollId,
}

impl<T: Clone> Guest<'_, T> {
    async fn get(&self, load: impl Future<Output = T>) -> T {
        let Some(turn) = &self.turn else {
            return load.await;
        };
        let seen = turn.begun.load(Ordering::SeqCst);
        let mut found = turn.found.lock().await;
        if let Some((number, value)) = &*found
            && *number > seen
        {
            return value.clone();
        }
        let number = turn.begun.fetch_add(1, Ordering::SeqCst) + 1;
        let value = load.await;
        *found = Some((number, value.clone()));
        value
    }
}

impl<T> Drop for Guest<'_, T> {
    fn drop(&mut self) {
        let mut polls = self
            .loads
            .polls
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        drop(self.turn.take());
        if polls
            .get(&self.poll)
            .is_some_and(|turn| Arc::strong_count(turn) == 1)
        {
            polls.remove(&self.poll);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;
    use std::time::Duration;

    use super::*;

    const POLL: PollId = PollId::from_bytes([1; 16]);

    #[tokio::test]
    async fn who_comes_during_a_load_shares_the_next_one() {
        let (shared, loads) = (SingleFlight::new(), AtomicU32::new(0));
        let load = || async {
            let number = loads.fetch_add(1, Ordering::SeqCst) + 1;
            tokio::time::sleep(Duration::from_millis(20)).await;
            number
        };
        let first = shared.get(POLL, load());
        let later = async {
            tokio::time::sleep(Duration::from_millis(5)).await;
            let all = (0..100).map(|_| shared.get(POLL, load()));
            futures_util::future::join_all(all).await
        };
        let (first, later) = tokio::join!(first, later);
        assert_eq!(first, 1);
        assert_eq!(later, [2; 100]);
        assert!(shared.lock().is_empty(), "nothing is left behind");
    }

    #[tokio::test]
    async fn who_is_dropped_leaves_the_load_to_the_next_one() {
        let loads = SingleFlight::new();
        let stuck = loads.get(POLL, std::future::pending::<u32>());
        let dropped = tokio::time::timeout(Duration::from_millis(5), stuck);
        let waiting = loads.get(POLL, async { 7 });
        let (dropped, waiting) = tokio::join!(dropped, waiting);
        assert!(dropped.is_err());
        assert_eq!(waiting, 7);
    }
}
