use std::error::Error;

use crate::store::Source;

/// Why news could not be sent or listened to.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum BroadcastError {
    /// The carrier cannot be reached; it may be later.
    #[error("the {backend} broadcaster is unavailable")]
    Unavailable {
        /// Which broadcaster.
        backend: &'static str,
        /// What happened.
        source: Source,
    },
    /// What arrived is no update of this library.
    #[error("the {backend} broadcaster carried something that cannot be read")]
    Corrupt {
        /// Which broadcaster.
        backend: &'static str,
        /// What happened.
        source: Source,
    },
    /// Anything else, such as wrong settings; the same call will not succeed later.
    #[error("the {backend} broadcaster failed")]
    Failed {
        /// Which broadcaster.
        backend: &'static str,
        /// What happened.
        source: Source,
    },
}

impl BroadcastError {
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
