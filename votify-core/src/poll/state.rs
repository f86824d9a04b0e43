use serde::{Deserialize, Serialize};

use crate::backend::TrendingScore;
use crate::ballot::{ActiveBallot, Choice};
use crate::poll::{ChangeRefusal, Poll, PollChange, PollStatus, ResultsPolicy, Visibility};
use crate::tally::Tally;
use crate::time::Timestamp;

/// The reason for a seal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SealCause {
    /// The poll's `closes_at` seems to have passed.
    Deadline,
    /// The owner closes the poll now.
    Owner,
}

/// Everything that a store persists for a poll except its ballots, with its pure
/// transitions.
///
/// A store reads the state and calls one of these functions or a
/// [`BatchEvaluator`](crate::backend::BatchEvaluator). It writes the result under the
/// poll's lock, or only if the poll is unchanged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PollState {
    /// The definition.
    pub poll: Poll,
    /// The counts and the position.
    pub tally: Tally,
    /// The activity score for [`PollOrder::Trending`](crate::store::PollOrder::Trending).
    pub trending: TrendingScore,
    /// The highest [log position](crate::ballot::Accepted::log_position) of a ballot that
    /// was decided, counted or refused. 0 if no ballot came from a queue.
    pub log_position: u64,
}

impl PollState {
    /// Creates the state of a new poll: no ballots, epoch 1, revision 0.
    #[must_use]
    pub fn new(poll: Poll) -> Self {
        Self {
            tally: Tally::new(&poll),
            trending: TrendingScore::new(poll.created_at),
            log_position: 0,
            poll,
        }
    }

    /// Returns the poll's status at `now`.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> PollStatus {
        self.poll.status(now, self.tally.ever_had_ballots())
    }

    /// Returns the state after `change`, at the next revision, or `None` if nothing would
    /// differ.
    ///
    /// # Errors
    /// - [`ChangeRefusal::Closed`]: the poll is closed at `now`.
    /// - [`ChangeRefusal::HasVotes`], [`ChangeRefusal::HasOpened`]: a field that the first
    ///   ballot or, with a queue, the opening froze would change.
    /// - [`ChangeRefusal::Invalid`]: the changed poll would be invalid.
    pub fn apply_change(
        &self,
        change: &PollChange,
        now: Timestamp,
    ) -> Result<Option<Self>, ChangeRefusal> {
        let changed = change.apply(&self.poll, self.tally.ever_had_ballots(), now)?;
        Ok(changed.map(|poll| Self {
            tally: self.tally.with_options_of(&poll),
            poll,
            trending: self.trending,
            log_position: self.log_position,
        }))
    }

    /// Returns the state after the seal, at the next revision.
    ///
    /// Returns `None` if the poll is sealed already, or if the cause is
    /// [`Deadline`](SealCause::Deadline) and `closes_at` has not passed. With
    /// [`Owner`](SealCause::Owner), a `closes_at` in the future becomes `now`.
    #[must_use]
    pub fn seal(&self, cause: SealCause, now: Timestamp) -> Option<Self> {
        if self.poll.is_sealed() {
            return None;
        }
        let mut poll = self.poll.clone();
        match cause {
            SealCause::Deadline if self.status(now) != PollStatus::Closed => return None,
            SealCause::Deadline => {}
            SealCause::Owner => {
                poll.closes_at = Some(poll.closes_at.map_or(now, |end| end.min(now)));
            }
        }
        poll.sealed_at = Some(now);
        poll.version += 1;
        Some(Self {
            tally: self.tally.with_options_of(&poll),
            poll,
            trending: self.trending,
            log_position: self.log_position,
        })
    }

    /// Returns the state with its counts recomputed from the active ballots, in the next
    /// epoch.
    #[must_use]
    pub fn recount<'a>(&self, ballots: impl IntoIterator<Item = &'a ActiveBallot>) -> Self {
        let choices = ballots.into_iter().map(|active| (&active.ballot.choice, 1));
        self.recount_by_choice(choices)
    }

    /// Does the same as [`recount`](Self::recount), from each choice with its number of
    /// active ballots.
    #[must_use]
    pub fn recount_by_choice<'a>(
        &self,
        choices: impl IntoIterator<Item = (&'a Choice, u64)>,
    ) -> Self {
        let mut tally = self.tally.recounted_by_choice(choices);
        tally.position.epoch += 1;
        Self {
            tally,
            ..self.clone()
        }
    }

    /// Returns true if ballots raise [`trending`](Self::trending). A score that follows
    /// hidden votes would reveal them, and unlisted polls are in no trending list.
    pub(crate) fn counts_toward_trending(&self) -> bool {
        self.poll.rules.results == ResultsPolicy::Live && self.poll.visibility == Visibility::Public
    }
}
