use std::time::Duration;

use crate::ballot::Refusal;
use crate::engine::InviteRefusal;
use crate::id::PollId;
use crate::poll::{ChangeRefusal, InvalidPoll};
use crate::queue::QueueError;
use crate::store::StoreError;
use crate::voter::IdentifyError;

/// An error of a call of the engine.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The poll does not exist.
    #[error("poll {0} does not exist")]
    PollNotFound(PollId),
    /// The draft is invalid; the error lists every invalid field.
    #[error(transparent)]
    InvalidPoll(#[from] InvalidPoll),
    /// The caller does not own the poll.
    #[error("only the owner of the poll may do this")]
    NotOwner,
    /// The caller lacks the identity that the poll's voter policy requires.
    #[error(transparent)]
    Unidentified(#[from] IdentifyError),
    /// The ballot was refused. It does not count, and nothing changed.
    #[error("the vote does not count: {0}")]
    Refused(Refusal),
    /// The change was refused. Nothing changed.
    #[error("the poll was not changed: {0}")]
    ChangeRefused(#[from] ChangeRefusal),
    /// No invite codes were created.
    #[error("no invite codes were created: {0}")]
    InvitesRefused(#[from] InviteRefusal),
    /// The queue of votes is full. Nothing happened; retrying after `retry_after` is
    /// safe.
    #[error("too many votes are queued")]
    Overloaded {
        /// How long to wait before a retry: 1 to 3 s, different for each caller.
        retry_after: Duration,
    },
    /// The store failed. Sending the same ballot again is safe.
    #[error(transparent)]
    Store(StoreError),
    /// The queue of ballots does not take the ballot or the close. After a
    /// [transient](QueueError::is_transient) error the record may be stored, and sending it
    /// again after `retry_after` is safe.
    #[error("the vote could not be queued")]
    Queue {
        /// The cause.
        #[source]
        error: QueueError,
        /// How long to wait before a retry: 1 to 3 s, different for each caller.
        retry_after: Duration,
    },
    /// The engine is shutting down. Nothing happened.
    #[error("the engine is shutting down")]
    ShuttingDown,
}

/// The kind of an [`EngineError`], for the responses of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorStatus {
    /// The poll does not exist, or the caller has no vote in it (HTTP 404).
    NotFound,
    /// The caller must identify itself first: by a session or an account (HTTP 401).
    Unauthenticated,
    /// The caller may not do this (HTTP 403).
    Forbidden,
    /// The state of the poll or of the caller's ballot does not allow this (HTTP 409).
    Conflict,
    /// The request is invalid (HTTP 422).
    Invalid,
    /// The store or the queue failed temporarily, the secret of the poll is missing, or the
    /// engine is shutting down (HTTP 503).
    Unavailable,
    /// Too many votes are queued; the caller may retry later (HTTP 503 or 429).
    Overloaded,
    /// The server or its configuration is at fault (HTTP 500).
    Internal,
}

impl EngineError {
    /// Returns true if the same call may succeed later.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Overloaded { .. } | Self::ShuttingDown => true,
            Self::Store(error) => error.is_transient(),
            Self::Queue { error, .. } => error.is_transient(),
            _ => false,
        }
    }

    /// Returns the kind of this error.
    ///
    /// ```
    /// use votify_core::engine::ErrorStatus;
    /// use votify_core::{Caller, MemoryStore, PollEngine, PollId};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let engine = PollEngine::new(MemoryStore::new());
    /// let unknown = PollId::generate(engine.now());
    /// let error = engine.poll(unknown, &Caller::anonymous()).await.unwrap_err();
    /// assert_eq!(error.status(), ErrorStatus::NotFound);
    /// # }
    /// ```
    #[must_use]
    pub const fn status(&self) -> ErrorStatus {
        match self {
            Self::PollNotFound(_) => ErrorStatus::NotFound,
            Self::InvalidPoll(_) => ErrorStatus::Invalid,
            Self::NotOwner => ErrorStatus::Forbidden,
            Self::Unidentified(error) => match error {
                IdentifyError::NoSession | IdentifyError::NotLoggedIn => {
                    ErrorStatus::Unauthenticated
                }
                IdentifyError::NoInvite | IdentifyError::NotInvited => ErrorStatus::Forbidden,
                // The server does not know addresses.
                IdentifyError::NoAddress => ErrorStatus::Internal,
                // Until an operator adds the secret again.
                IdentifyError::UnknownKey(_) => ErrorStatus::Unavailable,
            },
            Self::Refused(refusal) => match refusal {
                Refusal::PollNotFound | Refusal::NotVoted => ErrorStatus::NotFound,
                Refusal::Invalid(_) => ErrorStatus::Invalid,
                // The poll was edited during the call; a retry uses the new rules.
                Refusal::OutdatedIdentity => ErrorStatus::Unavailable,
                Refusal::NotOpenYet { .. }
                | Refusal::Closed
                | Refusal::AlreadyVoted
                | Refusal::RevoteNotAllowed
                | Refusal::BallotIdReused
                | Refusal::AddressQuota
                | Refusal::RefusedBefore => ErrorStatus::Conflict,
            },
            Self::ChangeRefused(refusal) => match refusal {
                ChangeRefusal::Invalid(_) => ErrorStatus::Invalid,
                ChangeRefusal::Closed
                | ChangeRefusal::HasVotes { .. }
                | ChangeRefusal::HasOpened { .. } => ErrorStatus::Conflict,
            },
            Self::InvitesRefused(refusal) => match refusal {
                InviteRefusal::Count { .. } | InviteRefusal::TooMany { .. } => ErrorStatus::Invalid,
                InviteRefusal::NotByInvite | InviteRefusal::Closed => ErrorStatus::Conflict,
            },
            Self::Overloaded { .. } => ErrorStatus::Overloaded,
            Self::Store(error) if error.is_transient() => ErrorStatus::Unavailable,
            Self::Queue { error, .. } if error.is_transient() => ErrorStatus::Unavailable,
            Self::Store(_) | Self::Queue { .. } => ErrorStatus::Internal,
            Self::ShuttingDown => ErrorStatus::Unavailable,
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
