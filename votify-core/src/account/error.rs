use std::error::Error;

use crate::store::Source;

/// Why an account store failed. That a name is taken is not among these: it is a value.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum AccountError {
    /// The store cannot be reached, is full, read-only or too busy, or did not answer in time. A write may have happened.
    #[error("the {backend} account store is unavailable")]
    Unavailable {
        /// Which store.
        backend: &'static str,
        /// What happened.
        source: Source,
    },
    /// What was read makes no sense: not written by this library, or damaged.
    #[error("the {backend} account store holds data that cannot be read")]
    Corrupt {
        /// Which store.
        backend: &'static str,
        /// What cannot be read.
        source: Source,
    },
    /// Anything else; nothing happened.
    #[error("the {backend} account store failed")]
    Failed {
        /// Which store.
        backend: &'static str,
        /// What happened.
        source: Source,
    },
}

impl AccountError {
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
