use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::id::PollId;

/// Shares one load per poll among concurrent callers, without stale results.
///
/// A caller never gets the result of a load that started before its call: callers that
/// arrive during a load share the next one. So at most one load per poll runs at a time,
/// and a caller waits for at most two. A poll without callers uses no memory.
///
/// ```
/// use votify_core::PollId;
/// use votify_core::backend::SingleFlight;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let loads = SingleFlight::new();
/// let poll = PollId::from_bytes([1; 16]);
/// assert_eq!(loads.get(poll, async { 7 }).await, 7);
/// # }
/// ```
#[derive(Debug)]
pub struct SingleFlight<T> {
    polls: Mutex<HashMap<PollId, Arc<Flight<T>>>>,
}

#[derive(Debug)]
struct Flight<T> {
    /// The number of loads started.
    started: AtomicU64,
    /// The result of the latest completed load, with its number. The lock is held during
    /// a load.
    latest: tokio::sync::Mutex<Option<(u64, T)>>,
}

impl<T> Default for SingleFlight<T> {
    fn default() -> Self {
        Self {
            polls: Mutex::default(),
        }
    }
}

impl<T: Clone> SingleFlight<T> {
    /// Creates an empty set of loads.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the result of `load`, or of another caller's load that started after this
    /// call.
    ///
    /// Cancel safe: if a loading caller is dropped, the next one loads.
    pub async fn get(&self, poll: PollId, load: impl Future<Output = T>) -> T {
        let waiter = Waiter {
            flight: Some(self.join_flight(poll)),
            flights: self,
            poll,
        };
        waiter.get(load).await
    }

    fn join_flight(&self, poll: PollId) -> Arc<Flight<T>> {
        let mut polls = self.lock();
        let flight = polls.entry(poll).or_insert_with(|| {
            Arc::new(Flight {
                started: AtomicU64::new(0),
                latest: tokio::sync::Mutex::new(None),
            })
        });
        Arc::clone(flight)
    }
}

impl<T> SingleFlight<T> {
    fn lock(&self) -> MutexGuard<'_, HashMap<PollId, Arc<Flight<T>>>> {
        self.polls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A waiting caller. The last one to leave removes the flight.
struct Waiter<'a, T> {
    flight: Option<Arc<Flight<T>>>,
    flights: &'a SingleFlight<T>,
    poll: PollId,
}

impl<T: Clone> Waiter<'_, T> {
    async fn get(&self, load: impl Future<Output = T>) -> T {
        let Some(flight) = &self.flight else {
            return load.await;
        };
        let started_before = flight.started.load(Ordering::SeqCst);
        let mut latest = flight.latest.lock().await;
        if let Some((number, value)) = &*latest
            && *number > started_before
        {
            return value.clone();
        }
        let number = flight.started.fetch_add(1, Ordering::SeqCst) + 1;
        let value = load.await;
        *latest = Some((number, value.clone()));
        value
    }
}

impl<T> Drop for Waiter<'_, T> {
    fn drop(&mut self) {
        let mut polls = self.flights.lock();
        drop(self.flight.take());
        if polls
            .get(&self.poll)
            .is_some_and(|flight| Arc::strong_count(flight) == 1)
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
    async fn callers_during_a_load_share_the_next_one() {
        let (flights, loads) = (SingleFlight::new(), AtomicU32::new(0));
        let load = || async {
            let number = loads.fetch_add(1, Ordering::SeqCst) + 1;
            tokio::time::sleep(Duration::from_millis(20)).await;
            number
        };
        let first = flights.get(POLL, load());
        let later = async {
            tokio::time::sleep(Duration::from_millis(5)).await;
            let all = (0..100).map(|_| flights.get(POLL, load()));
            futures_util::future::join_all(all).await
        };
        let (first, later) = tokio::join!(first, later);
        assert_eq!(first, 1);
        assert_eq!(later, [2; 100]);
        assert!(flights.lock().is_empty(), "the flight was not removed");
    }

    #[tokio::test]
    async fn the_next_caller_loads_if_the_loading_one_is_dropped() {
        let flights = SingleFlight::new();
        let stuck = flights.get(POLL, std::future::pending::<u32>());
        let dropped = tokio::time::timeout(Duration::from_millis(5), stuck);
        let waiting = flights.get(POLL, async { 7 });
        let (dropped, waiting) = tokio::join!(dropped, waiting);
        assert!(dropped.is_err());
        assert_eq!(waiting, 7);
    }
}
