//! Optimistic commit: evaluates a group against cached states and writes it with one
//! conditional statement, which is its own transaction. Takes no locks. On a conflict
//! nothing is written, and the group is committed pessimistically.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use votify_core::backend::{PollBatch, WriteSet};
use votify_core::poll::PollState;
use votify_core::{Ballot, PollId};

use super::evaluate::{DecisionInput, Evaluated, PollResult, evaluate, update_cache};
use super::group::Group;
use super::pessimistic::read_polls;
use crate::backend::{Backend, Call};
use crate::batch_writes::BatchWrites;
use crate::error::Error;
use crate::optimistic_backend::{ConditionalResult, ConditionalWrite, OptimisticBackend};
use crate::poll_cache::{CachedState, Generation, PollStateCache, RowVersion};
use crate::row_set::poll_rows;
use crate::statement::Statement;

/// Casts a group. Returns `None` if nothing was written and the group has to be committed
/// pessimistically.
pub(super) async fn cast<'a, B: Backend>(
    backend: &B,
    group: Group<'a>,
) -> Result<Option<Vec<PollResult<'a>>>, Error> {
    let (Some(optimistic), Some(cache)) = (backend.optimistic(), backend.poll_cache()) else {
        return Ok(None);
    };
    if !optimistic.backoff().should_try() {
        return Ok(None);
    }
    let cast = OptimisticCast::new(backend, optimistic, cache, group);
    if cast.cached.values().any(|cached| has_quota(&cached.state)) {
        return Ok(None);
    }
    let results = match cast.run().await {
        // The pessimistic commit finds out which poll is the cause.
        Err(error) if error.may_concern_one_poll() => {
            tracing::debug!(%error, "optimistic commit failed");
            None
        }
        results => results?,
    };
    // A quota is no conflict.
    if results.is_none() && !cast.found_quota() {
        optimistic.backoff().record_conflict();
    }
    Ok(results)
}

struct OptimisticCast<'w, 'a, B: Backend> {
    backend: &'w B,
    optimistic: &'w dyn OptimisticBackend<Row = B::Row>,
    cache: &'w PollStateCache,
    generation: Generation,
    group: Group<'a>,
    voters: Vec<&'a Ballot>,
    cached: HashMap<PollId, Arc<CachedState>>,
}

impl<'w, 'a, B: Backend> OptimisticCast<'w, 'a, B> {
    fn new(
        backend: &'w B,
        optimistic: &'w dyn OptimisticBackend<Row = B::Row>,
        cache: &'w PollStateCache,
        group: Group<'a>,
    ) -> Self {
        let generation = cache.generation();
        let polls = group.polls.iter();
        let cached = polls.filter_map(|batch| {
            let state = cache.get(batch.poll, generation)?;
            Some((batch.poll, state))
        });
        Self {
            backend,
            optimistic,
            cache,
            generation,
            cached: cached.collect(),
            voters: group
                .polls
                .iter()
                .flat_map(|batch| batch.ballots(group.ballots))
                .collect(),
            group,
        }
    }

