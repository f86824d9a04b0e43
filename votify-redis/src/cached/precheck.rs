//! Refuses repeated votes without calling the store.

use std::collections::{HashMap, HashSet};
use std::iter;
use std::sync::Arc;

use futures_util::future::join_all;
use tokio::time::Instant;
use votify_core::backend::{PollBatch, group_by_poll};
use votify_core::ballot::{ActiveBallot, BatchReceipt, Verdict, VoterHistory, decide};
use votify_core::{
    Ballot, BallotId, Outcome, PollId, Refusal, Store, StoreError, Tally, Timestamp, VoterId,
};

use super::cache_core::CacheCore;
use super::leases::LoadResult;
use super::lookup::{BallotFingerprint, CachedPoll, Lookup};

/// Maximum polls read from Redis at once. It bounds the concurrent calls of one batch.
const MAX_CONCURRENT_POLLS: usize = 64;

/// The result of checking a batch against the cache.
struct Precheck {
    /// The lookup of each poll, in the order of the poll batches.
    lookups: Vec<Option<Lookup>>,
    /// Per ballot, the refusal that needs no call of the store.
    refusals: Vec<Option<Refusal>>,
    /// The tallies that are returned with the refusals.
    tallies: HashMap<PollId, Arc<Tally>>,
}

impl<S: Store> CacheCore<S> {
    /// Refuses ballots from the cache and passes the rest to the store, in order.
    ///
    /// A refusal has no effect on a poll. So the store decides the remaining ballots as
    /// if the refused ones were present.
    pub(super) async fn cast(&self, ballots: &[Ballot], now: Timestamp) -> BatchReceipt {
        let poll_batches = group_by_poll(ballots);
        let precheck = self.precheck(&poll_batches, ballots, now).await;
        let (mut indices, mut remaining) = (Vec::new(), Vec::new());
        for (index, (ballot, refusal)) in ballots.iter().zip(&precheck.refusals).enumerate() {
            if refusal.is_none() {
                indices.push(index);
                remaining.push(ballot.clone());
            }
        }
        let receipt = if remaining.is_empty() {
            BatchReceipt::unknown_polls(0)
        } else {
            self.store.cast_ballots(&remaining, now).await
        };
        if receipt.outcomes.len() != remaining.len() {
            // The store violates its contract; the caller has to detect that.
            return receipt;
        }
        self.queue_writes(&poll_batches, &precheck, &indices, ballots, &receipt);
        precheck.merge(&indices, receipt)
    }

    async fn precheck(
        &self,
        poll_batches: &[PollBatch],
        ballots: &[Ballot],
        now: Timestamp,
    ) -> Precheck {
        let mut precheck = Precheck {
            lookups: Vec::with_capacity(poll_batches.len()),
            refusals: vec![None; ballots.len()],
            tallies: HashMap::new(),
        };
        let started = Instant::now();
        for chunk in poll_batches.chunks(MAX_CONCURRENT_POLLS) {
            // Slow replies to many chunks must not add up.
            let in_time = started.elapsed() < self.cache.timeout;
            let queried = if in_time { chunk } else { &[] };
            let results = join_all(
                queried
                    .iter()
                    .map(|poll_batch| self.query(poll_batch, ballots)),
            )
            .await;
            let results = results
                .into_iter()
                .chain(iter::repeat_with(|| (None, None)));
            for (poll_batch, (lookup, cached)) in chunk.iter().zip(results) {
                if let (Some(lookup), Some(cached)) = (&lookup, &cached) {
                    precheck.refuse(poll_batch, ballots, lookup, cached, now);
                    if poll_batch
                        .indices
                        .iter()
                        .any(|index| precheck.is_refused(*index))
                    {
                        let tally = self.observed.newest(&cached.tally);
                        precheck.tallies.insert(poll_batch.poll, tally);
                    }
                }
                precheck.lookups.push(lookup);
            }
        }
        precheck
    }

    /// Returns the cached state and fingerprints of a poll batch, and the poll's
    /// current state if a refusal is possible.
    async fn query(
        &self,
        poll_batch: &PollBatch,
        ballots: &[Ballot],
    ) -> (Option<Lookup>, Option<CachedPoll>) {
        let Some(lookup) = self.lookup(poll_batch, ballots).await else {
            return (None, None);
        };
        let cached = self.current_state(poll_batch, ballots, &lookup).await;
        (Some(lookup), cached)
    }

    /// Reads the poll and the voters of a poll batch from Redis, unless the poll allows
    /// revotes.
    async fn lookup(&self, poll_batch: &PollBatch, ballots: &[Ballot]) -> Option<Lookup> {
        if !self.cache.is_available() || self.observed.allows_revote(poll_batch.poll) {
            return None;
        }
        let voters: Vec<VoterId> = poll_batch
            .ballots(ballots)
            .map(|ballot| ballot.voter)
            .collect();
        self.cache.get(poll_batch.poll, &voters).await
    }

    /// Returns the poll's state from the cache or the store, if any voter seems to have
    /// voted.
    async fn current_state(
        &self,
        poll_batch: &PollBatch,
        ballots: &[Ballot],
        lookup: &Lookup,
    ) -> Option<CachedPoll> {
        let mut pairs = poll_batch.ballots(ballots).zip(lookup.fingerprints());
        if !pairs.any(|(ballot, fingerprint)| has_other_ballot(ballot, *fingerprint)) {
            return None;
        }
        if let Some(cached) = self.leased_state(lookup) {
            return Some(cached.clone());
        }
        match self.load(poll_batch.poll, lookup).await {
            Ok(LoadResult::Poll(cached)) => Some(cached),
            // The store reports the missing poll or the error itself.
            Ok(LoadResult::Missing | LoadResult::EditedDuringRead(_)) | Err(_) => None,
        }
    }

