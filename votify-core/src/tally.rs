//! Counts, the position that orders them, the views made of them for an audience, and results.

mod method;
mod view;

pub use method::{Method, PollResult};
pub use view::{Audience, ParsePositionError, TallyView, ViewPosition};

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ballot::{ActiveBallot, Choice};
use crate::id::{OptionId, PollId};
use crate::poll::Poll;

/// Where a poll's history stands: compared by epoch, then by revision; larger is newer.
///
/// The revision grows by one with every effective change. The epoch grows only when the history was repaired or restored,
/// so that no position is ever used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Position {
    /// Grows with repair and restore, from 1.
    pub epoch: u64,
    /// Grows with every ballot counted, replaced or withdrawn, every edit, and the seal, from 0.
    pub revision: u64,
}

impl Position {
    /// Where every poll begins.
    pub const START: Self = Self {
        epoch: 1,
        revision: 0,
    };
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.epoch, self.revision)
    }
}

/// How many standing ballots chose an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OptionCount {
    /// Which option.
    pub option: OptionId,
    /// How many ballots.
    pub count: u64,
}

/// The whole count of a poll at one position: exactly the fold of its standing ballots.
///
/// It shows everything; outside of the engine counts travel only as a [`TallyView`](crate::TallyView).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Whose count it is.
    pub poll: PollId,
    /// The state of the history that was counted.
    pub position: Position,
    /// The version of the poll at that position.
    pub version: u64,
    /// Whether it can never change again.
    pub sealed: bool,
    /// How many ballots stand.
    pub total_votes: u64,
    /// A count for each option, in the poll's order.
    pub counts: Vec<OptionCount>,
}

impl Tally {
    /// The empty count of a new poll.
    #[must_use]
    pub fn new(poll: &Poll) -> Self {
        Self {
            poll: poll.id,
            position: Position::START,
            version: poll.version,
            sealed: poll.is_sealed(),
            total_votes: 0,
            counts: poll
                .options
                .iter()
                .map(|option| OptionCount {
                    option: option.id,
                    count: 0,
                })
                .collect(),
        }
    }

    /// Whether a ballot was ever counted, though it may have been taken back.
    ///
    /// Every revision is an edit or seal, which the version counts too, or a ballot.
    #[must_use]
    pub const fn ever_had_ballots(&self) -> bool {
        self.total_votes > 0 || self.position.revision > self.version
    }

    /// How many ballots chose `option`; `None` if it is not in the poll.
    #[must_use]
    pub fn count(&self, option: OptionId) -> Option<u64> {
        self.counts
            .iter()
            .find(|entry| entry.option == option)
            .map(|entry| entry.count)
    }

    /// Counts one more ballot with these choices.
    pub(crate) fn add(&mut self, choice: &Choice) {
        self.total_votes += 1;
        self.for_each_option(choice, |count| *count += 1);
    }

    /// Takes one ballot with these choices out of the count.
    pub(crate) fn subtract(&mut self, choice: &Choice) {
        self.total_votes = self.total_votes.saturating_sub(1);
        self.for_each_option(choice, |count| *count = count.saturating_sub(1));
    }

    fn for_each_option(&mut self, choice: &Choice, change: impl Fn(&mut u64)) {
        for chosen in choice.options() {
            if let Some(entry) = self.counts.iter_mut().find(|entry| entry.option == *chosen) {
                change(&mut entry.count);
            }
        }
    }

    /// The same counts for the poll as it is after an edit or the seal, one revision later.
    pub(crate) fn with_options_of(&self, poll: &Poll) -> Self {
        let count = |id| OptionCount {
            option: id,
            count: self.count(id).unwrap_or(0),
        };
        Self {
            position: Position {
                revision: self.position.revision + 1,
                ..self.position
            },
            version: poll.version,
            sealed: poll.is_sealed(),
            counts: poll.options.iter().map(|option| count(option.id)).collect(),
            ..*self
        }
    }

    /// The same position with the counts made anew from the standing ballots.
    #[must_use]
    pub fn recounted<'a>(&self, ballots: impl IntoIterator<Item = &'a ActiveBallot>) -> Self {
        let choices = ballots.into_iter().map(|one| (&one.ballot.choice, 1));
        self.recounted_by_choice(choices)
    }

    /// The same, from the standing ballots' choices and how many ballots say each.
    ///
    /// For stores that can group them, and so need not read every ballot.
    #[must_use]
    pub fn recounted_by_choice<'a>(
        &self,
        choices: impl IntoIterator<Item = (&'a Choice, u64)>,
    ) -> Self {
        let mut tally = Self {
            total_votes: 0,
            ..self.clone()
        };
        tally.counts.iter_mut().for_each(|entry| entry.count = 0);
        for (choice, ballots) in choices {
            tally.total_votes += ballots;
            tally.for_each_option(choice, |count| *count += ballots);
        }
        tally
    }
}
