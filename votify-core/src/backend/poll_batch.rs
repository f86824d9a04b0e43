use std::collections::BTreeMap;

use crate::ballot::Ballot;
use crate::id::PollId;

/// The ballots of a batch that are for one poll.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PollBatch {
    /// The poll.
    pub poll: PollId,
    /// The indices of its ballots in the batch, ascending.
    pub indices: Vec<usize>,
}

impl PollBatch {
    /// Returns the poll's ballots, in the order of the batch.
    pub fn ballots<'a>(&'a self, batch: &'a [Ballot]) -> impl Iterator<Item = &'a Ballot> + Clone {
        self.indices.iter().filter_map(|index| batch.get(*index))
    }
}

/// Groups a batch by poll, in ascending order of poll ids: the order in which stores lock
/// polls.
#[must_use]
pub fn group_by_poll(batch: &[Ballot]) -> Vec<PollBatch> {
    let mut polls: BTreeMap<PollId, Vec<usize>> = BTreeMap::new();
    for (index, ballot) in batch.iter().enumerate() {
        polls.entry(ballot.poll).or_default().push(index);
    }
    polls
        .into_iter()
        .map(|(poll, indices)| PollBatch { poll, indices })
        .collect()
}
