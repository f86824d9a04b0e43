use std::error::Error;

use crate::store::Source;

/// An error of an account store. A taken name is not an error but
/// [`NameTaken`](crate::account::Registration::NameTaken).
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum AccountError {
    /// The database cannot be reached, is full, read-only or overloaded, or timed out. A
    /// write may have happened.
    #[error("the {backend} account store is unavailable")]
    Unavailable {
        /// The store's name.
        backend: &'static str,
        /// The cause.
        source: Source,
    },
    /// The stored data is damaged, or was not written by Votify.
    #[error("the {backend} account store contains unreadable data")]
    Corrupt {
        /// The store's name.
        backend: &'static str,
        /// The cause.
        source: Source,
    },
    /// Another failure. Nothing was written.
    #[error("the {backend} account store failed")]
    Failed {
        /// The store's name.
        backend: &'static str,
        /// The cause.
        source: Source,
    },
}

impl AccountError {
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
