use redis::RedisError;
use votify_core::ballot::EncodeChoiceError;
use votify_core::{JoinCode, PollId, StoreError};

use crate::error::{self, NAME};

/// An error of the store, converted into a [`StoreError`] by its public methods.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum Error {
    #[error(transparent)]
    Redis(#[from] error::Error),
    /// The call as a whole timed out: the server was slow, or every write conflicted.
    #[error("call timed out")]
    Timeout,
    #[error(transparent)]
    Corrupt(#[from] Corrupt),
    #[error("failed to encode a poll: {0}")]
    Encode(String),
    #[error("failed to encode a choice: {0}")]
    EncodeChoice(EncodeChoiceError),
    #[error("too many ballots of one poll in one call: {ballots}")]
    TooManyBallots { ballots: usize },
    #[error("poll {0} does not exist")]
    NotFound(PollId),
    #[error("poll {0} already exists")]
    Exists(PollId),
    #[error("another poll has the join code {0}")]
    JoinCodeTaken(JoinCode),
}

/// Data that this library would not have written.
#[derive(Debug, Clone, thiserror::Error)]
#[error("cannot decode {what} of {subject}")]
pub(super) struct Corrupt {
    subject: String,
    what: &'static str,
}

impl Corrupt {
    pub(super) fn of(poll: PollId, what: &'static str) -> Self {
        Self {
            subject: format!("poll {poll}"),
            what,
        }
    }

    pub(super) fn of_join_code(code: JoinCode) -> Self {
        Self {
            subject: format!("the join code {code}"),
            what: "the holder",
        }
    }

    pub(super) fn of_claims() -> Self {
        Self {
            subject: "the claims of an account".to_owned(),
            what: "a session",
        }
    }

    pub(super) fn of_server_time() -> Self {
        Self {
            subject: "the server".to_owned(),
            what: "the time",
        }
    }

    pub(super) fn of_listing(what: &'static str) -> Self {
        Self {
            subject: "the listings".to_owned(),
            what,
        }
    }
}

/// Error code of `cast.lua` if an inserted ballot would not be the voter's only one.
const DUPLICATE_VOTE: &str = "VOTIFYDUPLICATE";

impl Error {
    pub(super) fn into_store_error(self) -> StoreError {
        match self {
            Self::NotFound(id) => StoreError::PollNotFound(id),
            Self::Exists(id) => StoreError::PollExists(id),
            Self::JoinCodeTaken(code) => StoreError::JoinCodeTaken(code),
            Self::Timeout => StoreError::unavailable(NAME, self),
            Self::Corrupt(_) => StoreError::corrupt(NAME, self),
            Self::Redis(error::Error::Driver(error)) if is_corruption(&error) => {
                StoreError::corrupt(NAME, error)
            }
            Self::Redis(error) => error.into_store_error(),
            Self::Encode(_) | Self::EncodeChoice(_) | Self::TooManyBallots { .. } => {
                StoreError::failed(NAME, self)
            }
        }
    }
}

/// Returns true if a key has a type, or rows, that this library does not write.
fn is_corruption(error: &RedisError) -> bool {
    matches!(error.code(), Some("WRONGTYPE" | DUPLICATE_VOTE))
}