    /// Queues the results of the store for Redis.
    fn queue_writes(
        &self,
        poll_batches: &[PollBatch],
        precheck: &Precheck,
        indices: &[usize],
        ballots: &[Ballot],
        receipt: &BatchReceipt,
    ) {
        let outcomes: HashMap<usize, &Result<Outcome, StoreError>> =
            indices.iter().copied().zip(&receipt.outcomes).collect();
        let tallies: HashMap<PollId, &Tally> = receipt
            .tallies
            .iter()
            .map(|tally| (tally.poll, tally))
            .collect();
        for (poll_batch, lookup) in poll_batches.iter().zip(&precheck.lookups) {
            let Some(tally) = tallies.get(&poll_batch.poll) else {
                continue;
            };
            let tally = Arc::new((*tally).clone());
            self.observed.observe(&tally, None);
            let Some(lookup) = lookup else { continue };
            let voted = poll_batch.indices.iter().filter_map(|index| {
                let ballot = ballots.get(*index)?;
                let outcome = outcomes.get(index)?.as_ref().ok()?;
                let fingerprint = accepted_fingerprint(ballot, outcome)?;
                Some((ballot.voter, fingerprint))
            });
            self.queue.push(&tally, self.cache.lease_end(lookup), voted);
        }
    }
}

impl Precheck {
    /// Evaluates the ballots of voters with an accepted ballot. Only refusals are used,
    /// because the store alone can accept a ballot.
    fn refuse(
        &mut self,
        poll_batch: &PollBatch,
        ballots: &[Ballot],
        lookup: &Lookup,
        cached: &CachedPoll,
        now: Timestamp,
    ) {
        let fingerprints = lookup.fingerprints_of(cached.tally.position.epoch);
        let ballots = poll_batch.indices.iter().zip(poll_batch.ballots(ballots));
        for ((index, ballot), fingerprint) in ballots.zip(fingerprints) {
            if !has_other_ballot(ballot, *fingerprint) || cached.poll.rules.revote {
                continue;
            }
            // The voter has voted already, so the poll has opened, and the address quota
            // does not matter.
            let verdict = decide(&cached.poll, true, &assumed_history(ballot), 0, ballot, now);
            if let (Verdict::Refuse(refusal), Some(slot)) = (verdict, self.refusals.get_mut(*index))
            {
                *slot = Some(refusal);
            }
        }
    }

    fn is_refused(&self, index: usize) -> bool {
        self.refusals.get(index).is_some_and(Option::is_some)
    }

    /// Combines refusals and the store's receipt. `indices` are those of the store's
    /// ballots in the batch.
    fn merge(self, indices: &[usize], receipt: BatchReceipt) -> BatchReceipt {
        let BatchReceipt {
            outcomes,
            mut tallies,
        } = receipt;
        let mut merged = BatchReceipt::unknown_polls(self.refusals.len());
        for (index, outcome) in indices.iter().zip(outcomes) {
            if let Some(slot) = merged.outcomes.get_mut(*index) {
                *slot = outcome;
            }
        }
        for (slot, refusal) in merged.outcomes.iter_mut().zip(self.refusals) {
            if let Some(refusal) = refusal {
                *slot = Ok(Outcome::Refused(refusal));
            }
        }
        let from_store: HashSet<PollId> = tallies.iter().map(|tally| tally.poll).collect();
        let cached = self.tallies.into_iter();
        let cached = cached.filter(|(poll, _)| !from_store.contains(poll));
        tallies.extend(cached.map(|(_, tally)| (*tally).clone()));
        merged.tallies = tallies;
        merged
    }
}

/// Returns true if the voter's accepted ballot is known to differ from this one, and the
/// ballot does not come from a queue: a refusal of such a ballot moves its poll's log
/// position, which only the store can do.
fn has_other_ballot(ballot: &Ballot, fingerprint: Option<BallotFingerprint>) -> bool {
    ballot.accepted.is_none()
        && fingerprint.is_some_and(|fingerprint| fingerprint != BallotFingerprint::of(ballot))
}

/// Returns the history of a voter whose only ballot is another one than `ballot`.
///
/// Choice and time of that ballot do not influence the decision in a poll without revote.
fn assumed_history(ballot: &Ballot) -> VoterHistory {
    let other_id = BallotId::from_bytes(ballot.id.as_bytes().map(|byte| !byte));
    VoterHistory {
        active: Some(ActiveBallot {
            ballot: Ballot {
                id: other_id,
                ..ballot.clone()
            },
            revision: 0,
            cast_at: Timestamp::EPOCH,
        }),
        ..VoterHistory::default()
    }
}

/// Returns `Some` if the outcome shows that the voter has voted, with the fingerprint of
/// the accepted ballot if the outcome shows that too.
#[expect(clippy::option_option, reason = "two independent facts")]
fn accepted_fingerprint(ballot: &Ballot, outcome: &Outcome) -> Option<Option<BallotFingerprint>> {
    match outcome {
        Outcome::Counted { .. } | Outcome::Replayed { .. } => {
            Some(Some(BallotFingerprint::of(ballot)))
        }
        Outcome::Refused(Refusal::AlreadyVoted) => Some(None),
        _ => None,
    }
}
