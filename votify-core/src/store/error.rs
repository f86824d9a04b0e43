use std::error::Error;
use std::sync::Arc;

use crate::id::PollId;
use crate::poll::JoinCode;

/// The underlying error. Shared, because one failure can affect many ballots.
pub type Source = Arc<dyn Error + Send + Sync>;

/// An error of a store. A refused ballot or change is not an error but a value.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The poll does not exist.
    #[error("poll {0} does not exist")]
    PollNotFound(PollId),
    /// A poll with this id already exists.
    #[error("poll {0} already exists")]
    PollExists(PollId),
    /// Another poll has this join code.
    #[error("another poll has the join code {0}")]
    JoinCodeTaken(JoinCode),
    /// The database cannot be reached, is full, read-only or overloaded, or timed out.
    ///
    /// A write may have happened. Casting the same ballots again is safe and settles it.
    #[error("the {backend} store is unavailable")]
    Unavailable {
        /// The store's name.
        backend: &'static str,
        /// The cause.
        source: Source,
    },
    /// The stored data is damaged, or was not written by Votify.
    #[error("the {backend} store contains unreadable data")]
    Corrupt {
        /// The store's name.
        backend: &'static str,
        /// The cause.
        source: Source,
    },
    /// Another failure. Nothing was written.
    #[error("the {backend} store failed")]
    Failed {
        /// The store's name.
        backend: &'static str,
        /// The cause.
        source: Source,
    },
}

impl StoreError {
    /// Creates an [`Unavailable`](Self::Unavailable).
    pub fn unavailable(
        backend: &'static str,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self::Unavailable {
            backend,
            source: source.into().into(),
        }
    }

    /// Creates a [`Corrupt`](Self::Corrupt).
    pub fn corrupt(backend: &'static str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Corrupt {
            backend,
            source: source.into().into(),
        }
    }

    /// Creates a [`Failed`](Self::Failed).
    pub fn failed(backend: &'static str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Failed {
            backend,
            source: source.into().into(),
        }
    }

    /// Returns true if the same call may succeed later.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}
