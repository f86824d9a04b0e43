//! Writes to Redis after the answer: a bounded queue and the task that empties it.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::{FutureExt, StreamExt, stream};
use tokio::sync::watch;
use votify_core::{PollId, Store, StoreExt, Tally, VoterId};

use super::lookup::BallotFingerprint;
use super::observed_states::ObservedStates;
use super::redis::{CacheWrite, RedisCache};

/// Maximum number of polls written at once.
const MAX_CONCURRENT_POLLS: usize = 16;
/// Timeout of loading and writing one poll. It is longer than any call of the store or of
/// Redis takes, so it only ends calls that hang.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);
/// Maximum number of voters in one query to the store.
const VOTERS_PER_QUERY: usize = 1_000;

/// A queue of pending cache writes, at most one per poll.
#[derive(Debug)]
pub(super) struct WriteBehindQueue {
    pending: Mutex<Pending>,
    max_voters: usize,
    /// Number of pushes.
    pushed: watch::Sender<u64>,
    /// All pushes up to this number are written or dropped.
    completed: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Pending {
    polls: HashMap<PollId, PendingWrite>,
    voters: usize,
}

/// The pending writes of one poll.
#[derive(Debug)]
struct PendingWrite {
    tally: Arc<Tally>,
    /// End of the lease in microseconds of Redis' clock; 0 grants none.
    lease_end: u64,
    /// Voters who have voted, each with the fingerprint if known.
    voters: HashMap<VoterId, Option<BallotFingerprint>>,
}

impl WriteBehindQueue {
    pub(super) fn new(max_voters: usize) -> Self {
        Self {
            pending: Mutex::default(),
            max_voters,
            pushed: watch::Sender::new(0),
            completed: watch::Sender::new(0),
        }
    }

    /// Adds the state of a poll. Polls and voters above the limit are dropped.
    pub(super) fn push(
        &self,
        tally: &Arc<Tally>,
        lease_end: u64,
        voters: impl IntoIterator<Item = (VoterId, Option<BallotFingerprint>)>,
    ) {
        let mut pending = self.lock();
        let Pending {
            polls,
            voters: voter_count,
        } = &mut *pending;
        // The limit of voters also limits polls, so that both are bounded.
        if !polls.contains_key(&tally.poll) {
            if polls.len() >= self.max_voters.max(1) {
                return;
            }
            let write = PendingWrite {
                tally: Arc::clone(tally),
                lease_end: 0,
                voters: HashMap::new(),
            };
            polls.insert(tally.poll, write);
        }
        let Some(write) = polls.get_mut(&tally.poll) else {
            return;
        };
        write.merge(tally, lease_end);
        for (voter, fingerprint) in voters {
            if *voter_count >= self.max_voters {
                break;
            }
            let known = write.voters.entry(voter).or_insert_with(|| {
                *voter_count += 1;
                None
            });
            *known = fingerprint.or(*known);
        }
        drop(pending);
        self.pushed.send_modify(|pushed| *pushed += 1);
    }

    /// Waits for pending writes and removes all of them. Cancel safe.
    ///
    /// The returned number of the last push is for [`complete`](Self::complete).
    async fn take_pending(&self) -> (u64, Vec<PendingWrite>) {
        let mut pushed = self.pushed.subscribe();
        let completed = *self.completed.borrow();
        // Cannot fail: `self` owns the sender.
        let _ = pushed.wait_for(|pushed| *pushed > completed).await;
        let last_push = *self.pushed.borrow();
        let taken = std::mem::take(&mut *self.lock());
        (last_push, taken.polls.into_values().collect())
    }

    /// Records that all pushes up to `last_push` are done.
    fn complete(&self, last_push: u64) {
        self.completed.send_replace(last_push);
    }

    /// Waits until all pushes up to now are done.
    pub(super) async fn flush(&self) {
        let pushed = *self.pushed.borrow();
        let mut completed = self.completed.subscribe();
        let _ = completed.wait_for(|completed| *completed >= pushed).await;
    }

