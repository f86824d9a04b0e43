use crate::store::Source;

/// Why a limiter gave no answer.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum LimitError {
    /// The limiter cannot be reached; it may be later.
    #[error("the {backend} rate limiter is unavailable")]
    Unavailable {
        /// Which limiter.
        backend: &'static str,
        /// What happened.
        source: Source,
    },
}

impl LimitError {
    /// Whether the same call may succeed later.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        true
    }
}
