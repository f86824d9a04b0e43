use std::error::Error;

use crate::store::Source;

/// An error of a broadcaster.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum BroadcastError {
    /// The transport cannot be reached, or timed out. A retry may succeed.
    #[error("the {backend} broadcaster is unavailable")]
    Unavailable {
        /// The broadcaster's name.
        backend: &'static str,
        /// The cause.
        source: Source,
    },
    /// A received message is not an update of Votify.
    #[error("the {backend} broadcaster received an unreadable message")]
    Corrupt {
        /// The broadcaster's name.
        backend: &'static str,
        /// The cause.
        source: Source,
    },
    /// Another failure, such as wrong settings. A retry fails too.
    #[error("the {backend} broadcaster failed")]
    Failed {
        /// The broadcaster's name.
        backend: &'static str,
        /// The cause.
        source: Source,
    },
}

impl BroadcastError {
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
