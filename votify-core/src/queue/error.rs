use std::error::Error;

use crate::store::Source;

/// An error of a queue.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum QueueError {
    /// The queue has no room for the record. It was not stored; retry later.
    #[error("the {backend} queue is full")]
    Full {
        /// The queue's name.
        backend: &'static str,
    },
    /// The queue cannot be reached, or did not answer in time. The record may be stored;
    /// sending it again is safe.
    #[error("the {backend} queue is unavailable")]
    Unavailable {
        /// The queue's name.
        backend: &'static str,
        /// The cause.
        source: Source,
    },
    /// Another failure, such as wrong settings. Nothing was stored, and a retry fails too.
    #[error("the {backend} queue failed")]
    Failed {
        /// The queue's name.
        backend: &'static str,
        /// The cause.
        source: Source,
    },
}

impl QueueError {
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
        matches!(self, Self::Full { .. } | Self::Unavailable { .. })
    }
}
