use std::error::Error;
use std::sync::Arc;

use crate::id::PollId;

/// The error underneath; shared, because one failure may be the answer to many ballots.
pub type Source = Arc<dyn Error + Send + Sync>;

/// Why a store failed. A refusal by the rule is not among these: it is a value.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no such poll.
    #[error("poll {0} does not exist")]
    PollNotFound(PollId),
    /// A poll of this id exists already.
    #[error("poll {0} exists already")]
    PollExists(PollId),
    /// The store cannot be reached, is full, read-only or too busy, or did not answer in time.
    ///
    /// A write may or may not have happened; sending the same ballots again is safe and settles it.
    #[error("the {backend} store is unavailable")]
    Unavailable {
        /// Which store.
        backend: &'static str,
        /// What happened.
        source: Source,
    },
    /// What was read makes no sense: not written by this library, or damaged.
    #[error("the {backend} store holds data that cannot be read")]
    Corrupt {
        /// Which store.
        backend: &'static str,
        /// What cannot be read.
        source: Source,
    },
    /// Anything else; nothing happened.
    #[error("the {backend} store failed")]
    Failed {
        /// Which store.
        backend: &'static str,
        /// What happened.
        source: Source,
    },
}

impl StoreError {
    /// An [`Unavailable`](Self::Unavailable).
    pub fn unavailable(
        backend: &'static str,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self::Unavailable {
            backend,
            source: source.into().into(),
        }
    }

    /// A [`Corrupt`](Self::Corrupt).
    pub fn corrupt(backend: &'static str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Corrupt {
            backend,
            source: source.into().into(),
        }
    }

    /// A [`Failed`](Self::Failed).
    pub fn failed(backend: &'static str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Failed {
            backend,
            source: source.into().into(),
        }
    }

    /// Whether the same call may succeed later.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}
