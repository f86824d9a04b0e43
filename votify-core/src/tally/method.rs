use serde::{Deserialize, Serialize};

use crate::id::OptionId;
use crate::poll::{BallotKind, Poll};
use crate::tally::TallyView;

/// How ballots become a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Method {
    /// One option each; the most votes win.
    Plurality,
    /// As many options each as one approves of; the most votes win.
    Approval,
}

impl Method {
    /// The method that counts a poll's ballots.
    #[must_use]
    pub const fn of(poll: &Poll) -> Self {
        match poll.rules.ballot {
            BallotKind::Single => Self::Plurality,
            BallotKind::Multiple { .. } => Self::Approval,
        }
    }
}

/// A poll's result as an audience may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PollResult {
    /// How it was counted.
    pub method: Method,
    /// The counts it follows from.
    pub view: TallyView,
}

impl PollResult {
    /// The options with the most votes: several if they are level, none before the first vote or where counts are hidden.
    #[must_use]
    pub fn leaders(&self) -> Vec<OptionId> {
        let counts = self.view.counts().unwrap_or_default();
        let most = counts.iter().map(|entry| entry.count).max().unwrap_or(0);
        counts
            .iter()
            .filter(|entry| most > 0 && entry.count == most)
            .map(|entry| entry.option)
            .collect()
    }
}
