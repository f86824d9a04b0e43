use std::time::Duration;

use crate::ballot::Refusal;
use crate::engine::InviteRefusal;
use crate::id::PollId;
use crate::poll::{ChangeRefusal, InvalidPoll};
use crate::store::StoreError;
use crate::voter::IdentifyError;

/// Why the engine did not do what it was asked to.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// There is no such poll.
    #[error("poll {0} does not exist")]
    PollNotFound(PollId),
    /// The draft makes no valid poll.
    #[error(transparent)]
    InvalidPoll(#[from] InvalidPoll),
    /// The caller did not make this poll.
    #[error("only the owner of the poll may do this")]
    NotOwner,
    /// The poll's voter policy asks for something that is not known of the caller.
    #[error(transparent)]
    Unidentified(#[from] IdentifyError),
    /// The rule refused the ballot.
    #[error("the vote does not count: {0}")]
    Refused(Refusal),
    /// The change was refused.
    #[error("the poll was not changed: {0}")]
    ChangeRefused(#[from] ChangeRefusal),
    /// No codes were made.
    #[error("nobody was invited: {0}")]
    InvitesRefused(#[from] InviteRefusal),
    /// More votes are waiting than the engine takes. Nothing happened; trying again after a while is safe.
    #[error("too many votes are waiting")]
    Overloaded {
        /// How long to wait, different for each caller.
        retry_after: Duration,
    },
    /// The store failed. Sending the same ballot again is safe.
    #[error(transparent)]
    Store(StoreError),
    /// The engine is shutting down. Nothing happened.
    #[error("the engine is shutting down")]
    ShuttingDown,
}

impl EngineError {
    /// Whether the same call may succeed later.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Overloaded { .. } | Self::ShuttingDown => true,
            Self::Store(error) => error.is_transient(),
            _ => false,
        }
    }
}

impl From<StoreError> for EngineError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::PollNotFound(id) => Self::PollNotFound(id),
            other => Self::Store(other),
        }
    }
}
