use std::sync::Arc;

use crate::ballot::{Outcome, Refusal};
use crate::id::BallotId;
use crate::poll::Poll;
use crate::tally::TallyView;

/// The response to an accepted ballot, returned once the store, or the engine's queue, has
/// made the ballot durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoteReceipt {
    /// The ballot's id. Sending the same ballot again is safe.
    pub ballot: BallotId,
    /// The effect of the ballot. The revision is 0 if the counts are hidden from the
    /// caller.
    pub outcome: VoteOutcome,
    /// The poll.
    pub poll: Arc<Poll>,
    /// The counts after the batch that contained the ballot. Of a queued ballot without
    /// counts, at a position before all others.
    pub view: TallyView,
}

/// The effect of an accepted ballot. A refused ballot is an
/// [`EngineError::Refused`](crate::EngineError::Refused) instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VoteOutcome {
    /// The ballot counts; the voter had no active ballot.
    Counted {
        /// The poll's revision after this ballot.
        revision: u64,
    },
    /// The ballot counts instead of the voter's earlier one.
    Replaced {
        /// The poll's revision after this ballot.
        revision: u64,
    },
    /// The voter's ballot was withdrawn.
    Withdrawn {
        /// The poll's revision after this withdrawal.
        revision: u64,
    },
    /// The ballot was accepted before; nothing changed.
    Replayed {
        /// The poll's revision when the ballot was first accepted.
        revision: u64,
    },
    /// The queue has the ballot. It is counted or refused later:
    /// [`PollEngine::vote_status`](crate::PollEngine::vote_status) says which.
    Queued,
}

impl VoteOutcome {
    /// Returns the poll's revision after the ballot was first accepted, or 0 if the
    /// counts are hidden from the caller or the ballot is queued.
    #[must_use]
    pub const fn revision(self) -> u64 {
        match self {
            Self::Counted { revision }
            | Self::Replaced { revision }
            | Self::Withdrawn { revision }
            | Self::Replayed { revision } => revision,
            Self::Queued => 0,
        }
    }

    /// Returns the same outcome, with revision 0 if `view` hides the counts.
    pub(super) fn redacted_for(self, view: &TallyView) -> Self {
        if view.counts().is_some() {
            return self;
        }
        match self {
            Self::Counted { .. } => Self::Counted { revision: 0 },
            Self::Replaced { .. } => Self::Replaced { revision: 0 },
            Self::Withdrawn { .. } => Self::Withdrawn { revision: 0 },
            Self::Replayed { .. } => Self::Replayed { revision: 0 },
            Self::Queued => Self::Queued,
        }
    }
}

impl TryFrom<Outcome> for VoteOutcome {
    type Error = Refusal;

    fn try_from(outcome: Outcome) -> Result<Self, Refusal> {
        Ok(match outcome {
            Outcome::Counted { revision } => Self::Counted { revision },
            Outcome::Replaced { revision } => Self::Replaced { revision },
            Outcome::Withdrawn { revision } => Self::Withdrawn { revision },
            Outcome::Replayed { revision } => Self::Replayed { revision },
            Outcome::Refused(refusal) => return Err(refusal),
        })
    }
}
