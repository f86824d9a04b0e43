//! Optimistic commit: evaluates a group against cached states and writes it with one
//! conditional statement, which is its own transaction. Waits for no lock. On a conflict
//! nothing is written. After a second one, the group is committed pessimistically.

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
use crate::decode::{self, PollRead};
use crate::error::Error;
use crate::optimistic_backend::{ConditionalResult, ConditionalWrite, OptimisticBackend};
use crate::poll_cache::{CachedState, Generation, PollStateCache, RowVersion};
use crate::row_ext::RowExt;
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
    match cast.run().await {
        Ok(Attempt::Committed(results)) => Ok(Some(results)),
        Ok(Attempt::Conflict) => {
            optimistic.backoff().record_conflict();
            Ok(None)
        }
        Ok(Attempt::Unsuitable) => Ok(None),
        // The pessimistic commit finds out which poll is the cause.
        Err(error) if error.may_concern_one_poll() => {
            tracing::debug!(%error, "optimistic commit failed");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// The result of an optimistic commit.
enum Attempt<'a> {
    /// Everything is written, if there was anything to write.
    Committed(Vec<PollResult<'a>>),
    /// Nothing was written, because another transaction changed or locks a poll.
    Conflict,
    /// Nothing was written, because the group needs the pessimistic commit: a connection is
    /// new, or a poll has a quota or allows revotes, and its cached state does not show it.
    Unsuitable,
}

struct OptimisticCast<'w, 'a, B: Backend> {
    backend: &'w B,
    optimistic: &'w dyn OptimisticBackend<Row = B::Row>,
    cache: &'w PollStateCache,
    generation: Generation,
    group: Group<'a>,
    ballots: Vec<&'a Ballot>,
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
            ballots: group
                .polls
                .iter()
                .flat_map(|batch| batch.ballots(group.ballots))
                .collect(),
            group,
        }
    }

    async fn run(&self) -> Result<Attempt<'a>, Error> {
        let (results, writes) = self.evaluate_cached();
        let assumed = !writes.is_empty();
        match self.write_assuming_first_votes(&writes).await? {
            ConditionalResult::Committed { token } => {
                update_cache(self.backend, self.generation, writes, token);
                Ok(Attempt::Committed(results))
            }
            // Everything is as assumed, so another transaction holds a lock.
            ConditionalResult::Conflict {
                versions,
                histories,
            } if assumed && histories.is_empty() && self.are_unchanged(&versions) => {
                Ok(Attempt::Conflict)
            }
            ConditionalResult::Conflict {
                versions,
                histories,
            } => self.retry_with(versions, histories).await,
            ConditionalResult::CacheInvalidated => Ok(Attempt::Unsuitable),
        }
    }

    /// Evaluates the group as if all cached states were current and all voters were new.
    /// Decides nothing if a poll is not cached.
    fn evaluate_cached(&self) -> (Vec<PollResult<'a>>, Vec<WriteSet>) {
        if self.cached.len() < self.group.polls.len() {
            return Default::default();
        }
        let polls = self.cached.iter();
        let polls = polls.map(|(id, cached)| (*id, Ok(cached.state.clone())));
        self.evaluate(polls.collect(), HashMap::new())
    }

    fn evaluate(
        &self,
        polls: Vec<PollRead>,
        histories: HashMap<PollId, Vec<B::Row>>,
    ) -> (Vec<PollResult<'a>>, Vec<WriteSet>) {
        let input = DecisionInput {
            polls,
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
        let revotable_ballots: Vec<&Ballot> = self
            .ballots
            .iter()
            .filter(|ballot| !self.forbids_revotes(ballot.poll))
            .copied()
            .collect();
        self.optimistic
            .write(ConditionalWrite {
                generation: self.generation,
                polls: self.cached_versions(writes),
                ballots: &self.ballots,
                revotable_ballots: &revotable_ballots,
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
        // The polls that change are in the order of their tallies.
        let changed = || writes.iter().map(|write| write.state.poll.id);
        let is_changed: HashSet<PollId> = changed().collect();
        let all = self.group.polls.iter().map(|batch: &PollBatch| batch.poll);
        let unchanged = all.filter(|poll| !is_changed.contains(poll));
        changed().chain(unchanged).map(version).collect()
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
    ) -> Result<Attempt<'a>, Error> {
        let versions: HashMap<PollId, RowVersion> = versions.into_iter().collect();
        let Some(polls) = self.read_versions(&versions).await? else {
            return Ok(Attempt::Conflict);
        };
        let mut states = polls.iter().filter_map(|(_, state)| state.as_ref().ok());
        if states.any(|state| has_quota(state) || self.newly_allows_revotes(state)) {
            return Ok(Attempt::Unsuitable);
        }
        let (results, writes) = self.evaluate(polls, histories);
        if writes.is_empty() {
            return Ok(Attempt::Committed(results));
        }
        let changed = writes.iter().map(|write| write.state.poll.id);
        let write = ConditionalWrite {
            generation: self.generation,
            polls: changed.map(|id| (id, versions.get(&id).copied())).collect(),
            ballots: &[],
            revotable_ballots: &[],
            writes: BatchWrites::new(&writes)?,
        };
        match self.optimistic.write(write).await? {
            ConditionalResult::Committed { token } => {
                update_cache(self.backend, self.generation, writes, token);
                Ok(Attempt::Committed(results))
            }
            ConditionalResult::Conflict { .. } => Ok(Attempt::Conflict),
            ConditionalResult::CacheInvalidated => Ok(Attempt::Unsuitable),
        }
    }

    /// Returns the polls at these row versions; `None` if one has changed since. A corrupt
    /// poll has its own error.
    async fn read_versions(
        &self,
        versions: &HashMap<PollId, RowVersion>,
    ) -> Result<Option<Vec<PollRead>>, Error> {
        let expected: Vec<_> = versions
            .iter()
            .map(|(id, version)| (*id, *version))
            .collect();
        let (hits, misses) = self.cache.split_hits(self.generation, &expected);
        let hits = hits.into_iter().map(|state| (state.poll.id, Ok(state)));
        let mut polls: Vec<PollRead> = hits.collect();
        if misses.is_empty() {
            return Ok(Some(polls));
        }
        let call = Call::Rows(Statement::ReadPolls, poll_rows(&misses));
        let rows = self.backend.read(call).await?;
        let read = read_polls(self.backend, self.generation, &rows)?;
        if read.len() < misses.len() {
            return Ok(None);
        }
        for (row, (id, state)) in rows.iter().zip(&read) {
            let Ok(state) = state else { continue };
            let version = RowVersion {
                position: state.tally.position,
                token: row.integer(decode::ROW_TOKEN)?,
            };
            if versions.get(id) != Some(&version) {
                return Ok(None);
            }
        }
        polls.extend(read);
        Ok(Some(polls))
    }

    /// Returns true if the poll allows revotes and did not according to its cached state, so
    /// that its superseded ballots were not read.
    fn newly_allows_revotes(&self, state: &PollState) -> bool {
        self.forbids_revotes(state.poll.id) && state.poll.rules.revote
    }
}

/// Returns true if the poll has an address quota. The conditional statement does not
/// check or write the addresses of votes.
const fn has_quota(state: &PollState) -> bool {
    state.poll.rules.address_quota.is_some()
}