    fn lock(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PendingWrite {
    /// Keeps the newer tally. A lease holds only for its own epoch and version.
    fn merge(&mut self, tally: &Arc<Tally>, lease_end: u64) {
        let leased = |tally: &Tally| (tally.position.epoch, tally.version);
        if leased(tally) == leased(&self.tally) {
            self.lease_end = self.lease_end.max(lease_end);
        } else if tally.position > self.tally.position {
            self.lease_end = lease_end;
        }
        if tally.position > self.tally.position {
            self.tally = Arc::clone(tally);
        }
    }
}

/// The task that writes the queue to Redis.
pub(super) struct CacheWriter<S> {
    pub(super) store: Arc<S>,
    pub(super) cache: Arc<RedisCache>,
    pub(super) observed: Arc<ObservedStates>,
    pub(super) queue: Arc<WriteBehindQueue>,
}

impl<S: Store> CacheWriter<S> {
    /// Writes in rounds. Pushes during a round are merged for the next one.
    pub(super) async fn run(self) {
        loop {
            let (last_push, pending_writes) = self.queue.take_pending().await;
            let writes = stream::iter(pending_writes).map(|pending| {
                // A store that panics or hangs loses only this write.
                let write = AssertUnwindSafe(self.write(pending)).catch_unwind();
                tokio::time::timeout(WRITE_TIMEOUT, write).map(drop)
            });
            writes
                .buffer_unordered(MAX_CONCURRENT_POLLS)
                .collect::<()>()
                .await;
            self.queue.complete(last_push);
        }
    }

    /// Writes the state of one poll. Failures are not retried, because later calls repeat
    /// the data.
    async fn write(&self, mut pending: PendingWrite) {
        if !self.cache.is_available() {
            return;
        }
        let id = pending.tally.poll;
        let poll = match self.observed.definition(&pending.tally) {
            Some(poll) => Some(poll),
            None => {
                let poll = self.store.poll(id).await;
                poll.unwrap_or_default().map(Arc::new)
            }
        };
        // The ballots were cast at this version or an earlier one. Ballots freeze the
        // rules, so a newer definition has the same rules.
        let Some(poll) = poll.filter(|poll| poll.version >= pending.tally.version) else {
            return;
        };
        self.observed.observe(&pending.tally, Some(&poll));
        if poll.rules.revote {
            pending.voters.clear();
        }
        let voters = self.fingerprints(&pending).await;
        if voters.is_empty() && pending.lease_end == 0 {
            return;
        }
        let write = CacheWrite {
            tally: &pending.tally,
            poll: Some(&poll),
            lease_end: pending.lease_end,
            voters: &voters,
        };
        self.cache.put(&write).await;
    }

    /// Returns the fingerprints of all voters, and reads missing ones from the store.
    async fn fingerprints(&self, pending: &PendingWrite) -> Vec<(VoterId, BallotFingerprint)> {
        let (mut fingerprints, mut missing) = (Vec::new(), Vec::new());
        for (voter, fingerprint) in &pending.voters {
            match fingerprint {
                Some(fingerprint) => fingerprints.push((*voter, *fingerprint)),
                None => missing.push(*voter),
            }
        }
        for voters in missing.chunks(VOTERS_PER_QUERY) {
            let ballots = self.store.ballots_of(pending.tally.poll, voters).await;
            let active = ballots.unwrap_or_default().into_iter().flatten();
            fingerprints.extend(active.map(|active| {
                let ballot = &active.ballot;
                (ballot.voter, BallotFingerprint::of(ballot))
            }));
        }
        fingerprints
    }
}

#[cfg(test)]
mod tests {
    use votify_core::{Position, VoterPolicy};

    use super::*;

    fn tally(revision: u64, version: u64) -> Arc<Tally> {
        Arc::new(Tally {
            poll: PollId::from_bytes([1; 16]),
            position: Position { epoch: 1, revision },
            version,
            sealed: false,
            total_votes: 0,
            counts: Vec::new(),
        })
    }

    fn voters(
        numbers: std::ops::Range<u8>,
    ) -> impl Iterator<Item = (VoterId, Option<BallotFingerprint>)> {
        numbers.map(|number| (VoterId::new(VoterPolicy::Browser, [number; 15]), None))
    }

    #[tokio::test]
    async fn pushes_merge_into_one_write_of_the_newest_tally_with_all_voters() {
        let queue = WriteBehindQueue::new(100);
        queue.push(&tally(7, 0), 70, voters(0..2));
        queue.push(&tally(5, 0), 50, voters(1..3));
        let (last_push, pending_writes) = queue.take_pending().await;
        let [write] = pending_writes.as_slice() else {
            panic!("{pending_writes:?}");
        };
        assert_eq!(write.tally.position.revision, 7);
        assert_eq!((write.lease_end, write.voters.len()), (70, 3));
        queue.complete(last_push);
        queue.flush().await;
    }

    #[tokio::test]
    async fn new_version_drops_the_lease_of_the_old_one() {
        let queue = WriteBehindQueue::new(100);
        queue.push(&tally(5, 0), 50, []);
        queue.push(&tally(6, 1), 0, []);
        queue.push(&tally(5, 0), 60, []);
        let (_, pending_writes) = queue.take_pending().await;
        let [write] = pending_writes.as_slice() else {
            panic!("{pending_writes:?}");
        };
        assert_eq!((write.tally.version, write.lease_end), (1, 0));
    }

    #[tokio::test]
    async fn voters_above_the_limit_are_dropped_until_the_queue_is_empty() {
        let queue = WriteBehindQueue::new(5);
        queue.push(&tally(1, 0), 0, voters(0..200));
        let (_, pending_writes) = queue.take_pending().await;
        assert_eq!(pending_writes[0].voters.len(), 5);
        queue.push(&tally(2, 0), 0, voters(0..3));
        let (_, pending_writes) = queue.take_pending().await;
        assert_eq!(pending_writes[0].voters.len(), 3);
    }
}
