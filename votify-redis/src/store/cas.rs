//! Compare-and-swap on polls: timeouts, locks within the process, and retries on
//! conflicts.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redis::Value;
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};
use tokio::time::{sleep, timeout};
use votify_core::PollId;

use super::RedisStore;
use super::error::Error;
use super::keys::Keys;
use super::poll_read::{CasResult, PollRead};
use super::scripts::{READ, RELEASE};
use crate::script::Script;

/// Timeout of a call. Below the timeout that the engine sets for its store.
const CALL_TIMEOUT: Duration = Duration::from_millis(3_200);
/// Timeout of the update of the listings after a change. The next call that lists polls
/// repeats it.
const REINDEX_TIMEOUT: Duration = Duration::from_millis(600);

/// Bounds of the longest delay of [`CasAttempt::back_off`]; it doubles with each delay.
const MIN_BACKOFF: Duration = Duration::from_millis(2);
const MAX_BACKOFF: Duration = Duration::from_millis(16);

pub(super) async fn with_timeout<T>(
    call: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    timeout(CALL_TIMEOUT, call)
        .await
        .unwrap_or(Err(Error::Timeout))
}

pub(super) async fn with_short_timeout(
    reindex: impl Future<Output = Result<(), Error>>,
) -> Result<(), Error> {
    timeout(REINDEX_TIMEOUT, reindex)
        .await
        .unwrap_or(Err(Error::Timeout))
}

/// An attempt to read a poll and to write it if it is unchanged.
///
/// The first of several concurrent attempts writes, and the others conflict and read
/// again. An attempt that conflicted reserves the next write for 250 ms at the server. So
/// no attempt starves, and a process that is killed meanwhile blocks others for 250 ms at
/// most.
#[derive(Debug)]
pub(super) struct CasAttempt<'a> {
    store: &'a RedisStore,
    pub(super) keys: Keys<'a>,
    id: PollId,
    /// Random bytes that identify this attempt in the server's reservation.
    attempt_id: [u8; 8],
    /// Voters with ballot ids. Every read includes their rows.
    voters: Vec<u8>,
    has_conflicted: bool,
    max_backoff: Duration,
}

impl<'a> CasAttempt<'a> {
    pub(super) fn new(store: &'a RedisStore, id: PollId, voters: Vec<u8>) -> Self {
        Self {
            store,
            keys: Keys::new(&store.redis, id),
            id,
            attempt_id: fastrand::u64(..).to_be_bytes(),
            voters,
            has_conflicted: false,
            max_backoff: MIN_BACKOFF,
        }
    }

    /// Reads the poll, once no other attempt has reserved the next write.
    pub(super) async fn read(&mut self) -> Result<PollRead, Error> {
        loop {
            let arguments: [&[u8]; 3] = [&self.attempt_id, &self.voters, b"32"];
            let reply = READ
                .call(&self.store.redis, &self.keys.to_read(), &arguments)
                .await?;
            let read = PollRead::parse(self.id, reply)?;
            if !read.is_reserved {
                return Ok(read);
            }
            self.back_off().await;
        }
    }

    /// Runs a script that writes if the poll is unchanged.
    ///
    /// Returns the current poll on a conflict.
    pub(super) async fn write<K: AsRef<str> + Sync>(
        &mut self,
        script: &Script,
        keys: &[K],
        arguments: &[&[u8]],
    ) -> Result<Option<PollRead>, Error> {
        let mut all: Vec<&[u8]> = Vec::with_capacity(arguments.len() + 1);
        all.push(&self.attempt_id);
        all.extend(arguments);
        let reply: Value = script.call(&self.store.redis, keys, &all).await?;
        match CasResult::parse(self.id, reply)? {
            CasResult::Written => Ok(None),
            CasResult::Conflict(read) => {
                self.has_conflicted = true;
                if read.is_reserved {
                    self.back_off().await;
                    return self.read().await.map(Some);
                }
                Ok(Some(*read))
            }
        }
    }

    /// Returns the voters, with ballot ids, whose rows every read includes.
    pub(super) fn voters(&self) -> &[u8] {
        &self.voters
    }

    /// Ends an attempt that writes nothing, and releases its reservation.
    pub(super) async fn release(self) {
        if !self.has_conflicted {
            return;
        }
        let released = RELEASE
            .call(
                &self.store.redis,
                &[&self.keys.reservation],
                &[&self.attempt_id],
            )
            .await;
        if let Err(error) = released {
            tracing::debug!(%error, "failed to release a reservation; it expires after 250 ms");
        }
    }

    async fn back_off(&mut self) {
        sleep(self.max_backoff.mul_f64(fastrand::f64())).await;
        self.max_backoff = MAX_BACKOFF.min(self.max_backoff * 2);
    }
}

/// Serializes the writes of this process to each poll, to avoid conflicts at the server.
///
/// Correctness does not depend on it.
#[derive(Debug, Default)]
pub(super) struct PollLocks(Mutex<HashMap<PollId, Arc<AsyncMutex<()>>>>);

/// The lock on a poll, released on drop.
#[derive(Debug)]
pub(super) struct PollLockGuard<'a> {
    locks: &'a PollLocks,
    poll: PollId,
    guard: Option<OwnedMutexGuard<()>>,
}

impl PollLocks {
    /// Locks a poll, in the order of the calls.
    pub(super) async fn lock(&self, poll: PollId) -> PollLockGuard<'_> {
        // Created first, so that its drop cleans up if this call is cancelled.
        let mut lock_guard = PollLockGuard {
            locks: self,
            poll,
            guard: None,
        };
        let mutex = {
            let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(locks.entry(poll).or_default())
        };
        lock_guard.guard = Some(mutex.lock_owned().await);
        lock_guard
    }
}

impl Drop for PollLockGuard<'_> {
    fn drop(&mut self) {
        self.guard = None;
        let mut locks = self.locks.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The count is reliable: clones are made only under this lock.
        if locks
            .get(&self.poll)
            .is_some_and(|mutex| Arc::strong_count(mutex) == 1)
        {
            locks.remove(&self.poll);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::pin;
    use std::task;

    use super::*;

    #[tokio::test]
    async fn released_and_cancelled_locks_leave_no_entries() {
        let (locks, poll) = (PollLocks::default(), PollId::from_bytes([1; 16]));
        let first = locks.lock(poll).await;
        let mut second = Box::pin(locks.lock(poll));
        poll_fn(|context| {
            assert!(second.as_mut().poll(context).is_pending());
            task::Poll::Ready(())
        })
        .await;
        drop(second);
        let other = pin!(locks.lock(PollId::from_bytes([2; 16]))).await;
        drop((first, other));
        assert!(locks.0.lock().unwrap().is_empty());
    }
}
