//! Decides the ballots of a group in memory.

use std::collections::{HashMap, HashSet};

use votify_core::backend::{AddressUsage, BatchEvaluator, PollBatch, WriteSet};
use votify_core::ballot::Outcome;
use votify_core::poll::PollState;
use votify_core::{Ballot, PollId, Tally, VoterId};

use super::group::Group;
use crate::backend::Backend;
use crate::decode::{self, PollRead};
use crate::error::Error;
use crate::poll_cache::Generation;
use crate::row_ext::RowExt;

/// The outcomes of one poll's ballots, or the error that concerns this poll alone.
pub(super) type PollResult<'a> = (&'a PollBatch, Result<(Vec<Outcome>, Tally), Error>);

/// The data on which a group is decided.
pub(super) struct DecisionInput<R> {
    pub(super) polls: Vec<PollRead>,
    /// The rows of [`Statement::ReadHistories`](crate::statement::Statement).
    pub(super) histories: HashMap<PollId, Vec<R>>,
    pub(super) addresses: HashMap<PollId, AddressUsage>,
}

/// The decisions on a group.
#[derive(Default)]
pub(super) struct Evaluated<'a> {
    /// The polls that exist.
    pub(super) results: Vec<PollResult<'a>>,
    pub(super) writes: Vec<WriteSet>,
    /// Polls that need a history lookup before they can be decided.
    pub(super) needs_lookup: Vec<PollId>,
}

/// Decides every ballot of a group. The voters of the polls in `assumed_new` are assumed
/// to be new, so that they have no histories in `input`.
pub(super) fn evaluate<'a, R: RowExt>(
    mut input: DecisionInput<R>,
    assumed_new: &HashSet<PollId>,
    group: Group<'a>,
) -> Evaluated<'a> {
    let mut states: HashMap<PollId, Result<PollState, Error>> = input.polls.into_iter().collect();
    let mut evaluated = Evaluated::default();
    for batch in group.polls {
        let id = batch.poll;
        let Some(state) = states.remove(&id) else {
            continue;
        };
        let rows = input.histories.remove(&id).unwrap_or_default();
        let read = state.and_then(|state| {
            let histories = decode::histories(&state.poll, &rows)?;
            Ok((state, histories))
        });
        let (state, histories) = match read {
            Ok(read) => read,
            Err(error) => {
                evaluated.results.push((batch, Err(error)));
                continue;
            }
        };
        let mut evaluator = BatchEvaluator::new(state, histories, group.now);
        if let Some(usage) = input.addresses.remove(&id) {
            evaluator = evaluator.with_address_usage(usage);
        }
        let ballots = batch.ballots(group.ballots);
        let outcomes: Vec<_> = ballots.map(|ballot| evaluator.cast(ballot)).collect();
        let writes = evaluator.finish();
        if assumed_new.contains(&id) {
            let ballots = batch.ballots(group.ballots).zip(&outcomes);
            if !index_detects_conflicts(&writes, ballots) {
                evaluated.needs_lookup.push(id);
                continue;
            }
        }
        let tally = writes.state.tally.clone();
        evaluated.results.push((batch, Ok((outcomes, tally))));
        if !writes.is_empty() {
            evaluated.writes.push(writes);
        }
    }
    evaluated
}

/// Returns true if the unique index will reject the write when a voter assumed to be new
/// has already voted.
///
/// That holds if every voter is inserted, and if there are no superseded ballots, which
/// no index covers: a poll without revotes has none.
fn index_detects_conflicts<'a>(
    writes: &WriteSet,
    mut ballots: impl Iterator<Item = (&'a Ballot, &'a Outcome)>,
) -> bool {
    let is_inserted = |voter: VoterId| {
        let inserted = &writes.inserted;
        inserted.binary_search_by_key(&voter, |vote| vote.ballot.voter)
    };
    !writes.state.poll.rules.revote
        && ballots.all(|(ballot, outcome)| {
            matches!(outcome, Outcome::Counted { .. }) || is_inserted(ballot.voter).is_ok()
        })
}

/// Caches the states of a batch that is known to be committed.
pub(super) fn update_cache<B: Backend>(
    backend: &B,
    generation: Generation,
    writes: Vec<WriteSet>,
    token: i64,
) {
    if let Some(cache) = backend.poll_cache() {
        for write in writes {
            cache.insert(generation, write.state, token);
        }
    }
}
