use serde::{Deserialize, Serialize};

use crate::id::OptionId;
use crate::poll::{BallotKind, Poll};
use crate::tally::TallyView;

/// The counting method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Method {
    /// Each ballot chooses one option; the option with the most votes wins.
    Plurality,
    /// Each ballot approves of several options; the option with the most votes wins.
    Approval,
}

impl Method {
    /// Returns the method that counts a poll's ballots.
    #[must_use]
    pub const fn of(poll: &Poll) -> Self {
        match poll.rules.ballot {
            BallotKind::Single => Self::Plurality,
            BallotKind::Multiple { .. } => Self::Approval,
        }
    }
}

/// A poll's result for an audience.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PollResult {
    /// The counting method.
    pub method: Method,
    /// The counts.
    pub view: TallyView,
}

impl PollResult {
    /// Returns the options with the most votes.
    ///
    /// A tie returns several options. The list is empty before the first vote and where
    /// counts are hidden.
    #[must_use]
    pub fn leaders(&self) -> Vec<OptionId> {
        let counts = self.view.counts().unwrap_or_default();
        let max = counts.iter().map(|entry| entry.count).max().unwrap_or(0);
        counts
            .iter()
            .filter(|entry| max > 0 && entry.count == max)
            .map(|entry| entry.option)
            .collect()
    }
}
