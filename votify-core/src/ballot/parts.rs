use std::collections::BTreeMap;

use crate::ballot::Ballot;
use crate::id::PollId;

/// The ballots of a batch that are for one poll.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The poll.
    pub poll: PollId,
    /// Where in the batch its ballots are, ascending.
    pub indices: Vec<usize>,
}

impl Part {
    /// The part's ballots, in the batch's order.
    pub fn ballots<'a>(&'a self, batch: &'a [Ballot]) -> impl Iterator<Item = &'a Ballot> + Clone {
        self.indices.iter().filter_map(|index| batch.get(*index))
    }
}

/// A batch taken apart by poll, in ascending order of ids: the order in which polls are locked.
#[must_use]
pub fn parts(batch: &[Ballot]) -> Vec<Part> {
    let mut polls: BTreeMap<PollId, Vec<usize>> = BTreeMap::new();
    for (index, ballot) in batch.iter().enumerate() {
        polls.entry(ballot.poll).or_default().push(index);
    }
    polls
        .into_iter()
        .map(|(poll, indices)| Part { poll, indices })
        .collect()
}
