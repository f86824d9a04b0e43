use crate::ballot::ChoiceProblem;
use crate::tally::TallyView;
use crate::time::Timestamp;

/// The outcome of a ballot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The ballot counts. The voter had no active one.
    Counted {
        /// The poll's revision after this ballot.
        revision: u64,
    },
    /// The ballot counts in place of the voter's earlier one.
    Replaced {
        /// The poll's revision after this ballot.
        revision: u64,
    },
    /// The voter's active ballot was removed.
    Withdrawn {
        /// The poll's revision after this ballot.
        revision: u64,
    },
    /// The ballot was accepted before. Nothing changed.
    Replayed {
        /// The poll's revision at which the ballot was accepted.
        revision: u64,
    },
    /// The ballot does not count. Nothing changed, and nothing is stored.
    Refused(Refusal),
}

impl Outcome {
    /// Returns the revision at which the ballot was accepted, or `None` if it was
    /// refused.
    #[must_use]
    pub const fn revision(&self) -> Option<u64> {
        match self {
            Self::Counted { revision }
            | Self::Replaced { revision }
            | Self::Withdrawn { revision }
            | Self::Replayed { revision } => Some(*revision),
            Self::Refused(_) => None,
        }
    }

    /// Returns the outcome for a voter who sees `view`: with revision 0 if the view hides
    /// counts.
    #[must_use]
    pub fn redacted_for(&self, view: &TallyView) -> Self {
        if view.counts().is_some() {
            return self.clone();
        }
        match self {
            Self::Counted { .. } => Self::Counted { revision: 0 },
            Self::Replaced { .. } => Self::Replaced { revision: 0 },
            Self::Withdrawn { .. } => Self::Withdrawn { revision: 0 },
            Self::Replayed { .. } => Self::Replayed { revision: 0 },
            Self::Refused(refusal) => Self::Refused(refusal.clone()),
        }
    }

    /// Returns true if the ballot changed the poll's tally.
    #[must_use]
    pub const fn changed_tally(&self) -> bool {
        matches!(
            self,
            Self::Counted { .. } | Self::Replaced { .. } | Self::Withdrawn { .. }
        )
    }
}

/// The reason why a ballot does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The poll does not exist.
    #[error("the poll does not exist")]
    PollNotFound,
    /// The poll is not open yet.
    #[error("the poll opens at {opens_at}")]
    NotOpenYet {
        /// The opening time.
        opens_at: Timestamp,
    },
    /// The poll is closed.
    #[error("the poll is closed")]
    Closed,
    /// The voter has an active ballot, and the poll allows no revote.
    #[error("this voter has already voted")]
    AlreadyVoted,
    /// The poll does not allow voters to withdraw a vote.
    #[error("the poll does not allow voters to withdraw a vote")]
    RevoteNotAllowed,
    /// The voter has no active ballot to withdraw.
    #[error("this voter has not voted")]
    NotVoted,
    /// An accepted ballot of this voter has the same id and another choice.
    #[error("another ballot of this voter has the same id")]
    BallotIdReused,
    /// The choice does not fit the poll.
    #[error("the ballot does not fit the poll")]
    Invalid(Vec<ChoiceProblem>),
    /// The voter or address was identified under other rules than the poll's current
    /// ones. Identify the voter again and cast again.
    #[error("the voter or address was identified under other rules than the poll's")]
    OutdatedIdentity,
    /// The voter's address has reached the poll's vote limit.
    #[error("this address has reached the poll's vote limit")]
    AddressQuota,
    /// The ballot was refused when its queue delivered it before. A store does not record
    /// the reason of a refusal.
    #[error("the ballot was refused when it was delivered before")]
    RefusedBefore,
}