    async fn run(&self) -> Result<Option<Vec<PollResult<'a>>>, Error> {
        let (results, writes) = self.evaluate_cached();
        let assumed = !writes.is_empty();
        match self.write_assuming_first_votes(&writes).await? {
            ConditionalResult::Committed { token } => {
                update_cache(self.backend, self.generation, writes, token);
                Ok(Some(results))
            }
            // Everything is as assumed, so another transaction holds a lock.
            ConditionalResult::Stale {
                versions,
                histories,
            } if assumed && histories.is_empty() && self.are_unchanged(&versions) => Ok(None),
            ConditionalResult::Stale {
                versions,
                histories,
            } => self.retry_with(versions, histories).await,
            ConditionalResult::CacheInvalidated => Ok(None),
        }
    }

    /// Evaluates the group as if all cached states were current and all voters were new.
    /// Decides nothing if a poll is not cached.
    fn evaluate_cached(&self) -> (Vec<PollResult<'a>>, Vec<WriteSet>) {
        if self.cached.len() < self.group.polls.len() {
            return Default::default();
        }
        let states = self.cached.values().map(|cached| cached.state.clone());
        self.evaluate(states.collect(), HashMap::new())
    }

    fn evaluate(
        &self,
        states: Vec<PollState>,
        histories: HashMap<PollId, Vec<B::Row>>,
    ) -> (Vec<PollResult<'a>>, Vec<WriteSet>) {
        let polls = states.into_iter().map(|state| (state.poll.id, Ok(state)));
        let input = DecisionInput {
            polls: polls.collect(),
            histories,
            addresses: HashMap::new(),
        };
        let Evaluated {
            results, writes, ..
        } = evaluate(input, &HashSet::new(), self.group);
        (results, writes)
    }

    /// Commits writes that assume first-time voters. Without writes, only reads.
    async fn write_assuming_first_votes(
        &self,
        writes: &[WriteSet],
    ) -> Result<ConditionalResult<B::Row>, Error> {
        let may_be_superseded: Vec<&Ballot> = self
            .voters
            .iter()
            .filter(|ballot| !self.forbids_revotes(ballot.poll))
            .copied()
            .collect();
        self.optimistic
            .write(ConditionalWrite {
                generation: self.generation,
                polls: self.cached_versions(writes),
                voters: &self.voters,
                may_be_superseded: &may_be_superseded,
                writes: BatchWrites::new(writes)?,
            })
            .await
    }

    /// Returns the cached row versions, first of the polls that change, or none without
    /// writes.
    fn cached_versions(&self, writes: &[WriteSet]) -> Vec<(PollId, Option<RowVersion>)> {
        let version = |poll: PollId| {
            let cached = self.cached.get(&poll).filter(|_| !writes.is_empty());
            (poll, cached.map(|cached| cached.row_version()))
        };
        // Both are ascending, so one pass separates the polls that change.
        let mut written = writes.iter().map(|write| write.state.poll.id).peekable();
        let all = self.group.polls.iter().map(|batch: &PollBatch| batch.poll);
        let (changed, unchanged): (Vec<PollId>, Vec<PollId>) =
            all.partition(|poll| written.next_if_eq(poll).is_some());
        changed.into_iter().chain(unchanged).map(version).collect()
    }

    /// Returns true if the poll did not allow revotes according to its cached state.
    fn forbids_revotes(&self, id: PollId) -> bool {
        let cached = self.cached.get(&id);
        cached.is_some_and(|cached| !cached.state.poll.rules.revote)
    }

    fn are_unchanged(&self, versions: &[(PollId, RowVersion)]) -> bool {
        let is_unchanged = |(id, version): &(PollId, RowVersion)| {
            let cached = self.cached.get(id);
            cached.is_some_and(|cached| cached.row_version() == *version)
        };
        versions.len() == self.group.polls.len() && versions.iter().all(is_unchanged)
    }

    /// Evaluates the group with what was read, and commits that if it is still current.
    async fn retry_with(
        &self,
        versions: Vec<(PollId, RowVersion)>,
        histories: HashMap<PollId, Vec<B::Row>>,
    ) -> Result<Option<Vec<PollResult<'a>>>, Error> {
        let Some(states) = self.states(&versions).await? else {
            return Ok(None);
        };
        if states.iter().any(has_quota) {
            return Ok(None);
        }
        let (results, writes) = self.evaluate(states, histories);
        if writes.is_empty() {
            return Ok(Some(results));
        }
        let versions: HashMap<PollId, RowVersion> = versions.into_iter().collect();
        let changed = writes.iter().map(|write| write.state.poll.id);
        let write = ConditionalWrite {
            generation: self.generation,
            polls: changed.map(|id| (id, versions.get(&id).copied())).collect(),
            voters: &[],
            may_be_superseded: &[],
            writes: BatchWrites::new(&writes)?,
        };
        match self.optimistic.write(write).await? {
            ConditionalResult::Committed { token } => {
                update_cache(self.backend, self.generation, writes, token);
                Ok(Some(results))
            }
            ConditionalResult::Stale { .. } | ConditionalResult::CacheInvalidated => Ok(None),
        }
    }

    /// Returns the polls at these row versions; `None` if one has changed since.
    async fn states(
        &self,
        versions: &[(PollId, RowVersion)],
    ) -> Result<Option<Vec<PollState>>, Error> {
        let (mut states, misses) = self.cache.split_hits(self.generation, versions);
        if !misses.is_empty() {
            let call = Call::Rows(Statement::ReadPolls, poll_rows(&misses));
            let rows = self.backend.read(call).await?;
            read_polls(self.backend, self.generation, &rows)?;
            let missed = versions.iter().filter(|(id, _)| misses.contains(id));
            let missed: Vec<_> = missed.copied().collect();
            let (read, changed) = self.cache.split_hits(self.generation, &missed);
            if !changed.is_empty() {
                return Ok(None);
            }
            states.extend(read);
        }
        // Superseded ballots were not read if the cached rules forbid revotes.
        let now_allows_revotes =
            |state: &PollState| self.forbids_revotes(state.poll.id) && state.poll.rules.revote;
        Ok((!states.iter().any(now_allows_revotes)).then_some(states))
    }

    /// Returns true if a poll has a quota, according to what was read since.
    fn found_quota(&self) -> bool {
        let newest = |batch: &PollBatch| self.cache.get(batch.poll, self.generation);
        let mut newest = self.group.polls.iter().filter_map(newest);
        newest.any(|cached| has_quota(&cached.state))
    }
}

/// Returns true if the poll has an address quota. The conditional statement does not
/// check or write the addresses of votes.
const fn has_quota(state: &PollState) -> bool {
    state.poll.rules.address_quota.is_some()
}
