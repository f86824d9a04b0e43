//! Tallies: exact counts, positions that order them, and views for an audience.
//!
//! ```
//! use votify_core::{Audience, Keyring, PollDraft, PollId, ResultsPolicy, Tally, TallyView, Timestamp};
//!
//! let now = Timestamp::EPOCH;
//! let draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]).results(ResultsPolicy::AfterVote);
//! let poll = draft.into_poll(PollId::generate(now), now, &Keyring::ephemeral())?;
//! let tally = Tally::new(&poll);
//! assert_eq!(tally.count(poll.options[0].id), Some(0));
//!
//! // Counts leave the engine only as a view for an audience.
//! assert_eq!(TallyView::new(&poll, &tally, Audience::Voted).total_votes(), Some(0));
//! assert_eq!(TallyView::new(&poll, &tally, Audience::Public).total_votes(), None);
//! # Ok::<(), votify_core::InvalidPoll>(())
//! ```

mod method;
mod view;
mod view_position;

pub use method::{Method, PollResult};
pub use view::{Audience, TallyView};
pub use view_position::{ParsePositionError, ViewPosition};

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ballot::{ActiveBallot, Choice};
use crate::id::{OptionId, PollId};
use crate::poll::Poll;

/// Identifies one state of a poll. Positions compare by epoch, then by revision; larger is
/// newer.
///
/// Every effective change increases the revision by one. No position is used twice, with
/// two exceptions: after a database is restored from a backup, and when a poll is deleted
/// and created again with the same id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Position {
    /// Increases when the tally is repaired, or when a store detects that it may have lost
    /// writes (Redis: at each restart). Starts at 1.
    pub epoch: u64,
    /// The number of ballots counted, replaced or withdrawn, of edits, and of the seal.
    /// Starts at 0.
    pub revision: u64,
}

impl Position {
    /// The position of a new poll.
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

/// The number of active ballots that chose an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OptionCount {
    /// The option.
    pub option: OptionId,
    /// The number of ballots.
    pub count: u64,
}

/// The exact counts of a poll at one position: the fold of its active ballots.
///
/// A tally shows everything. Outside of the engine, counts exist only as a [`TallyView`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// The counted poll.
    pub poll: PollId,
    /// The position of the counted state.
    pub position: Position,
    /// The version of the poll at that position.
    pub version: u64,
    /// True if the counts are final.
    pub sealed: bool,
    /// The number of active ballots.
    pub total_votes: u64,
    /// One count for each option, in the poll's order.
    pub counts: Vec<OptionCount>,
}

impl Tally {
    /// Creates the empty tally of a new poll.
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

    /// Returns true if a ballot was ever counted, even if it was withdrawn later.
    #[must_use]
    pub const fn ever_had_ballots(&self) -> bool {
        // A ballot increases the revision only; an edit and the seal increase the version
        // too.
        self.total_votes > 0 || self.position.revision > self.version
    }

    /// Returns the number of ballots that chose `option`, or `None` if the poll has no
    /// such option.
    #[must_use]
    pub fn count(&self, option: OptionId) -> Option<u64> {
        self.counts
            .iter()
            .find(|entry| entry.option == option)
            .map(|entry| entry.count)
    }

    /// Adds one ballot with this choice.
    pub(crate) fn add(&mut self, choice: &Choice) {
        self.total_votes += 1;
        self.for_each_option(choice, |count| *count += 1);
    }

    /// Removes one ballot with this choice.
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

    /// Returns the same counts for the options of the edited or sealed `poll`, one
    /// revision later.
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

    /// Returns the counts recomputed from the active ballots, at the same position.
    #[must_use]
    pub fn recounted<'a>(&self, ballots: impl IntoIterator<Item = &'a ActiveBallot>) -> Self {
        let choices = ballots.into_iter().map(|active| (&active.ballot.choice, 1));
        self.recounted_by_choice(choices)
    }

    /// Does the same as [`recounted`](Self::recounted), from each choice with its number
    /// of active ballots.
    ///
    /// For stores that can group ballots by choice and so need not read each one.
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
