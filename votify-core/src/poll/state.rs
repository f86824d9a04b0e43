use serde::{Deserialize, Serialize};

use crate::backend::TrendingScore;
use crate::ballot::{ActiveBallot, Choice};
use crate::poll::{ChangeRefusal, Poll, PollChange, PollStatus, ResultsPolicy};
use crate::tally::Tally;
use crate::time::Timestamp;

/// Why a poll is to be sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SealCause {
    /// Its `closes_at` seems to have passed.
    Deadline,
    /// Its owner closes it now.
    Owner,
}

/// Everything that a store keeps of a poll besides its ballots, and what may become of it.
///
/// A store reads it under the poll's lock, asks one of these pure functions or a [`BatchEvaluator`](crate::backend::BatchEvaluator)
/// what follows, and writes that in the same transaction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PollState {
    /// The definition.
    pub poll: Poll,
    /// The counts and the position.
    pub tally: Tally,
    /// The score that orders by activity.
    pub trending: TrendingScore,
}

impl PollState {
    /// A new poll: no ballots, epoch 1, revision 0.
    #[must_use]
    pub fn new(poll: Poll) -> Self {
        Self {
            tally: Tally::new(&poll),
            trending: TrendingScore::new(poll.created_at),
            poll,
        }
    }

    /// The state after `change`, at the next revision; `None` if nothing would differ.
    ///
    /// # Errors
    /// Why the change is refused.
    pub fn apply_change(
        &self,
        change: &PollChange,
        now: Timestamp,
    ) -> Result<Option<Self>, ChangeRefusal> {
        let changed = change.apply(&self.poll, self.tally.ever_had_ballots(), now)?;
        Ok(changed.map(|poll| Self {
            tally: self.tally.redrawn(&poll),
            poll,
            trending: self.trending,
        }))
    }

    /// The state after sealing, at the next revision; `None` if it is not due, or sealed already.
    ///
    /// A poll that its owner closes has `closes_at` moved to `now`.
    #[must_use]
    pub fn seal(&self, cause: SealCause, now: Timestamp) -> Option<Self> {
        if self.poll.is_sealed() {
            return None;
        }
        let mut poll = self.poll.clone();
        match cause {
            SealCause::Deadline if poll.status(now) != PollStatus::Closed => return None,
            SealCause::Deadline => {}
            SealCause::Owner => {
                poll.closes_at = Some(poll.closes_at.map_or(now, |end| end.min(now)));
            }
        }
        poll.sealed_at = Some(now);
        poll.version += 1;
        Some(Self {
            tally: self.tally.redrawn(&poll),
            poll,
            trending: self.trending,
        })
    }

    /// The state with its counts made anew from the standing ballots, under the next epoch.
    #[must_use]
    pub fn recount<'a>(&self, ballots: impl IntoIterator<Item = &'a ActiveBallot>) -> Self {
        let choices = ballots.into_iter().map(|one| (&one.ballot.choice, 1));
        self.recount_by_choice(choices)
    }

    /// The same, from the standing ballots' choices and how many ballots say each.
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

    /// Whether ballots may move [`heat`](Self::heat): only where everybody sees the counts anyway.
    pub(crate) fn counts_toward_trending(&self) -> bool {
        self.poll.rules.results == ResultsPolicy::Live
    }
}
