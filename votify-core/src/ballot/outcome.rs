use crate::ballot::ChoiceProblem;
use crate::tally::TallyView;
use crate::time::Timestamp;

/// What became of a ballot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It counts; the voter had none standing.
    Counted {
        /// The poll's revision that this made.
        revision: u64,
    },
    /// It counts in place of the voter's earlier one.
    Replaced {
        /// The poll's revision that this made.
        revision: u64,
    },
    /// The voter's ballot was taken back.
    Withdrawn {
        /// The poll's revision that this made.
        revision: u64,
    },
    /// It was accepted before; nothing changed.
    Replayed {
        /// The poll's revision that the ballot made when it was accepted.
        revision: u64,
    },
    /// It does not count; nothing changed, and nothing is remembered of it.
    Refused(Refusal),
}

impl Outcome {
    /// The revision that the ballot made, now or when it was accepted first; `None` if refused.
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

    /// The same outcome as it may be told beside `view`: with revision 0 where counts are hidden.
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

    /// Whether the poll's history grew by this ballot.
    #[must_use]
    pub const fn changed_tally(&self) -> bool {
        matches!(
            self,
            Self::Counted { .. } | Self::Replaced { .. } | Self::Withdrawn { .. }
        )
    }
}

/// Why a ballot does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// There is no such poll (any more).
    #[error("there is no such poll")]
    PollNotFound,
    /// The poll opens later.
    #[error("the poll opens at {opens_at}")]
    NotOpenYet {
        /// When it opens.
        opens_at: Timestamp,
    },
    /// The poll is closed.
    #[error("the poll is closed")]
    Closed,
    /// The voter's ballot stands, and the poll allows no revote.
    #[error("this voter has voted already")]
    AlreadyVoted,
    /// The poll does not allow taking a vote back.
    #[error("the poll does not allow taking a vote back")]
    RevoteNotAllowed,
    /// There is no vote to take back.
    #[error("this voter has not voted")]
    NotVoted,
    /// An accepted ballot of this voter has the same id and says something else.
    #[error("another ballot of this voter has the same id")]
    BallotIdReused,
    /// The ballot does not fit the poll.
    #[error("the ballot does not fit the poll")]
    Invalid(Vec<ChoiceProblem>),
    /// The voter or their address was identified under other rules than the poll has now; identify them anew and cast again.
    #[error("the voter was identified under another policy than the poll's")]
    OtherVoterPolicy,
    /// As many ballots stand from the voter's address as the poll allows.
    #[error("as many votes as the poll takes from one address were counted from this voter's")]
    AddressQuota,
}
